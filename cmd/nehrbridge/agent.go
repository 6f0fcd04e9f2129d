package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/record"
	"github.com/nehrbridge/nehrbridge/nehr/validate"
)

// agent carries tracked entities from DHIS2 to the NEHR: fetch, map,
// validate, look up, send, verify the answer.
type agent struct {
	dhis2     *api.Client
	contexts  *api.ContextSource
	maps      []*mapper.Map
	mapper    *mapper.Mapper
	validator *validate.Validator
	writer    *record.Writer
	log       zerolog.Logger
	progress  func(counts) // called after each entity; may be nil
}

// counts is what `sync --once` prints.
type counts struct {
	Entities    int `json:"entities"`     // tracked entities that were looked at
	Written     int `json:"written"`      // of these: something was sent
	Unchanged   int `json:"unchanged"`    // of these: the NEHR held everything already
	Retracted   int `json:"retracted"`    // resources that were taken back
	DeadLetters int `json:"dead_letters"` // entities that could not be written, and will not be without a change
	Quarantined int `json:"quarantined"`  // entities without a usable key
	Review      int `json:"review"`       // entities that a person has to decide on
}

// attempts bounds how often one entity is looked up again after a conflict.
const attempts = 4

// errNoProgram says that the server shows none of the mapped programs.
var errNoProgram = errors.New("the server shows none of the mapped programs: check the maps, and the sharing of the program with this user")

// once looks at every tracked entity of the mapped programs. The error is one
// of a server; what concerns a single entity is counted and logged.
func (g *agent) once(ctx context.Context) (counts, error) {
	var c counts
	programs, err := g.programs(ctx)
	if err != nil {
		return c, err
	}
	for _, program := range programs {
		query := api.Query{Program: program, Fields: "trackedEntity"}
		for row, err := range g.dhis2.AllTrackedEntities(ctx, query) {
			if err != nil {
				return c, fmt.Errorf("list the tracked entities of program %s: %w", program, err)
			}
			if err := g.entity(ctx, row.TrackedEntity, program, &c); err != nil {
				return c, err
			}
			if g.progress != nil {
				g.progress(c)
			}
		}
	}
	return c, nil
}

// programs are those of the maps that the server has and shows: the embedded
// maps name programs of two countries, of which a server has one.
func (g *agent) programs(ctx context.Context) ([]dhis2.UID, error) {
	var out []dhis2.UID
	for _, m := range g.maps {
		_, err := g.dhis2.Program(ctx, m.Program)
		if refused, ok := errors.AsType[*api.Error](err); ok && (refused.NotFound() || refused.Forbidden()) {
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

// entity carries one tracked entity over.
func (g *agent) entity(ctx context.Context, uid, program dhis2.UID, c *counts) error {
	c.Entities++
	log := g.log.With().Stringer("trackedEntity", uid).Logger()
	for attempt := 1; ; attempt++ {
		result, err := g.carry(ctx, uid, program, log)
		if err == nil {
			if result.Created+result.Updated == 0 {
				c.Unchanged++
			} else {
				c.Written++
			}
			return nil
		}
		var refusal *mapper.Refusal
		var conflict interface{ Conflict() bool }
		var review interface{ Review() bool }
		var permanent interface{ Permanent() bool }
		var gone *api.Error
		switch {
		case errors.As(err, &refusal):
			if refusal.Reason == mapper.Quarantined {
				c.Quarantined++
			}
			log.Warn().Str("reason", string(refusal.Reason)).Msg(refusal.Text)
			return nil
		case errors.As(err, &gone) && gone.NotFound():
			log.Info().Msg("deleted since it was listed")
			return nil
		case errors.As(err, &review) && review.Review():
			c.Review++
			log.Warn().Err(err).Msg("a person has to decide")
			return nil
		case errors.As(err, &conflict) && conflict.Conflict() && attempt < attempts:
			log.Info().Err(err).Msg("changed meanwhile, looking it up again")
			continue
		case errors.As(err, &conflict) && conflict.Conflict(), errors.As(err, &permanent) && permanent.Permanent():
			c.DeadLetters++
			log.Error().Err(err).Msg("cannot be written")
			return nil
		}
		return fmt.Errorf("tracked entity %s: %w", uid, err)
	}
}

// carry is one attempt.
func (g *agent) carry(ctx context.Context, uid, program dhis2.UID, log zerolog.Logger) (record.Result, error) {
	te, err := g.dhis2.TrackedEntity(ctx, uid, program, "*")
	if err != nil {
		return record.Result{}, err
	}
	surroundings, err := g.contexts.Context(ctx, te)
	if err != nil {
		return record.Result{}, err
	}
	mapped, err := g.mapper.Map(te, surroundings)
	if mapped != nil {
		for _, i := range mapped.Issues {
			logIssue(log, i)
		}
	}
	if err != nil {
		return record.Result{}, err
	}
	bundle, err := mapped.Bundle.AppendJSON(nil)
	if err != nil {
		return record.Result{}, &invalidError{err}
	}
	if err := judge(g.validator, bundle); err != nil {
		return record.Result{}, err
	}
	desired, err := desiredOf(mapped.Bundle)
	if err != nil {
		return record.Result{}, &invalidError{err}
	}
	return g.writer.Write(ctx, desired)
}

// desiredOf is the bundle as what the server shall hold.
func desiredOf(b *nehr.Bundle) (record.Desired, error) {
	head, err := (&nehr.Bundle{Profile: b.Profile, Identifier: b.Identifier, Timestamp: b.Timestamp}).AppendJSON(nil)
	if err != nil {
		return record.Desired{}, err
	}
	d := record.Desired{Bundle: head, Entries: make([]record.Entry, 0, len(b.Entries))}
	for _, e := range b.Entries {
		body, err := nehr.Encode(e.Resource)
		if err != nil {
			return record.Desired{}, err
		}
		d.Entries = append(d.Entries, record.Entry{
			FullURL: e.FullURL, Type: e.Resource.ResourceType(), Resource: body, Owned: e.Owned,
			Identifier: record.Identifier{System: e.Key.System, Value: e.Key.Value},
		})
	}
	return d, nil
}

// invalidError says that what was mapped does not keep to its profiles: a
// fault of the map or of this program, which no retry mends.
type invalidError struct{ err error }

func (e *invalidError) Error() string   { return "the bundle is not valid: " + e.err.Error() }
func (e *invalidError) Unwrap() error   { return e.err }
func (e *invalidError) Permanent() bool { return true }

// judge validates a bundle. The error names rules and places, no values.
func judge(v *validate.Validator, bundle []byte) error {
	outcome := v.Validate(bundle)
	if outcome.OK() {
		return nil
	}
	for _, i := range outcome.Issues {
		if i.Severity == validate.Error || i.Severity == validate.Fatal {
			return &invalidError{fmt.Errorf("%d errors, the first at %s (%s): %s", outcome.Errors(), i.Location, i.Rule, i.Diagnostics)}
		}
	}
	return nil
}

// logIssue writes an issue of mapping: identifiers of documents only.
func logIssue(log zerolog.Logger, i mapper.Issue) {
	level := map[mapper.Severity]zerolog.Level{
		mapper.Error: zerolog.ErrorLevel, mapper.Warning: zerolog.WarnLevel, mapper.Information: zerolog.InfoLevel,
	}[i.Severity]
	e := log.WithLevel(level).Str("rule", string(i.Rule))
	for name, uid := range map[string]dhis2.UID{"enrollment": i.Enrollment, "event": i.Event, "attribute": i.Attribute, "dataElement": i.Element} {
		if !uid.IsZero() {
			e = e.Stringer(name, uid)
		}
	}
	e.Msg(i.Text)
}
