package patient_test

import (
	"net/http"
	"strings"
	"testing"
)

// contains tells what of a list a page does not say.
func contains(t *testing.T, where, body string, want ...string) {
	t.Helper()
	for _, s := range want {
		if !strings.Contains(body, s) {
			t.Errorf("%s does not say %q", where, s)
		}
	}
}

// TestSignedInSheSeesHerRecord: her subject is on a record, which opens by itself, and
// each page shows what the golden case says.
func TestSignedInSheSeesHerRecord(t *testing.T) {
	w := start(t, nil)
	w.own(w.record, her)
	b := w.browser()
	if p := b.signIn(her); p.status != http.StatusSeeOther || p.header.Get("Location") != "/home" {
		t.Fatalf("after the sign-in: %d %s", p.status, p.header.Get("Location"))
	}
	for path, want := range map[string][]string{
		"/home": {"Hello, Nilmini Udaharana", "23 Sep 2025", "6 Jan 2026", "21 weeks and 6 days", "148/", "Higher than usual", "9.8 g/dL", "Lower than usual", "101 mg/dL", "As usual",
			"raised pressure with albumin", "a one-time code sent to you", "Nobody else looked"},
		"/timeline": {"Visits in your record: 3", "Pregnancy, birth expected 6 Jan 2026", "Antenatal clinic visit", "1 Jul 2025"},
		"/results":  {"<svg", "polyline", "112/", "11.2 g/dL", "Protein (albumin) in urine", "Found"},
		"/health":   {"Diabetes", "Rubella", "Folic acid", "Nothing is written down"},
		"/care":     {"raised pressure with albumin", "nobody has taken it over yet", "23 Sep 2025"},
		"/access":   {"Nobody, as far as"}, "/consents": {"Nobody asks for your permission"}, "/profile": {"9 Mar 1996", "+94710000001"}, "/privacy": {"midwife"},
	} {
		p := b.get(path)
		if p.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, p.status, p.body)
			continue
		}
		contains(t, path, strings.ReplaceAll(p.body, "&#43;", "+"), want...)
		if strings.Contains(p.body, ">[") || strings.Contains(p.body, "%!") || strings.Contains(p.body, "12:00 AM") {
			t.Errorf("%s has a text that is not there", path)
		}
	}
}
