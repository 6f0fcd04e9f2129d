package outbox

import (
	"context"
	"slices"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Note leaves a text on an event, or on the enrollment where Event is zero.
type Note struct {
	TrackedEntity dhis2.UID `json:"trackedEntity"`
	Enrollment    dhis2.UID `json:"enrollment"`
	Event         dhis2.UID `json:"event,omitzero"`
	Text          string    `json:"text"`
}

// Kind is "note".
func (*Note) Kind() string { return "note" }

// Subject is the tracked entity.
func (n *Note) Subject() dhis2.UID { return n.TrackedEntity }

// Validate names everything that is missing.
func (n *Note) Validate() error {
	return demand("note", map[string]bool{"TrackedEntity": n.TrackedEntity.IsZero(),
		"Enrollment or Event": n.Enrollment.IsZero() && n.Event.IsZero(), "Text": n.Text == ""})
}

// Deliver leaves the note, unless it is there.
func (n *Note) Deliver(ctx context.Context, s Server, uid dhis2.UID) (Result, error) {
	if there, err := n.there(ctx, s, uid); there || err != nil {
		return Stood, err
	}
	note := dhis2.Note{Note: uid, Value: n.Text}
	send := func() error { return s.AddEnrollmentNote(ctx, n.Enrollment, note) }
	if !n.Event.IsZero() {
		send = func() error { return s.AddEventNote(ctx, n.Event, note) }
	}
	failed := send()
	// Two processes that try at the same time are told of each other by a
	// refusal only: what counts is that the note is there.
	there, err := n.there(ctx, s, uid)
	switch {
	case there:
		return Written, nil
	case failed != nil:
		return "", failed
	case err != nil:
		return "", err
	}
	return "", &unsettledError{}
}

// there tells whether the note stands.
func (n *Note) there(ctx context.Context, s Server, uid dhis2.UID) (bool, error) {
	var notes []dhis2.Note
	if n.Event.IsZero() {
		en, err := s.Enrollment(ctx, n.Enrollment, "enrollment,deleted,notes[note]")
		if err != nil {
			return false, err
		}
		notes = en.Notes
	} else {
		ev, err := s.Event(ctx, n.Event, "event,deleted,notes[note]")
		if err != nil {
			return false, err
		}
		notes = ev.Notes
	}
	return slices.ContainsFunc(notes, func(stands dhis2.Note) bool { return stands.Note == uid }), nil
}
