package ledgertest

import (
	"errors"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

func lowWater(t *testing.T, b *bench) {
	low, leads, err := b.Lead(b.ctx, anc)
	if err != nil || !leads || !low.IsZero() {
		t.Fatalf("in the beginning: %v %v %v", low, leads, err)
	}
	at := b.now()
	for _, to := range []time.Time{at, at.Add(time.Hour), at.Add(time.Minute)} {
		if err := b.Advance(b.ctx, anc, to); err != nil {
			t.Fatal(err)
		}
	}
	marks, err := b.LowWater(b.ctx)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "low water", marks[anc].Equal(at.Add(time.Hour)), true)
	if err := b.Rewind(b.ctx, anc, at); err != nil {
		t.Fatal(err)
	}
	low, _, err = b.Lead(b.ctx, anc)
	want(t, "after a rewind", err == nil && low.Equal(at), true)
	if err := b.Rewind(b.ctx, anc, time.Time{}); err != nil {
		t.Fatal(err)
	}
	low, _, err = b.Lead(b.ctx, anc)
	want(t, "from the beginning", err == nil && low.IsZero(), true)
}

func lead(t *testing.T, b *bench) {
	second := b.ledger(t, "second")
	leads := func(l *changes.Ledger) bool {
		t.Helper()
		_, ok, err := l.Lead(b.ctx, anc)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	want(t, "first", leads(b.Ledger), true)
	want(t, "second", leads(second), false)
	want(t, "first keeps it", leads(b.Ledger), true)
	b.advance(Lease)
	want(t, "second after the lease", leads(second), true)
	want(t, "first", leads(b.Ledger), false)
	if _, ok, err := b.Lead(b.ctx, epi); err != nil || !ok {
		t.Errorf("another program: %v %v", ok, err)
	}
}

func pins(t *testing.T, b *bench) {
	if _, found, err := b.Pinned(b.ctx, changes.PinSystem); err != nil || found {
		t.Errorf("in the beginning: %v %v", found, err)
	}
	for range 2 {
		if err := b.Pin(b.ctx, changes.PinSystem, "one", false); err != nil {
			t.Fatal(err)
		}
	}
	err := b.Pin(b.ctx, changes.PinSystem, "two", false)
	e, ok := errors.AsType[*changes.PinError](err)
	if !ok {
		t.Fatalf("got %v, want a *changes.PinError", err)
	}
	want(t, "pinned", e.Pinned, "one")
	want(t, "found", e.Found, "two")
	if err := b.Pin(b.ctx, changes.PinSystem, "two", true); err != nil {
		t.Fatal(err)
	}
	value, found, err := b.Pinned(b.ctx, changes.PinSystem)
	want(t, "replaced", err == nil && found && value == "two", true)
}

// clockSetBack: a lease and a waiting time that lie years ahead must not hold
// anything up until then.
func clockSetBack(t *testing.T, b *bench) {
	b.mark(t, uid(1), uid(2))
	claims := b.claim(t, b.Ledger, 2)
	b.fail(t, claims[1], changes.Failure{Class: changes.Retry, Next: b.now().Add(time.Hour)})
	if _, _, err := b.Lead(b.ctx, anc); err != nil {
		t.Fatal(err)
	}
	b.advance(-3 * 365 * 24 * time.Hour)
	b.Ledger = b.ledger(t, "restarted")
	got := b.claim(t, b.Ledger, 10)
	want(t, "claims", len(got), 2)
	if _, leads, err := b.Lead(b.ctx, anc); err != nil || !leads {
		t.Errorf("lead: %v %v", leads, err)
	}
}

func programs(t *testing.T, b *bench) {
	b.mark(t, uid(2), uid(1))
	if err := b.MarkDirty(b.ctx, changes.Change{TrackedEntity: uid(2), Program: epi}); err != nil {
		t.Fatal(err)
	}
	for program, n := range map[dhis2.UID][]dhis2.UID{anc: {uid(1), uid(2)}, epi: {uid(2)}} {
		var got []dhis2.UID
		if err := b.Known(b.ctx, program, func(u dhis2.UID) error { got = append(got, u); return nil }); err != nil {
			t.Fatal(err)
		}
		if len(got) != len(n) || got[0] != n[0] {
			t.Errorf("%s: got %v, want %v", program, got, n)
		}
	}
	stop := errors.New("stop")
	if err := b.Known(b.ctx, anc, func(dhis2.UID) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v, want the caller's error", err)
	}
}

func stats(t *testing.T, b *bench) {
	start := b.now()
	b.aside(t)
	b.mark(t, uid(4), uid(5))
	b.advance(time.Second)
	b.mark(t, uid(6), uid(7))
	claims := b.claim(t, b.Ledger, 2)
	b.fail(t, claims[0], changes.Failure{Class: changes.Retry, Next: b.now().Add(time.Hour)})
	s, err := b.Stats(b.ctx)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "known", s.Known, 7)
	want(t, "ready", s.Ready, 2)
	want(t, "claimed", s.Claimed, 1)
	want(t, "waiting", s.Waiting, 1)
	want(t, "dirty", s.Dirty, 7)
	for _, c := range []changes.Class{changes.DeadLetter, changes.Quarantine, changes.ForReview} {
		want(t, string(c), s.Aside[c], 1)
	}
	want(t, "oldest", s.Oldest.Equal(start.Add(30*time.Second)), true)
}

func refuses(t *testing.T, b *bench) {
	if err := b.MarkDirty(b.ctx, changes.Change{TrackedEntity: uid(1)}, changes.Change{}); err == nil {
		t.Error("a change without a UID was taken")
	}
	b.none(t) // all or none
	if err := b.MarkDirty(b.ctx); err != nil {
		t.Errorf("no change at all: %v", err)
	}
	if err := b.Complete(b.ctx, changes.Completion{}); err == nil {
		t.Error("a made-up claim was completed")
	}
	if err := (changes.Claim{}).Save(b.ctx, nil); err == nil {
		t.Error("a made-up claim was saved")
	}
	b.mark(t, uid(1))
	if err := b.Fail(b.ctx, b.one(t), changes.Failure{Class: "lost"}); err == nil {
		t.Error("an unknown class was taken")
	}
	for _, cfg := range []changes.Config{{}, {DB: b.open(), Lease: time.Millisecond}, {DB: b.open(), Lease: 2 * changes.Horizon}} {
		if _, err := changes.New(b.ctx, cfg); err == nil {
			t.Errorf("taken: %+v", cfg)
		}
	}
}
