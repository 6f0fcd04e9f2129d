package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

// Store makes one empty store; each call of what it returns opens that store
// once more, as another process would.
type Store func(t testing.TB) (open func() *database.DB)

// Exercise runs the whole suite for a consumer: "" for the first one, or
// Second, whose tables the store has to have too.
func Exercise(t *testing.T, consumer string, store Store) {
	for _, test := range []struct {
		name string
		f    func(*testing.T, *bench)
	}{
		{"TestD084_MarksCoalesce", marksCoalesce},
		{"TestD084_AChangeDuringTheWorkStaysDirty", changeDuringWork},
		{"TestD084_ALateCompletionTakesNothing", lateCompletion},
		{"TestD084_ALateCompletionWhileAnotherWorks", lateWhileAnotherWorks},
		{"TestD084_ReplicasShareTheWork", replicas},
		{"TestD078_ARetryWaitsForItsTime", retryWaits},
		{"TestD078_SetAsideListedRetriedDiscarded", setAside},
		{"TestD078_AChangeBringsBackWhatWasSetAside", changeBringsBack},
		{"TestD080_StateSurvivesACrashBetweenSaveAndAnswer", crashAfterSave},
		{"TestD083_ReopenKeepsEverything", reopen},
		{"TestD083_LowWaterOnlyRises", lowWater},
		{"TakeOverFromTheDead", takeOver},
		{"ForceUntilWritten", force},
		{"ReleaseGivesBack", release},
		{"OnePollerAtATime", lead},
		{"PinsOneServer", pins},
		{"ClockSetBack", clockSetBack},
		{"Programs", programs},
		{"Stats", stats},
		{"TestD079_ACopyIsWorkedOnWithoutATrace", copies},
		{"TestD079_DistrustForcesEverything", distrust},
		{"Refuses", refuses},
		{"Model", model},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.f(t, newBench(t, consumer, store))
		})
	}
	if consumer == "" {
		t.Run("TestD083_ConsumersShareMarksAlone", func(t *testing.T) { consumers(t, newBench(t, consumer, store)) })
	}
}

// Second is the name of a consumer beside the first.
const Second = "second"

// Lease is that of the ledgers under test.
const Lease = time.Minute

// bench is one store with a clock of its own.
type bench struct {
	open func() *database.DB
	name string // of the consumer
	ms   atomic.Int64
	ctx  context.Context
	*changes.Ledger
}

func newBench(t testing.TB, consumer string, store Store) *bench {
	b := &bench{open: store(t), name: consumer, ctx: context.Background()}
	b.ms.Store(time.Date(2026, 3, 2, 4, 30, 0, 0, time.UTC).UnixMilli())
	b.Ledger = b.ledger(t, "first")
	return b
}

// ledger opens the store once more.
func (b *bench) ledger(t testing.TB, owner string) *changes.Ledger {
	t.Helper()
	return b.ledgerOf(t, b.name, owner)
}

// ledgerOf opens the store for some consumer.
func (b *bench) ledgerOf(t testing.TB, consumer, owner string) *changes.Ledger {
	t.Helper()
	l, err := changes.New(b.ctx, changes.Config{DB: b.open(), Name: consumer, Owner: owner, Lease: Lease, Now: b.now})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (b *bench) now() time.Time          { return time.UnixMilli(b.ms.Load()) }
func (b *bench) advance(d time.Duration) { b.ms.Add(d.Milliseconds()) }

// uid names the i-th tracked entity.
func uid(i int) dhis2.UID { return dhis2.MustUID(fmt.Sprintf("Entity%05d", i)) }

var (
	anc = dhis2.MustUID("Program0001")
	epi = dhis2.MustUID("Program0002")
)

func (b *bench) mark(t testing.TB, entities ...dhis2.UID) {
	t.Helper()
	list := make([]changes.Change, len(entities))
	for i, e := range entities {
		list[i] = changes.Change{TrackedEntity: e, Program: anc}
	}
	if err := b.MarkDirty(b.ctx, list...); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) claim(t testing.TB, l *changes.Ledger, n int) []changes.Claim {
	t.Helper()
	claims, err := l.Claim(b.ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	return claims
}

// one claims the one entity that is due.
func (b *bench) one(t testing.TB) changes.Claim {
	t.Helper()
	claims := b.claim(t, b.Ledger, 10)
	if len(claims) != 1 {
		t.Fatalf("got %d claims, want 1", len(claims))
	}
	return claims[0]
}

func (b *bench) none(t testing.TB) {
	t.Helper()
	if claims := b.claim(t, b.Ledger, 10); len(claims) != 0 {
		t.Fatalf("got %d claims, want none", len(claims))
	}
}

func (b *bench) complete(t testing.TB, c changes.Claim, state string) {
	t.Helper()
	if err := b.Complete(b.ctx, changes.Completion{Claim: c, State: []byte(state)}); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) fail(t testing.TB, c changes.Claim, f changes.Failure) {
	t.Helper()
	if err := b.Fail(b.ctx, c, f); err != nil {
		t.Fatal(err)
	}
}

// isLate wants a *changes.LeaseError.
func isLate(t testing.TB, err error) {
	t.Helper()
	if _, ok := errors.AsType[*changes.LeaseError](err); !ok {
		t.Fatalf("got error %v, want a *changes.LeaseError", err)
	}
}

func want[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
