package sandbox_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"golang.org/x/oauth2"

	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
	"github.com/nehrbridge/nehrbridge/golden/browser"
)

// page is a tab of a real browser.
type page struct {
	t   *testing.T
	ctx context.Context
	axe string
}

func openBrowser(t *testing.T) *page {
	t.Helper()
	return &page{t: t, ctx: browser.Start(t), axe: browser.Axe(t)}
}

// do carries steps out and waits for the page that they lead to.
func (p *page) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := browser.Follow(p.ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

func evaluate[T any](p *page, script string, opts ...chromedp.EvaluateOption) T {
	p.t.Helper()
	v, err := browser.Run(p.ctx, chromedp.Evaluate[T](script, opts...))
	if err != nil {
		p.t.Fatalf("evaluate %s: %v", script, err)
	}
	return v
}

// look checks the page that is shown, wide and narrow: WCAG by axe-core, no
// scrolling sideways, the mark of the sandbox, the language; and takes pictures.
func (p *page) look(name, lang string) {
	p.t.Helper()
	for _, width := range []int64{1280, 320} {
		if err := browser.Fit(p.ctx, width, 900); err != nil {
			p.t.Errorf("%s: %v", name, err)
		}
		found, err := browser.Violations(p.ctx, p.axe)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, v := range found {
			p.t.Errorf("%s at %d px: %s", name, width, v)
		}
		browser.Picture(p.t, p.ctx, fmt.Sprintf("esignet-%s-%s-%d", name, lang, width))
	}
	if got := evaluate[string](p, "document.documentElement.lang"); got != lang {
		p.t.Errorf("%s: language %q, want %q", name, got, lang)
	}
	if banner := evaluate[string](p, "document.querySelector('.banner').textContent"); len(banner) < 20 {
		p.t.Errorf("%s: the page does not say that it is a sandbox", name)
	}
	small := evaluate[[]string](p, `[...document.querySelectorAll("button, nav a, input:not([type=hidden]), summary")]
		.filter(e => e.getBoundingClientRect().width && e.getBoundingClientRect().height < 24 && !e.closest("label"))
		.map(e => e.outerHTML)`)
	if len(small) > 0 {
		p.t.Errorf("%s: targets lower than 24 px: %v", name, small)
	}
}

// relyingPartyPage stands where the browser comes back to, and sends it on to
// another origin, as the relying party of a service behind it does.
func relyingPartyPage(t *testing.T) (callback string, arrived <-chan url.Values) {
	t.Helper()
	queries := make(chan url.Values, 4)
	end := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><html lang="en"><title>Arrived</title><h1 id="arrived">Arrived</h1></html>`)
	}))
	t.Cleanup(end.Close)
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/callback" {
			http.NotFound(w, r)
			return
		}
		queries <- r.URL.Query()
		http.Redirect(w, r, strings.Replace(end.URL, "127.0.0.1", "localhost", 1), http.StatusSeeOther)
	}))
	t.Cleanup(back.Close)
	return back.URL + "/callback", queries
}

// TestPages signs in with a real browser: in each preset, and in each language.
func TestPages(t *testing.T) {
	callback, arrived := relyingPartyPage(t)
	b := openBrowser(t)
	runs := []struct {
		version sandbox.Version
		lang    string
	}{{sandbox.V16, "en"}, {sandbox.V17, "si"}, {sandbox.V18, "ta"}, {sandbox.V18, "en"}, {sandbox.V20, "si"}}
	for _, run := range runs {
		t.Run(string(run.version)+"-"+run.lang, func(t *testing.T) {
			b.t = t
			rp := start(t, run.version, func(_ *sandbox.Config, c *sandbox.ClientRequest) { c.RedirectURIs = []string{callback} })
			console, stop := context.WithCancel(b.ctx)
			defer stop()
			messages := chromedp.Console(console)

			address := rp.authorizeURL(oauth2.SetAuthURLParam("redirect_uri", callback),
				oauth2.SetAuthURLParam("acr_values", "mosip:idp:acr:generated-code mosip:idp:acr:static-code"))
			b.do(chromedp.Navigate(address))
			if at := evaluate[string](b, "location.href"); strings.Contains(at, "claims") || strings.Contains(at, "nonce") {
				t.Errorf("the address still says what was asked: %s", at)
			}
			b.do(chromedp.Click(chromedp.CSS(`nav a[lang="` + run.lang + `"]`)))
			b.look("signin", run.lang)

			b.do(chromedp.SendKeys(chromedp.ID("id"), "12345"), chromedp.Click(chromedp.CSS("main form button")))
			b.look("signin-unknown", run.lang)
			b.do(chromedp.SendKeys(chromedp.ID("id"), "9900000003"), chromedp.Click(chromedp.CSS("main form button")))
			b.look("code", run.lang)
			if text := evaluate[string](b, "document.querySelector('.lead').textContent"); !strings.Contains(text, "XX") || strings.Contains(text, "yalini") {
				t.Errorf("the channel is not masked: %s", text)
			}
			if evaluate[bool](b, "!document.querySelector('[data-waits]').disabled") {
				t.Error("another code is offered at once")
			}
			b.do(chromedp.SendKeys(chromedp.ID("challenge"), "000000"), chromedp.Click(chromedp.CSS("main form button")))
			b.look("code-wrong", run.lang)
			b.do(chromedp.SendKeys(chromedp.ID("challenge"), sandbox.OTP), chromedp.Click(chromedp.CSS("main form button")))
			b.look("consent", run.lang)
			if left := evaluate[string](b, "document.querySelector('[data-left]').textContent"); !strings.Contains(left, ":") || left == "0:00" {
				t.Errorf("time left %q", left)
			}
			if n := evaluate[int](b, "document.querySelectorAll('ul.shared input').length"); n != 0 {
				t.Error("needed claims can be left out")
			}
			b.do(chromedp.Click(chromedp.CSS(`input[value="birthdate"]`)), chromedp.Click(chromedp.CSS(`button[value="allow"]`)))
			if text := evaluate[string](b, "document.body.textContent"); !strings.Contains(text, "Arrived") {
				t.Fatalf("the browser is at %s: %.200s", evaluate[string](b, "location.href"), text)
			}
			query := <-arrived
			if query.Get("state") != rp.state || query.Get("code") == "" {
				t.Errorf("came back with %v", query)
			}
			stop()
			for m, err := range messages {
				if err != nil {
					break
				}
				// The browser logs the statuses of refusals that were meant.
				if text := fmt.Sprint(m); !strings.Contains(text, "status of 422") {
					t.Errorf("console: %s", text)
				}
			}
		})
	}
}

// TestCancelPage presses Cancel, and meets a page that cannot go on.
func TestCancelPage(t *testing.T) {
	callback, arrived := relyingPartyPage(t)
	b := openBrowser(t)
	for version, want := range map[sandbox.Version]string{sandbox.V17: "consent_request_rejected", sandbox.V18: "access_denied", sandbox.V20: "access_denied"} {
		rp := start(t, version, func(_ *sandbox.Config, c *sandbox.ClientRequest) { c.RedirectURIs = []string{callback} })
		b.do(chromedp.Navigate(rp.authorizeURL(oauth2.SetAuthURLParam("redirect_uri", callback))))
		b.do(chromedp.SendKeys(chromedp.ID("id"), "9900000001"), chromedp.Click(chromedp.CSS("main form button")))
		b.do(chromedp.SendKeys(chromedp.ID("challenge"), sandbox.OTP), chromedp.Click(chromedp.CSS("main form button")))
		b.do(chromedp.Click(chromedp.CSS("form[action$='/more'] button")))
		b.do(chromedp.Click(chromedp.CSS(`button[value="deny"]`)))
		if query := <-arrived; query.Get("error") != want || query.Get("state") != rp.state || query.Get("code") != "" {
			t.Errorf("%s: came back with %v", version, query)
		}
	}
	rp := start(t, sandbox.V18, nil)
	b.do(chromedp.Navigate(rp.authorizeURL(oauth2.SetAuthURLParam("client_id", "nobody"), oauth2.SetAuthURLParam("ui_locales", "si"))))
	b.look("stopped", "si")
	b.do(chromedp.Navigate(rp.url + "/"))
	b.look("start", "en")
}

// TestFirstLoad adds up what a browser loads for the first page, without fonts.
func TestFirstLoad(t *testing.T) {
	rp := start(t, sandbox.V18, nil)
	res, err := (&http.Client{Jar: newJar(t)}).Get(rp.authorizeURL())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	html, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	total := len(html)
	for _, file := range []string{"/sandbox/sandbox.css", "/sandbox/sandbox.js"} {
		if !strings.Contains(string(html), file) {
			t.Errorf("the page does not load %s", file)
		}
		res, err := http.Get(rp.url + file)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("%s: %d %v", file, res.StatusCode, err)
		}
		total += len(body)
	}
	if total > 150_000 {
		t.Errorf("the first page loads %d bytes", total)
	}
	t.Logf("the first page loads %d bytes without fonts, uncompressed", total)
	policy := res.Header.Get("Content-Security-Policy")
	for _, word := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(policy, word) {
			t.Errorf("the policy lacks %s: %s", word, policy)
		}
	}
	if strings.Contains(policy, "unsafe") || slices.ContainsFunc([]string{"<style", " style=", "onclick=", "<script>"}, func(s string) bool { return strings.Contains(string(html), s) }) {
		t.Error("something inline")
	}
}
