package changes

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

// PollConfig says what a Poller asks, and how often.
type PollConfig struct {
	// Source is the DHIS2 server. Required.
	Source Source

	// Ledger takes what has changed. Required.
	Ledger *Ledger

	// Programs are polled one after the other. Required.
	Programs []dhis2.UID

	// Interval is the time between two sweeps. Defaults to 10 s. DHIS2 has no
	// index for what is asked: less than 5 s is a burden to it.
	Interval time.Duration

	// Overlap is how far a sweep looks back behind the one before, at least
	// the longest transaction of an import. Defaults to 15 min.
	Overlap time.Duration

	// Settle is when an entity is looked at once more after a change: an
	// answer of DHIS2 is no snapshot, and may hold a new time with old
	// values. Defaults to 1 min, at most Overlap; negative is never.
	Settle time.Duration

	// PageSize of the lists. Defaults to 200; DHIS2 refuses more than 50,000.
	PageSize int

	// MaxMissing is the share of the known entities of a program that
	// Reconcile takes for deleted; more is an alarm. Defaults to 0.05, and
	// never stands in the way of 10.
	MaxMissing float64

	// AcceptServer and AcceptRights say that another server, or a loss of
	// rights, is meant.
	AcceptServer, AcceptRights bool

	// Every is how often Run reconciles a program. Defaults to 24 h; negative
	// is only after Doubt.
	Every time.Duration

	// Swept is told of each sweep, and of the error that ended it; may be nil.
	Swept func(Sweep, error)

	// Reconciled is told of each reconciliation of Run, and of the error that
	// ended it; may be nil.
	Reconciled func(Reconciliation, error)

	// Now is the clock for Settle. Defaults to time.Now.
	Now func() time.Time
}

func (c PollConfig) withDefaults() PollConfig {
	if c.Interval == 0 {
		c.Interval = 10 * time.Second
	}
	if c.Overlap == 0 {
		c.Overlap = 15 * time.Minute
	}
	if c.Settle == 0 {
		c.Settle = min(time.Minute, c.Overlap)
	}
	if c.PageSize == 0 {
		c.PageSize = 200
	}
	if c.MaxMissing == 0 {
		c.MaxMissing = 0.05
	}
	if c.Every == 0 {
		c.Every = 24 * time.Hour
	}
	if c.Swept == nil {
		c.Swept = func(Sweep, error) {}
	}
	if c.Reconciled == nil {
		c.Reconciled = func(Reconciliation, error) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

func (c PollConfig) validate() error {
	var wrong []error
	say := func(s string) { wrong = append(wrong, errors.New(s)) }
	if c.Source == nil || c.Ledger == nil {
		say("Source and Ledger are needed")
	}
	if len(c.Programs) == 0 {
		say("Programs is empty")
	}
	for _, p := range c.Programs {
		if p.IsZero() {
			say("a program without a UID")
		}
	}
	if c.Interval < time.Second || c.Overlap < 0 {
		say("Interval is under 1 s, or Overlap negative")
	}
	if c.Settle > c.Overlap {
		say("Settle is longer than Overlap")
	}
	if c.PageSize < 1 || c.PageSize > 50_000 {
		say("PageSize is not within 1 to 50000")
	}
	if c.MaxMissing < 0 || c.MaxMissing > 1 {
		say("MaxMissing is not within 0 to 1")
	}
	if len(wrong) > 0 {
		return fmt.Errorf("dhis2/changes: poll: %w", errors.Join(wrong...))
	}
	return nil
}

// Poller puts on the ledger what changes in DHIS2. Its methods are not for
// several goroutines at once, but for Wake, Doubt and Verify.
type Poller struct {
	cfg      PollConfig
	programs map[dhis2.UID]*memory
	wake     chan struct{}
	patience map[dhis2.UID]time.Time // a reconciliation that failed is not tried again before
}

// NewPoller checks the configuration. It asks nothing yet.
func NewPoller(cfg PollConfig) (*Poller, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	p := &Poller{cfg: cfg, programs: map[dhis2.UID]*memory{}, wake: make(chan struct{}, 1), patience: map[dhis2.UID]time.Time{}}
	for _, program := range cfg.Programs {
		p.programs[program] = &memory{seen: map[seenKey]seen{}}
	}
	return p, nil
}

// Wake has Run sweep now instead of at the end of the interval; a hint that
// something changed. It never blocks.
func (p *Poller) Wake() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// maxPause bounds the pauses after errors, so that work goes on soon after
// things are back.
const maxPause = time.Minute

// Run sweeps every program, again and again, until ctx is done, and then
// returns nil. It reconciles each from time to time, and after Doubt. No error ends it: not a server that fails nor a right that was
// lost. After one it pauses, longer each time up to a minute, or as long as
// the server asks.
func (p *Poller) Run(ctx context.Context) error {
	failures := 0
	for {
		began := time.Now()
		var wait time.Duration
		for _, program := range p.cfg.Programs {
			s, err := p.Sweep(ctx, program)
			if ctx.Err() != nil {
				return nil
			}
			p.cfg.Swept(s, err)
			if err != nil {
				wait = max(wait, pauseAfter(err, failures))
			} else if !s.Skipped {
				p.reconcileIfDue(ctx, program)
			}
		}
		if wait > 0 {
			failures++
		} else {
			failures, wait = 0, p.cfg.Interval
		}
		// Hints may come without end: DHIS2 rests for as long as it was asked.
		rest := min(wait, time.Since(began))
		if !sleep(ctx, rest, nil) || !sleep(ctx, wait-rest, p.wakeUnless(failures > 0)) {
			return nil
		}
	}
}

// sleep waits, or until it is woken, and reports whether ctx goes on.
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-wake:
	}
	return ctx.Err() == nil
}

// wakeUnless keeps hints from hammering a server that fails.
func (p *Poller) wakeUnless(failing bool) <-chan struct{} {
	if failing {
		return nil
	}
	return p.wake
}

func pauseAfter(err error, failures int) time.Duration {
	pause := jitter(min(maxPause, time.Second<<min(failures, 6)))
	if e, ok := errors.AsType[*api.Error](err); ok && e.RetryAfter > pause {
		pause = min(e.RetryAfter, 10*maxPause)
	}
	return pause
}

// jitter is between half of d and d, so that those who failed together do not
// come back together.
func jitter(d time.Duration) time.Duration {
	return d/2 + rand.N(d/2+1)
}
