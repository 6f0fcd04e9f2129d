package changes_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

// serverError behaves as the errors of an HTTP client do.
type serverError struct {
	retryable, permanent, review, conflict, unknown, unauthorized, quarantined bool
}

func (e *serverError) Error() string      { return "the server says no" }
func (e *serverError) Retryable() bool    { return e.retryable }
func (e *serverError) Permanent() bool    { return e.permanent }
func (e *serverError) Review() bool       { return e.review }
func (e *serverError) Conflict() bool     { return e.conflict }
func (e *serverError) Unknown() bool      { return e.unknown }
func (e *serverError) Unauthorized() bool { return e.unauthorized }
func (e *serverError) Quarantined() bool  { return e.quarantined }

var errDown = &serverError{retryable: true, unknown: true}

// yard is a ledger in a bubble of fake time.
type yard struct {
	*testing.T
	*changes.Ledger
	db *database.DB
}

// inBubble runs a test with a clock that stands still while anybody works.
func inBubble(t *testing.T, f func(y *yard)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		db := opener(t, filepath.Join(t.TempDir(), "ledger.db"))()
		l, err := changes.New(ctx, changes.Config{DB: db})
		if err != nil {
			t.Fatal(err)
		}
		f(&yard{t, l, db})
	})
}

func (y *yard) mark(n int) {
	y.Helper()
	list := make([]changes.Change, n)
	for i := range list {
		list[i].TrackedEntity = te(i)
	}
	if err := y.MarkDirty(ctx, list...); err != nil {
		y.Fatal(err)
	}
}

func (y *yard) runner(cfg changes.RunConfig) *changes.Runner {
	y.Helper()
	cfg.Ledger = y.Ledger
	r, err := changes.NewRunner(cfg)
	if err != nil {
		y.Fatal(err)
	}
	return r
}

// run runs a runner until f returns, and waits for its end.
func (y *yard) run(cfg changes.RunConfig, f func(r *changes.Runner, stop func())) {
	y.Helper()
	r := y.runner(cfg)
	running, stop := context.WithCancel(ctx)
	done := make(chan error)
	go func() { done <- r.Run(running) }()
	f(r, stop)
	stop()
	if err := <-done; err != nil {
		y.Errorf("run: %v", err)
	}
}

func (y *yard) stats() changes.Stats {
	y.Helper()
	s, err := y.Stats(ctx)
	if err != nil {
		y.Fatal(err)
	}
	return s
}

// settled waits until nothing is due, and the fake clock would have to move.
func settled() { synctest.Wait() }

func TestD084_WorkersAreBoundedAndOneEntityIsSerial(t *testing.T) {
	inBubble(t, func(y *yard) {
		const entities, workers = 40, 5
		var mu sync.Mutex
		busy, most, done := 0, 0, 0
		working := map[dhis2.UID]bool{}
		y.mark(entities)
		y.run(changes.RunConfig{Workers: workers, Consumer: func(_ context.Context, c changes.Claim) ([]byte, error) {
			mu.Lock()
			busy++
			most = max(most, busy)
			if working[c.TrackedEntity] {
				y.Errorf("%s is worked on twice at once", c.TrackedEntity)
			}
			working[c.TrackedEntity] = true
			mu.Unlock()
			if c.Sequence < 3 { // it changes while it is worked on
				if err := y.MarkDirty(ctx, changes.Change{TrackedEntity: c.TrackedEntity}); err != nil {
					y.Error(err)
				}
			}
			time.Sleep(100 * time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			working[c.TrackedEntity] = false
			busy--
			done++
			return []byte("s"), nil
		}}, func(*changes.Runner, func()) { time.Sleep(time.Minute) })
		if most != workers || done != 3*entities {
			t.Errorf("at most %d at a time and %d done, want %d and %d", most, done, workers, 3*entities)
		}
		if s := y.stats(); s.Dirty != 0 {
			t.Errorf("left: %+v", s)
		}
	})
}

func TestD078_BackoffDoublesWithJitter(t *testing.T) {
	inBubble(t, func(y *yard) {
		var tries []time.Time
		y.mark(1)
		y.run(changes.RunConfig{Idle: 200 * time.Millisecond, Backoff: 10 * time.Second, MaxBackoff: 2 * time.Minute,
			Consumer: func(_ context.Context, c changes.Claim) ([]byte, error) {
				tries = append(tries, time.Now())
				if len(tries) < 8 {
					return nil, errDown
				}
				if !c.Force || c.Attempts != 7 {
					t.Errorf("force %v, attempts %d, want true and 7", c.Force, c.Attempts)
				}
				return nil, nil
			}}, func(*changes.Runner, func()) { time.Sleep(10 * time.Minute) })
		if len(tries) != 8 {
			t.Fatalf("tried %d times, want 8", len(tries))
		}
		for i := 1; i < len(tries); i++ {
			most := min(10*time.Second<<(i-1), 2*time.Minute)
			if d := tries[i].Sub(tries[i-1]); d < most/2 || d > most+time.Second {
				t.Errorf("waited %v before try %d, want %v to %v", d, i+1, most/2, most)
			}
		}
	})
}

// TestD078_AnOutagePausesAndLosesNothing: the server is away for a day. It is
// probed, not stormed; no entity is given up, and all goes on soon after.
func TestD078_AnOutagePausesAndLosesNothing(t *testing.T) {
	inBubble(t, func(y *yard) {
		const entities = 200
		var down atomic.Bool
		var tries, done atomic.Int64
		down.Store(true)
		y.mark(entities)
		cfg := changes.RunConfig{MaxAttempts: 20, Consumer: func(context.Context, changes.Claim) ([]byte, error) {
			tries.Add(1)
			if down.Load() {
				return nil, errDown
			}
			done.Add(1)
			return nil, nil
		}}
		y.run(cfg, func(r *changes.Runner, _ func()) {
			time.Sleep(24 * time.Hour)
			if n := tries.Load(); n > 4*24*60 || n < 24*60/2 {
				t.Errorf("%d tries in a day, want about one a minute", n)
			}
			if s := y.stats(); len(s.Aside) != 0 || s.Dirty != entities {
				t.Errorf("during the outage: %+v", s)
			}
			down.Store(false)
			time.Sleep(5 * time.Minute)
			if done.Load() != entities {
				t.Errorf("%d done 5 min after the server came back, want %d", done.Load(), entities)
			}
		})
	})
}

func TestD078_RetryAfterIsHonoured(t *testing.T) {
	inBubble(t, func(y *yard) {
		var tries []time.Time
		y.mark(10)
		y.run(changes.RunConfig{Workers: 1, Consumer: func(context.Context, changes.Claim) ([]byte, error) {
			tries = append(tries, time.Now())
			if len(tries) == 1 {
				return nil, changes.Explain(&serverError{retryable: true}, changes.Explanation{Cause: "429", RetryAfter: 5 * time.Minute})
			}
			return nil, nil
		}}, func(*changes.Runner, func()) { time.Sleep(time.Hour) })
		if len(tries) != 11 {
			t.Fatalf("tried %d times, want 11", len(tries))
		}
		if d := tries[1].Sub(tries[0]); d < 5*time.Minute || d > 6*time.Minute {
			t.Errorf("waited %v, want 5 min", d)
		}
	})
}

func TestRefusedCredentialsPauseAtOnce(t *testing.T) {
	inBubble(t, func(y *yard) {
		var tries atomic.Int64
		y.mark(50)
		var paused time.Duration
		y.run(changes.RunConfig{Workers: 1, Done: func(try changes.Try) { paused = try.Paused },
			Consumer: func(context.Context, changes.Claim) ([]byte, error) {
				tries.Add(1)
				return nil, &serverError{retryable: true, unauthorized: true}
			}}, func(*changes.Runner, func()) {
			settled()
			if tries.Load() != 1 || paused == 0 {
				t.Errorf("%d tries, paused for %v, want one try and a pause", tries.Load(), paused)
			}
		})
	})
}

// TestOneBadEntityDoesNotStopTheOthers: a server that fails on one entity
// only is not down.
func TestOneBadEntityDoesNotStopTheOthers(t *testing.T) {
	inBubble(t, func(y *yard) {
		var done atomic.Int64
		y.mark(100)
		y.run(changes.RunConfig{Consumer: func(_ context.Context, c changes.Claim) ([]byte, error) {
			if c.TrackedEntity == te(3) {
				return nil, errDown
			}
			done.Add(1)
			return nil, nil
		}}, func(*changes.Runner, func()) {
			settled()
			if done.Load() != 99 {
				t.Errorf("%d done without waiting, want 99", done.Load())
			}
		})
	})
}

func TestD078_OutcomesByClass(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		want changes.Class
	}{
		{"validation", &serverError{permanent: true}, changes.DeadLetter},
		{"two matches", &serverError{review: true, permanent: true}, changes.ForReview},
		{"no PHN", &serverError{quarantined: true, permanent: true}, changes.Quarantine},
		{"conflict", &serverError{conflict: true}, changes.Retry},
		{"5xx", &serverError{retryable: true}, changes.Retry},
		{"wrapped", fmt.Errorf("map: %w", &serverError{permanent: true}), changes.DeadLetter},
		{"joined", errors.Join(errors.New("x"), &serverError{review: true}), changes.ForReview},
		{"anything else", errors.New("x"), changes.Retry},
		{"cancelled", context.Canceled, changes.Retry},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(y *yard) {
				y.mark(1)
				counts, err := y.runner(changes.RunConfig{Consumer: func(context.Context, changes.Claim) ([]byte, error) {
					return nil, changes.Explain(test.err, changes.Explanation{Cause: "why", Detail: []byte("detail")})
				}}).Once(ctx)
				if err != nil || counts.Failed[test.want] != 1 || counts.Done != 0 {
					t.Fatalf("got %+v, %v, want one %s", counts, err, test.want)
				}
				s := y.stats()
				if test.want == changes.Retry {
					if s.Waiting != 1 {
						t.Errorf("got %+v, want one waiting", s)
					}
					return
				}
				letter, found, err := y.Letter(ctx, te(0))
				if err != nil || !found || letter.Class != test.want || letter.Cause != "why" || string(letter.Detail) != "detail" {
					t.Errorf("letter: %+v, %v, %v", letter, found, err)
				}
			})
		})
	}
}

func TestAPanicIsADeadLetter(t *testing.T) {
	inBubble(t, func(y *yard) {
		y.mark(2)
		counts, err := y.runner(changes.RunConfig{Consumer: func(_ context.Context, c changes.Claim) ([]byte, error) {
			if c.TrackedEntity == te(0) {
				panic("a name of somebody")
			}
			return nil, nil
		}}).Once(ctx)
		if err != nil || counts.Done != 1 || counts.Failed[changes.DeadLetter] != 1 {
			t.Fatalf("got %+v, %v", counts, err)
		}
		letter, _, err := y.Letter(ctx, te(0))
		if err != nil || letter.Cause != "panic" || strings.Contains(letter.Message, "somebody") {
			t.Errorf("letter: %+v, %v", letter, err)
		}
	})
}

func TestMaxAttempts(t *testing.T) {
	inBubble(t, func(y *yard) {
		y.mark(1)
		tries := 0
		y.run(changes.RunConfig{MaxAttempts: 4, Consumer: func(context.Context, changes.Claim) ([]byte, error) {
			tries++
			return nil, &serverError{conflict: true}
		}}, func(*changes.Runner, func()) { time.Sleep(time.Hour) })
		if s := y.stats(); tries != 4 || s.Aside[changes.DeadLetter] != 1 {
			t.Errorf("%d tries, %+v, want 4 and a dead letter", tries, s)
		}
	})
	inBubble(t, func(y *yard) { // processes that die over it
		y.mark(1)
		for range 5 {
			if claims, err := y.Claim(ctx, 1); err != nil || len(claims) != 1 {
				t.Fatal(claims, err)
			}
			time.Sleep(3 * time.Minute)
		}
		counts, err := y.runner(changes.RunConfig{MaxAttempts: 5, Consumer: func(context.Context, changes.Claim) ([]byte, error) {
			t.Error("tried once more")
			return nil, nil
		}}).Once(ctx)
		if err != nil || counts.Failed[changes.DeadLetter] != 1 {
			t.Errorf("got %+v, %v, want a dead letter", counts, err)
		}
	})
}

// TestD084_ADeadlineEndsBeforeTheLease: what is sent has its answer, or none,
// before another may take the entity over.
func TestD084_ADeadlineEndsBeforeTheLease(t *testing.T) {
	inBubble(t, func(y *yard) {
		y.mark(1)
		tries := 0
		y.run(changes.RunConfig{Consumer: func(ctx context.Context, c changes.Claim) ([]byte, error) {
			if tries++; tries > 1 {
				if !c.Force {
					t.Error("the second look trusts the hash")
				}
				return nil, nil
			}
			end, ok := ctx.Deadline()
			if !ok || !end.Before(c.Until) {
				t.Errorf("deadline %v, lease until %v", end, c.Until)
			}
			<-ctx.Done()
			return nil, ctx.Err()
		}}, func(*changes.Runner, func()) { time.Sleep(time.Hour) })
		if tries != 2 {
			t.Errorf("%d tries, want 2", tries)
		}
	})
}

// TestD084_AZombieTakesNothing: a consumer that does not heed its deadline
// comes too late.
func TestD084_AZombieTakesNothing(t *testing.T) {
	inBubble(t, func(y *yard) {
		y.mark(1)
		var tries []string
		var failed []error
		y.run(changes.RunConfig{Workers: 1, Done: func(try changes.Try) { failed = append(failed, try.Err) },
			Consumer: func(_ context.Context, c changes.Claim) ([]byte, error) {
				tries = append(tries, fmt.Sprint(c.Force, string(c.State)))
				if len(tries) == 1 {
					time.Sleep(10 * time.Minute)
				}
				return []byte(fmt.Sprint("state", len(tries))), nil
			}}, func(*changes.Runner, func()) { time.Sleep(time.Hour) })
		if fmt.Sprint(tries) != "[false true]" {
			t.Errorf("got %v, want a second look, forced and without the zombie's state", tries)
		}
		if _, late := errors.AsType[*changes.LeaseError](failed[0]); !late || failed[1] != nil {
			t.Errorf("got %v, want a *changes.LeaseError and success", failed)
		}
	})
}

func TestDrain(t *testing.T) {
	inBubble(t, func(y *yard) {
		y.mark(20)
		var finished atomic.Int64
		y.run(changes.RunConfig{Workers: 2, Consumer: func(ctx context.Context, _ changes.Claim) ([]byte, error) {
			select {
			case <-time.After(10 * time.Second):
				finished.Add(1)
				return nil, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}}, func(_ *changes.Runner, stop func()) {
			settled()
			time.Sleep(time.Second)
			stop()
		})
		// The two under way have ended well; the rest was never taken.
		if s := y.stats(); finished.Load() != 2 || s.Ready != 18 || s.Claimed != 0 || s.Waiting != 0 {
			t.Errorf("%d finished, %+v, want 2 and 18 ready", finished.Load(), s)
		}
	})
}

func TestDrainIsCut(t *testing.T) {
	for _, second := range []bool{true, false} {
		inBubble(t, func(y *yard) {
			y.mark(3)
			began := time.Now()
			y.run(changes.RunConfig{Workers: 3, Drain: 20 * time.Second, Consumer: func(ctx context.Context, _ changes.Claim) ([]byte, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}}, func(r *changes.Runner, stop func()) {
				settled()
				stop()
				if second {
					r.Cut()
				}
			})
			want := 20 * time.Second
			if second {
				want = 0
			}
			if took := time.Since(began); took != want {
				t.Errorf("second signal %v: took %v, want %v", second, took, want)
			}
			claims, err := y.Claim(ctx, 10)
			if err != nil || len(claims) != 3 {
				t.Fatalf("got %d claims, %v, want 3 that can be claimed at once", len(claims), err)
			}
			for _, c := range claims {
				if !c.Force || c.Attempts != 0 {
					t.Errorf("force %v, attempts %d, want true and 0", c.Force, c.Attempts)
				}
			}
		})
	}
}

func TestOnce(t *testing.T) {
	inBubble(t, func(y *yard) {
		y.mark(50)
		counts, err := y.runner(changes.RunConfig{Consumer: func(_ context.Context, c changes.Claim) ([]byte, error) {
			if c.TrackedEntity == te(7) {
				return nil, &serverError{permanent: true}
			}
			return nil, nil
		}}).Once(ctx)
		if err != nil || counts.Done != 49 || counts.Failed[changes.DeadLetter] != 1 {
			t.Errorf("got %+v, %v", counts, err)
		}
		y.mark(50)
		counts, err = y.runner(changes.RunConfig{Consumer: func(context.Context, changes.Claim) ([]byte, error) { return nil, errDown }}).Once(ctx)
		if e, ok := errors.AsType[*changes.PausedError](err); !ok || !errors.Is(e, error(errDown)) {
			t.Errorf("got %+v, %v, want a *changes.PausedError", counts, err)
		}
		if s := y.stats(); s.Claimed != 0 {
			t.Errorf("claims are left: %+v", s)
		}
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := y.runner(changes.RunConfig{Consumer: func(context.Context, changes.Claim) ([]byte, error) { return nil, nil }}).Once(gone); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
	})
}

// TestAFullDiskHoldsWorkUp: the outcome is recorded when there is space
// again, within the lease, and nothing is done twice.
func TestAFullDiskHoldsWorkUp(t *testing.T) {
	inBubble(t, func(y *yard) {
		space := func(pages int) {
			if err := y.db.Write(ctx, func(tx database.Tx) error {
				return tx.Each(fmt.Sprintf(`PRAGMA max_page_count(%d)`, pages), nil, func(func(...any) error) error { return nil })
			}); err != nil {
				t.Error(err)
			}
		}
		y.mark(1)
		var tries atomic.Int64
		var failed []error
		y.run(changes.RunConfig{Done: func(try changes.Try) { failed = append(failed, try.Err) },
			Consumer: func(context.Context, changes.Claim) ([]byte, error) {
				tries.Add(1)
				space(1)
				return []byte(strings.Repeat("state ", 100_000)), nil
			}}, func(*changes.Runner, func()) {
			time.Sleep(20 * time.Second)
			space(1 << 20)
			time.Sleep(10 * time.Second)
		})
		if tries.Load() != 1 || len(failed) != 1 || failed[0] != nil {
			t.Errorf("%d tries, %v, want one that succeeded", tries.Load(), failed)
		}
		if s := y.stats(); s.Dirty != 0 {
			t.Errorf("left: %+v", s)
		}
	})
}

func TestWake(t *testing.T) {
	inBubble(t, func(y *yard) {
		done := make(chan time.Time, 1)
		y.run(changes.RunConfig{Idle: time.Hour, Consumer: func(context.Context, changes.Claim) ([]byte, error) {
			done <- time.Now()
			return nil, nil
		}}, func(r *changes.Runner, _ func()) {
			settled()
			y.mark(1)
			began := time.Now()
			r.Wake()
			if took := (<-done).Sub(began); took != 0 {
				t.Errorf("took %v, want at once", took)
			}
		})
	})
}

func TestNewRunnerRefuses(t *testing.T) {
	consume := func(context.Context, changes.Claim) ([]byte, error) { return nil, nil }
	l := newLedger(t, nil)
	for name, cfg := range map[string]changes.RunConfig{
		"ledger":   {Consumer: consume},
		"consumer": {Ledger: l},
		"workers":  {Ledger: l, Consumer: consume, Workers: -1},
		"backoff":  {Ledger: l, Consumer: consume, Backoff: time.Hour},
		"horizon":  {Ledger: l, Consumer: consume, MaxBackoff: 2 * changes.Horizon},
		"drain":    {Ledger: l, Consumer: consume, Drain: -1},
		"attempts": {Ledger: l, Consumer: consume, MaxAttempts: -1},
	} {
		if _, err := changes.NewRunner(cfg); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
