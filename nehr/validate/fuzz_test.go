package validate

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// FuzzResource: no text makes the validator panic, and what it reads as JSON
// jsontext reads too.
func FuzzResource(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if len(text) < 8<<10 {
			f.Add(text)
		}
	}
	for _, text := range minimal {
		f.Add([]byte(text))
	}
	v := plainValidator(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		got := v.Validate(text)
		if len(got.Issues) > maxIssues+1 {
			t.Errorf("%d issues", len(got.Issues))
		}
		if _, err := got.MarshalJSON(); err != nil {
			t.Error(err)
		}
		var d document
		parsed := d.parse(text, load().names, defaultMaxDepth) == nil
		value := jsontext.Value(text)
		strict := value.IsValid(jsontext.AllowDuplicateNames(true))
		if parsed && !strict {
			t.Errorf("jsontext refuses %q", text)
		}
	})
}

// FuzzUnit: no unit makes the reader panic, and a unit with an annotation behind
// it is one.
func FuzzUnit(f *testing.F) {
	for _, s := range []string{"mm[Hg]", "10*3/uL", "g.m-2", "{a}", "ng/(mL.h)", "m/s2", "k[", "10^"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if isUnit([]byte(s)) && !isUnit([]byte(s+"/{x}")) {
			t.Errorf("%q is a unit, with /{x} it is none", s)
		}
	})
}
