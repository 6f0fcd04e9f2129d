package mapper

import "github.com/nehrbridge/nehrbridge/nehr"

// addBloodPressure makes the one Observation of both pressures of a visit;
// one of the two alone is still sent (D-012, G5).
func (r *run) addBloodPressure(v *visit) {
	systolic, hasSystolic := v.fact(KindSystolic)
	diastolic, hasDiastolic := v.fact(KindDiastolic)
	if !hasSystolic && !hasDiastolic {
		return
	}
	var pressures [2]*nehr.Decimal
	var codings [2]nehr.Coding
	for i, f := range []fact{systolic, diastolic} {
		if f.elementPlan == nil {
			continue
		}
		if d, err := nehr.ParseDecimal(f.value.Text()); err == nil {
			pressures[i] = &d
			codings[i] = f.dhis2
		}
	}
	o := nehr.NewBloodPressure(pressures[0], pressures[1], codings[:]...)
	if v.enrollment.plan.guide() != GuideLK {
		o.Meta.Profile = nil
	}
	o.Subject = r.subject
	o.Encounter = v.encounter
	o.EffectiveDateTime = v.at
	o.Issued = v.issued
	o.Performer = v.performer
	o.Device = r.observingDevice(v.enrollment.plan.guide(), KindSystolic)
	key := nehr.Key{System: nehr.SystemDHIS2Observation, Value: v.Event.Event.String() + "-blood-pressure"}
	labels := [][]nehr.Coding{v.enrollment.plan.labels, v.stage.labels}
	component := 0
	for i, f := range []fact{systolic, diastolic} {
		if pressures[i] != nil {
			labels = append(labels, f.labels)
			r.trace.path(nehr.FullURL("Observation", key), "component["+itoa(component)+"]", v.source(f.UID))
			component++
		}
	}
	ref := r.add(o, key, labels...)
	for i, f := range []fact{systolic, diastolic} {
		if pressures[i] != nil {
			v.became(f.UID, ref)
			r.trace.entry(ref.Reference, v.source(f.UID))
		}
	}
}
