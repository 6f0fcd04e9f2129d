package changes_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// reconciling is a poller that runs in a bubble, and when it has reconciled.
type reconciling struct {
	*yard
	mu      sync.Mutex
	at      []time.Time
	err     []error
	failing error
	poller  *changes.Poller
	stop    func()
}

func reconcile(y *yard) *reconciling {
	r := &reconciling{yard: y}
	p, err := changes.NewPoller(changes.PollConfig{
		Source: &fakeSource{fail: func() error {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.failing
		}},
		Ledger: y.Ledger, Programs: []dhis2.UID{sandbox.ANCProgram}, Interval: time.Minute,
		Reconciled: func(got changes.Reconciliation, err error) {
			if got.Program != sandbox.ANCProgram {
				y.Errorf("reconciled %v", got)
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			r.at, r.err = append(r.at, time.Now()), append(r.err, err)
		}})
	if err != nil {
		y.Fatal(err)
	}
	r.poller = p
	running, cancel := context.WithCancel(ctx)
	done := make(chan error)
	go func() { done <- p.Run(running) }()
	r.stop = func() {
		cancel()
		if err := <-done; err != nil {
			y.Error(err)
		}
	}
	return r
}

// during lets time go by, and tells how often it reconciled meanwhile.
func (r *reconciling) during(d time.Duration) (times int, err error) {
	r.mu.Lock()
	r.at, r.err = nil, nil
	r.mu.Unlock()
	time.Sleep(d)
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.at), errors.Join(r.err...)
}

// TestD079_RunReconcilesOnceADay: also where the process does not live for a
// day, and not at each of its starts.
func TestD079_RunReconcilesOnceADay(t *testing.T) {
	inBubble(t, func(y *yard) {
		total := 0
		for range 8 {
			r := reconcile(y)
			n, err := r.during(6 * time.Hour)
			if err != nil {
				y.Error(err)
			}
			total += n
			r.stop()
		}
		if total != 1 && total != 2 {
			y.Errorf("reconciled %d times in two days, want once a day", total)
		}
	})
}

// TestD082_ADoubtIsReconciledByWhoeverRunsNext: also by another process, once,
// and after a failure again.
func TestD082_ADoubtIsReconciledByWhoeverRunsNext(t *testing.T) {
	inBubble(t, func(y *yard) {
		r := reconcile(y)
		if n, err := r.during(time.Hour); n != 0 || err != nil {
			y.Errorf("reconciled %d times without a reason, %v", n, err)
		}
		if err := r.poller.Doubt(ctx); err != nil {
			y.Fatal(err)
		}
		if n, err := r.during(time.Second); n != 1 || err != nil {
			y.Errorf("reconciled %d times after a doubt, %v: want once, at once", n, err)
		}
		if n, _ := r.during(time.Hour); n != 0 {
			y.Errorf("reconciled %d times after it was settled", n)
		}
		r.stop()

		if err := r.poller.Doubt(ctx); err != nil { // and the process ends
			y.Fatal(err)
		}
		r = reconcile(y)
		if n, err := r.during(time.Second); n != 1 || err != nil {
			y.Errorf("reconciled %d times by the next process, %v: want once", n, err)
		}
		r.stop()
	})
}
