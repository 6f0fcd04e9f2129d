package database_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
)

var ctx = context.Background()

// versions are the tables of an owner in three versions.
func versions(n int) database.Migrations {
	return database.Migrations{Owner: "test", Steps: []database.Step{
		{SQL: []string{`CREATE TABLE thing (name TEXT PRIMARY KEY, n BIGINT NOT NULL)`}},
		{SQL: []string{`ALTER TABLE thing ADD COLUMN data BLOB`, `CREATE INDEX thing_n ON thing (n)`}},
		{SQL: []string{`UPDATE thing SET n = n + 100`}},
	}[:n]}
}

func open(t testing.TB, url string, migrations ...database.Migrations) *database.DB {
	t.Helper()
	db, err := database.Open(ctx, database.Config{URL: url, Migrations: migrations})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func put(db *database.DB, name string, n int64) error {
	return db.Write(ctx, func(tx database.Tx) error {
		_, err := tx.Exec(`INSERT INTO thing (name, n) VALUES (?1, ?2)`, name, n)
		return err
	})
}

func count(t testing.TB, db *database.DB) (n int) {
	t.Helper()
	if err := db.Read(ctx, func(tx database.Tx) error {
		_, err := database.Row(tx, `SELECT COUNT(*) FROM thing`, nil, &n)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// both runs a test on SQLite and, where it is there, PostgreSQL.
func both(t *testing.T, f func(t *testing.T, url string)) {
	t.Run("SQLite", func(t *testing.T) { f(t, filepath.Join(t.TempDir(), "a folder", "100% #1?.db")) })
	t.Run("PostgreSQL", func(t *testing.T) { f(t, postgrestest.Start(t).Database(t)) })
}

func TestMigrateFromEveryVersion(t *testing.T) {
	for from := 0; from <= 3; from++ {
		t.Run(fmt.Sprint(from), func(t *testing.T) {
			url := filepath.Join(t.TempDir(), "db")
			if from > 0 {
				old := open(t, url, versions(from))
				if err := put(old, "a", 1); err != nil {
					t.Fatal(err)
				}
				if err := old.Close(); err != nil {
					t.Fatal(err)
				}
			}
			db := open(t, url, versions(3))
			got, err := db.Versions(ctx)
			if err != nil || got["test"] != 3 {
				t.Fatalf("got versions %v, %v, want 3", got, err)
			}
			var n, wanted int64
			if err := db.Read(ctx, func(tx database.Tx) error {
				_, err := database.Row(tx, `SELECT n FROM thing WHERE data IS NULL`, nil, &n)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			wanted = map[int]int64{0: 0, 1: 101, 2: 101, 3: 1}[from]
			if n != wanted {
				t.Errorf("got %d, want %d: each step runs once", n, wanted)
			}
		})
	}
}

func TestRefusesADatabaseOfANewerVersion(t *testing.T) {
	both(t, func(t *testing.T, url string) {
		if err := open(t, url, versions(3)).Close(); err != nil {
			t.Fatal(err)
		}
		_, err := database.Open(ctx, database.Config{URL: url, Migrations: []database.Migrations{versions(1)}})
		e, ok := errors.AsType[*database.NewerError](err)
		if !ok || e.Have != 3 || e.Known != 1 || e.Owner != "test" {
			t.Fatalf("got %v, want a *NewerError", err)
		}
		// Nobody else's tables are in the way.
		open(t, url, database.Migrations{Owner: "other"})
	})
}

func TestAFailedMigrationChangesNothing(t *testing.T) {
	both(t, func(t *testing.T, url string) {
		broken := versions(1)
		broken.Steps = append(broken.Steps, database.Step{SQL: []string{`CREATE TABLE more (a TEXT)`, `no statement`}})
		if _, err := database.Open(ctx, database.Config{URL: url, Migrations: []database.Migrations{broken}}); err == nil {
			t.Fatal("a broken migration was taken")
		}
		open(t, url, versions(2))
	})
}

func TestReplicasMigrateOnce(t *testing.T) {
	begin := func(t *testing.T, url string) {
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				db, err := database.Open(ctx, database.Config{URL: url, Migrations: []database.Migrations{versions(3)}})
				if err != nil {
					t.Error(err)
					return
				}
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	both(t, begin)
	// Who comes while a file is switched to its log is told at once that it is busy:
	// seldom, so it is tried often.
	for range 100 {
		begin(t, filepath.Join(t.TempDir(), "many.db"))
	}
}

func TestTransactions(t *testing.T) {
	both(t, func(t *testing.T, url string) {
		db := open(t, url, versions(2))
		mine := errors.New("mine")
		err := db.Write(ctx, func(tx database.Tx) error {
			changed, err := tx.ExecMany(`INSERT INTO thing (name, n, data) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING`,
				[][]any{{"a", int64(1), []byte{0, 1}}, {"a", int64(2), nil}, {"b", int64(3), nil}})
			if err != nil {
				return err
			}
			if fmt.Sprint(changed) != "[1 0 1]" {
				t.Errorf("changed rows: got %v, want [1 0 1]", changed)
			}
			return mine
		})
		if !errors.Is(err, mine) || count(t, db) != 0 {
			t.Fatalf("got %v and %d rows, want the caller's error and none", err, count(t, db))
		}
		if err := put(db, "a", 1); err != nil {
			t.Fatal(err)
		}
		var data []byte
		if err := db.Read(ctx, func(tx database.Tx) error {
			found, err := database.Row(tx, `SELECT data FROM thing WHERE name = ?1`, []any{"b"}, &data)
			if found {
				t.Error("a row that is not there was found")
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := db.Read(ctx, func(tx database.Tx) error {
			_, err := tx.Exec(`DELETE FROM thing`)
			return err
		}); err == nil || count(t, db) != 1 {
			t.Errorf("a read wrote: %v", err)
		}
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		if err := db.Write(cancelled, func(database.Tx) error { t.Error("ran"); return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
	})
}

func TestWritesShareATransactionAndNotTheirErrors(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "db"), versions(2))
	bad := errors.New("bad")
	hold, held := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := db.Write(ctx, func(database.Tx) error { close(held); <-hold; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-held
	errs := make([]error, 40)
	for i := range errs {
		wg.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					errs[i] = fmt.Errorf("panicked")
				}
			}()
			errs[i] = db.Write(ctx, func(tx database.Tx) error {
				if _, err := tx.Exec(`INSERT INTO thing (name, n) VALUES (?1, 1)`, fmt.Sprint(i)); err != nil {
					return err
				}
				switch i % 4 {
				case 1:
					return bad
				case 2:
					panic("at the disco")
				}
				return nil
			})
		})
	}
	close(hold)
	wg.Wait()
	for i, err := range errs {
		if ok := i%4 == 0 || i%4 == 3; ok != (err == nil) {
			t.Errorf("%d: got error %v", i, err)
		}
		if i%4 == 1 && !errors.Is(err, bad) {
			t.Errorf("%d: got %v, want the caller's error", i, err)
		}
	}
	if n := count(t, db); n != 20 {
		t.Errorf("got %d rows, want 20", n)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := put(db, "z", 1); !errors.Is(err, database.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

func TestAFullDiskLosesNothing(t *testing.T) {
	url := filepath.Join(t.TempDir(), "db")
	db := open(t, url, versions(2))
	if err := put(db, "a", 1); err != nil {
		t.Fatal(err)
	}
	limit := func(pages int) {
		t.Helper()
		if err := db.Write(ctx, func(tx database.Tx) error {
			return tx.Each(fmt.Sprintf(`PRAGMA max_page_count(%d)`, pages), nil, func(func(...any) error) error { return nil })
		}); err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // as many as there are
	big := strings.Repeat("x", 1<<16)
	err := put(db, big, 1)
	if kind, ok := database.KindOf(err); !ok || kind != database.Full {
		t.Fatalf("got %v, want Full", err)
	}
	if strings.Contains(err.Error(), "xxx") || !err.(*database.Error).Retryable() {
		t.Errorf("the error holds a value or is not retryable")
	}
	limit(1 << 20)
	if err := put(db, big, 1); err != nil {
		t.Fatalf("after space was made: %v", err)
	}
	if n := count(t, db); n != 2 {
		t.Errorf("got %d rows, want 2", n)
	}
}

func TestOpenErrorsSayWhatToDo(t *testing.T) {
	dir := t.TempDir()
	junk := filepath.Join(dir, "junk")
	if err := os.WriteFile(junk, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, url string
		kind      database.Kind
	}{
		{"a folder", dir, database.Unreachable},
		{"another kind of file", junk, database.Damaged},
		{"below a file", filepath.Join(junk, "db"), database.Unreachable},
		{"read-only file system", "/proc/nehrbridge.db", database.Unreachable},
		{"a server that is not there", "postgres://user:hush@127.0.0.1:1/db?connect_timeout=2", database.Unreachable},
		{"no address", "postgres://user:hush@:badport/", database.Unreachable},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := database.Open(ctx, database.Config{URL: test.url})
			kind, ok := database.KindOf(err)
			if !ok || kind != test.kind {
				t.Fatalf("got %v (kind %d), want kind %d", err, kind, test.kind)
			}
			if strings.Contains(err.Error(), "hush") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
	for _, cfg := range []database.Config{{}, {URL: "mysql://host/db"}, {URL: ":memory:"}, {URL: "x", BusyTimeout: -1}, {URL: "x", Migrations: []database.Migrations{{}}}} {
		if _, err := database.Open(ctx, cfg); err == nil {
			t.Errorf("taken: %+v", cfg)
		}
	}
}

func TestTheFileIsPrivateAndDurable(t *testing.T) {
	url := filepath.Join(t.TempDir(), "new", "db")
	db := open(t, url, versions(1))
	for path, mode := range map[string]os.FileMode{url: 0o600, url + "-wal": 0o600, filepath.Dir(url): 0o700} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: got %v, %v, want %o", filepath.Base(path), info.Mode(), err, mode)
		}
	}
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "busy_timeout": "10000"} {
		var got string
		if err := db.Write(ctx, func(tx database.Tx) error {
			_, err := database.Row(tx, "PRAGMA "+pragma, nil, &got)
			return err
		}); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", pragma, got, err, want)
		}
	}
}

func TestAReadOnlyDatabase(t *testing.T) {
	cluster := postgrestest.Start(t)
	url := cluster.Database(t)
	open(t, url, versions(1)).Close()
	db, err := database.Open(ctx, database.Config{URL: url + "&options=-c%20default_transaction_read_only%3Don", Migrations: nil})
	if kind, _ := database.KindOf(err); kind != database.ReadOnly {
		if err == nil {
			db.Close()
		}
		t.Fatalf("got %v, want ReadOnly", err)
	}
}

// TestArguments: each type of argument that the program passes comes back as it was,
// also where PostgreSQL is not asked what it takes (a pool in front of it keeps no
// prepared statements).
func TestArguments(t *testing.T) {
	create := database.Migrations{Owner: "test", Steps: []database.Step{
		{SQL: []string{`CREATE TABLE kinds (id BIGINT PRIMARY KEY, word TEXT, n BIGINT, yes BOOLEAN, data BLOB)`}},
	}}
	check := func(t *testing.T, url string) {
		db := open(t, url, create)
		data := []byte{0, 1, 0xff, '\'', '\\'}
		if err := db.Write(ctx, func(tx database.Tx) error {
			if _, err := tx.Exec(`INSERT INTO kinds (id, word, n, yes, data) VALUES (?1, ?2, ?3, ?4, ?5)`, 1, "it's a ?1 \\ word", int64(1)<<40, true, data); err != nil {
				return err
			}
			_, err := tx.ExecMany(`INSERT INTO kinds (id, word, n, yes, data) VALUES (?1, ?2, ?3, ?4, ?5)`, [][]any{{2, nil, nil, nil, nil}, {int64(3), "", -1, false, []byte{}}})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := db.Read(ctx, func(tx database.Tx) error {
			var word string
			var n int64
			var yes bool
			var got []byte
			found, err := database.Row(tx, `SELECT word, n, yes, data FROM kinds WHERE id = ?1 AND word = ?2 AND yes = ?3 AND data = ?4`, []any{1, "it's a ?1 \\ word", true, data}, &word, &n, &yes, &got)
			if !found || word != "it's a ?1 \\ word" || n != 1<<40 || !yes || !bytes.Equal(got, data) {
				t.Errorf("%t %q %d %t %v", found, word, n, yes, got)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if n := func() (n int) {
			if err := db.Read(ctx, func(tx database.Tx) error {
				_, err := database.Row(tx, `SELECT COUNT(*) FROM kinds WHERE word IS NULL AND n IS NULL AND yes IS NULL AND data IS NULL`, nil, &n)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return n
		}(); n != 1 {
			t.Errorf("%d rows of nothing, want 1", n)
		}
	}
	both(t, check)
	for _, mode := range []string{"exec", "simple_protocol", "cache_describe"} {
		t.Run("PostgreSQL/"+mode, func(t *testing.T) {
			url := postgrestest.Start(t).Database(t)
			check(t, url+map[bool]string{true: "&", false: "?"}[strings.Contains(url, "?")]+"default_query_exec_mode="+mode)
		})
	}
}
