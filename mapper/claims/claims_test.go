package claims_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper/claims"
)

var attributeUID = dhis2.MustUID("VQl0wK3eqiw")

func one(t testing.TB, a claims.Attribute) *claims.Mapper {
	t.Helper()
	a.UID = attributeUID
	m, err := claims.New(claims.Map{Name: "test", Program: dhis2.MustUID("eozjj9UivfS"), Languages: []string{"en", "si", "ta"}, Attributes: []claims.Attribute{a}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var (
	lkPhone = claims.Attribute{Claim: "phone_number", Kind: claims.KindPhone, CountryCode: "94", Digits: "9"}
	anyone  = claims.Attribute{Claim: "phone_number", Kind: claims.KindPhone}
	birth   = claims.Attribute{Claim: "birthdate", Kind: claims.KindDate}
	gender  = claims.Attribute{Claim: "gender", Kind: claims.KindOption,
		Options: map[string][]string{"female": {"Female", "ගැහැණු", "பெண்"}, "male": {"Male"}}}
	text  = claims.Attribute{Claim: "name", Kind: claims.KindText}
	place = claims.Attribute{Claim: "address", Kind: claims.KindAddress}
)

// TestApply fills one attribute from one answer: a value, or a reason.
func TestApply(t *testing.T) {
	for _, test := range []struct {
		name   string
		a      claims.Attribute
		s      source
		want   string
		reason claims.Reason
	}{
		{"text", text, source{"name": "Nilmini Udaharana"}, "Nilmini Udaharana", ""},
		{"blanks and lines", text, source{"name": "  Nilmini \n\t Udaharana "}, "Nilmini Udaharana", ""},
		{"zero-width joiner stays", text, source{"name": "ශ්\u200dරී"}, "ශ්\u200dරී", ""},
		{"the first language that there is", text, source{"name#ta": "நில்மினி", "name#si": "නිල්මිණි"}, "නිල්මිණි", ""},
		{"an empty text is none", text, source{"name": ""}, "", claims.NotGiven},
		{"blank", text, source{"name": "   "}, "", claims.NotGiven},
		{"not given", text, source{}, "", claims.NotGiven},
		{"a number is no name", text, source{"name": 5}, "", claims.WrongForm},
		{"too long", text, source{"name": strings.Repeat("a", 1201)}, "", claims.TooLong},
		{"as long as DHIS2 keeps", text, source{"name": strings.Repeat("a", 1200)}, strings.Repeat("a", 1200), ""},

		{"day with slashes", birth, source{"birthdate": "1994/05/17"}, "1994-05-17", ""},
		{"day with hyphens", birth, source{"birthdate": "1994-05-17"}, "1994-05-17", ""},
		{"leap day", birth, source{"birthdate": "1996/02/29"}, "1996-02-29", ""},
		{"no leap year", birth, source{"birthdate": "1995/02/29"}, "", claims.WrongForm},
		{"a year", birth, source{"birthdate": "1994"}, "", claims.YearOnly},
		{"a month", birth, source{"birthdate": "1994-05"}, "", claims.YearOnly},
		{"a year with zeros", birth, source{"birthdate": "1994-00-00"}, "", claims.YearOnly},
		{"a withheld year", birth, source{"birthdate": "0000-05-17"}, "", claims.WrongForm},
		{"day first", birth, source{"birthdate": "17/05/1994"}, "", claims.WrongForm},
		{"mixed", birth, source{"birthdate": "1994/05-17"}, "", claims.WrongForm},
		{"short parts", birth, source{"birthdate": "1994/5/17"}, "", claims.WrongForm},
		{"a doubled slash", birth, source{"birthdate": "1994//0517"}, "", claims.WrongForm},
		{"with a time", birth, source{"birthdate": "1994-05-17T00:00:00Z"}, "", claims.WrongForm},
		{"another calendar's year", birth, source{"birthdate": "1373-02-27"}, "", claims.WrongForm},
		{"a number", birth, source{"birthdate": 1994}, "", claims.WrongForm},

		{"gender", gender, source{"gender": "Female"}, "female", ""},
		{"gender in capitals", gender, source{"gender": " FEMALE "}, "female", ""},
		{"gender in Sinhala", gender, source{"gender#si": "ගැහැණු"}, "female", ""},
		{"gender in three languages", gender, source{"gender#en": "Female", "gender#si": "ගැහැණු", "gender#ta": "பெண்"}, "female", ""},
		{"gender known in one", gender, source{"gender#en": "?", "gender#ta": "பெண்"}, "female", ""},
		{"genders that differ", gender, source{"gender#en": "Male", "gender#ta": "பெண்"}, "", claims.Contradiction},
		{"a word that no option has", gender, source{"gender": "Q"}, "", claims.UnknownWord},
		{"gender is no text", gender, source{"gender": true}, "", claims.WrongForm},
		{"gender not given", gender, source{"gender": ""}, "", claims.NotGiven},

		{"E.164", lkPhone, source{"phone_number": "+94771234567"}, "+94771234567", ""},
		{"with blanks", lkPhone, source{"phone_number": "+94 (77) 123-4567"}, "+94771234567", ""},
		{"00", lkPhone, source{"phone_number": "0094771234567"}, "+94771234567", ""},
		{"national", lkPhone, source{"phone_number": "0771234567"}, "+94771234567", ""},
		{"national without zero", lkPhone, source{"phone_number": "771234567"}, "+94771234567", ""},
		{"with the country's code and no plus", lkPhone, source{"phone_number": "94771234567"}, "+94771234567", ""},
		{"one digit too few", lkPhone, source{"phone_number": "077123456"}, "", claims.WrongForm},
		{"one too many", lkPhone, source{"phone_number": "+947712345678"}, "", claims.WrongForm},
		{"of another country", lkPhone, source{"phone_number": "+919876543210"}, "+919876543210", ""},
		{"national, of no country", anyone, source{"phone_number": "0771234567"}, "", claims.WrongForm},
		{"letters", anyone, source{"phone_number": "+94CALLME"}, "", claims.WrongForm},
		{"two numbers", anyone, source{"phone_number": "+94771234567 +94771234568"}, "", claims.WrongForm},
		{"other digits", anyone, source{"phone_number": "+٩٤٧٧١٢٣٤٥٦٧"}, "", claims.WrongForm},
		{"only a plus", anyone, source{"phone_number": "+"}, "", claims.WrongForm},

		{"e-mail", claims.Attribute{Claim: "email", Kind: claims.KindEmail}, source{"email": "nilmini@example.org"}, "nilmini@example.org", ""},
		{"e-mail with a name", claims.Attribute{Claim: "email", Kind: claims.KindEmail}, source{"email": "N <nilmini@example.org>"}, "", claims.WrongForm},

		{"address", place, source{"address": map[string]any{"street_address": "1 Example Lane", "locality": "Udaharanapura", "country": "Sri Lanka"}},
			"1 Example Lane, Udaharanapura, Sri Lanka", ""},
		{"address by language", place, source{"address": map[string]any{"street_address#si": "1 උදාහරණ", "street_address#en": "1 Example Lane", "postal_code": "00000"}},
			"1 Example Lane, 00000", ""},
		{"formatted address", place, source{"address": map[string]any{"formatted": "1 Example Lane,\nUdaharanapura\n"}}, "1 Example Lane, Udaharanapura", ""},
		{"formatted beside members", place, source{"address": map[string]any{"formatted": "all", "locality": "Udaharanapura"}}, "Udaharanapura", ""},
		{"address as a text", place, source{"address": "1 Example Lane\r\nUdaharanapura"}, "1 Example Lane, Udaharanapura", ""},
		{"address of empty members", place, source{"address": map[string]any{"locality": ""}}, "", claims.NotGiven},
		{"address is a list", place, source{"address": []string{"x"}}, "", claims.WrongForm},
		{"chosen members", claims.Attribute{Claim: "address", Kind: claims.KindAddress, Members: []string{"region", "locality"}, Separator: " / "},
			source{"address": map[string]any{"locality": "L", "region": "R", "country": "C"}}, "R / L", ""},

		{"given name", claims.Attribute{Claim: "name", Kind: claims.KindGivenName, Split: "last"}, source{"name": "A. B. Sample"}, "A. B.", ""},
		{"family name", claims.Attribute{Claim: "name", Kind: claims.KindFamilyName, Split: "last"}, source{"name": "A. B. Sample"}, "Sample", ""},
		{"one word", claims.Attribute{Claim: "name", Kind: claims.KindFamilyName, Split: "last"}, source{"name": "Sample"}, "", claims.OneWord},

		{"subject", claims.Attribute{Kind: claims.KindSubject}, nil, "the subject", ""},
		{"verified", claims.Attribute{Kind: claims.KindVerified}, nil, "true", ""},
		{"flag", claims.Attribute{Claim: "phone_number_verified", Kind: claims.KindFlag}, source{"phone_number_verified": false}, "false", ""},
		{"flag as a text", claims.Attribute{Claim: "phone_number_verified", Kind: claims.KindFlag}, source{"phone_number_verified": "true"}, "true", ""},
		{"no flag", claims.Attribute{Claim: "phone_number_verified", Kind: claims.KindFlag}, source{"phone_number_verified": "yes"}, "", claims.WrongForm},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := one(t, test.a).Apply("the subject", test.s)
			if len(r.Values)+len(r.Missing) != 1 {
				t.Fatalf("%+v", r)
			}
			if test.reason != "" {
				if len(r.Missing) != 1 || r.Missing[0].Reason != test.reason {
					t.Errorf("%+v, want %s", r, test.reason)
				}
			} else if len(r.Values) != 1 || r.Values[0].Value != test.want {
				t.Errorf("%+v, want %q", r, test.want)
			}
		})
	}
}

// TestD065_AskedForIsWhatIsUsed: each claim once, only a name essential.
func TestD065_AskedForIsWhatIsUsed(t *testing.T) {
	other := dhis2.MustUID("Yie7mOY913J")
	m, err := claims.New(claims.Map{Name: "test", Program: dhis2.MustUID("eozjj9UivfS"), Languages: []string{"en"}, Attributes: []claims.Attribute{
		{UID: attributeUID, Claim: "name", Kind: claims.KindGivenName, Split: "last", Essential: true, Purpose: "To know you"},
		{UID: other, Claim: "name", Kind: claims.KindFamilyName, Split: "last", Essential: true},
		{UID: dhis2.MustUID("p7zizFkC6Lv"), Kind: claims.KindSubject},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]claims.Request{{Claim: "name", Essential: true, Purpose: "To know you"}}, m.Requests()); diff != "" {
		t.Error(diff)
	}
}

// TestCheck names every mistake at its place.
func TestCheck(t *testing.T) {
	good := claims.Map{Name: "test", Program: dhis2.MustUID("eozjj9UivfS"), Languages: []string{"en"}, Attributes: []claims.Attribute{{UID: attributeUID, Claim: "name", Kind: claims.KindText}}}
	if p := good.Check(); len(p) > 0 {
		t.Fatal(p)
	}
	for _, test := range []struct {
		path   string
		change func(*claims.Map)
	}{
		{"name", func(m *claims.Map) { m.Name = "A b" }},
		{"program", func(m *claims.Map) { m.Program = dhis2.UID{} }},
		{"languages", func(m *claims.Map) { m.Languages = nil }},
		{"languages[0]", func(m *claims.Map) { m.Languages = []string{"eng"} }},
		{"attributes", func(m *claims.Map) { m.Attributes = nil }},
		{"attributes[0].uid", func(m *claims.Map) { m.Attributes[0].UID = dhis2.UID{} }},
		{"attributes[1].uid", func(m *claims.Map) { m.Attributes = append(m.Attributes, m.Attributes[0]) }},
		{"attributes[0].kind", func(m *claims.Map) { m.Attributes[0].Kind = "name" }},
		{"attributes[0].claim", func(m *claims.Map) { m.Attributes[0].Claim = "name#en" }},
		{"attributes[0].claim", func(m *claims.Map) { m.Attributes[0].Claim = "sub" }},
		{"attributes[0].claim", func(m *claims.Map) { m.Attributes[0].Claim = "picture" }},
		{"attributes[0].essential", func(m *claims.Map) { m.Attributes[0].Claim, m.Attributes[0].Essential = "gender", true }},
		{"attributes[0].purpose", func(m *claims.Map) { m.Attributes[0].Purpose = "100 %" }},
		{"attributes[0].split", func(m *claims.Map) { m.Attributes[0].Kind = claims.KindGivenName }},
		{"attributes[0].split", func(m *claims.Map) { m.Attributes[0].Split = "last" }},
		{"attributes[0].options", func(m *claims.Map) { m.Attributes[0].Kind = claims.KindOption }},
		{"attributes[0].options", func(m *claims.Map) { m.Attributes[0].Options = map[string][]string{"a": {"b"}} }},
		{"attributes[0].options.a", func(m *claims.Map) {
			m.Attributes[0].Kind, m.Attributes[0].Options = claims.KindOption, map[string][]string{"a": {}}
		}},
		{"attributes[0].options.b[0]", func(m *claims.Map) {
			m.Attributes[0].Kind, m.Attributes[0].Options = claims.KindOption, map[string][]string{"a": {"Word"}, "b": {" WORD"}}
		}},
		{"attributes[0].digits", func(m *claims.Map) { m.Attributes[0].Kind, m.Attributes[0].Digits = claims.KindPhone, "9" }},
		{"attributes[0].country_code", func(m *claims.Map) { m.Attributes[0].Kind, m.Attributes[0].CountryCode = claims.KindPhone, "+94" }},
		{"attributes[0].members[0]", func(m *claims.Map) {
			m.Attributes[0].Kind, m.Attributes[0].Members = claims.KindAddress, []string{"city"}
		}},
		{"attributes[0].members[1]", func(m *claims.Map) {
			m.Attributes[0].Kind, m.Attributes[0].Members = claims.KindAddress, []string{"region", "region"}
		}},
		{"attributes[0].separator", func(m *claims.Map) { m.Attributes[0].Separator = "; " }},
		{"attributes[1].essential", func(m *claims.Map) {
			m.Attributes = append(m.Attributes, claims.Attribute{UID: dhis2.MustUID("Yie7mOY913J"), Claim: "name", Kind: claims.KindText, Essential: true})
		}},
	} {
		m := good
		m.Attributes = append([]claims.Attribute(nil), good.Attributes...)
		test.change(&m)
		p := m.Check()
		if len(p) == 0 || p[0].Path != test.path || p[0].Reason == "" {
			t.Errorf("want a problem at %s, got %v", test.path, p)
		}
		if _, err := claims.New(m); err == nil || !strings.Contains(err.Error(), test.path) {
			t.Errorf("New: %v", err)
		}
	}
}

// FuzzApply gives any text to every kind: what comes out is what DHIS2 takes.
func FuzzApply(f *testing.F) {
	for _, s := range []string{"", "1994/05/17", "+94771234567", "Female", "a\x00b", "ශ්\u200dරී", "2024-02-30", "00", "+", "/", "a@b.c"} {
		f.Add(s)
	}
	kinds := []claims.Attribute{text, birth, gender, lkPhone, anyone, place, {Claim: "email", Kind: claims.KindEmail},
		{Claim: "name", Kind: claims.KindFamilyName, Split: "last"}, {Claim: "name", Kind: claims.KindGivenName, Split: "last"}}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			t.Skip("no JSON text")
		}
		for _, a := range kinds {
			r := one(t, a).Apply("x", source{a.Claim: s})
			if len(r.Values)+len(r.Missing) != 1 {
				t.Fatalf("%s: %+v", a.Kind, r)
			}
			for _, v := range r.Values {
				if v.Value == "" || len(v.Value) > 1200 || strings.TrimSpace(v.Value) != v.Value || strings.ContainsAny(v.Value, "\n\r\t\x00") {
					t.Errorf("%s: %q", a.Kind, v.Value)
				}
				if again := one(t, a).Apply("x", source{a.Claim: v.Value}); a.Kind != claims.KindGivenName && a.Kind != claims.KindFamilyName && a.Kind != claims.KindOption &&
					(len(again.Values) != 1 || again.Values[0].Value != v.Value) {
					t.Errorf("%s: %q is not stable: %+v", a.Kind, v.Value, again)
				}
			}
		}
	})
}
