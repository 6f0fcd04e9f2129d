package patient_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/nehrbridge/nehrbridge/golden/browser"
)

// TestAttackBackButton: whoever takes up her phone after she has signed out, left in
// haste, or has put it away, sees nothing by going back, in a real browser with its
// caches.
func TestAttackBackButton(t *testing.T) {
	w, _ := two(t)
	l := &looked{T: t, ctx: browser.Start(t), url: w.url}
	text := func() string {
		t.Helper()
		body, err := browser.Run(l.ctx, chromedp.Evaluate[string](`document.body.innerText`))
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	for name, leave := range map[string]func(){
		"signed out": func() {
			if err := browser.Follow(l.ctx, chromedp.Evaluate[chromedp.Void](`document.querySelector("form[action$='/sign-out']").requestSubmit()`)); err != nil {
				t.Fatal(err)
			}
		},
		"put away": func() {
			w.clock.forward(16 * time.Minute)
			l.at("/privacy")
		},
	} {
		t.Run(name, func(t *testing.T) {
			l.T = t
			l.signIn(her, "/home")
			l.at("/results")
			if body := text(); !strings.Contains(body, "150/98") {
				t.Fatalf("she does not see her results: %s", body)
			}
			leave()
			if err := browser.Follow(l.ctx, chromedp.Evaluate[chromedp.Void](`history.back()`)); err != nil {
				t.Fatal(err)
			}
			if err := browser.Until(l.ctx, `location.pathname === "/results" && document.readyState === "complete"`); err != nil {
				t.Fatal(err)
			}
			if body := text(); strings.Contains(body, "150/98") || strings.Contains(body, "Nilmini") {
				t.Errorf("the page is shown again: %s", body)
			}
		})
	}
}
