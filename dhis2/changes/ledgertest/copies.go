package ledgertest

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

// copies works on a copy and looks at both.
func copies(t *testing.T, b *bench) {
	b.mark(t, uid(1), uid(2), uid(3), uid(4))
	claims := b.claim(t, b.Ledger, 4)
	claims[0].Wrote("hash")
	b.complete(t, claims[0], "state")
	b.fail(t, claims[1], changes.Failure{Class: changes.DeadLetter, Cause: "422"})
	b.fail(t, claims[2], changes.Failure{Class: changes.Retry, Unknown: true, Next: b.now().Add(time.Hour)})
	// The fourth is being worked on. Servers and marks come along.
	low := b.now()
	for _, err := range []error{b.Advance(b.ctx, anc, low), b.Pin(b.ctx, changes.PinSystem, "one", false)} {
		if err != nil {
			t.Fatal(err)
		}
	}

	db, err := database.Open(b.ctx, database.Config{URL: filepath.Join(t.TempDir(), "copy.db"),
		Migrations: []database.Migrations{changes.Migrations(), changes.ConsumerMigrations(Second)}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	l, err := changes.New(b.ctx, changes.Config{DB: db, Name: b.name, Lease: Lease, Now: b.now})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.CopyTo(b.ctx, l); err != nil {
		t.Fatal(err)
	}
	if got, leads, err := l.Lead(b.ctx, anc); err != nil || !leads || !got.Equal(low) {
		t.Errorf("low water of the copy: %v %t %v, want %v and the right to poll", got, leads, err, low)
	}
	if value, _, err := l.Pinned(b.ctx, changes.PinSystem); err != nil || value != "one" {
		t.Errorf("pin of the copy: %q %v", value, err)
	}
	got := b.claim(t, l, 10)
	if len(got) != 1 || got[0].TrackedEntity != claims[3].TrackedEntity || got[0].Force {
		t.Fatalf("due on the copy: %v, want the one that is worked on", got)
	}
	if n, err := l.MarkProgram(b.ctx, anc, false); err != nil || n != 4 {
		t.Errorf("marked %d of the copy: %v", n, err)
	}
	for _, c := range b.claim(t, l, 10) {
		if c.TrackedEntity == claims[0].TrackedEntity {
			want(t, "hash", c.Hash, "hash")
			want(t, "state stays behind", c.State == nil, true)
		}
	}

	// The ledger itself has noticed nothing.
	for i, expected := range []changes.Entry{
		{State: []byte("state")}, {Class: changes.DeadLetter, Cause: "422"}, {Dirty: true}, {Dirty: true},
	} {
		e, found, err := b.Entry(b.ctx, claims[i].TrackedEntity)
		if err != nil || !found {
			t.Fatalf("entry %d: %t %v", i, found, err)
		}
		want(t, "dirty", e.Dirty, expected.Dirty)
		want(t, "class", e.Class, expected.Class)
		want(t, "cause", e.Cause, expected.Cause)
		want(t, "state", string(e.State), string(expected.State))
	}
	if _, found, err := b.Entry(b.ctx, uid(9)); err != nil || found {
		t.Errorf("an entity that nobody has seen: %t %v", found, err)
	}
	n, err := b.Pending(b.ctx)
	want(t, "pending", n, 2)
	if err != nil {
		t.Error(err)
	}
	b.complete(t, claims[3], "")
}

// distrust: a ledger that was restored believes nothing that it remembers, and
// keeps what it remembers.
func distrust(t *testing.T, b *bench) {
	b.mark(t, uid(1), uid(2), uid(3))
	claims := b.claim(t, b.Ledger, 3)
	claims[0].Wrote("hash")
	b.complete(t, claims[0], "state")
	b.fail(t, claims[1], changes.Failure{Class: changes.Quarantine})
	// The third is in the hands of a process that is no more.
	if err := b.Distrust(b.ctx); err != nil {
		t.Fatal(err)
	}
	isLate(t, claims[2].Save(b.ctx, []byte("late")))
	again := b.claim(t, b.Ledger, 10)
	want(t, "claims", len(again), 3)
	for _, c := range again {
		want(t, "force", c.Force, true)
		want(t, "hash", c.Hash, "")
		if c.TrackedEntity == claims[0].TrackedEntity {
			want(t, "state", string(c.State), "state")
		}
		b.complete(t, c, "")
	}
	b.none(t)
}
