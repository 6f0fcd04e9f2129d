package main

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	"github.com/nehrbridge/nehrbridge/dhis2/route"
)

// routeWriter carries on what a caller says has changed, on the agent's own way: a
// mark on the ledger, which whoever comes first carries on, this process or another
// one that works with the ledger. It looks for no changes by itself.
type routeWriter struct {
	agent  *agent
	runner atomic.Pointer[changes.Runner] // nil until the servers were found to be those of the ledger
}

// newRouteWriter opens the ledger; close it.
func newRouteWriter(ctx context.Context, s *config.Settings, log zerolog.Logger) (*routeWriter, error) {
	g, err := wireAgent(s, log)
	if err != nil {
		return nil, usage(err)
	}
	if err := g.open(ctx); err != nil {
		return nil, serverError(err)
	}
	return &routeWriter{agent: g}, nil
}

func (w *routeWriter) close() error { return w.agent.close() }

// run carries on until ctx ends, and then lets what is under way come to its end.
// While the servers are not those of the ledger, nothing is written; somebody may
// say meanwhile, to another process, that they are meant.
func (w *routeWriter) run(ctx context.Context) {
	for {
		var runner *changes.Runner
		err := w.agent.insist(ctx, func() (err error) {
			_, runner, err = w.agent.prepare(ctx, changes.PollConfig{Interval: w.agent.settings.DHIS2.Poll, Overlap: w.agent.settings.DHIS2.Overlap})
			return err
		})
		if err == nil && runner != nil {
			w.runner.Store(runner)
			_ = runner.Run(ctx) // which no error ends
			return
		}
		if err != nil {
			w.agent.log.Error().Err(err).Msg("nothing that is mapped at a Route can be written")
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Minute):
		}
	}
}

// written is what became of a tracked entity.
type written struct {
	// Outcome is carried: the record holds what DHIS2 says; waiting: it will, the
	// servers permitting; or the changes.Class by which it was set aside.
	Outcome string `json:"outcome"`
	Cause   string `json:"cause,omitempty"`
}

// lookEvery is how often the ledger is asked what became of an entity.
const lookEvery = 50 * time.Millisecond

// answerWithin keeps a moment of the caller's patience to tell that it lasts.
const answerWithin = 3 * time.Second

// write marks an entity, and waits for what becomes of it as long as the caller may
// be kept waiting.
func (w *routeWriter) write(ctx context.Context, uid, program dhis2.UID) (any, error) {
	runner := w.runner.Load()
	if runner == nil {
		return nil, route.Refuse(route.CodeUnavailable, "the servers were not reached yet")
	}
	ledger := w.agent.ledger
	if err := ledger.MarkDirty(ctx, changes.Change{TrackedEntity: uid, Program: program}); err != nil {
		return nil, &route.Refusal{Code: route.CodeUnavailable, Detail: "the ledger cannot be written", Err: err}
	}
	runner.Wake()
	if end, limited := ctx.Deadline(); limited {
		var stop context.CancelFunc
		ctx, stop = context.WithDeadline(ctx, end.Add(-answerWithin))
		defer stop()
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		e, found, err := ledger.Entry(ctx, uid)
		switch {
		case errors.Is(err, context.DeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded):
			return written{Outcome: "waiting"}, nil
		case err != nil:
			return nil, &route.Refusal{Code: route.CodeUnavailable, Detail: "the ledger cannot be read", Err: err}
		case !found:
			return nil, refuseMapping(codeEntity, http.StatusNotFound, "the ledger lost the entity")
		case e.Class != "":
			return written{string(e.Class), e.Cause}, nil
		case !e.Dirty:
			return written{Outcome: "carried"}, nil
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}
