package changes_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// TestFallBack lets changes come every few minutes through a night in which
// clocks are put back: the wall time of the rows goes back by an hour, and so
// does the time that the server tells.
func TestFallBack(t *testing.T) {
	for _, test := range []struct {
		zone string
		at   time.Time // clocks are put back
	}{
		{"America/New_York", time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC)},
		{"Europe/Oslo", time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC)},
		{"Australia/Lord_Howe", time.Date(2026, 4, 4, 15, 0, 0, 0, time.UTC)}, // by half an hour
	} {
		// A sweep every 21 min, and one so seldom that it misses the hour that
		// comes twice.
		for _, every := range []int{3, 14} {
			t.Run(fmt.Sprint(test.zone, every), func(t *testing.T) { fallBack(t, test.zone, test.at, every) })
		}
	}
}

func fallBack(t *testing.T, name string, at time.Time, every int) {
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	begin := at.Add(-2 * time.Hour)
	w := newWorld(t, sandbox.Config{Zone: zone, Now: func() time.Time { return begin }}, 40)
	w.poll.Settle = -1
	w.restart()
	w.sweep()
	w.drain()
	var changed []dhis2.UID
	for i := range 40 {
		w.dhis.Advance(7 * time.Minute)
		w.must(w.dhis.SetValue(ev(i), someElement, "x"))
		if changed = append(changed, te(i)); i%every != 0 {
			continue // some wait for the next sweep
		}
		w.sweep()
		got := w.drain() // some twice, in the hour that comes twice
		for _, u := range changed {
			if !slices.Contains(got, u) {
				t.Errorf("the change of %s was not seen", u)
			}
		}
		changed = nil
	}
}

// TestNoChangeIsLostAtAnyTime: whatever the zone and the rhythm of changes and
// sweeps, each change is seen by the sweep that follows it.
func TestNoChangeIsLostAtAnyTime(t *testing.T) {
	zones := []string{"America/New_York", "Asia/Colombo", "Europe/Oslo", "Australia/Lord_Howe", "Etc/UTC"}
	days := []time.Time{
		time.Date(2026, 11, 1, 3, 0, 0, 0, time.UTC), time.Date(2026, 10, 24, 22, 0, 0, 0, time.UTC),
		time.Date(2026, 4, 4, 12, 0, 0, 0, time.UTC), time.Date(2026, 3, 8, 5, 0, 0, 0, time.UTC), // spring forward
	}
	const people = 4
	rapid.Check(t, func(rt *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(rt, "zone"))
		if err != nil {
			rt.Fatal(err)
		}
		begin := rapid.SampledFrom(days).Draw(rt, "day")
		var ms atomic.Int64
		ms.Store(begin.UnixMilli())
		w := newWorld(t, sandbox.Config{Zone: zone, Now: func() time.Time { return time.UnixMilli(ms.Load()) }}, people)
		w.sweep()
		w.drain()
		changed := map[int]bool{}
		for range rapid.IntRange(5, 25).Draw(rt, "steps") {
			ms.Add(rapid.Int64Range(0, 45*60_000).Draw(rt, "ms"))
			if rapid.Bool().Draw(rt, "change") {
				i := rapid.IntRange(0, people-1).Draw(rt, "who")
				w.must(w.dhis.SetValue(ev(i), someElement, time.UnixMilli(ms.Load()).String()))
				changed[i] = true
				continue
			}
			w.sweep()
			got := map[string]bool{}
			for _, u := range w.drain() {
				got[u.String()] = true
			}
			for i := range changed {
				if !got[te(i).String()] {
					rt.Fatalf("the change of %s was not seen", te(i))
				}
			}
			clear(changed)
		}
	})
}
