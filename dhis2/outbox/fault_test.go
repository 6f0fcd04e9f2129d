package outbox_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/outbox"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

const quoted = "A-VALUE-OF-A-PERSON"

// TestD078_Faults: what each failure of DHIS2 makes of an order, and that it
// stands once when DHIS2 is sound again.
func TestD078_Faults(t *testing.T) {
	for _, tc := range []struct {
		name   string
		fault  sandbox.Fault
		state  outbox.State
		cause  string
		shared bool          // the server is the reason: the run pauses, no attempt counts
		result outbox.Result // when it is sound again
		retry  bool          // somebody has to ask
	}{
		{"answer lost", sandbox.Fault{Kind: sandbox.FaultLoseAnswer}, outbox.Waiting, "unreachable", true, outbox.Stood, false},
		{"reset", sandbox.Fault{Kind: sandbox.FaultReset}, outbox.Waiting, "unreachable", true, outbox.Written, false},
		{"answer cut", sandbox.Fault{Kind: sandbox.FaultCut}, outbox.Waiting, "unreachable", true, outbox.Stood, false},
		{"answer garbled", sandbox.Fault{Kind: sandbox.FaultGarbage}, outbox.Waiting, "200", true, outbox.Written, false},
		{"proxy", sandbox.Fault{Status: 502}, outbox.Waiting, "502", true, outbox.Written, false},
		{"too many requests", sandbox.Fault{Status: 429, RetryAfter: 7 * time.Second}, outbox.Waiting, "429", true, outbox.Written, false},
		{"token revoked", sandbox.Fault{Status: 401}, outbox.Waiting, "401", true, outbox.Written, false},
		{"login page", sandbox.Fault{Kind: sandbox.FaultLoginPage}, outbox.Waiting, "200", true, outbox.Written, false},
		{"a right is missing", sandbox.Fault{Status: 403, Code: "E1000", Message: quoted}, outbox.Waiting, "E1000", false, outbox.Written, false},
		{"refused before it was read", sandbox.Fault{Status: 409, Code: "E1003", Message: quoted}, outbox.Dead, "E1003", false, outbox.Written, true},
		{"not understood", sandbox.Fault{Status: 400, Code: "E1003", Message: quoted}, outbox.Dead, "E1003", false, outbox.Written, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, "2.42")
			o := w.process(t, open(t, t.TempDir()+"/outbox.db"))
			uid := put(t, o, "reply/1", reply())
			tc.fault.Method = "POST"
			w.dhis2.Inject(tc.fault)
			c, err := o.Once(t.Context())
			l := letter(t, o, "reply/1")
			if (err != nil) != tc.shared || l.State != tc.state || l.Cause != tc.cause || (l.Attempts == 0) != tc.shared {
				t.Errorf("%+v, %v; the order: %+v", c, err, l)
			}
			if told := l.Message + c.LastErr.Error(); strings.Contains(told, quoted) || strings.Contains(told, "61.5") {
				t.Errorf("a value is in %s", told)
			}
			w.dhis2.ClearFaults()
			w.advance(time.Hour)
			if n, err := o.Retry(t.Context()); err != nil || (n == 1) != tc.retry {
				t.Errorf("%d retried, %v", n, err)
			}
			once(t, o)
			if events, _ := w.made(t); letter(t, o, "reply/1").Result != tc.result || events != 1 {
				t.Errorf("result %s, %d events; want %s and one", letter(t, o, "reply/1").Result, events, tc.result)
			}
			if _, err := w.client.Event(t.Context(), uid, ""); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestD078_Refusals: what DHIS2's import refuses is a dead letter with its
// codes, and without values.
func TestD078_Refusals(t *testing.T) {
	wrong := reply()
	wrong.Values[0].Value = quoted
	unknown := reply()
	unknown.Values[0].Element = dhis2.MustUID("SbxNothing1")
	gone := attribute("45A1DRK7HX4")
	gone.TrackedEntity = dhis2.MustUID("SbxNothing1")
	lost := note("text")
	lost.Event = dhis2.MustUID("SbxNothing1")
	long := attribute(strings.Repeat(quoted, 100))
	for _, tc := range []struct {
		name  string
		item  outbox.Item
		cause string
	}{
		{"not of its type", wrong, "E1302"},
		{"unknown element", unknown, "E1304"},
		{"no such woman", gone, "404"},
		{"no such event", lost, "404"},
		{"too long", long, "E1077"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, "2.42")
			o := w.process(t, open(t, t.TempDir()+"/outbox.db"))
			uid := put(t, o, "a/1", tc.item)
			c, err := o.Once(t.Context())
			if err != nil || c.Dead != 1 || strings.Contains(c.LastErr.Error(), quoted) {
				t.Errorf("%+v, %v", c, err)
			}
			letters, err := o.DeadLetters(t.Context())
			if err != nil || len(letters) != 1 || letters[0].UID != uid || letters[0].Cause != tc.cause || letters[0].EndedAt.IsZero() ||
				strings.Contains(letters[0].Message, quoted) {
				t.Fatalf("dead letters %+v, %v; want one with cause %s", letters, err, tc.cause)
			}
			if n, err := o.Discard(t.Context(), uid); n != 1 || err != nil {
				t.Errorf("discarded %d, %v", n, err)
			}
			if l := letter(t, o, "a/1"); l.State != outbox.Ended || l.Result != outbox.Discarded {
				t.Errorf("discarded, it is %+v", l)
			}
			if s, err := o.Stats(t.Context()); err != nil || s.Dead+s.Waiting != 0 {
				t.Errorf("stats %+v, %v", s, err)
			}
		})
	}
}

// TestAnotherServer: nothing is sent while the server is not known to be the
// one that the orders are for.
func TestAnotherServer(t *testing.T) {
	w := newWorld(t, "2.42")
	db := open(t, t.TempDir()+"/outbox.db")
	another := context.Canceled
	o := w.process(t, db, func(c *outbox.Config) { c.Same = func(context.Context) error { return another } })
	put(t, o, "reply/1", reply())
	if _, err := o.Once(t.Context()); err != another || w.writes.Load() != 0 {
		t.Errorf("%v, %d requests", err, w.writes.Load())
	}
	if c := once(t, w.process(t, db)); c.Results[outbox.Written] != 1 {
		t.Errorf("%+v", c)
	}
}

// run: a run brings what is put while it is idle, pauses while the server
// is away, goes on by itself, and ends what is under way when it is told to.
func run(t *testing.T, url string) {
	w := newWorld(t, "2.42")
	tries := make(chan outbox.Try, 100)
	o := w.process(t, open(t, url), func(c *outbox.Config) {
		c.Now, c.Idle, c.MaxPause, c.Backoff = nil, time.Hour, time.Millisecond, time.Millisecond
		c.Done = func(t outbox.Try) { tries <- t }
	})
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- o.Run(ctx) }()
	until := func(f func(outbox.Try) bool) {
		for try := range tries {
			if f(try) {
				return
			}
		}
	}
	done := func(try outbox.Try) bool { return try.Result == outbox.Written }
	put(t, o, "reply/1", reply())
	until(done)
	w.dhis2.Inject(sandbox.Fault{Status: 503})
	put(t, o, "reply/2", reply())
	until(func(try outbox.Try) bool { return try.Paused > 0 && try.Err != nil })
	w.dhis2.ClearFaults()
	until(done)
	// What is under way when the run is to end comes to its end.
	w.gate.Store(&gate{before: stop})
	put(t, o, "reply/3", reply())
	if err := <-over; err != nil {
		t.Error(err)
	}
	if events, _ := w.made(t); events != 3 || letter(t, o, "reply/3").State != outbox.Ended {
		t.Errorf("%d events, the last is %s", events, letter(t, o, "reply/3").State)
	}
}

// TestCut: a second signal ends the drain, and the order comes again at once.
func TestCut(t *testing.T) {
	w := newWorld(t, "2.42")
	o := w.process(t, open(t, t.TempDir()+"/outbox.db"), func(c *outbox.Config) { c.Drain = time.Hour })
	put(t, o, "reply/1", reply())
	ctx, stop := context.WithCancel(t.Context())
	held := make(chan struct{})
	w.gate.Store(&gate{before: func() { stop(); o.Cut(); <-held }})
	if err := o.Run(ctx); err != nil {
		t.Error(err)
	}
	w.gate.Store(nil)
	close(held)
	if l := letter(t, o, "reply/1"); l.State != outbox.Waiting || l.Attempts != 0 {
		t.Errorf("the order is %+v", l)
	}
	once(t, o)
	if events, _ := w.made(t); events != 1 {
		t.Errorf("%d events", events)
	}
}
