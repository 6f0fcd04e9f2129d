package main

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	"github.com/nehrbridge/nehrbridge/esignet/rp"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
	"github.com/nehrbridge/nehrbridge/golden/browser"
)

// TestD075_JourneyPhone signs a mother in on a phone, in Chromium, in each language:
// every step of the page, what a second phone is told, and that the page goes on by
// itself when the worker has confirmed the number.
func TestD075_JourneyPhone(t *testing.T) {
	phone := browser.Start(t)
	addr := startDemo(t)
	axe := browser.Axe(t)
	route := func(call string, body, into any) {
		t.Helper()
		data, err := json.Marshal(body)
		mustDo(t, err)
		r, err := http.NewRequest("POST", addr.DHIS2+"/api/routes/nehrbridge-verify/run/"+call, bytes.NewReader(data))
		mustDo(t, err)
		r.SetBasicAuth("admin", dhis2sandbox.DefaultPassword)
		r.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(r)
		mustDo(t, err)
		defer res.Body.Close()
		answer, err := io.ReadAll(res.Body)
		mustDo(t, err)
		if res.StatusCode != 200 {
			t.Fatalf("%s: %d %s", call, res.StatusCode, answer)
		}
		mustDo(t, json.Unmarshal(answer, into))
	}
	other, stop := chromedp.NewContext(phone, chromedp.WithNewBrowserContext())
	defer stop()
	for _, lang := range []string{"en", "si", "ta"} {
		var s rp.Started
		route("start", rp.StartRequest{Program: dhis2.MustUID("eozjj9UivfS"), OrgUnit: dhis2.MustUID("SbxClinic01"), Device: rp.DevicePhone}, &s)
		at := rp.PhoneRequest{Transaction: s.Transaction}
		var st rp.PhoneStatus
		p := signInPage{t: t, ctx: phone, axe: axe, name: "phone-" + lang, identity: sandbox.People()[0].ID}
		step := func(ctx signInPage, want string) {
			t.Helper()
			await(t, "step "+want, func() bool {
				// While the page is made anew there is none.
				got, err := browser.Run(ctx.ctx, chromedp.Evaluate[string]("document.documentElement?.dataset?.step ?? ''"))
				return err == nil && got == want
			})
			ctx.look(want)
			if got := evaluate[string](t, ctx.ctx, "document.documentElement.lang"); got != lang {
				t.Errorf("%s: the page is in %q", want, got)
			}
		}
		p.do(chromedp.Navigate(s.Phone.URL + "?lang=" + lang))
		step(p, "start")
		p.do(chromedp.Click(chromedp.CSS("main form button")))
		step(p, "opened")
		number := p.text(".number")
		second := p
		second.ctx = other
		second.do(chromedp.Navigate(s.Phone.URL + "?lang=" + lang))
		step(second, "elsewhere")
		if route("phone", at, &st); st.State != rp.PhoneOpened || st.Number != strings.TrimSpace(number) {
			t.Fatalf("%+v, the phone shows %s", st, number)
		}
		route("phone/confirm", rp.ConfirmRequest{Transaction: s.Transaction, Number: st.Number}, &st)
		step(p, "confirmed") // by itself
		p.do(chromedp.Click(chromedp.CSS("main a.button")))
		p.do(chromedp.SendKeys(chromedp.ID("id"), p.identity), chromedp.Click(chromedp.CSS("main form button")))
		p.do(chromedp.SendKeys(chromedp.ID("challenge"), sandbox.OTP), chromedp.Click(chromedp.CSS("main form button")))
		p.do(chromedp.Click(chromedp.CSS(`button[value="allow"]`)))
		step(p, "signed-in")
		if here := evaluate[string](t, p.ctx, "location.href"); strings.Contains(here, "code") || strings.Contains(here, "state=") {
			t.Errorf("the page's address is %s", here)
		}
		var done rp.Completed
		if route("complete", at, &done); len(done.Values) == 0 || done.Evidence.ID == "" {
			t.Errorf("%+v", done)
		}
		p.do(chromedp.Navigate(s.Phone.URL + "?lang=" + lang))
		step(p, "over")
	}
}
