package changes_test

import (
	"context"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

// together has a consumer return for a number of claims at the same moment.
func together(n int, f func(changes.Claim)) changes.Consumer {
	var all sync.WaitGroup
	all.Add(n)
	return func(_ context.Context, c changes.Claim) ([]byte, error) {
		if !c.Force { // forced: a second look, by itself
			f(c)
			all.Done()
			all.Wait()
		}
		return []byte("written"), nil
	}
}

// TestWhatEndsTogetherIsOneTransaction: a commit costs more than what is
// written in it for an entity that has not changed.
func TestWhatEndsTogetherIsOneTransaction(t *testing.T) {
	db := opener(t, filepath.Join(t.TempDir(), "ledger.db"))()
	var now atomic.Int64 // another time for each transaction
	now.Store(time.Now().UnixMilli())
	l, err := changes.New(ctx, changes.Config{DB: db, Now: func() time.Time { return time.UnixMilli(now.Add(1)) }})
	if err != nil {
		t.Fatal(err)
	}
	y := &yard{t, l, db}
	y.mark(5)
	r := y.runner(changes.RunConfig{Workers: 5, Consumer: together(5, func(changes.Claim) {})})
	if counts, err := r.Once(ctx); err != nil || counts.Done != 5 {
		t.Fatalf("got %+v, %v", counts, err)
	}
	err = db.Read(ctx, func(tx database.Tx) error {
		var n, times int64
		_, err := database.Row(tx, `SELECT count(*), count(DISTINCT done_at) FROM ledger_entity WHERE seq = done`, nil, &n, &times)
		if n != 5 || times != 1 {
			t.Errorf("%d entities completed in %d transactions, want 5 in one", n, times)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestD084_OneThatIsLateIsLateAlone: a claim that is over takes nothing from
// those that are completed with it.
func TestD084_OneThatIsLateIsLateAlone(t *testing.T) {
	inBubble(t, func(y *yard) {
		y.mark(4)
		late := map[dhis2.UID]error{}
		looks := map[dhis2.UID]int{}
		r := y.runner(changes.RunConfig{Workers: 4,
			Consumer: together(4, func(c changes.Claim) {
				if c.TrackedEntity == te(2) {
					if err := y.Release(ctx, c); err != nil {
						y.Error(err)
					}
				}
			}),
			Done: func(try changes.Try) {
				looks[try.TrackedEntity]++
				if try.Err != nil {
					late[try.TrackedEntity] = try.Err
					if try.Class != changes.Retry {
						y.Errorf("class %q, want that it is tried again", try.Class)
					}
				}
			}})
		if _, err := r.Once(ctx); err != nil {
			y.Fatal(err)
		}
		if want := map[dhis2.UID]int{te(0): 1, te(1): 1, te(2): 2, te(3): 1}; !cmp.Equal(looks, want) {
			y.Errorf("looked at %v, want %v", looks, want)
		}
		want := &changes.LeaseError{TrackedEntities: []dhis2.UID{te(2)}}
		if len(late) != 1 || late[te(2)] == nil || late[te(2)].Error() != want.Error() {
			y.Errorf("late: %v, want %v alone", late, want)
		}
		if s := y.stats(); s.Ready+s.Waiting+s.Claimed != 0 {
			y.Errorf("left: %+v", s)
		}
	})
}
