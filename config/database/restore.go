package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
)

// ErrInUse answers Restore while a process has the database open that would be
// replaced.
var ErrInUse = errors.New("a process works with the database: stop it first")

// RestoreConfig says what is restored, and where.
type RestoreConfig struct {
	// Backup is a file that Backup has made. Required; it is only read.
	Backup string

	// File is where the database shall be. Required.
	File string

	// Migrations are what the program knows: tables of an older backup are
	// brought up to date, those of a newer program are a *NewerError.
	Migrations []Migrations

	// Aside is the name that a database gets which is at File already. Without
	// it nothing is replaced, and os.ErrExist the answer.
	Aside string

	// Prepare works on the restored database before it takes its place; its
	// error ends the restore, with everything as it was. May be nil.
	Prepare func(*DB) error
}

// Restore checks a backup and puts a copy of it in the place of a database that
// nobody uses. Either all of it is done when it returns nil, or nothing: only a
// loss of power at the very end may leave the old database under the name
// Aside alone.
func Restore(ctx context.Context, cfg RestoreConfig) error {
	const op = "restore the database"
	report, err := Check(ctx, cfg.Backup)
	if err != nil {
		return err
	}
	for _, m := range cfg.Migrations {
		if have := report.Versions[m.Owner]; have > len(m.Steps) {
			return &NewerError{Owner: m.Owner, Have: have, Known: len(m.Steps)}
		}
	}
	there := exists(cfg.File)
	if cfg.Aside == "" && len(there) > 0 {
		return fmt.Errorf("%s: there is a database already, or the rest of one: move it away: %w", op, os.ErrExist)
	}
	if len(there) > 0 {
		unlock, err := lockOut(ctx, cfg.File)
		if err != nil {
			return wrapFile(op, err)
		}
		defer unlock()
	}
	return wrapFile(op, publish(cfg.File, func(part string) error {
		if err := copyFile(part, cfg.Backup); err != nil {
			return err
		}
		if err := prepare(ctx, part, cfg); err != nil {
			return err
		}
		if cfg.Aside == "" {
			return nil
		}
		return moveAside(cfg.File, cfg.Aside)
	}))
}

// rests are the files of a database.
var rests = []string{"", "-wal", "-shm", "-journal"}

func exists(file string) (found []string) {
	for _, rest := range rests {
		if _, err := os.Lstat(file + rest); err == nil {
			found = append(found, rest)
		}
	}
	return found
}

// lockOut makes sure that no other process has a database open, and that none
// can open it until unlock. One that is too damaged to be opened is nobody's.
func lockOut(ctx context.Context, file string) (unlock func(), err error) {
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		return func() {}, nil
	}
	pool, err := sql.Open("sqlite", sqliteURI(file, url.Values{"mode": {"rw"}, "_pragma": {"busy_timeout(0)"}}))
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(1)
	conn, err := pool.Conn(ctx)
	unlock = func() {
		if conn != nil {
			conn.Close()
		}
		pool.Close()
	}
	// Everybody who has it open in WAL mode keeps a shared lock, so that leaving
	// the mode succeeds only alone; it also puts what is in the log in its place.
	// The lock that follows is good against everybody only outside of that mode.
	for _, sql := range []string{`PRAGMA journal_mode = DELETE`, `BEGIN EXCLUSIVE`} {
		if err == nil {
			_, err = conn.ExecContext(ctx, sql)
		}
	}
	var mode string
	if err == nil {
		err = conn.QueryRowContext(ctx, `PRAGMA journal_mode`).Scan(&mode)
	}
	if err == nil && mode != "delete" {
		unlock()
		return nil, ErrInUse
	}
	if err == nil {
		return unlock, nil
	}
	unlock()
	switch kind, _ := KindOf(wrap("lock", err)); kind {
	case Busy:
		return nil, ErrInUse
	case Damaged:
		return func() {}, nil
	}
	return nil, err
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// prepare brings a copy up to date and has the caller work on it.
func prepare(ctx context.Context, part string, cfg RestoreConfig) error {
	db, err := Open(ctx, Config{URL: part, Migrations: cfg.Migrations})
	if err != nil {
		return err
	}
	if cfg.Prepare != nil {
		err = cfg.Prepare(db)
	}
	// Closing it puts what is in its log in its place.
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	if left := exists(part); len(left) != 1 {
		return fmt.Errorf("the restored database is not in one file: %v is beside it", left[1:])
	}
	return nil
}

// moveAside gives the files of a database another name, over nothing else.
func moveAside(file, aside string) error {
	for _, rest := range exists(file) {
		// Unlike a rename, a link refuses to replace what is there.
		if err := os.Link(file+rest, aside+rest); err != nil {
			return err
		}
		if err := os.Remove(file + rest); err != nil {
			return err
		}
	}
	return flushFolder(filepath.Dir(aside))
}
