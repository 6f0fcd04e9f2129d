package outbox

import (
	"context"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
)

// State is where an order stands.
type State string

// The states.
const (
	Waiting State = "waiting" // to be tried, or under way
	Ended   State = "done"    // see Result
	Dead    State = "dead-letter"
)

// Letter is an order as it stands, without its content.
type Letter struct {
	UID      dhis2.UID `json:"uid"`
	Key      string    `json:"key"`
	Source   string    `json:"source"`
	Kind     string    `json:"kind"`
	Subject  dhis2.UID `json:"trackedEntity"`
	State    State     `json:"state"`
	Result   Result    `json:"result,omitzero"`
	Attempts int       `json:"attempts"`
	Cause    string    `json:"cause,omitzero"`   // of the last failure: codes of DHIS2, or a status
	Message  string    `json:"message,omitzero"` // of the last failure, without a person's value
	PutAt    time.Time `json:"putAt"`
	EndedAt  time.Time `json:"endedAt,omitzero"`
}

const letterColumns = `SELECT uid, key, source, kind, subject, CASE WHEN due IS NULL THEN 1 ELSE 0 END, result, attempts, cause, message, put_at, ended_at FROM outbox_order `

func (o *Outbox) letters(ctx context.Context, where string, args ...any) ([]Letter, error) {
	var out []Letter
	err := o.cfg.DB.Read(ctx, func(tx database.Tx) error {
		out = out[:0]
		return tx.Each(letterColumns+where, args, func(scan func(...any) error) error {
			var l Letter
			var uid, subject, result string
			var ended, attempts, put, end int64
			if err := scan(&uid, &l.Key, &l.Source, &l.Kind, &subject, &ended, &result, &attempts, &l.Cause, &l.Message, &put, &end); err != nil {
				return err
			}
			l.Attempts, l.Result, l.PutAt = int(attempts), Result(result), time.UnixMilli(put)
			switch {
			case ended == 0:
				l.State = Waiting
			case l.Result != "":
				l.State = Ended
			default:
				l.State = Dead
			}
			if end > 0 {
				l.EndedAt = time.UnixMilli(end)
			}
			var err error
			if l.UID, err = dhis2.ParseUID(uid); err != nil {
				return err
			}
			l.Subject, err = dhis2.ParseUID(subject)
			out = append(out, l)
			return err
		})
	})
	return out, err
}

// Get gives the order of a key.
func (o *Outbox) Get(ctx context.Context, key string) (l Letter, found bool, err error) {
	return first(o.letters(ctx, `WHERE key = ?1`, key))
}

// Of gives the orders of a source that are about a tracked entity, the newest first.
func (o *Outbox) Of(ctx context.Context, source string, trackedEntity dhis2.UID) ([]Letter, error) {
	return o.letters(ctx, `WHERE subject = ?2 AND source = ?1 ORDER BY put_at DESC, length(key) DESC, key DESC`, source, trackedEntity.String())
}

// Fallen gives the orders of a source that ended with nothing of theirs in DHIS2, being
// taken or discarded, of each tracked entity at most one: its newest order.
func (o *Outbox) Fallen(ctx context.Context, source string) ([]Letter, error) {
	return o.letters(ctx, `WHERE source = ?1 AND result IN ('taken', 'discarded') AND NOT EXISTS (SELECT 1 FROM outbox_order newer
		WHERE newer.subject = outbox_order.subject AND newer.source = ?1
			AND (newer.put_at > outbox_order.put_at OR newer.put_at = outbox_order.put_at AND newer.key > outbox_order.key)) ORDER BY put_at, uid`, source)
}

// Origin gives the order that an object of DHIS2 is from, such as an event:
// its Key is that of whoever put it.
func (o *Outbox) Origin(ctx context.Context, uid dhis2.UID) (l Letter, found bool, err error) {
	if !Marked(uid) {
		return Letter{}, false, nil
	}
	return first(o.letters(ctx, `WHERE uid = ?1`, uid.String()))
}

func first(all []Letter, err error) (Letter, bool, error) {
	if err != nil || len(all) == 0 {
		return Letter{}, false, err
	}
	return all[0], true, nil
}

// DeadLetters gives those that no waiting mends, the oldest first.
func (o *Outbox) DeadLetters(ctx context.Context) ([]Letter, error) {
	return o.letters(ctx, `WHERE due IS NULL AND result = '' ORDER BY ended_at, uid`)
}

// Open gives those that wait, the oldest first.
func (o *Outbox) Open(ctx context.Context) ([]Letter, error) {
	return o.letters(ctx, `WHERE due IS NOT NULL ORDER BY put_at, uid`)
}

// Retry puts dead letters back on the list, the named ones or, without a name,
// all, and returns how many those are.
func (o *Outbox) Retry(ctx context.Context, uids ...dhis2.UID) (n int, err error) {
	err = o.each(ctx, uids, func(tx database.Tx, now int64, where string, args ...any) (int64, error) {
		return tx.Exec(`UPDATE outbox_order SET due = ?1, ended_at = 0, attempts = 0 WHERE due IS NULL AND result = ''`+where, append([]any{now}, args...)...)
	}, &n)
	if err == nil {
		o.Wake()
	}
	return n, err
}

// Discard gives up on dead letters: their content is wiped, their key stays
// taken. It returns how many those are.
func (o *Outbox) Discard(ctx context.Context, uids ...dhis2.UID) (n int, err error) {
	if len(uids) == 0 {
		return 0, nil
	}
	err = o.each(ctx, uids, func(tx database.Tx, now int64, where string, args ...any) (int64, error) {
		return tx.Exec(`UPDATE outbox_order SET result = 'discarded', body = ?1 WHERE due IS NULL AND result = ''`+where, append([]any{[]byte{}}, args...)...)
	}, &n)
	return n, err
}

func (o *Outbox) each(ctx context.Context, uids []dhis2.UID, do func(tx database.Tx, now int64, where string, args ...any) (int64, error), total *int) error {
	return o.write(ctx, func(tx database.Tx, now int64) error {
		*total = 0
		if len(uids) == 0 {
			n, err := do(tx, now, "")
			*total = int(n)
			return err
		}
		for _, uid := range uids {
			n, err := do(tx, now, ` AND uid = ?2`, uid.String())
			if err != nil {
				return err
			}
			*total += int(n)
		}
		return nil
	})
}

// Hurry has what waits after a failure tried at once: somebody who asks does
// not wait for a time that was set when things were worse.
func (o *Outbox) Hurry(ctx context.Context) error {
	return o.write(ctx, func(tx database.Tx, now int64) error {
		_, err := tx.Exec(`UPDATE outbox_order SET due = ?1 WHERE due > ?1 AND claim = ''`, now)
		return err
	})
}

// Stats is what the outbox holds.
type Stats struct {
	Waiting int           // to be tried, or under way
	Oldest  time.Duration // how long the oldest of them waits; 0 for none
	Dead    int           // dead letters
}

// Stats counts what is not done.
func (o *Outbox) Stats(ctx context.Context) (s Stats, err error) {
	err = o.cfg.DB.Read(ctx, func(tx database.Tx) error {
		now, err := o.clock(tx)
		if err != nil {
			return err
		}
		var waiting, oldest, dead int64
		if _, err := database.Row(tx, `SELECT COUNT(*), COALESCE(MIN(put_at), ?1) FROM outbox_order WHERE due IS NOT NULL`,
			[]any{now.UnixMilli()}, &waiting, &oldest); err != nil {
			return err
		}
		_, err = database.Row(tx, `SELECT COUNT(*) FROM outbox_order WHERE due IS NULL AND result = ''`, nil, &dead)
		s = Stats{Waiting: int(waiting), Dead: int(dead), Oldest: max(0, now.Sub(time.UnixMilli(oldest)))}
		return err
	})
	return s, err
}
