package validate

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNewNamesEveryWrongField(t *testing.T) {
	_, err := New(Config{Overlays: []string{"nothing"}, MaxBytes: -1, MaxDepth: -1})
	if err == nil {
		t.Fatal("a wrong Config was accepted")
	}
	for _, part := range []string{`"nothing"`, OverlayPassportOptional, "MaxBytes", "MaxDepth"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q lacks %s", err, part)
		}
	}
}

func TestOutcomeIsAnOperationOutcome(t *testing.T) {
	v := plainValidator(t)
	for _, text := range []string{
		`{"resourceType":"Patient"}`,
		`{"resourceType":"Patient","gender":"x","extension":[{"url":"http://example.org/x","valueString":"x"}]}`,
		`{`,
	} {
		got, err := v.Validate([]byte(text)).MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(got, []byte(`"resourceType":"OperationOutcome"`)) {
			t.Errorf("got %s", got)
		}
		wantRule(t, v.Validate(got))
	}
	outcome := v.Validate([]byte(`{"resourceType":"Patient","gender":"x"}`))
	got, err := outcome.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"code-invalid",` +
		`"details":{"text":"The code is not in the value set http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1."},` +
		`"diagnostics":"binding (http://hl7.org/fhir/StructureDefinition/Patient)","expression":["Patient.gender"]}]}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	if outcome.Errors() != 1 || outcome.OK() {
		t.Errorf("got %d errors, OK %v", outcome.Errors(), outcome.OK())
	}
}

func TestLocations(t *testing.T) {
	v := plainValidator(t)
	bundle := sample(t, "mother")
	for _, c := range []struct{ path, value, want string }{
		{"entry.0.resource.gender", `"x"`, "Bundle.entry[0].resource.gender"},
		{"entry.0.resource.identifier.2.system", `"x"`, "Bundle.entry[0].resource.identifier[2]"},
		{"entry.0.resource.name.0._family", `{"id":"x"}`, "Bundle.entry[0].resource.name[0].family"},
		{"entry.0.request.method", `"TAKE"`, "Bundle.entry[0].request.method"},
	} {
		got := v.Validate(edit(t, bundle, c.path, c.value).text())
		found := false
		for _, i := range got.Issues {
			found = found || i.Location == c.want
		}
		if !found {
			t.Errorf("%s: no issue at %s in %+v", c.path, c.want, got.Issues)
		}
	}
}

func TestProfilesThatTheCallerNames(t *testing.T) {
	v := plainValidator(t)
	text := []byte(`{"resourceType":"Patient","name":[{"text":"x"}]}`)
	wantRule(t, v.Validate(text))
	wantRule(t, v.Validate(text, "http://hl7.org/fhir/StructureDefinition/Patient|4.0.1"))
	wantRule(t, v.Validate(text, "http://hl7.org/fhir/StructureDefinition/Patient|3.0.0"), "profile-unknown")
	wantRule(t, v.Validate(text, "http://hl7.org/fhir/uv/ips/StructureDefinition/Patient-uv-ips"), "cardinality")
	wantRule(t, v.Validate(text, "http://hl7.org/fhir/StructureDefinition/Observation"), "profile-type")
}

func TestUnknownExtensionIsInformation(t *testing.T) {
	got := plainValidator(t).Validate([]byte(`{"resourceType":"Patient","extension":[{"url":"http://example.org/x","valueString":"x"}]}`))
	want := []Issue{{
		Severity: Information, Code: "informational", Location: "Patient.extension[0]", Rule: "extension-unknown",
		Profile: "http://hl7.org/fhir/StructureDefinition/Patient", Diagnostics: "No definition of this extension is at hand.",
	}}
	if diff := cmp.Diff(want, got.Issues); diff != "" {
		t.Error(diff)
	}
}

// A resource that keeps its profile in a trial is still reported on.
func TestTrialsWithholdNothing(t *testing.T) {
	bundle := edit(t, sample(t, "mother"), "entry.0.resource.name.0.extension", `[{"url":"http://example.org/x","valueString":"x"}]`)
	got := plainValidator(t).Validate(bundle.text())
	if !got.OK() || len(got.Issues) != 1 || got.Issues[0].Location != "Bundle.entry[0].resource.name[0].extension[0]" {
		t.Errorf("got %+v, want one information", got.Issues)
	}
}

func TestBundles(t *testing.T) {
	v := plainValidator(t)
	bundle := sample(t, "small")
	for _, c := range []struct {
		name, path, value string
		want              []string
	}{
		{"as it is", "type", `"transaction"`, nil},
		{"another type", "type", `"collection"`, []string{"bdl-3 Bundle", "pattern"}},
		{"the same fullUrl twice", "entry.8.fullUrl", bundle.get("entry").members[7].get("fullUrl").raw, []string{"bdl-7 Bundle"}},
		{"relative fullUrl", "entry.8.fullUrl", `"Appointment/1"`, []string{"full-url Bundle.entry[8]"}},
		{"fullUrl of another id", "entry.8.fullUrl", `"http://example.org/fhir/Appointment/1"`, []string{"full-url Bundle.entry[8]"}},
		{"fullUrl with a version", "entry.8.fullUrl", `"http://example.org/x/_history/1"`, []string{"bdl-8 Bundle.entry[8]"}},
		{"entry without fullUrl that refers", "entry.8.fullUrl", ``, []string{"full-url"}},
		{"no request", "entry.8.request", ``, []string{"bdl-3"}},
		{"no url", "entry.8.request.url", ``, []string{"cardinality Bundle.entry[8].request"}},
		{"PUT to another type", "entry.8.request.url", `"Patient/1"`, []string{"transaction-request Bundle.entry[8].request"}},
		{"PUT without a resource", "entry.8.resource", ``, []string{"transaction-request Bundle.entry[8]"}},
		{"total", "total", `9`, []string{"bdl-1 Bundle"}},
		{"search", "entry.8.search", `{"mode":"match"}`, []string{"bdl-2"}},
		{"response", "entry.8.response", `{"status":"200"}`, []string{"bdl-4"}},
		{"reference that leads nowhere", "entry.8.resource.participant.0.actor.reference", `"urn:uuid:6e9c1f0e-0000-4000-8000-000000000099"`, []string{"bundle-reference Bundle.entry[8].resource.participant[0].actor"}},
		{"reference of no form", "entry.8.resource.participant.0.actor.reference", `"Patient"`, []string{"reference-form"}},
		{"reference to another type", "entry.8.resource.participant.0.actor.reference", bundle.get("entry").members[8].get("fullUrl").raw, []string{"reference-type"}},
		{"no patient", "entry.0", `{"fullUrl":"urn:uuid:6e9c1f0e-0000-4000-8000-000000000099","resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}}`, []string{"slice Bundle.entry", "bundle-reference"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantRule(t, v.Validate(edit(t, bundle, c.path, c.value).text()), c.want...)
		})
	}
}

func TestReferencedEntryKeepsTheProfileAskedFor(t *testing.T) {
	v := plainValidator(t)
	bundle := sample(t, "mother")
	// The midwife loses her telecom, which the profile of those who refer to her
	// demands, and no longer claims the profile herself.
	at := -1
	for i, e := range bundle.get("entry").members {
		if e.get("resource").get("resourceType").unquoted() == "Practitioner" {
			at = i
		}
	}
	path := "entry." + string(rune('0'+at)) + ".resource"
	changed := edit(t, edit(t, bundle, path+".telecom", ""), path+".meta", "")
	got := v.Validate(changed.text())
	found := false
	for _, i := range got.Issues {
		found = found || i.Rule == "reference-profile" && strings.HasSuffix(i.Location, ".performer[0]")
	}
	if !found {
		t.Errorf("no issue about a reference to her among %d", len(got.Issues))
	}
}

func TestDocuments(t *testing.T) {
	v := plainValidator(t)
	doc := sample(t, "document")
	wantRule(t, v.Validate(doc.text()))
	orphan := doc.clone()
	list := orphan.get("entry")
	extra, err := parseTree([]byte(`{"fullUrl":"urn:uuid:6e9c1f0e-0000-4000-8000-000000000099","resource":{"resourceType":"Patient","active":true}}`))
	if err != nil {
		t.Fatal(err)
	}
	list.members = append(list.members, extra)
	wantRule(t, v.Validate(orphan.text()), "document-orphan Bundle.entry[4]")
	wantRule(t, v.Validate(edit(t, doc, "entry.0.resource.author.0.reference", `"Practitioner/9"`).text()),
		"document-reference Bundle.entry[0].resource.author[0]", "document-orphan")
	wantRule(t, v.Validate(edit(t, doc, "entry.3.fullUrl", "").text()), "full-url Bundle.entry[3]", "full-url", "document-reference")
	wantRule(t, v.Validate(edit(t, doc, "timestamp", "").text()), "bdl-10")
	wantRule(t, v.Validate(edit(t, doc, "identifier", "").text()), "bdl-9")
	wantRule(t, v.Validate(edit(t, doc, "entry.0", "").text()), "bdl-11", "document-orphan")
}

func TestConcurrentUse(t *testing.T) {
	v := plainValidator(t)
	good, err := os.ReadFile("testdata/mother.json")
	if err != nil {
		t.Fatal(err)
	}
	bad := edit(t, sample(t, "mother"), "entry.0.resource.gender", `"x"`).text()
	want := v.Validate(bad)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 10 {
				if got := v.Validate(good); !got.OK() {
					t.Errorf("got %+v", got.Issues)
				}
				if diff := cmp.Diff(want, v.Validate(bad)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
	wait.Wait()
}

func TestFewAllocations(t *testing.T) {
	v := plainValidator(t)
	text, err := os.ReadFile("testdata/mother.json")
	if err != nil {
		t.Fatal(err)
	}
	if got := testing.AllocsPerRun(50, func() { v.Validate(text) }); got > 60 {
		t.Errorf("got %.0f allocations, want at most 60", got)
	}
}

// However much is wrong, what is reported stays short.
func TestIssuesAreBounded(t *testing.T) {
	v := plainValidator(t)
	text := `{"resourceType":"Patient","name":[` + strings.Repeat(`{"x":1},`, 50_000) + `{"x":1}]}`
	if got := len(v.Validate([]byte(text)).Issues); got > maxIssues+1 {
		t.Errorf("got %d issues, want at most %d", got, maxIssues+1)
	}
}
