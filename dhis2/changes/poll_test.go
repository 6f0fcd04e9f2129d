package changes_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

var someElement = dhis2.MustUID("Element0001")

func TestD081_PollFindsEveryKindOfChange(t *testing.T) {
	everyVersion(t, func(t *testing.T, version string) {
		w := newWorld(t, sandbox.Config{Version: version}, 8)
		w.poll.PageSize, w.poll.Settle = 3, -1
		w.restart()
		w.sweep()
		w.dirty(te(0), te(1), te(2), te(3), te(4), te(5), te(6), te(7))
		w.dhis.Advance(time.Hour)
		if s := w.sweep(); s.Marked != 0 {
			t.Errorf("nothing changed, and %d were marked", s.Marked)
		}
		for _, test := range []struct {
			name string
			edit func() error
			want dhis2.UID
		}{
			{"attribute", func() error { return w.dhis.SetAttribute(te(1), someElement, "x") }, te(1)},
			{"data value", func() error { return w.dhis.SetValue(ev(2), someElement, "x") }, te(2)},
			{"cleared value", func() error { return w.dhis.SetValue(ev(2), someElement, "") }, te(2)},
			{"completed", func() error { return w.dhis.Complete(ev(3)) }, te(3)},
			{"completed no more", func() error { return w.dhis.Uncomplete(ev(3)) }, te(3)},
			{"cancelled", func() error { return w.dhis.SetEnrollmentStatus(en(4), dhis2.EnrollmentCancelled) }, te(4)},
			{"deleted event", func() error { return w.dhis.DeleteEvent(ev(5)) }, te(5)},
			{"deleted enrollment", func() error { return w.dhis.DeleteEnrollment(en(6)) }, te(6)},
			{"new", func() error {
				return w.dhis.Load(sandbox.Dataset{TrackedEntities: []dhis2.TrackedEntity{entity(9, w.dhis.Now(), w.dhis.Now().Location())}})
			}, te(9)},
		} {
			w.dhis.Advance(time.Hour)
			w.must(test.edit())
			w.dhis.Advance(time.Millisecond)
			w.sweep()
			if got := w.drain(); len(got) != 1 || got[0] != test.want {
				t.Errorf("%s: got %v, want %v", test.name, got, test.want)
			}
		}
	})
}

func TestD077_PollFindsDeletedEntities(t *testing.T) {
	everyVersion(t, func(t *testing.T, version string) {
		w := newWorld(t, sandbox.Config{Version: version}, 3)
		w.sweep()
		w.drain()
		w.dhis.Advance(time.Hour)
		w.must(w.dhis.Delete(te(1)))
		w.sweep()
		w.dirty(te(1))
		// Purged: polling cannot see that, reconciling does.
		w.dhis.Advance(time.Hour)
		w.must(w.dhis.Purge(te(1)))
		w.sweep()
		w.dirty()
		r, err := w.poller.Reconcile(ctx, sandbox.ANCProgram)
		w.must(err)
		if r.Missing != 1 || r.Shown != 2 {
			t.Errorf("got %+v, want 1 missing of 3", r)
		}
		w.dirty(te(1))
	})
}

// TestD081_LostBump: DHIS2 writes the time of a tracked entity after the
// change below it, and may stop in between.
func TestD081_LostBump(t *testing.T) {
	everyVersion(t, func(t *testing.T, version string) {
		w := newWorld(t, sandbox.Config{Version: version}, 3)
		w.sweep()
		w.drain()
		w.dhis.Advance(time.Hour)
		zone := w.dhis.Now().Location()
		old := entity(1, start.Add(-24*time.Hour), zone)
		old.Enrollments[0].Events[0].UpdatedAt = stamp(w.dhis.Now(), zone)
		other := entity(2, start.Add(-24*time.Hour), zone)
		other.Enrollments[0].UpdatedAt = stamp(w.dhis.Now(), zone)
		w.load(sandbox.Dataset{TrackedEntities: []dhis2.TrackedEntity{old, other}})
		w.sweep()
		w.dirty(te(1), te(2))
	})
}

// TestD081_LateCommit: a long import writes rows that are older than what was
// seen already.
func TestD081_LateCommit(t *testing.T) {
	w := newWorld(t, sandbox.Config{}, 1)
	w.sweep()
	w.drain()
	w.dhis.Advance(time.Hour)
	w.sweep()
	zone := w.dhis.Now().Location()
	w.load(sandbox.Dataset{TrackedEntities: []dhis2.TrackedEntity{entity(5, w.dhis.Now().Add(-14*time.Minute), zone)}})
	w.dhis.Advance(30 * time.Second)
	w.sweep()
	w.dirty(te(5))
}

// TestInclusiveBounds: what is written in the very millisecond in which a
// sweep begins, after the sweep, is found by the next.
func TestInclusiveBounds(t *testing.T) {
	w := newWorld(t, sandbox.Config{}, 2)
	w.poll.Overlap, w.poll.Settle = time.Nanosecond, -1
	w.restart()
	w.sweep()
	w.drain()
	// Three times in one millisecond, with a look after each.
	for range 3 {
		w.must(w.dhis.SetAttribute(te(1), someElement, "x"))
		w.sweep()
		w.dirty(te(1))
	}
}

// TestPagingSurvivesRowsThatMove edits an entity of the first page before the
// second is asked for, which draws the rest up by one.
func TestPagingSurvivesRowsThatMove(t *testing.T) {
	everyVersion(t, func(t *testing.T, version string) {
		w := newWorld(t, sandbox.Config{Version: version}, 20)
		w.poll.PageSize = 4
		w.restart()
		i := 0
		w.source.before = func(string, api.Query) {
			if i > 0 && i <= 10 {
				w.must(w.dhis.SetAttribute(te(i-1), someElement, "x"))
			}
			i++
		}
		w.sweep()
		if got := w.drain(); len(got) != 20 {
			t.Errorf("got %d entities, want 20", len(got))
		}
	})
}

// TestPagingThroughOneTimestamp: a bulk import gives more rows than a page one
// and the same time, and they move while they are read.
func TestPagingThroughOneTimestamp(t *testing.T) {
	everyVersion(t, func(t *testing.T, version string) {
		w := newWorld(t, sandbox.Config{Version: version}, 0)
		zone := w.dhis.Now().Location()
		var d sandbox.Dataset
		for i := range 30 {
			d.TrackedEntities = append(d.TrackedEntities, entity(i, start.Add(-48*time.Hour), zone))
		}
		d.TrackedEntities = append(d.TrackedEntities, entity(30, start.Add(-47*time.Hour), zone))
		w.load(d)
		w.poll.PageSize = 5
		w.restart()
		asked := 0
		w.source.before = func(string, api.Query) {
			if asked++; asked == 3 || asked == 4 {
				w.must(w.dhis.SetAttribute(te(asked), someElement, "x")) // of a page that was read
			}
		}
		w.sweep()
		if got := w.drain(); len(got) != 31 {
			t.Errorf("got %d entities, want 31", len(got))
		}
	})
}

func TestD084_TheOverlapMarksEachChangeTwice(t *testing.T) {
	w := newWorld(t, sandbox.Config{}, 3)
	w.sweep()
	w.drain()
	w.dhis.Advance(time.Hour)
	w.must(w.dhis.SetValue(ev(1), someElement, "x"))
	w.dhis.Advance(time.Millisecond)
	looked := 0
	for range 60 {
		w.sweep()
		looked += len(w.drain())
		w.dhis.Advance(10 * time.Second)
	}
	// Once at once, once more when the answer has settled.
	if looked != 2 {
		t.Errorf("looked %d times, want 2", looked)
	}
}

func TestD083_ARestartGoesOnAtTheLowWaterMark(t *testing.T) {
	w := newWorld(t, sandbox.Config{}, 5)
	w.sweep()
	w.drain()
	w.dhis.Advance(24 * time.Hour)
	w.must(w.dhis.SetValue(ev(1), someElement, "x"))
	w.dhis.Advance(24 * time.Hour) // nobody polled
	w.restart()
	s := w.sweep()
	w.dirty(te(1))
	if want := start.Add(-15 * time.Minute); !s.From.Equal(want) {
		t.Errorf("from %v, want %v", s.From, want)
	}
	if !s.Low.Equal(w.dhis.Now()) {
		t.Errorf("low water %v, want the server's time %v", s.Low, w.dhis.Now())
	}
}

// TestD083_NothingIsConcludedFromHalfASweep: the mark rises only after all
// lists were read and are on the ledger.
func TestD083_NothingIsConcludedFromHalfASweep(t *testing.T) {
	for _, f := range []sandbox.Fault{
		{Kind: sandbox.FaultStatus, Status: 503, Path: "/api/tracker/events"},
		{Kind: sandbox.FaultStatus, Status: 429, Path: "/api/tracker/enrollments"},
		{Kind: sandbox.FaultReset, Path: "/api/tracker/trackedEntities"},
		{Kind: sandbox.FaultCut, Path: "/api/tracker/events"},
		{Kind: sandbox.FaultGarbage, Path: "/api/tracker/events"},
		{Kind: sandbox.FaultLogin, Path: "/api/tracker/events"},
		{Kind: sandbox.FaultLoginPage, Path: "/api/tracker/trackedEntities"},
		{Kind: sandbox.FaultStatus, Status: 403, Path: "/api/tracker/enrollments"},
		{Kind: sandbox.FaultStatus, Status: 500, Path: "/api/me"},
		{Kind: sandbox.FaultStatus, Status: 502, Path: "/api/system/info"},
	} {
		w := newWorld(t, sandbox.Config{}, 3)
		w.sweep()
		w.drain()
		w.dhis.Advance(time.Hour)
		w.must(w.dhis.SetValue(ev(1), someElement, "x"))
		w.dhis.Inject(f)
		s, err := w.poller.Sweep(ctx, sandbox.ANCProgram)
		if err == nil {
			t.Errorf("%+v: no error", f)
		}
		if !s.Low.IsZero() {
			t.Errorf("%+v: low water %v", f, s.Low)
		}
		marks, err := w.ledger.LowWater(ctx)
		w.must(err)
		if !marks[sandbox.ANCProgram].Equal(start) {
			t.Errorf("%+v: the mark rose to %v", f, marks[sandbox.ANCProgram])
		}
		w.dhis.ClearFaults()
		w.sweep()
		got := w.drain()
		if len(got) != 1 || got[0] != te(1) {
			t.Errorf("%+v: afterwards got %v", f, got)
		}
	}
}

func TestD104_OnlyIdentifiersAndTimesAreAskedFor(t *testing.T) {
	w := newWorld(t, sandbox.Config{}, 2)
	w.sweep()
	w.dhis.Advance(time.Hour)
	w.sweep()
	_, err := w.poller.Reconcile(ctx, sandbox.ANCProgram)
	w.must(err)
	if len(w.source.asked) < 4 {
		t.Fatalf("asked only %v", w.source.asked)
	}
	for _, a := range w.source.asked {
		_, fields, _ := strings.Cut(a, " ")
		for f := range strings.SplitSeq(fields, ",") {
			switch f {
			case "trackedEntity", "enrollment", "event", "updatedAt", "deleted":
			default:
				t.Errorf("asked for %q in %q", f, a)
			}
		}
	}
}

// TestClockOfTheServerSetBack: rows are written with times that were passed.
func TestClockOfTheServerSetBack(t *testing.T) {
	w := newWorld(t, sandbox.Config{}, 3)
	w.sweep()
	w.drain()
	w.dhis.Advance(-3 * time.Hour)
	w.must(w.dhis.SetValue(ev(1), someElement, "x"))
	w.dhis.Advance(5 * time.Second)
	s := w.sweep()
	if !s.Low.Equal(start) {
		t.Errorf("the mark moved to %v", s.Low)
	}
	uids := map[dhis2.UID]bool{}
	w.must(w.ledger.Known(ctx, sandbox.ANCProgram, func(u dhis2.UID) error { uids[u] = true; return nil }))
	if s.Marked == 0 || !uids[te(1)] {
		t.Errorf("the change was not seen: %+v", s)
	}
}

func TestAnotherServerBehindTheSameAddress(t *testing.T) {
	w := newWorld(t, sandbox.Config{}, 3)
	w.sweep()
	clone := newWorld(t, sandbox.Config{SystemID: "another"}, 1)
	w.poll.Source = clone.source
	w.restart()
	_, err := w.poller.Sweep(ctx, sandbox.ANCProgram)
	if e, ok := errors.AsType[*changes.PinError](err); !ok || e.Name != changes.PinSystem {
		t.Fatalf("got %v, want a *changes.PinError", err)
	}
	w.poll.AcceptServer = true
	w.restart()
	w.sweep()
}

func TestNewPollerRefuses(t *testing.T) {
	w := newWorld(t, sandbox.Config{}, 0)
	for name, change := range map[string]func(*changes.PollConfig){
		"source":   func(c *changes.PollConfig) { c.Source = nil },
		"ledger":   func(c *changes.PollConfig) { c.Ledger = nil },
		"programs": func(c *changes.PollConfig) { c.Programs = nil },
		"program":  func(c *changes.PollConfig) { c.Programs = []dhis2.UID{{}} },
		"interval": func(c *changes.PollConfig) { c.Interval = time.Millisecond },
		"overlap":  func(c *changes.PollConfig) { c.Overlap = -1 },
		"settle":   func(c *changes.PollConfig) { c.Settle = time.Hour },
		"page":     func(c *changes.PollConfig) { c.PageSize = 50_001 },
		"missing":  func(c *changes.PollConfig) { c.MaxMissing = 2 },
	} {
		cfg := w.poll
		change(&cfg)
		if _, err := changes.NewPoller(cfg); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := w.poller.Sweep(ctx, te(1)); err == nil {
		t.Error("a program that is not polled was swept")
	}
}
