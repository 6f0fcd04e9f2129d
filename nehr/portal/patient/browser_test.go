package patient_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
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
	w.documents()
	if status := openLink(t, w.link(w.record, "Opened").Link, `{"recipient":"Ward 7, Example Hospital"}`); status != http.StatusOK {
		t.Fatal(status)
	}
	w.gate.asked = []access.Correction{
		{ID: "1", Patient: w.record, About: "Observation/swelling", Words: "It was the left ankle only", State: access.CorrectionRejected, Reply: "The doctor saw both; please ask at the next visit.", At: now.Add(-48 * time.Hour), Changed: now},
		{ID: "2", Patient: w.record, Entry: 1, State: access.CorrectionReceived, At: now},
	}
	w.gate.withheld = access.Withheld{Any: true, Classes: []access.Class{access.Allergies}}
	l := &looked{T: t, ctx: browser.Start(t), axe: browser.Axe(t), url: w.url}
	l.at("/home")
	l.look("signed-out")
	l.signIn(her, "/home")
	l.each(func(lang string) {
		for _, path := range []string{"/home", "/timeline", "/results", "/health", "/care", "/documents", "/consents", "/consents/give", "/consents/hide", "/access", "/corrections", "/share", "/share/summary", "/profile", "/privacy", "/nothing"} {
			l.at(path)
			if slices.Contains([]string{"/timeline", "/consents", "/share", "/profile"}, path) { // what folds is looked at unfolded
				if _, err := browser.Run(l.ctx, chromedp.Evaluate[bool](`document.querySelectorAll("details").forEach(d => d.open = true), true`)); err != nil {
					t.Fatal(err)
				}
			}
			l.look(strings.ReplaceAll(path[1:], "/", "-") + "-" + lang)
		}
		l.ownStates(lang)
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

// ownStates are what follows a form or a link of hers: a picture and a note, a link that
// was made and one that was not, an entry that she does not recognise, words that lack.
func (l *looked) ownStates(lang string) {
	l.Helper()
	do := func(name string, steps ...chromedp.Action[chromedp.Void]) {
		l.Helper()
		if err := browser.Follow(l.ctx, steps...); err != nil {
			l.Fatalf("%s: %v", name, err)
		}
		if name != "" {
			l.look(name + "-" + lang)
		}
	}
	l.at("/documents")
	do("picture", chromedp.Click(`main li:nth-child(1) a`))
	if wide, err := browser.Run(l.ctx, chromedp.Evaluate[float64](`document.querySelector("img.picture").naturalWidth`)); err != nil || wide != 32 {
		l.Errorf("the picture is not shown: %v %v", wide, err)
	}
	l.at("/documents")
	do("note", chromedp.Click(`main li:nth-child(2) a`))
	l.at("/access")
	do("entry", chromedp.Click(`main a[href*="entry="]`))
	l.at("/corrections")
	do("words-wrong", chromedp.SendKeys(`#words`, "  "), chromedp.Click(`main form button`))
	l.at("/share")
	do("passcode-wrong", chromedp.SendKeys(`#passcode`, "abc"), chromedp.Click(`form[action$="/share/link"] button`))
	l.at("/share")
	do("link-made", chromedp.SendKeys(`#passcode`, "tomato 7"), chromedp.Click(`form[action$="/share/link"] button`))
	l.at("/consents/give")
	do("give-wrong", chromedp.Click(`form[action$="/consents/give"] button`))
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

// TestSheIsToldOfNews: while she looks, a change of her record is announced politely and
// the page stays as it is; without the script it says when it was read; a session that is
// over leaves the page.
func TestSheIsToldOfNews(t *testing.T) {
	w, _, _ := behind(t)
	l := &looked{T: t, ctx: browser.Start(t), axe: browser.Axe(t), url: w.url}
	l.signIn(her, "/home")
	page := `document.querySelector("#news")`
	asked := func(n int) string {
		return fmt.Sprintf(`performance.getEntriesByType("resource").filter(e => e.name.endsWith("/news") && e.responseStatus === 200).length >= %d`, n)
	}
	if err := browser.Until(l.ctx, asked(1)); err != nil {
		t.Fatal(err)
	}
	// It asks again when the page comes back into sight, and not only after half a minute.
	look := func() {
		t.Helper()
		if _, err := browser.Run(l.ctx, chromedp.Evaluate[bool](`document.dispatchEvent(new Event("visibilitychange"))`)); err != nil {
			t.Fatal(err)
		}
	}
	look()
	if err := browser.Until(l.ctx, asked(2)); err != nil {
		t.Fatal(err)
	}
	if said, err := browser.Run(l.ctx, chromedp.Evaluate[string](page+`.textContent`)); err != nil || said != "" {
		t.Fatalf("%q is said of nothing: %v", said, err)
	}
	w.put(`{"resourceType":"Observation","id":"new","status":"final","code":{"text":"Ankle swelling"},"valueString":"gone","subject":{"reference":"{her}"},"effectiveDateTime":"2025-08-30"}`)
	look()
	if err := browser.Until(l.ctx, page+`.textContent.includes("something new")`); err != nil {
		t.Fatal(err)
	}
	if role, err := browser.Run(l.ctx, chromedp.Evaluate[string](page+`.getAttribute("role")`)); err != nil || role != "status" {
		t.Errorf("said as %q: %v", role, err)
	}
	l.look("news")
	if err := browser.Follow(l.ctx, chromedp.Click(`#news a`)); err != nil {
		t.Fatal(err)
	}
	if err := browser.Until(l.ctx, `location.pathname === "/home" && document.querySelector("#news").textContent === ""`); err != nil {
		t.Fatal(err)
	}
	if err := browser.Until(l.ctx, asked(1)); err != nil {
		t.Fatal(err)
	}
	w.clock.forward(time.Hour)
	look()
	if err := browser.Until(l.ctx, `document.body.textContent.includes("You have been signed out")`); err != nil {
		t.Fatal(err)
	}
}
