package fhirjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

func TestParseKeepsDigitsAndOrder(t *testing.T) {
	in := `{"resourceType":"Observation","b":[1,10.50,1e3,-0.0],"a":{"x":null,"y":true,"z":"ශ්‍රී \"q\" <&>"}}`
	v, err := Parse([]byte(" " + in + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, string(v.Encode())); diff != "" {
		t.Error(diff)
	}
	if got, want := string(v.Get("b").Canonical()), "[1,10.50,1e3,-0.0]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"duplicate name", `{"a":1,"a":"SECRET"}`, "a field stands twice"},
		{"bad UTF-8", "{\"a\":\"SECRET\xff\"}", "UTF-8"},
		{"cut", `{"a":"SECRET`, "too early"},
		{"empty", ``, "too early"},
		{"two documents", `{} {"SECRET":1}`, "goes on after its end"},
		{"deep", strings.Repeat("[", 101) + strings.Repeat("]", 101), "nested deeper"},
		{"not JSON", `<html>SECRET</html>`, "not valid JSON"},
		{"trailing comma", `[1,]`, "not valid JSON"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse([]byte(tt.in))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want an error with %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "SECRET") {
				t.Errorf("the error quotes the document: %v", err)
			}
		})
	}
	if _, err := Parse([]byte(strings.Repeat("[", 5000))); !errors.Is(err, ErrDepth) {
		t.Errorf("got %v, want ErrDepth", err)
	}
	if _, err := Parse([]byte(strings.Repeat("[", 100) + strings.Repeat("]", 100))); err != nil {
		t.Errorf("100 levels are allowed: %v", err)
	}
}

func TestEqualIgnoresOrderOnly(t *testing.T) {
	tests := []struct {
		name, a, b string
		want       bool
	}{
		{"member order", `{"a":1,"b":{"c":2,"d":3}}`, `{"b":{"d":3,"c":2},"a":1}`, true},
		{"array order", `[1,2]`, `[2,1]`, false},
		{"digits", `10.50`, `10.5`, false},
		{"text and number", `"1"`, `1`, false},
		{"field missing", `{"a":1,"b":2}`, `{"a":1,"c":2}`, false},
		{"one field more", `{"a":1}`, `{"a":1,"b":null}`, false},
		{"null and false", `null`, `false`, false},
		{"white space", `{ "a" : [ ] }`, `{"a":[]}`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, errA := Parse([]byte(tt.a))
			b, errB := Parse([]byte(tt.b))
			if err := errors.Join(errA, errB); err != nil {
				t.Fatal(err)
			}
			if got := Equal(a, b); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if got := string(a.Canonical()) == string(b.Canonical()); got != tt.want {
				t.Errorf("canonical forms: got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestChange(t *testing.T) {
	v, err := Parse([]byte(`{"resourceType":"Patient","name":[{"given":["A","B"]},{"given":["C"]}],"x":1}`))
	if err != nil {
		t.Fatal(err)
	}
	var given []string
	for _, g := range v.All("name.given") {
		given = append(given, g.Str())
	}
	if diff := cmp.Diff([]string{"A", "B", "C"}, given); diff != "" {
		t.Error(diff)
	}
	c := v.Clone()
	c.SetFirst(1, "id", Text("1"))
	c.Set("x", Literal("2.0"))
	c.Set("y", Bool(true))
	c.Delete("absent")
	c.Strings(func(field, s string) string {
		if field == "given" {
			return strings.ToLower(s)
		}
		return s
	})
	c.Get("name").Append(Fields(F("text", Text("D")), F("left", nil)))
	want := `{"resourceType":"Patient","id":"1","name":[{"given":["a","b"]},{"given":["c"]},{"text":"D"}],"x":2.0,"y":true}`
	if diff := cmp.Diff(want, string(c.Encode())); diff != "" {
		t.Error(diff)
	}
	if got := v.Get("x").Scalar(); got != "1" {
		t.Errorf("the original changed: x = %s", got)
	}
	if v.Get("no", "such").Str() != "" || v.Get("x", "y") != nil {
		t.Error("a missing path must be nil")
	}
}

// FuzzParse holds the parser to jsontext: the same documents are accepted, with
// the same content. Only the bound on depth is our own.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"resourceType":"Patient","_birthDate":{"extension":[]},"a":[null,1.50,"x"]}`,
		`{"a":"\u0dc1\ud83d\ude00\n","b":-0.0e+10,"c":[[],{}]}`,
		`{"a":1,"a":2}`, `{"\u0061":1,"a":2}`, `"\ud800"`, "\"\xff\"", `01`, `1.`, `-`, `[1,]`, `{"a":}`, ` {} x`, `nul`, "\"\t\"",
	} {
		f.Add([]byte(seed))
	}
	var wide strings.Builder
	for i := range 40 {
		fmt.Fprintf(&wide, `,"f%d":%d`, i, i)
	}
	f.Add([]byte(`{` + wide.String()[1:] + `}`))
	f.Add([]byte(`{` + wide.String()[1:] + `,"f39":1}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		v, err := Parse(in)
		if errors.Is(err, ErrDepth) {
			return
		}
		want := jsontext.Value(in)
		if (err == nil) != want.IsValid() {
			t.Fatalf("got %v for %q, jsontext says valid: %v", err, in, want.IsValid())
		}
		if err != nil {
			return
		}
		got := jsontext.Value(v.Encode())
		// Canonicalize would round numbers; Format only spells strings and space.
		if e := errors.Join(got.Format(jsontext.CanonicalizeRawInts(false)), want.Format(jsontext.CanonicalizeRawInts(false))); e != nil {
			t.Fatal(e)
		}
		if string(got) != string(want) {
			t.Fatalf("got %s, want %s", got, want)
		}
		again, err := Parse(v.Encode())
		if err != nil || !Equal(v, again) {
			t.Fatalf("encoding changed the value: %v", err)
		}
	})
}

// BenchmarkParse decodes one Observation as it comes from a server, beside what
// the standard decoder into any costs.
func BenchmarkParse(b *testing.B) {
	doc := []byte(`{"resourceType":"Observation","id":"0a3dbcd3-0b4e-4a1c-892a-d9fe9b7b10aa","meta":{"versionId":"1","lastUpdated":"2026-11-22T13:52:59.571+00:00","source":"#w0otIvDIeNe8lEvf","profile":["http://fhir.health.gov.lk/ips/StructureDefinition/generic-observation"]},"identifier":[{"system":"urn:dhis2:dataelement:uid","value":"bEPWxMXbAdX-cw35l7X4hnV"}],"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"718-7","display":"Hemoglobin"},{"system":"urn:dhis2:dataElement","code":"cw35l7X4hnV"}],"text":"Haemoglobin"},"subject":{"reference":"Patient/4fb1dca5-6e46-42da-ae1d-310628ac9dc3"},"encounter":{"reference":"Encounter/4fb1dca5-6e46-42da-ae1d-310628ac9dc4"},"effectiveDateTime":"2026-03-01","issued":"2026-03-01T10:00:00+05:30","performer":[{"reference":"Practitioner/1"},{"reference":"Organization/2"}],"valueQuantity":{"value":10.50,"unit":"g/dL","system":"http://unitsofmeasure.org","code":"g/dL"},"device":{"reference":"Device/3"}}`)
	b.Run("Parse", func(b *testing.B) {
		b.SetBytes(int64(len(doc)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Parse(doc); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding_json", func(b *testing.B) {
		b.SetBytes(int64(len(doc)))
		b.ReportAllocs()
		for b.Loop() {
			var v any
			if err := json.Unmarshal(doc, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// What is added to one part of a copy does not reach into another.
func TestCloneHasPartsOfItsOwn(t *testing.T) {
	in := `{"a":{"x":1},"b":[1,2],"c":[{"y":[3]},[]],"d":{"z":null}}`
	v, err := Parse([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	c := v.Clone()
	if got := string(c.Encode()); got != in {
		t.Fatalf("got %s", got)
	}
	c.Get("a").Set("more", Text("a"))
	c.Get("b").Append(Text("b"))
	c.Get("c").Items()[0].Get("y").Append(Text("y"))
	c.Set("e", Text("e"))
	want := `{"a":{"x":1,"more":"a"},"b":[1,2,"b"],"c":[{"y":[3,"y"]},[]],"d":{"z":null},"e":"e"}`
	if got := string(c.Encode()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := string(v.Encode()); got != in {
		t.Errorf("the first is %s now", got)
	}
}
