package patient

import (
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	charts "github.com/nehrbridge/nehrbridge/nehr/portal/chart"
)

// What the pages show, by the names that they use.
type (
	chart       = charts.Chart
	fact        = charts.Fact
	visit       = charts.Visit
	pregnancy   = charts.Pregnancy
	referral    = charts.Referral
	appointment = charts.Appointment
	trend       = charts.Trend
)

// trendOf is a trend with the sentences that explain it.
func trendOf(c *chart, code string, v *portal.Visit) (trend, bool) {
	t, ok := c.TrendOf(code, v)
	for _, m := range homeMeasures {
		if m.code == code {
			t.About, t.Usual = v.T(m.about), v.T(m.usual)
		}
	}
	if code == charts.CodeFundal {
		t.About = v.T("about_fundal")
	}
	return t, ok
}
