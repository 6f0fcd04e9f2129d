package mapper

import "github.com/nehrbridge/nehrbridge/nehr"

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
	RoleWeeks:        {RuleWeeks, 0, longestPregnancy, "implausible: weeks outside 0 to 45"},
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
		r.implausible(i, e, nil, r.subject)
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
				"implausible: differs by more than 14 days from the last period + 280 days"), e, edd.visit, nil, edd, lmp)
		}
	}
	if !e.enrolled.IsZero() {
		if days := due.Sub(e.enrolled.Day()); days < 0 || days > dueDateHorizon {
			r.implausible(edd.visit.issueOn(edd.elementPlan, Warning, RuleDueDateEnrollment,
				"implausible: before the enrollment or more than 300 days after it"), e, edd.visit, nil, edd)
		}
	}
}

func (r *run) checkVisit(v *visit, lmp saying) {
	if late := v.completed; !late.IsZero() && (v.occurred.Time().After(late.Time()) && v.occurred.Day() != late.Day() ||
		!v.occurred.IsDay() && v.occurred.Time().After(late.Time())) {
		r.implausible(Issue{Severity: Warning, Rule: RuleLateOccurrence, Event: v.Event.Event,
			Text: "implausible: occurredAt is after completedAt"}, v.enrollment, v, v.encounter)
	}
	for _, f := range v.facts {
		switch {
		case f.Role == RoleLastPeriod:
			if v.occurred.Day().Before(f.value.Date()) {
				r.implausible(v.issueOn(f.elementPlan, Warning, RuleLMPEvent, "implausible: the last period is after the event"), v.enrollment, v, nil, saying{f, v})
			}
		case f.Role == RoleWeeks && lmp.visit != nil:
			weeks := float64(v.occurred.Day().Sub(lmp.value.Date())) / daysOfTheWeek
			if off := f.value.Number() - weeks; off > weeksTolerance || off < -weeksTolerance {
				r.implausible(v.issueOn(f.elementPlan, Warning, RuleWeeksLMP,
					"implausible: differs by more than 3 weeks from the time since the last period"), v.enrollment, v, nil, saying{f, v}, lmp)
			}
		}
		if p, ok := plausible[f.Role]; ok {
			if n := f.value.Number(); n < p.low || n > p.high {
				r.implausible(v.issueOn(f.elementPlan, Warning, p.rule, p.text), v.enrollment, v, nil, saying{f, v})
			}
		}
	}
	r.checkPressures(v)
}

func (r *run) checkPressures(v *visit) {
	s, hasS := v.fact(KindSystolic)
	d, hasD := v.fact(KindDiastolic)
	outside := func(f fact, low, high float64) bool { n := f.value.Number(); return n < low || n > high }
	report := func(f fact, text string) {
		r.implausible(v.issueOn(f.elementPlan, Warning, RuleBloodPressure, text), v.enrollment, v, nil, saying{f, v})
	}
	if hasS && hasD && s.value.Number() <= d.value.Number() {
		report(s, "implausible: systolic is not above diastolic")
	}
	if hasS && outside(s, 50, 300) {
		report(s, "implausible: systolic outside 50 to 300 mmHg")
	}
	if hasD && outside(d, 20, 200) {
		report(d, "implausible: diastolic outside 20 to 200 mmHg")
	}
}

// implausible reports an issue and, if so configured, writes a DetectedIssue
// that names what does not fit: the facts, or the visit itself. Of one rule
// there is one in an event (or an enrollment, where v is nil): what the rule
// finds a second time is added to it.
func (r *run) implausible(i Issue, e *enrollment, v *visit, itself *nehr.Reference, facts ...saying) {
	r.issue(i)
	if r.cfg.Plausibility != PlausibilityDetectedIssue {
		return
	}
	at, when := e.Enrollment.Enrollment, ""
	switch {
	case v != nil:
		at, when = v.Event.Event, v.at
	case !at.IsZero():
		when = e.enrolled.Fact(r.zone)
	default:
		return
	}
	key := nehr.Key{System: nehr.SystemDHIS2Issue, Value: at.String() + "-" + string(i.Rule)}
	d, first := r.detected(key)
	if first {
		d.Code = &nehr.CodeableConcept{Text: string(i.Rule)}
		d.Patient = r.subject
		d.IdentifiedDateTime = when
		d.Detail = i.Text
		ref := r.add(d, key, e.plan.labels)
		r.trace.entry(ref.Reference, source{event: i.Event, element: i.Element, attribute: i.Attribute, enrollment: e.Enrollment.Enrollment})
	} else {
		d.Detail += "; " + i.Text
	}
	if v != nil {
		d.Label(v.stage.labels...)
	}
	if itself != nil {
		implicate(d, itself)
	}
	for _, s := range facts {
		d.Label(s.visit.stage.labels...)
		d.Label(s.labels...)
		for _, m := range s.visit.made {
			if m.element == s.UID {
				implicate(d, m.ref)
			}
		}
	}
}

// detected gives the DetectedIssue of a key and whether it is new.
func (r *run) detected(key nehr.Key) (d *nehr.DetectedIssue, first bool) {
	for i := range r.facts {
		if r.facts[i].Key == key {
			if d, ok := r.facts[i].Resource.(*nehr.DetectedIssue); ok {
				return d, false
			}
		}
	}
	return nehr.NewDetectedIssue(), true
}

// implicate names a resource once.
func implicate(d *nehr.DetectedIssue, ref *nehr.Reference) {
	for i := range d.Implicated {
		if d.Implicated[i].Reference == ref.Reference {
			return
		}
	}
	d.Implicated = append(d.Implicated, *ref)
}
