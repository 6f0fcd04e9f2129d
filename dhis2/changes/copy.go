package changes

import (
	"context"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Entry is what the ledger has of one tracked entity.
type Entry struct {
	Dirty bool   // a change is not carried out yet, and will be by itself
	Class Class  // why it is set aside; "" where it is not
	Cause string // of Class
	State []byte // as the consumer left it; nil for none
}

// Entry looks a tracked entity up; found is false where the ledger never heard
// of it.
func (l *Ledger) Entry(ctx context.Context, uid dhis2.UID) (e Entry, found bool, err error) {
	err = l.read(ctx, func(tx database.Tx, _ int64) error {
		var dirty int64
		var class string
		found, err = database.Row(tx, `SELECT CASE WHEN e.due IS NULL THEN 0 ELSE 1 END, CASE WHEN e.due IS NULL THEN e.class ELSE '' END,
				COALESCE(f.cause, ''), s.state
			FROM ledger_entity e LEFT JOIN ledger_state s ON s.uid = e.uid LEFT JOIN ledger_failure f ON f.uid = e.uid
			WHERE e.uid = ?1`, []any{uid.String()}, &dirty, &class, &e.Cause, &e.State)
		if e.Dirty, e.Class = dirty == 1, Class(class); class == "" {
			e.Cause = ""
		}
		return err
	})
	return e, found, err
}

// Pending counts what is still to be carried out, those that wait for their
// time among them; quickly, however many entities are known.
func (l *Ledger) Pending(ctx context.Context) (n int, err error) {
	err = l.read(ctx, func(tx database.Tx, _ int64) error {
		_, err := database.Row(tx, `SELECT COUNT(*) FROM ledger_entity WHERE due IS NOT NULL`, nil, &n)
		return err
	})
	return n, err
}

// copyPage bounds the rows that are held in memory while a ledger is copied.
const copyPage = 1000

// CopyTo gives an empty ledger everything that decides what a sweep would find
// and what a run would do now: which entities are known and which are dirty,
// the low-water marks, the pins. Nobody has a claim there. The consumers'
// states and the reasons of failures, by far the largest part, stay behind: ask
// for them with Entry. So a run can be rehearsed, beside those that
// work, without a trace on the ledger itself.
func (l *Ledger) CopyTo(ctx context.Context, empty *Ledger) error {
	return l.read(ctx, func(from database.Tx, now int64) error {
		for _, table := range []struct {
			read  string
			args  []any
			write string
			row   func() []any
		}{
			{`SELECT uid, seq, done, CASE WHEN claim <> '' THEN ?1 ELSE due END, attempts, force, class, hash, marked_at, done_at FROM ledger_entity`, []any{now},
				`INSERT INTO ledger_entity (uid, seq, done, due, attempts, force, class, hash, marked_at, done_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)`,
				func() []any {
					return []any{new(string), new(int64), new(int64), new(*int64), new(int64), new(int64), new(string), new(string), new(int64), new(int64)}
				}},
			{`SELECT program, uid FROM ledger_program`, nil,
				`INSERT INTO ledger_program (program, uid) VALUES (?1, ?2)`,
				func() []any { return []any{new(string), new(string)} }},
			{`SELECT program, low_water FROM ledger_mark`, nil,
				`INSERT INTO ledger_mark (program, low_water, holder, held_until) VALUES (?1, ?2, '', 0)`,
				func() []any { return []any{new(string), new(int64)} }},
			{`SELECT name, value FROM ledger_pin`, nil,
				`INSERT INTO ledger_pin (name, value) VALUES (?1, ?2)`,
				func() []any { return []any{new(string), new(string)} }},
		} {
			var rows [][]any
			flush := func() error {
				err := empty.db.Write(ctx, func(to database.Tx) error {
					_, err := empty.tables(to).ExecMany(table.write, rows)
					return err
				})
				rows = rows[:0]
				return err
			}
			err := from.Each(table.read, table.args, func(scan func(...any) error) error {
				row := table.row()
				if err := scan(row...); err != nil {
					return err
				}
				if rows = append(rows, values(row)); len(rows) < copyPage {
					return nil
				}
				return flush()
			})
			if err != nil {
				return err
			}
			if err := flush(); err != nil {
				return err
			}
		}
		return nil
	})
}

// values are what pointers lead to, as parameters of a statement.
func values(row []any) []any {
	out := make([]any, len(row))
	for i, p := range row {
		switch p := p.(type) {
		case *string:
			out[i] = *p
		case *int64:
			out[i] = *p
		case **int64:
			if *p != nil {
				out[i] = **p
			}
		}
	}
	return out
}

// pinDistrust, before a program's UID, is set while sweeps of the program have
// to force what they find.
const pinDistrust = "distrust."

// Distrust says that the ledger is older than what it describes, as after a
// restore: nothing that it remembers as written is believed. Every entity is
// looked at by force, and so is what the next sweep of each program finds,
// which may be unknown here and written all the same. Nobody may be at work.
func (l *Ledger) Distrust(ctx context.Context) error {
	return l.write(ctx, func(tx database.Tx, now int64) error {
		if _, err := tx.Exec(`UPDATE ledger_entity SET seq = seq + 1, force = 1, hash = '', claim = '', owner = '',
			due = CASE WHEN due IS NULL OR claim <> '' THEN ?1 ELSE due END,
			marked_at = CASE WHEN seq = done THEN ?1 ELSE marked_at END`, now); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO ledger_pin (name, value) SELECT '` + pinDistrust + `' || program, 'yes' FROM ledger_mark WHERE 1 = 1
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`)
		return err
	})
}
