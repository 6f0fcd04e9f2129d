package ledgertest

import (
	"testing"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

// consumers: what is marked on the first is marked on the second in the same
// transaction, whoever marks it; what becomes of it is each one's own matter.
func consumers(t *testing.T, b *bench) {
	first := b.ledgerOf(t, "", "poller")
	early := changes.Change{TrackedEntity: uid(0), Program: anc}
	if err := first.MarkDirty(b.ctx, early); err != nil {
		t.Fatal(err)
	}
	second := b.ledgerOf(t, Second, "notifier")
	// Another process, which has never heard of the second.
	replica := b.ledgerOf(t, "", "replica")
	for i := 1; i <= 3; i++ {
		if err := replica.MarkDirty(b.ctx, changes.Change{TrackedEntity: uid(i), Program: epi}, changes.Change{TrackedEntity: uid(i), Program: anc}); err != nil {
			t.Fatal(err)
		}
	}
	has := func(when string, l *changes.Ledger, entities ...dhis2.UID) map[dhis2.UID]changes.Claim {
		t.Helper()
		claims := map[dhis2.UID]changes.Claim{}
		for _, c := range b.claim(t, l, 10) {
			claims[c.TrackedEntity] = c
		}
		want(t, when+": how many", len(claims), len(entities))
		for _, u := range entities {
			if _, ok := claims[u]; !ok {
				t.Errorf("%s: %s is not due", when, u)
			}
		}
		return claims
	}
	mine := has("first", first, uid(0), uid(1), uid(2), uid(3))
	theirs := has("second", second, uid(1), uid(2), uid(3))
	for _, err := range []error{
		first.Complete(b.ctx, changes.Completion{Claim: mine[uid(0)]}, changes.Completion{Claim: mine[uid(1)], State: []byte("written")}),
		first.Fail(b.ctx, mine[uid(2)], changes.Failure{Class: changes.ForReview, Cause: "two"}),
		second.Fail(b.ctx, theirs[uid(1)], changes.Failure{Class: changes.DeadLetter, Cause: "400"}),
		second.Complete(b.ctx, changes.Completion{Claim: theirs[uid(2)], State: []byte("sent")}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range []struct {
		name   string
		ledger *changes.Ledger
		aside  dhis2.UID
	}{{"first", first, uid(2)}, {"second", second, uid(1)}} {
		letters, err := l.ledger.Letters(b.ctx, changes.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		if len(letters) != 1 || letters[0].TrackedEntity != l.aside {
			t.Errorf("%s: set aside %v, want %s alone", l.name, letters, l.aside)
		}
	}

	// A hint at what the first knows is one for the second too, also of what it
	// has not seen yet; a mark on the second is nothing to the first.
	if err := first.MarkKnown(b.ctx, uid(0), uid(1), uid(9)); err != nil {
		t.Fatal(err)
	}
	if err := second.MarkDirty(b.ctx, changes.Change{TrackedEntity: uid(2)}); err != nil {
		t.Fatal(err)
	}
	got := has("second, hinted at", second, uid(0), uid(1), uid(2))
	want(t, "state of the second", string(got[uid(2)].State), "sent")
	want(t, "its sequence", got[uid(2)].Sequence, 2)
	got = has("first, hinted at", first, uid(0), uid(1))
	want(t, "state of the first", string(got[uid(1)].State), "written")

	programs, err := second.Programs(b.ctx, uid(1))
	if err != nil || len(programs) != 2 || programs[0] != anc || programs[1] != epi {
		t.Errorf("programs %v, %v; want both in order", programs, err)
	}

	// A mark that fails for one fails for all.
	db := b.open()
	if err := db.Write(b.ctx, func(tx database.Tx) error {
		_, err := tx.Exec(`ALTER TABLE ledger_second_entity RENAME TO gone`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := first.MarkDirty(b.ctx, changes.Change{TrackedEntity: uid(8)}); err == nil {
		t.Error("marked without the tables of the second")
	}
	has("after the mark that failed", first)
}
