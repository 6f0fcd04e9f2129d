package changes

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// gather bounds how long the first of a group waits for the others: a blink
// beside a request, and long enough that workers who hardly have anything to do
// (nothing changed) share the cost of a commit.
const gather = 25 * time.Millisecond

// group are the claims that were carried out and are to be completed in one
// transaction. Until then they are held as before: what dies with them is
// looked at again, by force.
type group struct {
	results  []result
	timer    *time.Timer // of the first; nil while there is none
	over     bool        // the timer has ended
	writing  int         // claims whose completion is being written
	recorded chan []result
}

func (g *group) held() int { return len(g.results) + g.writing }

func (g *group) add(r result) {
	if len(g.results) == 0 {
		g.timer = time.NewTimer(gather)
	}
	g.results = append(g.results, r)
}

// full tells when the first has waited long enough.
func (g *group) full() <-chan time.Time {
	if g.timer == nil {
		return nil
	}
	return g.timer.C
}

// take empties the group.
func (g *group) take() []result {
	g.timer.Stop()
	all := g.results
	g.results, g.timer, g.over = nil, nil, false
	g.writing += len(all)
	return all
}

// recordGroup completes what was carried out, beside the work on others, when
// there is enough of it, when its time is over, or when nothing else can join.
func (s *shift) recordGroup() {
	n := len(s.group.results)
	if n == 0 || n < 4*s.cfg.Workers && !s.group.over && s.busy > 0 {
		return
	}
	all := s.group.take()
	go func() {
		s.complete(all)
		s.group.recorded <- all
	}()
}

// complete records claims as carried out, and with each what went wrong: the
// ledger itself, or a lease that was over. Such an entity is dirty still, and
// what it holds is looked at by force.
func (s *shift) complete(all []result) {
	done := make([]Completion, len(all))
	first := all[0].taken
	for i, r := range all {
		done[i] = Completion{Claim: r.Claim, State: r.state}
		if r.at.Before(first.at) {
			first = r.taken
		}
	}
	err := s.record(first, func(ctx context.Context) error { return s.cfg.Ledger.Complete(ctx, done...) })
	if err == nil {
		return
	}
	late, some := errors.AsType[*LeaseError](err)
	for i := range all {
		r := &all[i]
		own := err
		if some {
			if !slices.Contains(late.TrackedEntities, r.TrackedEntity) {
				continue
			}
			own = &LeaseError{TrackedEntities: []dhis2.UID{r.TrackedEntity}}
		}
		r.outcome = Outcome{Class: Retry, Unknown: true}
		r.try.Class, r.try.Err = Retry, own
	}
}

// finishGroup takes in what was recorded together.
func (s *shift) finishGroup(all []result) {
	s.group.writing -= len(all)
	for _, r := range all {
		s.finish(r)
	}
}
