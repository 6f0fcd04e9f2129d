package validate

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/compile"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/rules"
)

func TestGeneratedFilesAreUpToDate(t *testing.T) {
	made, err := compile.Archive(shared(t, "ig/definitions-with-snapshots.tgz"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range made.Files() {
		got, err := os.ReadFile(filepath.FromSlash(name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the archive gives: run go generate ./nehr/validate", name)
		}
	}
}

func TestTableIsSmall(t *testing.T) {
	text, err := encoded()
	if err != nil || len(text) > 1<<20 || len(compressed) > 200_000 {
		t.Errorf("rules.bin.gz: got %d bytes, %d when decompressed, want at most 200,000 and 1 MiB; %v", len(compressed), len(text), err)
	}
}

// BenchmarkFirstUse reads the table, as the first validation of a program does.
func BenchmarkFirstUse(b *testing.B) {
	for b.Loop() {
		newRuleset()
	}
}

// A shape counts its properties and children in small numbers.
func TestShapesFitTheirCounters(t *testing.T) {
	r := load()
	for i := range r.table.Elements {
		e := &r.table.Elements[i]
		if n := r.newShape(e).count; n > 255 {
			t.Errorf("element %d: got %d properties, want at most 255", i, n)
		}
		if n := len(e.Children); n > 128 {
			t.Errorf("element %d: got %d children, want at most 128", i, n)
		}
		if n := len(e.Slices); n > maxSlices {
			t.Errorf("element %d: got %d slices, want at most %d", i, n, maxSlices)
		}
	}
}

func TestDecodeRefusesBrokenTables(t *testing.T) {
	if _, err := rules.Decode(""); err == nil {
		t.Error("an empty text was decoded")
	}
	text, err := encoded()
	if err != nil {
		t.Fatal(err)
	}
	for at := 20; at < len(text); at += 4999 {
		if _, err := rules.Decode(text[:at]); err == nil {
			t.Errorf("a table cut at %d was decoded", at)
		}
	}
	if _, err := rules.Decode(text + "x"); err == nil {
		t.Error("a table with something behind it was decoded")
	}
}

// exempt are the types whose invariants have no function, with the reason.
var exempt = map[string]string{
	"CapabilityStatement":         "describes a server",
	"CodeSystem":                  "a definition, never part of a record",
	"ConceptMap":                  "a definition, never part of a record",
	"CoverageEligibilityResponse": "insurance",
	"ElementDefinition":           "a data type of definitions",
	"Extension":                   "allergyintolerance-substanceExposureRisk: the expression asks for elements that no extension has",
	"Goal":                        "not exchanged here",
	"Group":                       "not exchanged here",
	"ImmunizationRecommendation":  "not exchanged here",
	"ImplementationGuide":         "a definition, never part of a record",
	"InsurancePlan":               "insurance",
	"Linkage":                     "not exchanged here",
	"Measure":                     "a definition, never part of a record",
	"MeasureReport":               "not exchanged here",
	"MessageDefinition":           "a definition, never part of a record",
	"MolecularSequence":           "not exchanged here",
	"NamingSystem":                "a definition, never part of a record",
	"OperationDefinition":         "a definition, never part of a record",
	"Parameters":                  "the envelope of operations, never part of a record",
	"Questionnaire":               "a definition, never part of a record",
	"QuestionnaireResponse":       "not exchanged here",
	"SearchParameter":             "a definition, never part of a record",
	"StructureDefinition":         "a definition, never part of a record",
	"StructureMap":                "a definition, never part of a record",
	"TerminologyCapabilities":     "describes a server",
	"TestReport":                  "tests of servers",
	"TestScript":                  "tests of servers",
	"ValueSet":                    "a definition, never part of a record",
}

func TestEveryInvariantHasAFunctionOrAReason(t *testing.T) {
	known, excused := map[string]bool{}, map[string]bool{}
	for _, c := range load().table.Constraints {
		known[c.ID] = true
		if invariants[c.ID] != nil || partOfEngine[c.ID] {
			continue
		}
		of, _, _ := strings.Cut(c.Path, ".")
		if exempt[of] == "" {
			t.Errorf("%s (%s: %s) has neither a function nor a reason to have none", c.ID, c.Path, c.Expression)
		}
		excused[of] = true
	}
	for id := range invariants {
		if !known[id] {
			t.Errorf("there is a function for %s, which is no invariant", id)
		}
	}
	for of := range exempt {
		if !excused[of] {
			t.Errorf("%s is exempt but has no invariant without a function", of)
		}
	}
	// The types that records here are made of are not to be exempt.
	for _, of := range []string{
		"Patient", "Practitioner", "PractitionerRole", "Organization", "Location", "Device", "Encounter", "Observation",
		"Condition", "MedicationStatement", "Immunization", "ServiceRequest", "Task", "Appointment", "Consent",
		"DetectedIssue", "Composition", "List", "DocumentReference", "Media", "Binary", "Provenance", "AuditEvent",
		"Bundle", "OperationOutcome", "AllergyIntolerance",
	} {
		if exempt[of] != "" {
			t.Errorf("%s may not be exempt", of)
		}
	}
}

func TestD101_PackNamesItsSourceAndOverlays(t *testing.T) {
	p := Pack()
	if len(p.SHA256) != 64 {
		t.Errorf("SHA256: got %q", p.SHA256)
	}
	if !slices.Contains(p.Overlays, OverlayPassportOptional) {
		t.Errorf("overlays: got %v", p.Overlays)
	}
	counts := map[string]int{}
	for _, x := range p.Profiles {
		counts[x.Package]++
	}
	if counts["national"] != 44 || counts["ips"] != 36 {
		t.Errorf("profiles: got %v, want 44 national and 36 of IPS", counts)
	}
	patient := ProfileInfo{"http://fhir.health.gov.lk/ips/StructureDefinition/ips-patient", "0.1.0", "Patient", "national"}
	if !slices.Contains(p.Profiles, patient) {
		t.Errorf("profiles: %v is missing", patient)
	}
}
