package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAttack feeds the commands what an attacker or a broken export might:
// each is a clear error that names place and cure, with the exit code of the
// architecture, nothing on stdout that could be taken for a result, no crash,
// and nothing of a person's value in the message.
func TestAttack(t *testing.T) {
	const secret = "SecretValueOfAPerson"
	const uid = "SampleTEx01"
	large := `{"trackedEntity":"` + uid + `","attributes":[{"value":"` + strings.Repeat(secret, 5<<20) + `"}]}`
	tests := []struct {
		name string
		args []string
		in   string
		code int
		want string // in the message
	}{
		{"truncated", []string{"map"}, `{"trackedEntity":"` + uid + `","attributes":[{"value":"` + secret, exitFound, "cut off"},
		{"number for text", []string{"map"}, `{"trackedEntity":"` + uid + `","attributes":[{"value":12}]}`, exitFound, "/attributes/0/value"},
		{"text for array", []string{"map"}, `{"trackedEntity":"` + uid + `","attributes":"` + secret + `"}`, exitFound, "want an array"},
		{"100 MB", []string{"map"}, large, exitUsage, "larger than 64 MiB"},
		{"deep nesting", []string{"map"}, `{"trackedEntity":"` + uid + `","x":` + strings.Repeat("[", 200_000), exitFound, "nested too deeply"},
		{"deep nesting in a value", []string{"map"}, `{"trackedEntity":"` + uid + `","relationships":[{"from":` + strings.Repeat(`{"a":`, 200_000), exitFound, "nested too deeply"},
		{"invalid UTF-8", []string{"map"}, "{\"trackedEntity\":\"" + uid + "\",\"attributes\":[{\"value\":\"" + secret + "\xff\"}]}", exitFound, "UTF-8"},
		{"duplicate key", []string{"map"}, `{"trackedEntity":"` + uid + `","trackedEntity":"` + uid + `"}`, exitFound, "stands twice"},
		{"two documents", []string{"map"}, `{"trackedEntity":"` + uid + `"}{"trackedEntity":"` + uid + `"}`, exitFound, "not JSON"},
		{"byte order mark and nothing", []string{"map"}, "\ufeff", exitFound, "not JSON"},
		{"nothing", []string{"map"}, "", exitFound, "empty"},
		{"null", []string{"map"}, "null", exitFound, "trackedEntity"},
		{"unknown program", []string{"map"}, `{"trackedEntity":"` + uid + `","enrollments":[{"program":"SamplePRx01"}]}`, exitFound, "not-enrolled"},
		{"another type", []string{"map"}, `{"trackedEntity":"` + uid + `","trackedEntityType":"SampleTYx01"}`, exitFound, "other-type"},
		{"validate: not FHIR", []string{"validate"}, `{"resourceType":"` + secret + `"}`, exitFound, ""},
		{"validate: deep", []string{"validate"}, strings.Repeat("[", 200_000), exitFound, ""},
		{"validate: no profile of that name", []string{"validate", "--profile", "urn:none"}, `{"resourceType":"Patient"}`, exitFound, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			got := run(t.Context(), tt.args, stdio{strings.NewReader(tt.in), &out, &errs, nil})
			if got != tt.code {
				t.Errorf("exit code %d, want %d: %.300s", got, tt.code, errs.String())
			}
			if tt.args[0] == "map" && out.Len() > 0 {
				t.Errorf("stdout holds %d bytes, want none", out.Len())
			}
			if tt.args[0] == "validate" && !strings.Contains(out.String(), "OperationOutcome") {
				t.Error("no OperationOutcome on stdout")
			}
			if !strings.Contains(errs.String(), tt.want) {
				t.Errorf("message %.300q does not say %q", errs.String(), tt.want)
			}
			if strings.Contains(errs.String(), secret) || strings.Contains(out.String(), secret) {
				t.Error("the message holds a value")
			}
			if errs.Len() > 4096 {
				t.Errorf("the message has %d bytes", errs.Len())
			}
		})
	}
}

// TestAttackMap feeds UID maps that must be refused at start, with every
// mistake at once.
func TestAttackMap(t *testing.T) {
	tests := []struct {
		name, yaml string
		want       []string
	}{
		{"mistakes at once", "extends: lk-anc\nstages:\n  - uid: GX0z9IXFaso\n    elements:\n      - uid: cw35l7X4hnV\n        code: {system: loinc, code: 718-8, display: wrong check digit}\n        unit: g/gallon\n",
			[]string{"718-8", "g/gallon"}},
		{"unknown key", "extends: lk-anc\nprogramme: eozjj9UivfS\n", []string{"programme"}},
		{"bomb", "attributes: &a [x,x,x,x,x,x,x,x,x]\nstages: [*a,*a,*a,*a,*a,*a,*a,*a]\n", []string{"alias"}},
		{"not YAML", "\t{{{", nil},
		{"nothing", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "map.yaml")
			if err := os.WriteFile(file, []byte(tt.yaml), 0o600); err != nil {
				t.Fatal(err)
			}
			var out, errs bytes.Buffer
			got := run(t.Context(), []string{"map"}, stdio{strings.NewReader("{}"), &out, &errs, []string{"NEHRBRIDGE_MAPS=" + file}})
			if got != exitUsage || out.Len() > 0 {
				t.Errorf("exit code %d with %d bytes on stdout, want %d with none", got, out.Len(), exitUsage)
			}
			if !strings.Contains(errs.String(), "map.yaml") {
				t.Errorf("the message does not name the file: %s", errs.String())
			}
			for _, want := range tt.want {
				if !strings.Contains(errs.String(), want) {
					t.Errorf("the message does not name %q:\n%s", want, errs.String())
				}
			}
		})
	}
}
