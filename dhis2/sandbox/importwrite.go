package sandbox

import (
	"github.com/nehrbridge/nehrbridge/dhis2"
)

// create writes an object that is new. Its parent was checked, or written just
// before.
func (im *importer) create(o *object) {
	switch o.kind {
	case kindTrackedEntity:
		te := *o.te
		te.CreatedAt, te.UpdatedAt, te.CreatedBy, te.UpdatedBy = im.now, im.now, im.by, im.by
		for i := range te.Attributes {
			te.Attributes[i].CreatedAt, te.Attributes[i].UpdatedAt = im.now, im.now
		}
		// The checks leave nothing that put refuses.
		_ = im.s.put(te)
	case kindEnrollment:
		r := im.s.store.byUID[o.en.TrackedEntity]
		en := *o.en
		im.attributes(r, en.Attributes)
		en.Attributes = nil
		en.CreatedAt, en.UpdatedAt, en.CreatedBy, en.UpdatedBy = im.now, im.now, im.by, im.by
		setEnrollmentStatus(&en, dhis2.EnrollmentStatus(orDefault(string(en.Status), string(dhis2.EnrollmentActive))), im.now, im.by)
		en.OccurredAt = dhis2.Timestamp(orDefault(string(en.OccurredAt), string(en.EnrolledAt)))
		en.OccurredAt, en.EnrolledAt = im.printed(en.OccurredAt), im.printed(en.EnrolledAt)
		r.te.Enrollments = append(r.te.Enrollments, en)
		im.s.store.owner[en.Enrollment] = r
		im.s.bump(r, im.now, im.by)
	case kindEvent:
		r, en, err := im.s.store.findEnrollment(o.ev.Enrollment)
		if err != nil {
			return // its enrollment was in the payload and was not written
		}
		ev := *o.ev
		status := dhis2.EventStatus(orDefault(string(ev.Status), string(dhis2.EventActive)))
		ev.Status, ev.CompletedAt, ev.CompletedBy, ev.DataValues = "", "", "", nil
		ev.CreatedAt, ev.UpdatedAt, ev.CreatedBy, ev.UpdatedBy = im.now, im.now, im.by, im.by
		ev.TrackedEntity, ev.Program = r.te.TrackedEntity, en.Program
		ev.OccurredAt, ev.ScheduledAt = im.printed(ev.OccurredAt), im.printed(ev.ScheduledAt)
		setEventStatus(&ev, status, im.now, im.by)
		im.values(&ev, o.ev.DataValues)
		en.Events = append(en.Events, ev)
		im.s.store.owner[ev.Event] = r
		im.s.bump(r, im.now, im.by)
	}
}

// update changes what the payload names; what it leaves out stays.
func (im *importer) update(o *object) {
	switch o.kind {
	case kindTrackedEntity:
		r := im.s.store.byUID[o.uid]
		if !o.te.OrgUnit.IsZero() {
			r.te.OrgUnit = o.te.OrgUnit
		}
		im.attributes(r, o.te.Attributes)
		r.touch(im.now, im.by)
	case kindEnrollment:
		r, en, _ := im.s.store.findEnrollment(o.uid)
		if o.en.Status != "" && o.en.Status != en.Status {
			setEnrollmentStatus(en, o.en.Status, im.now, im.by)
		}
		replace(&en.EnrolledAt, im.printed(o.en.EnrolledAt))
		replace(&en.OccurredAt, im.printed(o.en.OccurredAt))
		en.FollowUp = o.en.NeedsFollowUp()
		im.attributes(r, o.en.Attributes)
		en.UpdatedAt, en.UpdatedBy = im.now, im.by
		im.s.bump(r, im.now, im.by)
	case kindEvent:
		r, _, ev, _ := im.s.store.findEvent(o.uid)
		replace(&ev.OccurredAt, im.printed(o.ev.OccurredAt))
		replace(&ev.ScheduledAt, im.printed(o.ev.ScheduledAt))
		if !o.ev.OrgUnit.IsZero() {
			ev.OrgUnit = o.ev.OrgUnit
		}
		if o.ev.Status != "" && o.ev.Status != ev.Status {
			setEventStatus(ev, o.ev.Status, im.now, im.by)
		}
		ev.FollowUp = o.ev.NeedsFollowUp()
		im.values(ev, o.ev.DataValues)
		ev.UpdatedAt, ev.UpdatedBy = im.now, im.by
		im.s.bump(r, im.now, im.by)
	}
}

// remove deletes softly, with what hangs below.
func (im *importer) remove(o *object) {
	switch o.kind {
	case kindTrackedEntity:
		im.s.store.byUID[o.uid].delete(im.now, im.by)
	case kindEnrollment:
		r, en, _ := im.s.store.findEnrollment(o.uid)
		deleteEnrollment(en, im.now, im.by)
		r.touch(im.now, im.by)
	case kindEvent:
		r, _, ev, _ := im.s.store.findEvent(o.uid)
		deleteEvent(ev, im.now, im.by)
		r.touch(im.now, im.by)
	}
}

// attributes writes those that are sent: a blank one is deleted, one that is
// not sent stays.
func (im *importer) attributes(r *record, list []dhis2.Attribute) {
	for _, a := range list {
		setAttribute(&r.te, a.Attribute, a.Value, im.now)
	}
}

func (im *importer) values(ev *dhis2.Event, list []dhis2.DataValue) {
	for _, v := range list {
		setValue(ev, v.DataElement, v.Value, im.now, im.by)
	}
}

// printed is a time as it comes out again: wall time of the server, a date as
// its midnight.
func (im *importer) printed(t dhis2.Timestamp) dhis2.Timestamp {
	at, err := t.Parse(im.s.cfg.Zone)
	if err != nil {
		return ""
	}
	if len(t) == len("2006-01-02") {
		return t + "T00:00:00.000"
	}
	return dhis2.Timestamp(at.Time().In(im.s.cfg.Zone).Format(wall))
}

func replace(to *dhis2.Timestamp, by dhis2.Timestamp) {
	if by != "" {
		*to = by
	}
}
