package changes

import (
	"context"
	"errors"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Change says that a tracked entity may have changed. What changed is read
// from DHIS2 when its turn comes.
type Change struct {
	TrackedEntity dhis2.UID // required
	Program       dhis2.UID // in which it was seen; may be zero

	// Force has the consumer write even what it believes to be written.
	Force bool
}

// markRow coalesces: a row that waits already keeps its place in the queue, a
// row that is claimed or backs off keeps its time, one that was set aside
// comes back, because what was wrong with it may have been corrected.
const markRow = `INSERT INTO ledger_entity (uid, seq, done, due, force, marked_at) VALUES (?1, 1, 0, ?2, ?3, ?2)
	ON CONFLICT (uid) DO UPDATE SET
		seq = ledger_entity.seq + 1,
		due = COALESCE(ledger_entity.due, excluded.due),
		force = CASE WHEN excluded.force = 1 THEN 1 ELSE ledger_entity.force END,
		marked_at = CASE WHEN ledger_entity.seq = ledger_entity.done THEN excluded.marked_at ELSE ledger_entity.marked_at END`

const markProgram = `INSERT INTO ledger_program (program, uid) VALUES (?1, ?2) ON CONFLICT DO NOTHING`

// errNoUID: a row without an identifier can never be looked at again.
var errNoUID = errors.New("dhis2/changes: a change without the UID of a tracked entity")

// MarkDirty puts tracked entities on the list, all or none; what is on it
// already is counted up, so that a completion that began before does not
// clear the mark. Naming one several times does no harm.
func (l *Ledger) MarkDirty(ctx context.Context, changes ...Change) error {
	return l.markDirty(ctx, changes, l.spread)
}

// MarkAgain is MarkDirty for this consumer alone: nothing changed that the
// others would have to hear of, but it is to be looked at once more.
func (l *Ledger) MarkAgain(ctx context.Context, changes ...Change) error {
	return l.markDirty(ctx, changes, func(database.Tx, [][]any) error { return nil })
}

func (l *Ledger) markDirty(ctx context.Context, changes []Change, spread func(database.Tx, [][]any) error) error {
	if len(changes) == 0 {
		return nil
	}
	seen := make(map[dhis2.UID]int, len(changes))
	marks := make([][]any, 0, len(changes))
	var programs [][]any
	for _, c := range changes {
		if c.TrackedEntity.IsZero() {
			return errNoUID
		}
		uid := c.TrackedEntity.String()
		if !c.Program.IsZero() {
			programs = append(programs, []any{c.Program.String(), uid})
		}
		if i, ok := seen[c.TrackedEntity]; ok {
			if c.Force {
				marks[i][2] = int64(1)
			}
			continue
		}
		seen[c.TrackedEntity] = len(marks)
		marks = append(marks, []any{uid, nil, number(c.Force)})
	}
	// One order for everybody, so that replicas on PostgreSQL cannot wait for
	// each other in a circle.
	sortRows(marks, 0)
	sortRows(programs, 1)
	return l.write(ctx, func(tx database.Tx, now int64) error {
		for _, row := range marks {
			row[1] = now
		}
		if _, err := tx.ExecMany(markRow, marks); err != nil {
			return err
		}
		if err := spread(tx, marks); err != nil {
			return err
		}
		_, err := tx.ExecMany(markProgram, programs)
		return err
	})
}

// MarkKnown marks those that the ledger has a row of already, and leaves the
// others alone.
func (l *Ledger) MarkKnown(ctx context.Context, uids ...dhis2.UID) error {
	if len(uids) == 0 {
		return nil
	}
	rows := make([][]any, len(uids))
	for i, u := range uids {
		rows[i] = []any{u.String(), nil}
	}
	sortRows(rows, 0)
	return l.write(ctx, func(tx database.Tx, now int64) error {
		for _, row := range rows {
			row[1] = now
		}
		found, err := tx.ExecMany(`UPDATE ledger_entity SET seq = seq + 1, due = COALESCE(due, ?2),
			marked_at = CASE WHEN seq = done THEN ?2 ELSE marked_at END WHERE uid = ?1`, rows)
		if err != nil {
			return err
		}
		var known [][]any
		for i, row := range rows {
			if found[i] > 0 {
				known = append(known, append(row, number(false)))
			}
		}
		return l.spread(tx, known)
	})
}

// MarkProgram puts every tracked entity that was ever seen in a program on
// the list, as after a change of the UID map, and returns how many.
func (l *Ledger) MarkProgram(ctx context.Context, program dhis2.UID, force bool) (int, error) {
	var n int64
	err := l.write(ctx, func(tx database.Tx, now int64) (err error) {
		n, err = tx.Exec(`UPDATE ledger_entity SET seq = seq + 1, due = COALESCE(due, ?2),
			force = CASE WHEN ?3 = 1 THEN 1 ELSE force END,
			marked_at = CASE WHEN seq = done THEN ?2 ELSE marked_at END
			WHERE uid IN (SELECT uid FROM ledger_program WHERE program = ?1)`, program.String(), now, number(force))
		return err
	})
	return int(n), err
}

// Known calls yield with every tracked entity that was seen in a program, in
// the order of the UIDs, until it returns an error.
func (l *Ledger) Known(ctx context.Context, program dhis2.UID, yield func(dhis2.UID) error) error {
	return l.read(ctx, func(tx database.Tx, _ int64) error {
		return tx.Each(`SELECT uid FROM ledger_program WHERE program = ?1 ORDER BY uid`, []any{program.String()},
			func(scan func(...any) error) error {
				uid, err := scanUID(scan)
				if err != nil {
					return err
				}
				return yield(uid)
			})
	})
}
