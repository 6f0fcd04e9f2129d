package summary

import (
	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// absent enters the resource by which IPS 1.1.0 says, in a section that must have an
// entry, that nothing is known (CodeSystem absent-unknown-uv-ips). It never says
// "none known": that is a finding, which only somebody who asked can record.
func (m *maker) absent(p part, withheld bool) (fullURL string) {
	text := m.words.noInformation
	if withheld {
		text = m.words.withheld
	}
	var typ, code, member, display string
	switch p {
	case problems:
		typ, member, code, display = "Condition", "code", "no-problem-info", "No information about current problems"
	case allergies:
		typ, member, code, display = "AllergyIntolerance", "code", "no-allergy-info", "No information about allergies"
	default:
		typ, member, code, display = "MedicationStatement", "medicationCodeableConcept", "no-medication-info", "No information about medications"
	}
	r := fhirjson.Fields(
		fhirjson.F("resourceType", fhirjson.Text(typ)),
		fhirjson.F("id", fhirjson.Text(documentID(typ, m.her+"\n"+code))),
	)
	if withheld {
		r.Set("meta", fhirjson.Fields(fhirjson.F("security", fhirjson.List(coding(systemAlteration, "REDACTED", "redacted")))))
	}
	concept := fhirjson.Fields(fhirjson.F("coding", fhirjson.List(coding(systemAbsent, code, display))), fhirjson.F("text", fhirjson.Text(text)))
	her := fhirjson.Fields(fhirjson.F("reference", fhirjson.Text(m.her)))
	// The state is required, and active is what the guide's own examples have: it is
	// that of the statement, not of a problem.
	switch p {
	case problems:
		r.Set("clinicalStatus", fhirjson.Fields(fhirjson.F("coding", fhirjson.List(coding(nehr.SystemConditionClinical, "active", "")))))
		r.Set(member, concept)
		r.Set("subject", her)
	case allergies:
		r.Set("clinicalStatus", fhirjson.Fields(fhirjson.F("coding", fhirjson.List(coding("http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "active", "")))))
		r.Set(member, concept)
		r.Set("patient", her)
	default:
		r.Set("status", fhirjson.Text("unknown"))
		r.Set(member, concept)
		r.Set("subject", her)
	}
	return m.enter(r)
}

// carePlan enters the frame in which IPS carries what is planned: the section's
// entries are CarePlans, and the record has appointments, requests and notes. It says
// nothing by itself: its status is not known, its intent that of a plan.
func (m *maker) carePlan(list []*fhirjson.Value) (fullURL string) {
	var activities, notes []*fhirjson.Value
	for _, r := range list {
		ref := fhirjson.Fields(fhirjson.F("reference", fhirjson.Text(typeOf(r)+"/"+r.Get("id").Str())))
		if typeOf(r) == "Observation" {
			notes = append(notes, ref)
			continue
		}
		activities = append(activities, fhirjson.Fields(fhirjson.F("reference", ref)))
	}
	r := fhirjson.Fields(
		fhirjson.F("resourceType", fhirjson.Text("CarePlan")),
		fhirjson.F("id", fhirjson.Text(documentID("CarePlan", m.her))),
		fhirjson.F("status", fhirjson.Text("unknown")),
		fhirjson.F("intent", fhirjson.Text("plan")),
		fhirjson.F("subject", fhirjson.Fields(fhirjson.F("reference", fhirjson.Text(m.her)))),
	)
	if len(notes) > 0 {
		r.Set("supportingInfo", fhirjson.List(notes...))
	}
	if len(activities) > 0 {
		r.Set("activity", fhirjson.List(activities...))
	}
	return m.enter(r)
}
