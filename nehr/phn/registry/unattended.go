package registry

import (
	"context"
	"errors"

	"github.com/nehrbridge/nehrbridge/config/database"
)

// ErrKnown: the national record holds somebody like her, so that nobody but a person
// who knows her may say who she is.
var ErrKnown = errors.New("the national record holds somebody like her: a person has to decide")

// byEntity is what stands in the place of a search for a number that belongs to a
// tracked entity. No secret of a search reads so.
func byEntity(trackedEntity string) string { return idOf("tracked entity " + trackedEntity) }

// IssueTo gives a number to a tracked entity of DHIS2 that was enrolled without one, with
// nobody there to ask: to her alone of whom the record holds nobody with that
// name, birth date and telephone, whether or not they have a number. Else it is
// ErrKnown; a number that she was given before and that was not written is for
// Withdraw.
//
// The number belongs to her from when it is reserved: the same call again, also after a
// crash, gives the same number. Where the record cannot be asked it is refused, or given
// provisionally, as configured. Nobody's authority is asked, nor are calls limited:
// that is for whoever lets people start it. Errors are ErrKnown, *Refusal, or those
// of the context.
func (s *Service) IssueTo(ctx context.Context, who Caller, at Place, trackedEntity string, d Demographics) (*Issued, error) {
	if !uid.MatchString(trackedEntity) || !uid.MatchString(at.Program) || !uid.MatchString(at.OrgUnit) {
		return nil, refuse(CodeMalformed, "tracked entity, program and orgUnit must be UIDs")
	}
	q, err := s.question(SearchRequest{Demographics: &d})
	if err != nil {
		return nil, err
	}
	point, err := s.point(ctx, at.OrgUnit)
	if err != nil {
		return nil, err
	}
	source := SourceNEHR
	switch err := s.nobody(ctx, q); {
	case err != nil && s.config.Provisional && isRetryable(err):
		source = SourceNone
	case err != nil:
		return nil, err
	}
	return s.give(ctx, who, at, func() (n reserved, err error) {
		err = s.write(ctx, func(tx database.Tx) error {
			n = reserved{source: source}
			return s.draw(tx, who, at, point, byEntity(trackedEntity), false, &n)
		})
		return n, err
	})
}

// nobody is nil where the record holds nobody who fits a question, with a number or
// without.
func (s *Service) nobody(ctx context.Context, q *question) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.Patience)
	defer cancel()
	found, err := s.config.Record.SearchPage(ctx, "Patient", q.params)
	if err != nil {
		return &Refusal{Code: CodeNEHR, Detail: "the national record cannot be asked", Err: err}
	}
	for _, r := range found.Resources {
		if !q.fits(r) {
			return refuse(CodeAnswer, "the national record answers with people who were not asked for")
		}
	}
	if len(found.Resources) > 0 || found.More || found.Total != "" && found.Total != "0" {
		return ErrKnown
	}
	return nil
}

// Withdraw takes back the number that a tracked entity was given by IssueTo and that was
// not written for her, because somebody has typed another meanwhile: it is burnt, and
// never given to anybody.
func (s *Service) Withdraw(ctx context.Context, who Caller, at Place, trackedEntity string) error {
	return s.write(ctx, func(tx database.Tx) error {
		var number string
		found, err := database.Row(tx, `SELECT number FROM phn_number WHERE search = ?1`, []any{byEntity(trackedEntity)}, &number)
		if !found || err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE phn_number SET state = 'burnt', search = NULL WHERE number = ?1`, number); err != nil {
			return err
		}
		return s.audit(tx, who, at, "withdraw", number, "")
	})
}
