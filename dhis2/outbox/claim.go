package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
)

// claim is the right to bring one order until its lease ends.
type claim struct {
	uid      dhis2.UID
	token    string
	kind     string
	source   string
	body     []byte
	attempts int
}

const claimRows = `WITH next AS MATERIALIZED (SELECT uid FROM outbox_order WHERE due <= ?1 ORDER BY due, put_at LIMIT ?2%s)
	UPDATE outbox_order SET claim = ?3, due = ?4 WHERE uid IN (SELECT uid FROM next)
	RETURNING uid, kind, source, body, attempts`

var (
	claimSQLite   = fmt.Sprintf(claimRows, "")
	claimPostgres = fmt.Sprintf(claimRows, " FOR UPDATE SKIP LOCKED")
)

// claim takes up to n orders that are due.
func (o *Outbox) claim(ctx context.Context, n int) ([]claim, error) {
	if due, err := o.due(ctx); err != nil || !due {
		return nil, err
	}
	token, err := o.random()
	if err != nil {
		return nil, err
	}
	query := claimSQLite
	if o.cfg.DB.Dialect() == database.PostgreSQL {
		query = claimPostgres
	}
	var claims []claim
	err = o.write(ctx, func(tx database.Tx, now int64) error {
		claims = claims[:0]
		return tx.Each(query, []any{now, int64(n), token, now + o.cfg.Lease.Milliseconds()}, func(scan func(...any) error) error {
			c := claim{token: token}
			var uid string
			var attempts int64
			if err := scan(&uid, &c.kind, &c.source, &c.body, &attempts); err != nil {
				return err
			}
			var err error
			c.uid, err = dhis2.ParseUID(uid)
			c.attempts = int(attempts)
			claims = append(claims, c)
			return err
		})
	})
	return claims, err
}

// due tells whether there is something to claim: whoever is idle writes nothing.
func (o *Outbox) due(ctx context.Context) (due bool, err error) {
	err = o.cfg.DB.Read(ctx, func(tx database.Tx) error {
		now, err := o.clock(tx)
		if err != nil {
			return err
		}
		var one int64
		due, err = database.Row(tx, `SELECT 1 FROM outbox_order WHERE due <= ?1 LIMIT 1`, []any{now.UnixMilli()}, &one)
		return err
	})
	return due, err
}

// Each outcome holds only while the claim does: one that comes too late
// changes nothing, and whoever has the order now finds what stands.
const (
	doneRow  = `UPDATE outbox_order SET due = NULL, claim = '', body = ?3, result = ?4, cause = '', message = '', ended_at = ?5 WHERE uid = ?1 AND claim = ?2`
	laterRow = `UPDATE outbox_order SET due = ?3, claim = '', attempts = attempts + ?4, cause = ?5, message = ?6 WHERE uid = ?1 AND claim = ?2`
	deadRow  = `UPDATE outbox_order SET due = NULL, claim = '', attempts = attempts + 1, cause = ?3, message = ?4, ended_at = ?5 WHERE uid = ?1 AND claim = ?2`
)

func (o *Outbox) done(ctx context.Context, c claim, r Result) error {
	return o.write(ctx, func(tx database.Tx, now int64) error {
		_, err := tx.Exec(doneRow, c.uid.String(), c.token, []byte{}, string(r), now)
		return err
	})
}

// later puts an order back. free does not count as an attempt.
func (o *Outbox) later(ctx context.Context, c claim, wait time.Duration, free bool, cause, message string) error {
	counted := int64(1)
	if free {
		counted = 0
	}
	return o.write(ctx, func(tx database.Tx, now int64) error {
		_, err := tx.Exec(laterRow, c.uid.String(), c.token, now+min(wait, Horizon).Milliseconds(), counted, cause, message)
		return err
	})
}

func (o *Outbox) dead(ctx context.Context, c claim, cause, message string) error {
	return o.write(ctx, func(tx database.Tx, now int64) error {
		_, err := tx.Exec(deadRow, c.uid.String(), c.token, cause, message, now)
		return err
	})
}
