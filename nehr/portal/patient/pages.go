package patient

import (
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	"github.com/nehrbridge/nehrbridge/nehr/portal/words"
)

// measure is a latest value on the home page.
type measure struct {
	fact
	About string // key of what it is
	Usual string // the usual range in words
}

type homePage struct {
	*chart
	Next      *appointment
	Pending   []referral
	Expecting *pregnancy
	Weeks     int
	Days      int
	Due       string
	Measures  []measure
	Danger    bool // one of the measures is a danger sign
	Seen      int  // how often others looked in the last 30 days
	Refused   int  // how often others tried and were refused
	Asked     int  // requests that wait for her answer
	// Emergencies are those who opened her record without consent in the last 30 days.
	Emergencies []emergency
}

// homeMeasures are shown in this order, with what is usual.
var homeMeasures = []struct{ code, about, usual string }{
	{codePressure, "about_pressure", "usual_pressure"},
	{codeHaemo, "about_haemoglobin", "usual_haemoglobin"},
	{codeSugar, "about_sugar", "usual_sugar"},
}

func (p *Portal) home(v *portal.Visit) error {
	c, err := p.chart(v)
	if err != nil {
		return err
	}
	page := homePage{chart: c}
	if coming := c.coming(); len(coming) > 0 {
		page.Next = &coming[0]
	}
	for _, r := range c.referrals {
		if r.Open() {
			page.Pending = append(page.Pending, r)
		}
	}
	for _, g := range c.pregnancies() {
		if g.current(c.now) {
			page.Expecting = &g
			page.Weeks, page.Days = g.week(c.now)
			page.Due = v.Date(g.Due.Format(time.DateOnly))
			break
		}
	}
	for _, m := range homeMeasures {
		if f, ok := c.latest(m.code); ok {
			page.Measures = append(page.Measures, measure{f, v.T(m.about), v.T(m.usual)})
			page.Danger = page.Danger || f.Status == words.Danger
		}
	}
	entries, err := p.config.Gate.Log(v.R.Context(), reader(v), access.Filter{From: p.now().AddDate(0, 0, -30), Limit: 1000})
	if err != nil {
		return trouble(err)
	}
	for _, e := range entries {
		if e.Permitted {
			page.Seen++
		} else {
			page.Refused++
		}
	}
	if page.Emergencies, err = p.emergencies(v, p.now().AddDate(0, 0, -30)); err != nil {
		return err
	}
	// Without the consents the page is still of use: what is known is shown.
	if list, err := p.config.Gate.Consents(v.R.Context(), reader(v), v.Session.Record); err == nil {
		for _, one := range list {
			if one.State == access.Asked && one.Patient == v.Session.Record {
				page.Asked++
			}
		}
	}
	title := v.T("home")
	if c.Name != "" {
		title = v.Tf("hello", c.Name)
	}
	return v.Show("home.html", title, page)
}

type timelinePage struct {
	*chart
	Pregnancies    []pregnancyView
	Other, Undated []*visit
	Count          int
}

type pregnancyView struct {
	Due    string
	Visits []*visit
}

func (p *Portal) timeline(v *portal.Visit) error {
	c, err := p.chart(v)
	if err != nil {
		return err
	}
	page := timelinePage{chart: c, Count: len(c.Visits)}
	list, other, undated := c.timeline()
	for _, g := range list {
		page.Pregnancies = append(page.Pregnancies, pregnancyView{v.Date(g.Due.Format(time.DateOnly)), g.Visits})
	}
	page.Other, page.Undated = other, undated
	return v.Show("timeline.html", v.T("timeline"), page)
}

type resultsPage struct {
	*chart
	Trends []trend
	Rest   []fact
}

func (p *Portal) results(v *portal.Visit) error {
	c, err := p.chart(v)
	if err != nil {
		return err
	}
	page := resultsPage{chart: c}
	charted := map[string]bool{}
	for _, code := range []string{codePressure, codeHaemo, codeSugar, codeFundal, codeWeight} {
		if t, ok := c.trendOf(code, v); ok {
			page.Trends = append(page.Trends, t)
			charted[code] = true
		}
	}
	for _, f := range c.Facts {
		if f.Lab && !charted[f.Code] {
			page.Rest = append(page.Rest, f)
		}
	}
	return v.Show("results.html", v.T("results"), page)
}

// section is a part of her health with what is known to be missing (D-099): an empty
// list that says nothing is worse than none.
type section struct {
	Title string
	Items []item
	// State is what to say of an empty list: none (somebody asked and there is none),
	// not_asked, hidden.
	State string
}

func (p *Portal) health(v *portal.Visit) error {
	c, err := p.chart(v)
	if err != nil {
		return err
	}
	sections := []section{
		c.section(v.T("problems"), c.problems, access.Problems),
		c.section(v.T("allergies"), c.allergies, access.Allergies),
		c.section(v.T("medicines"), c.medicines, access.Medicines),
		c.section(v.T("vaccines"), c.vaccines, access.Immunizations),
	}
	return v.Show("health.html", v.T("health"), struct {
		*chart
		Sections []section
	}{c, sections})
}

// absent are the codes by which a record says that there is none: of SNOMED CT, and
// those of the International Patient Summary.
var absent = map[string]bool{
	"no-known-allergies": true, "no-known-medication-allergies": true, "no-known-medications": true, "no-known-problems": true,
	"no-known-immunizations": true, noKnownAllergy: true, "787481004": true, "160245001": true,
}

func (c *chart) section(title string, items []item, class access.Class) section {
	s := section{Title: title}
	for _, i := range items {
		if i.none {
			s.State = "none"
			continue
		}
		s.Items = append(s.Items, i)
	}
	hidden := false
	for _, w := range c.Withheld.Classes {
		hidden = hidden || w == class
	}
	switch {
	case hidden:
		s.State = "hidden"
	case len(s.Items) > 0:
		s.State = ""
	case s.State == "":
		s.State = "not_asked"
	}
	return s
}

func (p *Portal) care(v *portal.Visit) error {
	c, err := p.chart(v)
	if err != nil {
		return err
	}
	return v.Show("care.html", v.T("care"), struct {
		*chart
		Referrals    []referral
		Coming, Past []appointment
	}{c, c.referrals, c.coming(), c.past()})
}

func (p *Portal) profile(v *portal.Visit) error {
	c, err := p.chart(v)
	if err != nil {
		return err
	}
	var phones []string
	for _, t := range c.Patient.Get("telecom").Items() {
		if t.Get("system").Str() == "phone" {
			phones = append(phones, t.Get("value").Str())
		}
	}
	return v.Show("profile.html", v.T("profile"), struct {
		*chart
		Birth    string
		Phones   []string
		SignedIn string
		Several  bool
	}{c, v.Date(c.Patient.Get("birthDate").Str()), phones, v.Moment(v.Session.SignedIn.Format(time.RFC3339)), len(v.Session.Records) > 1})
}
