package mapper

import "github.com/nehrbridge/nehrbridge/nehr"

// addCondition makes the Condition of a disease that she has. An answer of
// false makes none, and what an earlier true made is then no longer part of
// what is desired, so that it is retracted (D-001). Onset is never invented.
func (r *run) addCondition(v *visit, f fact) *nehr.Reference {
	if !f.value.Bool() {
		return nil
	}
	c := nehr.NewConditionIPS()
	if v.enrollment.plan.guide() == GuideLK {
		c = nehr.NewMedicalHistory()
	}
	c.Code = &f.code
	c.Subject = r.subject
	c.Encounter = v.encounter
	c.RecordedDate = v.at
	c.Recorder = v.practitioner
	return r.addFact(v, f, c)
}

// checkContradictions reports a disease that one registration answers true
// and a later one false: each stays as it was recorded.
func (r *run) checkContradictions() {
	var had []fact
	for _, e := range r.enrollments {
		for _, v := range e.visits {
			for _, f := range v.facts {
				if f.Kind != KindCondition {
					continue
				}
				if f.value.Bool() {
					had = append(had, f)
					continue
				}
				for _, earlier := range had {
					if earlier.UID == f.UID {
						r.issue(v.issueOn(f.elementPlan, Warning, RuleContradiction,
							"an earlier event answered true: both stay as they were recorded"))
						break
					}
				}
			}
		}
	}
}
