package main

import (
	"context"
	"errors"
	"slices"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/nehr/record"
)

// strays are resources that stand in the record for a tracked entity and that
// nobody accounts for: neither DHIS2 now nor the ledger. What DHIS2 says of
// another tracked entity is left to that one: two that were merged leave their
// visits to each other.
func (g *agent) strays(ctx context.Context, uid dhis2.UID, from source, now said, before record.State) ([]record.Written, error) {
	found, err := g.writer.Unaccounted(ctx, uid.String(), now.desired, before)
	if err != nil {
		return nil, err
	}
	mine := map[dhis2.UID]bool{}
	if from.entity != nil {
		for _, en := range from.entity.Enrollments {
			mine[en.Enrollment] = true
			for _, ev := range en.Events {
				mine[ev.Event] = true
			}
		}
	}
	var failed error
	found = slices.DeleteFunc(found, func(w record.Written) bool {
		if w.Type == "Patient" || failed != nil {
			return false
		}
		object, ok := objectOf(w.Identifier.Value)
		if !ok {
			return true // of a form that this program never wrote
		}
		known, asked := mine[object]
		if !asked {
			known, failed = g.nobodyElses(ctx, uid, object)
			mine[object] = known
		}
		return !known
	})
	return found, failed
}

// objectOf reads the event or enrollment that a fact's identifier begins with
// (mapping.md, section 3): <event>, <event>-<data element>, <enrollment>-<rule>.
func objectOf(identifier string) (dhis2.UID, bool) {
	const length = 11
	if len(identifier) < length || len(identifier) > length && identifier[length] != '-' {
		return dhis2.UID{}, false
	}
	uid, err := dhis2.ParseUID(identifier[:length])
	return uid, err == nil
}

// nobodyElses asks DHIS2 whether an event or enrollment is of no other tracked
// entity: of this one, or gone. What the user may not see is somebody's.
func (g *agent) nobodyElses(ctx context.Context, uid, object dhis2.UID) (bool, error) {
	event, err := g.dhis2.Event(ctx, object, "event,trackedEntity")
	if err == nil {
		return event.TrackedEntity == uid, nil
	}
	refused, ok := errors.AsType[*api.Error](err)
	switch {
	case ok && refused.Forbidden():
		return false, nil
	case !ok || !refused.NotFound():
		return false, err
	}
	enrollment, err := g.dhis2.Enrollment(ctx, object, "enrollment,trackedEntity")
	if err == nil {
		return enrollment.TrackedEntity == uid, nil
	}
	refused, ok = errors.AsType[*api.Error](err)
	switch {
	case ok && refused.NotFound():
		return true, nil
	case ok && refused.Forbidden():
		return false, nil
	}
	return false, err
}
