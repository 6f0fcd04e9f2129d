package changes

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Consumer carries one tracked entity on, and returns the state that it wants
// to find at the next claim. An error says by its behaviour (see Classify)
// what becomes of the entity. It calls Claim.Save before it sends anything.
type Consumer func(ctx context.Context, c Claim) (state []byte, err error)

// RunConfig says how a Runner works.
type RunConfig struct {
	// Ledger holds the work. Required.
	Ledger *Ledger

	// Consumer does it, for several entities at a time and never for one
	// twice at once. Its context ends a quarter of the lease before the claim
	// does, so that what it sends has an answer, or none, by then. Required.
	Consumer Consumer

	// Workers bounds how many entities are worked on at a time. Defaults to 4.
	Workers int

	// Idle is how often an empty list is looked at again. Defaults to 1 s.
	Idle time.Duration

	// Backoff is the waiting time of an entity after its first failure; it
	// doubles with each, up to MaxBackoff. Default to 2 s and 30 min.
	Backoff, MaxBackoff time.Duration

	// MaxAttempts is after how many failures that might go away an entity
	// becomes a dead letter all the same. Defaults to 0: never.
	MaxAttempts int

	// Trip is how many different entities have to fail in a row, without one
	// that does not, until the server is taken to be the reason: then nothing
	// is tried but one entity at a time, after pauses of 1 s to MaxPause, and
	// no attempt is counted. Defaults to 3.
	Trip int

	// MaxPause bounds those pauses, unless the server asks for more. Defaults
	// to 1 min.
	MaxPause time.Duration

	// Drain is how long work goes on after the context of Run has ended.
	// Defaults to 15 s.
	Drain time.Duration

	// Done is told of every try, one at a time; may be nil.
	Done func(Try)
}

func (c RunConfig) withDefaults() RunConfig {
	defaults := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	defaults(&c.Idle, time.Second)
	defaults(&c.Backoff, 2*time.Second)
	defaults(&c.MaxBackoff, 30*time.Minute)
	defaults(&c.MaxPause, time.Minute)
	defaults(&c.Drain, 15*time.Second)
	if c.Workers == 0 {
		c.Workers = 4
	}
	if c.Trip == 0 {
		c.Trip = 3
	}
	if c.Done == nil {
		c.Done = func(Try) {}
	}
	return c
}

func (c RunConfig) validate() error {
	var wrong []error
	if c.Ledger == nil || c.Consumer == nil {
		wrong = append(wrong, errors.New("Ledger and Consumer are needed"))
	}
	if c.Workers < 1 || c.Trip < 1 || c.MaxAttempts < 0 {
		wrong = append(wrong, errors.New("Workers, Trip or MaxAttempts is too small"))
	}
	if c.Idle < 0 || c.Backoff < 0 || c.MaxBackoff < c.Backoff || c.MaxBackoff > Horizon || c.MaxPause < 0 || c.Drain < 0 {
		wrong = append(wrong, fmt.Errorf("Idle, Backoff, MaxBackoff, MaxPause or Drain is negative, or out of 0 <= Backoff <= MaxBackoff <= %s", Horizon))
	}
	if len(wrong) > 0 {
		return fmt.Errorf("dhis2/changes: runner: %w", errors.Join(wrong...))
	}
	return nil
}

// Try is one look at an entity, and what came of it.
type Try struct {
	TrackedEntity dhis2.UID
	Class         Class // "" when it was carried out
	Err           error // nil when it was carried out
	Free          bool  // was not counted: the server was the reason
	Took          time.Duration
	Paused        time.Duration // nothing is tried for so long now; 0 where work goes on
}

// Counts are the tries of a run.
type Counts struct {
	Done    int
	Failed  map[Class]int
	LastErr error // of the last try that failed
}

// PausedError ends Once: the server is the reason why nothing goes on.
type PausedError struct{ Err error }

func (e *PausedError) Error() string {
	return "dhis2/changes: paused, one after the other fails: " + e.Err.Error()
}

// Unwrap gives the error of the last try.
func (e *PausedError) Unwrap() error { return e.Err }

// Runner carries out what is on a ledger.
type Runner struct {
	cfg  RunConfig
	wake chan struct{}
	cut  chan struct{}
}

// NewRunner checks the configuration. It does nothing yet.
func NewRunner(cfg RunConfig) (*Runner, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Runner{cfg: cfg, wake: make(chan struct{}, 1), cut: make(chan struct{}, 1)}, nil
}

// Wake has an idle run look at the list now. It never blocks.
func (r *Runner) Wake() { signal(r.wake) }

// Cut ends the drain of a run whose context has ended: work in progress is
// cancelled, and looked at again by force. It never blocks.
func (r *Runner) Cut() { signal(r.cut) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run works until ctx is done, lets what is under way come to its end for as
// long as RunConfig.Drain, and returns nil. No error of a server or of the
// database ends it.
func (r *Runner) Run(ctx context.Context) error {
	_, err := r.run(ctx, false)
	return err
}

// Once works until nothing is due any more. What waits for its time stays. A
// *PausedError says that a server is the reason why work is left; every other
// error is the ledger's.
func (r *Runner) Once(ctx context.Context) (Counts, error) { return r.run(ctx, true) }
