package registry

import (
	"context"
	"slices"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
)

// SelectRequest says that a match is her.
type SelectRequest struct {
	Place
	Search string `json:"search"`
	Match  string `json:"match"`
}

// Selected is the number of the match.
type Selected struct {
	PHN     string `json:"phn"`
	Receipt string `json:"receipt"` // secret: for Card
}

// Select gives the number of a match, which is verified by it: a worker has found
// her in the national record.
func (s *Service) Select(ctx context.Context, who Caller, r SelectRequest) (*Selected, error) {
	if err := s.may(ctx, who, r.Place); err != nil {
		return nil, err
	}
	receipt, id, err := s.secret()
	if err != nil {
		return nil, err
	}
	var number string
	err = s.write(ctx, func(tx database.Tx) error {
		found, err := s.choose(tx, who, r.Place, r.Search, r.Match)
		if err != nil {
			return err
		}
		match, known := found.find(r.Match)
		if !known {
			return refuse(CodeMatch, "not of this search")
		}
		number = match.Number
		if found.first {
			// One that was drawn and shown to nobody is the record's now.
			if _, err := tx.Exec(`INSERT INTO phn_number (number, state, program, org_unit, actor, at) VALUES (?1, 'selected', ?2, ?3, ?4, ?5)
				ON CONFLICT (number) DO UPDATE SET state = excluded.state, program = excluded.program, org_unit = excluded.org_unit,
					actor = excluded.actor, at = excluded.at, search = NULL
				WHERE phn_number.state IN ('reserved', 'burnt')`, number, r.Program, r.OrgUnit, who.User, s.config.Now().Unix()); err != nil {
				return err
			}
			if err := s.audit(tx, who, r.Place, "select", number, ""); err != nil {
				return err
			}
		}
		return s.receipt(tx, who, r.Place, id, number)
	})
	if err != nil {
		return nil, err
	}
	return &Selected{PHN: number, Receipt: receipt}, nil
}

// IssueRequest asks for a new number for somebody whom a search did not find.
type IssueRequest struct {
	Place
	Search string `json:"search"`
	// Rejected are all matches of the search.
	Rejected []Rejection `json:"rejected"`
}

// Rejection says of a match why it is not hers.
type Rejection struct {
	Match  string `json:"match"`
	Reason string `json:"reason"` // other-person, wrong-record or other
}

var reasons = []string{"other-person", "wrong-record", "other"}

// Issued is a new number.
type Issued struct {
	PHN string `json:"phn"`
	// Provisional: the record could not be asked, and is asked later.
	Provisional bool   `json:"provisional"`
	Receipt     string `json:"receipt"` // secret: for Card
}

// Issue gives a number that nobody has. A search gives one: the same request again
// is answered by the same number, so that neither a double click nor an answer that
// was lost makes a second.
func (s *Service) Issue(ctx context.Context, who Caller, r IssueRequest) (*Issued, error) {
	if err := s.may(ctx, who, r.Place); err != nil {
		return nil, err
	}
	point, err := s.point(ctx, r.OrgUnit)
	if err != nil {
		return nil, err
	}
	return s.give(ctx, who, r.Place, func() (reserved, error) { return s.reserve(ctx, who, r, point) })
}

// give asks the record for what reserve gives, until it is a number that nobody has.
func (s *Service) give(ctx context.Context, who Caller, at Place, reserve func() (reserved, error)) (*Issued, error) {
	for range maxDraws {
		n, err := reserve()
		if err != nil {
			return nil, err
		}
		state := StateIssued
		if n.state == StateReserved {
			switch people, err := s.known(ctx, n.number); {
			case err != nil && s.config.Provisional && isRetryable(err):
				state = StateProvisional
			case err != nil:
				return nil, err // the number stays reserved: the same request goes on with it
			case len(people) > 0:
				state = StateBurnt
			case n.source == SourceNone:
				state = StateProvisional // nobody has looked for her yet
			}
		}
		out, err := s.settle(ctx, who, at, n, state)
		if out != nil || err != nil {
			return out, err
		}
	}
	return nil, refuse(CodeInternal, "every number that is drawn is known already: the point of issue is full")
}

// maxDraws bounds how often a number is drawn for one person. Of a point that has
// issued half of what it can, each draw fails with probability one half.
const maxDraws = 32

// reserved is a number that belongs to one search.
type reserved struct {
	number string
	state  State
	source Source
}

// reserve draws a number for a search, or gives the one that was. When it returns,
// the number is in the database, and nobody else can draw it.
func (s *Service) reserve(ctx context.Context, who Caller, r IssueRequest, point string) (n reserved, err error) {
	err = s.write(ctx, func(tx database.Tx) error {
		found, err := s.choose(tx, who, r.Place, r.Search, issued)
		if err != nil {
			return err
		}
		if err := found.reject(r.Rejected); err != nil {
			return err
		}
		if found.first {
			for _, j := range r.Rejected {
				match, _ := found.find(j.Match)
				if err := s.audit(tx, who, r.Place, "reject", match.Number, j.Reason); err != nil {
					return err
				}
			}
		}
		n = reserved{source: found.source}
		return s.draw(tx, who, r.Place, point, found.id, found.first, &n)
	})
	return n, err
}

// reject checks that all that was found is said not to be hers.
func (s *search) reject(rejected []Rejection) error {
	said := map[string]bool{}
	for _, j := range rejected {
		if _, known := s.find(j.Match); !known {
			return refuse(CodeMatch, "not of this search")
		}
		if !slices.Contains(reasons, j.Reason) {
			return refuse(CodeRejected, "no such reason")
		}
		said[j.Match] = true
	}
	if len(said) != len(s.matches) {
		return refuse(CodeRejected, "a match was not rejected")
	}
	return nil
}

// draw takes the number of a search, or inserts new ones until one is unique. Of one
// that is fresh it is known that it has none.
func (s *Service) draw(tx database.Tx, who Caller, at Place, point, search string, fresh bool, n *reserved) error {
	if s.config.DB.Dialect() == database.PostgreSQL {
		// Others see the row at once; it need not be on the disk before the number is
		// shown, and settle's commit brings it there. Lost before, it is drawn again.
		if _, err := tx.Exec(`SET LOCAL synchronous_commit = off`); err != nil {
			return err
		}
	}
	for range maxDraws {
		if !fresh {
			var state string
			found, err := database.Row(tx, `SELECT number, state FROM phn_number WHERE search = ?1`, []any{search}, &n.number, &state)
			if n.state = State(state); found || err != nil {
				return err
			}
		}
		fresh = false
		number, err := s.config.Scheme.New(point, s.config.Rand)
		if err != nil {
			return refuse(CodeInternal, "no number can be drawn")
		}
		inserted, err := tx.Exec(`INSERT INTO phn_number (number, state, program, org_unit, actor, at, search) VALUES (?1, 'reserved', ?2, ?3, ?4, ?5, ?6)
			ON CONFLICT DO NOTHING`, number.String(), at.Program, at.OrgUnit, who.User, s.config.Now().Unix(), search)
		if err != nil {
			return err
		}
		if inserted == 1 {
			n.number, n.state = number.String(), StateReserved
			return nil
		}
		s.meter.collision()
	}
	return refuse(CodeInternal, "no number is free: the point of issue is full")
}

// settle writes what became of a number, and gives the answer, or nil when another
// must be drawn.
func (s *Service) settle(ctx context.Context, who Caller, at Place, n reserved, state State) (out *Issued, err error) {
	receipt, id, err := s.secret()
	if err != nil {
		return nil, err
	}
	err = s.write(ctx, func(tx database.Tx) error {
		out = nil
		if n.state == StateReserved {
			search := "search"
			if state == StateBurnt {
				search = "NULL"
			}
			changed, err := tx.Exec(`UPDATE phn_number SET state = ?2, at = ?3, search = `+search+` WHERE number = ?1 AND state = 'reserved'`,
				n.number, string(state), s.config.Now().Unix())
			if err != nil || state == StateBurnt {
				return err
			}
			if changed == 0 {
				return nil // the same request came twice, and the other has settled it: read again
			}
			n.state = state
		}
		out = &Issued{PHN: n.number, Provisional: n.state == StateProvisional || n.state == StateDisputed, Receipt: receipt}
		return s.receipt(tx, who, at, id, n.number)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// point is where an organisation unit issues, and nobody else: the first who comes
// to the database with it has it.
func (s *Service) point(ctx context.Context, orgUnit string) (string, error) {
	point, known := s.config.Points[orgUnit]
	if !known {
		return "", refuse(CodePoint, "the organisation unit has no point of issue: see phn.points")
	}
	if _, ours := s.points.Load(point); ours {
		return point, nil
	}
	installation, err := s.config.Installation(ctx)
	if err != nil {
		return "", unavailable("it is not known which DHIS2 this is", err)
	}
	var holder, unit string
	err = s.write(ctx, func(tx database.Tx) error {
		if _, err := tx.Exec(`INSERT INTO phn_point (point, installation, org_unit, since) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING`,
			point, installation, orgUnit, s.config.Now().Unix()); err != nil {
			return err
		}
		_, err := database.Row(tx, `SELECT installation, org_unit FROM phn_point WHERE point = ?1`, []any{point}, &holder, &unit)
		return err
	})
	switch {
	case err != nil:
		return "", err
	case holder != installation:
		return "", refuse(CodePoint, "another DHIS2 issues at point "+point+": give this one a point of its own in phn.points")
	case unit != orgUnit:
		return "", refuse(CodePoint, "organisation unit "+unit+" issues at point "+point+": give "+orgUnit+" a point of its own in phn.points")
	}
	s.points.Store(point, true)
	return point, nil
}

// StatusRequest asks what is known of a number.
type StatusRequest struct {
	Place
	PHN string `json:"phn"`
}

// Status is what the registry knows of a number; nothing that a form says changes it
// (D-070).
type Status struct {
	// Status is issued, selected or unknown.
	Status      State     `json:"status"`
	Provisional bool      `json:"provisional"`
	At          time.Time `json:"at,omitzero"`
}

// StateUnknown is the status of a number that the registry neither issued nor saw selected.
const StateUnknown State = "unknown"

// Status tells whether a number was verified.
func (s *Service) Status(ctx context.Context, who Caller, r StatusRequest) (*Status, error) {
	number, err := s.config.Accept(r.PHN)
	if err != nil {
		return nil, &Refusal{Code: CodePHN, Detail: "not a number that is accepted", Err: err}
	}
	if err := s.may(ctx, who, r.Place); err != nil {
		return nil, err
	}
	var state string
	var at int64
	err = s.typed(s.config.DB.Read(ctx, func(tx database.Tx) error {
		_, err := database.Row(tx, `SELECT state, at FROM phn_number WHERE number = ?1`, []any{number.String()}, &state, &at)
		return err
	}))
	if err != nil {
		return nil, err
	}
	switch State(state) {
	case StateIssued, StateSelected:
		return &Status{Status: State(state), At: time.Unix(at, 0).UTC()}, nil
	case StateProvisional, StateDisputed:
		return &Status{Status: StateIssued, Provisional: true, At: time.Unix(at, 0).UTC()}, nil
	}
	// Who asks for many that nobody has, guesses.
	err = s.write(ctx, func(tx database.Tx) error { return s.locked(tx, tryUnknown, who, s.config.Limits.Unknown) })
	if err != nil {
		return nil, err
	}
	return &Status{Status: StateUnknown}, nil
}
