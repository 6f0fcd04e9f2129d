package changes_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// TestD079_ListGoesOnWhereItWas: a listing that is cut goes on after the time
// that it had reached, and sees what moved meanwhile.
func TestD079_ListGoesOnWhereItWas(t *testing.T) {
	everyVersion(t, func(t *testing.T, version string) {
		w := newWorld(t, sandbox.Config{Version: version}, 11)
		w.poll.PageSize = 3
		w.restart()
		all := changes.Selection{Program: sandbox.ANCProgram}
		if n, err := w.poller.Count(ctx, all); err != nil || n != 11 {
			t.Errorf("counted %d, %v; want 11", n, err)
		}
		seen := map[dhis2.UID]int{}
		var reached time.Time
		cut := errors.New("cut")
		err := w.poller.List(ctx, all, time.Time{}, func(uids []dhis2.UID, upTo time.Time) error {
			for _, u := range uids {
				seen[u]++
			}
			if reached = upTo; len(seen) > 5 {
				return cut
			}
			return nil
		})
		if !errors.Is(err, cut) || len(seen) >= 11 {
			t.Fatalf("%v after %d", err, len(seen))
		}
		// One that was seen and one that was not move to the end.
		w.dhis.Advance(time.Minute)
		w.must(w.dhis.SetAttribute(te(0), dhis2.MustUID("Attribute01"), "x"))
		w.must(w.dhis.SetAttribute(te(10), dhis2.MustUID("Attribute01"), "x"))
		w.must(w.poller.List(ctx, all, reached, func(uids []dhis2.UID, _ time.Time) error {
			for _, u := range uids {
				seen[u]++
			}
			return nil
		}))
		if len(seen) != 11 {
			t.Errorf("saw %d of 11", len(seen))
		}
		for u, n := range seen {
			if n > 2 {
				t.Errorf("%s was seen %d times", u, n)
			}
		}
	})
}

// TestListSelects: a window is inclusive at both ends, an organisation unit has
// those below it.
func TestListSelects(t *testing.T) {
	w := newWorld(t, sandbox.Config{}, 9)
	first := start.Add(-24 * time.Hour)
	var got []dhis2.UID
	part := changes.Selection{Program: sandbox.ANCProgram, From: first.Add(2 * time.Second), To: first.Add(4 * time.Second)}
	w.must(w.poller.List(ctx, part, time.Time{}, func(uids []dhis2.UID, _ time.Time) error {
		got = append(got, uids...)
		return nil
	}))
	if want := []dhis2.UID{te(2), te(3), te(4)}; !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	var asked api.Query
	w.source.before = func(_ string, q api.Query) { asked = q }
	unit := dhis2.MustUID("OrgUnit0001")
	_ = w.poller.List(ctx, changes.Selection{Program: sandbox.ANCProgram, OrgUnits: []dhis2.UID{unit}}, time.Time{},
		func([]dhis2.UID, time.Time) error { return nil })
	if !slices.Equal(asked.OrgUnits, []dhis2.UID{unit}) || asked.OrgUnitMode != api.Descendants || !asked.IncludeDeleted {
		t.Errorf("asked for %+v, want the organisation unit with those below, deleted rows too", asked)
	}
}

// TestD079_ADistrustedLedgerForcesTheNextSweep: also what it never heard of.
func TestD079_ADistrustedLedgerForcesTheNextSweep(t *testing.T) {
	w := newWorld(t, sandbox.Config{}, 3)
	w.sweep()
	w.drain()
	w.must(w.ledger.Distrust(ctx))
	w.dhis.Advance(time.Hour)
	w.load(sandbox.Dataset{TrackedEntities: []dhis2.TrackedEntity{entity(20, w.dhis.Now(), w.dhis.Now().Location())}})
	w.restart()
	w.sweep()
	claims, err := w.ledger.Claim(ctx, 10)
	w.must(err)
	if len(claims) != 4 {
		t.Errorf("%d claims, want all 4", len(claims))
	}
	for _, c := range claims {
		if !c.Force {
			t.Errorf("%s is not forced", c.TrackedEntity)
		}
		w.must(w.ledger.Complete(ctx, changes.Completion{Claim: c}))
	}
	// That was once.
	w.dhis.Advance(time.Minute)
	w.must(w.dhis.SetAttribute(te(1), dhis2.MustUID("Attribute01"), "x"))
	w.sweep()
	claims, err = w.ledger.Claim(ctx, 10)
	w.must(err)
	for _, c := range claims {
		if c.Force {
			t.Errorf("%s is forced by the second sweep", c.TrackedEntity)
		}
	}
	if len(claims) == 0 {
		t.Error("the change was not seen")
	}
}
