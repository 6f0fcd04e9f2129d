package dhis2

import (
	"errors"
	"time"
)

// Timestamp is a point in time as DHIS2 prints it: wall time of the server's
// zone without an offset (yyyy-MM-ddTHH:mm:ss.SSS). It stays text until the
// zone is known; Parse turns it into a DateTime.
type Timestamp string

// DateTime is a parsed Timestamp: an instant, together with the day and the
// time of day that were written.
type DateTime struct {
	at      time.Time
	day     Date
	dayOnly bool // no time was written, or midnight
}

// ErrDateTime is returned by Timestamp.Parse.
var ErrDateTime = errors.New("not a date or date-time: want yyyy-MM-dd or yyyy-MM-ddTHH:mm:ss.SSS")

// Parse reads the forms that DHIS2 accepts and prints: a date, or a date-time
// with hours, optional minutes, seconds, fraction of 1 to 9 digits, and an
// optional offset or Z. Without an offset the wall time is that of server; an
// hour that a zone skips or repeats is resolved as time.Date does.
func (ts Timestamp) Parse(server *time.Location) (DateTime, error) {
	s := string(ts)
	day, err := ParseDate(s)
	if err != nil {
		return DateTime{}, ErrDateTime
	}
	if len(s) == 10 {
		return DateTime{at: atWall(day, 0, 0, 0, 0, server), day: day, dayOnly: true}, nil
	}
	c, ok := parseClock(s[11:])
	if !ok {
		return DateTime{}, ErrDateTime
	}
	zone := server
	if c.zoned {
		zone = time.FixedZone("", c.offset)
	}
	return DateTime{
		at:      atWall(day, c.h, c.m, c.s, c.ns, zone),
		day:     day,
		dayOnly: c.h == 0 && c.m == 0 && c.s == 0 && c.ns == 0,
	}, nil
}

// IsZero reports whether the DateTime is absent.
func (t DateTime) IsZero() bool { return t.day.IsZero() }

// IsDay reports whether only a day was written: no time of day, or midnight,
// which is how DHIS2 prints a date in occurredAt, enrolledAt and scheduledAt.
func (t DateTime) IsDay() bool { return t.dayOnly }

// Day is the calendar day as it was written; it never goes through a zone.
func (t DateTime) Day() Date { return t.day }

// Time is the instant.
func (t DateTime) Time() time.Time { return t.at }

// Instant is the FHIR form of the instant with the offset of zone, with
// milliseconds where there are any: 2025-09-04T13:07:47.106+05:30.
func (t DateTime) Instant(zone *time.Location) string { return Instant(t.at, zone) }

// Fact is the FHIR form of a clinical time: the day where only a day was
// written, else the instant.
func (t DateTime) Fact(zone *time.Location) string {
	if t.dayOnly {
		return t.day.String()
	}
	return t.Instant(zone)
}

// Instant formats any time as a FHIR instant with the offset of zone. Where
// that zone would move it out of the years 1 to 9999, which are all that FHIR
// can write, the offset that it came with stays.
func Instant(at time.Time, zone *time.Location) string {
	if moved := at.In(zone); writable(moved) {
		at = moved
	}
	var buf [32]byte
	y, m, d := at.Date()
	b := append(appendDate(buf[:0], y, int(m), d), 'T')
	b = append(two(b, at.Hour()), ':')
	b = append(two(b, at.Minute()), ':')
	b = two(b, at.Second())
	if ms := at.Nanosecond() / int(time.Millisecond); ms != 0 {
		b = append(b, '.', byte('0'+ms/100))
		b = two(b, ms%100)
	}
	_, off := at.Zone()
	// FHIR offsets have minutes only; zones with seconds ended before 1972.
	off /= 60
	sign := byte('+')
	if off < 0 {
		sign, off = '-', -off
	}
	b = append(b, sign)
	b = append(two(b, off/60), ':')
	b = two(b, off%60)
	return string(b)
}

func two(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

func atWall(d Date, h, m, s, ns int, zone *time.Location) time.Time {
	return time.Date(int(d.year), time.Month(d.month), int(d.day), h, m, s, ns, zone)
}

type clock struct {
	h, m, s, ns int
	zoned       bool
	offset      int // seconds east of UTC
}

// parseClock reads HH[:mm[:ss[.fraction]]][Z|±HH[:]mm].
func parseClock(s string) (c clock, ok bool) {
	s, c.offset, c.zoned, ok = cutOffset(s)
	if !ok || len(s) < 2 {
		return c, false
	}
	if c.h, ok = digits(s[:2]); !ok || c.h > 23 {
		return c, false
	}
	if s = s[2:]; s == "" {
		return c, true
	}
	if c.m, s, ok = colonPair(s); !ok || s == "" {
		return c, ok
	}
	if c.s, s, ok = colonPair(s); !ok || s == "" {
		return c, ok
	}
	if s[0] != '.' || len(s) < 2 || len(s) > 10 {
		return c, false
	}
	if c.ns, ok = digits(s[1:]); !ok {
		return c, false
	}
	for i := len(s) - 1; i < 9; i++ {
		c.ns *= 10
	}
	return c, true
}

func colonPair(s string) (n int, rest string, ok bool) {
	if len(s) < 3 || s[0] != ':' {
		return 0, s, false
	}
	n, ok = digits(s[1:3])
	return n, s[3:], ok && n < 60
}

func cutOffset(s string) (clock string, offset int, zoned, ok bool) {
	if s != "" && s[len(s)-1] == 'Z' {
		return s[:len(s)-1], 0, true, true
	}
	for i := 0; i < len(s); i++ {
		if s[i] != '+' && s[i] != '-' {
			continue
		}
		o := s[i+1:]
		if len(o) == 5 && o[2] == ':' {
			o = o[:2] + o[3:]
		}
		if len(o) == 2 {
			o += "00"
		}
		if len(o) != 4 {
			return "", 0, false, false
		}
		h, okH := digits(o[:2])
		m, okM := digits(o[2:])
		if !okH || !okM || h > 14 || m > 59 {
			return "", 0, false, false
		}
		offset = h*3600 + m*60
		if s[i] == '-' {
			offset = -offset
		}
		return s[:i], offset, true, true
	}
	return s, 0, false, true
}
