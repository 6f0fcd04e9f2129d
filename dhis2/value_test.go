package dhis2_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// allowed and refused texts of each value type.
var valueCases = []struct {
	typ     dhis2.ValueType
	allowed []string
	refused []string
}{
	{dhis2.Text, []string{"a", "மாதிரி", "1"}, nil},
	{dhis2.LongText, []string{"two\nlines"}, nil},
	{dhis2.MultiText, []string{"A,B"}, nil},
	{dhis2.Letter, []string{"a", "Z", "ක"}, []string{"ab", "1", "-"}},
	{dhis2.PhoneNumber, []string{"+94 71 000 0001", "12/34"}, nil},
	{dhis2.Email, []string{"a@example.org"}, nil},
	{dhis2.Boolean, []string{"true", "false", "TRUE", "False"}, []string{"yes", "1", "0", "tru", "truе", "falſe"}},
	{dhis2.TrueOnly, []string{"true", "True"}, []string{"false", "1", "yes"}},
	{dhis2.DateType, []string{"2026-03-02", "2026-03-02T10:00:00.000"}, []string{"2026-02-30", "02.03.2026", "2026-3-2", "today"}},
	{dhis2.Age, []string{"1997-08-01"}, []string{"28", "1997"}},
	{dhis2.DateTimeType, []string{"2026-03-02T10", "2026-03-02T10:00", "2026-03-02T10:00:00.000Z", "2026-03-02"}, []string{"10:00", "2026-03-02T25:00"}},
	{dhis2.TimeType, []string{"9:05", "09:05", "23:59", "0:00"}, []string{"24:00", "9:5", "9", "9:60", "009:05", "9:05:00", "99999999999999999999:05"}},
	{dhis2.Number, []string{"0", "10.50", "-3.5", "0.0", "-0", "123456789012345678"}, []string{"1e3", "1,5", ".5", "5.", "01", "+1", "1 000", "--1", "1.2.3", "NaN", "Infinity", "1234567890123456789"}},
	{dhis2.Percentage, []string{"0", "100", "55.5"}, []string{"-1", "100.1", "50%"}},
	{dhis2.UnitInterval, []string{"0", "1", "0.25"}, []string{"1.01", "-0.1", "half"}},
	{dhis2.Integer, []string{"0", "-5", "2147483647", "-2147483648"}, []string{"1.0", "00", "-0", "05", "+5", "2147483648", "-2147483649", "five", "-"}},
	{dhis2.IntegerPositive, []string{"1", "240"}, []string{"0", "-1", "1.5", "-0"}},
	{dhis2.IntegerNegative, []string{"-1"}, []string{"0", "1", "-0"}},
	{dhis2.IntegerZeroOrPositive, []string{"0", "7"}, []string{"-1", "7.0"}},
	{dhis2.TrackerAssociate, []string{"SbxMother01"}, []string{"SbxMother", "not a UID!!"}},
	{dhis2.Username, []string{"midwife.one"}, nil},
	{dhis2.Coordinate, []string{"[80.6,7.3]"}, nil},
	{dhis2.OrganisationUnitType, []string{"SbxClinic01"}, []string{"Clinic", "1bxClinic01"}},
	{dhis2.Reference, []string{"x"}, nil},
	{dhis2.URL, []string{"https://example.org"}, nil},
	{dhis2.FileResource, []string{"SbxFile0001"}, []string{"file.pdf"}},
	{dhis2.Image, []string{"SbxImage001"}, []string{"face.png"}},
	{dhis2.GeoJSON, []string{"{}"}, nil},
}

// TestD030_AWrongValueIsAnErrorOfItsOwn: each type refuses what is not of it,
// with a typed error that never quotes the value.
func TestD030_AWrongValueIsAnErrorOfItsOwn(t *testing.T) {
	for _, tc := range valueCases {
		if !tc.typ.Known() || tc.typ.Want() == "" {
			t.Errorf("%s is not known", tc.typ)
		}
		for _, s := range tc.allowed {
			v, err := dhis2.ParseValue(tc.typ, s, time.UTC)
			if err != nil || v.Text() != s || v.Type() != tc.typ {
				t.Errorf("%s %q: got %q, %v", tc.typ, s, v.Text(), err)
			}
		}
		for _, s := range append(tc.refused, "") {
			v, err := dhis2.ParseValue(tc.typ, s, time.UTC)
			e, ok := errors.AsType[*dhis2.ValueError](err)
			if !ok || e.Type != tc.typ || v.Text() != "" {
				t.Errorf("%s %q: got %q, %v, want a *ValueError", tc.typ, s, v.Text(), err)
				continue
			}
			if len(s) > 3 && strings.Contains(err.Error(), s) && s != "false" || !strings.Contains(err.Error(), string(tc.typ)) {
				t.Errorf("%s: the error quotes the value or lacks the type: %q", tc.typ, err)
			}
		}
	}
	if _, err := dhis2.ParseValue("SHOE_SIZE", "43", time.UTC); err == nil || dhis2.ValueType("SHOE_SIZE").Known() {
		t.Error("an unknown type took a value")
	}
}

func TestValueParts(t *testing.T) {
	colombo := zone(t, "Asia/Colombo")
	parse := func(typ dhis2.ValueType, s string) dhis2.Value {
		v, err := dhis2.ParseValue(typ, s, colombo)
		if err != nil {
			t.Fatalf("%s %q: %v", typ, s, err)
		}
		return v
	}
	if v := parse(dhis2.Integer, "-42"); v.Integer() != -42 || v.Number() != -42 {
		t.Errorf("integer: got %d", v.Integer())
	}
	if v := parse(dhis2.Number, "10.50"); v.Number() != 10.5 || v.Text() != "10.50" {
		t.Errorf("number: got %v, %q: digits must stay", v.Number(), v.Text())
	}
	if !parse(dhis2.Boolean, "TRUE").Bool() || parse(dhis2.Boolean, "false").Bool() || !parse(dhis2.TrueOnly, "true").Bool() {
		t.Error("booleans")
	}
	if v := parse(dhis2.Age, "1997-08-01"); v.Date() != day(t, "1997-08-01") {
		t.Errorf("age: got %v", v.Date())
	}
	if v := parse(dhis2.DateTimeType, "2026-03-02T09:30"); v.Date() != day(t, "2026-03-02") || v.DateTime().Instant(time.UTC) != "2026-03-02T04:00:00+00:00" {
		t.Errorf("date-time: got %v", v.DateTime().Instant(time.UTC))
	}
	if v := parse(dhis2.OrganisationUnitType, "SbxClinic01"); v.UID() != dhis2.MustUID("SbxClinic01") {
		t.Errorf("organisation unit: got %v", v.UID())
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "  ": "", "a": "a", " a b ": "a b", "\t\na\r\n": "a", "a\tb\nc\rd": "a\tb\nc\rd", "a\x00b": "ab", "\x07": "", "a\x7fb": "ab",
		"a\u0085b": "ab", "නිමාලි": "නිමාලි", "\u00a0a\u00a0": "a", "க்\u200dஷ": "க்\u200dஷ", "\x00 a \x00": "a",
	} {
		if got := dhis2.Clean(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
