package outbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Try is one attempt to bring an order, and what came of it. It holds no
// person's value.
type Try struct {
	UID    dhis2.UID // of the order
	Kind   string
	Source string
	Result Result        // "" where it is not done
	Dead   bool          // it is a dead letter now
	Cause  string        // of a failure: short and countable
	Err    error         // nil where it is done
	Took   time.Duration // of the attempt
	Paused time.Duration // nothing is tried for so long now; 0 where work goes on
}

// Counts are the tries of Once.
type Counts struct {
	Results map[Result]int // orders that are done
	Dead    int            // orders that became dead letters
	Later   int            // tries that failed and come again
	LastErr error          // of the last try that failed
}

// Run brings orders until ctx is done, lets what is under way come to its end
// for as long as Config.Drain, and returns nil. No error of the server or of
// the database ends it.
func (o *Outbox) Run(ctx context.Context) error {
	if o.cfg.Server == nil {
		return errors.New("dhis2/outbox: run: Server is needed")
	}
	work, stop := o.draining(ctx)
	defer stop()
	for pause := time.Duration(0); ; {
		n, err := o.batch(ctx, work, nil)
		wait := o.cfg.Idle
		switch {
		case err != nil:
			pause = min(max(2*pause, time.Second), o.cfg.MaxPause)
			wait = pause
			if asked, ok := errors.AsType[*pausedError](err); ok {
				wait = min(max(pause, asked.wait), o.cfg.MaxBackoff)
			}
			wait = jitter(wait)
			o.cfg.Done(Try{Err: err, Paused: wait})
		case n > 0:
			pause, wait = 0, 0
		default:
			pause = 0
		}
		if !o.sleep(ctx, wait, err == nil) {
			return nil
		}
	}
}

// sleep waits, and reports whether there is to go on. Where work is only idle
// Wake ends it early.
func (o *Outbox) sleep(ctx context.Context, d time.Duration, idle bool) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	wake := o.wake
	if !idle {
		wake = nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wake:
	case <-timer.C:
	}
	return true
}

// draining gives a context for what is under way: it ends Drain after ctx
// does, or with Cut.
func (o *Outbox) draining(ctx context.Context) (work context.Context, stop func()) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	unhook := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(o.cfg.Drain)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-o.cut:
		case <-work.Done():
		}
		cancel()
	})
	return work, func() { unhook(); cancel() }
}

// Once brings what is due, and returns when nothing is any more. What waits
// for its time stays. An error is the database's, that of Config.Same, or that
// of the server where it is the reason that orders are left.
func (o *Outbox) Once(ctx context.Context) (Counts, error) {
	c := Counts{Results: map[Result]int{}}
	if o.cfg.Server == nil {
		return c, errors.New("dhis2/outbox: once: Server is needed")
	}
	work, stop := o.draining(ctx)
	defer stop()
	for {
		n, err := o.batch(ctx, work, &c)
		if asked, ok := errors.AsType[*pausedError](err); ok {
			return c, asked.err
		}
		if err != nil || n == 0 || ctx.Err() != nil {
			return c, errors.Join(err, ctx.Err())
		}
	}
}

// pausedError ends a batch of which nothing was done for a reason that all
// orders share.
type pausedError struct {
	err  error
	wait time.Duration // that the server asked for
}

func (e *pausedError) Error() string { return e.err.Error() }
func (e *pausedError) Unwrap() error { return e.err }

// batch brings some orders at a time and returns how many it took. Claims are
// taken under ctx, carried out under work.
func (o *Outbox) batch(ctx, work context.Context, c *Counts) (int, error) {
	if ctx.Err() != nil {
		return 0, nil
	}
	claims, err := o.claim(ctx, o.cfg.Workers)
	if err != nil || len(claims) == 0 {
		return 0, err
	}
	if err := o.cfg.Same(work); err != nil {
		// Nothing was sent: as if they had not been taken.
		var back []error
		for _, one := range claims {
			back = append(back, o.later(context.WithoutCancel(work), one, 0, true, "", ""))
		}
		return 0, errors.Join(append(back, &pausedError{err: err})...)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	var paused *pausedError
	var failed error
	shared := 0
	for _, one := range claims {
		all.Go(func() {
			try, judged, err := o.bring(work, one)
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, err)
			if judged.shared {
				shared++
				paused = &pausedError{try.Err, judged.wait}
			}
			o.tries.count(try)
			o.cfg.Done(try)
			if c != nil {
				c.count(try)
			}
		})
	}
	all.Wait()
	if failed == nil && shared == len(claims) {
		return len(claims), paused
	}
	return len(claims), failed
}

func (c *Counts) count(t Try) {
	switch {
	case t.Result != "":
		c.Results[t.Result]++
	case t.Dead:
		c.Dead++
	default:
		c.Later++
	}
	if t.Err != nil {
		c.LastErr = t.Err
	}
}

// bring carries one claim out and notes what came of it. The error is the
// database's: then the order comes again when its lease is over, and finds
// what stands.
func (o *Outbox) bring(work context.Context, c claim) (Try, outcome, error) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(work, o.cfg.Lease*3/4)
	result, err := o.deliver(ctx, c)
	cancel()
	try := Try{UID: c.uid, Kind: c.kind, Source: c.source, Result: result, Took: time.Since(start)}
	// The word on it is spoken also when the work was cut.
	ctx, cancel = context.WithTimeout(context.WithoutCancel(work), 5*time.Second)
	defer cancel()
	if err == nil {
		return try, outcome{}, o.done(ctx, c, result)
	}
	try.Result, try.Err = "", fmt.Errorf("bring %s %s: %w", c.kind, c.uid, err)
	if work.Err() != nil {
		try.Cause = "cut"
		return try, outcome{}, o.later(ctx, c, 0, true, "", "")
	}
	judged := judge(err)
	try.Dead, try.Cause = judged.dead, judged.cause
	switch {
	case judged.dead:
		return try, judged, o.dead(ctx, c, judged.cause, err.Error())
	case judged.shared:
		return try, judged, o.later(ctx, c, max(jitter(o.cfg.Backoff), min(judged.wait, o.cfg.MaxBackoff)), true, judged.cause, err.Error())
	}
	return try, judged, o.later(ctx, c, o.backoff(c.attempts), false, judged.cause, err.Error())
}

// deliver has an item delivered. A panic of it is an error that tells nothing
// of what it was about.
func (o *Outbox) deliver(ctx context.Context, c claim) (result Result, err error) {
	defer func() {
		if recover() != nil {
			result, err = "", &brokenError{"delivering it panicked"}
		}
	}()
	item, err := decode(c.kind, c.body)
	if err != nil {
		return "", err
	}
	return item.Deliver(ctx, o.cfg.Server, c.uid)
}
