package golden

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/mapper"
)

const invented = `{"trackedEntity":"UdaharanaA1","trackedEntityType":"MxdEsVAegt5","enrollments":[
	{"enrollment":"enrolment01","program":"eozjj9UivfS","status":"ACTIVE","enrolledAt":"2025-06-02",
	 "attributes":[{"attribute":"IrUmPkFMDU5","value":"9999MPQRTV9"},{"attribute":"p7zizFkC6Lv","value":"Female"},
	  {"attribute":"Yie7mOY913J","value":"1996-03-09"}]}]}`

// newCase makes a folder with files, by pairs of name and text.
func newCase(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// run runs the one case in dir.
func run(t *testing.T, dir string, opts Options) Result {
	t.Helper()
	report, err := Run(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Results) != 1 {
		t.Fatalf("%d results, want 1", len(report.Results))
	}
	return report.Results[0]
}

func filesIn(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func TestRunBroken(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files []string
		want  string
	}{
		{"no document", []string{fileBundle, "{}"}, "no in.json"},
		{"misspelt file", []string{fileIn, invented, "option.yaml", "mapping.names: split-last"}, "option.yaml is no file of a case"},
		{"document cut off", []string{fileIn, invented[:60]}, "in.json"},
		{"document twice the same key", []string{fileIn, `{"trackedEntity":"UdaharanaA1","trackedEntity":"UdaharanaB2"}`}, "in.json"},
		{"before cut off", []string{fileIn, invented, fileBefore, "{"}, "before.json"},
		{"context of another shape", []string{fileIn, invented, fileContext, `{"users":{}}`}, "context.json"},
		{"unknown setting", []string{fileIn, invented, fileOptions, "mapping.nams: split-last"}, "mapping.nams: no setting of a mapping"},
		{"nested unknown setting", []string{fileIn, invented, fileOptions, "mapping: {nams: split-last}"}, "mapping.nams: no setting of a mapping"},
		{"setting of another shape", []string{fileIn, invented, fileOptions, "mapping.names: [split-last]"}, "mapping.names: want a text or a whole number"},
		{"unknown zone", []string{fileIn, invented, fileOptions, "zone: Asia/Kolombo"}, "zone: want the IANA name"},
		{"minutes as a word", []string{fileIn, invented, fileOptions, "mapping.appointment_minutes: half an hour"}, "want a whole number of minutes"},
		{"value that the mapper refuses", []string{fileIn, invented, fileOptions, "mapping.names: guess"}, "Names: want absent or split-last"},
		{"write of another word", []string{fileIn, invented, fileOptions, "nehr.write: put"}, "nehr.write: want by-id or conditional"},
		{"PHN rule of another word", []string{fileIn, invented, fileOptions, "phn.accept: all"}, "phn.accept: want any or scheme"},
		{"options no YAML", []string{fileIn, invented, fileOptions, "a: [b"}, "options.yaml"},
		{"wrong map", []string{fileIn, invented, fileMap, "extends: lk-and"}, "no map of this name"},
		{"empty selection", []string{fileIn, invented, fileSelect, " \n"}, "select.txt: want a resource type"},
		{"selection of three words", []string{fileIn, invented, fileSelect, "Observation 8302-2 8462-4"}, "select.txt"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := newCase(t, tt.files...)
			before := filesIn(t, dir)
			for _, update := range []bool{false, true} {
				got := run(t, dir, Options{Update: update})
				if got.Status != Broken {
					t.Fatalf("status %s, want broken", got.Status)
				}
				if !strings.Contains(got.String(), tt.want) {
					t.Errorf("got %q, want it to say %q", got, tt.want)
				}
			}
			if after := filesIn(t, dir); after != before {
				t.Errorf("files %s, want %s as before: a broken case is never written", after, before)
			}
		})
	}
}

func TestRunNoCases(t *testing.T) {
	if _, err := Run(t.TempDir(), Options{}); !errors.Is(err, ErrNoCases) {
		t.Errorf("empty directory: got %v, want ErrNoCases", err)
	}
	if _, err := Run(filepath.Join(t.TempDir(), "none"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no directory: got %v, want not exist", err)
	}
}

// From nothing to a golden, and back to a difference when the document changes.
func TestRunUpdate(t *testing.T) {
	dir := newCase(t, fileIn, invented, fileWhy, "It is for the runner.\nA second line.")
	if got := run(t, dir, Options{}); got.Status != Missing || got.Why != "It is for the runner." {
		t.Fatalf("first run: %+v, want missing", got)
	}
	if got := run(t, dir, Options{Update: true}); got.Status != Updated {
		t.Fatalf("update: %v, want updated", got)
	}
	if got, want := filesIn(t, dir), "in.json want.json why.txt"; got != want {
		t.Errorf("files %s, want %s: no issues, no file", got, want)
	}
	for _, update := range []bool{false, true} {
		if got := run(t, dir, Options{Update: update}); got.Status != OK {
			t.Errorf("after the update: %v, want ok", got)
		}
	}
	write(t, dir, fileIn, strings.Replace(invented, `"Female"`, `"Male"`, 1))
	got := run(t, dir, Options{})
	if want := `.: want.json: Bundle.entry[0].resource.gender: want "female", got "male"`; got.String() != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	// The PHN goes: the bundle's place is taken by the refusal.
	write(t, dir, fileIn, strings.Replace(invented, "9999MPQRTV9", " ", 1))
	if got := run(t, dir, Options{}); got.Status != Different || got.Difference.File != fileRefusal {
		t.Errorf("refusal: got %v, want a difference in %s", got, fileRefusal)
	}
	if got := run(t, dir, Options{Update: true}); got.Status != Updated {
		t.Errorf("refusal: got %v, want updated", got)
	}
	if got, want := filesIn(t, dir), "in.json want-refusal.txt why.txt"; got != want {
		t.Errorf("files %s, want %s", got, want)
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// What a validator refuses never becomes a golden.
func TestRunCheck(t *testing.T) {
	dir := newCase(t, fileIn, invented)
	refused := errors.New("no bundle is good enough")
	got := run(t, dir, Options{Update: true, Check: func(bundle []byte, cfg mapper.Config) error {
		if len(bundle) == 0 || len(cfg.Maps) == 0 {
			t.Error("the check is given neither bundle nor configuration")
		}
		return refused
	}})
	if got.Status != Broken || !errors.Is(got.Err, refused) {
		t.Errorf("got %v, want broken by the check", got)
	}
	if got, want := filesIn(t, dir), "in.json"; got != want {
		t.Errorf("files %s, want %s", got, want)
	}
}

func TestValidNamesTheErrors(t *testing.T) {
	err := Valid([]byte(`{"resourceType":"Patient","gender":"femail"}`), mapper.Config{})
	if err == nil || !strings.Contains(err.Error(), "Patient.gender") {
		t.Errorf("got %v, want an error at Patient.gender", err)
	}
}

func TestRunSeveral(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"b", "a", filepath.Join("nested", "c"), ".hidden", "empty"} {
		if err := os.MkdirAll(filepath.Join(root, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if name != "empty" {
			write(t, filepath.Join(root, name), fileIn, invented)
		}
	}
	write(t, filepath.Join(root, "b"), fileIn, "{")
	report, err := Run(root, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range report.Results {
		names = append(names, r.Name)
	}
	if got, want := strings.Join(names, " "), "a b nested/c"; got != want {
		t.Errorf("cases %s, want %s", got, want)
	}
	if report.OK() {
		t.Error("a report with missing and broken cases is not OK")
	}
	if got, want := report.String(), "3 cases, 2 missing, 1 broken"; !strings.HasSuffix(got, want) {
		t.Errorf("got %s, want at the end %s", got, want)
	}
}

func TestReportAsJSON(t *testing.T) {
	dir := newCase(t, fileIn, invented, fileSelect, "Patient.gender", fileBundle, `{"resourceType":"Patient","gender":"male"}`, fileWhy, "It is for the report.")
	report, err := Run(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	report.Results = append(report.Results, Result{Name: "b", Status: Broken, Err: errors.New("cut off")})
	got, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"cases":[{"name":".","why":"It is for the report.","status":"different",` +
		`"difference":{"file":"want.json","path":"Patient.gender","want":"\"male\"","got":"\"female\""}},` +
		`{"name":"b","status":"broken","error":"cut off"}]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
