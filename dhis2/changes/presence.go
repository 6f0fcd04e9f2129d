package changes

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/nehrbridge/nehrbridge/config/database"
)

// Presence is the sign of life of one process: a file of its name that it
// keeps locked. The system drops the lock when the process ends, however it
// ends, so whoever can lock the file of another knows that it is dead.
type Presence struct {
	folder string
	name   string
	host   string
	file   *os.File
}

// Appear makes the sign of life of this process in a folder, which is made
// when it is not there. Where files cannot be locked there is an error that
// errors.ErrUnsupported is; then only the lease ends the claims of the dead.
func Appear(folder string) (_ *Presence, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("dhis2/changes: sign of life: %w", err)
	}
	// Under another name until it is locked: nobody shall take it for dead.
	file, err := os.CreateTemp(folder, ".new-*")
	if err != nil {
		return nil, fmt.Errorf("dhis2/changes: sign of life: %w", err)
	}
	p := &Presence{folder: folder, name: rand.Text(), file: file}
	p.host, _ = os.Hostname()
	_, err = file.WriteString(p.host)
	if locked, e := tryLock(file); err == nil && !locked {
		err = e
	}
	if err == nil {
		err = os.Rename(file.Name(), p.path(p.name))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("dhis2/changes: sign of life: %w", err), os.Remove(file.Name()), file.Close())
	}
	return p, nil
}

// Name is that of this process, for Config.Process.
func (p *Presence) Name() string { return p.name }

// Vanish ends the sign of life. Call it when no claim is held any more.
func (p *Presence) Vanish() error {
	return errors.Join(os.Remove(p.path(p.name)), p.file.Close())
}

func (p *Presence) path(name string) string { return filepath.Join(p.folder, name) }

// TakeOver makes what the dead of the folder held due at once, instead of at
// the end of their leases, and returns how many entities that are. What was
// saved before the end may have been sent, and may be under way still: it is
// due after a quarter of a lease, so that the last word is that of who lives. Claims of
// processes that live, here or elsewhere, stay. On PostgreSQL, which other
// machines use as well, only the dead of this host count: the folder may be a
// copy of another machine's. Called on the first consumer's ledger, it is for
// those beside it as well.
func (l *Ledger) TakeOver(ctx context.Context, p *Presence) (n int, err error) {
	names, err := os.ReadDir(p.folder)
	if err != nil {
		return 0, fmt.Errorf("dhis2/changes: look for the dead: %w", err)
	}
	for _, e := range names {
		if e.Name() == p.name || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		one, err := l.bury(ctx, p, e.Name())
		if err != nil {
			return n, err
		}
		n += one
	}
	return n, nil
}

// bury takes over from one process, if it is dead.
func (l *Ledger) bury(ctx context.Context, p *Presence, name string) (int, error) {
	file, err := os.OpenFile(p.path(name), os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil // it has vanished, or another has buried it
	}
	if err != nil {
		return 0, fmt.Errorf("dhis2/changes: look for the dead: %w", err)
	}
	defer file.Close()
	if dead, _ := tryLock(file); !dead {
		return 0, nil
	}
	host := make([]byte, 256)
	read, _ := file.Read(host)
	if l.db.Dialect() == database.PostgreSQL && string(host[:read]) != p.host {
		return 0, nil
	}
	var n int64
	if err := l.write(ctx, func(tx database.Tx, now int64) error {
		const free = `UPDATE ledger_entity SET due = CASE WHEN force = 1 AND due > ?4 THEN ?4 WHEN force = 1 THEN due ELSE ?2 END
			WHERE due > ?2 AND substr(claim, 1, ?3) = ?1`
		args := []any{name + tokenMark, now, int64(len(name + tokenMark)), now + l.cfg.Lease.Milliseconds()/4}
		var err error
		if n, err = tx.Exec(free, args...); err != nil {
			return err
		}
		others, err := l.others(tx)
		for _, c := range others {
			if err == nil {
				var more int64
				more, err = c.Exec(free, args...)
				n += more
			}
		}
		return err
	}); err != nil {
		return 0, err
	}
	if err := os.Remove(p.path(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return int(n), fmt.Errorf("dhis2/changes: sign of life: %w", err)
	}
	return int(n), nil
}
