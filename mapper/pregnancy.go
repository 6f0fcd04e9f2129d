package mapper

import (
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// addPregnancyStatus says that she is pregnant since the enrollment. A
// completed enrollment changes nothing, since it was true then; a cancelled
// one says nothing.
func (r *run) addPregnancyStatus(e *enrollment) {
	active := e.Status == dhis2.EnrollmentActive || e.Status == dhis2.EnrollmentCompleted
	if !e.plan.PregnancyStatus || !active || e.Enrollment.Enrollment.IsZero() || e.enrolled.IsZero() {
		return
	}
	o := nehr.NewPregnancyStatus()
	o.Category = nil
	o.Subject = r.subject
	o.EffectiveDateTime = e.enrolled.Fact(r.zone)
	if p := r.placeOf(e.OrgUnit, r.te.OrgUnit); p != nil {
		o.Performer = []nehr.Reference{*p.organization}
	}
	key := nehr.Key{System: nehr.SystemDHIS2Observation, Value: e.Enrollment.Enrollment.String() + "-pregnancy-status"}
	ref := r.add(o, key, e.plan.labels)
	r.trace.entry(ref.Reference, source{enrollment: e.Enrollment.Enrollment})
}

// addAttributeObservations makes the Observations of clinical attributes:
// without encounter, as of the day of enrollment.
func (r *run) addAttributeObservations() {
	r.attrs(AttrObservation, func(a *attributePlan, v attributeValue) {
		key, e := r.attributeKey(a, v)
		if e == nil {
			return
		}
		// The national profile demands an encounter, which an attribute has
		// not: plain R4, or the profile that fits without one.
		o := r.newObservation(GuideIPS, &a.observed, a.As)
		if !r.setValue(o, &a.Element, &a.observed, a.As, v.value, a.issueOn(Warning, "", "")) {
			return
		}
		o.Subject = r.subject
		o.EffectiveDateTime = e.enrolled.Fact(r.zone)
		if p := r.placeOf(e.OrgUnit, r.te.OrgUnit); p != nil {
			o.Performer = []nehr.Reference{*p.organization}
		}
		o.Device = r.device
		ref := r.add(o, key, r.plan.labels, a.labels)
		r.trace.entry(ref.Reference, source{attribute: a.UID, enrollment: e.Enrollment.Enrollment})
	})
}

// attributeKey identifies what is made of an attribute: by the enrollment
// that it stands at, else the last one. nil where none can date it.
func (r *run) attributeKey(a *attributePlan, v attributeValue) (nehr.Key, *enrollment) {
	e := v.at
	for i := len(r.enrollments) - 1; e == nil && i >= 0; i-- {
		if r.enrollments[i].plan == r.plan {
			e = r.enrollments[i]
		}
	}
	if e == nil || e.Enrollment.Enrollment.IsZero() || e.enrolled.IsZero() {
		r.issue(a.issueOn(Warning, RuleNoEnrollmentUID, "no enrollment with UID and date to record it by: not sent"))
		return nehr.Key{}, nil
	}
	return nehr.Key{System: nehr.SystemDHIS2Attribute, Value: e.Enrollment.Enrollment.String() + "-" + a.UID.String()}, e
}
