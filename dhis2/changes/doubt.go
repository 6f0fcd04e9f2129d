package changes

import (
	"context"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
)

// pinReconciled and the UID of a program is where the ledger remembers when
// Run has last reconciled it, or a doubt, which no other is like.
const (
	pinReconciled = "reconciled."
	doubtMark     = "doubt "
)

// reconcilePatience is how long a reconciliation that failed waits: it asks
// for everything, and what it was refused may take a person.
const reconcilePatience = 15 * time.Minute

// Doubt has Run reconcile every program after its next sweep, this process or,
// should it end before, the next one. It may be called while Run works.
func (p *Poller) Doubt(ctx context.Context) error {
	token, err := p.cfg.Ledger.token()
	if err != nil {
		return err
	}
	for _, program := range p.cfg.Programs {
		if err := p.cfg.Ledger.Pin(ctx, pinReconciled+program.String(), doubtMark+token, true); err != nil {
			return err
		}
	}
	p.Wake()
	return nil
}

// reconcileIfDue reconciles a program that was swept. The first sweep took
// everything, and counts as a reconciliation.
func (p *Poller) reconcileIfDue(ctx context.Context, program dhis2.UID) {
	now := p.cfg.Now()
	if now.Before(p.patience[program]) {
		return
	}
	r, did, err := p.reconcileDue(ctx, program, now)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		p.patience[program] = now.Add(reconcilePatience)
	}
	if did || err != nil {
		r.Program = program
		p.cfg.Reconciled(r, err)
	}
}

func (p *Poller) reconcileDue(ctx context.Context, program dhis2.UID, now time.Time) (r Reconciliation, did bool, err error) {
	name, began := pinReconciled+program.String(), now.UTC().Format(time.RFC3339)
	last, there, err := p.cfg.Ledger.Pinned(ctx, name)
	if err != nil {
		return r, false, err
	}
	if !there {
		return r, false, p.cfg.Ledger.Pin(ctx, name, began, false)
	}
	// Without a time that can be read it is a doubt.
	if at, err := time.Parse(time.RFC3339, last); err == nil && (p.cfg.Every < 0 || now.Sub(at).Abs() < p.cfg.Every) {
		return r, false, nil
	}
	if r, err = p.Reconcile(ctx, program); err != nil {
		return r, true, err
	}
	// A doubt that came meanwhile stays.
	return r, true, p.cfg.Ledger.repin(ctx, name, last, began)
}

// repin changes a pin unless somebody else has changed it meanwhile.
func (l *Ledger) repin(ctx context.Context, name, from, to string) error {
	return l.write(ctx, func(tx database.Tx, _ int64) error {
		_, err := tx.Exec(`UPDATE ledger_pin SET value = ?3 WHERE name = ?1 AND value = ?2`, name, from, to)
		return err
	})
}
