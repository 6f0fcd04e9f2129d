package changes

import (
	"context"
	"sync/atomic"
	"time"
)

// shift is one run of a Runner. Everything but the work itself happens in one
// goroutine.
type shift struct {
	*Runner
	once    bool
	work    context.Context // of the consumers; outlives that of Run
	results chan result
	pending []taken // claimed, waiting for a worker
	busy    int
	group   group // carried out, not recorded yet
	circuit circuit
	counts  Counts
	dry     bool        // the list was empty when last looked at
	down    atomic.Bool // the circuit is open
	broken  int         // times in a row that the ledger failed
}

// taken is a claim, and when it was made by our own clock.
type taken struct {
	Claim
	at time.Time
}

// time is how much of a lease a consumer has; the rest is for recording the
// outcome, and for clocks that differ.
func (s *shift) time() time.Duration {
	lease := s.cfg.Ledger.cfg.Lease
	return lease - lease/4
}

// result is what came of a claim that a worker had.
type result struct {
	taken
	state   []byte // to be recorded, where it was carried out
	try     Try
	outcome Outcome
}

// held is how many claims this shift has.
func (s *shift) held() int { return s.busy + len(s.pending) + s.group.held() }

func (r *Runner) run(ctx context.Context, once bool) (Counts, error) {
	work, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	s := &shift{Runner: r, once: once, work: work, results: make(chan result), counts: Counts{Failed: map[Class]int{}},
		group:   group{recorded: make(chan []result)},
		circuit: circuit{trip: r.cfg.Trip, max: r.cfg.MaxPause}}
	err := s.loop(ctx)
	s.drain(cut)
	if once && err == nil {
		err = ctx.Err()
	}
	return s.counts, err
}

// loop hands out work until ctx is done, or with once until there is none.
func (s *shift) loop(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		err := s.refill(ctx)
		switch {
		case err != nil && ctx.Err() != nil:
			return nil
		case err != nil && s.once:
			return err
		case s.once && s.circuit.open():
			return &PausedError{Err: s.counts.LastErr}
		}
		s.start()
		s.recordGroup()
		if s.once && s.held() == 0 && s.dry {
			return nil
		}
		timer.Reset(s.pause(err))
		select {
		case <-ctx.Done():
		case res := <-s.results:
			s.worked(res)
		case group := <-s.group.recorded:
			s.finishGroup(group)
		case <-s.group.full():
			s.group.over = true
		case <-s.wake:
			s.dry = false
		case <-timer.C:
			s.dry = false
		}
	}
	return nil
}

// pause is how long to wait when no result comes.
func (s *shift) pause(err error) time.Duration {
	if err == nil {
		s.broken = 0
		if left := s.circuit.left(); left > 0 {
			return left
		}
		return s.cfg.Idle
	}
	s.broken++
	return jitter(min(s.cfg.MaxPause, time.Second<<min(s.broken-1, 6)))
}

// refill claims what the workers will need next: three times as many as there
// are workers, so that one transaction serves several.
func (s *shift) refill(ctx context.Context) error {
	want := 4*s.cfg.Workers - s.busy - len(s.pending)
	if n := s.circuit.allowed(); n >= 0 {
		want = n - s.held()
	}
	if s.dry || want < 1 || len(s.pending) >= s.cfg.Workers {
		return nil
	}
	at := time.Now()
	claims, err := s.cfg.Ledger.Claim(ctx, want)
	if err != nil {
		return err
	}
	s.dry = len(claims) < want
	for _, c := range claims {
		s.pending = append(s.pending, taken{c, at})
	}
	return nil
}

// start gives pending claims to free workers. One that has waited for a
// quarter of its lease is given back: the consumer shall have time.
func (s *shift) start() {
	var stale []Claim
	for s.busy < s.cfg.Workers && len(s.pending) > 0 {
		t := s.pending[0]
		s.pending = s.pending[1:]
		if time.Since(t.at) > s.cfg.Ledger.cfg.Lease/4 {
			stale = append(stale, t.Claim)
			continue
		}
		s.busy++
		go func() { s.results <- s.try(t) }()
	}
	s.giveBack(stale)
}

// giveBack releases claims. If that fails their leases end by themselves.
func (s *shift) giveBack(claims []Claim) {
	if len(claims) == 0 {
		return
	}
	s.dry = false
	ctx, cancel := context.WithTimeout(s.work, s.cfg.Ledger.cfg.Lease/4)
	defer cancel()
	_ = s.cfg.Ledger.Release(ctx, claims...)
}

func (s *shift) releasePending() {
	claims := make([]Claim, len(s.pending))
	for i, t := range s.pending {
		claims[i] = t.Claim
	}
	s.pending = nil
	s.giveBack(claims)
}

// worked takes in what a worker comes with: a failure is recorded already.
func (s *shift) worked(res result) {
	s.busy--
	if s.circuit.result(res.TrackedEntity, res.try.Err != nil && res.outcome.Shared, res.outcome) {
		s.releasePending()
	}
	s.down.Store(s.circuit.open())
	if res.try.Err == nil {
		s.group.add(res)
		return
	}
	s.finish(res)
}

// finish takes in a result that is recorded.
func (s *shift) finish(res result) {
	if res.try.Err == nil {
		s.counts.Done++
	} else {
		s.counts.Failed[res.try.Class]++
		s.counts.LastErr = res.try.Err
	}
	res.try.Paused = s.circuit.left()
	s.dry = s.dry && res.try.Err == nil && !s.once
	s.cfg.Done(res.try)
}

// drain waits for what is under way, and cuts it when it takes too long.
func (s *shift) drain(cut func()) {
	s.releasePending()
	timer := time.NewTimer(s.cfg.Drain)
	defer timer.Stop()
	for s.recordGroup(); s.held() > 0; s.recordGroup() {
		select {
		case res := <-s.results:
			s.worked(res)
		case group := <-s.group.recorded:
			s.finishGroup(group)
		case <-s.group.full():
			s.group.over = true
		case <-timer.C:
			cut()
		case <-s.cut:
			cut()
		}
	}
}
