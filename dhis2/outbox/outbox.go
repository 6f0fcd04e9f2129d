package outbox

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Config says where orders are kept, where they go, and how.
type Config struct {
	// DB holds the table of Migrations. Required.
	DB *database.DB

	// Server is where orders go. Required by Run and Once.
	Server Server

	// Same is asked before anything is sent: an error of it keeps everything
	// waiting. It says whether the server is still the one that the orders are
	// for. Defaults to yes.
	Same func(context.Context) error

	// Username gives whom Server signs in as, who stands as the creator of the
	// outbox's events. Strip asks for it when an order is lost. May be nil.
	Username func(context.Context) (string, error)

	// Workers bounds how many orders are under way at a time. Defaults to 4.
	Workers int

	// Lease is how long a process has for one order; three quarters of it
	// bound what is sent. Defaults to 2 min; at most Horizon.
	Lease time.Duration

	// Idle is how often an empty list is looked at again. Defaults to 1 s.
	Idle time.Duration

	// Backoff is the waiting time of an order after its first failure; it
	// doubles with each, up to MaxBackoff. Default to 2 s and 30 min.
	Backoff, MaxBackoff time.Duration

	// MaxPause bounds the pauses while the server is the reason that nothing
	// goes on. Defaults to 1 min.
	MaxPause time.Duration

	// Drain is how long orders that are under way go on after the context of
	// Run has ended. Defaults to 15 s.
	Drain time.Duration

	// Done is told of every try, one at a time; may be nil.
	Done func(Try)

	// Now is the clock. Defaults to the clock of a PostgreSQL server, so that
	// replicas agree, and for SQLite to time.Now.
	Now func() time.Time

	// Rand makes UIDs and claims. Defaults to crypto/rand.
	Rand io.Reader
}

// Horizon bounds leases and waiting times. What lies further ahead was written
// by a clock that has been set back since, and is due at the next start.
const Horizon = time.Hour

func (c Config) withDefaults() Config {
	for d, v := range map[*time.Duration]time.Duration{&c.Lease: 2 * time.Minute, &c.Idle: time.Second, &c.Backoff: 2 * time.Second,
		&c.MaxBackoff: 30 * time.Minute, &c.MaxPause: time.Minute, &c.Drain: 15 * time.Second} {
		if *d == 0 {
			*d = v
		}
	}
	if c.Workers == 0 {
		c.Workers = 4
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Same == nil {
		c.Same = func(context.Context) error { return nil }
	}
	if c.Done == nil {
		c.Done = func(Try) {}
	}
	return c
}

func (c Config) validate() error {
	var wrong []error
	if c.DB == nil {
		wrong = append(wrong, errors.New("DB is needed"))
	}
	if c.Workers < 1 {
		wrong = append(wrong, errors.New("Workers is too small"))
	}
	if c.Lease < time.Second || c.Lease > Horizon {
		wrong = append(wrong, fmt.Errorf("Lease is not within 1 s to %s", Horizon))
	}
	if c.Idle < 0 || c.Backoff < 0 || c.MaxBackoff < c.Backoff || c.MaxBackoff > Horizon || c.MaxPause < 0 || c.Drain < 0 {
		wrong = append(wrong, fmt.Errorf("Idle, Backoff, MaxBackoff, MaxPause or Drain is negative, or out of 0 <= Backoff <= MaxBackoff <= %s", Horizon))
	}
	if len(wrong) > 0 {
		return fmt.Errorf("dhis2/outbox: %w", errors.Join(wrong...))
	}
	return nil
}

// Outbox brings orders to DHIS2. It is safe for use by many goroutines, and
// several processes may work on one database. Its errors are those of
// config/database, besides those that a method names.
type Outbox struct {
	cfg   Config
	clock func(database.Tx) (time.Time, error)
	wake  chan struct{}
	cut   chan struct{}
	tries *tries
}

// New opens the outbox of a database.
func New(ctx context.Context, cfg Config) (*Outbox, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	o := &Outbox{cfg: cfg, wake: make(chan struct{}, 1), cut: make(chan struct{}, 1), tries: newTries()}
	switch {
	case cfg.Now != nil:
		o.clock = func(database.Tx) (time.Time, error) { return cfg.Now(), nil }
	case cfg.DB.Dialect() == database.PostgreSQL:
		o.clock = serverTime
	default:
		o.clock = func(database.Tx) (time.Time, error) { return time.Now(), nil }
	}
	return o, o.write(ctx, func(tx database.Tx, now int64) error {
		_, err := tx.Exec(`UPDATE outbox_order SET due = ?1 WHERE due > ?2`, now, now+Horizon.Milliseconds())
		return err
	})
}

func serverTime(tx database.Tx) (time.Time, error) {
	var ms int64
	_, err := database.Row(tx, `SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint`, nil, &ms)
	return time.UnixMilli(ms), err
}

// write runs f in a transaction, with the time in milliseconds.
func (o *Outbox) write(ctx context.Context, f func(tx database.Tx, now int64) error) error {
	return o.cfg.DB.Write(ctx, func(tx database.Tx) error {
		now, err := o.clock(tx)
		if err != nil {
			return err
		}
		return f(tx, now.UnixMilli())
	})
}

func (o *Outbox) random() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(o.cfg.Rand, b[:]); err != nil {
		return "", fmt.Errorf("dhis2/outbox: random bytes: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

// Order is an item with a name.
type Order struct {
	// Key names the order for whoever puts it, such as "phn/" and the UID of
	// the tracked entity: what is put twice under one key is one order. 1 to
	// 200 characters without spaces, and no person's value.
	Key string

	// Source says what the order comes from, such as "phn" or "portal": up to
	// 20 lower-case letters, digits and hyphens.
	Source string

	// Item is what goes to DHIS2.
	Item Item
}

var (
	keyForm    = regexp.MustCompile(`^[!-~]{1,200}$`)
	sourceForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,19}$`)
)

// ErrOtherItem says that another item was put under the same key, and is not
// done yet.
var ErrOtherItem = errors.New("dhis2/outbox: another item was put under this key")

// Put takes an order, durably, and returns the UID that its object in DHIS2
// has or will have. An order that is there already stays as it is, done or
// not: its UID is returned again, or ErrOtherItem where it is for something
// else.
func (o *Outbox) Put(ctx context.Context, order Order) (uid dhis2.UID, err error) {
	err = o.cfg.DB.Write(ctx, func(tx database.Tx) error {
		uid, err = o.PutIn(tx, order)
		return err
	})
	if err == nil {
		o.Wake()
	}
	return uid, err
}

// PutIn is Put in a transaction of the caller: the order is there if, and only
// if, what else is written in it. Wake saves it from waiting for the next look.
func (o *Outbox) PutIn(tx database.Tx, order Order) (dhis2.UID, error) {
	body, err := order.encode()
	if err != nil {
		return dhis2.UID{}, err
	}
	now, err := o.clock(tx)
	if err != nil {
		return dhis2.UID{}, err
	}
	for {
		uid, err := newUID(o.cfg.Rand)
		if err != nil {
			return dhis2.UID{}, err
		}
		n, err := tx.Exec(`INSERT INTO outbox_order (uid, key, source, kind, subject, body, due, put_at)
				VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7) ON CONFLICT DO NOTHING`,
			uid.String(), order.Key, order.Source, order.Item.Kind(), order.Item.Subject().String(), body, now.UnixMilli())
		if err != nil || n == 1 {
			return uid, err
		}
		var text, kind string
		var stands []byte
		found, err := database.Row(tx, `SELECT uid, kind, body FROM outbox_order WHERE key = ?1`, []any{order.Key}, &text, &kind, &stands)
		switch {
		case err != nil:
			return dhis2.UID{}, err
		case !found:
			continue // the UID is another order's
		case len(stands) > 0 && (kind != order.Item.Kind() || string(stands) != string(body)):
			return dhis2.UID{}, ErrOtherItem
		}
		return dhis2.ParseUID(text)
	}
}

func (r Order) encode() ([]byte, error) {
	if !keyForm.MatchString(r.Key) || !sourceForm.MatchString(r.Source) || r.Item == nil || kinds[r.Item.Kind()] == nil {
		return nil, errors.New("dhis2/outbox: order: want a Key of 1 to 200 characters without spaces, a Source of lower-case letters, and an Item of this package")
	}
	if err := r.Item.Validate(); err != nil {
		return nil, err
	}
	body, err := json.Marshal(r.Item)
	if err != nil {
		return nil, fmt.Errorf("dhis2/outbox: encode %s: %w", r.Item.Kind(), err)
	}
	return body, nil
}

// Wake has an idle run look at the list now. It never blocks.
func (o *Outbox) Wake() { signal(o.wake) }

// Cut ends the drain of a run whose context has ended. It never blocks.
func (o *Outbox) Cut() { signal(o.cut) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
