package summary_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/summary"
)

// TestD099_NoneThatIsOver: that there was none once, or that somebody found that it is
// not so, does not say that there is none.
func TestD099_NoneThatIsOver(t *testing.T) {
	const clinical = `,"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"inactive"}]}`
	allergy := func(clinical, verification string) string {
		return `{"resourceType":"AllergyIntolerance","id":"a","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"` + clinical + `"}]},"verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-verification","code":"` + verification + `"}]},"code":{"coding":[{"system":"http://snomed.info/sct","code":"716186003"}]},"patient":{"reference":"Patient/1"}}`
	}
	medicine := func(status string) string {
		return `{"resourceType":"MedicationStatement","id":"m","status":"` + status + `","medicationCodeableConcept":{"coding":[{"system":"http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips","code":"no-known-medications"}]},"subject":{"reference":"Patient/1"}}`
	}
	for _, test := range []struct {
		name, resource, section string
		want                    summary.State
	}{
		{"no problems", condition("a", noProblems, active), "11450-4", summary.NoneKnown},
		{"no problems, once", condition("a", noProblems, clinical), "11450-4", summary.NoInformation},
		{"no problems, refuted", condition("a", noProblems, refuted), "11450-4", summary.NoInformation},
		{"no allergies", allergy("active", "confirmed"), "48765-2", summary.NoneKnown},
		{"no allergies, once", allergy("inactive", "confirmed"), "48765-2", summary.NoInformation},
		{"no allergies, until they came", allergy("resolved", "confirmed"), "48765-2", summary.NoInformation},
		{"no allergies, refuted", allergy("active", "refuted"), "48765-2", summary.NoInformation},
		{"no medicines", medicine("active"), "10160-0", summary.NoneKnown},
		{"no medicines, nobody says when", medicine("unknown"), "10160-0", summary.NoneKnown},
		{"no medicines, stopped", medicine("stopped"), "10160-0", summary.NoInformation},
		{"no medicines, completed", medicine("completed"), "10160-0", summary.NoInformation},
		{"no medicines, not taken", medicine("not-taken"), "10160-0", summary.NoInformation},
	} {
		made := document(t, record(t, summary.Withheld{}, her, test.resource), summary.Options{})
		if got := section(t, made, test.section).State; got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
		bundle := string(made.Bundle.Encode())
		if none := strings.Contains(bundle, "no-known-") || strings.Contains(bundle, "716186003"); none != (test.want == summary.NoneKnown) {
			t.Errorf("%s: the document says none: %v", test.name, none)
		}
		if past := section(t, made, "11348-0"); past.Code != "" {
			t.Errorf("%s: none is a past illness: %s", test.name, past.Narrative)
		}
	}
}

// TestD095_AppointmentOfTwo: an appointment that another patient takes part in is hers
// and another's.
func TestD095_AppointmentOfTwo(t *testing.T) {
	with := func(actor string) string {
		return `{"resourceType":"Appointment","id":"a","status":"booked","start":"2025-10-01T04:00:00Z","end":"2025-10-01T04:30:00Z","participant":[{"actor":{"reference":"Patient/1"},"status":"accepted"},{"actor":` + actor + `,"status":"accepted"}]}`
	}
	for actor, mixes := range map[string]bool{
		`{"reference":"Patient/2","display":"Strange Udaharana"}`: true, `{"type":"Patient","identifier":{"value":"2"},"display":"Strange Udaharana"}`: true,
		`{"reference":"Practitioner/dr"}`: false, `{"display":"the midwife on duty"}`: false,
	} {
		_, err := summary.Document(record(t, summary.Withheld{}, her, with(actor)), summary.Options{At: at})
		var subject *summary.SubjectError
		if errors.As(err, &subject) != mixes || err != nil && !mixes {
			t.Errorf("with %s: %v", actor, err)
		}
	}
}

// TestContained: what a resource contains leaves without what somebody wrote as markup,
// without labels and profiles of the record, and without its references.
func TestContained(t *testing.T) {
	made := document(t, record(t, summary.Withheld{}, her,
		`{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/1"},"recorder":{"reference":"#dr"},"code":{"text":"x"},"contained":[{"resourceType":"PractitionerRole","id":"dr","implicitRules":"urn:x","meta":{"profile":["http://server.example/p"]},
			"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><script>alert(1)</script></div>"},"organization":{"reference":"Organization/server-id"},"practitioner":{"reference":"https://nehr.example/fhir/Practitioner/known/_history/2"}}]}`,
		`{"resourceType":"Practitioner","id":"known","name":[{"text":"Dr Invented"}]}`), summary.Options{})
	text := string(made.Bundle.Encode())
	for _, never := range []string{"script", "server-id", "nehr.example", "server.example", "urn:x"} {
		if strings.Contains(text, never) {
			t.Errorf("the document has %q", never)
		}
	}
	for _, e := range made.Bundle.Get("entry").Items() {
		if len(e.Get("resource", "contained").Items()) == 0 {
			continue
		}
		if got := e.Get("resource", "recorder", "reference").Str(); got != "#dr" {
			t.Errorf("the reference to what is contained is %q", got)
		}
		if within := e.Get("resource").All("contained")[0]; within.Get("id").Str() != "dr" || !strings.HasPrefix(within.Get("practitioner", "reference").Str(), "urn:uuid:") {
			t.Errorf("contained: %s", within.Encode())
		}
	}
}

// TestLatestFirst: the latest stands first by the time that it was, in whatever zone and
// however exactly it is told.
func TestLatestFirst(t *testing.T) {
	observed := func(id, at string) string {
		return `{"resourceType":"Observation","id":"` + id + `","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],"code":{"text":"` + id + `"},"subject":{"reference":"Patient/1"},"effectiveDateTime":"` + at + `"}`
	}
	made := document(t, record(t, summary.Withheld{}, her, observed("third", "2025-03-03T02:00:00+05:30"), observed("first", "2025-03-02T23:30:00Z"), observed("last", "2024"), observed("second", "2025-03-02T22:00:00.5Z"), observed("fourth", "2025-03-02")), summary.Options{Zone: at.Location()})
	narrative := section(t, made, "8716-3").Narrative
	var order []int
	for _, name := range []string{"first", "second", "third", "fourth", "last"} {
		order = append(order, strings.Index(narrative, "<td>"+name+"</td>"))
	}
	if order[0] < 0 || !slices.IsSorted(order) {
		t.Errorf("order %v in %s", order, narrative)
	}
}

// TestAsConfidentialAsItsParts: a document is as confidential as the most confidential
// part of it, by whatever label says so.
func TestAsConfidentialAsItsParts(t *testing.T) {
	for label, want := range map[string]string{
		``: "N",
		`{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"L"}`: "N",
		`{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}`: "R",
		`{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"V"}`: "V",
		`{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}`:       "R",
		`{"code":"R"}`: "R",
	} {
		more := active
		if label != "" {
			more += `,"meta":{"security":[` + label + `]}`
		}
		made := document(t, record(t, summary.Withheld{}, her, condition("a", diabetes, more)), summary.Options{})
		first := made.Bundle.Get("entry").Items()[0].Get("resource")
		if got := first.Get("confidentiality").Str(); got != want {
			t.Errorf("labelled %s: %s, want %s", label, got, want)
		}
	}
}

// TestReferencesByURN: references are urn:uuid: of an id as well, as in a transaction.
func TestReferencesByURN(t *testing.T) {
	const id = "0d15ea5e-0000-4000-8000-000000000001"
	made, err := summary.Document(record(t, summary.Withheld{}, strings.Replace(her, `"id":"1"`, `"id":"`+id+`"`, 1),
		strings.Replace(condition("c", diabetes, active), "Patient/1", "urn:uuid:"+id, 1)), summary.Options{At: at})
	if err != nil {
		t.Fatal(err)
	}
	if got := section(t, made, "11450-4"); got.State != summary.Listed {
		t.Errorf("problems: %s", got.State)
	}
	for _, e := range made.Bundle.Get("entry").Items() {
		walkReferences(e, func(ref string) {
			if strings.Contains(ref, id) {
				t.Errorf("a reference leads out: %s", ref)
			}
		})
	}
}

func walkReferences(v *fhirjson.Value, f func(string)) {
	v.Strings(func(field, text string) string {
		if field == "reference" {
			f(text)
		}
		return text
	})
}
