package mapper

import (
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// addMedication makes the MedicationStatement of a question such as "on folic
// acid": true is active, false is not-taken (D-002).
func (r *run) addMedication(v *visit, f fact) *nehr.Reference {
	m := r.newMedication(v, f)
	if !f.value.Bool() {
		m.Status = nehr.MedicationNotTaken
	}
	m.EffectivePeriod = &nehr.Period{Start: v.at}
	return r.addFact(v, f, m)
}

func (r *run) newMedication(v *visit, f fact) *nehr.MedicationStatement {
	m := nehr.NewMedicationStatementIPS()
	m.MedicationCodeableConcept = &f.code
	m.Subject = r.subject
	m.Context = v.encounter
	m.DateAsserted = v.at
	m.InformationSource = r.subject
	return m
}

// addCourses makes one MedicationStatement per enrollment and medicine
// (D-021): it starts at the first completed visit that has it, and goes on
// while the enrollment is active and its latest completed visit has it.
func (r *run) addCourses(e *enrollment) {
	for i := range e.plan.Stages {
		for j := range e.plan.Stages[i].Elements {
			if el := &e.plan.Stages[i].Elements[j]; el.Kind == KindCourse && firstStageOf(e.plan, el.UID) == i {
				r.addCourse(e, el.UID)
			}
		}
	}
}

// firstStageOf is the first stage with the course: a medicine that two stages
// ask for is one course.
func firstStageOf(p *plan, uid dhis2.UID) int {
	for i := range p.Stages {
		if el := p.stages[p.Stages[i].UID].elements[uid]; el != nil && el.Kind == KindCourse {
			return i
		}
	}
	return -1
}

func (r *run) addCourse(e *enrollment, uid dhis2.UID) {
	var first, last, latest *visit
	var f fact
	for _, v := range e.visits { // by occurredAt
		if el := v.stage.elements[uid]; el == nil || el.Kind != KindCourse {
			continue
		}
		latest = v
		for _, have := range v.facts {
			if have.UID == uid && have.value.Bool() {
				if first == nil {
					first = v
				}
				last, f = v, have
			}
		}
	}
	if first == nil {
		return
	}
	if e.Enrollment.Enrollment.IsZero() {
		r.issue(last.issueOn(f.elementPlan, Warning, RuleNoEnrollmentUID, "a course is kept by enrollment, which has no UID: not sent"))
		return
	}
	m := r.newMedication(last, f)
	m.EffectivePeriod = &nehr.Period{Start: first.at}
	if e.Status != dhis2.EnrollmentActive || latest != last {
		m.Status = nehr.MedicationCompleted
		m.EffectivePeriod.End = last.at
	}
	key := nehr.Key{System: nehr.SystemDHIS2Course, Value: e.Enrollment.Enrollment.String() + "-" + uid.String()}
	ref := r.add(m, key, e.plan.labels, last.stage.labels, f.labels)
	r.trace.entry(ref.Reference, last.source(uid))
	r.trace.path(ref.Reference, "effectivePeriod.start", first.source(uid))
	last.became(uid, ref)
}
