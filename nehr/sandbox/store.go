package sandbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite", without CGO

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// schemaVersion is written to SQLite's user_version; a newer file is refused.
const schemaVersion = 1

// One row per resource for what stands, one per version for what stood. The
// rows of search are one per value of a search parameter: a token has system
// and value, a string its raw form in system and its folded form in value, a
// reference its bare id in system and Type/id in value, a date the first and
// last millisecond of what it covers.
const schema = `
CREATE TABLE resource (
  seq INTEGER PRIMARY KEY, type TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
  updated INTEGER NOT NULL, deleted INTEGER NOT NULL, body BLOB, UNIQUE (type, id));
CREATE TABLE version (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
  updated INTEGER NOT NULL, method TEXT NOT NULL, body BLOB, UNIQUE (type, id, version));
CREATE TABLE search (
  type TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
  system TEXT NOT NULL DEFAULT '', value TEXT NOT NULL DEFAULT '', low INTEGER, high INTEGER);
CREATE INDEX search_value ON search (type, name, value, system, id);
CREATE INDEX search_date ON search (type, name, low, high);
CREATE INDEX search_owner ON search (type, id);
CREATE TABLE reference (type TEXT NOT NULL, id TEXT NOT NULL, target_type TEXT NOT NULL, target_id TEXT NOT NULL);
CREATE INDEX reference_owner ON reference (type, id);
CREATE INDEX reference_target ON reference (target_type, target_id);
`

// open opens the database and lays out its tables. One connection serves all:
// SQLite has one writer, and a sandbox needs no more readers than that.
func open(path string) (*sql.DB, error) {
	dsn := "file::memory:?_txlock=immediate"
	if path != "" && path != ":memory:" {
		dsn = "file:" + (&url.URL{Path: path}).EscapedPath() +
			"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)"
	}
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("open the sandbox's database: %w", err)
	}
	db.SetMaxOpenConns(1)
	if err := migrate(db); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

func migrate(db *sql.DB) error {
	var version int
	if err := db.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("read the version of the sandbox's database: %w", err)
	}
	switch {
	case version == schemaVersion:
		return nil
	case version != 0:
		return fmt.Errorf("the sandbox's database has version %d, this program knows %d: use another file or a newer program", version, schemaVersion)
	}
	if _, err := db.Exec(fmt.Sprintf("BEGIN; %s PRAGMA user_version = %d; COMMIT", schema, schemaVersion)); err != nil {
		return fmt.Errorf("lay out the sandbox's database: %w", err)
	}
	return nil
}

// session is one request's view of the store, inside one SQL transaction.
type session struct {
	ctx    context.Context
	tx     *sql.Tx
	server *Server
	base   string // absolute base of this request's URLs, without a slash at the end
	now    time.Time
	// stmts are the statements prepared in this transaction: one of 40 entries
	// runs a few of them hundreds of times.
	stmts map[string]*sql.Stmt
}

func (x *session) prepare(query string) (*sql.Stmt, error) {
	if s := x.stmts[query]; s != nil {
		return s, nil
	}
	s, err := x.tx.PrepareContext(x.ctx, query)
	if err == nil {
		x.stmts[query] = s
	}
	return s, err
}

func (x *session) exec(query string, args ...any) error {
	s, err := x.prepare(query)
	if err == nil {
		_, err = s.ExecContext(x.ctx, args...)
	}
	return err
}

// one reads one row into places; it reports false when there is none.
func (x *session) one(query string, args []any, places ...any) (bool, error) {
	s, err := x.prepare(query)
	if err != nil {
		return false, err
	}
	err = s.QueryRowContext(x.ctx, args...).Scan(places...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// standing is a resource as it stands, deleted ones included.
type standing struct {
	typ, id string
	version int64
	updated time.Time
	deleted bool
	body    *fhirjson.Value // nil when deleted
}

// load gives the current state, or nil when there never was such a resource.
func (x *session) load(typ, id string) (*standing, error) {
	s := standing{typ: typ, id: id}
	var updated int64
	var body []byte
	found, err := x.one("SELECT version, updated, deleted, body FROM resource WHERE type=? AND id=?", []any{typ, id},
		&s.version, &updated, &s.deleted, &body)
	if err != nil {
		return nil, fmt.Errorf("read %s/%s: %w", typ, id, err)
	}
	if !found {
		return nil, nil
	}
	s.updated = time.UnixMilli(updated).UTC()
	if !s.deleted {
		if s.body, err = fhirjson.Parse(body); err != nil {
			return nil, fmt.Errorf("stored %s/%s: %w", typ, id, err)
		}
	}
	return &s, nil
}

// exists tells whether a resource stands, for the integrity of references.
func (x *session) exists(typ, id string) (bool, error) {
	var one int
	return x.one("SELECT 1 FROM resource WHERE type=? AND id=? AND deleted=0", []any{typ, id}, &one)
}

// save writes a new version. A nil body is a deletion.
func (x *session) save(s *standing, method string) error {
	var body []byte
	if s.body != nil {
		body = s.body.Encode()
	}
	updated := s.updated.UnixMilli()
	if err := x.exec(`INSERT INTO resource (type, id, version, updated, deleted, body) VALUES (?,?,?,?,?,?)
		ON CONFLICT (type, id) DO UPDATE SET version=excluded.version, updated=excluded.updated, deleted=excluded.deleted, body=excluded.body`,
		s.typ, s.id, s.version, updated, s.deleted, body); err != nil {
		return fmt.Errorf("store %s/%s: %w", s.typ, s.id, err)
	}
	if err := x.exec("INSERT INTO version (type, id, version, updated, method, body) VALUES (?,?,?,?,?,?)",
		s.typ, s.id, s.version, updated, method, body); err != nil {
		return fmt.Errorf("store a version of %s/%s: %w", s.typ, s.id, err)
	}
	if err := x.index(s); err != nil {
		return fmt.Errorf("index %s/%s: %w", s.typ, s.id, err)
	}
	return nil
}

// index replaces the rows by which a resource is found.
func (x *session) index(s *standing) error {
	if s.version > 1 {
		for _, table := range []string{"search", "reference"} {
			if err := x.exec("DELETE FROM "+table+" WHERE type=? AND id=?", s.typ, s.id); err != nil {
				return err
			}
		}
	}
	if s.body == nil {
		return nil
	}
	for _, row := range indexRows(s.typ, s.body) {
		if err := x.exec("INSERT INTO search (type, id, name, system, value, low, high) VALUES (?,?,?,?,?,?,?)",
			s.typ, s.id, row.name, row.system, row.value, row.low, row.high); err != nil {
			return err
		}
	}
	for _, to := range localTargets(s.typ, s.body) {
		if err := x.exec("INSERT INTO reference (type, id, target_type, target_id) VALUES (?,?,?,?)", s.typ, s.id, to[0], to[1]); err != nil {
			return err
		}
	}
	return nil
}
