package ledgertest

import (
	"sync"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

func marksCoalesce(t *testing.T, b *bench) {
	for range 100 {
		b.mark(t, uid(1), uid(1))
	}
	b.advance(time.Second)
	b.mark(t, uid(2))
	b.mark(t, uid(1))
	claims := b.claim(t, b.Ledger, 10)
	if len(claims) != 2 {
		t.Fatalf("got %d claims, want 2", len(claims))
	}
	want(t, "the one that waits longest comes first", claims[0].TrackedEntity, uid(1))
	want(t, "sequence", claims[0].Sequence, 101)
	want(t, "until", claims[0].Until, b.now().Add(Lease))
	b.none(t)
	b.complete(t, claims[0], "")
	b.advance(2 * Lease)
	want(t, "only what was not completed comes back", b.one(t).TrackedEntity, uid(2))
}

func changeDuringWork(t *testing.T, b *bench) {
	b.mark(t, uid(1))
	c := b.one(t)
	b.mark(t, uid(1))
	b.none(t) // never two at once for one entity
	c.Wrote("h1")
	b.complete(t, c, "s1")
	c = b.one(t)
	want(t, "state", string(c.State), "s1")
	want(t, "hash", c.Hash, "h1")
	want(t, "force", c.Force, false)
	b.complete(t, c, "s2")
	b.none(t)
	b.mark(t, uid(1))
	c = b.one(t)
	want(t, "hash without Wrote", c.Hash, "h1")
	want(t, "state", string(c.State), "s2")
	if err := c.Save(b.ctx, []byte("s3")); err != nil {
		t.Fatal(err)
	}
	b.complete(t, c, "s3")
	b.mark(t, uid(1))
	c = b.one(t)
	want(t, "hash after Save without Wrote", c.Hash, "")
	b.complete(t, c, "")
	b.mark(t, uid(1))
	want(t, "state taken away", b.one(t).State == nil, true)
}

func lateCompletion(t *testing.T, b *bench) {
	b.mark(t, uid(1))
	c := b.one(t)
	c.Wrote("late")
	b.advance(Lease) // over to the millisecond
	isLate(t, c.Save(b.ctx, []byte("late")))
	isLate(t, b.Complete(b.ctx, changes.Completion{Claim: c, State: []byte("late")}))
	next := b.one(t)
	want(t, "force", next.Force, true)
	want(t, "hash", next.Hash, "")
	want(t, "state", string(next.State), "")
	want(t, "sequence", next.Sequence, c.Sequence+1)
	want(t, "attempts", next.Attempts, 1)
	b.complete(t, next, "")
	b.none(t)

	b.mark(t, uid(1))
	c = b.one(t)
	b.advance(Lease)
	isLate(t, b.Fail(b.ctx, c, changes.Failure{Class: changes.DeadLetter}))
	want(t, "force after a late failure", b.one(t).Force, true)
}

func lateWhileAnotherWorks(t *testing.T, b *bench) {
	b.mark(t, uid(1), uid(2))
	late := b.claim(t, b.Ledger, 2)
	b.advance(Lease)
	second := b.ledger(t, "second")
	now := b.claim(t, second, 2)
	if len(now) != 2 || len(late) != 2 {
		t.Fatalf("got %d and %d claims, want 2 and 2", len(late), len(now))
	}
	if err := now[0].Save(b.ctx, []byte("now")); err != nil {
		t.Fatal(err)
	}
	isLate(t, late[0].Save(b.ctx, []byte("late")))
	isLate(t, b.Complete(b.ctx, changes.Completion{Claim: late[0], State: []byte("late")}))
	if err := b.Release(b.ctx, late[1]); err != nil { // somebody else's by now
		t.Fatal(err)
	}
	b.none(t)
	if err := second.Complete(b.ctx, changes.Completion{Claim: now[0], State: []byte("now")}, changes.Completion{Claim: now[1]}); err != nil {
		t.Fatal(err)
	}
	// What the late one did came after the other's look: once more, by force.
	again := b.one(t)
	want(t, "entity", again.TrackedEntity, late[0].TrackedEntity)
	want(t, "state", string(again.State), "now")
	want(t, "force", again.Force, true)
	b.complete(t, again, "now")
	b.none(t)

	// One late among others costs those nothing.
	b.mark(t, uid(1))
	c1 := b.one(t)
	b.advance(Lease)
	b.mark(t, uid(2))
	c2 := b.claim(t, b.Ledger, 2)
	var fresh changes.Claim
	for _, c := range c2 {
		if c.TrackedEntity == uid(2) {
			fresh = c
		}
	}
	isLate(t, b.Complete(b.ctx, changes.Completion{Claim: c1}, changes.Completion{Claim: fresh}))
	b.advance(Lease)
	want(t, "the late one alone is dirty", b.one(t).TrackedEntity, uid(1))
}

func force(t *testing.T, b *bench) {
	if err := b.MarkDirty(b.ctx, changes.Change{TrackedEntity: uid(1)}, changes.Change{TrackedEntity: uid(1), Force: true}); err != nil {
		t.Fatal(err)
	}
	b.mark(t, uid(1)) // does not take the force away
	c := b.one(t)
	want(t, "force", c.Force, true)
	b.fail(t, c, changes.Failure{Class: changes.Retry})
	c = b.one(t)
	want(t, "force stays until written", c.Force, true)
	if err := b.MarkDirty(b.ctx, changes.Change{TrackedEntity: uid(1), Force: true}); err != nil {
		t.Fatal(err)
	}
	b.complete(t, c, "")
	c = b.one(t)
	want(t, "force that came during the work", c.Force, true)
	b.complete(t, c, "")
	b.mark(t, uid(1))
	c = b.one(t)
	want(t, "force after it was written", c.Force, false)
	b.fail(t, c, changes.Failure{Class: changes.Retry, Unknown: true})
	want(t, "force after an unknown outcome", b.one(t).Force, true)
}

func release(t *testing.T, b *bench) {
	b.mark(t, uid(1))
	c := b.one(t)
	if err := b.Release(b.ctx, c); err != nil {
		t.Fatal(err)
	}
	c = b.one(t)
	want(t, "attempts", c.Attempts, 0)
	want(t, "force", c.Force, false)
}

// replicas has three processes with four workers each share entities that go
// on changing, and looks for two at work on one.
func replicas(t *testing.T, b *bench) {
	const entities, rounds = 60, 4
	for i := range entities {
		b.mark(t, uid(i))
	}
	var mu sync.Mutex
	working := map[dhis2.UID]int{}
	last := map[dhis2.UID]int64{}
	owners := map[string]int{}
	changesLeft := entities * rounds
	var wg sync.WaitGroup
	for _, owner := range []string{"a", "b", "c"} {
		l := b.ledger(t, owner)
		for range 4 {
			wg.Go(func() {
				for {
					claims, err := l.Claim(b.ctx, 3)
					if err != nil {
						t.Error(err)
						return
					}
					if len(claims) == 0 {
						s, err := l.Stats(b.ctx)
						if err != nil {
							t.Error(err)
							return
						}
						if s.Dirty == 0 {
							return
						}
						continue
					}
					for _, c := range claims {
						mu.Lock()
						working[c.TrackedEntity]++
						if working[c.TrackedEntity] > 1 {
							t.Errorf("%s: two work on it at once", c.TrackedEntity)
						}
						if c.Sequence <= last[c.TrackedEntity] {
							t.Errorf("%s: sequence %d after %d", c.TrackedEntity, c.Sequence, last[c.TrackedEntity])
						}
						if c.Force {
							t.Errorf("%s: forced without a reason", c.TrackedEntity)
						}
						last[c.TrackedEntity] = c.Sequence
						owners[owner]++
						again := changesLeft > 0
						changesLeft--
						mu.Unlock()
						if again {
							if err := l.MarkDirty(b.ctx, changes.Change{TrackedEntity: c.TrackedEntity}); err != nil {
								t.Error(err)
							}
						}
						mu.Lock()
						working[c.TrackedEntity]--
						mu.Unlock()
						if err := l.Complete(b.ctx, changes.Completion{Claim: c, State: []byte(owner)}); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
	}
	wg.Wait()
	done := 0
	for _, n := range owners {
		done += n
	}
	want(t, "claims", done, entities+entities*rounds)
	b.none(t)
}
