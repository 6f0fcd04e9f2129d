package changes_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	"github.com/nehrbridge/nehrbridge/dhis2/changes/ledgertest"
)

// opener opens a database with the ledger's tables as often as it is called.
func opener(t testing.TB, url string) func() *database.DB {
	return func() *database.DB {
		db, err := database.Open(context.Background(), database.Config{URL: url, Migrations: []database.Migrations{changes.Migrations(), changes.ConsumerMigrations(ledgertest.Second)}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		return db
	}
}

// consumersOf are the first and another: they keep the same rules.
var consumersOf = map[string]string{"": "first", ledgertest.Second: "second"}

func TestLedgerOnSQLite(t *testing.T) {
	for name, consumer := range consumersOf {
		t.Run(consumer, func(t *testing.T) {
			ledgertest.Exercise(t, name, func(t testing.TB) func() *database.DB {
				return opener(t, filepath.Join(t.TempDir(), "ledger.db"))
			})
		})
	}
}

func TestLedgerOnPostgreSQL(t *testing.T) {
	cluster := postgrestest.Start(t, "max_connections=300")
	for name, consumer := range consumersOf {
		t.Run(consumer, func(t *testing.T) {
			ledgertest.Exercise(t, name, func(t testing.TB) func() *database.DB {
				return opener(t, cluster.Database(t))
			})
		})
	}
}

// TestLedgerOfTheFirstVersion: a database without the tables of the other
// consumers gets them, and keeps what it holds.
func TestLedgerOfTheFirstVersion(t *testing.T) {
	t.Run("PostgreSQL", func(t *testing.T) { fromFirstVersion(t, postgrestest.Start(t).Database(t)) })
	t.Run("SQLite", func(t *testing.T) { fromFirstVersion(t, filepath.Join(t.TempDir(), "ledger.db")) })
}

func fromFirstVersion(t *testing.T, url string) {
	old := changes.Migrations()
	old.Steps = old.Steps[:1]
	db, err := database.Open(ctx, database.Config{URL: url, Migrations: []database.Migrations{old}})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Write(ctx, func(tx database.Tx) error {
		_, err := tx.Exec(`INSERT INTO ledger_entity (uid, seq, done, due, marked_at) VALUES (?1, 3, 2, 5, 5)`, te(1).String())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	now := opener(t, url)()
	first, err := changes.New(ctx, changes.Config{DB: now})
	if err != nil {
		t.Fatal(err)
	}
	second, err := changes.New(ctx, changes.Config{DB: now, Name: ledgertest.Second})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.MarkDirty(ctx, changes.Change{TrackedEntity: te(1)}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		ledger   *changes.Ledger
		sequence int64
	}{{first, 4}, {second, 1}} {
		claims, err := want.ledger.Claim(ctx, 10)
		if err != nil || len(claims) != 1 || claims[0].Sequence != want.sequence {
			t.Errorf("claims %v, %v; want one of sequence %d", claims, err, want.sequence)
		}
	}
}
