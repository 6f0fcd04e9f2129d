package database_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
)

// TestReadOnly looks at a database that another works with, and leaves no trace.
func TestReadOnly(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "folder", "db")
		_, err := database.Open(context.Background(), database.Config{URL: file, ReadOnly: true})
		if !errors.Is(err, os.ErrNotExist) {
			t.Errorf("got %v of a database that is not there", err)
		}
		if _, err := os.Stat(filepath.Dir(file)); !errors.Is(err, os.ErrNotExist) {
			t.Error("looking at it has made something")
		}
		exerciseReadOnly(t, file)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		url := postgrestest.Start(t).Database(t)
		_, err := database.Open(context.Background(), database.Config{URL: url, ReadOnly: true, Migrations: []database.Migrations{versions(1)}})
		if older, ok := errors.AsType[*database.OlderError](err); !ok || older.Have != 0 {
			t.Errorf("got %v of a database without tables, want an *OlderError", err)
		}
		exerciseReadOnly(t, url)
	})
}

func exerciseReadOnly(t *testing.T, url string) {
	ctx := context.Background()
	open := func(v int, readOnly bool) (*database.DB, error) {
		return database.Open(ctx, database.Config{URL: url, ReadOnly: readOnly, Migrations: []database.Migrations{versions(v)}})
	}
	db, err := open(1, false)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	look, err := open(1, true)
	if err != nil {
		t.Fatal(err)
	}
	defer look.Close()
	if have, err := look.Versions(ctx); err != nil || have[versions(1).Owner] != 1 {
		t.Errorf("read %v, %v", have, err)
	}
	err = look.Write(ctx, func(database.Tx) error { t.Error("a write was begun"); return nil })
	if kind, ok := database.KindOf(err); !ok || kind != database.ReadOnly {
		t.Errorf("writing gives %v, want an *Error that says ReadOnly", err)
	}
	if _, err := open(2, true); err == nil {
		t.Error("tables of an older version were taken")
	} else if older, ok := errors.AsType[*database.OlderError](err); !ok || older.Have != 1 || older.Known != 2 {
		t.Errorf("got %v, want an *OlderError from 1 to 2", err)
	}
	if have, err := look.Versions(ctx); err != nil || have[versions(1).Owner] != 1 {
		t.Errorf("afterwards %v, %v: looking has migrated", have, err)
	}
	two, err := open(2, false)
	if err != nil {
		t.Fatal(err)
	}
	two.Close()
	if _, err := open(1, true); err == nil {
		t.Error("tables of a newer version were taken")
	} else if _, ok := errors.AsType[*database.NewerError](err); !ok {
		t.Errorf("got %v, want a *NewerError", err)
	}
}
