package esignet

import (
	"context"
	"sync"
	"time"
)

// cached is a document of a server that is fetched when needed and kept. It is
// safe for concurrent use; one fetch at a time serves all who wait.
type cached[T any] struct {
	stage Stage
	read  func(context.Context) (T, error)
	keep  time.Duration // how long it is good, whatever the server's cache headers say
	wait  time.Duration // shortest time between two fetches while there is something
	now   func() time.Time

	mu     sync.Mutex
	value  T
	have   bool
	at     time.Time // of value
	tried  time.Time // last fetch, good or not
	flight *flight   // the fetch under way
}

type flight struct {
	done chan struct{}
	err  error
}

// staleFor is how long a document outlives its lifetime while it cannot be
// fetched.
const staleFor = 24 * time.Hour

// current gives the document, fetching it when there is none or it is old.
func (c *cached[T]) current(ctx context.Context) (T, error) {
	c.mu.Lock()
	value, have := c.value, c.have
	age, recent := c.now().Sub(c.at), c.now().Sub(c.tried) < c.wait
	c.mu.Unlock()
	stale := have && age < c.keep+staleFor
	if have && age < c.keep || stale && recent {
		return value, nil
	}
	if err := c.fetch(ctx); err != nil {
		if stale && ctx.Err() == nil {
			return value, nil
		}
		var none T
		return none, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.value, nil
}

// renew fetches the document because what is kept did not do. It gives false, at
// once, when the last fetch was too short ago, and when the fetch fails.
func (c *cached[T]) renew(ctx context.Context) (T, bool) {
	c.mu.Lock()
	throttled := c.flight == nil && c.now().Sub(c.tried) < c.wait
	c.mu.Unlock()
	if throttled || c.fetch(ctx) != nil {
		var none T
		return none, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.value, true
}

// fetch gets the document, or waits for who does.
func (c *cached[T]) fetch(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return unreachable(c.stage, err)
	}
	c.mu.Lock()
	f := c.flight
	if f == nil {
		f = &flight{done: make(chan struct{})}
		c.flight, c.tried = f, c.now()
		// The one who asked first may go away; those who wait with it stay.
		go c.get(context.WithoutCancel(ctx), f)
	}
	c.mu.Unlock()
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return unreachable(c.stage, ctx.Err())
	}
}

func (c *cached[T]) get(ctx context.Context, f *flight) {
	value, err := c.read(ctx)
	c.mu.Lock()
	if f.err = err; err == nil {
		c.value, c.have, c.at = value, true, c.now()
	}
	c.flight = nil
	c.mu.Unlock()
	close(f.done)
}
