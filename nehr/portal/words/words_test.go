package words_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/nehrbridge/nehrbridge/nehr/portal/words"
)

// codes are those that a map names: what the mapper writes.
func codes(t *testing.T, file string) map[[2]string]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("../../../config/maps", file))
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Stages []struct {
			UID, Name string
			Reason    *code
			Elements  []struct {
				UID, Name, Kind string
				Code            *code
			}
		}
	}
	if err := yaml.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	systems := map[string]string{"loinc": "http://loinc.org", "snomed": "http://snomed.info/sct", "atc": "http://www.whocc.no/atc"}
	all := map[[2]string]string{}
	for _, s := range m.Stages {
		all[[2]string{"urn:dhis2:programStage", s.UID}] = s.Name
		if s.Reason != nil {
			all[[2]string{systems[s.Reason.System], s.Reason.Code}] = s.Reason.Display
		}
		for _, e := range s.Elements {
			switch {
			case e.Kind == "none", e.Kind == "systolic", e.Kind == "diastolic":
			case e.Code == nil:
				all[[2]string{"urn:dhis2:dataElement", e.UID}] = e.Name
			default:
				all[[2]string{systems[e.Code.System], e.Code.Code}] = e.Code.Display
			}
		}
	}
	return all
}

type code struct{ System, Code, Display string }

// fixed are the codes that the mapper writes by itself.
var fixed = map[[2]string]string{
	{"http://loinc.org", "85354-9"}: "blood pressure", {"http://loinc.org", "8480-6"}: "systolic", {"http://loinc.org", "8462-4"}: "diastolic",
	{"http://loinc.org", "82810-3"}: "pregnancy status", {"http://loinc.org", "LA15173-0"}: "pregnant",
	{"http://snomed.info/sct", "52101004"}: "present", {"http://snomed.info/sct", "2667000"}: "absent",
	{"http://snomed.info/sct", "10828004"}: "positive", {"http://snomed.info/sct", "260385009"}: "negative",
	{"http://snomed.info/sct", "373066001"}: "yes", {"http://snomed.info/sct", "373067000"}: "no",
	{"http://snomed.info/sct", "3457005"}: "referral",
}

// TestD096_EachCodeHasPlainWords: whatever the map of Sri Lanka writes, a mother reads in
// words of her language, none of them the display of the code system.
func TestD096_EachCodeHasPlainWords(t *testing.T) {
	all := codes(t, "lk-anc.yaml")
	for k, name := range fixed {
		all[k] = name
	}
	if len(all) < 45 {
		t.Fatalf("%d codes: the test looks at nothing", len(all))
	}
	for k, display := range all {
		w, ok := words.For(k[0], k[1])
		if !ok {
			t.Errorf("%s|%s (%s) has no words", k[0], k[1], display)
			continue
		}
		en, si, ta := w.In("en"), w.In("si"), w.In("ta")
		if strings.ContainsAny(en, "[]") || en == "" {
			t.Errorf("%s: %q is jargon", k[1], en)
		}
		if !in(si, 0x0D80, 0x0DFF) || !in(ta, 0x0B80, 0x0BFF) {
			t.Errorf("%s: %q, %q: not written in Sinhala and Tamil", k[1], si, ta)
		}
	}
}

// TestACodeOfSeveralQuestionsHasNoWords: the WHO map uses some codes for more than one
// question; words for them would say of one what belongs to another, so the record's own
// text stands.
func TestACodeOfSeveralQuestionsHasNoWords(t *testing.T) {
	raw, err := os.ReadFile("../../../config/maps/who-anc.yaml")
	if err != nil {
		t.Fatal(err)
	}
	asked := map[[2]string]map[string]bool{}
	for _, m := range regexp.MustCompile(`code: \{system: (loinc|snomed), code: "?([0-9-]+)"?, display: "?([^"}]+)"?\}`).FindAllStringSubmatch(string(raw), -1) {
		k := [2]string{map[string]string{"loinc": "http://loinc.org", "snomed": "http://snomed.info/sct"}[m[1]], m[2]}
		if asked[k] == nil {
			asked[k] = map[string]bool{}
		}
		asked[k][m[3]] = true
	}
	several := 0
	for k, questions := range asked {
		if len(questions) < 2 {
			continue
		}
		several++
		if _, known := words.For(k[0], k[1]); known {
			t.Errorf("%s has words, but is used for %d questions", k[1], len(questions))
		}
	}
	if several < 10 {
		t.Fatalf("%d codes of several questions: the test looks at nothing", several)
	}
}

// several are the codes that the WHO map uses for more than one question without words
// of each question's own: a mother reads what the record has as their text, in English.
var several = map[string]string{
	"171014001": "counselling on fifteen matters", "103315006": "a test or scan that is required", "165332000": "a test that was ordered", "182856006": "why no malaria prophylaxis",
	"313077009": "counselling on HIV", "385658003": "a test that was done", "385876007": "support after violence", "409063005": "counselling on the birth",
	"416237000": "a procedure that was not done", "440379008": "referral after violence", "82191002": "syphilis test or treatment", "34484-6": "doses of malaria prophylaxis", "34970-4": "day of a scan",
	"410265008": "counselling on medicines", "777371007": "doses of malaria prophylaxis", "261665006": "unknown", "445142003": "counselling on diet", "397807004": "why no check for tuberculosis",
	"30952-6": "day of a vaccine", "413672003": "a test that was ordered", "439272007": "day of a procedure",
}

// TestD096_EachQuestionOfWHOHasPlainWords: whatever the WHO map writes has words of its
// code, or of its data element, which is one question whatever the code is used for
// elsewhere; but for the codes that are named above.
func TestD096_EachQuestionOfWHOHasPlainWords(t *testing.T) {
	raw, err := os.ReadFile("../../../config/maps/who-anc.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Stages []struct {
			UID, Name string
			Elements  []struct {
				UID, Name, Kind string
				Code            *code
			}
		}
	}
	if err := yaml.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	systems := map[string]string{"loinc": "http://loinc.org", "snomed": "http://snomed.info/sct"}
	questions, used := 0, map[string]int{}
	for _, s := range m.Stages {
		if _, ok := words.For("urn:dhis2:programStage", s.UID); !ok {
			t.Errorf("the stage %s (%s) has no words", s.UID, s.Name)
		}
		for _, e := range s.Elements {
			if e.Kind == "none" || e.Kind == "systolic" || e.Kind == "diastolic" {
				continue
			}
			questions++
			found := false
			if e.Code != nil {
				_, found = words.For(systems[e.Code.System], e.Code.Code)
			}
			w, own := words.For("urn:dhis2:dataElement", e.UID)
			switch {
			case own && (strings.ContainsAny(w.In("en"), "[]") || !in(w.In("si"), 0x0D80, 0x0DFF) || !in(w.In("ta"), 0x0B80, 0x0BFF)):
				t.Errorf("%s: %q, %q, %q", e.UID, w.In("en"), w.In("si"), w.In("ta"))
			case found || own:
			case e.Code != nil && several[e.Code.Code] != "":
				used[e.Code.Code]++
			default:
				t.Errorf("%s (%s) has no words", e.UID, e.Name)
			}
		}
	}
	if questions < 200 {
		t.Fatalf("%d questions: the test looks at nothing", questions)
	}
	for code := range several {
		if used[code] < 2 {
			t.Errorf("%s is named as a code of several questions, and is of %d", code, used[code])
		}
	}
}

// in tells that a text has letters of a script.
func in(s string, from, to rune) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r >= from && r <= to })
}

// TestJudge: figures at both sides of each bound.
func TestJudge(t *testing.T) {
	for _, c := range []struct {
		code, value, unit string
		want              words.Status
	}{
		{"718-7", "11.0", "g/dL", words.Usual}, {"718-7", "10.9", "g/dL", words.Low}, {"718-7", "7", "g/dL", words.Low},
		{"718-7", "6.9", "g/dL", words.Danger}, {"718-7", "14.2", "g/dL", words.Usual},
		{"718-7", "110", "g/L", words.Unknown}, {"718-7", "x", "g/dL", words.Unknown}, {"718-7", "-1", "g/dL", words.Unknown},
		{"8480-6", "139", "mm[Hg]", words.Usual}, {"8480-6", "140", "mm[Hg]", words.High}, {"8480-6", "159", "mm[Hg]", words.High},
		{"8480-6", "160", "mm[Hg]", words.Danger}, {"8480-6", "89", "mm[Hg]", words.Low},
		{"8462-4", "89", "mm[Hg]", words.Usual}, {"8462-4", "90", "mm[Hg]", words.High}, {"8462-4", "110", "mm[Hg]", words.Danger},
		{"2339-0", "139", "mg/dL", words.Usual}, {"2339-0", "140", "mg/dL", words.High}, {"2339-0", "200", "mg/dL", words.Danger},
		{"2339-0", "59", "mg/dL", words.Low}, {"2339-0", "5.1", "mmol/L", words.Unknown},
		{"11881-0", "20", "cm", words.Unknown},
	} {
		if got := words.Judge(c.code, c.value, c.unit); got != c.want {
			t.Errorf("%s %s %s: got %q, want %q", c.code, c.value, c.unit, got, c.want)
		}
	}
}
