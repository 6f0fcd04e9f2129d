package database_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
)

func TestBackupWhileOthersWrite(t *testing.T) {
	dir := t.TempDir()
	db := open(t, filepath.Join(dir, "db"), versions(2))
	for i := range 200 {
		if err := put(db, fmt.Sprint("before", i), 1); err != nil {
			t.Fatal(err)
		}
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			// Always two at once: a copy must not hold one of them.
			if err := db.Write(ctx, func(tx database.Tx) error {
				_, err := tx.ExecMany(`INSERT INTO thing (name, n) VALUES (?1, 2)`, [][]any{{fmt.Sprint("l", i)}, {fmt.Sprint("r", i)}})
				return err
			}); err != nil {
				t.Error(err)
			}
		}
	})
	file := filepath.Join(dir, "copy")
	err := db.Backup(ctx, file)
	close(stop)
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	report, err := database.Check(ctx, file)
	if err != nil || report.Versions["test"] != 2 || report.Bytes == 0 {
		t.Fatalf("check: %+v, %v", report, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy can be read by others: %v %v", info.Mode(), err)
	}
	if err := db.Backup(ctx, file); !errors.Is(err, os.ErrExist) {
		t.Errorf("got %v, want that the file exists", err)
	}

	again := filepath.Join(dir, "again")
	if err := database.Restore(ctx, database.RestoreConfig{Backup: file, File: again, Migrations: []database.Migrations{versions(2)}}); err != nil {
		t.Fatal(err)
	}
	if n := count(t, open(t, again, versions(2))); n < 200 || n%2 != 0 {
		t.Errorf("got %d rows, want an even number from 200", n)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestRestoreRefuses(t *testing.T) {
	dir := t.TempDir()
	db := open(t, filepath.Join(dir, "db"), versions(2))
	file := filepath.Join(dir, "copy")
	if err := db.Backup(ctx, file); err != nil {
		t.Fatal(err)
	}
	if err := database.Restore(ctx, database.RestoreConfig{Backup: file, File: filepath.Join(dir, "db")}); !errors.Is(err, os.ErrExist) {
		t.Errorf("over a database: got %v", err)
	}
	err := database.Restore(ctx, database.RestoreConfig{Backup: file, File: filepath.Join(dir, "new"), Migrations: []database.Migrations{versions(1)}})
	if _, ok := errors.AsType[*database.NewerError](err); !ok {
		t.Errorf("a newer one: got %v", err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"cut": whole[:len(whole)/2], "empty": nil, "other": []byte("something else altogether"),
	} {
		broken := filepath.Join(dir, name)
		if err := os.WriteFile(broken, data, 0o600); err != nil {
			t.Fatal(err)
		}
		err := database.Restore(ctx, database.RestoreConfig{Backup: broken, File: filepath.Join(dir, "new")})
		if kind, ok := database.KindOf(err); !ok || kind != database.Damaged {
			t.Errorf("%s: got %v, want Damaged", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "new")); !errors.Is(err, os.ErrNotExist) {
		t.Error("a refused restore left a file")
	}
	if err := db.Backup(ctx, filepath.Join(dir, "no", "folder")); err == nil {
		t.Error("a backup into no folder succeeded")
	}
}

func TestBackupOfPostgreSQL(t *testing.T) {
	db := open(t, postgrestest.Start(t).Database(t), versions(1))
	if err := db.Backup(ctx, filepath.Join(t.TempDir(), "copy")); !errors.Is(err, database.ErrUsePgDump) {
		t.Errorf("got %v, want ErrUsePgDump", err)
	}
}

// TestRestoreInPlace keeps what was there under another name, lets the caller
// work on the copy before it counts, and refuses while somebody uses the old one.
func TestRestoreInPlace(t *testing.T) {
	dir := t.TempDir()
	file, copied, aside := filepath.Join(dir, "db"), filepath.Join(dir, "copy"), filepath.Join(dir, "aside")
	put := func(db *database.DB, name string) error {
		return db.Write(ctx, func(tx database.Tx) error {
			_, err := tx.Exec(`INSERT INTO thing (name, n) VALUES (?1, 1)`, name)
			return err
		})
	}
	names := func(file string) (all []string) {
		t.Helper()
		db := open(t, file, versions(2))
		defer db.Close()
		if err := db.Read(ctx, func(tx database.Tx) error {
			return tx.Each(`SELECT name FROM thing ORDER BY name`, nil, func(scan func(...any) error) error {
				all = append(all, "")
				return scan(&all[len(all)-1])
			})
		}); err != nil {
			t.Fatal(err)
		}
		return all
	}
	db, err := database.Open(ctx, database.Config{URL: file, Migrations: []database.Migrations{versions(1)}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(put(db, "before"), db.Backup(ctx, copied), put(db, "since")); err != nil {
		t.Fatal(err)
	}
	cfg := database.RestoreConfig{Backup: copied, File: file, Aside: aside, Migrations: []database.Migrations{versions(2)},
		Prepare: func(db *database.DB) error { return put(db, "prepared") }}
	if err := database.Restore(ctx, cfg); !errors.Is(err, database.ErrInUse) {
		t.Errorf("while it is in use: got %v, want ErrInUse", err)
	}
	// Looking is using, too.
	look, err := database.Open(ctx, database.Config{URL: file, ReadOnly: true, Migrations: []database.Migrations{versions(1)}})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := database.Restore(ctx, cfg); !errors.Is(err, database.ErrInUse) {
		t.Errorf("while somebody looks at it: got %v, want ErrInUse", err)
	}
	if err := look.Close(); err != nil {
		t.Fatal(err)
	}
	refused := cfg
	refused.Prepare = func(*database.DB) error { return errors.New("no") }
	if err := database.Restore(ctx, refused); err == nil {
		t.Error("the caller's refusal was passed over")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 2 {
		t.Errorf("after refusals: %v, want the database and the copy", left)
	}
	if err := database.Restore(ctx, cfg); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{file: "[before prepared]", aside: "[before since]", copied: "[before]"} {
		if got := fmt.Sprint(names(file)); got != want {
			t.Errorf("%s: %s, want %s", filepath.Base(file), got, want)
		}
	}
	if err := database.Restore(ctx, cfg); !errors.Is(err, os.ErrExist) {
		t.Errorf("a name that is taken: got %v, want os.ErrExist", err)
	}
	// A damaged database is nobody's, and is kept as well.
	if err := os.WriteFile(file, []byte("no database any more"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.Aside += "2"
	if err := database.Restore(ctx, cfg); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(names(file)); got != "[before prepared]" {
		t.Errorf("after a damage: %s", got)
	}
}
