package changes

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
)

// errNoClaim: a Claim that a caller made up.
var errNoClaim = errors.New("dhis2/changes: a claim that no ledger gave")

// Completion is a claim that was carried out.
type Completion struct {
	Claim Claim
	State []byte // for the next claim; empty for none
}

const (
	completeRow = `UPDATE ledger_entity SET claim = '', owner = '', attempts = 0, class = '', done = ?4, hash = ?5, done_at = ?3,
			force = CASE WHEN seq > ?4 THEN force ELSE 0 END,
			due = CASE WHEN seq > ?4 THEN ?3 ELSE NULL END,
			marked_at = CASE WHEN seq > ?4 THEN ?3 ELSE marked_at END
		WHERE uid = ?1 AND claim = ?2 AND due > ?3`
	lateRow = `UPDATE ledger_entity SET seq = seq + 1, force = 1, due = COALESCE(due, ?2),
			marked_at = CASE WHEN seq = done THEN ?2 ELSE marked_at END
		WHERE uid = ?1`
	forgetFailure = `DELETE FROM ledger_failure WHERE uid = ?1`
)

// Complete records that claims were carried out, and their state. An entity
// that changed since it was claimed stays dirty. A *LeaseError names those
// whose claim was over: of them nothing is taken, their mark stays, and the
// next look at them is forced. The others are completed all the same.
func (l *Ledger) Complete(ctx context.Context, done ...Completion) error {
	var late []dhis2.UID
	err := l.write(ctx, func(tx database.Tx, now int64) error {
		late = nil
		rows := make([][]any, len(done))
		for i, d := range done {
			if d.Claim.held == nil {
				return errNoClaim
			}
			rows[i] = []any{d.Claim.TrackedEntity.String(), d.Claim.held.token, now, d.Claim.Sequence, d.Claim.held.hash}
		}
		changed, err := tx.ExecMany(completeRow, rows)
		if err != nil {
			return err
		}
		var put, gone, sound [][]any
		for i, d := range done {
			uid := rows[i][0]
			if changed[i] == 0 {
				late = append(late, d.Claim.TrackedEntity)
				continue
			}
			switch {
			case bytes.Equal(d.State, d.Claim.held.state):
			case len(d.State) == 0:
				gone = append(gone, []any{uid})
			default:
				put = append(put, []any{uid, d.State})
			}
			if d.Claim.held.failed {
				sound = append(sound, []any{uid})
			}
		}
		for _, s := range []struct {
			sql  string
			rows [][]any
		}{{putState, put}, {noState, gone}, {forgetFailure, sound}, {lateRow, lateRows(late, now)}} {
			if _, err := tx.ExecMany(s.sql, s.rows); err != nil {
				return err
			}
		}
		return nil
	})
	return lease(err, late)
}

func lateRows(late []dhis2.UID, now int64) [][]any {
	rows := make([][]any, len(late))
	for i, uid := range late {
		rows[i] = []any{uid.String(), now}
	}
	return rows
}

func lease(err error, late []dhis2.UID) error {
	if err == nil && len(late) > 0 {
		return &LeaseError{TrackedEntities: late}
	}
	return err
}

// Failure is a claim that was not carried out.
type Failure struct {
	Class   Class
	Cause   string // short and countable, such as "404" or the name of a rule
	Message string // for people; no person's value
	Detail  []byte // such as the OperationOutcome; may quote a record, goes into no log

	// Next is when to try again, for Retry; it is never more than Horizon
	// ahead. Zero is at once.
	Next time.Time

	// Unknown says that something may have been written all the same: the
	// next look is forced.
	Unknown bool

	// Free does not count as an attempt: not the entity was the reason.
	Free bool
}

const (
	failRow = `UPDATE ledger_entity SET claim = '', owner = '', class = ?4, attempts = attempts + ?5,
			force = CASE WHEN ?6 = 1 THEN 1 ELSE force END,
			due = CASE WHEN ?4 = 'retry' THEN ?7 WHEN seq > ?8 THEN ?3 ELSE NULL END
		WHERE uid = ?1 AND claim = ?2 AND due > ?3`
	putFailure = `INSERT INTO ledger_failure (uid, class, cause, message, detail, seq, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
		ON CONFLICT (uid) DO UPDATE SET class = excluded.class, cause = excluded.cause, message = excluded.message,
			detail = excluded.detail, seq = excluded.seq, at = excluded.at`
)

// Fail records that a claim was not carried out. With Retry it comes again at
// Next; every other class sets it aside until it changes or somebody retries
// it, and it comes again at once when it has changed since it was claimed. A
// *LeaseError says that the claim was over.
func (l *Ledger) Fail(ctx context.Context, c Claim, f Failure) error {
	if c.held == nil {
		return errNoClaim
	}
	if !f.Class.valid() {
		return errors.New("dhis2/changes: a failure of an unknown class")
	}
	uid := c.TrackedEntity.String()
	var late []dhis2.UID
	err := l.write(ctx, func(tx database.Tx, now int64) error {
		late = nil
		next := now
		if !f.Next.IsZero() {
			next = min(max(now, f.Next.UnixMilli()), now+Horizon.Milliseconds())
		}
		n, err := tx.Exec(failRow, uid, c.held.token, now, string(f.Class), number(!f.Free), number(f.Unknown), next, c.Sequence)
		if err != nil {
			return err
		}
		if n == 0 {
			late = []dhis2.UID{c.TrackedEntity}
			_, err := tx.Exec(lateRow, uid, now)
			return err
		}
		_, err = tx.Exec(putFailure, uid, string(f.Class), f.Cause, f.Message, f.Detail, c.Sequence, now)
		return err
	})
	return lease(err, late)
}

// Release gives claims back as if they had not been taken: nothing was sent.
// Those whose claim is over already are left to who has them.
func (l *Ledger) Release(ctx context.Context, claims ...Claim) error {
	return l.write(ctx, func(tx database.Tx, now int64) error {
		rows := make([][]any, len(claims))
		for i, c := range claims {
			if c.held == nil {
				return errNoClaim
			}
			rows[i] = []any{c.TrackedEntity.String(), c.held.token, now}
		}
		_, err := tx.ExecMany(`UPDATE ledger_entity SET claim = '', owner = '', due = ?3 WHERE uid = ?1 AND claim = ?2`, rows)
		return err
	})
}

// Hurry has what waits after a failure tried at once, and returns how many
// those are: a process that starts, or somebody who asks, does not wait for a
// time that was set when things were worse.
func (l *Ledger) Hurry(ctx context.Context) (int, error) {
	var n int64
	err := l.write(ctx, func(tx database.Tx, now int64) (err error) {
		n, err = tx.Exec(`UPDATE ledger_entity SET due = ?1 WHERE due > ?1 AND claim = '' AND class = 'retry'`, now)
		return err
	})
	return int(n), err
}
