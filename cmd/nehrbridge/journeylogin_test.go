package main

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
	"github.com/nehrbridge/nehrbridge/golden/browser"
)

// TestJourneySignIn signs a DHIS2 user in with eSignet in a real browser, in each
// preset through the façade and in 1.6 through the shim: the first time a code for
// the administrator, who approves by command; then DHIS2.
func TestJourneySignIn(t *testing.T) {
	window := browser.Start(t)
	axe := browser.Axe(t)
	for _, tt := range []struct {
		version   sandbox.Version
		way, lang string
	}{{sandbox.V16, "facade", "en"}, {sandbox.V17, "facade", "si"}, {sandbox.V18, "facade", "ta"}, {sandbox.V20, "facade", "en"}, {sandbox.V16, "shim", "en"}} {
		t.Run(string(tt.version)+"-"+tt.way, func(t *testing.T) {
			w := newSignInWorld(t, tt.version, tt.way)
			p := signInPage{t: t, ctx: window, axe: axe, name: "sign-in-" + string(tt.version) + "-" + tt.way, identity: "9900000003"}
			p.esignet(w.dhis2URL, tt.lang)
			if tt.way == "facade" {
				p.look("requested")
				if text := p.text("main"); !strings.Contains(text, w.links()[0].Code) {
					t.Fatalf("the page does not show the code: %s", text)
				}
			} else {
				p.look("not-linked")
				if text := p.text("main"); !strings.Contains(text, "could_not_map_oidc_user_to_dhis2_user") {
					t.Fatalf("DHIS2 does not say that it knows nobody: %s", text)
				}
			}
			w.run(0, "setup", "esignet", "links", "approve", w.links()[0].Code, "--user", "nurse", "--apply")
			p.esignet(w.dhis2URL, tt.lang)
			p.look("dhis2")
			if got := p.text("#signed-in"); got != "nurse" {
				t.Errorf("signed in as %q", got)
			}
			if got := p.text("#signed-in-by"); got != "eSignet" {
				t.Errorf("signed in by %q", got)
			}
			p.do(chromedp.Click(chromedp.CSS("main form button")))
			if path := evaluate[string](t, p.ctx, "location.pathname"); path != "/dhis-web-login/" {
				t.Errorf("after logging out at %s", path)
			}
			code := w.links()[0].Code
			w.run(0, "setup", "esignet", "links", "revoke", code)
			if tt.way == "facade" {
				p.esignet(w.dhis2URL, tt.lang)
				p.look("revoked")
				if at := evaluate[string](t, p.ctx, "location.href"); at != w.at+"/stopped?why=revoked" {
					t.Errorf("after it was revoked at %s", at)
				}
			}
		})
	}
}

// TestJourneyPassword signs in with user name and password, in each language, and
// fails once.
func TestJourneyPassword(t *testing.T) {
	w := newSignInWorld(t, sandbox.V18, "facade")
	p := signInPage{t: t, ctx: browser.Start(t), axe: browser.Axe(t), name: "password"}
	for _, lang := range []string{"en", "si", "ta"} {
		p.do(chromedp.Navigate(w.dhis2URL + "/dhis-web-login/?lang=" + lang))
		p.look("form-" + lang)
		p.do(chromedp.SendKeys(chromedp.ID("username"), "admin"), chromedp.SendKeys(chromedp.ID("password"), "wrong"), chromedp.Click(chromedp.CSS("main form button")))
		if evaluate[int](t, p.ctx, "document.querySelectorAll('[role=alert]').length") != 1 {
			t.Error("the page does not say that the password is wrong")
		}
		p.look("wrong-" + lang)
		p.do(chromedp.SendKeys(chromedp.ID("username"), "admin"), chromedp.SendKeys(chromedp.ID("password"), "district"), chromedp.Click(chromedp.CSS("main form button")))
		if got := p.text("#signed-in"); got != "admin" {
			t.Errorf("signed in as %q", got)
		}
		p.do(chromedp.Click(chromedp.CSS("main form button")))
	}
}

// signInPage is a tab in which somebody signs in.
type signInPage struct {
	t         *testing.T
	ctx       context.Context
	axe, name string
	identity  string // at eSignet
}

func (p signInPage) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := browser.Follow(p.ctx, steps...); err != nil {
		p.t.Fatalf("at %s: %v", evaluate[string](p.t, p.ctx, "location.href"), err)
	}
}

func (p signInPage) text(selector string) string {
	p.t.Helper()
	return evaluate[string](p.t, p.ctx, "(document.querySelector('"+selector+"') ?? {textContent: 'nothing at ' + location.href}).textContent")
}

// esignet begins at DHIS2's button and goes through eSignet's pages.
func (p signInPage) esignet(dhis2URL, lang string) {
	p.t.Helper()
	p.do(chromedp.Navigate(dhis2URL + "/dhis-web-login/?lang=" + lang))
	p.look("form")
	p.do(chromedp.Click(chromedp.ID("login-esignet")))
	p.do(chromedp.SendKeys(chromedp.ID("id"), p.identity), chromedp.Click(chromedp.CSS("main form button")))
	p.do(chromedp.SendKeys(chromedp.ID("challenge"), sandbox.OTP), chromedp.Click(chromedp.CSS("main form button")))
	// A consent that is remembered is not asked for again.
	if evaluate[bool](p.t, p.ctx, `document.querySelector('button[value="allow"]') != null`) {
		p.do(chromedp.Click(chromedp.CSS(`button[value="allow"]`)))
	}
}

// look checks a page wide and narrow, and takes its picture.
func (p signInPage) look(name string) {
	p.t.Helper()
	for _, width := range []int64{1280, 320} {
		if err := browser.Fit(p.ctx, width, 900); err != nil {
			p.t.Errorf("%s: %v", name, err)
		}
		checkAxe(p.t, p.ctx, p.axe, name)
		if width == 1280 {
			browser.Picture(p.t, p.ctx, p.name+"-"+name)
		}
	}
}
