package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// killGate stands before the NEHR. It kills agents at the worst moments, and sees
// to it that no tracked entity is carried by two of them at once. Agents are
// told apart by their bearer tokens.
type killGate struct {
	next http.Handler

	mu      sync.Mutex
	moment  *moment
	watch   *watch
	delayed []*http.Request            // that the server is slow with
	under   map[string][]*http.Request // transactions under way, by tracked entity
	carried map[string]int             // transactions, by agent
	twice   []string                   // entities that two carried at once
	ends    map[ending]int
}

// moment is when the agent is to be killed that makes a request.
type moment struct {
	requests     int  // that pass before
	transactions bool // only those count
	ending       ending
	kill         func(agent string) // returns when it is dead
}

// ending is what becomes of the request that it dies with.
type ending string

const (
	lost      ending = "the server never saw it"
	committed ending = "it was carried out, and nobody heard the answer"
	late      ending = "it was carried out when the next agent was at work already"
)

func newKillGate(next http.Handler) *killGate {
	return &killGate{next: next, under: map[string][]*http.Request{}, carried: map[string]int{}, ends: map[ending]int{}}
}

// watch is told of each transaction before it is carried out, which waits until
// the channel that came is closed.
type watch struct {
	arrivals chan chan struct{}
	over     chan struct{}
}

// listen begins a watch; stop ends it.
func (g *killGate) listen() (arrivals <-chan chan struct{}, stop func()) {
	w := &watch{make(chan chan struct{}), make(chan struct{})}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.watch = w
	return w.arrivals, func() { close(w.over) }
}

func (w *watch) arrived() {
	if w == nil {
		return
	}
	answered := make(chan struct{})
	select {
	case w.arrivals <- answered:
		<-answered
	case <-w.over:
	}
}

// arm has an agent killed at a moment, in the place of the one before.
func (g *killGate) arm(m *moment) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.moment = m
}

func (g *killGate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the agent died while it sent it
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	agent := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	transaction, entity := subject(body)
	leave := g.enter(r, agent, entity, transaction)
	defer leave()
	if transaction {
		g.watched().arrived()
	}
	m := g.strikes(transaction)
	if m == nil {
		g.next.ServeHTTP(w, r)
		return
	}
	m.kill(agent)
	leave() // who is dead carries nothing any more
	r = r.WithContext(context.WithoutCancel(r.Context()))
	switch m.ending {
	case committed:
		g.carryOut(r)
	case late:
		g.mu.Lock()
		g.delayed = append(g.delayed, r)
		g.mu.Unlock()
	}
	panic(http.ErrAbortHandler)
}

// slow gives what the server is slow with so far; finish has it carried out.
func (g *killGate) slow() (finish func()) {
	g.mu.Lock()
	delayed := g.delayed
	g.delayed = nil
	g.mu.Unlock()
	return func() {
		for _, r := range delayed {
			g.carryOut(r)
		}
	}
}

// carryOut has the server carry out a request whose answer nobody hears,
// whatever fault strikes it.
func (g *killGate) carryOut(r *http.Request) {
	defer func() {
		if v := recover(); v != nil && v != http.ErrAbortHandler {
			panic(v)
		}
	}()
	g.next.ServeHTTP(httptest.NewRecorder(), r)
}

func (g *killGate) watched() *watch {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.watch
}

// subject is the tracked entity of a transaction, "" where it names none.
func subject(body []byte) (transaction bool, entity string) {
	v, err := fhirjson.Parse(body)
	if err != nil || v.Get("type").Str() != "transaction" {
		return false, ""
	}
	return true, v.Get("identifier", "value").Str()
}

// enter notes a transaction; leave may be called twice.
func (g *killGate) enter(r *http.Request, agent, entity string, transaction bool) (leave func()) {
	if !transaction {
		return func() {}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.carried[agent]++
	if entity == "" {
		return func() {}
	}
	for _, other := range g.under[entity] {
		if other.Context().Err() == nil {
			g.twice = append(g.twice, fmt.Sprintf("%s: by %s and %s", entity, agent, other.Header.Get("Authorization")))
		}
	}
	g.under[entity] = append(g.under[entity], r)
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		for i, o := range g.under[entity] {
			if o == r {
				g.under[entity] = append(g.under[entity][:i:i], g.under[entity][i+1:]...)
				return
			}
		}
	}
}

// strikes tells whether the moment has come.
func (g *killGate) strikes(transaction bool) *moment {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.moment
	if m == nil || m.transactions && !transaction {
		return nil
	}
	if m.requests--; m.requests >= 0 {
		return nil
	}
	g.moment = nil
	g.ends[m.ending]++
	return m
}
