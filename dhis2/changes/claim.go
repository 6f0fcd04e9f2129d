package changes

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Claim is the right to work on one tracked entity until a time. Nobody else
// has it meanwhile.
type Claim struct {
	TrackedEntity dhis2.UID
	Sequence      int64     // of the change up to which the work will count
	State         []byte    // as the consumer left it; nil in the beginning
	Hash          string    // of what was last written, as the consumer gave it
	Attempts      int       // that failed since the last success, crashes among them
	Until         time.Time // end of the lease, by the ledger's clock
	Since         time.Time // when the first change was marked that is not carried out

	// Force says that what was written last is not known for certain, or that
	// somebody asked: do not trust Hash, look and write.
	Force bool

	ledger *Ledger
	held   *held
}

// held is what changes while a claim is worked on; copies of a Claim share it.
type held struct {
	token  string
	failed bool   // a failure is on record
	state  []byte // as stored
	hash   string
}

// LeaseError says that claims were over before their outcome came: another
// may have worked on the entities meanwhile. The outcome was not taken; the
// entities are dirty, and will be looked at without trusting their hash.
type LeaseError struct{ TrackedEntities []dhis2.UID }

func (e *LeaseError) Error() string {
	if len(e.TrackedEntities) == 1 {
		return fmt.Sprintf("tracked entity %s: the claim was over before its outcome came: it will be looked at again", e.TrackedEntities[0])
	}
	return fmt.Sprintf("%d tracked entities: the claims were over before their outcomes came: they will be looked at again", len(e.TrackedEntities))
}

// Unknown is true: what the late work has written is not known.
func (e *LeaseError) Unknown() bool { return true }

const claimRows = `WITH next AS MATERIALIZED (SELECT uid FROM ledger_entity WHERE due <= ?1 ORDER BY due LIMIT ?2%s)
	UPDATE ledger_entity SET claim = ?3, owner = ?4, due = ?5,
		force = CASE WHEN claim <> '' THEN 1 ELSE force END,
		attempts = CASE WHEN claim <> '' THEN attempts + 1 ELSE attempts END
	WHERE uid IN (SELECT uid FROM next)
	RETURNING uid, seq, attempts, force, class, hash, marked_at,
		(SELECT state FROM ledger_state s WHERE s.uid = ledger_entity.uid)`

var (
	claimSQLite   = fmt.Sprintf(claimRows, "")
	claimPostgres = fmt.Sprintf(claimRows, " FOR UPDATE SKIP LOCKED")
)

// Claim takes up to n tracked entities that are due, those that wait longest
// first. None is in the hands of another. A claim whose holder was never
// heard of again is taken over when its lease is over, with Force.
func (l *Ledger) Claim(ctx context.Context, n int) ([]Claim, error) {
	if n < 1 {
		return nil, nil
	}
	token, err := l.token()
	if err != nil {
		return nil, err
	}
	query := claimSQLite
	if l.db.Dialect() == database.PostgreSQL {
		query = claimPostgres
	}
	type row struct {
		Claim
		marked int64
	}
	var rows []row
	err = l.write(ctx, func(tx database.Tx, now int64) error {
		rows = rows[:0]
		until := now + l.cfg.Lease.Milliseconds()
		return tx.Each(query, []any{now, int64(n), token, l.cfg.Owner, until}, func(scan func(...any) error) error {
			r := row{Claim: Claim{Until: time.UnixMilli(until), ledger: l, held: &held{token: token}}}
			var uid, class string
			var attempts, force int64
			if err := scan(&uid, &r.Sequence, &attempts, &force, &class, &r.Hash, &r.marked, &r.State); err != nil {
				return err
			}
			var err error
			r.TrackedEntity, err = dhis2.ParseUID(uid)
			r.Attempts, r.Force = int(attempts), force == 1
			r.Since = time.UnixMilli(r.marked)
			r.held.failed, r.held.state, r.held.hash = class != "", r.State, r.Hash
			rows = append(rows, r)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	// The databases return rows in any order.
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.marked, b.marked), cmp.Compare(a.TrackedEntity.String(), b.TrackedEntity.String()))
	})
	claims := make([]Claim, len(rows))
	for i, r := range rows {
		claims[i] = r.Claim
	}
	return claims, nil
}

const (
	holdRow  = `UPDATE ledger_entity SET hash = '', force = 1 WHERE uid = ?1 AND claim = ?2 AND due > ?3`
	putState = `INSERT INTO ledger_state (uid, state) VALUES (?1, ?2) ON CONFLICT (uid) DO UPDATE SET state = excluded.state`
	noState  = `DELETE FROM ledger_state WHERE uid = ?1`
)

// Save stores state while the claim holds. A consumer calls it with the union
// of what is written and what is desired before it sends anything, so that
// after a crash nothing stands in the national record that nobody knows of.
// The hash of what was written is forgotten with it: from now on, until Wrote
// and a completion, it is not known what stands, and the next look is forced. A
// *LeaseError says that the claim is over: do not send.
func (c Claim) Save(ctx context.Context, state []byte) error {
	if c.ledger == nil {
		return errNoClaim
	}
	late := false
	err := c.ledger.write(ctx, func(tx database.Tx, now int64) error {
		n, err := tx.Exec(holdRow, c.TrackedEntity.String(), c.held.token, now)
		if late = err == nil && n == 0; late || err != nil {
			return err
		}
		return storeState(tx, c, state)
	})
	if late {
		return &LeaseError{TrackedEntities: []dhis2.UID{c.TrackedEntity}}
	}
	if err == nil {
		c.held.state, c.held.hash = bytes.Clone(state), ""
	}
	return err
}

func storeState(tx database.Tx, c Claim, state []byte) (err error) {
	if len(state) == 0 {
		_, err = tx.Exec(noState, c.TrackedEntity.String())
	} else {
		_, err = tx.Exec(putState, c.TrackedEntity.String(), state)
	}
	return err
}

// Wrote sets the hash of what stands written once the claim is completed. The
// next claim has it as Hash; without a call it stays as it is, or empty after
// Save.
func (c Claim) Wrote(hash string) {
	if c.held != nil {
		c.held.hash = hash
	}
}
