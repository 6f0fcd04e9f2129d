package sandbox

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// actor is who the editing methods act as: the first user.
func (s *Server) actor() dhis2.User {
	if len(s.users) == 0 {
		return dhis2.User{}
	}
	return s.users[0].snapshot()
}

// edit runs f under the lock.
func (s *Server) edit(f func(now dhis2.Timestamp, by dhis2.User) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f(s.stamp(), s.actor())
}

// SetValue writes a data value of an event; "" deletes it. Event and tracked
// entity count as updated.
func (s *Server) SetValue(event, dataElement dhis2.UID, value string) error {
	if !utf8.ValidString(value) {
		return errText
	}
	return s.edit(func(now dhis2.Timestamp, by dhis2.User) error {
		r, _, ev, err := s.store.findEvent(event)
		if err != nil {
			return err
		}
		setValue(ev, dataElement, value, now, by)
		ev.UpdatedAt, ev.UpdatedBy = now, by
		s.bump(r, now, by)
		return nil
	})
}

func setValue(ev *dhis2.Event, element dhis2.UID, value string, now dhis2.Timestamp, by dhis2.User) {
	i := slices.IndexFunc(ev.DataValues, func(v dhis2.DataValue) bool { return v.DataElement == element })
	switch {
	case i < 0 && value == "":
	case i < 0:
		ev.DataValues = append(ev.DataValues, dhis2.DataValue{CreatedAt: now, UpdatedAt: now, DataElement: element,
			Value: value, CreatedBy: by, UpdatedBy: by})
	case value == "":
		ev.DataValues = slices.Delete(ev.DataValues, i, i+1)
	default:
		ev.DataValues[i].Value, ev.DataValues[i].UpdatedAt, ev.DataValues[i].UpdatedBy = value, now, by
	}
}

// SetAttribute writes an attribute of a tracked entity; "" deletes it.
func (s *Server) SetAttribute(trackedEntity, attribute dhis2.UID, value string) error {
	if !utf8.ValidString(value) {
		return errText
	}
	return s.edit(func(now dhis2.Timestamp, by dhis2.User) error {
		r, err := s.store.find(trackedEntity)
		if err != nil {
			return err
		}
		setAttribute(&r.te, attribute, value, now)
		r.touch(now, by)
		return nil
	})
}

func setAttribute(te *dhis2.TrackedEntity, attribute dhis2.UID, value string, now dhis2.Timestamp) {
	i := slices.IndexFunc(te.Attributes, func(a dhis2.Attribute) bool { return a.Attribute == attribute })
	switch {
	case i < 0 && value == "":
	case i < 0:
		te.Attributes = append(te.Attributes, dhis2.Attribute{Attribute: attribute, CreatedAt: now, UpdatedAt: now, Value: value})
	case value == "":
		te.Attributes = slices.Delete(te.Attributes, i, i+1)
	default:
		te.Attributes[i].Value, te.Attributes[i].UpdatedAt = value, now
	}
}

// Complete completes an event. One that has no date yet gets today's.
func (s *Server) Complete(event dhis2.UID) error {
	return s.SetEventStatus(event, dhis2.EventCompleted)
}

// Uncomplete opens a completed event again.
func (s *Server) Uncomplete(event dhis2.UID) error { return s.SetEventStatus(event, dhis2.EventActive) }

// SetEventStatus changes the status of an event.
func (s *Server) SetEventStatus(event dhis2.UID, status dhis2.EventStatus) error {
	return s.edit(func(now dhis2.Timestamp, by dhis2.User) error {
		r, _, ev, err := s.store.findEvent(event)
		if err != nil {
			return err
		}
		setEventStatus(ev, status, now, by)
		ev.UpdatedAt, ev.UpdatedBy = now, by
		s.bump(r, now, by)
		return nil
	})
}

func setEventStatus(ev *dhis2.Event, status dhis2.EventStatus, now dhis2.Timestamp, by dhis2.User) {
	if status == dhis2.EventCompleted && ev.Status != status {
		ev.CompletedAt, ev.CompletedBy = now, by.Username
	}
	if status != dhis2.EventCompleted {
		ev.CompletedAt, ev.CompletedBy = "", ""
	}
	if (status == dhis2.EventCompleted || status == dhis2.EventActive) && ev.OccurredAt == "" {
		ev.OccurredAt = now[:10] + "T00:00:00.000"
	}
	ev.Status = status
}

// MoveEvent changes when an event occurred, in the server's wall time.
func (s *Server) MoveEvent(event dhis2.UID, occurredAt dhis2.Timestamp) error {
	return s.edit(func(now dhis2.Timestamp, by dhis2.User) error {
		r, _, ev, err := s.store.findEvent(event)
		if err != nil {
			return err
		}
		ev.OccurredAt, ev.UpdatedAt, ev.UpdatedBy = occurredAt, now, by
		s.bump(r, now, by)
		return nil
	})
}

// SetEnrollmentStatus completes, cancels or opens an enrollment.
func (s *Server) SetEnrollmentStatus(enrollment dhis2.UID, status dhis2.EnrollmentStatus) error {
	return s.edit(func(now dhis2.Timestamp, by dhis2.User) error {
		r, en, err := s.store.findEnrollment(enrollment)
		if err != nil {
			return err
		}
		setEnrollmentStatus(en, status, now, by)
		en.UpdatedAt, en.UpdatedBy = now, by
		s.bump(r, now, by)
		return nil
	})
}

func setEnrollmentStatus(en *dhis2.Enrollment, status dhis2.EnrollmentStatus, now dhis2.Timestamp, by dhis2.User) {
	en.CompletedAt, en.CompletedBy = "", ""
	if status != dhis2.EnrollmentActive {
		en.CompletedAt, en.CompletedBy = now, by.Username
	}
	en.Status = status
}

// AddEnrollment adds an enrollment, with its events, to a tracked entity.
func (s *Server) AddEnrollment(trackedEntity dhis2.UID, en dhis2.Enrollment) error {
	return s.edit(func(now dhis2.Timestamp, by dhis2.User) error {
		r, err := s.store.find(trackedEntity)
		if err != nil {
			return err
		}
		stampAll(now, &en.CreatedAt, &en.UpdatedAt)
		te := r.te
		te.Enrollments = append(slices.Clone(te.Enrollments), en)
		if err := s.put(te); err != nil {
			return err
		}
		s.bump(r, now, by)
		return nil
	})
}

// AddEvent adds an event to an enrollment.
func (s *Server) AddEvent(enrollment dhis2.UID, ev dhis2.Event) error {
	return s.edit(func(now dhis2.Timestamp, by dhis2.User) error {
		r, en, err := s.store.findEnrollment(enrollment)
		if err != nil {
			return err
		}
		if ev.Event.IsZero() || ev.ProgramStage.IsZero() {
			return fmt.Errorf("dhis2/sandbox: add event: event and programStage are needed")
		}
		stampAll(now, &ev.CreatedAt, &ev.UpdatedAt)
		s.completeEvent(en, &ev, by)
		en.Events = append(en.Events, ev)
		s.store.owner[ev.Event] = r
		s.bump(r, now, by)
		return nil
	})
}

// SetOccurredAt moves the day of an event, as "2006-01-02" or with a time; ""
// takes it away, as from one that is planned only.
func (s *Server) SetOccurredAt(event dhis2.UID, at dhis2.Timestamp) error {
	return s.edit(func(now dhis2.Timestamp, by dhis2.User) error {
		r, _, ev, err := s.store.findEvent(event)
		if err != nil {
			return err
		}
		if at != "" {
			day, err := at.Parse(s.cfg.Zone)
			if err != nil {
				return fmt.Errorf("dhis2/sandbox: event %s: occurredAt: %w", event, err)
			}
			if at = dhis2.Timestamp(day.Time().In(s.cfg.Zone).Format(wall)); day.IsDay() {
				at = dhis2.Timestamp(day.Day().String() + "T00:00:00.000")
			}
		}
		ev.OccurredAt, ev.UpdatedAt, ev.UpdatedBy = at, now, by
		s.bump(r, now, by)
		return nil
	})
}

// AddNote adds a note to an event. As in DHIS2 that marks nothing as updated:
// no poll sees it.
func (s *Server) AddNote(event dhis2.UID, value string) error {
	if !utf8.ValidString(value) {
		return errText
	}
	return s.edit(func(now dhis2.Timestamp, by dhis2.User) error {
		_, _, ev, err := s.store.findEvent(event)
		if err != nil {
			return err
		}
		ev.Notes = append(slices.Clone(ev.Notes), dhis2.Note{Note: s.newUID(), StoredAt: now, Value: value, CreatedBy: by})
		return nil
	})
}
