package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver
)

// sqliteDB writes through one connection and reads through others.
type sqliteDB struct {
	path    string
	pool    *sql.DB // of the writer
	readers *sql.DB

	readOnly bool     // there is no pool
	writer   sqliteTx // used by whoever holds the turn

	mu      sync.Mutex
	waiting []*job
	turn    bool // somebody writes
	idle    *sync.Cond
	closed  bool
}

// sqliteURI names a file for the driver, with the settings of a connection.
func sqliteURI(path string, settings url.Values) string {
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: settings.Encode()}).String()
}

func openSQLite(ctx context.Context, cfg Config) (driver, error) {
	path, err := filepath.Abs(cfg.URL)
	if err != nil {
		return nil, &Error{Op: "open the database", Kind: Unreachable, Err: err}
	}
	busy := "busy_timeout(" + strconv.FormatInt(cfg.BusyTimeout.Milliseconds(), 10) + ")"
	d := &sqliteDB{path: path, readOnly: cfg.ReadOnly}
	d.idle = sync.NewCond(&d.mu)
	readers := url.Values{"_pragma": {busy, "query_only(1)", "cache_size(-2048)", "temp_store(MEMORY)"}}
	if cfg.ReadOnly {
		if _, err := os.Stat(path); err != nil {
			return nil, fileError("open the database", err)
		}
		readers.Set("mode", "rw") // which makes no file, and may read what a process that died left in its log
		return d, d.openReaders(path, readers, cfg.Connections)
	}
	if err := makePrivate(path); err != nil {
		return nil, err
	}
	if d.pool, err = sql.Open("sqlite", sqliteURI(path, url.Values{
		"_txlock": {"immediate"},
		"_pragma": {busy, "journal_mode(WAL)", "synchronous(FULL)", "cache_size(-8192)", "foreign_keys(1)", "temp_store(MEMORY)"},
	})); err != nil {
		return nil, err
	}
	d.pool.SetMaxOpenConns(1)
	conn, err := d.connect(ctx, cfg.BusyTimeout)
	if err != nil {
		return nil, errors.Join(wrap("open the database", err), d.pool.Close())
	}
	d.writer = sqliteTx{conn: conn, prepared: map[string]*sql.Stmt{}}
	if err := d.openReaders(path, readers, cfg.Connections); err != nil {
		return nil, errors.Join(err, conn.Close(), d.pool.Close())
	}
	return d, nil
}

// connect opens the writer's connection. Where several processes begin at once, SQLite
// answers some of them that the file is busy without waiting for the others: the
// switch to the write-ahead log is not covered by busy_timeout.
func (d *sqliteDB) connect(ctx context.Context, patience time.Duration) (*sql.Conn, error) {
	deadline := time.Now().Add(patience)
	for wait := time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		conn, err := d.pool.Conn(ctx)
		if kind, ok := KindOf(wrap("open the database", err)); !ok || kind != Busy || time.Now().Add(wait).After(deadline) {
			return conn, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

func (d *sqliteDB) openReaders(path string, settings url.Values, n int) (err error) {
	if d.readers, err = sql.Open("sqlite", sqliteURI(path, settings)); err != nil {
		return err
	}
	d.readers.SetMaxOpenConns(n)
	d.readers.SetMaxIdleConns(1)
	return nil
}

// makePrivate makes the file before SQLite does, so that nobody else may read
// it, ever. What is there keeps its mode: the operator may have chosen it.
func makePrivate(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fileError("open the database", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fileError("open the database", err)
	}
	return f.Close()
}

func fileError(op string, err error) error {
	kind := Unreachable
	switch {
	case errors.Is(err, os.ErrPermission), isErrno(err, errReadOnlyFS):
		kind = ReadOnly
	case isErrno(err, errNoSpace):
		kind = Full
	}
	return &Error{Op: op, Kind: kind, Err: err}
}

func (d *sqliteDB) dialect() Dialect { return SQLite }

func (d *sqliteDB) read(ctx context.Context, f func(Tx) error) error {
	conn, err := d.readers.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	tx := &sqliteTx{conn: conn, prepared: map[string]*sql.Stmt{}}
	defer tx.forget()
	if _, err := tx.Exec("BEGIN"); err != nil {
		return err
	}
	err = f(tx)
	_, end := tx.Exec("ROLLBACK")
	return errors.Join(err, end)
}

func (d *sqliteDB) close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed = true
	for d.turn {
		d.idle.Wait()
	}
	d.mu.Unlock()
	if d.readOnly {
		return d.readers.Close()
	}
	d.writer.forget()
	return errors.Join(d.readers.Close(), d.writer.conn.Close(), d.pool.Close())
}

// sqliteTx runs statements on one connection and keeps them prepared.
type sqliteTx struct {
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
}

// forever: a statement is never cut in its middle, since others share its
// transaction. Each is short.
var forever = context.Background()

func (t *sqliteTx) statement(query string) (*sql.Stmt, error) {
	if s := t.prepared[query]; s != nil {
		return s, nil
	}
	s, err := t.conn.PrepareContext(forever, query)
	if err != nil {
		return nil, err
	}
	if len(t.prepared) < 128 {
		t.prepared[query] = s
		return s, nil
	}
	return nil, errors.Join(fmt.Errorf("config/database: more than 128 different statements: use parameters"), s.Close())
}

func (t *sqliteTx) forget() {
	for _, s := range t.prepared {
		s.Close()
	}
	clear(t.prepared)
}

func (t *sqliteTx) Exec(query string, args ...any) (int64, error) {
	s, err := t.statement(query)
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(forever, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (t *sqliteTx) ExecMany(query string, rows [][]any) ([]int64, error) {
	changed := make([]int64, len(rows))
	for i, args := range rows {
		n, err := t.Exec(query, args...)
		if err != nil {
			return nil, err
		}
		changed[i] = n
	}
	return changed, nil
}

func (t *sqliteTx) Each(query string, args []any, row func(func(...any) error) error) error {
	s, err := t.statement(query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(forever, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
