package chart

import (
	"strconv"
	"time"
)

// lateAfter is how long after it was found something may be written down without a word
// about it.
const lateAfter = 48 * time.Hour

// late tells that a fact was written down long after its day. A date alone is meant until
// the end of that day.
func late(found, issued string) bool {
	at, err := time.Parse(time.RFC3339Nano, issued)
	if err != nil {
		return false
	}
	if when, err := time.Parse(time.RFC3339Nano, found); err == nil {
		return at.Sub(when) > lateAfter
	}
	when, err := time.ParseInLocation(time.DateOnly, found, at.Location())
	return err == nil && at.Sub(when) > 24*time.Hour+lateAfter
}

// flag marks the values of one kind and one day that differ: one of them is wrong, or
// both are right at another hour, which who reads them decides.
func (c *Chart) flag() {
	type key struct{ name, day string }
	of := map[key][]int{}
	for i, f := range c.Facts {
		if f.Date == "" || len(f.Date) < len(time.DateOnly) {
			continue
		}
		name := f.Code
		if name == "" {
			name = f.Name.Text
		}
		k := key{name, day(f.Date)}
		of[k] = append(of[k], i)
	}
	for _, same := range of {
		for _, i := range same[1:] {
			if !c.Facts[i].agrees(c.Facts[same[0]]) {
				for _, j := range same {
					c.Facts[j].Conflict = true
				}
				break
			}
		}
	}
}

// agrees tells whether two facts say the same: 9.8 and 9.80 do.
func (f Fact) agrees(other Fact) bool {
	a, err := strconv.ParseFloat(f.Number, 64)
	b, err2 := strconv.ParseFloat(other.Number, 64)
	if err == nil && err2 == nil && f.Unit == other.Unit {
		return a == b
	}
	return f.Value.Text == other.Value.Text
}
