package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	"github.com/nehrbridge/nehrbridge/dhis2/outbox"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/record"
	"github.com/nehrbridge/nehrbridge/nehr/validate"
)

// agent carries tracked entities from DHIS2 to the national record: the
// ledger says which, the rest is fetch, map, validate, look up, send, verify.
type agent struct {
	dhis2     *api.Client
	contexts  *api.ContextSource
	maps      []*mapper.Map
	mapper    *mapper.Mapper
	validator *validate.Validator
	record    record.Config
	writer    *record.Writer // made by prepare
	db        *database.DB
	ledger    *changes.Ledger
	outbox    *outbox.Outbox              // what goes back into DHIS2
	nehr      string                      // base of the record, which the ledger is pinned to
	accept    bool                        // a change of servers is meant
	served    []dhis2.UID                 // programs that the server shows
	verify    func(context.Context) error // that server and rights are those of the ledger
	same      func(context.Context) error // that the server is
	settings  *config.Settings
	prints    map[dhis2.UID]string // of each served program: what decides how it is written
	log       zerolog.Logger
	progress  func(counts)      // called after each entity; may be nil
	beside    *web              // of the same process; may be nil
	presence  *changes.Presence // sign of life; nil where the folder allows none

	notifier      *changes.Notifier // nil where nobody is notified
	events        *notifications    // made by open
	replicating   bool              // DHIS2's database hints at changes
	meter         *meter
	ready         atomic.Bool // the work has begun
	ledgerFigures remembered

	mu     sync.Mutex
	counts counts
	seen   map[dhis2.UID]bool // by once, to count each entity once; nil counts each look that came to an end
}

// counts is what `sync --once` prints.
type counts struct {
	Entities    int `json:"entities"`     // tracked entities that were looked at
	Written     int `json:"written"`      // of these: something was sent
	Unchanged   int `json:"unchanged"`    // of these: the record held everything already
	Retracted   int `json:"retracted"`    // resources that were taken back
	DeadLetters int `json:"dead_letters"` // entities that were refused, and stay so without a change
	Quarantined int `json:"quarantined"`  // entities without a usable key
	Review      int `json:"review"`       // entities that a person has to decide on
}

// pinRecord is the name under which the ledger is pinned to the record.
const pinRecord = "nehr.url"

// errNoProgram says that the server shows none of the mapped programs.
var errNoProgram = errors.New("the server shows none of the mapped programs: check the maps, and the sharing of the program with this user")

// programs are those of the maps that the server has and shows: the embedded
// maps name programs of two countries, of which a server has one. One that was
// shown before is a lost right, unless that is meant.
func (g *agent) programs(ctx context.Context) ([]dhis2.UID, error) {
	polled, err := g.ledger.LowWater(ctx)
	if err != nil {
		return nil, err
	}
	var out []dhis2.UID
	for _, m := range g.maps {
		_, err := g.dhis2.Program(ctx, m.Program)
		if refused, ok := errors.AsType[*api.Error](err); ok && (refused.NotFound() || refused.Forbidden()) {
			if _, before := polled[m.Program]; before && !g.accept {
				return nil, &changes.PermissionError{Lost: []string{"program " + m.Program.String()}}
			}
			g.log.Info().Str("map", m.Name).Stringer("program", m.Program).Msg("the server does not show the program: its map is not used")
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read program %s: %w", m.Program, err)
		}
		out = append(out, m.Program)
	}
	if len(out) == 0 {
		return nil, errNoProgram
	}
	return out, nil
}

// prepare makes what sees changes and what carries them on.
func (g *agent) prepare(ctx context.Context, poll changes.PollConfig) (*changes.Poller, *changes.Runner, error) {
	programs, err := g.programs(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := g.ledger.Pin(ctx, pinRecord, g.nehr, g.accept); err != nil {
		return nil, nil, err
	}
	g.served = programs
	// The day of a fulfilled visit is one of the server's zone, as every
	// instant is, where no setting says otherwise.
	if g.record.Zone == nil {
		info, err := g.dhis2.SystemInfo(ctx)
		if err != nil {
			return nil, nil, err
		}
		if g.record.Zone, err = zone(info.ServerTimeZoneID); err != nil {
			return nil, nil, fmt.Errorf("the server's zone is not known here, set dhis2.zone: %w", err)
		}
	}
	if g.writer, err = record.New(g.record); err != nil {
		return nil, nil, err
	}
	if g.prints, err = g.fingerprints(); err != nil {
		return nil, nil, err
	}
	if err := g.lookAgain(ctx); err != nil {
		return nil, nil, err
	}
	poll.Source, poll.Ledger, poll.Programs, poll.AcceptServer = g.dhis2, g.ledger, programs, g.accept
	poller, err := changes.NewPoller(poll)
	if err != nil {
		return nil, nil, err
	}
	g.verify, g.same = poller.Verify, newJoint(poller.VerifyServer).do
	if _, err := g.ledger.Hurry(ctx); err != nil {
		return nil, nil, err
	}
	runner, err := changes.NewRunner(changes.RunConfig{Ledger: g.ledger, Consumer: g.consume, Done: g.tried})
	return poller, runner, err
}

// once looks for what has changed since the last time, in the beginning at
// everything, and carries it on. The error is one of a server or the ledger;
// what concerns a single entity is counted and logged.
func (g *agent) once(ctx context.Context) (counts, error) {
	poller, runner, err := g.prepare(ctx, changes.PollConfig{})
	if err != nil {
		return counts{}, err
	}
	defer onSecondSignal(runner.Cut)()
	if err := g.bring(ctx); err != nil {
		return counts{}, err
	}
	g.seen = map[dhis2.UID]bool{}
	for _, program := range g.served {
		seen, err := poller.Sweep(ctx, program)
		if err != nil {
			return g.counted(), fmt.Errorf("look for changes in program %s: %w", program, err)
		}
		g.log.Info().Stringer("program", program).Time("from", seen.From).Int("rows", seen.Rows).Int("marked", seen.Marked).Bool("skipped", seen.Skipped).Msg("looked for changes")
	}
	err = g.drain(ctx, g.ledger, runner)
	return g.counted(), err
}

// patience is how long `sync --once` goes on without a success before it
// says that a server is the reason.
const patience = 30 * time.Second

// errLeft says that work waits for which no server is known to be the reason.
var errLeft = errors.New("some tracked entities still wait to be tried again after an earlier failure: run it again later")

// drain works until nothing is left that can be done now. What failed and may
// go away is tried again for a while; what a process held that has ended in
// the middle comes back when its lease is over.
func (g *agent) drain(ctx context.Context, ledger *changes.Ledger, runner *changes.Runner) error {
	var last error
	success := time.Now()
	for {
		done, err := runner.Once(ctx)
		var paused *changes.PausedError
		switch {
		case errors.As(err, &paused):
			last = paused.Err
		case err != nil:
			return err
		case done.Failed[changes.Retry] > 0:
			last = done.LastErr
		}
		left, err := ledger.Stats(ctx)
		if err != nil {
			return err
		}
		if left.Ready+left.Waiting+left.Claimed == 0 {
			return nil
		}
		if done.Done > 0 || left.Claimed > 0 {
			success = time.Now()
		}
		if time.Since(success) > patience {
			return cmp.Or(last, errLeft)
		}
		g.log.Info().Int("entities", left.Ready+left.Waiting).Int("held", left.Claimed).
			Msg("not done yet: waiting to try again, or for the lease of a process that has ended")
		look := time.NewTimer(time.Second)
		select {
		case <-ctx.Done():
			look.Stop()
			return ctx.Err()
		case <-look.C:
		}
	}
}

func (g *agent) counted() counts {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.counts
}

// tried counts and logs what came of an entity.
func (g *agent) tried(t changes.Try) {
	g.meter.tried(toRecord, t)
	g.mu.Lock()
	if g.seen != nil {
		g.seen[t.TrackedEntity] = true
		g.counts.Entities = len(g.seen)
	} else if t.Class != changes.Retry {
		g.counts.Entities++
	}
	switch t.Class {
	case changes.DeadLetter:
		g.counts.DeadLetters++
	case changes.Quarantine:
		g.counts.Quarantined++
	case changes.ForReview:
		g.counts.Review++
	}
	c := g.counts
	g.mu.Unlock()
	if t.Err != nil {
		g.log.Warn().Stringer("trackedEntity", t.TrackedEntity).Str("class", string(t.Class)).Dur("took", t.Took).Err(t.Err).Msg("not carried on")
	}
	if t.Paused > 0 {
		g.log.Warn().Dur("pause", t.Paused).Msg("one entity after the other fails: the work pauses and tries again")
	}
	if g.progress != nil {
		g.progress(c)
	}
}

// attempts bounds how often one entity is looked up again after a conflict
// before it waits for its turn.
const attempts = 4

// consume carries one tracked entity over; it is the ledger's consumer.
func (g *agent) consume(ctx context.Context, claim changes.Claim) ([]byte, error) {
	from, err := g.load(ctx, claim.TrackedEntity)
	if err != nil {
		return nil, err
	}
	stands := parseHash(claim.Hash)
	if claim.Force {
		stands = hash{} // nothing of it is believed
	}
	if from.hash != "" && from.hash == stands.source {
		// What was written last was made of the very same: nothing to look up.
		g.carried(record.Result{}, false)
		return claim.State, nil
	}
	before, err := record.DecodeState(claim.State)
	if err != nil {
		return nil, err
	}
	wrote := false // an attempt before, in spite of its conflict
	for attempt := 1; ; attempt++ {
		var result record.Result
		var after record.State
		now, err := g.say(ctx, claim.TrackedEntity, from, len(before.Resources) > 0)
		if err == nil && attempt == 1 && now.hash.entries != "" && now.hash.entries == stands.entries {
			// Touched, and it says what it said before.
			claim.Wrote(now.hash.String())
			g.carried(record.Result{}, false)
			return claim.State, nil
		}
		if err == nil {
			result, after, err = g.carry(ctx, claim, from, now, before)
		}
		var conflict interface{ Conflict() bool }
		var unknown interface{ Unknown() bool }
		switch {
		case err == nil:
			g.carried(result, wrote)
			return record.EncodeState(after)
		case errors.As(err, &conflict) && conflict.Conflict() && attempt < attempts:
			before = after.Doubted() // what may stand by now
			wrote = wrote || errors.As(err, &unknown) && unknown.Unknown()
			if from, err = g.load(ctx, claim.TrackedEntity); err == nil {
				continue
			}
		}
		if err = explain(err); wrote {
			err = &wroteError{err}
		}
		return nil, err
	}
}

// wroteError is an error after an attempt that may have written something,
// whatever ended the last one.
type wroteError struct{ error }

func (e *wroteError) Unwrap() error { return e.error }
func (e *wroteError) Unknown() bool { return true }

// carried counts an entity that was carried on.
func (g *agent) carried(result record.Result, wrote bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if result.Changed() || wrote {
		g.counts.Written++
	} else {
		g.counts.Unchanged++
	}
	g.counts.Retracted += result.Retracted
}

// carry is one attempt: what DHIS2 says now, in the place of what was written.
func (g *agent) carry(ctx context.Context, claim changes.Claim, from source, now said, before record.State) (record.Result, record.State, error) {
	p, err := g.plan(ctx, claim.TrackedEntity, from, now, before, claim.Force)
	if err != nil {
		return record.Result{}, before, err
	}
	if !p.Empty() {
		pending, err := record.EncodeState(p.Pending())
		if err != nil {
			return record.Result{}, before, err
		}
		if err := claim.Save(ctx, pending); err != nil {
			return record.Result{}, before, err
		}
	}
	result, after, err := p.Send(ctx)
	if err == nil {
		claim.Wrote(now.hash.String())
	}
	if refused, ok := errors.AsType[*client.OutcomeError](err); ok && refused.Permanent() && p.Trusted() {
		// What it builds on may be gone from the record: once more, believing nothing.
		return g.carry(ctx, claim, from, now, after.Doubted())
	}
	return result, after, err
}

// planned is what is to be sent of one tracked entity.
type planned struct {
	*record.Plan
	strays []record.Written // what nobody accounted for
}

// plan finds out what is to be sent of what a source says now, in the place of
// what was written before. With force it is not known for certain what stands (the
// ledger may be older than the record): what nobody accounts for is looked for.
func (g *agent) plan(ctx context.Context, uid dhis2.UID, from source, now said, before record.State, force bool) (p planned, err error) {
	if force {
		if p.strays, err = g.strays(ctx, uid, from, now, before); err != nil {
			return p, err
		}
		before = before.Adopt(p.strays).Doubted()
	}
	if p.Plan, err = g.writer.Plan(ctx, now.desired, before); err != nil {
		return p, err
	}
	// DHIS2's answers are no snapshots: a fact is withdrawn for being absent
	// only after two reads that agree, on the server that the ledger belongs
	// to, and by a user who sees as much as before.
	if withdraws(p.Plan) {
		again, err := g.read(ctx, uid, true)
		if err != nil {
			return p, err
		}
		if !bytes.Equal(again.document, now.document) {
			return p, errUnsettled
		}
		if err := g.verify(ctx); err != nil {
			return p, err
		}
	} else if !p.Empty() {
		// Another server may have come behind the address since the last sweep.
		if err := g.same(ctx); err != nil {
			return p, err
		}
	}
	// What is sent was judged with the plan; where that is a part only, the
	// whole is judged too.
	if !p.Empty() && now.document != nil && !p.Whole() {
		return p, judge(g.validator, now.document)
	}
	return p, nil
}

// withdraws tells whether a plan takes something back.
func withdraws(p *record.Plan) bool {
	for _, c := range p.Changes() {
		if c.Action == record.Retracted || c.Action == record.Deleted || c.Action == record.Released {
			return true
		}
	}
	return false
}
