package chart

import (
	"slices"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/portal"
)

// dueDate is one statement of when a child is expected.
type dueDate struct {
	Date string // YYYY-MM-DD
	code string // which kind of statement
	said string // when
}

// Lengths of a pregnancy (days). From the last period to the due date there are 280.
const (
	untilDue   = 280
	early      = 20 // how much longer before the due date still belongs to it
	afterwards = 45 // how long after the due date
	sameChild  = 60 // two due dates nearer than that are of one pregnancy
)

// Pregnancy is one, by its due date.
type Pregnancy struct {
	Due    time.Time
	Visits []*Visit
}

// Current tells that the child is still expected at a time, or was until lately.
func (p Pregnancy) Current(now time.Time) bool {
	return !now.Before(p.Due.AddDate(0, 0, -untilDue-early)) && !now.After(p.Due.AddDate(0, 0, 21))
}

// Pregnancies are those that the record knows a due date of, the latest first. Of two
// statements about one pregnancy the surer counts, and of equals the later.
func (c *Chart) Pregnancies() []Pregnancy {
	var all []dueDate
	for _, d := range c.due {
		if _, err := time.ParseInLocation(time.DateOnly, d.Date, c.zone); err == nil {
			all = append(all, d)
		}
	}
	slices.SortStableFunc(all, func(a, b dueDate) int {
		if rank := slices.Index(dueCodes, a.code) - slices.Index(dueCodes, b.code); rank != 0 {
			return rank
		}
		return newest(a.said, b.said)
	})
	var list []Pregnancy
next:
	for _, d := range all {
		due, _ := time.ParseInLocation(time.DateOnly, d.Date, c.zone) // it was parsed above
		for _, p := range list {
			if apart := due.Sub(p.Due).Hours() / 24; apart > -sameChild && apart < sameChild {
				continue next
			}
		}
		list = append(list, Pregnancy{Due: due})
	}
	slices.SortFunc(list, func(a, b Pregnancy) int { return b.Due.Compare(a.Due) })
	return list
}

// Week is the completed weeks and days at a time.
func (p Pregnancy) Week(now time.Time) (weeks, days int) {
	begin := p.Due.AddDate(0, 0, -untilDue)
	today := time.Date(now.Year(), now.Month(), now.Day(), 12, 0, 0, 0, time.UTC)
	from := time.Date(begin.Year(), begin.Month(), begin.Day(), 12, 0, 0, 0, time.UTC)
	n := int(today.Sub(from).Hours() / 24)
	return n / 7, n % 7
}

// Timeline groups the visits by pregnancy; other have a date outside of all, undated
// none (D-097). Each visit stands in exactly one group.
func (c *Chart) Timeline() (list []Pregnancy, other, undated []*Visit) {
	list = c.Pregnancies()
next:
	for _, v := range c.Visits {
		at, parts, _, ok := portal.ParseDate(v.Date, c.zone)
		if !ok || parts < 3 {
			undated = append(undated, v)
			continue
		}
		for i := range list {
			if !at.Before(list[i].Due.AddDate(0, 0, -untilDue-early)) && !at.After(list[i].Due.AddDate(0, 0, afterwards)) {
				list[i].Visits = append(list[i].Visits, v)
				continue next
			}
		}
		other = append(other, v)
	}
	return list, other, undated
}
