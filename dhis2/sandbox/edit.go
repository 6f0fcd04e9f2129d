package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Put stores a tracked entity document, replacing one of the same UID.
// Timestamps that the document gives are kept, also an updatedAt in the past:
// a row whose long transaction commits late. Those it leaves out are the
// server's time.
func (s *Server) Put(te dhis2.TrackedEntity) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.put(te)
}

func (s *Server) put(te dhis2.TrackedEntity) error {
	if te.TrackedEntity.IsZero() || te.TrackedEntityType.IsZero() {
		return fmt.Errorf("dhis2/sandbox: put: trackedEntity and trackedEntityType are needed")
	}
	now, by := s.stamp(), s.actor()
	te.Attributes = mergedAttributes(&te)
	stampAll(now, &te.CreatedAt, &te.UpdatedAt)
	for i := range te.Attributes {
		stampAll(te.UpdatedAt, &te.Attributes[i].CreatedAt, &te.Attributes[i].UpdatedAt)
	}
	te.Enrollments = slices.Clone(te.Enrollments)
	for i := range te.Enrollments {
		en := &te.Enrollments[i]
		if en.Enrollment.IsZero() || en.Program.IsZero() {
			return fmt.Errorf("dhis2/sandbox: put %s: enrollment %d: enrollment and program are needed", te.TrackedEntity, i)
		}
		en.Attributes = nil
		if en.TrackedEntity.IsZero() {
			en.TrackedEntity = te.TrackedEntity
		}
		if en.Status == "" {
			en.Status = dhis2.EnrollmentActive
		}
		stampAll(te.UpdatedAt, &en.CreatedAt, &en.UpdatedAt)
		en.Events = slices.Clone(en.Events)
		for j := range en.Events {
			ev := &en.Events[j]
			if ev.Event.IsZero() || ev.ProgramStage.IsZero() {
				return fmt.Errorf("dhis2/sandbox: put %s: event %d of enrollment %s: event and programStage are needed", te.TrackedEntity, j, en.Enrollment)
			}
			s.completeEvent(en, ev, by)
		}
	}
	if _, err := json.Marshal(&te); err != nil {
		return fmt.Errorf("dhis2/sandbox: put %s: %w", te.TrackedEntity, errText)
	}
	s.store.put(te)
	return nil
}

// errText says that a text cannot be printed as JSON.
var errText = errors.New("a text is not UTF-8")

// completeEvent fills what an event inherits from where it stands. It names
// another tracked entity only where the document does.
func (s *Server) completeEvent(en *dhis2.Enrollment, ev *dhis2.Event, by dhis2.User) {
	if ev.Program.IsZero() {
		ev.Program = en.Program
	}
	if ev.Enrollment.IsZero() {
		ev.Enrollment = en.Enrollment
	}
	if ev.TrackedEntity.IsZero() {
		ev.TrackedEntity = en.TrackedEntity
	}
	if ev.OrgUnit.IsZero() {
		ev.OrgUnit = en.OrgUnit
	}
	if ev.Status == "" {
		ev.Status = dhis2.EventActive
	}
	stampAll(en.UpdatedAt, &ev.CreatedAt, &ev.UpdatedAt)
	if ev.CreatedBy == (dhis2.User{}) {
		ev.CreatedBy = by
	}
	if ev.UpdatedBy == (dhis2.User{}) {
		ev.UpdatedBy = ev.CreatedBy
	}
	ev.DataValues = slices.Clone(ev.DataValues)
	for k := range ev.DataValues {
		v := &ev.DataValues[k]
		stampAll(ev.UpdatedAt, &v.CreatedAt, &v.UpdatedAt)
		if v.CreatedBy == (dhis2.User{}) {
			v.CreatedBy, v.UpdatedBy = ev.CreatedBy, ev.UpdatedBy
		}
	}
}

func stampAll(at dhis2.Timestamp, times ...*dhis2.Timestamp) {
	for _, t := range times {
		if *t == "" {
			*t = at
		}
	}
}

// mergedAttributes collects the values of the tracked entity and of its
// enrollments, as an export with program= repeats them. The later one stays.
func mergedAttributes(te *dhis2.TrackedEntity) []dhis2.Attribute {
	var out []dhis2.Attribute
	add := func(list []dhis2.Attribute) {
		for _, a := range list {
			i := slices.IndexFunc(out, func(o dhis2.Attribute) bool { return o.Attribute == a.Attribute })
			switch {
			case a.Attribute.IsZero() || a.Value == "":
			case i < 0:
				out = append(out, a)
			case a.UpdatedAt > out[i].UpdatedAt:
				out[i] = a
			}
		}
	}
	add(te.Attributes)
	for i := range te.Enrollments {
		add(te.Enrollments[i].Attributes)
	}
	return out
}

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

// touch marks a tracked entity as updated. DHIS2 does it for each change
// below it, in a transaction of its own.
func (r *record) touch(now dhis2.Timestamp, by dhis2.User) { r.te.UpdatedAt, r.te.UpdatedBy = now, by }

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
		r.touch(now, by)
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
		r.touch(now, by)
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

// SetEnrollmentStatus completes, cancels or opens an enrollment.
func (s *Server) SetEnrollmentStatus(enrollment dhis2.UID, status dhis2.EnrollmentStatus) error {
	return s.edit(func(now dhis2.Timestamp, by dhis2.User) error {
		r, en, err := s.store.findEnrollment(enrollment)
		if err != nil {
			return err
		}
		setEnrollmentStatus(en, status, now, by)
		en.UpdatedAt, en.UpdatedBy = now, by
		r.touch(now, by)
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
		te := r.te
		te.Enrollments = append(slices.Clone(te.Enrollments), en)
		te.UpdatedAt, te.UpdatedBy = now, by
		return s.put(te)
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
		r.touch(now, by)
		return nil
	})
}

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
