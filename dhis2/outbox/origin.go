package outbox

import (
	"context"
	"slices"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Strip takes the events that the outbox made out of a document: what they
// say came from the national record, and must not go there again as a fact of
// DHIS2. It returns how many it took. The document needs the events'
// createdBy.
//
// An event is the outbox's when its UID carries the mark and either there is
// an order of it, or, where the database with the orders was lost, its creator
// is the user of the outbox: chance alone does not bring both about, and a
// fact that a person wrote stays.
func (o *Outbox) Strip(ctx context.Context, te *dhis2.TrackedEntity) (taken int, err error) {
	for i := range te.Enrollments {
		events := &te.Enrollments[i].Events
		if !slices.ContainsFunc(*events, func(ev dhis2.Event) bool { return Marked(ev.Event) }) {
			continue
		}
		var kept []dhis2.Event
		for _, ev := range *events {
			ours, err := o.made(ctx, ev)
			if err != nil {
				return taken, err
			}
			if ours {
				taken++
			} else {
				kept = append(kept, ev)
			}
		}
		*events = kept
	}
	return taken, nil
}

func (o *Outbox) made(ctx context.Context, ev dhis2.Event) (bool, error) {
	if !Marked(ev.Event) {
		return false, nil
	}
	_, found, err := o.Origin(ctx, ev.Event)
	if found || err != nil || o.cfg.Username == nil {
		return found, err
	}
	ours, err := o.cfg.Username(ctx)
	return err == nil && ours != "" && ev.CreatedBy.Username == ours, err
}
