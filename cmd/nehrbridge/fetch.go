package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/record"
	"github.com/nehrbridge/nehrbridge/nehr/validate"
)

// source is a tracked entity as DHIS2 shows it at one moment, with what it
// refers to.
type source struct {
	entity  *dhis2.TrackedEntity // nil where the server does not find it
	program dhis2.UID            // in which it was read
	context *dhis2.Context
	hash    string // of all that decides what is written; "" where nothing may be concluded from it
}

// said is what a source says.
type said struct {
	desired  record.Desired
	document []byte // the mapped bundle, to compare two moments; nil where nothing was mapped
	hash     hash   // of what was mapped; none where nothing was
}

// read loads and maps a tracked entity. written says that something of it
// stands in the record, so that its deletion matters.
func (g *agent) read(ctx context.Context, uid dhis2.UID, written bool) (said, error) {
	from, err := g.load(ctx, uid)
	if err != nil {
		return said{}, err
	}
	return g.say(ctx, uid, from, written)
}

// load reads a tracked entity and what it refers to.
func (g *agent) load(ctx context.Context, uid dhis2.UID) (source, error) {
	te, program, err := g.fetch(ctx, uid)
	if gone, ok := errors.AsType[*api.Error](err); ok && gone.NotFound() {
		return source{}, nil
	}
	if err != nil {
		return source{}, err
	}
	if _, err := g.outbox.Strip(ctx, te); err != nil {
		return source{}, err
	}
	surroundings, err := g.contexts.Context(ctx, te)
	if err != nil {
		return source{}, err
	}
	s := source{entity: te, program: program, context: surroundings}
	s.hash = s.sum(g.prints[program])
	return s, nil
}

// say maps a source.
func (g *agent) say(ctx context.Context, uid dhis2.UID, from source, written bool) (said, error) {
	if from.entity == nil {
		return g.deleted(ctx, uid)
	}
	mapped, err := g.mapper.Map(from.entity, from.context)
	if mapped != nil {
		g.logIssues(uid, mapped.Issues)
	}
	if refusal, ok := errors.AsType[*mapper.Refusal](err); ok {
		return g.refused(ctx, refusal, from.program, written)
	}
	if err != nil {
		return said{}, err
	}
	desired, document, err := desiredOf(mapped.Bundle)
	if err != nil {
		return said{}, &invalidError{err}
	}
	desired.Basis = g.prints[from.program]
	return said{desired, document, g.hashOf(from, desired)}, nil
}

// fetch reads the document in the program that shows it. It is not found only
// where the server says so for every program that it shows: one that may not
// be read, or is read by another way, is not gone.
func (g *agent) fetch(ctx context.Context, uid dhis2.UID) (*dhis2.TrackedEntity, dhis2.UID, error) {
	var other *dhis2.TrackedEntity // of a type that the map is not for
	var missing, refusal error
	for _, m := range g.servedMaps() {
		te, err := g.dhis2.TrackedEntity(ctx, uid, m.Program, mapper.Fields)
		refused, ok := errors.AsType[*api.Error](err)
		switch {
		case err == nil && (te.TrackedEntityType == m.TrackedEntityType || te.TrackedEntityType.IsZero()):
			return te, m.Program, nil
		case err == nil:
			other = te
		case ok && refused.NotFound():
			missing = err
		case ok && (refused.Forbidden() || refused.Status == http.StatusBadRequest):
			refusal = err
		default:
			return nil, m.Program, err
		}
	}
	if other != nil {
		return other, dhis2.UID{}, nil
	}
	return nil, dhis2.UID{}, cmp.Or(refusal, missing)
}

// servedMaps are the maps of the programs that the server shows.
func (g *agent) servedMaps() []*mapper.Map {
	return slices.DeleteFunc(slices.Clone(g.maps), func(m *mapper.Map) bool { return !slices.Contains(g.served, m.Program) })
}

// errUnsettled says that DHIS2 did not say the same twice: it is asked again.
var errUnsettled = &unsettledError{"two reads of the tracked entity differ: asked again before anything is taken back"}

type unsettledError struct{ text string }

func (e *unsettledError) Error() string   { return e.text }
func (e *unsettledError) Retryable() bool { return true }

// deleted is what a tracked entity is that the server does not find: deleted,
// if the server shows it so or does not find it twice. (Before anything is
// taken back for it, carry makes sure of the server and of the user's rights.)
func (g *agent) deleted(ctx context.Context, uid dhis2.UID) (said, error) {
	for _, m := range g.servedMaps() {
		page, err := g.dhis2.TrackedEntities(ctx, api.Query{
			Program: m.Program, TrackedEntities: []dhis2.UID{uid}, IncludeDeleted: true, Fields: "trackedEntity,deleted"})
		if refused, ok := errors.AsType[*api.Error](err); ok && (refused.NotFound() || refused.Forbidden()) {
			continue
		}
		if err != nil {
			return said{}, err
		}
		for _, te := range page.Items {
			switch {
			case te.TrackedEntity != uid:
			case te.Deleted:
				return said{desired: record.Desired{Deleted: true}}, nil
			default: // the list shows what is not found by its UID
				return said{}, errUnsettled
			}
		}
	}
	_, _, err := g.fetch(ctx, uid)
	if gone, ok := errors.AsType[*api.Error](err); ok && gone.NotFound() {
		return said{desired: record.Desired{Deleted: true}}, nil
	}
	if err == nil {
		err = errUnsettled
	}
	return said{}, err
}

// refused says what becomes of a tracked entity that cannot be mapped.
func (g *agent) refused(ctx context.Context, refusal *mapper.Refusal, program dhis2.UID, written bool) (said, error) {
	switch refusal.Reason {
	case mapper.Quarantined:
		return said{}, &quarantineError{refusal}
	case mapper.Deleted:
		return said{desired: record.Desired{Deleted: true}}, nil
	}
	if !written {
		// In no mapped program, and never was: nothing has to be done.
		return said{desired: record.Desired{}}, nil
	}
	// Something stands in the record: it is taken back only when the server
	// shows that the enrollments are deleted.
	page, err := g.dhis2.Enrollments(ctx, api.Query{
		Program: program, TrackedEntities: []dhis2.UID{refusal.TrackedEntity}, IncludeDeleted: true, Fields: "enrollment,trackedEntity,deleted"})
	if err != nil {
		return said{}, err
	}
	shown := 0
	for _, e := range page.Items {
		if !e.Deleted {
			return said{}, errUnsettled
		}
		shown++
	}
	if shown == 0 {
		return said{}, &unsettledError{"DHIS2 shows neither an enrollment nor that one was deleted: nothing is taken back"}
	}
	return said{desired: record.Desired{Deleted: true}}, nil
}

// quarantineError sets an entity aside until it has a usable key.
type quarantineError struct{ refusal *mapper.Refusal }

func (e *quarantineError) Error() string     { return e.refusal.Error() }
func (e *quarantineError) Unwrap() error     { return e.refusal }
func (e *quarantineError) Quarantined() bool { return true }

// explain tells the ledger what a server's refusal carries.
func explain(err error) error {
	refused, ok := errors.AsType[*client.OutcomeError](err)
	if !ok {
		return err
	}
	return changes.Explain(err, changes.Explanation{
		Cause: fmt.Sprint(refused.Status), Detail: refused.Outcome, RetryAfter: refused.RetryAfter})
}

// desiredOf is the bundle as what the server shall hold, and as one document.
func desiredOf(b *nehr.Bundle) (record.Desired, []byte, error) {
	document, resources, err := b.Encode()
	if err != nil {
		return record.Desired{}, nil, err
	}
	head, err := (&nehr.Bundle{Profile: b.Profile, Identifier: b.Identifier, Timestamp: b.Timestamp}).AppendJSON(nil)
	if err != nil {
		return record.Desired{}, nil, err
	}
	d := record.Desired{Bundle: head, Entries: make([]record.Entry, len(b.Entries))}
	for i, e := range b.Entries {
		d.Entries[i] = record.Entry{
			FullURL: e.FullURL, Type: e.Resource.ResourceType(), Resource: resources[i], Owned: e.Owned,
			Identifier: record.Identifier{System: e.Key.System, Value: e.Key.Value},
		}
	}
	return d, document, nil
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

// logIssues writes what mapping found: identifiers of documents only.
func (g *agent) logIssues(uid dhis2.UID, issues []mapper.Issue) {
	for _, i := range issues {
		level := map[mapper.Severity]zerolog.Level{
			mapper.Error: zerolog.ErrorLevel, mapper.Warning: zerolog.WarnLevel, mapper.Information: zerolog.InfoLevel,
		}[i.Severity]
		e := g.log.WithLevel(level).Stringer("trackedEntity", uid).Str("rule", string(i.Rule))
		for name, id := range map[string]dhis2.UID{"enrollment": i.Enrollment, "event": i.Event, "attribute": i.Attribute, "dataElement": i.Element} {
			if !id.IsZero() {
				e = e.Stringer(name, id)
			}
		}
		e.Msg(i.Text)
	}
}
