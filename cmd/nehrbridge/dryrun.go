package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	"github.com/nehrbridge/nehrbridge/nehr/record"
)

// entityActions is a line of `sync --dry-run`: what would be done for one
// tracked entity, or why nothing can be. It holds names of fields, no values.
type entityActions struct {
	TrackedEntity dhis2.UID        `json:"trackedEntity"`
	Actions       []resourceAction `json:"actions,omitempty"`
	Problem       *problem         `json:"problem,omitempty"`
}

// resourceAction is what would be done with one resource.
type resourceAction struct {
	Type        string        `json:"type"`
	ID          string        `json:"id,omitempty"` // at the server; none where the server chooses it
	FullURL     string        `json:"fullUrl"`
	Action      record.Action `json:"action"`
	Fields      []string      `json:"fields,omitempty"` // that differ
	Unaccounted bool          `json:"unaccounted,omitempty"`
}

// problem is why an entity cannot be carried on.
type problem struct {
	Class   changes.Class `json:"class"`
	Cause   string        `json:"cause,omitempty"`
	Message string        `json:"message"`
}

func (d difference) actions() []resourceAction {
	out := make([]resourceAction, len(d.changes))
	for i, c := range d.changes {
		out[i] = resourceAction{c.Type, c.ID, c.FullURL, c.Action, c.Fields, d.strays[c.FullURL]}
	}
	return out
}

// runDryRun prints in what the record differs from what DHIS2 says: of every
// tracked entity, or with once of those that `sync --once` would look at now.
func (a *app) runDryRun(ctx context.Context, s *config.Settings, once, accept bool) error {
	h, err := newRehearsal(ctx, s, a, accept)
	if err != nil {
		return usage(err)
	}
	defer h.close()
	poller, err := h.prepareRehearsal(ctx)
	if err != nil {
		return err
	}
	if once {
		for _, program := range h.served {
			if _, err := poller.Sweep(ctx, program); err != nil {
				return serverError(fmt.Errorf("look for changes in program %s: %w", program, err))
			}
		}
	} else if err := h.everything(ctx, poller); err != nil {
		return listError(err)
	}
	differing := 0
	print := func(line entityActions) error {
		h.output.Lock()
		defer h.output.Unlock()
		if len(line.Actions) > 0 {
			differing++
		}
		return a.printJSON(line)
	}
	runner, err := changes.NewRunner(changes.RunConfig{Ledger: h.ledger,
		Consumer: func(ctx context.Context, c changes.Claim) ([]byte, error) {
			from, err := h.load(ctx, c.TrackedEntity)
			if err != nil || once && !c.Force && from.hash != "" && from.hash == parseHash(c.Hash).source {
				return nil, err
			}
			e, _, err := h.entry(ctx, c.TrackedEntity)
			if err != nil {
				return nil, err
			}
			before, err := record.DecodeState(e.State)
			if err != nil {
				return nil, err
			}
			d, err := h.differ(ctx, c.TrackedEntity, from, before, c.Force || !once)
			if err != nil || len(d.changes) == 0 {
				return nil, err
			}
			return nil, print(entityActions{TrackedEntity: c.TrackedEntity, Actions: d.actions()})
		},
		Done: func(t changes.Try) {
			h.tried(t)
			if t.Class != "" && t.Class != changes.Retry {
				_ = print(entityActions{TrackedEntity: t.TrackedEntity, Problem: problemOf(t.Err)})
			}
		}})
	if err != nil {
		return usage(err)
	}
	defer onSecondSignal(runner.Cut)()
	if err := h.drain(ctx, h.ledger, runner); err != nil {
		return interrupted(ctx, err)
	}
	c := h.counted()
	fmt.Fprintf(a.err, "%d tracked entities looked at, %d differ. Nothing was written.\n", c.Entities, differing)
	if c.DeadLetters+c.Review > 0 {
		return &exitError{code: exitFound}
	}
	return nil
}

// prepareRehearsal is prepare for one who carries nothing on.
func (h *rehearsal) prepareRehearsal(ctx context.Context) (*changes.Poller, error) {
	poller, _, err := h.prepare(ctx, changes.PollConfig{})
	if err != nil {
		return nil, serverError(err)
	}
	return poller, nil
}

func problemOf(err error) *problem {
	o := changes.Classify(err)
	return &problem{Class: o.Class, Cause: o.Cause, Message: err.Error()}
}

// listError is one of listing what DHIS2 shows: what needs a person's look is
// something found, the rest is a server's.
func listError(err error) error {
	var alarm interface{ Alarm() bool }
	if errors.As(err, &alarm) && alarm.Alarm() {
		return found(err)
	}
	return serverError(err)
}

// interrupted tells an interruption from a server that fails.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return found(errors.New("interrupted before the end"))
	}
	return serverError(err)
}
