package rp_test

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/esignet/rp"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

// TestAttackPhone: whoever scans the code or is sent its link, and is not the person
// before the worker, gets nowhere.
func TestAttackPhone(t *testing.T) {
	h := newHouse(t, sandbox.V18, setup{})
	over := func(t *testing.T, s rp.Started) {
		t.Helper()
		h.call(midwife, "POST", "/rp/complete", rp.CompleteRequest{Transaction: s.Transaction}).want(t, 409, "transaction")
	}
	run := func(name string, do func(t *testing.T)) {
		h.clock.advance(20 * time.Minute) // the limits of calls are no part of it
		t.Run(name, do)
	}
	run("a stranger scans first", func(t *testing.T) {
		s := h.startPhone(midwife)
		stranger, hers := h.browser(), h.browser()
		number := stranger.open(s.Phone.URL)
		hers.get(s.Phone.URL).has(t, 409, "another phone")
		if shown := hers.open(s.Phone.URL); shown != "" || len(hers.cookies) != 0 {
			t.Errorf("her phone shows the number %s of another's", shown)
		}
		if p := hers.get(s.Phone.URL); strings.Contains(string(p.body), number) || strings.Contains(string(p.body), workerName) {
			t.Error("the second one sees what is the first one's")
		}
		if p := stranger.get(s.Phone.URL + "/sign-in"); strings.Contains(p.to, "authorize") {
			t.Error("the stranger signs in though nobody has confirmed")
		}
		h.call(midwife, "POST", "/rp/cancel", rp.PhoneRequest{Transaction: s.Transaction})
		stranger.get(s.Phone.URL).has(t, 410)
		if p := stranger.get(s.Phone.URL + "/sign-in"); strings.Contains(p.to, "authorize") {
			t.Error("the stranger signs in after all")
		}
	})
	run("a stranger scans later", func(t *testing.T) {
		s := h.startPhone(midwife)
		hers := h.opened(s)
		for name := range hers.cookies {
			for _, cookies := range []map[string]string{{}, {name: ""}, {name: "guessed"}, {strings.TrimPrefix(name, "__Host-"): hers.cookies[name]}} {
				stranger := &browser{h, cookies}
				stranger.get(s.Phone.URL).has(t, 409, "another phone")
				stranger.open(s.Phone.URL)
				if p := stranger.get(s.Phone.URL + "/step"); string(p.body) != "elsewhere" {
					t.Errorf("step %s", p.body)
				}
				if p := stranger.get(s.Phone.URL + "/sign-in"); p.status != 303 || strings.Contains(p.to, "authorize") {
					t.Errorf("signs in: %d %s", p.status, p.to)
				}
			}
		}
		hers.get(hers.back(s, her)) // and she goes on
		if st := h.status(midwife, s); st.State != rp.PhoneSignedIn {
			t.Errorf("%+v", st)
		}
	})
	run("confirmed by another user", func(t *testing.T) {
		s := h.startPhone(midwife)
		b := h.browser()
		number := b.open(s.Phone.URL)
		h.confirm(colleague, s, number).want(t, 409, "transaction")
		h.confirm(midwife, s, number).want(t, 409, "transaction") // its secret is known to two
		b.get(s.Phone.URL).has(t, 410)
	})
	run("watched by another user, through another Route", func(t *testing.T) {
		s := h.startPhone(midwife)
		h.call(colleague, "POST", "/rp/phone", rp.PhoneRequest{Transaction: s.Transaction}).want(t, 409, "transaction")
		over(t, s)
		s = h.startPhone(midwife)
		h.send("POST", "/rp/phone", `{"transaction":"`+s.Transaction+`"}`, through(midwife, otherSecret)).want(t, 409, "transaction")
		over(t, s)
	})
	run("another number", func(t *testing.T) {
		for _, change := range []func(string) string{func(n string) string { return string(n[1]) + string(n[0]) + "0" }, func(string) string { return "" },
			func(n string) string { return n + " " }, func(string) string { return "99999999999999999999" }} {
			s := h.startPhone(midwife)
			b := h.browser()
			number := b.open(s.Phone.URL)
			h.confirm(midwife, s, change(number)).want(t, 409, "number")
			h.confirm(midwife, s, number).want(t, 409, "transaction")
			if st := h.status(midwife, s); st.State != rp.PhoneRefused || st.Error.Code != "number" {
				t.Errorf("%+v", st)
			}
			if p := b.get(s.Phone.URL + "/sign-in"); strings.Contains(p.to, "authorize") {
				t.Error("signs in")
			}
			h.call(midwife, "POST", "/rp/complete", rp.CompleteRequest{Transaction: s.Transaction}).want(t, 409, "number")
		}
	})
	run("confirmed before it is opened", func(t *testing.T) {
		s := h.startPhone(midwife)
		for _, number := range []string{"", "00", "47"} {
			h.confirm(midwife, s, number).want(t, 409, "transaction")
		}
		if st := h.status(midwife, s); st.State != rp.PhoneWaiting {
			t.Errorf("%+v", st)
		}
	})
	run("the ticket again", func(t *testing.T) {
		s := h.startPhone(midwife)
		b := h.opened(s)
		b.get(b.back(s, her))
		h.browser().get(s.Phone.URL).has(t, 409)
		if p := b.get(s.Phone.URL + "/sign-in"); strings.Contains(p.to, "authorize") {
			t.Error("a second sign-in with one ticket")
		}
		if r := h.call(midwife, "POST", "/rp/complete", rp.CompleteRequest{Transaction: s.Transaction}); r.status != 200 {
			t.Fatalf("%d %s", r.status, r.body)
		}
		for _, b := range []*browser{b, h.browser()} {
			b.open(s.Phone.URL)
			b.get(s.Phone.URL).has(t, 410)
		}
		over(t, s)
	})
	run("the answer in another browser", func(t *testing.T) {
		s := h.startPhone(midwife)
		b := h.opened(s)
		back := b.back(s, her)
		h.browser().get(back).has(t, 410)
		b.get(back).has(t, 410) // it is known to two
		if st := h.status(midwife, s); st.State != rp.PhoneConfirmed {
			t.Errorf("%+v", st)
		}
		b.get(b.back(s, her))
		if st := h.status(midwife, s); st.State != rp.PhoneSignedIn {
			t.Errorf("she cannot sign in any more: %+v", st)
		}
	})
	run("login CSRF: the attacker's own answer in her browser", func(t *testing.T) {
		victim, attacker := h.startPhone(midwife), h.startPhone(colleague)
		hers, his := h.opened(victim), h.browser()
		if r := h.confirm(colleague, attacker, his.open(attacker.Phone.URL)); r.status != 200 {
			t.Fatal(r.status)
		}
		hers.get(his.back(attacker, sandbox.Person{ID: "9900000002"})).has(t, 410)
		if st := h.status(midwife, victim); st.State != rp.PhoneConfirmed {
			t.Errorf("%+v", st)
		}
		// Her state with his code.
		q, _ := url.Parse(his.back(attacker, sandbox.Person{ID: "9900000002"}))
		own, _ := url.Parse(hers.back(victim, her))
		mixed := q.Query()
		mixed.Set("state", own.Query().Get("state"))
		q.RawQuery = mixed.Encode()
		hers.get(q.String())
		if st := h.status(midwife, victim); st.State != rp.PhoneRefused {
			t.Errorf("%+v", st)
		}
	})
	run("the answer twice, halved, doubled", func(t *testing.T) {
		s := h.startPhone(midwife)
		b := h.opened(s)
		back := b.back(s, her)
		for _, bad := range []string{"", "?", "?state=", "?code=x", "?state=null&code=x", "?state=" + url.QueryEscape(strings.TrimPrefix(s.Phone.URL, phoneURL+"/verify/phone/")) + "&code=x"} {
			b.get(rp.PhoneCallback(phoneURL)+bad).has(t, 410)
		}
		b.get(rp.PhoneCallback(phoneURL)+"?state="+strings.Repeat("a", 9000)).has(t, 414)
		if p := b.ask("HEAD", back, nil); p.status != 200 {
			t.Errorf("%d", p.status)
		}
		b.get(back)
		b.get(back).has(t, 410)
		if st := h.status(midwife, s); st.State != rp.PhoneSignedIn {
			t.Errorf("%+v", st)
		}
		s = h.startPhone(midwife)
		b = h.opened(s)
		b.get(b.back(s, her) + "&state=x")
		if st := h.status(midwife, s); st.State != rp.PhoneRefused {
			t.Errorf("%+v", st)
		}
	})
	run("a state in the place of a ticket", func(t *testing.T) {
		s := h.startPhone(midwife)
		b := h.opened(s)
		back, _ := url.Parse(b.back(s, her))
		b.get(phoneURL+"/verify/phone/"+back.Query().Get("state")).has(t, 410)
	})
	run("after five minutes, at each step", func(t *testing.T) {
		for step := range 4 {
			s := h.startPhone(midwife)
			b, back := h.browser(), ""
			number := ""
			if step > 0 {
				number = b.open(s.Phone.URL)
			}
			if step > 1 {
				h.confirm(midwife, s, number)
			}
			if step > 2 {
				back = b.back(s, her)
			}
			h.clock.advance(5*time.Minute + time.Second)
			if st := h.status(midwife, s); st.State != rp.PhoneExpired {
				t.Errorf("step %d: %+v", step, st)
			}
			b.get(s.Phone.URL).has(t, 410)
			if b.open(s.Phone.URL) != "" {
				t.Errorf("step %d: opened", step)
			}
			h.confirm(midwife, s, number).want(t, 409, "transaction")
			if p := b.get(s.Phone.URL + "/sign-in"); strings.Contains(p.to, "authorize") {
				t.Errorf("step %d: signs in", step)
			}
			if back != "" {
				b.get(back).has(t, 410)
			}
			over(t, s)
		}
		// What was signed in in time waits for the form, as long as any transaction.
		s := h.startPhone(midwife)
		b := h.opened(s)
		b.get(b.back(s, her))
		h.clock.advance(6 * time.Minute)
		if r := h.call(midwife, "POST", "/rp/complete", rp.CompleteRequest{Transaction: s.Transaction}); r.status != 200 {
			t.Errorf("%d %s", r.status, r.body)
		}
	})
	run("cancelled in between", func(t *testing.T) {
		s := h.startPhone(midwife)
		b := h.opened(s)
		back := b.back(s, her)
		h.requests.reset()
		h.call(midwife, "POST", "/rp/cancel", rp.PhoneRequest{Transaction: s.Transaction})
		b.get(back).has(t, 410)
		b.get(s.Phone.URL).has(t, 410)
		if asked := h.requests.reset(); len(asked) != 0 {
			t.Errorf("the code was redeemed for nobody: %v", asked)
		}
		over(t, s)
	})
	run("a response of the form", func(t *testing.T) {
		s := h.startPhone(midwife)
		b := h.opened(s)
		b.get(b.back(s, her))
		h.call(midwife, "POST", "/rp/complete", rp.CompleteRequest{Transaction: s.Transaction, Response: "code=x"}).want(t, 400, "malformed")
		over(t, s)
	})
	run("frame, cache, referrer, cookie", func(t *testing.T) {
		s := h.startPhone(midwife)
		b := h.browser()
		sent := b.ask("POST", s.Phone.URL, nil)
		cookie := sent.header.Get("Set-Cookie")
		if !regexp.MustCompile(`^__Host-verify-[0-9a-f]{12}=[\w-]{43}; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax$`).MatchString(cookie) {
			t.Errorf("cookie %s", cookie)
		}
		for _, p := range []page{sent, b.get(s.Phone.URL), b.get(s.Phone.URL + "/sign-in"), b.get(rp.PhoneCallback(phoneURL)), h.browser().get(s.Phone.URL)} {
			for name, want := range map[string]string{"X-Frame-Options": "DENY", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
				"X-Content-Type-Options": "nosniff", "Cross-Origin-Opener-Policy": "same-origin", "Strict-Transport-Security": "max-age=31536000"} {
				if p.header.Get(name) != want {
					t.Errorf("%s: %q", name, p.header.Get(name))
				}
			}
			if policy := p.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
				t.Errorf("policy %q", policy)
			}
			if strings.Contains(string(p.body), "<Clinic>") {
				t.Error("the clinic's name is no text")
			}
		}
	})
	run("a form on another site", func(t *testing.T) {
		s := h.startPhone(midwife)
		for _, header := range []http.Header{{"Sec-Fetch-Site": {"cross-site"}}, {"Origin": {"https://attacker.example"}}} {
			if p := h.browser().ask("POST", s.Phone.URL, header); p.status != 403 {
				t.Errorf("%d", p.status)
			}
		}
		if st := h.status(midwife, s); st.State != rp.PhoneWaiting {
			t.Errorf("%+v", st)
		}
		if p := h.browser().ask("POST", s.Phone.URL, http.Header{"Origin": {"https://verify.example.org"}, "Sec-Fetch-Site": {"same-origin"}}); p.status != 303 {
			t.Errorf("her own: %d", p.status)
		}
	})
	run("refreshed without end", func(t *testing.T) {
		s := h.startPhone(midwife)
		b := h.browser()
		number := b.open(s.Phone.URL)
		for range 20 {
			if again := b.open(s.Phone.URL); again != number {
				t.Fatalf("the number was %s and is %s", number, again)
			}
		}
		h.confirm(midwife, s, number)
		begun := 0
		for range 10 {
			if p := b.get(s.Phone.URL + "/sign-in"); strings.Contains(p.to, "authorize") {
				begun++
			}
		}
		if begun != 5 {
			t.Errorf("%d sign-ins with one ticket", begun)
		}
		if st := h.status(midwife, s); st.State != rp.PhoneRefused || st.Error.Code != "limit" {
			t.Errorf("%+v", st)
		}
	})
	run("addresses that are none", func(t *testing.T) {
		b := h.browser()
		for _, ticket := range []string{"x", strings.Repeat("A", 22), strings.Repeat("A", 3000), "%2e%2e", "<script>"} {
			address := phoneURL + "/verify/phone/" + url.PathEscape(ticket)
			b.get(address).has(t, 410, "no longer valid")
			if p := b.ask("POST", address, nil); p.status != 303 || !strings.HasPrefix(p.to, "/bridge/verify/phone/") || len(b.cookies) != 0 {
				t.Errorf("%d %s", p.status, p.to)
			}
		}
	})
	h.quiet(t)
}

// TestAttackPhoneRace: many browsers open one address at once, and one has it; one
// answer comes many times at once, and one code is redeemed.
func TestAttackPhoneRace(t *testing.T) {
	h := newHouse(t, sandbox.V18, setup{})
	s := h.startPhone(midwife)
	var browsers [20]*browser
	var all sync.WaitGroup
	for i := range browsers {
		browsers[i] = h.browser()
		all.Go(func() { browsers[i].ask("POST", s.Phone.URL, nil) })
	}
	all.Wait()
	var hers *browser
	for _, b := range browsers {
		if p := b.get(s.Phone.URL + "/step"); string(p.body) == "opened" && hers == nil {
			hers = b
		} else if string(p.body) != "elsewhere" {
			t.Errorf("a second browser is at %s", p.body)
		}
	}
	if hers == nil {
		t.Fatal("nobody has it")
	}
	if r := h.confirm(midwife, s, h.status(midwife, s).Number); r.status != 200 {
		t.Fatal(r.status)
	}
	back := hers.back(s, her)
	h.requests.reset()
	for range browsers {
		all.Go(func() { (&browser{h, maps.Clone(hers.cookies)}).get(back) })
	}
	all.Wait()
	if asked := h.requests.reset(); asked["/v1/esignet/oauth/v2/token"] != 1 {
		t.Errorf("%v", asked)
	}
	if st := h.status(midwife, s); st.State != rp.PhoneSignedIn {
		t.Errorf("%+v", st)
	}
}

// TestAttackPhoneFull: tickets are forgotten with their transactions, and take no
// more room than these.
func TestAttackPhoneFull(t *testing.T) {
	h := newHouse(t, sandbox.V18, setup{service: func(c *rp.Config) { c.MaxTransactions, c.MaxPerUser = 6, 4 }})
	var all []rp.Started
	for range 6 {
		all = append(all, h.startPhone(midwife))
	}
	if n := h.service.Open(); n != 4 {
		t.Errorf("%d are open", n)
	}
	for i, s := range all {
		want := 200
		if i < 2 {
			want = 410 // gave way
		}
		h.browser().get(s.Phone.URL).has(t, want)
	}
	h.clock.advance(11 * time.Minute)
	for _, s := range all {
		h.browser().get(s.Phone.URL).has(t, 410)
	}
	if n := h.service.Open(); n != 0 {
		t.Errorf("%d are open after their time", n)
	}
}
