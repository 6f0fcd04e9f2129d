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
		db, err := database.Open(context.Background(), database.Config{URL: url, Migrations: []database.Migrations{changes.Migrations()}})
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

func TestLedgerOnSQLite(t *testing.T) {
	ledgertest.Exercise(t, func(t testing.TB) func() *database.DB {
		return opener(t, filepath.Join(t.TempDir(), "ledger.db"))
	})
}

func TestLedgerOnPostgreSQL(t *testing.T) {
	cluster := postgrestest.Start(t, "max_connections=300")
	ledgertest.Exercise(t, func(t testing.TB) func() *database.DB {
		return opener(t, cluster.Database(t))
	})
}
