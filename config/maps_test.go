package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
)

// small is a right map; the tables spoil one place of it.
const small = `name: small
title: A small map
guide: ips
zone: Asia/Colombo
program: Aaaaaaaaaa1
trackedEntityType: Aaaaaaaaaa2
pregnancyStatus: false
attributes:
  - {uid: Aaaaaaaaaa3, name: Full name, type: TEXT, kind: full-name}
stages:
  - uid: Aaaaaaaaaa4
    name: Visit
    kind: visit
    elements:
      - uid: Aaaaaaaaaa5
        name: Haemoglobin
        type: NUMBER
        kind: quantity
        code: {system: loinc, code: 718-7, display: Hemoglobin}
        unit: g/dL
        category: laboratory
      - {uid: Aaaaaaaaaa6, name: Note, type: LONG_TEXT, kind: none, why: private}
`

// spoil replaces a text that must stand exactly once.
func spoil(t *testing.T, text, old, new string) string {
	t.Helper()
	if strings.Count(text, old) != 1 {
		t.Fatalf("%q stands %d times", old, strings.Count(text, old))
	}
	return strings.Replace(text, old, new, 1)
}

func problems(t *testing.T, err error) []MapProblem {
	t.Helper()
	e, ok := errors.AsType[*MapError](err)
	if !ok {
		t.Fatalf("got %v, want a *MapError", err)
	}
	return e.Problems
}

func TestLoadMap_right(t *testing.T) {
	m, err := LoadMap("small.yaml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	hb := m.Stages[0].Elements[0]
	if m.Name != "small" || m.Program != dhis2.MustUID("Aaaaaaaaaa1") || hb.UID != dhis2.MustUID("Aaaaaaaaaa5") ||
		hb.Code == nil || hb.Code.Code != "718-7" || hb.Unit != "g/dL" || hb.Kind != mapper.KindQuantity {
		t.Errorf("got %+v", m)
	}
}

// TestD010_wrongMapIsRefusedWithItsPlace covers, among others, the codes of
// the reference that belong to the UK's extension of SNOMED CT.
func TestD010_wrongMapIsRefusedWithItsPlace(t *testing.T) {
	tests := []struct {
		name, old, new string
		line, column   int
		path, reason   string
	}{
		{"LOINC check digit", "code: 718-7", "code: 718-8", 19, 37, "stages[0].elements[0].code.code", "check digit"},
		{"SNOMED check digit", "system: loinc, code: 718-7", `system: snomed, code: "73211008"`, 19, 38, "stages[0].elements[0].code.code", "check digit"},
		{"UK extension", "system: loinc, code: 718-7", "system: snomed, code: 886891000000102", 19, 38, "stages[0].elements[0].code.code", "international edition"},
		{"unknown code system", "system: loinc", "system: lonic", 19, 24, "stages[0].elements[0].code.system", "unknown code system"},
		{"missing display", ", display: Hemoglobin", "", 19, 15, "stages[0].elements[0].code.display", "display is missing"},
		{"unknown unit", "unit: g/dL", "unit: g/dl", 20, 15, "stages[0].elements[0].unit", "unknown unit"},
		{"unknown category", "category: laboratory", "category: lab", 21, 19, "stages[0].elements[0].category", "unknown category"},
		{"missing category", "        category: laboratory\n", "", 15, 9, "stages[0].elements[0].category", "category is missing"},
		{"duplicate UID", "uid: Aaaaaaaaaa6", "uid: Aaaaaaaaaa5", 22, 15, "stages[0].elements[1].uid", "twice"},
		{"no UID", "uid: Aaaaaaaaaa6", "uid: 1aaaaaaaaa6", 22, 15, "stages[0].elements[1].uid", "UID"},
		{"missing UID", "uid: Aaaaaaaaaa6, ", "", 22, 9, "stages[0].elements[1].uid", "UID is missing"},
		{"unknown kind", "kind: quantity", "kind: amount", 18, 15, "stages[0].elements[0].kind", "unknown kind"},
		{"unknown kind of attribute", "kind: full-name", "kind: fullname", 9, 59, "attributes[0].kind", "unknown kind"},
		{"wrong type for the kind", "type: NUMBER", "type: BOOLEAN", 17, 15, "stages[0].elements[0].type", "needs a value type"},
		{"unknown value type", "type: NUMBER", "type: FLOAT", 17, 15, "stages[0].elements[0].type", "unknown value type"},
		{"why is missing", ", why: private", "", 22, 9, "stages[0].elements[1].why", "say why"},
		{"bad zone", "zone: Asia/Colombo", "zone: Asia/Kolumbo", 4, 7, "zone", "IANA"},
		{"unknown guide", "guide: ips", "guide: ipps", 3, 8, "guide", "unknown guide"},
		{"unknown key", "    kind: visit", "    knd: visit", 13, 5, "stages[0].knd", "unknown key: did you mean kind?"},
		{"unknown key of the map", "pregnancyStatus: false", "pregnantStatus: false", 7, 1, "pregnantStatus", "did you mean pregnancyStatus?"},
		{"duplicate key", "title: A small map", "name: other", 2, 1, "name", "twice, first in line 1"},
		{"a list for a text", "title: A small map", "title: [A]", 2, 8, "title", "want a text, not a list"},
		{"a text for a truth", "pregnancyStatus: false", "pregnancyStatus: maybe", 7, 18, "pregnancyStatus", "true or false"},
		{"a text for a list", "attributes:\n  - {uid: Aaaaaaaaaa3, name: Full name, type: TEXT, kind: full-name}", "attributes: none", 8, 13, "attributes", "want a list"},
		{"a text for a mapping", "code: {system: loinc, code: 718-7, display: Hemoglobin}", "code: 718-7", 19, 15, "stages[0].elements[0].code", "want a mapping"},
		{"nothing for a text", "title: A small map", "title:", 2, 7, "title", "nothing"},
		{"an alias", "name: Note", "name: *x", 22, 34, "", "unknown anchor"},
		{"not YAML", "title: A small map", "title: {A", 0, 0, "", "not YAML"},
		{"remove outside an extension", "why: private", "why: private, remove: true", 22, 83, "stages[0].elements[1].remove", "unknown key"},
		{"unknown sensitivity", "why: private", "why: private, sensitivity: [SECRET]", 22, 97, "stages[0].elements[1].sensitivity[0]", "unknown sensitivity"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := LoadMap("small.yaml", []byte(spoil(t, small, tt.old, tt.new)))
			for _, p := range problems(t, err) {
				if p.Path == tt.path && strings.Contains(p.Reason, tt.reason) &&
					(tt.line == 0 || p.Line == tt.line) && (tt.column == 0 || p.Column == tt.column) && p.Line > 0 && p.Column > 0 && p.File == "small.yaml" {
					return
				}
			}
			t.Errorf("no problem %d:%d %s %q in\n%v", tt.line, tt.column, tt.path, tt.reason, err)
		})
	}
}

func TestLoadMap_everyMistakeAtOnce(t *testing.T) {
	text := small
	for _, change := range [][2]string{
		{"code: 718-7", "code: 718-8"}, {"unit: g/dL", "unit: g/dl"}, {"zone: Asia/Colombo", "zone: Mars"},
		{"uid: Aaaaaaaaaa6", "uid: [1]"}, {"    kind: visit", "    knd: visit"}, {"pregnancyStatus: false", "pregnancyStatus: 3"},
	} {
		text = spoil(t, text, change[0], change[1])
	}
	_, err := LoadMap("small.yaml", []byte(text))
	want := []string{
		"small.yaml:4:7: zone: ", "small.yaml:7:18: pregnancyStatus: ", "small.yaml:11:5: stages[0].kind: ", "small.yaml:13:5: stages[0].knd: ",
		"small.yaml:19:37: stages[0].elements[0].code.code: ", "small.yaml:20:15: stages[0].elements[0].unit: ", "small.yaml:22:15: stages[0].elements[1].uid: ",
	}
	got := problems(t, err)
	if len(got) != len(want) {
		t.Fatalf("%d problems, want %d:\n%v", len(got), len(want), err)
	}
	for i, p := range got {
		if !strings.HasPrefix(p.String(), want[i]) {
			t.Errorf("problem %d: got %s, want %s…", i, p, want[i])
		}
	}
}

func TestLoadMap_unreadableText(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'i'; c++ {
		prev := string(c - 1)
		bomb += string(c) + ": &" + string(c) + " [*" + strings.Repeat(prev+", *", 8) + prev + "]\n"
	}
	tests := []struct{ name, text, reason string }{
		{"empty", "", "empty"},
		{"blank", "\n# nothing\n", "empty"},
		{"a list", "- a\n", "want a mapping"},
		{"two documents", small + "---\nname: second\n", "second document"},
		{"too large", "title: " + strings.Repeat("x", maxMapSize), "larger than 4 MiB"},
		{"not UTF-8", "title: \xff\n", "not UTF-8"},
		{"alias bomb", spoil(t, small, "title: A small map", "title: *i") + "bomb:\n", "unknown anchor"},
		{"alias bomb with anchors", bomb + "title: *i\n" + small, "unknown key"},
		{"alias of a value", strings.Replace(small, "name: Visit", "name: &n Visit", 1) + "sensitivity: *n\n", "an alias: write it out"},
		{"merge key", spoil(t, small, "title: A small map", "title: &t A\n<<: {name: x}"), "merge key"},
		{"deep nesting", "title: " + strings.Repeat("[", 20000), "not YAML"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := LoadMap("small.yaml", []byte(tt.text))
			for _, p := range problems(t, err) {
				if strings.Contains(p.Reason, tt.reason) {
					return
				}
			}
			t.Errorf("no problem says %q: %.300v", tt.reason, err)
		})
	}
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMaps_filesBesideTheEmbedded(t *testing.T) {
	maps, err := Maps(nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(maps) != 2 || maps[0].Name != "lk-anc" || maps[1].Name != "who-anc" {
		t.Fatalf("got %d maps, want lk-anc and who-anc", len(maps))
	}
	if maps, err = Maps([]string{write(t, "small.yaml", small)}); err != nil {
		t.Fatal(err)
	}
	if len(maps) != 3 || ByProgram(maps, dhis2.MustUID("Aaaaaaaaaa1")) != maps[2] {
		t.Errorf("got %d maps, want the small one third", len(maps))
	}
	replaced, err := Maps([]string{write(t, "lk.yaml", spoil(t, small, "name: small", "name: lk-anc"))})
	if err != nil {
		t.Fatal(err)
	}
	if len(replaced) != 2 || replaced[0].Title != "A small map" {
		t.Error("a file of the same name must replace the embedded map")
	}
}

// TestD022_onlyMappedPrograms: an event of another program has no map.
func TestD022_onlyMappedPrograms(t *testing.T) {
	maps, err := Maps(nil)
	if err != nil {
		t.Fatal(err)
	}
	if ByProgram(maps, dhis2.MustUID("eozjj9UivfS")) == nil || ByProgram(maps, dhis2.MustUID("WSGAb5XwJ3Y")) == nil {
		t.Error("an antenatal program has no map")
	}
	if m := ByProgram(maps, dhis2.MustUID("KYzHf1Ta6C4")); m != nil {
		t.Errorf("the tuberculosis program is mapped by %s", m.Name)
	}
}

func TestMaps_twoMapsOfOneProgram(t *testing.T) {
	text := spoil(t, small, "program: Aaaaaaaaaa1", "program: eozjj9UivfS")
	_, err := Maps([]string{write(t, "small.yaml", text)})
	p := problems(t, err)
	if len(p) != 1 || p[0].Path != "program" || p[0].Line != 5 || !strings.Contains(p[0].Reason, "lk-anc") {
		t.Errorf("got %v", err)
	}
}

func TestMaps_everyFile(t *testing.T) {
	one := write(t, "one.yaml", spoil(t, small, "zone: Asia/Colombo", "zone: Mars"))
	two := filepath.Join(t.TempDir(), "absent.yaml")
	_, err := Maps([]string{one, two})
	if err == nil || !strings.Contains(err.Error(), one+":4:7") || !strings.Contains(err.Error(), two+": cannot be read") {
		t.Errorf("got %v, want the mistakes of both files", err)
	}
}
