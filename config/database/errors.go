package database

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Kind says what went wrong with the database, as far as a caller or an
// operator can do something about it.
type Kind int

// The kinds of errors.
const (
	Failed      Kind = iota // anything else
	ReadOnly                // the file, its folder or the server refuses to be written
	Full                    // no space is left
	Busy                    // another process holds the database, or a deadlock was broken: try again
	Unreachable             // no connection: the server is away, or the file cannot be opened
	Damaged                 // not a database, or a broken one: restore a backup
	Disk                    // the file cannot be read or written: a quota, a limit, or a broken disk
)

var cure = map[Kind]string{
	Failed:      "the database failed",
	ReadOnly:    "the database cannot be written: check the rights of the file and its folder, or of the role",
	Full:        "no space is left for the database: free some, nothing was lost",
	Busy:        "another process holds the database",
	Unreachable: "the database cannot be reached or opened",
	Damaged:     "the file is damaged or not a database: restore a backup",
	Disk:        "the file cannot be read or written: a quota or a limit of its size is reached, or the disk is broken",
}

// Error is a failure of the database. It never holds the address, which may
// contain a password, nor a value that was to be written.
type Error struct {
	Op   string // "open", "write", "read", "backup", …
	Kind Kind
	Err  error // the driver's; nil where Kind says it all
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s: %s", e.Op, cure[e.Kind])
	if code := driverCode(e.Err); code != "" {
		text += " (" + code + ")"
	}
	return text
}

// Unwrap gives the driver's error.
func (e *Error) Unwrap() error { return e.Err }

// Retryable reports whether the same may succeed later by itself, or as soon
// as somebody has cleared the disk.
func (e *Error) Retryable() bool {
	return e.Kind == Busy || e.Kind == Unreachable || e.Kind == Full || e.Kind == ReadOnly || e.Kind == Disk
}

// Away reports whether a database server does not let us in, and may later. A
// file that cannot be opened is no server.
func (e *Error) Away() bool {
	_, connect := errors.AsType[*pgconn.ConnectError](e.Err)
	_, refused := errors.AsType[*pgconn.PgError](e.Err)
	return e.Kind == Unreachable && (connect || refused)
}

// driverCode gives the code alone: a driver's words may quote values.
func driverCode(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return "SQLSTATE " + e.Code
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return fmt.Sprintf("SQLite %d", e.Code())
	}
	return ""
}

// wrap types an error of a driver. Everything else, such as what the caller's
// own function returned, passes as it is.
func wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Error](err); ok || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return &Error{Op: op, Kind: sqliteKind(e.Code()), Err: err}
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return &Error{Op: op, Kind: postgresKind(e.Code), Err: err}
	}
	_, connect := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[net.Error](err)
	if connect || network || pgconn.SafeToRetry(err) {
		return &Error{Op: op, Kind: Unreachable, Err: err}
	}
	return err
}

func sqliteKind(code int) Kind {
	switch code & 0xff { // the primary result code (rescode.html section 1)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return ReadOnly
	case sqlite3.SQLITE_FULL:
		return Full
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return Busy
	case sqlite3.SQLITE_IOERR:
		return Disk
	case sqlite3.SQLITE_CANTOPEN:
		return Unreachable
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return Damaged
	}
	return Failed
}

// postgresKind reads a SQLSTATE (PostgreSQL, appendix A).
func postgresKind(state string) Kind {
	switch state {
	case "53100":
		return Full
	case "58030":
		return Disk
	case "25006", "42501":
		return ReadOnly
	case "40001", "40P01", "55P03":
		return Busy
	case "XX001", "XX002":
		return Damaged
	}
	switch state[:min(2, len(state))] {
	case "08", "28", "3D", "53", "57":
		return Unreachable
	}
	return Failed
}

// KindOf gives the kind of a database error anywhere in err's chain; ok is
// false where there is none.
func KindOf(err error) (kind Kind, ok bool) {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return Failed, false
	}
	return e.Kind, true
}

// NewerError says that a database was migrated by a newer version of the
// program. Nothing was changed.
type NewerError struct {
	Owner       string // of the tables
	Have, Known int    // version of the database, newest that this program knows
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("the tables of %s are of version %d, this program knows up to %d: use a newer program, or restore an older backup", e.Owner, e.Have, e.Known)
}

// OlderError says that a database that is only to be looked at has tables of an
// older version of the program, or none yet (Have 0).
type OlderError struct {
	Owner       string // of the tables
	Have, Known int    // version of the database, of this program
}

func (e *OlderError) Error() string {
	return fmt.Sprintf("the tables of %s are of version %d, this program works with %d: a run that may write brings them up to date", e.Owner, e.Have, e.Known)
}

var errReadOnly = errors.New("opened to look only")
