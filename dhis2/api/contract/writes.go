package contract

import (
	"context"
	"errors"
	"fmt"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

// writeExpectations ask how changes are taken and how they show.
var writeExpectations = []Expectation{
	written("an import makes everything that is nested, and says so",
		"dhis2/outbox and the plugin",
		"read the codes: E1000 and E1091 are rights of the user, E1018 an attribute that the suite left out (DHIS2_VALUES)",
		stepCreate, func(h *person, st *step) error {
			if st.report.Created != 3 {
				return fmt.Errorf("of 3 objects %d are said to be made", st.report.Created)
			}
			return nil
		}),
	written("UIDs that the sender chose are kept",
		"dhis2/outbox: an event that is sent again is known by its UID",
		proxyCure,
		stepCreate, func(h *person, st *step) error {
			if ev := eventOf(st.doc, h.event); ev == nil || ev.Enrollment != h.enrollment {
				return errors.New("the event is not there under its UID")
			}
			return nil
		}),
	written("what was made shows among what changed",
		"the poll",
		"raise dhis2.overlap if it shows later",
		stepCreate, func(h *person, st *step) error {
			if !st.listed.plain {
				return errors.New("updatedAfter= the person's updatedAt does not list her")
			}
			return nil
		}),
	written("an object that is sent twice is made once",
		"dhis2/outbox: after an answer that was lost it sends again",
		proxyCure,
		stepAgain, func(h *person, st *step) error {
			if !st.report.Has("E1030") || st.report.Complete() {
				return fmt.Errorf("the second CREATE was not refused with E1030: %d made", st.report.Created)
			}
			return nil
		}),
	written("what is refused is told by code",
		"dhis2/outbox and the plugin, which say what is wrong",
		proxyCure,
		stepRefused, func(h *person, st *step) error {
			if st.report.Complete() || len(st.report.Refusals) == 0 {
				return errors.New("an unknown data element was taken, or refused without a code")
			}
			return nil
		}),
	written("what is left out of an import is counted",
		"dhis2/outbox: the answer is 200 all the same",
		proxyCure,
		stepPartly, func(h *person, st *step) error {
			if st.report.Ignored != 1 || st.report.Updated != 1 {
				return fmt.Errorf("of one good and one bad object %d are said to be updated, %d ignored", st.report.Updated, st.report.Ignored)
			}
			return nil
		}),
	written("a changed value marks the tracked entity as updated",
		"the poll; without it only the lists of enrollments and events tell",
		"look for an error after the import in the server's log: the mark is written in a transaction of its own",
		stepChange, func(h *person, st *step) error {
			if !st.marked {
				return errors.New("updatedAt of the tracked entity did not move in time")
			}
			return nil
		}),
	written("a changed value shows",
		"everything", proxyCure,
		stepChange, func(h *person, st *step) error {
			if valueOf(eventOf(st.doc, h.event), h.element) != h.second {
				return errors.New("the document does not hold the new value")
			}
			return nil
		}),
	written("a changed event shows in the list of events",
		"the poll: it catches changes whose mark was lost",
		proxyCure,
		stepChange, func(h *person, st *step) error {
			if !st.listed.plain {
				return errors.New("updatedAfter= the event's updatedAt does not list it")
			}
			return nil
		}),
	written("a value that is not sent stays",
		"dhis2/outbox, which sends what it adds",
		"send whole events: tell this project the release",
		stepKeep, func(h *person, st *step) error {
			if valueOf(eventOf(st.doc, h.event), h.element) != h.second {
				return errors.New("the value is gone")
			}
			return nil
		}),
	written("a blank value deletes",
		"corrections: what was cleared must go from the national record",
		proxyCure,
		stepClear, func(h *person, st *step) error {
			if eventOf(st.doc, h.event) == nil || valueOf(eventOf(st.doc, h.event), h.element) != "" {
				return errors.New("the value is still there")
			}
			return nil
		}),
	written("completing an event shows",
		"mapper: only a completed visit is finished",
		proxyCure,
		stepComplete, func(h *person, st *step) error {
			if ev := eventOf(st.doc, h.event); ev == nil || ev.Status != dhis2.EventCompleted || ev.CompletedAt == "" {
				return errors.New("status COMPLETED and completedAt are not both there")
			}
			return nil
		}),
	written("reopening an event shows",
		"corrections: a visit that was completed by mistake",
		"give the test user F_UNCOMPLETE_EVENT",
		stepReopen, func(h *person, st *step) error {
			if ev := eventOf(st.doc, h.event); ev == nil || ev.Status != dhis2.EventActive || ev.CompletedAt != "" {
				return errors.New("the event is not open again")
			}
			return nil
		}),
	written("a deleted event leaves the document, and marks the tracked entity",
		"corrections: what was deleted must go from the national record",
		"look for an error after the import in the server's log",
		stepDeleteEvent, func(h *person, st *step) error {
			switch {
			case eventOf(st.doc, h.event) != nil:
				return errors.New("the event is still in the document")
			case !st.marked:
				return errors.New("updatedAt of the tracked entity did not move in time")
			}
			return nil
		}),
	written("a deleted event is listed with includeDeleted, and only then",
		"the poll",
		proxyCure,
		stepDeleteEvent, wantDeletedRow),
	written("a deleted tracked entity is answered with 404",
		"the agent, which takes 404 twice for a deletion",
		proxyCure,
		stepDelete, func(h *person, st *step) error {
			if st.doc != nil {
				return errors.New("it is still answered")
			}
			return nil
		}),
	written("a deleted tracked entity is listed with includeDeleted, and only then",
		"the poll: a deletion must retract her facts",
		"set backfill --reconcile to run daily: it finds what the poll cannot",
		stepDelete, wantDeletedRow),
}

func wantDeletedRow(_ *person, st *step) error {
	if st.listed.plain || !st.listed.withDeleted || !st.listed.deleted {
		return fmt.Errorf("without includeDeleted there: %t; with it there: %t, deleted: %t", st.listed.plain, st.listed.withDeleted, st.listed.deleted)
	}
	return nil
}

// written is an expectation about a step of the story.
func written(name, needs, cure string, at stepName, judge func(*person, *step) error) Expectation {
	return Expectation{Name: name, For: needs, Cure: cure, Writes: true, check: func(ctx context.Context, p *probe) error {
		h, st, err := p.told(ctx, at)
		if err != nil {
			return err
		}
		return judge(h, st)
	}}
}

// refusedBy says which codes an import was refused with.
func refusedBy(r *api.ImportReport) error {
	text := fmt.Sprintf("%s, %d ignored", r.Status, r.Ignored)
	for _, f := range r.Refusals {
		text += ", " + f.String()
	}
	return errors.New(text)
}
