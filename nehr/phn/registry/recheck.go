package registry

import (
	"context"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// Open is a number that was issued while the record could not be asked. The number
// identifies a person: it goes to no log.
type Open struct {
	Number  string
	State   State // StateProvisional, or StateDisputed: people have to look
	Program string
	OrgUnit string
	At      time.Time
}

// Open lists the numbers that nobody has looked up yet, and those that the record
// turned out to know, oldest first.
func (s *Service) Open(ctx context.Context) (open []Open, err error) {
	err = s.typed(s.config.DB.Read(ctx, func(tx database.Tx) error {
		open = nil
		return tx.Each(`SELECT number, state, program, org_unit, at FROM phn_number
			WHERE state IN ('provisional', 'disputed') ORDER BY at, number`, nil, func(scan func(...any) error) error {
			var o Open
			var state string
			var at int64
			if err := scan(&o.Number, &state, &o.Program, &o.OrgUnit, &at); err != nil {
				return err
			}
			o.State, o.At = State(state), time.Unix(at, 0).UTC()
			open = append(open, o)
			return nil
		})
	}))
	return open, err
}

// Rechecked counts what became of provisional numbers.
type Rechecked struct {
	Confirmed int // the record does not know them, or knows her by them
	Disputed  int // the record knows somebody by them: people have to look
	Waiting   int // not looked up yet
}

// Recheck looks provisional numbers up. It ends at the first that the record cannot
// be asked for, with the reason.
//
// The agent may have written her meanwhile: a number is confirmed too where the only
// record that has it is of a tracked entity which Config.Ours says she is.
func (s *Service) Recheck(ctx context.Context) (r Rechecked, err error) {
	open, err := s.Open(ctx)
	if err != nil {
		return r, err
	}
	var provisional []Open
	for _, o := range open {
		if o.State == StateProvisional {
			provisional = append(provisional, o)
		}
	}
	r.Waiting = len(provisional)
	for _, o := range provisional {
		state, err := s.lookUp(ctx, o)
		if err != nil {
			return r, err
		}
		err = s.write(ctx, func(tx database.Tx) error {
			if _, err := tx.Exec(`UPDATE phn_number SET state = ?2 WHERE number = ?1 AND state = 'provisional'`, o.Number, string(state)); err != nil {
				return err
			}
			return s.audit(tx, Caller{}, Place{o.Program, o.OrgUnit}, "recheck", o.Number, string(state))
		})
		if err != nil {
			return r, err
		}
		r.Waiting--
		if state == StateIssued {
			r.Confirmed++
		} else {
			r.Disputed++
		}
	}
	return r, nil
}

// lookUp tells what a provisional number is by now.
func (s *Service) lookUp(ctx context.Context, o Open) (State, error) {
	people, err := s.known(ctx, o.Number)
	switch {
	case err != nil:
		return "", err
	case len(people) == 0:
		return StateIssued, nil
	case len(people) > 1 || s.config.Ours == nil:
		return StateDisputed, nil
	}
	var entities []string
	for _, i := range people[0].resource.Get("identifier").Items() {
		if i.Get("system").Str() == nehr.SystemDHIS2TrackedEntity {
			entities = append(entities, i.Get("value").Str())
		}
	}
	if len(entities) != 1 || !uid.MatchString(entities[0]) {
		return StateDisputed, nil
	}
	ours, err := s.config.Ours(ctx, entities[0], o.Number)
	if err != nil {
		return "", unavailable("DHIS2 cannot be asked whose a number is", err)
	}
	if !ours {
		return StateDisputed, nil
	}
	return StateIssued, nil
}
