package sandbox

import (
	"math"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// layouts are the precisions of date, dateTime and instant (datatypes.html#dateTime)
// with the length of time that one value covers.
var layouts = []struct {
	layout string
	end    func(time.Time) time.Time
}{
	{"2006", func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }},
	{"2006-01", func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }},
	{"2006-01-02", func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
	{"2006-01-02T15:04", func(t time.Time) time.Time { return t.Add(time.Minute) }},
	{"2006-01-02T15:04Z07:00", func(t time.Time) time.Time { return t.Add(time.Minute) }},
	{"2006-01-02T15:04:05", func(t time.Time) time.Time { return t.Add(time.Second) }},
	{"2006-01-02T15:04:05Z07:00", func(t time.Time) time.Time { return t.Add(time.Second) }},
}

// interval gives the first and last millisecond that a date covers. A date
// without a zone counts in UTC.
func interval(s string) (low, high int64, ok bool) {
	for _, l := range layouts {
		t, err := time.Parse(l.layout, s)
		if err != nil {
			continue
		}
		end := l.end(t)
		if strings.Contains(s, ".") { // a fraction of a second is an instant
			return t.UnixMilli(), t.UnixMilli(), true
		}
		return t.UnixMilli(), end.UnixMilli() - 1, true
	}
	return 0, 0, false
}

// covered gives the interval of a date, dateTime, instant or Period. An open
// end reaches as far as time does (search.html#date).
func covered(v *fhirjson.Value) (low, high int64, ok bool) {
	if s := v.Str(); s != "" {
		return interval(s)
	}
	low, high = math.MinInt64, math.MaxInt64
	if s := v.Get("start").Str(); s != "" {
		if l, _, fine := interval(s); fine {
			low, ok = l, true
		}
	}
	if s := v.Get("end").Str(); s != "" {
		if _, h, fine := interval(s); fine {
			high, ok = h, true
		}
	}
	return low, high, ok
}

// prefixes of date searches (search.html#prefix) as SQL: columns with the first
// and last millisecond of the resource, then those of the search.
var prefixes = map[string]string{
	"eq": "(%[1]s >= %[3]d AND %[2]s <= %[4]d)",
	"ne": "(%[1]s < %[3]d OR %[2]s > %[4]d)",
	"gt": "(%[2]s > %[4]d)",
	"ge": "(%[2]s >= %[3]d)",
	"lt": "(%[1]s < %[3]d)",
	"le": "(%[1]s <= %[4]d)",
	"sa": "(%[1]s > %[4]d)",
	"eb": "(%[2]s < %[3]d)",
	"ap": "(%[1]s <= %[4]d AND %[2]s >= %[3]d)",
}
