package dhis2_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

func at(t testing.TB, s string, zone *time.Location) dhis2.DateTime {
	t.Helper()
	d, err := dhis2.Timestamp(s).Parse(zone)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return d
}

// TestD025_TimestampsGetTheServersZone: DHIS2 writes wall time without an
// offset; an instant has one, a day has none and never moves.
func TestD025_TimestampsGetTheServersZone(t *testing.T) {
	colombo, chicago := zone(t, "Asia/Colombo"), zone(t, "America/Chicago")
	for _, tc := range []struct {
		name, text    string
		server, write *time.Location
		want          string // as a clinical time
		instant       string
	}{
		{"Colombo", "2026-03-02T13:07:47.106", colombo, colombo, "2026-03-02T13:07:47.106+05:30", "2026-03-02T13:07:47.106+05:30"},
		{"without fraction", "2026-03-02T13:07:47", colombo, colombo, "2026-03-02T13:07:47+05:30", "2026-03-02T13:07:47+05:30"},
		{"fraction of zeros", "2026-03-02T13:07:47.000", colombo, colombo, "2026-03-02T13:07:47+05:30", "2026-03-02T13:07:47+05:30"},
		{"one digit", "2026-03-02T13:07:47.5", colombo, colombo, "2026-03-02T13:07:47.500+05:30", "2026-03-02T13:07:47.500+05:30"},
		{"nine digits", "2026-03-02T13:07:47.123456789", colombo, colombo, "2026-03-02T13:07:47.123+05:30", "2026-03-02T13:07:47.123+05:30"},
		{"minutes", "2026-03-02T13:07", colombo, colombo, "2026-03-02T13:07:00+05:30", "2026-03-02T13:07:00+05:30"},
		{"hours", "2026-03-02T13", colombo, colombo, "2026-03-02T13:00:00+05:30", "2026-03-02T13:00:00+05:30"},
		{"blank instead of T", "2026-03-02 13:07", colombo, colombo, "2026-03-02T13:07:00+05:30", "2026-03-02T13:07:00+05:30"},
		{"server in UTC, written in Colombo", "2026-03-02T20:00:00", time.UTC, colombo, "2026-03-03T01:30:00+05:30", "2026-03-03T01:30:00+05:30"},
		{"Z", "2026-03-02T13:07:47Z", colombo, colombo, "2026-03-02T18:37:47+05:30", "2026-03-02T18:37:47+05:30"},
		{"offset", "2026-03-02T13:07:47.000+01:00", colombo, time.UTC, "2026-03-02T12:07:47+00:00", "2026-03-02T12:07:47+00:00"},
		{"offset without colon", "2026-03-02T13:07:47-0330", colombo, time.UTC, "2026-03-02T16:37:47+00:00", "2026-03-02T16:37:47+00:00"},
		{"offset of hours", "2026-03-02T13:07+02", colombo, time.UTC, "2026-03-02T11:07:00+00:00", "2026-03-02T11:07:00+00:00"},
		{"west of Greenwich", "2026-03-02T23:30:00", chicago, chicago, "2026-03-02T23:30:00-06:00", "2026-03-02T23:30:00-06:00"},
		{"a day", "2026-03-02", colombo, time.UTC, "2026-03-02", "2026-03-01T18:30:00+00:00"},
		{"midnight is a day", "2026-03-02T00:00:00.000", colombo, time.UTC, "2026-03-02", "2026-03-01T18:30:00+00:00"},
		{"a second after midnight is a time", "2026-03-02T00:00:01", colombo, colombo, "2026-03-02T00:00:01+05:30", "2026-03-02T00:00:01+05:30"},
		{"half an hour offset of old", "1996-06-01T12:00:00", colombo, colombo, "1996-06-01T12:00:00+06:30", "1996-06-01T12:00:00+06:30"},
		{"the first day", "0001-01-01T00:00:00", colombo, time.UTC, "0001-01-01", "0001-01-01T00:00:00+05:19"},
		{"the last day", "9999-12-31T23:00:00", time.UTC, colombo, "9999-12-31T23:00:00+00:00", "9999-12-31T23:00:00+00:00"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := at(t, tc.text, tc.server)
			if got := d.Fact(tc.write); got != tc.want {
				t.Errorf("Fact: got %s, want %s", got, tc.want)
			}
			if got := d.Instant(tc.write); got != tc.instant {
				t.Errorf("Instant: got %s, want %s", got, tc.instant)
			}
			if got := d.Day().String(); got != tc.text[:10] {
				t.Errorf("Day: got %s, want %s: a day never goes through a zone", got, tc.text[:10])
			}
			if d.IsDay() != (len(tc.want) == 10) || d.IsZero() {
				t.Errorf("IsDay: got %t", d.IsDay())
			}
		})
	}
}

// TestClockChanges: an hour that a zone repeats or skips becomes one of the
// two instants it can be, and never fails.
func TestClockChanges(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	for _, tc := range []struct {
		name, text string
		can        []string
	}{
		{"repeated hour", "2026-10-25T02:30:00.000", []string{"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"}},
		{"skipped hour", "2026-03-29T02:30:00.000", []string{"2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"}},
		{"before", "2026-10-25T01:59:59", []string{"2026-10-24T23:59:59Z"}},
		{"after", "2026-10-25T03:00:00", []string{"2026-10-25T02:00:00Z"}},
		{"with an offset", "2026-10-25T02:30:00+02:00", []string{"2026-10-25T00:30:00Z"}},
		{"with the other offset", "2026-10-25T02:30:00+01:00", []string{"2026-10-25T01:30:00Z"}},
	} {
		got := at(t, tc.text, berlin).Time().UTC().Format(time.RFC3339)
		found := false
		for _, c := range tc.can {
			found = found || c == got
		}
		if !found {
			t.Errorf("%s: got %s, want one of %v", tc.name, got, tc.can)
		}
	}
	if got := at(t, "2026-10-25T00:00:00.000", berlin); !got.IsDay() || got.Day().String() != "2026-10-25" {
		t.Errorf("the day of the change: got %v", got.Day())
	}
	// Beirut skips midnight itself: the day stays.
	if got := at(t, "2026-03-29T00:00:00.000", zone(t, "Asia/Beirut")).Fact(time.UTC); got != "2026-03-29" {
		t.Errorf("a midnight that does not exist: got %s", got)
	}
}

func TestTimestampRefusals(t *testing.T) {
	for _, s := range []string{
		"", "yesterday", "2026-02-30", "2026-02-30T10:00", "2026-03-02T", "2026-03-02T1", "2026-03-02T24:00", "2026-03-02T10:60", "2026-03-02T10:00:60",
		"2026-03-02T10:0", "2026-03-02T10:00:", "2026-03-02T10:00:00.", "2026-03-02T10:00:00.1234567890", "2026-03-02T10:00:00.12x", "2026-03-02T10:00:00,5",
		"2026-03-02T10:00:00+", "2026-03-02T10:00:00+1", "2026-03-02T10:00:00+15:00", "2026-03-02T10:00:00+01:60", "2026-03-02T10:00:00+1:00", "2026-03-02T10:00:00+ab:cd",
		"2026-03-02T10:00:00z", "2026-03-02TZ", "2026-03-02x10:00", "1772445600000", "2026-03-02T10:00:00.5Zx",
	} {
		if d, err := dhis2.Timestamp(s).Parse(time.UTC); !errors.Is(err, dhis2.ErrDateTime) || !d.IsZero() {
			t.Errorf("%q: got %v, %v, want ErrDateTime", s, d, err)
		}
	}
}
