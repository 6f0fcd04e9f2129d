package patient

import (
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	charts "github.com/nehrbridge/nehrbridge/nehr/portal/chart"
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
	Asked     int  // requests that wait for her answer
	Emergency bool // somebody opened her record without consent in the last 30 days
}

// homeMeasures are shown in this order, with what is usual.
var homeMeasures = []struct{ code, about, usual string }{
	{charts.CodePressure, "about_pressure", "usual_pressure"},
	{charts.CodeHaemoglobin, "about_haemoglobin", "usual_haemoglobin"},
	{charts.CodeSugar, "about_sugar", "usual_sugar"},
}

func (p *Portal) home(v *portal.Visit) error {
	c, err := p.chart(v)
	if err != nil {
		return err
	}
	page := homePage{chart: c}
	if coming := c.Coming(); len(coming) > 0 {
		page.Next = &coming[0]
	}
	for _, r := range c.Referrals {
		if r.Open() {
			page.Pending = append(page.Pending, r)
		}
	}
	for _, g := range c.Pregnancies() {
		if g.Current(c.Now) {
			page.Expecting = &g
			page.Weeks, page.Days = g.Week(c.Now)
			page.Due = v.Date(g.Due.Format(time.DateOnly))
			break
		}
	}
	for _, m := range homeMeasures {
		if f, ok := c.Latest(m.code); ok {
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
		}
		page.Emergency = page.Emergency || e.Permitted && e.Action == access.ActionBreakGlass
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
	list, other, undated := c.Timeline()
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
	for _, code := range []string{charts.CodePressure, charts.CodeHaemoglobin, charts.CodeSugar, charts.CodeFundal, charts.CodeWeight} {
		if t, ok := trendOf(c, code, v); ok {
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

func (p *Portal) health(v *portal.Visit) error {
	c, err := p.chart(v)
	if err != nil {
		return err
	}
	sections := []charts.Section{
		c.Section(v.T("problems"), c.Problems, access.Problems),
		c.Section(v.T("allergies"), c.Allergies, access.Allergies),
		c.Section(v.T("medicines"), c.Medicines, access.Medicines),
		c.Section(v.T("vaccines"), c.Vaccines, access.Immunizations),
	}
	return v.Show("health.html", v.T("health"), struct {
		*chart
		Sections []charts.Section
	}{c, sections})
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
	}{c, c.Referrals, c.Coming(), c.Past()})
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
