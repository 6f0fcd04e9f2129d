package database

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
)

// ErrUsePgDump answers Backup of a PostgreSQL database.
var ErrUsePgDump = errors.New("the database is PostgreSQL: back it up with pg_dump, which sees one consistent state too")

// Backup writes a copy of the database as it is at one moment to file, while
// others go on reading and writing. The copy is whole, checked and on the
// disk when Backup returns nil; an existing file is never overwritten.
func (db *DB) Backup(ctx context.Context, file string) error {
	return wrapFile("back up the database", db.driver.backup(ctx, file))
}

// wrapFile leaves alone what says enough by itself.
func wrapFile(op string, err error) error {
	if err == nil || errors.Is(err, ErrUsePgDump) || errors.Is(err, ErrInUse) || errors.Is(err, os.ErrExist) {
		return err
	}
	if _, ok := errors.AsType[*os.PathError](err); ok {
		return fileError(op, err)
	}
	if _, ok := errors.AsType[*os.LinkError](err); ok {
		return fileError(op, err)
	}
	return wrap(op, err)
}

func (d *sqliteDB) backup(ctx context.Context, file string) error {
	return publish(file, func(part string) error {
		// A connection of its own: the copy is a long read, and must hold up
		// neither the writer nor the readers.
		pool, err := sql.Open("sqlite", sqliteURI(d.path, url.Values{"_pragma": {"busy_timeout(10000)"}}))
		if err != nil {
			return err
		}
		_, err = pool.ExecContext(ctx, `VACUUM INTO ?`, part)
		if err = errors.Join(err, pool.Close()); err != nil {
			return err
		}
		_, err = Check(ctx, part)
		return err
	})
}

// publish has make fill a private file beside file, and gives it its name
// when it is whole and on the disk.
func publish(file string, fill func(part string) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*") // mode 0600
	if err != nil {
		return err
	}
	part := f.Name()
	defer func() { err = errors.Join(err, removed(part)) }()
	if err := f.Close(); err != nil {
		return err
	}
	if err := fill(part); err != nil {
		return err
	}
	if err := flush(part); err != nil {
		return err
	}
	// Unlike a rename, a link refuses to replace what is there.
	if err := os.Link(part, file); err != nil {
		return err
	}
	return flushFolder(filepath.Dir(file))
}

func removed(part string) error {
	if err := os.Remove(part); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func flush(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Report is what Check found in a backup.
type Report struct {
	Versions map[string]int // of the tables of each owner
	Bytes    int64          // size of the file
}

// Check reads a whole SQLite file, changes nothing in it, and says whether it
// is sound. Errors are *Error: Damaged for a file that is not.
func Check(ctx context.Context, file string) (Report, error) {
	const op = "check the database"
	info, err := os.Stat(file)
	if err != nil {
		return Report{}, fileError(op, err)
	}
	pool, err := sql.Open("sqlite", sqliteURI(file, url.Values{"mode": {"ro"}, "_pragma": {"query_only(1)"}}))
	if err != nil {
		return Report{}, wrap(op, err)
	}
	defer pool.Close()
	var verdict string
	if err := pool.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&verdict); err != nil {
		return Report{}, wrap(op, err)
	}
	if verdict != "ok" {
		return Report{}, &Error{Op: op, Kind: Damaged}
	}
	r := Report{Versions: map[string]int{}, Bytes: info.Size()}
	rows, err := pool.QueryContext(ctx, `SELECT owner, version FROM schema_version`)
	if err != nil {
		// A sound SQLite file, and not one of ours.
		return Report{}, &Error{Op: op, Kind: Damaged, Err: err}
	}
	defer rows.Close()
	for rows.Next() {
		var owner string
		var version int
		if err := rows.Scan(&owner, &version); err != nil {
			return Report{}, wrap(op, err)
		}
		r.Versions[owner] = version
	}
	return r, wrap(op, rows.Err())
}
