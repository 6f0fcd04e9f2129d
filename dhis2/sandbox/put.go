package sandbox

import (
	"errors"
	"fmt"
	"io"
	"slices"

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
	if err := json.MarshalWrite(io.Discard, &te); err != nil {
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
