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
	if err := database.Restore(ctx, file, again, []database.Migrations{versions(2)}); err != nil {
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
	if err := database.Restore(ctx, file, filepath.Join(dir, "db"), nil); !errors.Is(err, os.ErrExist) {
		t.Errorf("over a database: got %v", err)
	}
	err := database.Restore(ctx, file, filepath.Join(dir, "new"), []database.Migrations{versions(1)})
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
		err := database.Restore(ctx, broken, filepath.Join(dir, "new"), nil)
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
