package golden

import (
	"strings"
	"testing"
)

func TestDifference(t *testing.T) {
	const entryA = `{"fullUrl":"urn:uuid:a","resource":{"resourceType":"Patient","identifier":[{"system":"s","value":"1"}]}}`
	const entryB = `{"fullUrl":"urn:uuid:b","resource":{"resourceType":"Encounter","status":"finished"}}`
	for _, tt := range []struct{ name, want, got, say string }{
		{"value", `{"resourceType":"Patient","gender":"male"}`, `{"resourceType":"Patient","gender":"female"}`,
			`want.json: Patient.gender: want "male", got "female"`},
		{"digits", `{"a":10.50}`, `{"a":10.5}`, `want.json: a: want 10.50, got 10.5`},
		{"missing", `{"a":1,"b":2}`, `{"a":1}`, `want.json: b: want 2, got nothing`},
		{"additional", `{"a":1}`, `{"a":1,"b":{"c":2}}`, `want.json: b: want nothing, got {"c":2}`},
		{"another kind", `{"a":[1]}`, `{"a":1}`, `want.json: a: want [1], got 1`},
		{"shorter array", `{"a":[1,2]}`, `{"a":[1]}`, `want.json: a[1]: want 2, got nothing`},
		{"longer array", `{"a":[1]}`, `{"a":[1,2]}`, `want.json: a[1]: want nothing, got 2`},
		{"order of members", "{\n\"a\":1,\n\"b\":2}", "{\n\"b\":2,\n\"a\":1}", `want.json: line 2: want "a":1,, got "b":2,`},
		{"lost entry", `{"resourceType":"Bundle","entry":[` + entryA + `,` + entryB + `]}`, `{"resourceType":"Bundle","entry":[` + entryB + `]}`,
			`want.json: Bundle.entry[0]: want Patient s|1, got nothing`},
		{"new entry", `{"resourceType":"Bundle","entry":[` + entryB + `]}`, `{"resourceType":"Bundle","entry":[` + entryA + `,` + entryB + `]}`,
			`want.json: Bundle.entry[0]: want nothing, got Patient s|1`},
		{"no JSON", `{"a":`, `{"a":1}`, `want.json: want a JSON document, got `},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := compare(map[string][]byte{fileBundle: []byte(tt.want)}, map[string][]byte{fileBundle: []byte(tt.got)})
			if d == nil {
				t.Fatal("no difference found")
			}
			if !strings.HasPrefix(d.String(), tt.say) {
				t.Errorf("got %s\nwant %s", d, tt.say)
			}
		})
	}
}

func TestDifferenceOfTexts(t *testing.T) {
	for _, tt := range []struct{ name, file, want, got, say string }{
		{"line", fileIssues, "one\ntwo\n", "one\nthree\n", "issues.txt: line 2: want two, got three"},
		{"line too many", fileIssues, "one\n", "one\ntwo\n", "issues.txt: line 2: want nothing, got two"},
		{"refusal in the place of a bundle", fileRefusal, "", "quarantined: why\n", "want-refusal.txt: line 1: want nothing, got quarantined: why"},
		{"long value", fileChange, "", strings.Repeat("x", 300), "want-change.txt: line 1: want nothing, got " + strings.Repeat("x", 200) + "…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := compare(map[string][]byte{tt.file: []byte(tt.want)}, map[string][]byte{tt.file: []byte(tt.got)})
			if d == nil || d.String() != tt.say {
				t.Errorf("got %v\nwant %s", d, tt.say)
			}
		})
	}
}

// An empty file says what no file says.
func TestDifferenceOfNothing(t *testing.T) {
	if d := compare(map[string][]byte{fileIssues: {}}, map[string][]byte{}); d != nil {
		t.Errorf("got %v, want none", d)
	}
}
