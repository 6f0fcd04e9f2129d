package route

import (
	"context"
	"sync"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

// Directory is what is asked at DHIS2, by an account that may see users;
// *api.Client is one.
type Directory interface {
	// Account gives nil where there is no such user.
	Account(ctx context.Context, name string) (*api.Account, error)
	// ProgramSharing gives nil where the program is not assigned to the unit.
	ProgramSharing(ctx context.Context, program, orgUnit dhis2.UID) (*api.Sharing, error)
	OrganisationUnits(ctx context.Context, uids []dhis2.UID) ([]dhis2.OrganisationUnit, error)
}

// maxDecisions bounds what is remembered.
const maxDecisions = 10_000

// Authority asks DHIS2 whether a user may register people: the account is
// active, captures data in the organisation unit, the program is assigned to that
// unit, and the user may write its data.
// An answer is used for a while, a right that was lost as long.
type Authority struct {
	directory Directory
	keep      time.Duration
	now       func() time.Time

	mu   sync.Mutex
	made map[question]decision
}

type question struct {
	user             string
	program, orgUnit dhis2.UID
}

type decision struct {
	refusal *Refusal // nil: yes
	until   time.Time
}

// NewAuthority asks the directory. keep is how long an answer is used, 1 min
// when 0; now is the clock, time.Now when nil.
func NewAuthority(directory Directory, keep time.Duration, now func() time.Time) *Authority {
	def(&keep, time.Minute)
	if now == nil {
		now = time.Now
	}
	return &Authority{directory: directory, keep: keep, now: now, made: map[question]decision{}}
}

// MayCapture is nil where the user may, a *Refusal of CodeForbidden where not, and of
// CodeUnavailable where DHIS2 cannot say.
func (a *Authority) MayCapture(ctx context.Context, user string, program, orgUnit dhis2.UID) error {
	q := question{user, program, orgUnit}
	now := a.now()
	a.mu.Lock()
	d, known := a.made[q]
	a.mu.Unlock()
	if !known || !now.Before(d.until) {
		refusal, err := a.ask(ctx, q)
		if err != nil {
			return err
		}
		d = decision{refusal, now.Add(a.keep)}
		a.remember(q, d, now)
	}
	if d.refusal != nil {
		return d.refusal
	}
	return nil
}

func (a *Authority) remember(q question, d decision, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.made) >= maxDecisions {
		for old, made := range a.made {
			if !now.Before(made.until) {
				delete(a.made, old)
			}
		}
	}
	if len(a.made) >= maxDecisions {
		clear(a.made) // they are asked again
	}
	a.made[q] = d
}

func (a *Authority) ask(ctx context.Context, q question) (*Refusal, error) {
	unknown := func(err error) error {
		return &Refusal{Code: CodeUnavailable, Detail: "DHIS2 cannot be asked who may register people", Err: err}
	}
	account, err := a.directory.Account(ctx, q.user)
	if err != nil {
		return nil, unknown(err)
	}
	if account == nil || account.Disabled {
		return Refuse(CodeForbidden, "DHIS2 has no active user of this name"), nil
	}
	sharing, err := a.directory.ProgramSharing(ctx, q.program, q.orgUnit)
	if err != nil {
		return nil, unknown(err)
	}
	if sharing == nil {
		return Refuse(CodeForbidden, "DHIS2 has no such program at the organisation unit"), nil
	}
	if !sharing.WritesData(account) {
		return Refuse(CodeForbidden, "the user may not enter data of the program"), nil
	}
	units, err := a.directory.OrganisationUnits(ctx, []dhis2.UID{q.orgUnit})
	if err != nil {
		return nil, unknown(err)
	}
	for _, u := range units {
		if u.ID == q.orgUnit && account.Captures(u) {
			return nil, nil
		}
	}
	return Refuse(CodeForbidden, "the user captures no data in the organisation unit"), nil
}
