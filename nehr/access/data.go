package access

import (
	"slices"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// classOfType says which class a resource type is of; Observations are divided
// by their category.
var classOfType = map[string]Class{
	"Patient": Demographics, "RelatedPerson": Demographics,
	"Encounter": Visits, "EpisodeOfCare": Visits, "CareTeam": Visits,
	"Observation": Observations, "QuestionnaireResponse": Observations,
	"DiagnosticReport": Laboratory,
	"Condition":        Problems, "DetectedIssue": Problems,
	"AllergyIntolerance":  Allergies,
	"MedicationStatement": Medicines, "MedicationRequest": Medicines,
	"Immunization":   Immunizations,
	"Procedure":      Procedures,
	"ServiceRequest": Referrals, "Task": Referrals, "Appointment": Referrals, "Communication": Referrals,
	"DocumentReference": Documents, "Media": Documents, "Composition": Documents,
}

// recordTypes are the types that a record is read by, in this order.
var recordTypes = []string{
	"RelatedPerson", "Encounter", "EpisodeOfCare", "CareTeam",
	"Observation", "QuestionnaireResponse", "DiagnosticReport",
	"Condition", "DetectedIssue", "AllergyIntolerance",
	"MedicationStatement", "MedicationRequest", "Immunization", "Procedure",
	"ServiceRequest", "Task", "Appointment", "Communication",
	"DocumentReference", "Media", "Composition",
}

// directory are the types that tell of no patient, and that everybody who sees
// a record may see.
var directory = map[string]bool{
	"Organization": true, "Location": true, "Practitioner": true, "PractitionerRole": true,
	"HealthcareService": true, "Device": true, "Medication": true,
}

// classOf gives the class of a resource, none for what no class has.
func classOf(r *fhirjson.Value) Class {
	c := classOfType[r.Get("resourceType").Str()]
	if c != Observations {
		return c
	}
	for _, coding := range r.All("category.coding") {
		if coding.Get("system").Str() != nehr.SystemObservationCategory {
			continue
		}
		switch coding.Get("code").Str() {
		case "vital-signs":
			return Vitals
		case "laboratory":
			return Laboratory
		}
	}
	return c
}

// owners are the elements of each type that say whose a resource is
// (compartmentdefinition-patient.html), without authors and performers.
func owners(r *fhirjson.Value) []*fhirjson.Value {
	switch r.Get("resourceType").Str() {
	case "Task":
		return r.Get("for").Items()
	case "Appointment":
		return r.All("participant.actor")
	case "RelatedPerson", "Immunization", "AllergyIntolerance", "EpisodeOfCare", "Consent", "DetectedIssue", "Device":
		return r.Get("patient").Items()
	}
	return r.Get("subject").Items()
}

// belongs tells whether a resource is the patient's and no other's. A reference
// to her by anything but Patient/id or its URL under the base is none to her.
func belongs(r *fhirjson.Value, patient, base string) bool {
	typ := r.Get("resourceType").Str()
	if typ == "Patient" {
		return "Patient/"+r.Get("id").Str() == patient
	}
	hers := false
	for _, o := range owners(r) {
		ref := local(o.Get("reference").Str(), base)
		if ref == patient {
			hers = true
			continue
		}
		if typ != "Appointment" || !takesPart(o, ref) {
			return false
		}
	}
	return hers
}

// takesPart tells whether somebody may stand beside her in an Appointment without
// making it another's: anybody but a patient, and but whom only an identifier or a
// type names that may be a patient's.
func takesPart(actor *fhirjson.Value, ref string) bool {
	if ref == "" {
		return actor.Get("identifier") == nil && actor.Get("type") == nil
	}
	typ := firstOf(ref)
	return directory[typ] || typ == "RelatedPerson"
}

// local cuts the base and a version from a reference.
func local(ref, base string) string {
	ref = strings.TrimPrefix(ref, base+"/")
	ref, _, _ = strings.Cut(ref, "/_history/")
	return ref
}

func firstOf(ref string) string {
	typ, _, _ := strings.Cut(ref, "/")
	return typ
}

// dates are the elements that say when something was so, the first that is there
// counts.
var dates = []string{
	"effectiveDateTime", "effectivePeriod", "effectiveInstant", "occurrenceDateTime", "occurrencePeriod",
	"performedDateTime", "performedPeriod", "onsetDateTime", "onsetPeriod", "identifiedDateTime", "identifiedPeriod",
	"createdDateTime", "createdPeriod", "period", "start", "requestedPeriod", "sent", "recordedDate", "authoredOn", "authored", "dateAsserted", "issued", "date", "created",
}

// DataOf reads what a decision has to know of a resource. frame says which
// visits and pregnancies there are; zone is that of dates without one, UTC when
// nil.
func DataOf(r *fhirjson.Value, f *Frame, zone *time.Location) Data {
	d := Data{Type: r.Get("resourceType").Str(), ID: r.Get("id").Str(), Class: classOf(r)}
	d.Labels = labelsOf(r)
	for _, path := range []string{"code", "vaccineCode", "medicationCodeableConcept", "type"} {
		for _, concept := range r.Get(path).Items() {
			d.Codes = append(d.Codes, codings(concept.Get("coding"))...)
		}
	}
	d.Start, d.End = when(r, zone)
	d.Episodes = f.episodes(r, d.Start)
	d.Unplaced = len(d.Episodes) == 1 && d.Start.IsZero()
	return d
}

// labelsOf are the labels of a resource, and those that a document has beside them.
func labelsOf(r *fhirjson.Value) []Code {
	labels := codings(r.Get("meta", "security"))
	switch r.Get("resourceType").Str() {
	case "DocumentReference":
		for _, concept := range r.Get("securityLabel").Items() {
			if found := codings(concept.Get("coding")); len(found) > 0 {
				labels = append(labels, found...)
			} else {
				labels = append(labels, Code{}) // in words
			}
		}
	case "Composition":
		if code := r.Get("confidentiality").Str(); code != "" {
			labels = append(labels, Code{nehr.SystemConfidentiality, code})
		}
	}
	return labels
}

func codings(v *fhirjson.Value) []Code {
	var found []Code
	for _, c := range v.Items() {
		found = append(found, Code{System: c.Get("system").Str(), Code: c.Get("code").Str()})
	}
	return found
}

// when is the clinical date of a resource.
func when(r *fhirjson.Value, zone *time.Location) (start, end time.Time) {
	for _, name := range dates {
		v := r.Get(name)
		if v == nil {
			continue
		}
		if v.Kind() == fhirjson.Array {
			if items := v.Items(); len(items) > 0 {
				v = items[0]
			}
		}
		if v.Kind() == fhirjson.Object {
			start, end = period(v, zone)
		} else {
			start, end, _ = interval(v.Str(), zone)
		}
		if !start.IsZero() {
			return start, end
		}
	}
	return time.Time{}, time.Time{}
}

// period reads a Period. One that is still open ends when it starts: what is
// known of it is that.
func period(v *fhirjson.Value, zone *time.Location) (start, end time.Time) {
	from, fromEnd, ok := interval(v.Get("start").Str(), zone)
	to, toEnd, ended := interval(v.Get("end").Str(), zone)
	switch {
	case ok && ended:
		return from, toEnd
	case ok:
		return from, fromEnd
	case ended:
		return to, toEnd
	}
	return time.Time{}, time.Time{}
}

var layouts = []struct {
	form string
	end  func(time.Time) time.Time
}{
	{time.RFC3339Nano, func(t time.Time) time.Time { return t }},
	{"2006-01-02", func(t time.Time) time.Time { return t.AddDate(0, 0, 1).Add(-1) }},
	{"2006-01", func(t time.Time) time.Time { return t.AddDate(0, 1, 0).Add(-1) }},
	{"2006", func(t time.Time) time.Time { return t.AddDate(1, 0, 0).Add(-1) }},
}

// interval is the first and the last instant that a date or dateTime may mean.
func interval(s string, zone *time.Location) (start, end time.Time, ok bool) {
	if zone == nil {
		zone = time.UTC
	}
	for _, l := range layouts {
		if t, err := time.ParseInLocation(l.form, s, zone); err == nil {
			return t, l.end(t), true
		}
	}
	return time.Time{}, time.Time{}, false
}

// sortClasses puts classes into their order, each once.
func sortClasses(set map[Class]bool) []Class {
	var found []Class
	for _, c := range Classes {
		if set[c] {
			found = append(found, c)
		}
	}
	return slices.Clip(found)
}
