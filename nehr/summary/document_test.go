package summary_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/summary"
)

const her = `{"resourceType":"Patient","id":"1","identifier":[
	{"system":"http://fhir.health.gov.lk/ips/identifier/phn","value":"9999MPQRTV9"},
	{"system":"https://esignet.example#rp","value":"pairwise-subject"},
	{"system":"http://fhir.health.gov.lk/ips/identifier/passport"}],"name":[{"text":"Nilmini Udaharana"}],"birthDate":"1996-03-09"}`

func condition(id, code, more string) string {
	return `{"resourceType":"Condition","id":"` + id + `","code":` + code + `,"subject":{"reference":"Patient/1"}` + more + `}`
}

const (
	diabetes   = `{"coding":[{"system":"http://snomed.info/sct","code":"73211009"}],"text":"Diabetes"}`
	noProblems = `{"coding":[{"system":"http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips","code":"no-known-problems"}],"text":"No known problems"}`
	noInfo     = `{"coding":[{"system":"http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips","code":"no-problem-info"}]}`
	active     = `,"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]}`
	wrong      = `,"verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"entered-in-error"}]}`
	refuted    = `,"verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"refuted"}]}`
	resolved   = `,"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"resolved"}]}`
)

func record(t testing.TB, w summary.Withheld, documents ...string) summary.Record {
	t.Helper()
	r := summary.Record{Withheld: w}
	for _, d := range documents {
		r.Resources = append(r.Resources, parse(t, d))
	}
	return r
}

func section(t testing.TB, s *summary.Summary, code string) summary.Section {
	t.Helper()
	for _, section := range s.Sections {
		if section.Code == code {
			return section
		}
	}
	return summary.Section{}
}

// TestD099_States: none known, not asked and withheld are different things.
func TestD099_States(t *testing.T) {
	hidden := summary.Withheld{Any: true, Classes: []string{"problems"}}
	for _, test := range []struct {
		name     string
		withheld summary.Withheld
		problems []string
		state    summary.State
		partly   bool
		says     string // in the bundle
		never    string
	}{
		{"nobody asked", summary.Withheld{}, nil, summary.NoInformation, false, `"no-problem-info"`, "no-known-problems"},
		{"somebody wrote that nothing is known", summary.Withheld{}, []string{condition("a", noInfo, active)}, summary.NoInformation, false, `"no-problem-info"`, "no-known-problems"},
		{"somebody found none", summary.Withheld{}, []string{condition("a", noProblems, active)}, summary.NoneKnown, false, `"no-known-problems"`, "no-problem-info"},
		{"none, and one all the same", summary.Withheld{}, []string{condition("a", noProblems, active), condition("b", diabetes, active)}, summary.Listed, false, `"73211009"`, "no-known-problems"},
		{"withheld", hidden, nil, summary.Hidden, true, `"REDACTED"`, "no-known-problems"},
		{"none known, but withheld", hidden, []string{condition("a", noProblems, active)}, summary.Hidden, true, `"REDACTED"`, "no-known-problems"},
		{"some, others withheld", hidden, []string{condition("b", diabetes, active)}, summary.Listed, true, `"masked"`, "no-problem-info"},
		{"withheld, nobody says what", summary.Withheld{Any: true}, nil, summary.Hidden, true, `"REDACTED"`, "no-known-problems"},
		{"withheld of a class that is not known", summary.Withheld{Any: true, Classes: []string{"genes"}}, nil, summary.Hidden, true, `"REDACTED"`, "no-known-problems"},
		{"another class withheld", summary.Withheld{Any: true, Classes: []string{"vitals"}}, nil, summary.NoInformation, false, `"no-problem-info"`, "no-known-problems"},
		{"retracted", summary.Withheld{}, []string{condition("b", diabetes, wrong)}, summary.NoInformation, false, `"no-problem-info"`, "73211009"},
		{"refuted", summary.Withheld{}, []string{condition("b", diabetes, refuted)}, summary.NoInformation, false, `"no-problem-info"`, "73211009"},
		{"over", summary.Withheld{}, []string{condition("b", diabetes, resolved)}, summary.NoInformation, false, `"11348-0"`, "no-known-problems"},
		{"of a state that nobody wrote", summary.Withheld{}, []string{condition("b", diabetes, "")}, summary.Listed, false, `"73211009"`, "no-known-problems"},
	} {
		t.Run(test.name, func(t *testing.T) {
			made := document(t, record(t, test.withheld, append(test.problems, her)...), summary.Options{})
			got := section(t, made, "11450-4")
			if got.State != test.state || got.Withheld != test.partly {
				t.Errorf("state %s, withheld %v", got.State, got.Withheld)
			}
			bundle := string(made.Bundle.Encode())
			if !strings.Contains(bundle, test.says) || strings.Contains(bundle, test.never) {
				t.Errorf("want %s and never %s in %s", test.says, test.never, bundle)
			}
		})
	}
}

// TestD095_OnePerson: a document that mixes persons is not made.
func TestD095_OnePerson(t *testing.T) {
	other := strings.Replace(condition("a", diabetes, active), "Patient/1", "Patient/2", 1)
	var subject *summary.SubjectError
	if _, err := summary.Document(record(t, summary.Withheld{}, her, other), summary.Options{At: at}); !errors.As(err, &subject) || subject.Index != 1 || subject.Type != "Condition" {
		t.Errorf("another's condition: %v", err)
	}
	nobody := strings.Replace(condition("a", diabetes, active), `"reference":"Patient/1"`, `"display":"her"`, 1)
	if _, err := summary.Document(record(t, summary.Withheld{}, her, nobody), summary.Options{At: at}); !errors.As(err, &subject) {
		t.Errorf("nobody's condition: %v", err)
	}
	for name, resources := range map[string][]string{"none": nil, "two": {her, strings.Replace(her, `"1"`, `"2"`, 1)}} {
		if _, err := summary.Document(record(t, summary.Withheld{}, resources...), summary.Options{At: at}); !errors.Is(err, summary.ErrPatient) {
			t.Errorf("%s: %v", name, err)
		}
	}
	stranger := parse(t, `{"resourceType":"Patient","id":"2","birthDate":"1990-01-01"}`)
	for name, o := range map[string]summary.Options{"author": {At: at, Author: stranger}, "attester": {At: at, Attester: &summary.Attester{Mode: "personal", Party: stranger}}} {
		if _, err := summary.Document(record(t, summary.Withheld{}, her), o); !errors.Is(err, summary.ErrPatient) {
			t.Errorf("another patient as %s: %v", name, err)
		}
	}
	var shape *summary.ShapeError
	if _, err := summary.Document(record(t, summary.Withheld{}, her, `{"resourceType":"Condition"}`), summary.Options{At: at}); !errors.As(err, &shape) {
		t.Errorf("without id: %v", err)
	}
	if _, err := summary.Document(record(t, summary.Withheld{}, `{"resourceType":"Patient","id":"1"}`), summary.Options{At: at}); !errors.Is(err, summary.ErrBirthDate) {
		t.Errorf("without birth date: %v", err)
	}
	for name, o := range map[string]summary.Options{"no time": {}, "language": {At: at, Language: "fr"}, "author": {At: at, Author: parse(t, `{"resourceType":"Group"}`)},
		"attester": {At: at, Attester: &summary.Attester{Mode: "x"}}, "custodian": {At: at, Custodian: parse(t, her)}} {
		if _, err := summary.Document(record(t, summary.Withheld{}, her), o); !errors.Is(err, summary.ErrOptions) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestD044_SubjectStays: the subject of her sign-in does not leave, nor do the
// server's ids and what it is called inside.
func TestD044_SubjectStays(t *testing.T) {
	got := string(document(t, record(t, summary.Withheld{}, her, condition("server-id", diabetes, active)), summary.Options{}).Bundle.Encode())
	if !strings.Contains(got, "9999MPQRTV9") || strings.Contains(got, "pairwise-subject") || strings.Contains(got, "server-id") || strings.Contains(got, "identifier/passport") {
		t.Error(got)
	}
}

// TestDeterministic: the same record in any order gives the same document to the byte,
// and is not changed.
func TestDeterministic(t *testing.T) {
	for name, resources := range mothers(t) {
		before := fhirjson.List(resources...).Clone()
		want := string(document(t, summary.Record{Resources: resources}, summary.Options{}).Bundle.Encode())
		if !fhirjson.Equal(before, fhirjson.List(resources...)) {
			t.Fatalf("%s: the record was changed", name)
		}
		shuffled := before.Items()
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if got := string(document(t, summary.Record{Resources: shuffled}, summary.Options{}).Bundle.Encode()); got != want {
			t.Errorf("%s: another document", name)
		}
	}
}

// TestClosed: each reference leads to an entry, each entry has a name of its own, and
// every fact of the sections is in a narrative.
func TestClosed(t *testing.T) {
	for name, resources := range mothers(t) {
		made := document(t, summary.Record{Resources: resources}, summary.Options{})
		entries := map[string]bool{}
		for _, e := range made.Bundle.Get("entry").Items() {
			if url := e.Get("fullUrl").Str(); entries[url] || !strings.HasPrefix(url, "urn:uuid:") {
				t.Errorf("%s: fullUrl %q", name, url)
			} else {
				entries[url] = true
			}
		}
		references := 0
		made.Bundle.Strings(func(field, text string) string {
			if field == "reference" {
				references++
				if !entries[text] && !strings.HasPrefix(text, "#") {
					t.Errorf("%s: %s leads out of the document", name, text)
				}
			}
			return text
		})
		if references < 5 {
			t.Errorf("%s: %d references", name, references)
		}
	}
}

// TestNarrative tells what is to be read: value, unit, date, state, in her language.
func TestNarrative(t *testing.T) {
	made := document(t, summary.Record{Resources: mothers(t)["lk-whole-journey"], Withheld: summary.Withheld{Any: true, Classes: []string{"laboratory"}}},
		summary.Options{Language: "si", Display: func(system, code string) string {
			if code == "718-7" {
				return "රුධිර හිමොග්ලොබින්"
			}
			return ""
		}})
	results := section(t, made, "30954-2")
	for _, want := range []string{"රුධිර හිමොග්ලොබින්", "9.8 g/dL", "26 අගෝ 2025", "සම්පූර්ණ නොවිය හැක", `lang="si"`} {
		if !strings.Contains(results.Narrative, want) {
			t.Errorf("%s is not in %s", want, results.Narrative)
		}
	}
	note := parse(t, `{"resourceType":"Observation","id":"n","status":"preliminary","code":{"text":"Note"},"subject":{"reference":"Patient/1"},
		"text":{"status":"additional","div":"<div>said <b>only</b> here<script>no</script></div>"}}`)
	r := record(t, summary.Withheld{}, her)
	r.Resources = append(r.Resources, note)
	if got := section(t, document(t, r, summary.Options{}), "30954-2").Narrative; !strings.Contains(got, "preliminary; said only here<") {
		t.Error(got)
	}
}

// TestClinic: what is planned, what was not taken and not done, is told as that.
func TestClinic(t *testing.T) {
	for name, want := range map[string][2]string{
		"lk-folic-acid-false":        {"10160-0", "not taken"},
		"lk-rubella-false":           {"11369-6", "not done"},
		"lk-appointment-day":         {"18776-5", "proposed"},
		"lk-referral-values":         {"18776-5", "active"},
		"lk-blood-pressure-both":     {"8716-3", "mm"},
		"lk-two-enrollments":         {"10162-6", "Pregnant"},
		"who-sensitive-elements":     {"30954-2", ""},
		"lk-appointment-deleted":     {"10162-6", "Pregnant"},
		"lk-visit-booleans-true":     {"10162-6", "Present"},
		"lk-minimal-document":        {"48765-2", "No information"},
		"lk-disease-true-then-false": {"11450-4", "active"},
	} {
		resources := mothers(t)[name]
		if resources == nil {
			t.Errorf("no golden case %s", name)
			continue
		}
		if got := section(t, document(t, summary.Record{Resources: resources}, summary.Options{}), want[0]).Narrative; got == "" || !strings.Contains(got, want[1]) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestConfidentiality: the document is as confidential as the most confidential part.
func TestConfidentiality(t *testing.T) {
	for name, want := range map[string]string{"lk-minimal-document": "N", "lk-sensitivity-labels": "R"} {
		made := document(t, summary.Record{Resources: mothers(t)[name]}, summary.Options{})
		if got := made.Bundle.Get("entry").Items()[0].Get("resource", "confidentiality").Str(); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
