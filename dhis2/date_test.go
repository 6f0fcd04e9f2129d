package dhis2_test

import (
	"errors"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

func TestParseDate(t *testing.T) {
	for s, want := range map[string]string{
		"2026-03-02": "2026-03-02", "2024-02-29": "2024-02-29", "2000-02-29": "2000-02-29", "0001-01-01": "0001-01-01", "9999-12-31": "9999-12-31",
		"2026-03-02T10:00:00.000": "2026-03-02", "2026-03-02 10:00": "2026-03-02", "2026-03-02T": "2026-03-02",
	} {
		if d, err := dhis2.ParseDate(s); err != nil || d.String() != want || d.IsZero() {
			t.Errorf("%s: got %v, %v", s, d, err)
		}
	}
	for _, s := range []string{
		"", "2026", "2026-03", "2026-3-2", "2026/03/02", "02-03-2026", "2026-02-29", "1900-02-29", "2026-02-30", "2026-04-31", "2026-13-01", "2026-00-01",
		"2026-01-00", "2026-01-32", "0000-01-01", "2026-03-02Z", "2026-03-02x", "2026-03-021", "+026-03-02", "２０２６-03-02", "2026-03-0二",
	} {
		if d, err := dhis2.ParseDate(s); !errors.Is(err, dhis2.ErrDate) || !d.IsZero() {
			t.Errorf("%q: got %v, %v, want ErrDate", s, d, err)
		}
	}
}

func day(t testing.TB, s string) dhis2.Date {
	t.Helper()
	d, err := dhis2.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDateArithmetic(t *testing.T) {
	lmp, edd := day(t, "2025-10-01"), day(t, "2026-07-08")
	if lmp.AddDays(280) != edd || edd.Sub(lmp) != 280 || lmp.Sub(edd) != -280 || !lmp.Before(edd) || edd.Before(lmp) || lmp.Before(lmp) {
		t.Errorf("280 days from %v: got %v, %d", lmp, lmp.AddDays(280), edd.Sub(lmp))
	}
	if got := day(t, "2024-02-28").AddDays(2); got != day(t, "2024-03-01") {
		t.Errorf("over a leap day: got %v", got)
	}
	if got := day(t, "9999-12-31").Sub(day(t, "0001-01-01")); got != 3652058 {
		t.Errorf("over all years: got %d days", got)
	}
	for _, d := range []dhis2.Date{day(t, "9999-12-31").AddDays(1), day(t, "0001-01-01").AddDays(-1), {}} {
		if !d.IsZero() || d.String() != "" {
			t.Errorf("got %q, want the zero Date", d)
		}
	}
	for _, tc := range []struct {
		born, on string
		want     int
	}{
		{"1997-08-01", "2026-07-31", 28}, {"1997-08-01", "2026-08-01", 29}, {"1997-08-01", "2026-08-02", 29},
		{"2000-02-29", "2026-02-28", 25}, {"2000-02-29", "2026-03-01", 26}, {"2026-03-02", "2026-03-02", 0},
	} {
		if got := day(t, tc.born).YearsUntil(day(t, tc.on)); got != tc.want {
			t.Errorf("born %s, on %s: got %d, want %d", tc.born, tc.on, got, tc.want)
		}
	}
}
