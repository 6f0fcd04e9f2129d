package summary_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/summary"
)

// at is when the documents of the tests are made.
var at = time.Date(2025, 9, 1, 8, 30, 0, 0, time.FixedZone("", 5*3600+1800))

// mothers gives the record of every golden case as the NEHR would hold it: each
// entry of the wanted transaction with its id, each reference relative.
func mothers(t testing.TB) map[string][]*fhirjson.Value {
	t.Helper()
	files, err := filepath.Glob("../../golden/*/want.json")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d golden cases (%v): the test looks at too few", len(files), err)
	}
	cases := map[string][]*fhirjson.Value{}
	for _, file := range files {
		document, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		bundle, err := fhirjson.Parse(document)
		if err != nil {
			t.Fatal(err)
		}
		if list := stored(bundle); list != nil {
			cases[filepath.Base(filepath.Dir(file))] = list
		}
	}
	return cases
}

// stored are the resources of a transaction; nil where it has no Patient.
func stored(bundle *fhirjson.Value) (list []*fhirjson.Value) {
	types, patient := map[string]string{}, false
	for _, e := range bundle.Get("entry").Items() {
		types[e.Get("fullUrl").Str()] = e.Get("resource", "resourceType").Str()
	}
	for _, e := range bundle.Get("entry").Items() {
		r := e.Get("resource")
		if r == nil {
			continue
		}
		patient = patient || r.Get("resourceType").Str() == "Patient"
		r.Set("id", fhirjson.Text(strings.TrimPrefix(e.Get("fullUrl").Str(), "urn:uuid:")))
		r.Strings(func(field, text string) string {
			if id, found := strings.CutPrefix(text, "urn:uuid:"); found && field == "reference" {
				return types[text] + "/" + id
			}
			return text
		})
		list = append(list, r)
	}
	if !patient {
		return nil
	}
	return list
}

func document(t testing.TB, record summary.Record, options summary.Options) *summary.Summary {
	t.Helper()
	if options.At.IsZero() {
		options.At = at
	}
	made, err := summary.Document(record, options)
	if err != nil {
		t.Fatal(err)
	}
	return made
}
