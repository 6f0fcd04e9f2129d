package clinician

import (
	"cmp"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	charts "github.com/nehrbridge/nehrbridge/nehr/portal/chart"
)

// summaryPage is the record in the order of the International Patient Summary.
type summaryPage struct {
	*chart
	Problems, Allergies, Medicines, Vaccines charts.Section
	Pregnancy                                *pregnancyNow
	PregnancyHidden                          bool
	Vitals, Results, Others                  factsOf
	Plan                                     []charts.Appointment
	Referrals                                []charts.Referral
	PlanHidden                               bool
}

// pregnancyNow is the pregnancy that is under way.
type pregnancyNow struct {
	Due         string
	Weeks, Days int
}

// factsOf is a section of observations: of each kind the latest, and all of the day on
// which two differ.
type factsOf struct {
	Title string
	Facts []charts.Fact
	State string // not_asked or hidden, where there is none
}

func (p *Portal) summary(v *portal.Visit) error {
	c, err := p.opened(v)
	if err != nil {
		return err
	}
	page := summaryPage{chart: c,
		Problems: c.Section(v.T("problems"), c.Chart.Problems, access.Problems), Allergies: c.Section(v.T("allergies"), c.Chart.Allergies, access.Allergies),
		Medicines: c.Section(v.T("medicines"), c.Chart.Medicines, access.Medicines), Vaccines: c.Section(v.T("vaccines"), c.Chart.Vaccines, access.Immunizations),
		Plan: c.Coming(), Referrals: c.Chart.Referrals, PlanHidden: c.hides(access.Referrals), PregnancyHidden: c.hides(access.Observations)}
	for _, g := range c.Pregnancies() {
		if g.Current(c.Now) {
			weeks, days := g.Week(c.Now)
			page.Pregnancy = &pregnancyNow{v.Date(g.Due.Format("2006-01-02")), weeks, days}
			break
		}
	}
	page.Vitals = c.latestOf(v.T("vitals"), access.Vitals)
	page.Results = c.latestOf(v.T("results"), access.Laboratory)
	page.Others = c.latestOf(v.T("findings"), access.Observations)
	return v.Show("summary.html", v.T("summary_title"), page)
}

// hides tells whether something of a class is withheld.
func (c *chart) hides(class access.Class) bool {
	for _, w := range c.Withheld.Classes {
		if w == class {
			return true
		}
	}
	return false
}

// latestOf takes of each kind of observation in a class what was found last; where two
// of that day differ, both.
func (c *chart) latestOf(title string, class access.Class) factsOf {
	s := factsOf{Title: title}
	last := map[string]string{}
	for _, f := range c.Facts {
		if f.Class != class {
			continue
		}
		key := cmp.Or(f.Code, f.Name.Text)
		day := f.Date[:min(len(f.Date), 10)]
		if at, seen := last[key]; seen && !(f.Conflict && at == day) {
			continue
		}
		last[key] = day
		s.Facts = append(s.Facts, f)
	}
	switch {
	case c.hides(class):
		s.State = "hidden"
	case len(s.Facts) == 0:
		s.State = "not_asked"
	}
	return s
}

// Birth is her day of birth, as in FHIR.
func (c *chart) Birth() string { return c.Patient.Get("birthDate").Str() }
