package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	"github.com/nehrbridge/nehrbridge/nehr/record"
)

// driftKind names in what ledger, DHIS2 and record do not agree.
type driftKind string

const (
	driftNoEntry    driftKind = "not-in-ledger"    // DHIS2 shows it, the ledger never heard of it
	driftNotInDHIS2 driftKind = "missing-in-dhis2" // something of it was written, and DHIS2 does not find it
	driftDiffers    driftKind = "differs"          // a resource says something else
	driftMissing    driftKind = "missing-in-nehr"  // a resource does not stand
	driftOrphan     driftKind = "orphan"           // a resource of ours that nobody accounts for
	driftState      driftKind = "state-unreadable" // what was written is not known
	driftAside      driftKind = "set-aside"        // a dead letter, quarantined, or waiting for a person
	driftRefused    driftKind = "refused"          // it cannot be compared: it would be set aside
)

// drift is one disagreement. It holds names of fields, no values.
type drift struct {
	Kind    driftKind     `json:"kind"`
	Type    string        `json:"type,omitempty"`
	ID      string        `json:"id,omitempty"`
	FullURL string        `json:"fullUrl,omitempty"`
	Action  record.Action `json:"action,omitempty"` // what a repair does
	Fields  []string      `json:"fields,omitempty"`
	Class   changes.Class `json:"class,omitempty"`
	Cause   string        `json:"cause,omitempty"`
	Message string        `json:"message,omitempty"`
}

// entityDrift is a line of `backfill --reconcile`.
type entityDrift struct {
	TrackedEntity dhis2.UID `json:"trackedEntity"`
	Pending       bool      `json:"pending,omitempty"`  // a change is under way: this may be all there is to it
	Repaired      *bool     `json:"repaired,omitempty"` // after a repair
	Drift         []drift   `json:"drift"`
}

// reconcileCounts is the last line.
type reconcileCounts struct {
	Entities int               `json:"entities"` // tracked entities that were compared
	Drifting int               `json:"drifting"` // of these: with a disagreement
	Pending  int               `json:"pending"`  // of these: with a change under way
	Repaired int               `json:"repaired"`
	Left     int               `json:"left"` // drifting after the repair, or where none was asked for
	Kinds    map[driftKind]int `json:"kinds"`
}

// reconcile compares ledger, DHIS2 and record, entity by entity.
type reconcile struct {
	*rehearsal
	app *app

	mu       sync.Mutex
	counts   reconcileCounts
	drifting []dhis2.UID
	repaired bool // the second look, after the repair
}

// runReconcile prints the drift, and with repair mends it.
func (a *app) runReconcile(ctx context.Context, s *config.Settings, sel selection, repair, accept bool) error {
	h, err := newRehearsal(ctx, s, a, accept)
	if err != nil {
		return usage(err)
	}
	defer h.close()
	poller, err := h.prepareRehearsal(ctx)
	if err != nil {
		return err
	}
	r := &reconcile{rehearsal: h, app: a, counts: reconcileCounts{Kinds: map[driftKind]int{}}}
	if err := r.choose(ctx, poller, sel); err != nil {
		return err
	}
	if err := r.compare(ctx); err != nil {
		return err
	}
	if repair && len(r.drifting) > 0 {
		if err := r.repair(ctx, s, accept); err != nil {
			return err
		}
	} else {
		r.counts.Left = r.counts.Drifting
	}
	fmt.Fprintf(a.err, "%d tracked entities compared, %d drifting, %d repaired, %d left.\n", r.counts.Entities, r.counts.Drifting, r.counts.Repaired, r.counts.Left)
	if err := a.printJSON(r.counts); err != nil {
		return err
	}
	if r.counts.Left > 0 {
		return &exitError{code: exitFound}
	}
	return nil
}

// choose marks on the copy what is to be compared: everything that DHIS2 shows
// or the ledger knows, and of a part of it what DHIS2 shows.
func (r *reconcile) choose(ctx context.Context, poller *changes.Poller, sel selection) error {
	if sel.whole() {
		if err := r.everything(ctx, poller); err != nil {
			return listError(err)
		}
		return nil
	}
	// Only these: what is dirty anyway is for whoever works on the ledger.
	if err := r.emptyList(ctx); err != nil {
		return usage(err)
	}
	parts, err := sel.parts(r.served)
	if err != nil {
		return usage(err)
	}
	for _, part := range parts {
		err := poller.List(ctx, part, sel.from, func(uids []dhis2.UID, _ timeUpTo) error {
			marks := make([]changes.Change, len(uids))
			for i, uid := range uids {
				marks[i] = changes.Change{TrackedEntity: uid, Program: part.Program}
			}
			return r.ledger.MarkDirty(ctx, marks...)
		})
		if err != nil {
			return listError(err)
		}
	}
	return nil
}

// emptyList completes what is on the list of the copy.
func (r *reconcile) emptyList(ctx context.Context) error {
	for {
		claims, err := r.ledger.Claim(ctx, 500)
		if err != nil || len(claims) == 0 {
			return err
		}
		done := make([]changes.Completion, len(claims))
		for i, c := range claims {
			done[i].Claim = c
		}
		if err := r.ledger.Complete(ctx, done...); err != nil {
			return err
		}
	}
}

// compare looks at everything that is marked on the copy.
func (r *reconcile) compare(ctx context.Context) error {
	runner, err := changes.NewRunner(changes.RunConfig{Ledger: r.ledger, Consumer: r.look, Done: r.looked})
	if err != nil {
		return usage(err)
	}
	defer onSecondSignal(runner.Cut)()
	if err := r.drain(ctx, r.ledger, runner); err != nil {
		return interrupted(ctx, err)
	}
	return nil
}

// look compares one tracked entity.
func (r *reconcile) look(ctx context.Context, c changes.Claim) ([]byte, error) {
	uid := c.TrackedEntity
	e, known, err := r.entry(ctx, uid)
	if err != nil {
		return nil, err
	}
	line := entityDrift{TrackedEntity: uid, Pending: e.Dirty}
	if e.Class != "" {
		line.Drift = append(line.Drift, drift{Kind: driftAside, Class: e.Class, Cause: e.Cause})
	}
	before, err := record.DecodeState(e.State)
	if err != nil {
		line.Drift = append(line.Drift, drift{Kind: driftState, Message: err.Error()})
		return nil, r.report(line)
	}
	from, err := r.load(ctx, uid)
	if err != nil {
		return nil, err
	}
	if !known {
		line.Drift = append(line.Drift, drift{Kind: driftNoEntry})
	}
	d, err := r.differ(ctx, uid, from, before, true)
	if o := changes.Classify(err); err != nil && o.Class != changes.Retry {
		if e.Class == "" { // else it was said
			line.Drift = append(line.Drift, drift{Kind: driftRefused, Class: o.Class, Cause: o.Cause, Message: err.Error()})
		}
		return nil, r.report(line)
	}
	if err != nil {
		return nil, err
	}
	if d.gone {
		line.Drift = append(line.Drift, drift{Kind: driftNotInDHIS2})
	}
	for _, c := range d.changes {
		f := drift{Kind: driftDiffers, Type: c.Type, ID: c.ID, FullURL: c.FullURL, Action: c.Action, Fields: c.Fields}
		switch {
		case d.strays[c.FullURL]:
			f.Kind = driftOrphan
		case c.Action == record.Created:
			f.Kind = driftMissing
		}
		line.Drift = append(line.Drift, f)
	}
	return nil, r.report(line)
}

// report counts and prints what was found of one tracked entity.
func (r *reconcile) report(line entityDrift) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	drifting := len(line.Drift) > 0
	if r.repaired {
		if drifting {
			r.counts.Left++
		} else {
			r.counts.Repaired++
		}
		line.Repaired, line.Pending = new(!drifting), false
		if line.Drift == nil {
			line.Drift = []drift{}
		}
		return r.app.printJSON(line)
	}
	r.counts.Entities++
	if !drifting {
		return nil
	}
	r.drifting = append(r.drifting, line.TrackedEntity)
	r.counts.Drifting++
	if line.Pending {
		r.counts.Pending++
	}
	for _, d := range line.Drift {
		r.counts.Kinds[d.Kind]++
	}
	return r.app.printJSON(line)
}

// looked logs what could not be compared yet.
func (r *reconcile) looked(t changes.Try) {
	if t.Err != nil {
		r.log.Warn().Stringer("trackedEntity", t.TrackedEntity).Str("class", string(t.Class)).Err(t.Err).Msg("not compared")
	}
}

// repairPage bounds the marks of one transaction.
const repairPage = 500

// repair has the agent look at what drifts by force, and compares it again. An
// agent that runs beside may do the work as well.
func (r *reconcile) repair(ctx context.Context, s *config.Settings, accept bool) error {
	g, err := newAgent(ctx, s, r.log)
	if err != nil {
		return usage(err)
	}
	defer g.close()
	g.accept = accept
	_, runner, err := g.prepare(ctx, changes.PollConfig{})
	if err != nil {
		return serverError(err)
	}
	for page := range slices.Chunk(r.drifting, repairPage) {
		marks := make([]changes.Change, len(page))
		for i, uid := range page {
			marks[i] = changes.Change{TrackedEntity: uid, Force: true}
		}
		if err := g.ledger.MarkAgain(ctx, marks...); err != nil {
			return usage(err)
		}
		if err := r.ledger.MarkAgain(ctx, marks...); err != nil {
			return usage(err)
		}
	}
	defer onSecondSignal(runner.Cut)()
	if err := g.drain(ctx, g.ledger, runner); err != nil {
		return interrupted(ctx, err)
	}
	if r.kept == nil { // there is one by now
		if r.rehearsal.db, r.kept, err = viewLedger(ctx, s); err != nil {
			return usage(err)
		}
	}
	r.repaired = true
	return r.compare(ctx)
}

var errRepairAlone = errors.New("--repair goes with --reconcile")
