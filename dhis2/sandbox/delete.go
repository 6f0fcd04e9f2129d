package sandbox

import (
	"fmt"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// DeleteEvent deletes an event softly, as DHIS2 does.
func (s *Server) DeleteEvent(event dhis2.UID) error {
	return s.edit(func(now dhis2.Timestamp, by dhis2.User) error {
		r, _, ev, err := s.store.findEvent(event)
		if err != nil {
			return err
		}
		deleteEvent(ev, now, by)
		r.touch(now, by)
		return nil
	})
}

func deleteEvent(ev *dhis2.Event, now dhis2.Timestamp, by dhis2.User) {
	ev.Deleted, ev.UpdatedAt, ev.UpdatedBy = true, now, by
}

// DeleteEnrollment deletes an enrollment and its events softly.
func (s *Server) DeleteEnrollment(enrollment dhis2.UID) error {
	return s.edit(func(now dhis2.Timestamp, by dhis2.User) error {
		r, en, err := s.store.findEnrollment(enrollment)
		if err != nil {
			return err
		}
		deleteEnrollment(en, now, by)
		r.touch(now, by)
		return nil
	})
}

func deleteEnrollment(en *dhis2.Enrollment, now dhis2.Timestamp, by dhis2.User) {
	en.Deleted, en.UpdatedAt, en.UpdatedBy = true, now, by
	for i := range en.Events {
		deleteEvent(&en.Events[i], now, by)
	}
}

// Delete deletes a tracked entity softly, with everything below it. Its
// attribute values are gone for good.
func (s *Server) Delete(trackedEntity dhis2.UID) error {
	return s.edit(func(now dhis2.Timestamp, by dhis2.User) error {
		r, err := s.store.find(trackedEntity)
		if err != nil {
			return err
		}
		r.delete(now, by)
		return nil
	})
}

func (r *record) delete(now dhis2.Timestamp, by dhis2.User) {
	r.te.Deleted, r.te.Attributes = true, nil
	for i := range r.te.Enrollments {
		deleteEnrollment(&r.te.Enrollments[i], now, by)
	}
	r.touch(now, by)
}

// Purge removes a tracked entity without a trace, as the maintenance task for
// soft-deleted rows does.
func (s *Server) Purge(trackedEntity dhis2.UID) error {
	return s.edit(func(dhis2.Timestamp, dhis2.User) error {
		if !s.store.purge(trackedEntity) {
			return fmt.Errorf("%w: tracked entity %s", ErrNotFound, trackedEntity)
		}
		return nil
	})
}
