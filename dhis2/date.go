package dhis2

import (
	"errors"
	"time"
)

// Date is a day of the ISO 8601 calendar, without a zone. DHIS2 prints a DATE
// or AGE value as yyyy-MM-dd and tolerates a tail after it.
type Date struct{ year, month, day int16 }

// ErrDate is returned by ParseDate.
var ErrDate = errors.New("not a calendar date: want yyyy-MM-dd")

// ParseDate reads the first ten characters as a calendar date. A tail is
// allowed only where a time begins ("T" or a blank), as DHIS2 allows it.
func ParseDate(s string) (Date, error) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' || (len(s) > 10 && s[10] != 'T' && s[10] != ' ') {
		return Date{}, ErrDate
	}
	y, okY := digits(s[0:4])
	m, okM := digits(s[5:7])
	d, okD := digits(s[8:10])
	if !okY || !okM || !okD || y == 0 || m < 1 || m > 12 || d < 1 || d > daysIn(y, m) {
		return Date{}, ErrDate
	}
	return Date{int16(y), int16(m), int16(d)}, nil
}

// IsZero reports whether the date is absent.
func (d Date) IsZero() bool { return d == Date{} }

// String is the FHIR form of a date, yyyy-MM-dd; "" of the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	var b [10]byte
	return string(appendDate(b[:0], int(d.year), int(d.month), int(d.day)))
}

// AddDays returns the date n days later, or the zero Date where that leaves
// the years 1 to 9999, which are all that can be written.
func (d Date) AddDays(n int) Date {
	t := d.utc().AddDate(0, 0, n)
	if d.IsZero() || !writable(t) {
		return Date{}
	}
	return dateOf(t)
}

// Sub returns the number of days from e to d.
func (d Date) Sub(e Date) int {
	// Not by time.Duration, which ends at 292 years.
	return int((d.utc().Unix() - e.utc().Unix()) / (24 * 60 * 60))
}

// Before reports whether d is earlier than e.
func (d Date) Before(e Date) bool { return d.utc().Before(e.utc()) }

// YearsUntil returns the full years from d to e, as an age is counted.
func (d Date) YearsUntil(e Date) int {
	n := int(e.year) - int(d.year)
	if e.month < d.month || (e.month == d.month && e.day < d.day) {
		n--
	}
	return n
}

func (d Date) utc() time.Time {
	return time.Date(int(d.year), time.Month(d.month), int(d.day), 0, 0, 0, 0, time.UTC)
}

// writable reports whether four digits hold the year.
func writable(t time.Time) bool { return t.Year() >= 1 && t.Year() <= 9999 }

func dateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{int16(y), int16(m), int16(d)}
}

func daysIn(y, m int) int {
	switch m {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

func digits(s string) (int, bool) {
	n := 0
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, len(s) > 0
}

func appendDate(b []byte, y, m, d int) []byte {
	return append(b,
		byte('0'+y/1000%10), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10), '-',
		byte('0'+m/10), byte('0'+m%10), '-', byte('0'+d/10), byte('0'+d%10))
}
