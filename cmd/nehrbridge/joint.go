package main

import (
	"context"
	"sync"
)

// joint is a question whose answer serves everybody who asked before it was
// put: those who come while one is under way share the next.
type joint struct {
	ask func(context.Context) error

	turn chan struct{} // one at a time

	mu   sync.Mutex
	next *asked // not put yet; nil where nobody waits
}

func newJoint(ask func(context.Context) error) *joint {
	return &joint{ask: ask, turn: make(chan struct{}, 1)}
}

// asked is one time that the question was put.
type asked struct {
	done chan struct{}
	err  error
	cut  bool // the one who put it had no more time: the others ask themselves
}

// do gives an answer to the question as it is put after this call.
func (j *joint) do(ctx context.Context) error {
	for {
		j.mu.Lock()
		a := j.next
		if a == nil {
			a = &asked{done: make(chan struct{})}
			j.next = a
			j.mu.Unlock()
			j.put(ctx, a)
			return a.err
		}
		j.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-a.done:
		}
		if !a.cut {
			return a.err
		}
	}
}

func (j *joint) put(ctx context.Context, a *asked) {
	defer close(a.done)
	j.turn <- struct{}{} // those before are soon done: they have a deadline
	defer func() { <-j.turn }()
	j.mu.Lock()
	j.next = nil // who comes from now on has read something later
	j.mu.Unlock()
	a.err = j.ask(ctx)
	a.cut = ctx.Err() != nil
}
