package mapper

import "github.com/nehrbridge/nehrbridge/nehr"

// addImmunization makes the Immunization of a question such as "rubella
// immunization": true is completed, false is not-done without a reason, since
// DHIS2 knows none (D-003). When it was given is not known; recorded is when
// she said so (D-004).
func (r *run) addImmunization(v *visit, f fact) *nehr.Reference {
	i := nehr.NewImmunizationIPS()
	if !f.value.Bool() {
		i.Status = nehr.ImmunizationNotDone
	}
	i.VaccineCode = f.code
	i.Patient = r.subject
	i.Encounter = v.encounter
	i.OccurrenceString = "unknown"
	i.Recorded = v.at
	i.PrimarySource = new(false)
	if v.place != nil {
		i.Performer = []nehr.ImmunizationPerformer{{Actor: v.place.organization}}
	}
	return r.addFact(v, f, i)
}
