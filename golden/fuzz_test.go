package golden

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// FuzzReadOptions: whatever integrators write, it is read or refused, and what
// is read twice is the same.
func FuzzReadOptions(f *testing.F) {
	for _, seed := range []string{"", "mapping.names: split-last", "mapping: {names: split-last}", "zone: Asia/Colombo",
		"phn: {accept: scheme, scheme: chims}", "a: &a [*a]", "mapping: {a: {b: {c: 1}}}", "? x\n: y"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, errA := readOptions(data)
		b, errB := readOptions(data)
		if (errA == nil) != (errB == nil) || a.Names != b.Names || a.PHNScheme != b.PHNScheme || a.AppointmentMinutes != b.AppointmentMinutes {
			t.Errorf("read %+v (%v), then %+v (%v)", a, errA, b, errB)
		}
	})
}

// FuzzDifference: a document does not differ from itself, and two documents
// that differ in text have a difference.
func FuzzDifference(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Bundle","entry":[{"fullUrl":"urn:uuid:a","resource":{"resourceType":"Patient"}}]}`), []byte(`{"entry":[]}`))
	f.Add([]byte(`{"a":[1,{"b":null}]}`), []byte(`{"a":[1.0]}`))
	f.Add([]byte(`[]`), []byte(`{`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		file := func(data []byte) map[string][]byte { return map[string][]byte{fileBundle: data} }
		if d := compare(file(a), file(a)); d != nil {
			t.Errorf("a document differs from itself: %s", d)
		}
		if d := compare(file(a), file(b)); (d == nil) != (string(a) == string(b)) {
			t.Errorf("difference %v", d)
		}
		n, err := parse(a)
		if err != nil {
			return
		}
		if d := n.difference(n, "x"); d != nil {
			t.Errorf("a node differs from itself: %s", d)
		}
		for _, s := range []selection{{resource: "Patient"}, {resource: "Patient", element: "name"}, {resource: "Observation", code: "1"}} {
			got, err := s.apply(a)
			if err != nil {
				t.Errorf("select of what can be parsed: %v", err)
			}
			if !jsontext.Value(got).IsValid() {
				t.Errorf("selected %s is no JSON", got)
			}
		}
	})
}
