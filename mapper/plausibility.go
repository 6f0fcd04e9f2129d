package mapper

import (
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// Limits of plausibility (D-026). What lies outside is reported, never
// refused: a rare truth stays a truth.
const (
	pregnancyDays    = 280
	dueDateTolerance = 14  // days
	weeksTolerance   = 3   // weeks
	dueDateHorizon   = 300 // days after the enrollment
	youngest, oldest = 10, 60
	longestPregnancy = 45 // weeks
	daysOfTheWeek    = 7
)

var plausible = map[Role]struct {
	rule      Rule
	low, high float64
	text      string
}{
	RoleHaemoglobin:  {RuleHaemoglobin, 2, 25, "implausible: haemoglobin outside 2 to 25 g/dL"},
	RoleBloodSugar:   {RuleBloodSugar, 20, 800, "implausible: blood sugar outside 20 to 800 mg/dL"},
	RoleFundalHeight: {RuleFundalHeight, 5, 60, "implausible: fundal height outside 5 to 60 cm"},
	RoleWeeks:        {RuleWeeks, 0, longestPregnancy, "implausible: more than 45 weeks"},
}

// checkPlausibility reports facts that do not fit together.
func (r *run) checkPlausibility() {
	r.checkContradictions()
	for _, e := range r.enrollments {
		r.checkAge(e)
		lmp := e.said(RoleLastPeriod)
		r.checkDueDate(e, lmp)
		for _, v := range e.visits {
			r.checkVisit(v, lmp)
		}
	}
}

// saying is a fact with the visit that it was said in.
type saying struct {
	fact
	visit *visit
}

// said gives the latest fact of a role in an enrollment.
func (e *enrollment) said(role Role) (s saying) {
	for _, v := range e.visits {
		for _, f := range v.facts {
			if f.Role == role {
				s = saying{f, v}
			}
		}
	}
	return s
}

func (r *run) checkAge(e *enrollment) {
	a, v, ok := r.attr(AttrBirthDate)
	if !ok || e.enrolled.IsZero() {
		return
	}
	if age := v.Date().YearsUntil(e.enrolled.Day()); age < youngest || age > oldest {
		i := a.issueOn(Warning, RuleAge, "implausible: age at enrollment under 10 or over 60 years")
		i.Enrollment = e.Enrollment.Enrollment
		r.implausible(i, e, nil)
	}
}

func (r *run) checkDueDate(e *enrollment, lmp saying) {
	edd := e.said(RoleDueDate)
	if edd.visit == nil {
		return
	}
	due := edd.value.Date()
	if lmp.visit != nil {
		if off := due.Sub(lmp.value.Date().AddDays(pregnancyDays)); off > dueDateTolerance || off < -dueDateTolerance {
			r.implausible(edd.visit.issueOn(edd.elementPlan, Warning, RuleDueDateLMP,
				"implausible: differs by more than 14 days from the last period + 280 days"), e, edd.visit, lmp.UID)
		}
	}
	if !e.enrolled.IsZero() {
		if days := due.Sub(e.enrolled.Day()); days < 0 || days > dueDateHorizon {
			r.implausible(edd.visit.issueOn(edd.elementPlan, Warning, RuleDueDateEnrollment,
				"implausible: before the enrollment or more than 300 days after it"), e, edd.visit)
		}
	}
}

func (r *run) checkVisit(v *visit, lmp saying) {
	if late := v.completed; !late.IsZero() && (v.occurred.Time().After(late.Time()) && v.occurred.Day() != late.Day() ||
		!v.occurred.IsDay() && v.occurred.Time().After(late.Time())) {
		r.implausible(Issue{Severity: Warning, Rule: RuleLateOccurrence, Event: v.Event.Event,
			Text: "implausible: occurredAt is after completedAt"}, v.enrollment, v)
	}
	for _, f := range v.facts {
		switch {
		case f.Role == RoleLastPeriod:
			if v.occurred.Day().Before(f.value.Date()) {
				r.implausible(v.issueOn(f.elementPlan, Warning, RuleLMPEvent, "implausible: the last period is after the event"), v.enrollment, v)
			}
		case f.Role == RoleWeeks && lmp.visit != nil:
			weeks := float64(v.occurred.Day().Sub(lmp.value.Date())) / daysOfTheWeek
			if off := f.value.Number() - weeks; off > weeksTolerance || off < -weeksTolerance {
				r.implausible(v.issueOn(f.elementPlan, Warning, RuleWeeksLMP,
					"implausible: differs by more than 3 weeks from the time since the last period"), v.enrollment, v, lmp.UID)
			}
		}
		if p, ok := plausible[f.Role]; ok {
			if n := f.value.Number(); n < p.low || n > p.high {
				r.implausible(v.issueOn(f.elementPlan, Warning, p.rule, p.text), v.enrollment, v)
			}
		}
	}
	r.checkPressures(v)
}

func (r *run) checkPressures(v *visit) {
	s, hasS := v.fact(KindSystolic)
	d, hasD := v.fact(KindDiastolic)
	outside := func(f fact, low, high float64) bool { n := f.value.Number(); return n < low || n > high }
	switch {
	case hasS && hasD && s.value.Number() <= d.value.Number():
		r.implausible(v.issueOn(s.elementPlan, Warning, RuleBloodPressure, "implausible: systolic is not above diastolic"), v.enrollment, v, d.UID)
	case hasS && outside(s, 50, 300):
		r.implausible(v.issueOn(s.elementPlan, Warning, RuleBloodPressure, "implausible: systolic outside 50 to 300 mmHg"), v.enrollment, v)
	case hasD && outside(d, 20, 200):
		r.implausible(v.issueOn(d.elementPlan, Warning, RuleBloodPressure, "implausible: diastolic outside 20 to 200 mmHg"), v.enrollment, v)
	}
}

// implausible reports an issue and, if so configured, writes a DetectedIssue
// that names the facts: that of the issue and those of the other elements.
func (r *run) implausible(i Issue, e *enrollment, v *visit, others ...dhis2.UID) {
	r.issue(i)
	if r.cfg.Plausibility != PlausibilityDetectedIssue {
		return
	}
	at, about, when := i.Event, []*visit{v}, ""
	switch {
	case v != nil:
		about, when = e.visits, v.at
	case e.Enrollment.Enrollment.IsZero():
		return
	default:
		at, about, when = e.Enrollment.Enrollment, nil, e.enrolled.Fact(r.zone)
	}
	d := nehr.NewDetectedIssue()
	d.Code = &nehr.CodeableConcept{Text: string(i.Rule)}
	d.Patient = r.subject
	d.IdentifiedDateTime = when
	d.Detail = i.Text
	for _, one := range about {
		for _, m := range one.made {
			if (one == v && m.element == i.Element) || contains(others, m.element) {
				d.Implicated = append(d.Implicated, *m.ref)
			}
		}
	}
	key := nehr.Key{System: nehr.SystemDHIS2Issue, Value: at.String() + "-" + string(i.Rule)}
	ref := r.add(d, key, e.plan.labels)
	r.trace.entry(ref.Reference, source{event: i.Event, element: i.Element, attribute: i.Attribute, enrollment: e.Enrollment.Enrollment})
}

func contains(uids []dhis2.UID, u dhis2.UID) bool {
	for _, x := range uids {
		if x == u && !u.IsZero() {
			return true
		}
	}
	return false
}
