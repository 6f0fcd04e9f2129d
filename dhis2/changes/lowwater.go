package changes

import (
	"context"
	"fmt"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Lead takes or keeps the right to poll a program for the time of a lease, so
// that replicas do not ask DHIS2 for the same thing. lead is false while
// another has it. low is the low-water mark: everything that DHIS2 showed
// before it is in the ledger; zero in the beginning.
func (l *Ledger) Lead(ctx context.Context, program dhis2.UID) (low time.Time, lead bool, err error) {
	err = l.write(ctx, func(tx database.Tx, now int64) error {
		n, err := tx.Exec(`INSERT INTO ledger_mark (program, low_water, holder, held_until) VALUES (?1, 0, ?2, ?3)
			ON CONFLICT (program) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
			WHERE ledger_mark.holder = excluded.holder OR ledger_mark.held_until <= ?4 OR ledger_mark.held_until > ?5`,
			program.String(), l.cfg.Owner, now+l.cfg.Lease.Milliseconds(), now, now+Horizon.Milliseconds())
		if err != nil {
			return err
		}
		lead = n > 0
		var ms int64
		if _, err := database.Row(tx, `SELECT low_water FROM ledger_mark WHERE program = ?1`, []any{program.String()}, &ms); err != nil {
			return err
		}
		low = mark(ms)
		return nil
	})
	return low, lead, err
}

// Advance moves the low-water mark of a program forward, after everything
// that was seen before it is on the list. It never moves back.
func (l *Ledger) Advance(ctx context.Context, program dhis2.UID, to time.Time) error {
	return l.write(ctx, func(tx database.Tx, _ int64) error {
		_, err := tx.Exec(`INSERT INTO ledger_mark (program, low_water, holder, held_until) VALUES (?1, ?2, '', 0)
			ON CONFLICT (program) DO UPDATE SET low_water = excluded.low_water WHERE ledger_mark.low_water < excluded.low_water`,
			program.String(), to.UnixMilli())
		return err
	})
}

// Rewind sets the low-water mark of a program back, so that everything since
// is looked at again; the zero time is the beginning.
func (l *Ledger) Rewind(ctx context.Context, program dhis2.UID, to time.Time) error {
	ms := int64(0)
	if !to.IsZero() {
		ms = to.UnixMilli()
	}
	return l.write(ctx, func(tx database.Tx, _ int64) error {
		_, err := tx.Exec(`UPDATE ledger_mark SET low_water = ?2 WHERE program = ?1 AND low_water > ?2`, program.String(), ms)
		return err
	})
}

// LowWater gives the low-water mark of every program that was polled.
func (l *Ledger) LowWater(ctx context.Context) (map[dhis2.UID]time.Time, error) {
	out := map[dhis2.UID]time.Time{}
	err := l.read(ctx, func(tx database.Tx, _ int64) error {
		return tx.Each(`SELECT program, low_water FROM ledger_mark`, nil, func(scan func(...any) error) error {
			var ms int64
			uid, err := scanUID(scan, &ms)
			out[uid] = mark(ms)
			return err
		})
	})
	return out, err
}

func mark(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// The names under which servers are pinned.
const (
	PinSystem = "dhis2.systemId" // of /api/system/info
	PinRecord = "nehr.base"      // base address of the national record
)

// PinError says that the ledger belongs to another server: a test server was
// cloned, or an address was changed. Nothing may be concluded from what this
// one shows.
type PinError struct{ Name, Pinned, Found string }

func (e *PinError) Error() string {
	return fmt.Sprintf("%s is %q, and the ledger was made with %q: point it to the right server, or say that the change is meant", e.Name, e.Found, e.Pinned)
}

// Retryable is true: nothing is wrong with the entity.
func (e *PinError) Retryable() bool { return true }

// Pin binds the ledger to a server. The first value stays; another is a
// *PinError unless replace says that the change is meant.
func (l *Ledger) Pin(ctx context.Context, name, value string, replace bool) error {
	pinned := value
	err := l.write(ctx, func(tx database.Tx, _ int64) error {
		on := `DO NOTHING`
		if replace {
			on = `DO UPDATE SET value = excluded.value`
		}
		if _, err := tx.Exec(`INSERT INTO ledger_pin (name, value) VALUES (?1, ?2) ON CONFLICT (name) `+on, name, value); err != nil {
			return err
		}
		_, err := database.Row(tx, `SELECT value FROM ledger_pin WHERE name = ?1`, []any{name}, &pinned)
		return err
	})
	if err == nil && pinned != value {
		return &PinError{Name: name, Pinned: pinned, Found: value}
	}
	return err
}

// Pinned gives the value of a pin; found is false where there is none.
func (l *Ledger) Pinned(ctx context.Context, name string) (value string, found bool, err error) {
	err = l.read(ctx, func(tx database.Tx, _ int64) (err error) {
		found, err = database.Row(tx, `SELECT value FROM ledger_pin WHERE name = ?1`, []any{name}, &value)
		return err
	})
	return value, found, err
}
