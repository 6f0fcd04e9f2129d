package ledgertest

import (
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

func retryWaits(t *testing.T, b *bench) {
	b.mark(t, uid(1))
	b.fail(t, b.one(t), changes.Failure{Class: changes.Retry, Cause: "503", Next: b.now().Add(time.Minute)})
	b.none(t)
	b.mark(t, uid(1)) // a change does not hurry it: the server is the reason
	b.none(t)
	b.advance(time.Minute)
	c := b.one(t)
	want(t, "attempts", c.Attempts, 1)
	b.fail(t, c, changes.Failure{Class: changes.Retry, Free: true, Next: b.now().Add(10 * changes.Horizon)})
	b.advance(changes.Horizon)
	c = b.one(t)
	want(t, "attempts after a failure that was not its own", c.Attempts, 1)
	b.complete(t, c, "")
	b.mark(t, uid(1))
	want(t, "attempts after success", b.one(t).Attempts, 0)
	list, err := b.Letters(b.ctx, changes.Filter{})
	if err != nil || len(list) != 0 {
		t.Errorf("a retry is listed as set aside: %v %v", list, err)
	}
}

// aside sets three entities aside, one in each way.
func (b *bench) aside(t *testing.T) {
	t.Helper()
	b.mark(t, uid(1), uid(2), uid(3))
	if err := b.MarkDirty(b.ctx, changes.Change{TrackedEntity: uid(3), Program: epi}); err != nil {
		t.Fatal(err)
	}
	for _, c := range b.claim(t, b.Ledger, 3) {
		f := map[dhis2.UID]changes.Failure{
			uid(1): {Class: changes.DeadLetter, Cause: "422", Message: "refused", Detail: []byte(`{"resourceType":"OperationOutcome"}`)},
			uid(2): {Class: changes.Quarantine, Cause: "no-phn", Message: "no usable PHN"},
			uid(3): {Class: changes.ForReview, Cause: "two-matches", Message: "two match"},
		}[c.TrackedEntity]
		b.fail(t, c, f)
		b.advance(10 * time.Second)
	}
}

func setAside(t *testing.T, b *bench) {
	start := b.now()
	b.aside(t)
	b.advance(changes.Horizon)
	b.none(t) // never by itself
	for _, test := range []struct {
		name   string
		filter changes.Filter
		want   []dhis2.UID
	}{
		{"all", changes.Filter{}, []dhis2.UID{uid(1), uid(2), uid(3)}},
		{"class", changes.Filter{Class: changes.Quarantine}, []dhis2.UID{uid(2)}},
		{"cause", changes.Filter{Cause: "422"}, []dhis2.UID{uid(1)}},
		{"program", changes.Filter{Program: epi}, []dhis2.UID{uid(3)}},
		{"entity", changes.Filter{TrackedEntity: uid(3)}, []dhis2.UID{uid(3)}},
		{"since", changes.Filter{Since: start.Add(20 * time.Second)}, []dhis2.UID{uid(3)}},
		{"before", changes.Filter{Before: start.Add(10 * time.Second)}, []dhis2.UID{uid(1)}},
		{"page", changes.Filter{After: uid(1), Limit: 1}, []dhis2.UID{uid(2)}},
		{"none", changes.Filter{Class: changes.Quarantine, Cause: "422"}, nil},
	} {
		list, err := b.Letters(b.ctx, test.filter)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != len(test.want) {
			t.Errorf("%s: got %d letters, want %d", test.name, len(list), len(test.want))
			continue
		}
		for i, l := range list {
			want(t, test.name, l.TrackedEntity, test.want[i])
			want(t, test.name+": detail in a list", l.Detail == nil, true)
		}
	}
	letter, found, err := b.Letter(b.ctx, uid(1))
	if err != nil || !found {
		t.Fatalf("letter: found %v, %v", found, err)
	}
	want(t, "detail", string(letter.Detail), `{"resourceType":"OperationOutcome"}`)
	want(t, "class", letter.Class, changes.DeadLetter)
	want(t, "message", letter.Message, "refused")
	want(t, "attempts", letter.Attempts, 1)
	want(t, "at", letter.At.Equal(start), true)

	n, err := b.Discard(b.ctx, changes.Filter{Class: changes.ForReview})
	if err != nil || n != 1 {
		t.Fatalf("discard: %d, %v", n, err)
	}
	n, err = b.Retry(b.ctx, changes.Filter{Class: changes.DeadLetter})
	if err != nil || n != 1 {
		t.Fatalf("retry: %d, %v", n, err)
	}
	c := b.one(t)
	want(t, "retried", c.TrackedEntity, uid(1))
	b.complete(t, c, "")
	if _, found, _ := b.Letter(b.ctx, uid(1)); found {
		t.Error("a letter stays after success")
	}
	list, err := b.Letters(b.ctx, changes.Filter{})
	if err != nil || len(list) != 1 || list[0].TrackedEntity != uid(2) {
		t.Errorf("left over: got %v, %v, want the quarantine", list, err)
	}
	b.mark(t, uid(3))
	want(t, "a discarded one comes back with a change", b.one(t).TrackedEntity, uid(3))
}

func changeBringsBack(t *testing.T, b *bench) {
	b.aside(t)
	b.mark(t, uid(2))
	c := b.one(t)
	want(t, "entity", c.TrackedEntity, uid(2))
	b.mark(t, uid(2)) // corrected while it is being refused again
	b.fail(t, c, changes.Failure{Class: changes.Quarantine, Cause: "no-phn"})
	c = b.one(t)
	want(t, "entity", c.TrackedEntity, uid(2))
	b.complete(t, c, "")
	n, err := b.MarkProgram(b.ctx, anc, true) // a new map
	if err != nil || n != 3 {
		t.Fatalf("mark program: %d, %v", n, err)
	}
	claims := b.claim(t, b.Ledger, 10)
	want(t, "claims after a new map", len(claims), 3)
	for _, c := range claims {
		want(t, "force", c.Force, true)
	}
}

func crashAfterSave(t *testing.T, b *bench) {
	b.mark(t, uid(1))
	c := b.one(t)
	c.Wrote("hash of written")
	b.complete(t, c, "written")
	b.mark(t, uid(1))
	c = b.one(t)
	want(t, "hash", c.Hash, "hash of written")
	if err := c.Save(b.ctx, []byte("written+desired")); err != nil {
		t.Fatal(err)
	}
	// The process dies here: what it sent is not known.
	other := b.ledger(t, "other")
	if claims := b.claim(t, other, 10); len(claims) != 0 {
		t.Fatalf("got %d claims within the lease, want none", len(claims))
	}
	b.advance(Lease)
	claims := b.claim(t, other, 10)
	if len(claims) != 1 {
		t.Fatalf("got %d claims after the lease, want 1", len(claims))
	}
	want(t, "state", string(claims[0].State), "written+desired")
	want(t, "hash: what stands is not known", claims[0].Hash, "")
	want(t, "force", claims[0].Force, true)
	want(t, "attempts", claims[0].Attempts, 1)
	if err := other.Complete(b.ctx, changes.Completion{Claim: claims[0], State: []byte("desired")}); err != nil {
		t.Fatal(err)
	}
	b.mark(t, uid(1))
	want(t, "state", string(b.one(t).State), "desired")
}

func reopen(t *testing.T, b *bench) {
	b.aside(t)
	b.mark(t, uid(4), uid(5))
	claims := b.claim(t, b.Ledger, 1)
	claims[0].Wrote("h")
	b.complete(t, claims[0], "s")
	before, err := b.Stats(b.ctx)
	if err != nil {
		t.Fatal(err)
	}
	b.Ledger = b.ledger(t, "again")
	after, err := b.Stats(b.ctx)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "known", after.Known, before.Known)
	want(t, "dirty", after.Dirty, before.Dirty)
	want(t, "ready", after.Ready, before.Ready)
	want(t, "dirty", after.Dirty, 4)
	b.mark(t, claims[0].TrackedEntity)
	for _, c := range b.claim(t, b.Ledger, 10) {
		if c.TrackedEntity == claims[0].TrackedEntity {
			want(t, "hash", c.Hash, "h")
			want(t, "state", string(c.State), "s")
		}
	}
}
