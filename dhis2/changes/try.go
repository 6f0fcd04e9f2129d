package changes

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// panicError stands for a consumer that panicked. What it panicked with may
// be a value of a person, so only its place is told.
type panicError struct{}

func (panicError) Error() string { return "the consumer panicked" }

// Unknown is true: it may have sent something before.
func (panicError) Unknown() bool { return true }

// Permanent is true: the same input panics again.
func (panicError) Permanent() bool { return true }

func (panicError) Cause() string  { return "panic" }
func (panicError) Detail() []byte { return nil }

// attemptsError sets an entity aside that failed too often.
type attemptsError struct {
	n   int
	err error
}

func (e *attemptsError) Error() string {
	return fmt.Sprintf("given up after %d attempts: %v", e.n, e.err)
}
func (e *attemptsError) Unwrap() error   { return e.err }
func (e *attemptsError) Permanent() bool { return true }

var errCrashes = errors.New("each ended without an outcome, as when the process dies")

// try works on one claim. A failure is recorded here; what was carried out
// waits for others, to be recorded together with them (see group).
func (s *shift) try(t taken) result {
	began := time.Now()
	ctx, cancel := context.WithDeadline(s.work, t.at.Add(s.time()))
	defer cancel()
	var state []byte
	var err error
	if most := s.cfg.MaxAttempts; most > 0 && t.Attempts >= most {
		err = &attemptsError{t.Attempts, errCrashes}
	} else {
		state, err = s.consume(ctx, t.Claim)
	}
	r := result{taken: t, state: state}
	if err != nil {
		r.outcome = s.failed(t, &err)
	}
	r.try = Try{TrackedEntity: t.TrackedEntity, Class: r.outcome.Class, Err: err, Free: r.outcome.Shared, Took: time.Since(began)}
	return r
}

func (s *shift) consume(ctx context.Context, c Claim) (state []byte, err error) {
	defer func() {
		if recover() != nil {
			state, err = nil, panicError{}
		}
	}()
	return s.cfg.Consumer(ctx, c)
}

// failed records a failure and returns what it amounts to.
func (s *shift) failed(t taken, err *error) Outcome {
	o := Classify(*err)
	cut := s.work.Err() != nil
	if cut {
		// Not the entity's failure, nor the server's: we stopped it.
		o.Class, o.Unknown, o.Shared = Retry, true, false
	}
	free := cut || o.Shared && (o.All || o.Wait > 0 || s.down.Load())
	if most := s.cfg.MaxAttempts; o.Class == Retry && !free && most > 0 && t.Attempts+1 >= most {
		*err = &attemptsError{max(t.Attempts, most), *err}
		o.Class, o.Shared = DeadLetter, false
	}
	f := Failure{Class: o.Class, Cause: o.Cause, Message: (*err).Error(), Detail: o.Detail, Unknown: o.Unknown, Free: free}
	// The ledger's clock counts; only how much of it has gone by is ours.
	claimed := t.Until.Add(-s.cfg.Ledger.cfg.Lease)
	// A server that asks for more than our longest pause is asked again after
	// that: one mistaken header must not keep a change for a day.
	f.Next = claimed.Add(time.Since(t.at)).Add(max(s.backoff(t.Attempts), min(o.Wait, s.cfg.MaxBackoff)))
	if cut {
		f.Next = time.Time{}
	}
	if late := s.record(t, func(ctx context.Context) error { return s.cfg.Ledger.Fail(ctx, t.Claim, f) }); late != nil {
		*err = errors.Join(*err, late)
	}
	return o
}

// backoff doubles with each attempt, with jitter.
func (s *shift) backoff(attempts int) time.Duration {
	d := s.cfg.Backoff
	for range attempts {
		if d *= 2; d >= s.cfg.MaxBackoff {
			d = s.cfg.MaxBackoff
			break
		}
	}
	return jitter(d)
}

// lastWord is how long an outcome may take to be recorded after the work was
// cut.
const lastWord = 3 * time.Second

// record writes an outcome, again and again while the database fails, until
// the lease is over: then the entity is dirty in any case. Where the work is cut
// it is so soon: a database that is away keeps nobody from ending.
func (s *shift) record(t taken, write func(context.Context) error) error {
	// Also when it is too late already: the ledger has to know that it was.
	left := max(5*time.Second, time.Until(t.at.Add(s.cfg.Ledger.cfg.Lease)))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.work), left)
	defer cancel()
	defer context.AfterFunc(s.work, func() { time.AfterFunc(lastWord, cancel) })()
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := write(ctx)
		if err == nil {
			return nil
		}
		if _, late := errors.AsType[*LeaseError](err); late || !is(err, Retryable.Retryable) {
			return err
		}
		timer := time.NewTimer(jitter(pause))
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
		}
	}
}
