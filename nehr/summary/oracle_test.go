package summary_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/golden/oracle"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/summary"
)

// TestOracleGoldenMothers: the summary of every golden mother has no error, in a
// language that changes from case to case, with nothing and with all withheld.
func TestOracleGoldenMothers(t *testing.T) {
	o := oracle.Ask(t)
	cases := mothers(t)
	judged := map[string]bool{}
	for n, name := range slices.Sorted(maps.Keys(cases)) {
		options := summary.Options{At: at, Language: []string{"en", "si", "ta"}[n%3]}
		doc := document(t, summary.Record{Resources: cases[name]}, options).Bundle.Encode()
		if key := string(doc); judged[key] {
			continue
		} else {
			judged[key] = true
		}
		for _, e := range o.Errors(t, doc) {
			t.Errorf("%s: %s", name, e)
		}
	}
	t.Logf("%d documents of %d cases judged", len(judged), len(cases))
}

// TestOracleCanSayNo: what the documents keep to is looked at.
func TestOracleCanSayNo(t *testing.T) {
	o := oracle.Ask(t)
	whole := document(t, summary.Record{Resources: mothers(t)["lk-whole-journey"]}, summary.Options{})
	for _, broken := range []struct {
		name  string
		spoil func(bundle *fhirjson.Value)
	}{
		{"a mandatory section is missing", func(b *fhirjson.Value) {
			c := b.Get("entry").Items()[0].Get("resource")
			c.Set("section", fhirjson.List(c.Get("section").Items()[1:]...))
		}},
		{"the patient has no birth date", func(b *fhirjson.Value) {
			b.Get("entry").Items()[1].Get("resource").Delete("birthDate")
		}},
		{"a reference leads nowhere", func(b *fhirjson.Value) {
			b.Get("entry").Items()[0].Get("resource", "subject").Set("reference", fhirjson.Text("urn:uuid:00000000-0000-4000-8000-000000000000"))
		}},
		{"a narrative has a script", func(b *fhirjson.Value) {
			b.Get("entry").Items()[0].Get("resource", "text").Set("div", fhirjson.Text(`<div xmlns="http://www.w3.org/1999/xhtml"><script>x</script></div>`))
		}},
	} {
		t.Run(broken.name, func(t *testing.T) {
			b := whole.Bundle.Clone()
			broken.spoil(b)
			if len(o.Errors(t, b.Encode())) == 0 {
				t.Error("the validator finds nothing wrong")
			}
		})
	}
}

// TestOracleWithheld: what is withheld is said in a form that IPS allows, whatever
// the record has; and so is a document with author, custodian and attester.
func TestOracleWithheld(t *testing.T) {
	o := oracle.Ask(t)
	cases := mothers(t)
	for _, name := range []string{"lk-whole-journey", "lk-minimal-document", "lk-diseases-true"} {
		for _, w := range []summary.Withheld{{Any: true}, {Any: true, Classes: []string{"problems", "medicines"}}} {
			for _, e := range o.Errors(t, document(t, summary.Record{Resources: cases[name], Withheld: w, At: at.Add(-time.Hour)}, full(t)).Bundle.Encode()) {
				t.Errorf("%s: %s", fmt.Sprint(name, w), e)
			}
		}
	}
}

// TestOracleOthers: what other systems write into the record keeps to IPS as well, also
// where they say less than IPS demands.
func TestOracleOthers(t *testing.T) {
	o := oracle.Ask(t)
	const about, refers = `"subject":{"reference":"Patient/1"}`, `{"reference":"https://nehr.example/fhir/Practitioner/dr/_history/3"}`
	everything := []string{her,
		`{"resourceType":"Practitioner","id":"dr"}`,
		`{"resourceType":"Organization","id":"lab","identifier":[{"value":"1"}]}`,
		`{"resourceType":"PractitionerRole","id":"role","practitioner":{"reference":"Practitioner/dr"},"organization":{"reference":"Organization/lab"}}`,
		`{"resourceType":"AllergyIntolerance","id":"a","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]},"code":{"text":"Penicillin"},"patient":{"reference":"Patient/1"},"reaction":[{"manifestation":[{"text":"Rash"}]}]}`,
		`{"resourceType":"MedicationRequest","id":"m","status":"active","intent":"order","medicationCodeableConcept":{"text":"Iron"},` + about + `,"requester":` + refers + `}`,
		`{"resourceType":"MedicationStatement","id":"s","status":"active","medicationCodeableConcept":{"text":"Calcium"},` + about + `}`,
		`{"resourceType":"Procedure","id":"p","status":"completed","code":{"text":"Caesarean section"},` + about + `,"performer":[{"actor":` + refers + `}]}`,
		`{"resourceType":"DiagnosticReport","id":"d","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0074","code":"LAB"}]}],"code":{"text":"Full blood count"},` + about + `,"effectiveDateTime":"2025-07-01","result":[{"reference":"Observation/o"},{"reference":"Observation/elsewhere"}],"conclusion":"Normal"}`,
		`{"resourceType":"Observation","id":"o","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"text":"Platelets"},` + about + `,"valueInteger":210,"performer":[{"reference":"PractitionerRole/role"}]}`,
		`{"resourceType":"Observation","id":"c","status":"corrected","code":{"coding":[{"system":"http://loinc.org","code":"11778-8"}]},` + about + `,"effectiveDateTime":"2025-07","valueDateTime":"2026-01"}`,
		`{"resourceType":"Observation","id":"b","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"11636-8"}]},` + about + `,"effectiveDateTime":"2025","valueInteger":2}`,
		`{"resourceType":"Immunization","id":"i","status":"completed","vaccineCode":{"text":"Tetanus"},"patient":{"reference":"Patient/1"},"occurrenceDateTime":"2025-07-01"}`,
	}
	for name, problems := range map[string][]string{
		"a state that nobody wrote": {condition("x", diabetes, "")}, "none known": {condition("x", noProblems, active)},
		"past": {condition("x", diabetes, resolved)}, "refuted": {condition("x", diabetes, refuted)}, "retracted": {condition("x", diabetes, wrong)},
	} {
		for _, e := range o.Errors(t, document(t, record(t, summary.Withheld{}, append(problems, everything...)...), summary.Options{}).Bundle.Encode()) {
			t.Errorf("%s: %s", name, e)
		}
	}
}

// full are options with every party.
func full(t testing.TB) summary.Options {
	return summary.Options{At: at, Language: "ta",
		Author:    parse(t, `{"resourceType":"Practitioner","id":"dr","name":[{"text":"Dr Invented"}]}`),
		Custodian: parse(t, `{"resourceType":"Organization","id":"moh","name":"Ministry of Health"}`),
		Attester:  &summary.Attester{Mode: "professional", At: at, Party: parse(t, `{"resourceType":"Practitioner","id":"dr","name":[{"text":"Dr Invented"}]}`)},
	}
}

func parse(t testing.TB, document string) *fhirjson.Value {
	t.Helper()
	v, err := fhirjson.Parse([]byte(strings.TrimSpace(document)))
	if err != nil {
		t.Fatal(err)
	}
	return v
}
