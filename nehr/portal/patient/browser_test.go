package patient_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/nehrbridge/nehrbridge/golden/browser"
	"github.com/nehrbridge/nehrbridge/nehr/access"
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

// look holds the page that is shown to the width of small and large screens, to axe-core,
// and takes pictures.
func (l *looked) look(name string) {
	l.Helper()
	for _, width := range []int64{320, 360, 1280} {
		if err := browser.Fit(l.ctx, width, 900); err != nil {
			l.Errorf("%s: %v", name, err)
			continue
		}
		if width != 360 { // 320 and 1280 are laid out as it is
			found, err := browser.Violations(l.ctx, l.axe)
			if err != nil {
				l.Fatal(err)
			}
			for _, v := range found {
				l.Errorf("%s at %d px: %s", name, width, v)
			}
		}
		if width != 320 {
			browser.Picture(l, l.ctx, fmt.Sprintf("patient-%s-%d", name, width))
		}
	}
}

// TestPagesInABrowser: she signs in through eSignet's own pages in Chromium, without a
// script of the portal, and each page and error state is whole in three languages on
// small and large screens, with nothing for axe-core to find.
func TestPagesInABrowser(t *testing.T) {
	w, _ := two(t)
	w.own(w.another("Twin Udaharana"), "9900000003")
	w.own(w.another("Twin Mathiri"), "9900000003")
	now := w.clock.Now()
	until := now.Add(20 * 24 * time.Hour)
	w.gate.consents = []access.Consent{
		{ID: "a", State: access.Asked, Effect: access.Permit, Patient: w.record, Readable: true, Why: "Second opinion on raised pressure", At: now, Scope: access.Scope{Types: []access.Class{access.Vitals, access.Laboratory, access.Visits}, Sensitive: true, Until: until}},
		{ID: "b", State: access.Active, Effect: access.Permit, Patient: w.record, Readable: true, At: now, Scope: access.Scope{Until: until}},
		{ID: "c", State: access.Withdrawn, Effect: access.Permit, Patient: w.record, Readable: true, At: now},
	}
	w.gate.entries = []access.Entry{
		{Seq: 2, At: now, Actor: access.KindClinician, Patient: w.record, Purpose: access.Emergency, Action: access.ActionBreakGlass, Reason: access.ReasonEmergency, Permitted: true},
		{Seq: 1, At: now, Actor: access.KindClinician, Patient: w.record, Purpose: access.Treatment, Action: access.ActionSearch},
	}
	w.gate.glasses = []access.BreakGlass{{Patient: w.record, Code: access.EmergencyObstetric, Text: "Bleeding heavily and could not speak", At: now, Until: now.Add(24 * time.Hour)}}
	w.gate.withheld = access.Withheld{Any: true, Classes: []access.Class{access.Allergies}}
	l := &looked{T: t, ctx: browser.Start(t), axe: browser.Axe(t), url: w.url}
	l.at("/home")
	l.look("signed-out")
	l.signIn(her, "/home")
	l.each(func(lang string) {
		for _, path := range []string{"/home", "/timeline", "/results", "/health", "/care", "/consents", "/access", "/profile", "/privacy", "/nothing"} {
			l.at(path)
			if path == "/timeline" || path == "/access" || path == "/profile" { // what folds is looked at unfolded
				if _, err := browser.Run(l.ctx, chromedp.Evaluate[bool](`document.querySelectorAll("details").forEach(d => d.open = true), true`)); err != nil {
					t.Fatal(err)
				}
			}
			l.look(path[1:] + "-" + lang)
		}
		w.gate.fail = errors.New("away")
		l.at("/home")
		l.look("away-" + lang)
		w.gate.fail = nil
	})
	// The first load is small, fonts apart.
	l.at("/home?lang=en")
	got, err := browser.Run(l.ctx, chromedp.Evaluate[float64](`performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation")).filter(e => !e.name.includes("woff2")).reduce((n, e) => n + e.encodedBodySize, 0)`))
	if err != nil || got > 150_000 || got < 1000 {
		t.Errorf("the first page loads %.0f bytes: %v", got, err)
	}
	t.Logf("the first page loads %.0f bytes without fonts", got)
	l.signOut()

	// Before there is a record: the card, its refusal, a choice among several, no sign-in.
	l.signIn("9900000005", "/link")
	l.each(func(lang string) {
		l.at("/link")
		l.look("link-" + lang)
		if err := browser.Follow(l.ctx, chromedp.SendKeys(`#number`, phn), chromedp.SendKeys(`#code`, "2222-2222"), chromedp.Click(`main form button`)); err != nil {
			t.Fatal(err)
		}
		if err := browser.Until(l.ctx, `document.querySelector("#problem") !== null`); err != nil {
			t.Fatal(err)
		}
		l.look("link-wrong-" + lang)
	})
	l.signOut()
	l.signIn("9900000003", "/records")
	l.each(func(lang string) {
		l.at("/records")
		l.look("records-" + lang)
	})
	l.signOut()
	l.each(func(lang string) {
		for name, path := range map[string]string{"landing": "/", "no-attempt": "/callback?state=x"} {
			l.at(path)
			l.look(name + "-" + lang)
		}
	})
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
	if err := browser.Until(l.ctx, fmt.Sprintf(`location.pathname === %q && document.readyState === "complete"`, landsAt)); err != nil {
		l.Fatal(err)
	}
}

func (l *looked) signOut() {
	l.Helper()
	if err := browser.Follow(l.ctx, chromedp.Click(`footer form button`)); err != nil {
		l.Fatal(err)
	}
	if err := browser.Until(l.ctx, `location.pathname === "/" && document.readyState === "complete"`); err != nil {
		l.Fatal(err)
	}
}
