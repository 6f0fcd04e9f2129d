package changes_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// fakeSource is a server without changes, in a bubble where no socket can be.
type fakeSource struct{ fail func() error }

func (f *fakeSource) SystemInfo(context.Context) (*dhis2.SystemInfo, error) {
	if err := f.fail(); err != nil {
		return nil, err
	}
	return &dhis2.SystemInfo{ServerDate: stamp(time.Now(), time.UTC), ServerTimeZoneID: "Etc/UTC", SystemID: "one"}, nil
}

func (f *fakeSource) Me(context.Context) (*api.Me, error) {
	return &api.Me{Programs: []dhis2.UID{sandbox.ANCProgram}}, nil
}

func (f *fakeSource) TrackedEntities(context.Context, api.Query) (*dhis2.Page[dhis2.TrackedEntity], error) {
	return &dhis2.Page[dhis2.TrackedEntity]{}, nil
}

func (f *fakeSource) Enrollments(context.Context, api.Query) (*dhis2.Page[dhis2.Enrollment], error) {
	return &dhis2.Page[dhis2.Enrollment]{}, nil
}

func (f *fakeSource) Events(context.Context, api.Query) (*dhis2.Page[dhis2.Event], error) {
	return &dhis2.Page[dhis2.Event]{}, nil
}

// TestRunNeverEndsByItself: neither a server that fails nor a right that was
// lost ends it; it waits at most a minute, goes on by itself, and sweeps when
// it is told to.
func TestRunNeverEndsByItself(t *testing.T) {
	inBubble(t, func(y *yard) {
		var mu sync.Mutex
		var failing error
		var sweeps []time.Time
		fail := func() error {
			mu.Lock()
			defer mu.Unlock()
			return failing
		}
		failWith := func(err error) {
			mu.Lock()
			defer mu.Unlock()
			failing, sweeps = err, nil
		}
		p, err := changes.NewPoller(changes.PollConfig{Source: &fakeSource{fail: fail}, Ledger: y.Ledger, Programs: []dhis2.UID{sandbox.ANCProgram},
			Swept: func(_ changes.Sweep, got error) {
				if want := fail(); !errors.Is(got, want) {
					y.Errorf("swept with %v, want %v", got, want)
				}
				mu.Lock()
				defer mu.Unlock()
				sweeps = append(sweeps, time.Now())
			}})
		if err != nil {
			y.Fatal(err)
		}
		running, stop := context.WithCancel(ctx)
		done := make(chan error)
		go func() { done <- p.Run(running) }()
		gaps := func(err error, d time.Duration) (n int, most time.Duration) {
			failWith(err)
			time.Sleep(d)
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			for i := 1; i < len(sweeps); i++ {
				most = max(most, sweeps[i].Sub(sweeps[i-1]))
			}
			return len(sweeps), most
		}
		if n, most := gaps(nil, 10*time.Minute); n < 59 || n > 61 || most != 10*time.Second {
			y.Errorf("%d sweeps, at most %v apart, want 60 and 10 s", n, most)
		}
		for _, err := range []error{
			&api.UnreachableError{Err: errors.New("refused")}, &api.Error{Status: 503},
			&changes.PermissionError{Lost: []string{"x"}}, errors.New("anything"),
		} {
			if n, most := gaps(err, 2*time.Hour); n < 110 || n > 300 || most > time.Minute+10*time.Second {
				y.Errorf("%v: %d sweeps, at most %v apart, want one a minute", err, n, most)
			}
		}
		if n, _ := gaps(&api.Error{Status: 429, RetryAfter: 5 * time.Minute}, time.Hour); n > 13 {
			y.Errorf("%d sweeps in an hour, where the server asked for 5 min", n)
		}
		gaps(nil, 10*time.Minute)
		if n, _ := gaps(nil, time.Minute); n < 5 {
			y.Errorf("%d sweeps in a minute after all is well again", n)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		failWith(nil)
		p.Wake()
		synctest.Wait()
		mu.Lock()
		if len(sweeps) != 1 {
			y.Errorf("%d sweeps after a hint, want one at once", len(sweeps))
		}
		mu.Unlock()
		stop()
		if err := <-done; err != nil {
			y.Errorf("run: %v", err)
		}
	})
}

// slowSource takes its time, as a large DHIS2 does.
type slowSource struct {
	fakeSource
	busy time.Duration
}

func (s *slowSource) TrackedEntities(ctx context.Context, q api.Query) (*dhis2.Page[dhis2.TrackedEntity], error) {
	time.Sleep(3 * time.Second)
	s.busy += 3 * time.Second
	return s.fakeSource.TrackedEntities(ctx, q)
}

// TestRunLeavesDHIS2Alone: hints without end have it asked for half of the
// time at most.
func TestRunLeavesDHIS2Alone(t *testing.T) {
	inBubble(t, func(y *yard) {
		source := &slowSource{fakeSource: fakeSource{fail: func() error { return nil }}}
		p, err := changes.NewPoller(changes.PollConfig{Source: source, Ledger: y.Ledger, Programs: []dhis2.UID{sandbox.ANCProgram}})
		if err != nil {
			y.Fatal(err)
		}
		running, stop := context.WithCancel(ctx)
		done := make(chan error)
		go func() { done <- p.Run(running) }()
		for range 600 {
			p.Wake()
			time.Sleep(time.Second)
		}
		stop()
		if err := <-done; err != nil {
			y.Error(err)
		}
		if source.busy < 4*time.Minute || source.busy > 5*time.Minute+3*time.Second {
			y.Errorf("asked for %v of 10 min, want about half", source.busy)
		}
	})
}

// TestReplicasPollInTurn: two processes share a ledger, and one of them polls
// until it is heard of no more.
func TestReplicasPollInTurn(t *testing.T) {
	w := newWorld(t, sandbox.Config{}, 2)
	open := opener(t, t.TempDir()+"/shared.db")
	var pollers []*changes.Poller
	for range 2 {
		l, err := changes.New(ctx, changes.Config{DB: open(), Now: w.dhis.Now, Lease: time.Minute})
		w.must(err)
		cfg := w.poll
		cfg.Ledger = l
		p, err := changes.NewPoller(cfg)
		w.must(err)
		pollers = append(pollers, p)
	}
	skipped := func(p *changes.Poller) bool {
		t.Helper()
		s, err := p.Sweep(ctx, sandbox.ANCProgram)
		w.must(err)
		return s.Skipped
	}
	for range 3 {
		if skipped(pollers[0]) || !skipped(pollers[1]) {
			t.Fatal("not the first polls, or the second too")
		}
		w.dhis.Advance(50 * time.Second)
	}
	w.dhis.Advance(10 * time.Second)
	if skipped(pollers[1]) || !skipped(pollers[0]) {
		t.Fatal("the second did not take over")
	}
}
