package changes_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// TestSandboxChecklist: each behaviour on which clients of DHIS2 break, played
// by the sandbox in every release, and the poll that survives it: the change is
// found, nothing that did not change is lost, and nothing is taken for deleted.
func TestSandboxChecklist(t *testing.T) {
	change := func(w *world) {
		w.must(w.dhis.SetValue(ev(1), dhis2.MustUID("cw35l7X4hnV"), "9.5"))
	}
	for _, point := range []struct {
		name string
		cfg  sandbox.Config
		play func(w *world) // what happens between two sweeps
		want []dhis2.UID
	}{
		{name: "wall time of a zone that is not UTC", cfg: sandbox.Config{Zone: zone("Asia/Colombo")}, play: change, want: []dhis2.UID{te(1)}},
		{name: "a late commit with an older updatedAt", play: func(w *world) {
			late := entity(7, w.dhis.Now().Add(-5*time.Minute), zone("Asia/Colombo"))
			w.dhis.Advance(time.Minute)
			w.must(w.dhis.Put(late))
		}, want: []dhis2.UID{te(7)}},
		{name: "the event is visible before the tracked entity is marked", play: func(w *world) {
			w.dhis.HoldBumps()
			change(w)
		}, want: []dhis2.UID{te(1)}},
		{name: "the mark is lost", play: func(w *world) {
			w.dhis.HoldBumps()
			change(w)
			w.dhis.LoseBumps()
		}, want: []dhis2.UID{te(1)}},
		{name: "a deleted row without attributes", play: func(w *world) { w.must(w.dhis.Delete(te(2))) }, want: []dhis2.UID{te(2)}},
		{name: "a deleted enrollment", play: func(w *world) { w.must(w.dhis.DeleteEnrollment(en(2))) }, want: []dhis2.UID{te(2)}},
		{name: "arrays in another order", cfg: sandbox.Config{Seed: 99}, play: change, want: []dhis2.UID{te(1)}},
		{name: "small pages", cfg: sandbox.Config{PageSize: 1, MaxPageSize: 2}, play: change, want: []dhis2.UID{te(1)}},
		{name: "nothing happened", play: func(*world) {}},
	} {
		t.Run(point.name, func(t *testing.T) {
			everyVersion(t, func(t *testing.T, version string) {
				cfg := point.cfg
				cfg.Version = version
				w := newWorld(t, cfg, 4)
				if cfg.MaxPageSize > 0 {
					w.poll.PageSize = cfg.MaxPageSize
					w.restart()
				}
				w.sweep()
				w.drain()
				w.dhis.Advance(20 * time.Minute) // past the overlap
				w.sweep()
				w.drain()
				w.dhis.Advance(time.Second)
				point.play(w)
				w.sweep()
				w.dirty(point.want...)
			})
		})
	}
}

// TestSandboxChecklistFailures: servers, proxies and rights that fail in the
// middle. The sweep says so by an error of its class, the mark stays where it
// was, and the next sweep finds what happened meanwhile.
func TestSandboxChecklistFailures(t *testing.T) {
	type class struct{ retryable, unauthorized, forbidden, scope bool }
	unreachable := class{retryable: true}
	for _, point := range []struct {
		name string
		fail func(w *world)
		want class
	}{
		{name: "401, the token expired", fail: fault(sandbox.Fault{Status: 401, Message: "Unauthorized"}), want: class{unauthorized: true}},
		{name: "429", fail: fault(sandbox.Fault{Status: 429, RetryAfter: time.Second}), want: class{retryable: true}},
		{name: "502 of a proxy", fail: fault(sandbox.Fault{Status: 502}), want: class{retryable: true}},
		{name: "504 of a proxy", fail: fault(sandbox.Fault{Status: 504}), want: class{retryable: true}},
		{name: "login page by 302", fail: fault(sandbox.Fault{Kind: sandbox.FaultLogin}), want: class{retryable: true, unauthorized: true}},
		{name: "login page with 200", fail: fault(sandbox.Fault{Kind: sandbox.FaultLoginPage}), want: class{retryable: true, unauthorized: true}},
		{name: "JSON that ends in the middle", fail: fault(sandbox.Fault{Kind: sandbox.FaultGarbage}), want: class{retryable: true}},
		{name: "the connection is reset", fail: fault(sandbox.Fault{Kind: sandbox.FaultReset}), want: unreachable},
		{name: "the answer is cut", fail: fault(sandbox.Fault{Kind: sandbox.FaultCut}), want: unreachable},
		{name: "409, the search scope", fail: fault(sandbox.Fault{Status: 409, Message: "At least 1 attributes should be mentioned in the search criteria."}), want: class{scope: true}},
		{name: "403", fail: fault(sandbox.Fault{Status: 403, Message: "User is not authorized"}), want: class{forbidden: true}},
	} {
		t.Run(point.name, func(t *testing.T) {
			w := newWorld(t, sandbox.Config{}, 4)
			w.sweep()
			w.drain()
			w.dhis.Advance(20 * time.Minute)
			w.sweep()
			w.drain()
			w.dhis.Advance(time.Second)
			w.must(w.dhis.SetValue(ev(3), dhis2.MustUID("cw35l7X4hnV"), "9.5"))
			point.fail(w)
			_, err := w.poller.Sweep(context.Background(), sandbox.ANCProgram)
			var got class
			if e, ok := errors.AsType[*api.Error](err); ok {
				got = class{e.Retryable(), e.Unauthorized(), e.Forbidden(), e.SearchScope()}
			} else if u, ok := errors.AsType[*api.UnreachableError](err); ok {
				got = class{retryable: u.Retryable()}
			}
			if got != point.want {
				t.Errorf("got %v, which is %+v, want %+v", err, got, point.want)
			}
			w.dhis.ClearFaults()
			w.drain()
			w.sweep()
			w.dirty(te(3))
		})
	}
}

// fault breaks every list.
func fault(f sandbox.Fault) func(w *world) {
	f.Path = "/api/tracker"
	return func(w *world) { w.dhis.Inject(f) }
}

func zone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return z
}
