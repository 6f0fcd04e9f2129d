package validate

import (
	"bytes"
	"cmp"
)

// number2 reads two digits, -1 if they are none.
func number2(s []byte) int {
	if len(s) < 2 || !digit(s[0]) || !digit(s[1]) {
		return -1
	}
	return int(s[0]-'0')*10 + int(s[1]-'0')
}

// day reads YYYY, YYYY-MM or YYYY-MM-DD at the beginning of s, gives what
// follows and how many parts there were; 0 if it is no day that exists.
func day(s []byte) (rest []byte, parts int) {
	high, low := number2(s), 0
	if high < 0 {
		return nil, 0
	}
	if low = number2(s[2:]); low < 0 || high*100+low == 0 {
		return nil, 0
	}
	year := high*100 + low
	s = s[4:]
	if len(s) == 0 || s[0] != '-' {
		return s, 1
	}
	month := number2(s[1:])
	if month < 1 || month > 12 {
		return nil, 0
	}
	s = s[3:]
	if len(s) == 0 || s[0] != '-' {
		return s, 2
	}
	d := number2(s[1:])
	if d < 1 || d > daysIn(year, month) {
		return nil, 0
	}
	return s[3:], 3
}

// daysIn is the number of days of a month of the Gregorian calendar.
func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

func isDate(s []byte) bool {
	rest, parts := day(s)
	return parts > 0 && len(rest) == 0
}

// clock reads hh:mm:ss with an optional fraction; a leap second is allowed.
func clock(s []byte) (rest []byte, ok bool) {
	if len(s) < 8 || s[2] != ':' || s[5] != ':' {
		return nil, false
	}
	h, m, sec := number2(s), number2(s[3:]), number2(s[6:])
	if h < 0 || h > 23 || m < 0 || m > 59 || sec < 0 || sec > 60 {
		return nil, false
	}
	s = s[8:]
	if len(s) > 0 && s[0] == '.' {
		end := digits(s, 1)
		if end == 1 {
			return nil, false
		}
		s = s[end:]
	}
	return s, true
}

// zone: Z, or an offset of at most 14 hours.
func zone(s []byte) bool {
	if len(s) == 1 {
		return s[0] == 'Z'
	}
	if len(s) != 6 || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return false
	}
	h, m := number2(s[1:]), number2(s[4:])
	return h >= 0 && h <= 13 && m >= 0 && m <= 59 || h == 14 && m == 0
}

// isDateTime: a date of any precision, or a day with time and zone.
func isDateTime(s []byte) bool {
	rest, parts := day(s)
	return parts > 0 && (len(rest) == 0 || parts == 3 && timeOfDay(rest))
}

// isInstant: a day with time and zone.
func isInstant(s []byte) bool {
	rest, parts := day(s)
	return parts == 3 && timeOfDay(rest)
}

func timeOfDay(s []byte) bool {
	if len(s) == 0 || s[0] != 'T' {
		return false
	}
	rest, ok := clock(s[1:])
	return ok && zone(rest)
}

func isTime(s []byte) bool {
	rest, ok := clock(s)
	return ok && len(rest) == 0
}

// compareTimes compares two valid dates or dateTimes as FHIRPath does: as
// instants where both have a time, else by calendar day, and at all only where
// the precision decides; known is false where it does not.
func compareTimes(a, b []byte) (order int, known bool) {
	restA, partsA := day(a)
	restB, partsB := day(b)
	if partsA == 0 || partsB == 0 || len(restA) > 0 && !timeOfDay(restA) || len(restB) > 0 && !timeOfDay(restB) {
		return 0, false
	}
	if len(restA) > 0 && len(restB) > 0 {
		secondsA, fractionA := instant(a)
		secondsB, fractionB := instant(b)
		if secondsA != secondsB {
			return cmp.Compare(secondsA, secondsB), true
		}
		return bytes.Compare(fractionA, fractionB), true
	}
	x, y := a[:len(a)-len(restA)], b[:len(b)-len(restB)]
	n := min(len(x), len(y))
	if order = bytes.Compare(x[:n], y[:n]); order != 0 {
		return order, true
	}
	return 0, len(a) == len(b)
}

// instant gives the seconds since some day, and the digits of the fraction
// without zeros at the end, of a valid dateTime with a time.
func instant(s []byte) (seconds int64, fraction []byte) {
	year, month, d := number2(s)*100+number2(s[2:]), number2(s[5:]), number2(s[8:])
	// Years that begin in March have the leap day at their end.
	if month < 3 {
		year, month = year-1, month+12
	}
	days := int64(year)*365 + int64(year/4-year/100+year/400) + int64(153*(month-3)+2)/5 + int64(d)
	seconds = days*86400 + int64(number2(s[11:])*3600+number2(s[14:])*60+number2(s[17:]))
	rest := s[19:]
	if rest[0] == '.' {
		end := digits(rest, 1)
		fraction, rest = bytes.TrimRight(rest[1:end], "0"), rest[end:]
	}
	if len(rest) == 6 {
		offset := int64(number2(rest[1:])*3600 + number2(rest[4:])*60)
		if rest[0] == '+' {
			offset = -offset
		}
		seconds += offset
	}
	return seconds, fraction
}
