package changes

import (
	"context"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Filter selects entities that were set aside. Its zero value selects all.
type Filter struct {
	TrackedEntity dhis2.UID
	Program       dhis2.UID
	Class         Class  // DeadLetter, Quarantine or ForReview
	Cause         string // exactly
	Since, Before time.Time

	After dhis2.UID // only those with a greater UID, for the next page
	Limit int       // 0 for all
}

// Letter is an entity that was set aside, and why.
type Letter struct {
	TrackedEntity dhis2.UID `json:"trackedEntity"`
	Class         Class     `json:"class"`
	Cause         string    `json:"cause"`
	Message       string    `json:"message"`
	Attempts      int       `json:"attempts"`
	Sequence      int64     `json:"sequence"`
	At            time.Time `json:"at"`
	Detail        []byte    `json:"-"` // may quote a record; filled by Letter only
}

// aside are the conditions of a Filter on ledger_entity e and ledger_failure f.
const aside = `e.due IS NULL AND e.class <> ''
	AND (?1 = '' OR e.uid = ?1)
	AND (?2 = '' OR EXISTS (SELECT 1 FROM ledger_program p WHERE p.uid = e.uid AND p.program = ?2))
	AND (?3 = '' OR e.class = ?3)
	AND (?4 = '' OR f.cause = ?4)
	AND f.at >= ?5 AND f.at < ?6
	AND e.uid > ?7`

const asideFrom = ` FROM ledger_entity e JOIN ledger_failure f ON f.uid = e.uid WHERE ` + aside + ` ORDER BY e.uid LIMIT ?8`

func (f Filter) args() []any {
	since, before, limit := int64(0), int64(1)<<62, int64(f.Limit)
	if !f.Since.IsZero() {
		since = f.Since.UnixMilli()
	}
	if !f.Before.IsZero() {
		before = f.Before.UnixMilli()
	}
	if f.Limit <= 0 {
		limit = 1 << 62
	}
	return []any{f.TrackedEntity.String(), f.Program.String(), string(f.Class), f.Cause, since, before, f.After.String(), limit}
}

// Letters lists what was set aside, in the order of the UIDs, without Detail.
func (l *Ledger) Letters(ctx context.Context, f Filter) ([]Letter, error) {
	return l.letters(ctx, f, `SELECT e.uid, f.class, f.cause, f.message, e.attempts, f.seq, f.at, NULL`+asideFrom)
}

// Letter gives one with its Detail; found is false when it is not set aside.
func (l *Ledger) Letter(ctx context.Context, uid dhis2.UID) (letter Letter, found bool, err error) {
	if uid.IsZero() {
		return Letter{}, false, errNoUID
	}
	list, err := l.letters(ctx, Filter{TrackedEntity: uid}, `SELECT e.uid, f.class, f.cause, f.message, e.attempts, f.seq, f.at, f.detail`+asideFrom)
	if err != nil || len(list) == 0 {
		return Letter{}, false, err
	}
	return list[0], true, nil
}

func (l *Ledger) letters(ctx context.Context, f Filter, query string) ([]Letter, error) {
	var out []Letter
	err := l.read(ctx, func(tx database.Tx, _ int64) error {
		out = nil
		return tx.Each(query, f.args(), func(scan func(...any) error) error {
			var r Letter
			var uid, class string
			var attempts, at int64
			if err := scan(&uid, &class, &r.Cause, &r.Message, &attempts, &r.Sequence, &at, &r.Detail); err != nil {
				return err
			}
			var err error
			r.TrackedEntity, err = dhis2.ParseUID(uid)
			r.Class, r.Attempts, r.At = Class(class), int(attempts), time.UnixMilli(at)
			out = append(out, r)
			return err
		})
	})
	return out, err
}

// Retry puts what was set aside back on the list, and returns how many.
func (l *Ledger) Retry(ctx context.Context, f Filter) (int, error) {
	return l.move(ctx, f, `UPDATE ledger_entity SET due = ?9, attempts = 0 WHERE uid IN (SELECT e.uid`+asideFrom+`)`)
}

// Discard gives up on what was set aside: it is not dirty any more until it
// changes in DHIS2, and the reason is forgotten. The consumer's state stays,
// and with it the knowledge of what was written before.
func (l *Ledger) Discard(ctx context.Context, f Filter) (int, error) {
	n, err := l.move(ctx, f, `UPDATE ledger_entity SET done = seq, class = '', attempts = 0, done_at = ?9 WHERE uid IN (SELECT e.uid`+asideFrom+`)`)
	return n, err
}

func (l *Ledger) move(ctx context.Context, f Filter, update string) (int, error) {
	var n int64
	err := l.write(ctx, func(tx database.Tx, now int64) (err error) {
		if n, err = tx.Exec(update, append(f.args(), now)...); err != nil {
			return err
		}
		// A reason without its row would come back with the next failure.
		_, err = tx.Exec(`DELETE FROM ledger_failure WHERE uid IN
			(SELECT f.uid FROM ledger_failure f JOIN ledger_entity e ON e.uid = f.uid WHERE e.class = '')`)
		return err
	})
	return int(n), err
}
