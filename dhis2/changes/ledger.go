package changes

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
)

// Horizon bounds leases and waiting times. What lies further ahead was
// written by a clock that has been set back since, and is due at the next
// start.
const Horizon = time.Hour

// Config says where a ledger is kept, and who works with it.
type Config struct {
	// DB holds the tables of Migrations, and with a Name those of
	// ConsumerMigrations. Required.
	DB *database.DB

	// Name is that of a consumer beside the first, such as "events"; "" is the
	// first. A ledger of its own says what it still has to carry on: what is
	// marked on the first is marked on each of the others in the same
	// transaction, from the time they were first opened, by every process; what
	// is marked on another stays with it.
	Name string

	// ReadOnly looks at the ledger and writes nothing, for a DB that was opened
	// so: what would have to write fails.
	ReadOnly bool

	// Owner names the machine in claims, for people, and in the right to poll,
	// which the next process of the machine has at once. Defaults to a random
	// name.
	Owner string

	// Process names this process in claims, so that TakeOver finds them when
	// it is dead (Presence.Name). No two may have one name. Defaults to a
	// random name: then only their leases end them.
	Process string

	// Lease is how long a claim holds. What a consumer does for one claim has
	// to end before, see Claim.Until. Defaults to 2 min; at most Horizon.
	Lease time.Duration

	// Now is the clock. Defaults to the clock of a PostgreSQL server, so that
	// replicas agree, and for SQLite to the time at the start plus what has
	// gone by, so that a clock that is set moves no lease.
	Now func() time.Time

	// Rand makes claims unique. Defaults to crypto/rand.
	Rand io.Reader
}

// Ledger is the durable list of what has to be carried on. It is safe for use
// by many goroutines, and on PostgreSQL by many processes.
//
// Its errors are those of config/database (*database.Error), besides those
// that a method names.
type Ledger struct {
	db    *database.DB
	cfg   Config
	clock func(database.Tx) (time.Time, error)
}

// New opens the ledger of a database.
func New(ctx context.Context, cfg Config) (l *Ledger, err error) {
	if cfg.Lease == 0 {
		cfg.Lease = 2 * time.Minute
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	var wrong []error
	if cfg.DB == nil {
		wrong = append(wrong, errors.New("DB is needed"))
	}
	if cfg.Lease < time.Second || cfg.Lease > Horizon {
		wrong = append(wrong, fmt.Errorf("Lease is not within 1 s to %s", Horizon))
	}
	if cfg.Name != "" && !consumerName.MatchString(cfg.Name) {
		wrong = append(wrong, errors.New("Name: want up to 20 lower-case letters and digits"))
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("dhis2/changes: ledger: %w", errors.Join(wrong...))
	}
	l = &Ledger{db: cfg.DB, cfg: cfg}
	for _, name := range []*string{&l.cfg.Owner, &l.cfg.Process} {
		if *name == "" {
			if *name, err = l.random(); err != nil {
				return nil, err
			}
		}
	}
	start := time.Now()
	switch {
	case cfg.Now != nil:
		l.clock = func(database.Tx) (time.Time, error) { return cfg.Now(), nil }
	case cfg.DB.Dialect() == database.PostgreSQL:
		l.clock = serverTime
	default:
		l.clock = func(database.Tx) (time.Time, error) { return start.Round(0).Add(time.Since(start)), nil }
	}
	if cfg.ReadOnly {
		return l, nil
	}
	return l, l.write(ctx, func(tx database.Tx, now int64) error {
		if _, err := tx.Exec(`UPDATE ledger_entity SET due = ?1 WHERE due > ?2`, now, now+Horizon.Milliseconds()); err != nil {
			return err
		}
		return l.subscribe(tx)
	})
}

func serverTime(tx database.Tx) (time.Time, error) {
	var ms int64
	_, err := database.Row(tx, `SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint`, nil, &ms)
	return time.UnixMilli(ms), err
}

// write runs f in a transaction, with the time in milliseconds.
func (l *Ledger) write(ctx context.Context, f func(tx database.Tx, now int64) error) error {
	return l.db.Write(ctx, func(tx database.Tx) error {
		now, err := l.clock(tx)
		if err != nil {
			return err
		}
		return f(l.tables(tx), now.UnixMilli())
	})
}

func (l *Ledger) read(ctx context.Context, f func(tx database.Tx, now int64) error) error {
	return l.db.Read(ctx, func(tx database.Tx) error {
		now, err := l.clock(tx)
		if err != nil {
			return err
		}
		return f(l.tables(tx), now.UnixMilli())
	})
}

// tokenMark stands between the name of a process and what makes a claim its
// own.
const tokenMark = "."

// token is the name of a claim, which no other has.
func (l *Ledger) token() (string, error) {
	own, err := l.random()
	return l.cfg.Process + tokenMark + own, err
}

// random is a name that nobody else has.
func (l *Ledger) random() (string, error) {
	var b [12]byte
	if _, err := io.ReadFull(l.cfg.Rand, b[:]); err != nil {
		return "", fmt.Errorf("dhis2/changes: randomness: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}
