package contract

import (
	"context"
	"errors"
	"slices"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

// story is the life of the test person. It is lived once; the expectations
// judge what was seen of each step.
type story struct {
	person *person
	steps  map[stepName]*step
}

type stepName string

const (
	stepCreate      stepName = "create"
	stepAgain       stepName = "the same event again"
	stepRefused     stepName = "an event that must be refused"
	stepPartly      stepName = "a good object and a bad one"
	stepChange      stepName = "change a value"
	stepKeep        stepName = "send an event without its values"
	stepClear       stepName = "blank a value"
	stepComplete    stepName = "complete"
	stepReopen      stepName = "reopen"
	stepDeleteEvent stepName = "delete the event"
	stepDelete      stepName = "delete the tracked entity"
)

// step is what was seen of one change.
type step struct {
	report *api.ImportReport
	doc    *dhis2.TrackedEntity // as it stood afterwards
	marked bool                 // its updatedAt moved on in time
	listed listed
	err    error
}

// listed is what the lists said afterwards.
type listed struct {
	plain, withDeleted bool // whether it was there
	deleted            bool // what the row with includeDeleted said
}

// told returns a step of the story.
func (p *probe) told(ctx context.Context, name stepName) (*person, *step, error) {
	s, err := p.story.get(func() (*story, error) { return p.live(ctx) })
	if err != nil {
		return nil, nil, err
	}
	st := s.steps[name]
	if st == nil {
		return nil, nil, notAsked("the test person could not be made, or was lost on the way")
	}
	return s.person, st, st.err
}

// live makes the person, changes her and deletes her.
func (p *probe) live(ctx context.Context) (*story, error) {
	h, err := p.newPerson(ctx)
	if err != nil {
		return nil, err
	}
	s := &story{person: h, steps: map[stepName]*step{}}
	p.left = append(p.left, h.te)
	create := p.change(ctx, s, stepCreate, h.payload, api.ImportOptions{Strategy: api.Create}, "")
	if create.doc == nil {
		return s, nil
	}
	if create.err == nil {
		create.listed, create.err = p.listedEntity(ctx, h.te, create.doc.UpdatedAt)
	}
	event := func(change func(*dhis2.Event)) api.Payload {
		ev := h.payload.TrackedEntities[0].Enrollments[0].Events[0]
		ev.DataValues = nil
		change(&ev)
		return api.Payload{Events: []dhis2.Event{ev}}
	}
	value := func(v string) func(*dhis2.Event) {
		return func(ev *dhis2.Event) { ev.DataValues = []dhis2.DataValue{{DataElement: h.element, Value: v}} }
	}
	bad := event(func(ev *dhis2.Event) {
		ev.Event = newUID()
		ev.DataValues = []dhis2.DataValue{{DataElement: dhis2.MustUID("NoSuchDEx01"), Value: h.first}}
	})
	only := h.payload.TrackedEntities[0]
	only.Enrollments, only.Attributes = nil, nil
	partly := api.Payload{TrackedEntities: []dhis2.TrackedEntity{only}, Events: bad.Events}

	p.change(ctx, s, stepAgain, event(value(h.first)), api.ImportOptions{Strategy: api.Create}, "")
	p.change(ctx, s, stepRefused, bad, api.ImportOptions{}, "")
	p.change(ctx, s, stepPartly, partly, api.ImportOptions{Single: true}, "")
	before := s.updatedAt()
	st := p.change(ctx, s, stepChange, event(value(h.second)), api.ImportOptions{}, before)
	if ev := eventOf(st.doc, h.event); st.err == nil && ev != nil {
		st.listed, st.err = p.listedEvent(ctx, h, ev.UpdatedAt)
	}
	p.change(ctx, s, stepKeep, event(func(*dhis2.Event) {}), api.ImportOptions{}, "")
	p.change(ctx, s, stepClear, event(value("")), api.ImportOptions{}, "")
	p.change(ctx, s, stepComplete, event(func(ev *dhis2.Event) { ev.Status = dhis2.EventCompleted }), api.ImportOptions{}, "")
	p.change(ctx, s, stepReopen, event(func(*dhis2.Event) {}), api.ImportOptions{}, "")
	before = s.updatedAt()
	st = p.change(ctx, s, stepDeleteEvent, api.Payload{Events: []dhis2.Event{{Event: h.event}}}, api.ImportOptions{Strategy: api.Delete}, before)
	if st.err == nil {
		st.listed, st.err = p.listedEvent(ctx, h, create.doc.UpdatedAt)
	}
	p.remove(ctx, s, create.doc.UpdatedAt)
	return s, nil
}

// change imports and looks at her afterwards. since, where given, is the
// updatedAt that the change has to move on from.
func (p *probe) change(ctx context.Context, s *story, name stepName, payload api.Payload, o api.ImportOptions, since dhis2.Timestamp) *step {
	st := &step{}
	s.steps[name] = st
	if st.report, st.err = p.cfg.Server.Import(ctx, payload, o); st.err != nil {
		return st
	}
	if name == stepCreate && !st.report.Complete() {
		st.err = refusedBy(st.report)
		return st
	}
	read := func() (bool, error) {
		doc, err := p.cfg.Server.TrackedEntity(ctx, s.person.te, p.cfg.Program, "")
		if err != nil {
			return false, err
		}
		st.doc = doc
		return doc.UpdatedAt > since, nil
	}
	st.marked, st.err = p.await(ctx, read)
	return st
}

// updatedAt is the last one that was seen of her.
func (s *story) updatedAt() dhis2.Timestamp {
	var last dhis2.Timestamp
	for _, st := range s.steps {
		if st.doc != nil {
			last = max(last, st.doc.UpdatedAt)
		}
	}
	return last
}

// remove deletes her.
func (p *probe) remove(ctx context.Context, s *story, since dhis2.Timestamp) {
	st := &step{}
	s.steps[stepDelete] = st
	uid := s.person.te
	st.report, st.err = p.cfg.Server.Import(ctx, deletion(uid), api.ImportOptions{Strategy: api.Delete})
	switch {
	case st.err != nil:
		return
	case !st.report.Complete():
		st.err = refusedBy(st.report)
		return
	}
	p.left = slices.DeleteFunc(p.left, func(u dhis2.UID) bool { return u == uid })
	if st.listed, st.err = p.listedEntity(ctx, uid, since); st.err != nil {
		return
	}
	doc, err := p.cfg.Server.TrackedEntity(ctx, uid, p.cfg.Program, "trackedEntity,deleted")
	if e, ok := errors.AsType[*api.Error](err); ok && e.NotFound() {
		return
	}
	st.doc, st.err = doc, err
}

func deletion(uid dhis2.UID) api.Payload {
	return api.Payload{TrackedEntities: []dhis2.TrackedEntity{{TrackedEntity: uid}}}
}

// cleanUp deletes what a story that broke off left behind, and returns what it
// could not.
func (p *probe) cleanUp(ctx context.Context) []dhis2.UID {
	ctx = context.WithoutCancel(ctx)
	var left []dhis2.UID
	for _, uid := range p.left {
		report, err := p.cfg.Server.Import(ctx, deletion(uid), api.ImportOptions{Strategy: api.Delete})
		if err != nil || !report.Complete() && !report.Has("E1063") && !report.Has("E1114") { // never made, or deleted
			left = append(left, uid)
		}
	}
	p.left = nil
	return left
}

// listedEntity asks for her in the list of what changed, with and without
// deleted ones.
func (p *probe) listedEntity(ctx context.Context, uid dhis2.UID, since dhis2.Timestamp) (listed, error) {
	return p.inLists(ctx, since, func(q api.Query) (bool, bool, error) {
		page, err := p.cfg.Server.TrackedEntities(ctx, q)
		if err != nil {
			return false, false, err
		}
		i := slices.IndexFunc(page.Items, func(te dhis2.TrackedEntity) bool { return te.TrackedEntity == uid })
		return i >= 0, i >= 0 && page.Items[i].Deleted, nil
	}, "trackedEntity,updatedAt,deleted")
}

func (p *probe) listedEvent(ctx context.Context, h *person, since dhis2.Timestamp) (listed, error) {
	return p.inLists(ctx, since, func(q api.Query) (bool, bool, error) {
		page, err := p.cfg.Server.Events(ctx, q)
		if err != nil {
			return false, false, err
		}
		i := slices.IndexFunc(page.Items, func(ev dhis2.Event) bool { return ev.Event == h.event })
		return i >= 0, i >= 0 && page.Items[i].Deleted, nil
	}, "event,trackedEntity,updatedAt,deleted")
}

func (p *probe) inLists(ctx context.Context, since dhis2.Timestamp, ask func(api.Query) (there, deleted bool, err error), fields string) (l listed, err error) {
	at, err := since.Parse(p.zone(ctx))
	if err != nil {
		return l, err
	}
	q := api.Query{Program: p.cfg.Program, UpdatedAfter: at.Time(), Order: "updatedAt:asc", PageSize: 500, Fields: fields}
	if l.plain, _, err = ask(q); err != nil {
		return l, err
	}
	q.IncludeDeleted = true
	l.withDeleted, l.deleted, err = ask(q)
	return l, err
}

func eventOf(te *dhis2.TrackedEntity, uid dhis2.UID) *dhis2.Event {
	if te == nil {
		return nil
	}
	for i := range te.Enrollments {
		for j := range te.Enrollments[i].Events {
			if ev := &te.Enrollments[i].Events[j]; ev.Event == uid {
				return ev
			}
		}
	}
	return nil
}

func valueOf(ev *dhis2.Event, element dhis2.UID) string {
	if ev != nil {
		for _, v := range ev.DataValues {
			if v.DataElement == element {
				return v.Value
			}
		}
	}
	return ""
}
