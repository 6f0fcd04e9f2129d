package clinician_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/nehrbridge/nehrbridge/golden/browser"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// looked is a page of the portal in a real browser.
type looked struct {
	*testing.T
	ctx context.Context
	axe string
	url string
}

// at opens a path.
func (l *looked) at(path string) {
	l.Helper()
	if err := browser.Follow(l.ctx, chromedp.Navigate(l.url+path)); err != nil {
		l.Fatalf("%s: %v", path, err)
	}
}

// look unfolds what is folded, holds the page to the width of small and large screens
// and to axe-core, and takes pictures.
func (l *looked) look(name string) {
	l.Helper()
	if _, err := browser.Run(l.ctx, chromedp.Evaluate[bool](`document.querySelectorAll("details").forEach(d => d.open = true), true`)); err != nil {
		l.Fatal(err)
	}
	widths := []int64{320, 1280}
	if os.Getenv("SCREENSHOTS") != "" {
		widths = []int64{320, 360, 1280} // 360 is laid out as 320 is, and is for people to look at
	}
	for _, width := range widths {
		if err := browser.Fit(l.ctx, width, 900); err != nil {
			l.Errorf("%s: %v", name, err)
			continue
		}
		if width == 320 || width == 1280 && strings.HasSuffix(name, "-en") { // a language changes no layout
			found, err := browser.Violations(l.ctx, l.axe)
			if err != nil {
				l.Fatal(err)
			}
			for _, v := range found {
				l.Errorf("%s at %d px: %s", name, width, v)
			}
		}
		if width != 320 {
			browser.Picture(l, l.ctx, fmt.Sprintf("clinician-%s-%d", name, width))
		}
	}
}

// send fills fields in and presses the button of a form, past what the browser would
// not send.
func (l *looked) send(button string, fields ...string) {
	l.Helper()
	script := `document.querySelectorAll("form").forEach(f => f.noValidate = true), document.querySelectorAll("details").forEach(d => d.open = true), true`
	if _, err := browser.Run(l.ctx, chromedp.Evaluate[bool](script)); err != nil {
		l.Fatal(err)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		set := fmt.Sprintf(`(e => { if (e.type === "radio" || e.type === "checkbox") { e.checked = %q === "yes" } else { e.value = %q } return true })(document.querySelector(%q))`, fields[i+1], fields[i+1], fields[i])
		if _, err := browser.Run(l.ctx, chromedp.Evaluate[bool](set)); err != nil {
			l.Fatalf("%s: %v", fields[i], err)
		}
	}
	if err := browser.Follow(l.ctx, chromedp.Click(button)); err != nil {
		l.Fatalf("%s: %v", button, err)
	}
}

// landsAt waits until a path is there and its page is whole.
func (l *looked) landsAt(path string) {
	l.Helper()
	if err := browser.Until(l.ctx, fmt.Sprintf(`location.pathname === %q && document.readyState === "complete" && document.querySelector("footer") !== null`, path)); err != nil {
		l.Fatalf("%s: %v", path, err)
	}
}

// each shows pages in one language after the other.
func (l *looked) each(show func(lang string)) {
	l.Helper()
	for _, lang := range []string{"en", "si", "ta"} {
		l.at("/privacy?lang=" + lang)
		show(lang)
	}
}

// signIn goes through the pages of eSignet as a person does.
func (l *looked) signIn(person, landsAt string) {
	l.Helper()
	l.at("/sign-in")
	for _, step := range []struct{ wait, field, text string }{{`document.querySelector("main input[type=text]:not(.code)") !== null`, `main input[type=text]`, person},
		{`document.querySelector("input.code") !== null`, `input.code`, "111111"}} {
		if err := browser.Until(l.ctx, step.wait); err != nil {
			l.Fatal(err)
		}
		if err := browser.Do(l.ctx, chromedp.SendKeys(step.field, step.text), chromedp.Click(`main form button`)); err != nil {
			l.Fatal(err)
		}
	}
	l.landsAt(landsAt)
}

func (l *looked) signOut() {
	l.Helper()
	l.send(`footer form button`)
	l.landsAt("/")
}

// TestPagesInABrowser: the clinician signs in through eSignet's own pages in Chromium,
// without a script of the portal, and each page and error state is whole in three
// languages on small and large screens, with nothing for axe-core to find.
func TestPagesInABrowser(t *testing.T) {
	w := start(t, true)
	l := &looked{T: t, ctx: browser.Start(t), axe: browser.Axe(t), url: w.url}
	// What differs, was entered late, is provisional and was corrected.
	for id, more := range map[string]string{
		"flag-1": `"status":"final","valueQuantity":{"value":9.1,"unit":"g/dL","system":"http://unitsofmeasure.org","code":"g/dL"}`,
		"flag-2": `"status":"preliminary","issued":"2025-08-30T10:00:00+05:30","valueQuantity":{"value":10.4,"unit":"g/dL","system":"http://unitsofmeasure.org","code":"g/dL"}`,
		"flag-3": `"status":"corrected","valueQuantity":{"value":9.1,"unit":"g/dL","system":"http://unitsofmeasure.org","code":"g/dL"}`,
	} {
		w.put(`{"resourceType":"Observation","id":"` + id + `","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],
			"code":{"coding":[{"system":"http://loinc.org","code":"718-7"}]},"subject":{"reference":"` + w.record + `"},"effectiveDateTime":"2025-08-27",` + more + `}`)
	}
	w.put(`{"resourceType":"AllergyIntolerance","id":"none","clinicalStatus":{"coding":[{"code":"active"}]},"verificationStatus":{"coding":[{"code":"confirmed"}]},
		"code":{"coding":[{"system":"http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips","code":"no-known-allergies"}]},"patient":{"reference":"` + w.record + `"}}`)
	w.link(doctor, role)

	// Whom nobody has linked.
	l.signIn(stranger, "/request")
	l.each(func(lang string) {
		l.at("/summary")
		l.look("request-" + lang)
		l.at("/request")
		l.send(`main form button`)
		l.look("request-wrong-" + lang)
	})
	l.at("/request")
	l.send(`main form button`, "#name", "Arulan Mathiri", "#registration", "SLMC 1234")
	l.each(func(lang string) {
		l.at("/request")
		l.look("request-code-" + lang)
	})
	w.put(`{"resourceType":"PractitionerRole","id":"idle","active":false}`)
	for _, r := range []string{role, otherRole, "PractitionerRole/idle"} {
		w.link(stranger, r)
	}
	l.each(func(lang string) {
		l.at("/roles")
		l.look("roles-" + lang)
	})
	l.signOut()

	l.signIn(doctor, "/inbox")
	reset := func(status string) {
		t.Helper()
		r := w.read("Task", task)
		r.Set("status", fhirjson.Text(status))
		for _, name := range []string{"output", "businessStatus", "executionPeriod"} {
			r.Delete(name)
		}
		w.put(string(r.Encode()))
	}
	l.each(func(lang string) {
		reset("requested")
		l.at("/inbox")
		l.look("inbox-" + lang)
		l.send(`main form button`)
		l.landsAt("/referral")
		l.look("referral-" + lang)
		l.send(`button[value=decline]`)
		l.look("referral-decline-wrong-" + lang)
		l.send(`button[value=accept]`)
		l.landsAt("/referral")
		l.send(`button[value=schedule]`, "#when", "2025-01-01T10:00")
		l.look("referral-when-wrong-" + lang)
		l.send(`button[value=schedule]`, "#when", "2025-09-08T14:30")
		l.landsAt("/referral")
		l.send(`button[value=complete]`, "#findings", "Only this")
		l.look("referral-letter-wrong-" + lang)
		l.send(`button[value=complete]`, "#findings", "Blood pressure 150/98 mmHg.\nAlbumin ++ in urine.", "#advice", "Rest. Medicine twice a day.\nCome back in one week.")
		l.look("letter-" + lang)
	})
	// Without a referral: the gate.
	l.each(func(lang string) {
		l.at("/find")
		l.look("find-" + lang)
		l.send(`form[action="/find"] button`, "#number", "?")
		l.look("find-number-wrong-" + lang)
		l.send(`form[action="/find"]:has(#birth) button`, "#name", "Nilmini")
		l.look("find-name-wrong-" + lang)
		l.send(`form[action="/find"] button`, "#number", "9999999999")
		l.look("find-none-" + lang)
		l.send(`form[action="/find"] button`, "#number", phn)
		l.landsAt("/gate")
		l.look("gate-" + lang)
		l.send(`form[action="/gate/ask"] button`, "#why", "")
		l.look("gate-ask-wrong-" + lang)
		l.send(`form[action="/gate/emergency"] button`, "#words", "short")
		l.look("gate-emergency-wrong-" + lang)
		if lang == "en" {
			l.send(`form[action="/gate/ask"] button`, "#why", "Second opinion on raised pressure", "#days", "7")
			l.landsAt("/gate")
		}
		l.at("/gate")
		l.look("gate-waits-" + lang)
	})
	w.clock.forward(6 * time.Minute)
	l.each(func(lang string) {
		l.at("/gate")
		l.send(`form[action="/gate/emergency"] button`, `input[value=obstetric]`, "yes", "#words", words)
		l.look("gate-stale-" + lang)
	})
	// What she allows, and what not.
	list, err := w.gate.Consents(t.Context(), w.she(w.record), w.record)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v %v", list, err)
	}
	scope := list[0].Scope
	scope.Types = []access.Class{access.Vitals, access.Laboratory, access.Visits, access.Allergies, access.Referrals, access.Documents}
	if err := w.gate.Answer(t.Context(), w.she(w.record), list[0].ID, scope, true); err != nil {
		t.Fatal(err)
	}
	l.each(func(lang string) {
		l.at("/gate")
		l.landsAt("/summary")
		for _, path := range []string{"/summary", "/timeline", "/trends", "/documents", "/emergencies", "/privacy", "/nothing"} {
			l.at(path)
			l.look(path[1:] + "-" + lang)
		}
		w.down.set(true)
		l.at("/summary")
		l.look("away-" + lang)
		w.down.set(false)
	})
	// The first load is small, fonts apart.
	l.at("/summary?lang=en")
	got, err := browser.Run(l.ctx, chromedp.Evaluate[float64](`performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation")).filter(e => !e.name.includes("woff2")).reduce((n, e) => n + e.encodedBodySize, 0)`))
	if err != nil || got > 150_000 || got < 1000 {
		t.Errorf("the summary loads %.0f bytes: %v", got, err)
	}
	if err := w.gate.Revoke(t.Context(), w.she(w.record), list[0].ID); err != nil {
		t.Fatal(err)
	}
	l.signOut()
	// An emergency.
	l.signIn(doctor, "/inbox")
	l.at("/find")
	l.send(`form[action="/find"] button`, "#number", phn)
	l.landsAt("/gate")
	l.send(`form[action="/gate/emergency"] button`, `input[value=obstetric]`, "yes", "#words", words)
	l.landsAt("/summary")
	l.each(func(lang string) {
		l.at("/summary")
		l.look("summary-emergency-" + lang)
		l.at("/emergencies")
		l.look("emergencies-open-" + lang)
	})
	l.signOut()
	l.each(func(lang string) {
		l.at("/")
		l.look("landing-" + lang)
	})
}
