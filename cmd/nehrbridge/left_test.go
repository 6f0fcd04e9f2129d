package main

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

// laterError is one that may go away.
type laterError struct{}

func (laterError) Error() string   { return "not now" }
func (laterError) Retryable() bool { return true }

// TestD078_SyncOnceIsNotDoneWhileSomethingWaits: an entity that failed in an
// earlier run and is not due yet is no success of this one, although nothing
// of it fails and no server is known to be the reason.
func TestD078_SyncOnceIsNotDoneWhileSomethingWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		db, err := database.Open(ctx, database.Config{URL: filepath.Join(t.TempDir(), "ledger.db"), Migrations: []database.Migrations{changes.Migrations()}})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		ledger, err := changes.New(ctx, changes.Config{DB: db, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		waiting := dhis2.MustUID("SbxMother01")
		if err := ledger.MarkDirty(ctx, changes.Change{TrackedEntity: waiting}); err != nil {
			t.Fatal(err)
		}
		tried := 0
		runner := func(outcome error) *changes.Runner {
			r, err := changes.NewRunner(changes.RunConfig{Ledger: ledger, Backoff: time.Hour, MaxBackoff: time.Hour, Consumer: func(context.Context, changes.Claim) ([]byte, error) {
				tried++
				return nil, outcome
			}})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		if _, err := runner(laterError{}).Once(ctx); err != nil || tried != 1 {
			t.Fatalf("the run before: %v after %d tries", err, tried)
		}
		g := &agent{log: zerolog.Nop()}
		began := time.Now()
		if err := g.drain(ctx, ledger, runner(nil)); !errors.Is(err, errLeft) || tried != 1 {
			t.Errorf("got %v after %d tries, want that something is left", err, tried)
		}
		if took := time.Since(began); took < patience || took > 2*patience {
			t.Errorf("it gave up after %s, want %s", took, patience)
		}
		var exit *exitError
		if err := serverError(errLeft); !errors.As(err, &exit) || exit.code == 0 {
			t.Errorf("the command ends with %v", err)
		}
		time.Sleep(2 * time.Hour)
		if err := g.drain(ctx, ledger, runner(nil)); err != nil || tried != 2 {
			t.Errorf("once it was due: %v after %d tries", err, tried)
		}
	})
}
