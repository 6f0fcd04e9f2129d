package record

import (
	"context"
	"fmt"
	"slices"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// Plan is the difference between what stands and what is desired, before
// anything is sent. It is good for one [Plan.Send], soon: what stands may change.
type Plan struct {
	writer   *Writer
	items    []*item // those desired, in their order, then those of the state alone
	desired  int
	pending  State
	changes  []Change
	requests []*request // of the transaction; none where nothing is sent in one
	bundle   []byte     // the transaction, validated
}

// Plan looks up what stands and decides what is to be sent. before is what the
// caller stored for the entity last; what it has and d has not is withdrawn. It
// gives
//   - [*KeyError], [*EntryError], [*ReviewError], [*InvalidError]: the entity
//     cannot be written so;
//   - [*client.OutcomeError], [*client.UnreachableError]: the look-up failed.
func (w *Writer) Plan(ctx context.Context, d Desired, before State) (*Plan, error) {
	switch {
	case d.Deleted && len(d.Entries) > 0:
		return nil, &EntryError{Index: 0, Type: d.Entries[0].Type, Reason: "an entity that is deleted has entries"}
	case !d.Deleted && len(d.Entries) == 0 && len(before.Resources) > 0:
		return nil, &EntryError{Index: -1, Type: "Bundle", Reason: "nothing is desired of an entity that is not deleted"}
	}
	items, err := w.check(d, before)
	if err != nil {
		return nil, err
	}
	p := &Plan{writer: w, desired: len(items)}
	if items, err = w.join(d, items, before); err != nil {
		return nil, err
	}
	if err := w.lookUp(ctx, items); err != nil {
		return nil, fmt.Errorf("look up: %w", err)
	}
	open, err := w.doubt(items)
	if err != nil {
		return nil, err
	}
	if err := w.lookUp(ctx, open); err != nil {
		return nil, fmt.Errorf("look up: %w", err)
	}
	if items, err = w.addStrays(ctx, items); err != nil {
		return nil, err
	}
	if items, err = w.dropForeign(ctx, items); err != nil {
		return nil, err
	}
	var moved map[string]string
	p.items, moved = reconcileMoves(items)
	resolve(p.items)
	for _, t := range p.items {
		if err := w.difference(t, moved); err != nil {
			return nil, err
		}
	}
	p.pending = before
	if !p.Empty() {
		p.pending = p.union(before)
	}
	p.changes = changesOf(p.items) // before references are turned for the transaction
	if err := p.transaction(d.Bundle); err != nil {
		return nil, err
	}
	return p, nil
}

// transaction makes what is to be sent, and has it judged.
func (p *Plan) transaction(envelope []byte) (err error) {
	if p.requests = p.writer.requests(p.items); len(p.requests) == 0 {
		return nil
	}
	if p.bundle, err = encode(envelope, p.requests, len(p.items)); err != nil {
		return err
	}
	if err := p.writer.validate(p.bundle); err != nil {
		return &InvalidError{err}
	}
	return nil
}

// Empty tells whether nothing has to be sent.
func (p *Plan) Empty() bool { return !slices.ContainsFunc(p.items, (*item).changes) }

// changes tells whether anything is sent of the item.
func (t *item) changes() bool { return t.next != nil || t.remove }

// Whole tells whether all that is desired is sent, so that it was judged
// together and not in parts.
func (p *Plan) Whole() bool { return len(p.requests) == len(p.items) }

// Pending is the state to be stored before Send: what was written, and what may
// be from now on. Of an empty plan it is the state before.
func (p *Plan) Pending() State { return p.pending }

// union is the state before with all that is about to be written.
func (p *Plan) union(before State) State {
	s := State{Resources: append(make([]Written, 0, len(before.Resources)+len(p.items)), before.Resources...)}
	for _, t := range p.items {
		if was := s.find(t.FullURL); was != nil && !t.trusted {
			was.Said = 0 // until it is verified
		}
		if t.trusted || t.fate != write && (t.fate != fulfil || t.stands == nil) {
			continue
		}
		var body []byte
		if t.remembered() {
			body = t.ours.Encode()
		}
		if was := s.find(t.FullURL); was != nil {
			was.Bodies = maybe(was.Bodies, body)
			if was.ID == "" {
				was.ID = t.id
			}
			if len(was.Before) == 0 {
				was.Before = t.before
			}
			continue
		}
		s.Resources = append(s.Resources, t.record(t.id, maybe(nil, body)))
	}
	// The Patient who is desired is the last of them: if the entity is deleted
	// before this is verified, that record keeps her name and the others lose it.
	for _, t := range p.items {
		at := slices.IndexFunc(s.Resources, func(r Written) bool { return r.FullURL == t.FullURL })
		if t.Type == "Patient" && t.fate == write && at >= 0 {
			r := s.Resources[at]
			s.Resources = append(slices.Delete(s.Resources, at, at+1), r)
		}
	}
	return s
}

func (t *item) record(id string, bodies [][]byte) Written {
	return Written{FullURL: t.FullURL, Type: t.Type, Identifier: t.Identifier, Owned: t.Owned, ID: id, Bodies: bodies, Before: t.before}
}

// Change is one resource that Send would write.
type Change struct {
	FullURL, Type string
	ID            string // at the server; empty when it is to be created there
	Action        Action
	// Fields are the names of the elements that differ, never their values.
	Fields []string
}

// Changes say what Send would do, for people who want to see it first.
func (p *Plan) Changes() []Change { return p.changes }

func changesOf(items []*item) []Change {
	var all []Change
	for _, t := range items {
		if !t.changes() {
			continue
		}
		c := Change{FullURL: t.FullURL, Type: t.Type, ID: t.id, Action: t.action()}
		if t.stands == nil {
			c.Action = Created
		} else if t.next != nil {
			c.Fields = differing(t.stands, t.next)
		}
		all = append(all, c)
	}
	return all
}

// action is what is done with a resource that stands and changes.
func (t *item) action() Action {
	switch {
	case t.remove:
		return Deleted
	case t.fate == retract:
		return Retracted
	case t.fate == fulfil:
		return Fulfilled
	case t.fate == move, t.fate == leave:
		return Released
	}
	return Updated
}

func differing(a, b *fhirjson.Value) (fields []string) {
	note := func(name string) {
		if name != "id" && name != "meta" && !slices.Contains(fields, name) && !fhirjson.Equal(a.Get(name), b.Get(name)) {
			fields = append(fields, name)
		}
	}
	for _, m := range a.Members() {
		note(m.Name)
	}
	for _, m := range b.Members() {
		note(m.Name)
	}
	if len(fields) == 0 {
		fields = []string{"meta"}
	}
	return fields
}

// Send carries the plan out and gives the state to be stored from now on. With
// an error the state that is stored stays as it is, [Plan.Pending]. It gives
//   - [*client.OutcomeError]: the server refused; with Conflict, plan again;
//   - [*client.UnreachableError], [*AnswerError], [*ConflictError]: see Unknown,
//     the transaction may have been carried out.
//
// Planning and sending again is always safe.
func (p *Plan) Send(ctx context.Context) (Result, State, error) {
	err := p.send(ctx)
	if err == nil {
		err = p.writer.delete(ctx, p.items)
	}
	if err != nil {
		return Result{}, p.pending, err
	}
	return p.finish(p.requests)
}

func (p *Plan) send(ctx context.Context) error {
	if len(p.requests) == 0 {
		return nil
	}
	answer, err := p.writer.server.Transaction(ctx, p.bundle)
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return verify(p.requests, answer.Resource)
}

// Write makes the server hold what is desired, without memory: nothing is
// retracted. The errors are those of [Writer.Plan] and [Plan.Send].
func (w *Writer) Write(ctx context.Context, d Desired) (Result, error) {
	result, _, err := w.Replace(ctx, d, State{}, nil)
	return result, err
}

// Replace makes the server hold what is desired in the place of what was
// written before. store, where given, gets the state to be kept before anything
// is sent, and its error ends the write with nothing sent. The state that
// Replace gives is to be stored after it: the new one, or after an error the
// one that is stored already.
func (w *Writer) Replace(ctx context.Context, d Desired, before State, store func(context.Context, State) error) (Result, State, error) {
	p, err := w.Plan(ctx, d, before)
	if err != nil {
		return Result{}, before, err
	}
	if store != nil && !p.Empty() {
		if err := store(ctx, p.pending); err != nil {
			return Result{}, before, fmt.Errorf("store what is about to be written: %w", err)
		}
	}
	return p.Send(ctx)
}
