package config

import (
	"slices"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
)

const (
	registration = "LWJcStrI6kM"
	visit        = "GX0z9IXFaso"
	referral     = "aQYZkIhWzeJ"
)

func lk(t *testing.T) *mapper.Map {
	t.Helper()
	maps, err := Maps(nil)
	if err != nil {
		t.Fatal(err)
	}
	return maps[0]
}

// fact is what a row of mapping.md, section 2, says of a data element.
type fact struct {
	stage, uid string
	valueType  dhis2.ValueType
	kind       mapper.Kind
	code       string // system and code, or ""
	unit       string
	category   mapper.Category
}

var lkFacts = []fact{
	{registration, "vuDExM32SZ6", "DATE", "date", "loinc 8665-2", "", "survey"},
	{registration, "r5TIiovGHdi", "DATE", "due-date", "loinc 11779-6", "", "survey"},
	{registration, "No3jJWIR7bn", "INTEGER", "quantity", "loinc 11885-1", "wk", "exam"},
	{registration, "TRkCMVFhrmr", "INTEGER", "count", "loinc 11996-6", "", "survey"},
	{registration, "NPnDmeGBLsl", "INTEGER", "count", "loinc 11977-6", "", "survey"},
	{registration, "OMe6LMsusv4", "INTEGER", "count", "loinc 11638-4", "", "survey"},
	{registration, "BqkEw3MQDNI", "INTEGER", "quantity", "", "a", "survey"},
	{registration, "YuZEbIjLLKZ", "BOOLEAN", "finding", "snomed 842009", "", "survey"},
	{registration, "n2rSTrjRQ8O", "BOOLEAN", "finding", "snomed 17276009", "", "survey"},
	{registration, "R4EnBNPKblS", "BOOLEAN", "condition", "snomed 56265001", "", ""},
	{registration, "D5khklwbOPt", "BOOLEAN", "condition", "snomed 73211009", "", ""},
	{registration, "H8VPisy6Ket", "BOOLEAN", "condition", "snomed 235856003", "", ""},
	{registration, "plTkCmySMzT", "BOOLEAN", "condition", "snomed 38341003", "", ""},
	{registration, "OGGnIEQSH1O", "BOOLEAN", "condition", "snomed 74732009", "", ""},
	{registration, "MQ2Hi22F8Uj", "BOOLEAN", "condition", "snomed 90708001", "", ""},
	{registration, "J3eLUAZkM6M", "BOOLEAN", "medication", "atc B03BB01", "", ""},
	{registration, "RpRCMceQhks", "BOOLEAN", "immunization", "snomed 871732000", "", ""},
	{visit, "gu4sr8eOZcT", "INTEGER_POSITIVE", "quantity", "loinc 11885-1", "wk", "exam"},
	{visit, "Y3xF4qecAVw", "INTEGER_POSITIVE", "systolic", "", "", "vital-signs"},
	{visit, "QMCuOLLRHHD", "INTEGER_POSITIVE", "diastolic", "", "", "vital-signs"},
	{visit, "aDaoKP0DB1c", "INTEGER_POSITIVE", "quantity", "loinc 11881-0", "cm", "exam"},
	{visit, "Sx8XEKmdhFf", "BOOLEAN", "finding", "snomed 267029006", "", "exam"},
	{visit, "k7K4aO0RXew", "BOOLEAN", "finding", "snomed 26237000", "", "exam"},
	{visit, "mLZ4hxy2pGQ", "BOOLEAN", "finding", "snomed 445088006", "", "exam"},
	{visit, "Ei55u2kvdzm", "TRUE_ONLY", "finding", "snomed 268470003", "", "exam"},
	{visit, "xTsKEMPT2so", "TRUE_ONLY", "finding", "snomed 249045009", "", "exam"},
	{visit, "yQk0w6KiXHJ", "BOOLEAN", "test", "loinc 25428-4", "", "laboratory"},
	{visit, "VlLlBQbxmE5", "BOOLEAN", "test", "loinc 1753-3", "", "laboratory"},
	{visit, "CbZCIisQAzv", "INTEGER_POSITIVE", "quantity", "loinc 2339-0", "mg/dL", "laboratory"},
	{visit, "cw35l7X4hnV", "NUMBER", "quantity", "loinc 718-7", "g/dL", "laboratory"},
	{visit, "p7yWXAO6ag7", "TRUE_ONLY", "course", "atc B03AD", "", ""},
	{visit, "GCHralHLuAB", "TRUE_ONLY", "course", "atc A11GA01", "", ""},
	{visit, "Kh4Xr0VkC8w", "TRUE_ONLY", "course", "atc A12AA", "", ""},
	{visit, "XMMTan4EEsB", "LONG_TEXT", "text", "loinc 29545-1", "", "exam"},
	{visit, "la93qSXMNCI", "BOOLEAN", "question", "snomed 183924009", "", "exam"},
	{visit, "kLAB3XIylS8", "TEXT", "text", "loinc 42349-1", "", "exam"},
	{referral, "kLAB3XIylS8", "TEXT", "referral-reason", "loinc 42349-1", "", "exam"},
	{referral, "ARt4vJRNFmX", "LONG_TEXT", "text", "loinc 8661-1", "", "exam"},
	{referral, "Y3xF4qecAVw", "INTEGER_POSITIVE", "systolic", "", "", "vital-signs"},
	{referral, "QMCuOLLRHHD", "INTEGER_POSITIVE", "diastolic", "", "", "vital-signs"},
	{referral, "xTsKEMPT2so", "TRUE_ONLY", "finding", "snomed 249045009", "", "exam"},
	{referral, "aq7pHlVvpsO", "LONG_TEXT", "text", "loinc 29545-1", "", "exam"},
	{referral, "JU6L76XajgD", "LONG_TEXT", "text", "loinc 30954-2", "", "exam"},
	{referral, "B6mWJ74OY4e", "LONG_TEXT", "text", "loinc 18776-5", "", "exam"},
	{referral, "XwlSz3I5QMA", "LONG_TEXT", "text", "loinc 51847-2", "", "exam"},
}

// check compares the rows that concern the given elements.
func check(t *testing.T, uids ...string) {
	t.Helper()
	m := lk(t)
	compared := 0
	for _, want := range lkFacts {
		if len(uids) > 0 && !slices.Contains(uids, want.uid) {
			continue
		}
		compared++
		e := element(t, m, want.stage, want.uid)
		code := ""
		if e.Code != nil {
			code = string(e.Code.System) + " " + e.Code.Code
		}
		got := fact{want.stage, want.uid, e.Type, e.Kind, code, e.Unit, e.Category}
		if got != want {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
	}
	if compared < max(1, len(uids)) {
		t.Errorf("compared %d rows for %d elements", compared, len(uids))
	}
}

// TestD029_everyElementIsNamed: the map names every data element of the three
// stages, and nothing else.
func TestD029_everyElementIsNamed(t *testing.T) {
	check(t)
	n := 0
	for _, s := range lk(t).Stages {
		n += len(s.Elements)
	}
	if n != len(lkFacts) {
		t.Errorf("the map names %d elements, the specification %d", n, len(lkFacts))
	}
}

func TestD007_haemoglobinIsTotal(t *testing.T)     { check(t, "cw35l7X4hnV") }
func TestD008_urineSugarIsATest(t *testing.T)      { check(t, "yQk0w6KiXHJ") }
func TestD009_planIsOrdinary(t *testing.T)         { check(t, "B6mWJ74OY4e", "XwlSz3I5QMA") }
func TestD012_bloodPressureIsOne(t *testing.T)     { check(t, "Y3xF4qecAVw", "QMCuOLLRHHD") }
func TestD013_unitsAreSaid(t *testing.T)           { check(t, "aDaoKP0DB1c", "CbZCIisQAzv") }
func TestD014_haemoglobinUnit(t *testing.T)        { check(t, "cw35l7X4hnV") }
func TestD015_oneGestationalAge(t *testing.T)      { check(t, "No3jJWIR7bn", "gu4sr8eOZcT") }
func TestD016_parityIsNotBirths(t *testing.T)      { check(t, "NPnDmeGBLsl") }
func TestD017_ageOfYoungestHasNoCode(t *testing.T) { check(t, "BqkEw3MQDNI") }
func TestD018_findingsArePresentOrAbsent(t *testing.T) {
	check(t, "YuZEbIjLLKZ", "n2rSTrjRQ8O", "Sx8XEKmdhFf", "k7K4aO0RXew", "mLZ4hxy2pGQ")
}
func TestD019_pallorIsNotOfTheFace(t *testing.T) { check(t, "Sx8XEKmdhFf") }
func TestD021_coursesAreProducts(t *testing.T)   { check(t, "p7yWXAO6ag7", "GCHralHLuAB", "Kh4Xr0VkC8w") }

func TestD015_sameDisplayAndRole(t *testing.T) {
	a, b := element(t, lk(t), registration, "No3jJWIR7bn"), element(t, lk(t), visit, "gu4sr8eOZcT")
	if *a.Code != *b.Code || a.Role != mapper.RoleWeeks || b.Role != mapper.RoleWeeks {
		t.Errorf("got %v %s and %v %s", *a.Code, a.Role, *b.Code, b.Role)
	}
}

func TestLK_frame(t *testing.T) {
	m := lk(t)
	if m.Guide != mapper.GuideLK || m.Zone != "Asia/Colombo" || m.Program.String() != "eozjj9UivfS" ||
		m.TrackedEntityType.String() != "MxdEsVAegt5" || !m.PregnancyStatus {
		t.Errorf("got %+v", m)
	}
	want := map[string]mapper.AttributeKind{
		"IrUmPkFMDU5": "phn", "CJLJmmp8r9g": "esignet-subject", "M6NNPC3hNrb": "nic", "CSZevH4P5yV": "identifier", "VQl0wK3eqiw": "full-name",
		"Yie7mOY913J": "birth-date", "p7zizFkC6Lv": "gender", "gGAQeOr1Pgu": "phone", "EOMGwaUTMrU": "address", "u5AESfSOhIG": "none", "JTKAPrAGCai": "none",
	}
	for _, a := range m.Attributes {
		if want[a.UID.String()] != a.Kind {
			t.Errorf("attribute %s: got %s, want %s", a.UID, a.Kind, want[a.UID.String()])
		}
		delete(want, a.UID.String())
		if a.Kind == mapper.AttrIdentifier && a.System != "urn:dhis2:anc:regno" {
			t.Errorf("registration number: got system %s", a.System)
		}
	}
	if len(want) > 0 {
		t.Errorf("not named: %v", want)
	}
	for _, s := range m.Stages {
		if s.Reason == nil || s.Reason.Code != "77386006" {
			t.Errorf("stage %s: got reason %v, want 77386006", s.UID, s.Reason)
		}
	}
}

func TestWHO_frame(t *testing.T) {
	maps, err := Maps(nil)
	if err != nil {
		t.Fatal(err)
	}
	m := maps[1]
	stages := map[string]int{"XznDErihed9": 59, "iF5roNU7QWm": 132, "gzxj2JB0xCk": 94, "JqW7c9HYjVr": 69, "eR4sNwxkd9Q": 108, "n0hqa33uVjb": 148, "gEyexNoAqHB": 26}
	for _, s := range m.Stages {
		if len(s.Elements) != stages[s.UID.String()] {
			t.Errorf("stage %s: got %d elements, want %d", s.UID, len(s.Elements), stages[s.UID.String()])
		}
	}
	if len(m.Stages) != len(stages) || len(m.Attributes) != 17 || m.Guide != mapper.GuideIPS || m.Zone != "Etc/UTC" {
		t.Errorf("got %d stages, %d attributes, guide %s, zone %s", len(m.Stages), len(m.Attributes), m.Guide, m.Zone)
	}
	if pulse := element(t, m, "JqW7c9HYjVr", "C47wV4EBLaS"); pulse.Code.Code != "8867-4" || pulse.Unit != "/min" {
		t.Errorf("pulse: got %v %s, want 8867-4 per minute", pulse.Code, pulse.Unit)
	}
	for uid, want := range map[string]string{"VlyBo1SmE9u": "46635009", "yeqN6ASzL2a": "44054006", "qMYCWkLgrt7": "11687002"} {
		if e := element(t, m, "iF5roNU7QWm", uid); e.Code.System != mapper.SNOMED || e.Code.Code != want {
			t.Errorf("diabetes %s: got %v, want SNOMED %s", uid, e.Code, want)
		}
	}
}
