package database

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Dialect names the database behind a DB.
type Dialect int

// The two databases.
const (
	SQLite Dialect = iota
	PostgreSQL
)

func (d Dialect) String() string { return [...]string{"SQLite", "PostgreSQL"}[d] }

// Config says which database to open.
type Config struct {
	// URL is the path of a SQLite file, which is made when it is not there
	// (mode 0600, its folder 0700), or postgres://user:password@host/name.
	// Required.
	URL string

	// Migrations are brought up to date when the database is opened, in this
	// order. An owner that is not named here is left alone.
	Migrations []Migrations

	// ReadOnly looks at a database that others work with: nothing is made,
	// brought up to date or written. One that is not there is an *Error with
	// os.ErrNotExist, one that was not brought up to date an *OlderError.
	ReadOnly bool

	// BusyTimeout is how long a write waits for another process that holds
	// the SQLite file. Defaults to 10 s.
	BusyTimeout time.Duration

	// Connections bounds those to PostgreSQL, and the readers of SQLite.
	// Defaults to 4.
	Connections int
}

func (c Config) withDefaults() Config {
	if c.BusyTimeout == 0 {
		c.BusyTimeout = 10 * time.Second
	}
	if c.Connections == 0 {
		c.Connections = 4
	}
	return c
}

func (c Config) validate() error {
	var wrong []error
	if c.URL == "" {
		wrong = append(wrong, errors.New("URL is empty: give the path of a file, or postgres://…"))
	}
	if strings.Contains(c.URL, "://") && !isPostgres(c.URL) {
		wrong = append(wrong, errors.New("URL: want the path of a file, or postgres://…"))
	}
	if strings.ContainsRune(c.URL, 0) || strings.HasPrefix(c.URL, ":memory:") {
		wrong = append(wrong, errors.New("URL: not the path of a file; a database in memory would forget what was promised"))
	}
	if c.BusyTimeout < 0 || c.Connections < 0 {
		wrong = append(wrong, errors.New("BusyTimeout and Connections must not be negative"))
	}
	for _, m := range c.Migrations {
		if m.Owner == "" {
			wrong = append(wrong, errors.New("Migrations without an Owner"))
		}
	}
	if len(wrong) > 0 {
		return errors.Join(append([]error{errors.New("config/database: configuration")}, wrong...)...)
	}
	return nil
}

func isPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

// Tx is one transaction. Statements are written with parameters ?1, ?2, …; a
// parameter or a column is an int64, a bool, a string, a []byte or nil (times
// are numbers: both databases order them alike).
type Tx interface {
	// Exec runs a statement and returns how many rows it changed.
	Exec(query string, args ...any) (int64, error)

	// ExecMany runs one statement with each of rows, in order, in one trip to
	// the server where there is one, and returns the rows that each changed.
	ExecMany(query string, rows [][]any) ([]int64, error)

	// Each calls row for every row of the answer. scan copies the columns.
	// Statements must not be run inside row.
	Each(query string, args []any, row func(scan func(dest ...any) error) error) error
}

// Row reads at most one row and reports whether there was one.
func Row(tx Tx, query string, args []any, dest ...any) (found bool, err error) {
	err = tx.Each(query, args, func(scan func(dest ...any) error) error {
		found = true
		return scan(dest...)
	})
	return found, err
}

// driver is one of the two databases.
type driver interface {
	dialect() Dialect
	write(ctx context.Context, f func(Tx) error) error
	read(ctx context.Context, f func(Tx) error) error
	backup(ctx context.Context, file string) error
	close() error
}

// DB is an open database, safe for use by many goroutines.
type DB struct{ driver driver }

// Open opens the database and brings its tables up to date. Errors are
// *Error, *NewerError, *OlderError, or name every wrong field of the configuration.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	open := openSQLite
	if isPostgres(cfg.URL) {
		open = openPostgres
	}
	d, err := open(ctx, cfg)
	if err != nil {
		return nil, wrap("open the database", err)
	}
	db := &DB{driver: d}
	prepare := db.migrate
	if cfg.ReadOnly {
		prepare = db.compare
	}
	if err := prepare(ctx, cfg.Migrations); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return db, nil
}

// Dialect tells which database it is.
func (db *DB) Dialect() Dialect { return db.driver.dialect() }

// Write runs f in a transaction that is durable when Write returns nil. An
// error of f undoes what f did, and is returned as it is; f must have no other
// effect, because PostgreSQL may have it run again after a deadlock.
func (db *DB) Write(ctx context.Context, f func(Tx) error) error {
	return wrap("write to the database", db.driver.write(ctx, f))
}

// Read runs f on one consistent state of the database.
func (db *DB) Read(ctx context.Context, f func(Tx) error) error {
	return wrap("read the database", db.driver.read(ctx, f))
}

// Close waits for writes that are under way.
func (db *DB) Close() error { return wrap("close the database", db.driver.close()) }
