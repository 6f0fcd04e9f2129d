package access

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// copies keeps the last answers of the NEHR to patients about themselves, in
// memory only and bounded, for the time while it is down. Nobody else is ever
// shown one: whether somebody else may see is not known without the NEHR.
type copies struct {
	mu        sync.Mutex
	max, size int
	order     *list.List // of *kept, the last used first
	by        map[string]*list.Element
}

type kept struct {
	patient string
	at      time.Time
	bodies  [][]byte
	size    int
}

func newCopies(max int) *copies {
	return &copies{max: max, order: list.New(), by: map[string]*list.Element{}}
}

func (c *copies) keep(patient string, at time.Time, bodies [][]byte) {
	k := &kept{patient: patient, at: at, bodies: bodies}
	for _, b := range bodies {
		if b == nil {
			return
		}
		k.size += len(b)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.by[patient]; e != nil {
		if e.Value.(*kept).at.After(at) {
			return // an answer that was slow
		}
		c.drop(e)
	}
	if k.size > c.max {
		return
	}
	c.by[patient] = c.order.PushFront(k)
	c.size += k.size
	for c.size > c.max {
		c.drop(c.order.Back())
	}
}

func (c *copies) drop(e *list.Element) {
	k := c.order.Remove(e).(*kept)
	delete(c.by, k.patient)
	c.size -= k.size
}

func (c *copies) last(patient string) *kept {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.by[patient]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*kept)
}

// away tells whether the patient herself asks, and the NEHR does not answer.
func (v *View) away(err error) bool {
	if v.actor.Kind != KindPatient {
		return false
	}
	if _, ok := errors.AsType[*client.UnreachableError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*client.TokenError](err); ok {
		return true
	}
	e, ok := errors.AsType[*client.OutcomeError](err)
	return ok && e.Retryable()
}

// last shows what the NEHR said last, by the same decision and the same log.
func (v *View) last(ctx context.Context, queries []*query, err error) (*Record, error) {
	e := Entry{Action: ActionRecord}
	k := v.g.copies.last(v.patient)
	if k == nil {
		return nil, v.failed(ctx, e, err)
	}
	s := &sight{v: v, at: v.g.c.Now()}
	s.decision = s.decide(nil)
	for _, q := range queries {
		q.found = nil
	}
	if first, perr := fhirjson.Parse(k.bodies[0]); perr != nil || v.g.take(first, queries) != nil {
		return nil, v.failed(ctx, e, err)
	}
	r, names := s.filter(queries)
	if len(k.bodies) > 1 {
		if second, perr := fhirjson.Parse(k.bodies[1]); perr != nil || v.g.take(second, names) != nil {
			return nil, v.failed(ctx, e, err)
		}
		s.name(r, names)
	}
	r.At, r.Stale = k.at, true
	return given(r, v.permit(ctx, e, s, r.Resources))
}
