package dhis2_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// FuzzTrackedEntity: what is read can be written and read again to the same
// bytes; what is refused is refused with a *DocumentError.
func FuzzTrackedEntity(f *testing.F) {
	f.Add(visitDocument(1, 2))
	f.Add([]byte(`{"trackedEntity":"SbxMother01","deleted":true,"relationships":[{"from":{"a":[1,2]}}],"programOwners":[{}]}`))
	f.Add([]byte(`{"instances":[]}`))
	f.Add([]byte(`{"trackedEntity":"SbxMother01","enrollments":[{"followup":true,"notes":[{"value":"\u0000"}]}]}`))
	f.Add([]byte("{\"trackedEntity\":\"\xff\"}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		te, err := dhis2.DecodeTrackedEntity(text)
		if err != nil {
			e, ok := errors.AsType[*dhis2.DocumentError](err)
			if !ok || e.Reason == "" {
				t.Fatalf("got %v, want a *DocumentError with a reason", err)
			}
			if e.Line > 0 && (e.Line > 1+bytes.Count(text, []byte{'\n'}) || e.Column < 1 || e.Column > len(text)+1) {
				t.Fatalf("line %d, column %d lie outside of the document", e.Line, e.Column)
			}
			return
		}
		once, err := json.Marshal(te)
		if err != nil {
			t.Fatalf("write what was read: %v", err)
		}
		again, err := dhis2.DecodeTrackedEntity(once)
		if err != nil {
			t.Fatalf("read what was written: %v", err)
		}
		if twice, err := json.Marshal(again); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("two readings differ:\n%s\n%s\n%v", once, twice, err)
		}
	})
}

// FuzzUID: the parser and the decoder of documents agree.
func FuzzUID(f *testing.F) {
	for _, s := range []string{"eozjj9UivfS", "eozjj9Uivf", "", "1ozjj9UivfS", "மாதி", "eozjj9Uivf\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := dhis2.ParseUID(s)
		if (err == nil) != (u.String() == s && len(s) == 11) || (err != nil && !u.IsZero()) {
			t.Fatalf("%q: got %q, %v", s, u, err)
		}
		if !utf8.ValidString(s) {
			return
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var decoded dhis2.UID
		if err := json.Unmarshal(text, &decoded); err != nil || decoded != u {
			t.Fatalf("%s: the document gives %q, %v, the parser %q", text, decoded, err, u)
		}
	})
}

// FuzzDate: what is taken is a day that package time knows too.
func FuzzDate(f *testing.F) {
	for _, s := range []string{"2026-03-02", "2024-02-29", "2026-02-29", "0001-01-01", "9999-12-31", "2026-03-02T10:00", "0000-01-01"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := dhis2.ParseDate(s)
		if err != nil {
			if _, other := time.Parse(time.DateOnly, s); other == nil && s[:4] != "0000" {
				t.Fatalf("%q is refused", s)
			}
			return
		}
		if _, err := time.Parse(time.DateOnly, d.String()); err != nil || d.String() != s[:10] {
			t.Fatalf("%q: got %q, %v", s, d, err)
		}
		if e := d.AddDays(37); !e.IsZero() && (e.Sub(d) != 37 || !d.Before(e) || e.AddDays(-37) != d) {
			t.Fatalf("%q: 37 days later: got %q", s, e)
		}
	})
}

// FuzzTimestamp: an instant is RFC 3339 and the same point in time; the day is
// what was written.
func FuzzTimestamp(f *testing.F) {
	for _, s := range []string{"2026-03-02T13:07:47.106", "2026-03-02", "2026-10-25T02:30:00", "2026-03-02T10:00+01:00", "2026-03-02T10Z", "0001-01-01T00:00:00", "9999-12-31T23:59:59.999-14:00", "2026-03-02 10:00:00.123456789-0330"} {
		f.Add(s)
	}
	colombo, berlin := zone(f, "Asia/Colombo"), zone(f, "Europe/Berlin")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := dhis2.Timestamp(s).Parse(berlin)
		if err != nil {
			if !errors.Is(err, dhis2.ErrDateTime) || !d.IsZero() {
				t.Fatalf("%q: got %v, %v", s, d, err)
			}
			return
		}
		if d.Day().String() != s[:10] {
			t.Fatalf("%q: the day became %s", s, d.Day())
		}
		text := d.Instant(colombo)
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatalf("%q: %s is no RFC 3339: %v", s, text, err)
		}
		// Offsets with seconds, which zones had long ago, cannot be written.
		if off := at.Sub(d.Time().Truncate(time.Millisecond)); off < -time.Minute || off > time.Minute || (off != 0 && at.Year() > 1972) {
			t.Fatalf("%q: %s is off by %v", s, text, off)
		}
		if fact := d.Fact(colombo); d.IsDay() != (len(fact) == 10) {
			t.Fatalf("%q: got %s", s, fact)
		}
	})
}

// FuzzValue: a value is its own text; a refusal names the type and no value;
// cleaning twice is cleaning once.
func FuzzValue(f *testing.F) {
	for i, tc := range valueCases {
		for _, s := range append(tc.allowed, tc.refused...) {
			f.Add(uint8(i), s)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, s string) {
		typ := valueCases[int(which)%len(valueCases)].typ
		clean := dhis2.Clean(s)
		if dhis2.Clean(clean) != clean || strings.TrimSpace(clean) != clean {
			t.Fatalf("%q is cleaned to %q", s, clean)
		}
		v, err := dhis2.ParseValue(typ, clean, time.UTC)
		if err != nil {
			if e, ok := errors.AsType[*dhis2.ValueError](err); !ok || e.Error() != "want "+typ.Want()+" ("+string(typ)+")" {
				t.Fatalf("%s: got %v", typ, err)
			}
			return
		}
		if v.Text() != clean || clean == "" || v.Type() != typ {
			t.Fatalf("%s %q: got %q", typ, clean, v.Text())
		}
		switch typ {
		case dhis2.Number, dhis2.Percentage, dhis2.UnitInterval:
			if n := new(float64); json.Unmarshal([]byte(clean), n) != nil {
				t.Fatalf("%s %q is no JSON number", typ, clean)
			}
		case dhis2.Integer, dhis2.IntegerPositive, dhis2.IntegerNegative, dhis2.IntegerZeroOrPositive:
			if n := new(int32); json.Unmarshal([]byte(clean), n) != nil || int(*n) != v.Integer() {
				t.Fatalf("%s %q: got %d", typ, clean, v.Integer())
			}
		}
	})
}
