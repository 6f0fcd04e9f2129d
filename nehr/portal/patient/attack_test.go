package patient_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	esignetsandbox "github.com/nehrbridge/nehrbridge/esignet/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/summary"
)

// pages are all that show something of her; forms all that change something.
var (
	pages = []string{"/home", "/timeline", "/results", "/health", "/care", "/documents", "/access", "/access.csv", "/access.json", "/consents", "/consents/give", "/consents/hide",
		"/corrections", "/share", "/share/summary", "/profile"}
	forms = map[string]string{ // action by the page that has the form
		"/link": "/link", "/records": "/records", "/consents/answer": "/consents", "/consents/revoke": "/consents", "/dispute": "/profile",
		"/consents/give": "/consents/give", "/consents/hide": "/consents/hide", "/corrections": "/corrections",
		"/share/file": "/share", "/share/link": "/share", "/share/revoke": "/share", "/share/refresh": "/share",
		"/sign-out": "/home", "/exit": "/home",
	}
	// asking are the pages that may run the one script there is.
	asking = []string{"/home", "/timeline", "/results", "/health", "/care", "/documents"}
)

// two makes a world with her record and that of another person.
func two(t *testing.T) (w *world, others string) {
	w = start(t, nil)
	w.own(w.record, her)
	others = w.another("Strange Udaharana")
	w.own(others, other)
	until := w.clock.Now().Add(10 * 24 * time.Hour)
	w.gate.consents = []access.Consent{
		{ID: "hers", State: access.Asked, Effect: access.Permit, Patient: w.record, Readable: true, Scope: access.Scope{Until: until}},
		{ID: "active", State: access.Active, Effect: access.Permit, Patient: w.record, Readable: true, Scope: access.Scope{Until: until}},
		{ID: "foreign-asked", State: access.Asked, Effect: access.Permit, Patient: others, Readable: true, Scope: access.Scope{Until: until}},
		{ID: "foreign-active", State: access.Active, Effect: access.Permit, Patient: others, Readable: true, Scope: access.Scope{Until: until}},
	}
	w.link(w.record, "For the clinic")
	return w, others
}

// link makes a long-term link of somebody.
func (w *world) link(owner, label string) *summary.Made {
	w.t.Helper()
	made, err := w.links.Create(w.t.Context(), owner, summary.NewLink{Content: []byte(`{"resourceType":"Bundle"}`), Until: w.clock.Now().Add(time.Hour), Label: label, LongTerm: true})
	if err != nil {
		w.t.Fatal(err)
	}
	return made
}

// TestAttackAnothersRecord: no route and no parameter leads to another patient.
func TestAttackAnothersRecord(t *testing.T) {
	w, others := two(t)
	b := w.visitor()
	b.signIn(her)
	_, id, _ := strings.Cut(others, "/")
	for _, path := range pages {
		for _, query := range []string{"?patient=" + others, "?record=" + others, "?id=" + id, "?subject=Patient/" + id + "&_include=*", "?Person=" + others, "/" + id, "/../" + id, "/Patient/" + id, "?_getpages=1&next=" + others} {
			t.Run(path+query, func(t *testing.T) {
				p := b.get(path + query)
				if strings.Contains(p.body, "Strange") || strings.Contains(p.body, id) && !strings.Contains(query, id) {
					t.Errorf("shows another: %d", p.status)
				}
			})
		}
	}
	t.Run("form of records", func(t *testing.T) {
		token := url.Values{"token": {b.token("/home", "/exit")}, "record": {others}} // any form of hers gives a token, not this one's
		if p := b.post("/records", token); p.status != http.StatusForbidden {
			t.Errorf("the token of another form: %d", p.status)
		}
		second := w.another("Twin Udaharana")
		w.own(second, her)
		b := w.visitor()
		b.signIn(her)
		if p := b.submit("/records", "/records", "record", others); p.status != http.StatusNotFound {
			t.Errorf("another's record was chosen: %d", p.status)
		}
		if p := b.get("/home"); p.status == http.StatusOK {
			t.Error("and is shown")
		}
	})
	for _, c := range [][2]string{{"/consents/answer", "foreign-asked"}, {"/consents/revoke", "foreign-active"}, {"/consents/answer", "Consent/foreign-asked"}, {"/consents/revoke", "../foreign-active"}, {"/consents/answer", ""}} {
		t.Run(c[0]+" "+c[1], func(t *testing.T) {
			if p := b.submit("/consents", c[0], "id", c[1], "answer", "approve", "class", "vitals", "until", "0"); p.status != http.StatusNotFound {
				t.Errorf("%d", p.status)
			}
		})
	}
	if body := b.get("/consents").body; strings.Count(body, `name="id"`) != 2 || strings.Contains(body, "foreign") {
		t.Error("the page offers another's consents")
	}
	w.gate.glasses = []access.BreakGlass{{Patient: others, Text: "Strange emergency"}}
	if body := b.get("/access").body; strings.Contains(body, "Strange") {
		t.Error("another's emergency is shown")
	}
	if w.gate.consents[2].State != access.Asked || w.gate.consents[3].State != access.Active || len(w.gate.answers) != 0 {
		t.Error("another's consent was changed")
	}
	if len(w.gate.refused) != 0 {
		t.Errorf("the pages asked the gate for another's record: %v", w.gate.refused)
	}
}

// TestAttackNobodySignedIn: no page, no form and no file without a session, and nothing
// is asked of the gate.
func TestAttackNobodySignedIn(t *testing.T) {
	w, _ := two(t)
	b := w.visitor()
	for _, path := range append(slices.Clone(pages), "/link", "/records") {
		t.Run("GET "+path, func(t *testing.T) {
			if p := b.get(path); p.status != http.StatusUnauthorized || strings.Contains(p.body, "Nilmini") {
				t.Errorf("%d", p.status)
			}
		})
	}
	for action := range forms {
		t.Run("POST "+action, func(t *testing.T) {
			if p := b.post(action, url.Values{"token": {""}, "record": {w.record}}); p.status != http.StatusUnauthorized {
				t.Errorf("%d", p.status)
			}
		})
	}
	if w.gate.reads != 0 {
		t.Errorf("%d reads", w.gate.reads)
	}
}

// TestAttackForgedForms: each form is refused from another site, without its token, with
// another session's token, and by a browser that says where it comes from by Origin.
func TestAttackForgedForms(t *testing.T) {
	w, _ := two(t)
	victim, thief := w.visitor(), w.visitor()
	victim.signIn(her)
	thief.signIn(other)
	for action := range forms {
		for name, c := range map[string]struct {
			token string
			head  []string
		}{
			"no token":           {"", nil},
			"a wrong token":      {strings.Repeat("A", 43), nil},
			"another session's":  {thief.token("/home", "/exit"), nil},
			"another form's":     {victim.token("/home", "/sign-out"), nil},
			"from another site":  {"own", []string{"Sec-Fetch-Site", "cross-site"}},
			"from a sister site": {"own", []string{"Sec-Fetch-Site", "same-site"}},
			"by Origin":          {"own", []string{"Sec-Fetch-Site", "", "Origin", "https://evil.example"}},
		} {
			if name == "another form's" && action == "/sign-out" {
				continue
			}
			t.Run(action+" "+name, func(t *testing.T) {
				token := c.token
				if token == "own" {
					page := forms[action]
					if action == "/link" || action == "/records" {
						page, token = "", "" // she has a record: the form is not offered; the origin is looked at first
					}
					if page != "" {
						token = victim.token(page, action)
					}
				}
				form := url.Values{"token": {token}, "id": {"active"}, "answer": {"deny"}}
				if p := victim.post(action, form, c.head...); p.status != http.StatusForbidden {
					t.Errorf("%d", p.status)
				}
			})
		}
	}
	if p := victim.get("/home"); p.status != http.StatusOK {
		t.Errorf("a forged form did something: %d", p.status)
	}
	if w.gate.consents[1].State != access.Active {
		t.Error("a forged form took a consent back")
	}
	for _, action := range []string{"/exit", "/dispute", "/consents/revoke", "/sign-out"} {
		t.Run("GET "+action, func(t *testing.T) {
			if p := victim.get(action); p.status != http.StatusNotFound {
				t.Errorf("%d", p.status)
			}
		})
	}
}

// TestAttackSessions: a session that somebody chose, one from before the sign-in, one
// that is over, idle or signed out, all open nothing.
func TestAttackSessions(t *testing.T) {
	set := func(b *visitor, value string) {
		at, _ := url.Parse(b.url)
		b.Jar.SetCookies(at, []*http.Cookie{{Name: "patient-session", Value: value, Path: "/"}})
	}
	value := func(b *visitor) string {
		at, _ := url.Parse(b.url)
		for _, c := range b.Jar.Cookies(at) {
			if c.Name == "patient-session" {
				return c.Value
			}
		}
		return ""
	}
	closed := func(t *testing.T, b *visitor) {
		t.Helper()
		if p := b.get("/home"); p.status != http.StatusUnauthorized || strings.Contains(p.body, "Nilmini") {
			t.Errorf("home: %d", p.status)
		}
	}
	t.Run("fixation", func(t *testing.T) {
		w, _ := two(t)
		b := w.visitor()
		chosen := strings.Repeat("A", 43)
		set(b, chosen)
		b.signIn(her)
		if value(b) == chosen || value(b) == "" {
			t.Error("the chosen secret became the session's")
		}
		attacker := w.visitor()
		set(attacker, chosen)
		closed(t, attacker)
	})
	t.Run("rotation at sign-in", func(t *testing.T) {
		w, _ := two(t)
		b := w.visitor()
		b.signIn(her)
		before := value(b)
		b.signIn(her)
		if value(b) == before {
			t.Error("the secret stayed")
		}
		old := w.visitor()
		set(old, before)
		closed(t, old)
	})
	t.Run("signed out", func(t *testing.T) {
		w, _ := two(t)
		b := w.visitor()
		b.signIn(her)
		kept := value(b)
		if p := b.submit("/home", "/sign-out"); p.status != http.StatusSeeOther || p.header.Get("Clear-Site-Data") == "" {
			t.Errorf("sign-out: %d", p.status)
		}
		set(b, kept)
		closed(t, b)
	})
	t.Run("quick exit", func(t *testing.T) {
		w, _ := two(t)
		b := w.visitor()
		b.signIn(her)
		kept := value(b)
		if p := b.submit("/home", "/exit"); p.status != http.StatusSeeOther || p.header.Get("Location") != "https://www.wikipedia.org/" {
			t.Errorf("exit: %d %s", p.status, p.header.Get("Location"))
		}
		set(b, kept)
		closed(t, b)
	})
	t.Run("idle", func(t *testing.T) {
		w, _ := two(t)
		b := w.visitor()
		b.signIn(her)
		w.clock.forward(14 * time.Minute)
		if p := b.get("/home"); p.status != http.StatusOK {
			t.Errorf("before: %d", p.status)
		}
		w.clock.forward(16 * time.Minute)
		if p := b.get("/home"); p.status != http.StatusUnauthorized || !strings.Contains(p.body, "signed out") {
			t.Errorf("after: %d", p.status)
		}
	})
	t.Run("absolute", func(t *testing.T) {
		w, _ := two(t)
		b := w.visitor()
		b.signIn(her)
		for range 40 { // eight hours by clicks of twelve minutes
			w.clock.forward(12 * time.Minute)
			b.get("/privacy")
		}
		closed(t, b)
	})
	t.Run("a form of a session that is over", func(t *testing.T) {
		w, _ := two(t)
		b := w.visitor()
		b.signIn(her)
		token := b.token("/consents", "/consents/revoke")
		w.clock.forward(time.Hour)
		if p := b.post("/consents/revoke", url.Values{"token": {token}, "id": {"active"}}); p.status != http.StatusUnauthorized || w.gate.consents[1].State != access.Active {
			t.Errorf("%d", p.status)
		}
	})
	t.Run("garbage", func(t *testing.T) {
		w, _ := two(t)
		for _, v := range []string{"x", strings.Repeat("A", 44), strings.Repeat("A", 5000), "AAAA=", "%00"} {
			b := w.visitor()
			set(b, v)
			closed(t, b)
		}
	})
}

// TestAttackSignIn: an answer of eSignet that another browser began, that comes twice,
// late, with another state, or for a lower assurance signs nobody in.
func TestAttackSignIn(t *testing.T) {
	w, _ := two(t)
	refused := func(t *testing.T, b *visitor, callback string) {
		t.Helper()
		if p := b.get(callback); p.status != http.StatusUnprocessableEntity || p.header.Get("Location") != "" {
			t.Errorf("callback: %d to %s", p.status, p.header.Get("Location"))
		}
		if p := b.get("/home"); p.status != http.StatusUnauthorized {
			t.Errorf("signed in: %d", p.status)
		}
	}
	t.Run("in another browser", func(t *testing.T) {
		back := w.visitor().throughESignet(esignetsandbox.Person{ID: other})
		victim := w.visitor()
		refused(t, victim, back)
		victim.get("/sign-in") // she has begun herself
		refused(t, victim, back)
	})
	t.Run("twice", func(t *testing.T) {
		b := w.visitor()
		back := b.throughESignet(esignetsandbox.Person{ID: her})
		at, _ := url.Parse(b.url)
		kept := b.Jar.Cookies(at)
		b.get(back)
		again := w.visitor()
		again.Jar.SetCookies(at, slices.DeleteFunc(kept, func(c *http.Cookie) bool { return c.Name == "patient-session" }))
		refused(t, again, back)
	})
	t.Run("late", func(t *testing.T) {
		b := w.visitor()
		back := b.throughESignet(esignetsandbox.Person{ID: her})
		w.clock.forward(11 * time.Minute)
		refused(t, b, back)
	})
	t.Run("another state", func(t *testing.T) {
		b := w.visitor()
		back, _ := url.Parse(b.throughESignet(esignetsandbox.Person{ID: her}))
		q := back.Query()
		q.Set("state", "forged")
		refused(t, b, back.Path+"?"+q.Encode())
	})
	t.Run("no code", func(t *testing.T) {
		b := w.visitor()
		b.get("/sign-in")
		refused(t, b, "/callback")
	})
	t.Run("she cancels", func(t *testing.T) {
		b := w.visitor()
		back, _ := url.Parse(b.throughESignet(esignetsandbox.Person{ID: her}))
		q := back.Query()
		q.Del("code")
		q.Set("error", "consent_request_rejected")
		p := b.get(back.Path + "?" + q.Encode())
		if p.status != http.StatusUnprocessableEntity || !strings.Contains(p.body, "Nothing was shared") {
			t.Errorf("%d", p.status)
		}
	})
	t.Run("an error with a script", func(t *testing.T) {
		b := w.visitor()
		b.get("/sign-in")
		p := b.get("/callback?error=%3Cscript%3Ealert(1)%3C/script%3E&error_description=%3Cimg%20src=x%3E&state=x")
		if strings.Contains(p.body, "alert(1)") || strings.Contains(p.body, "<img") {
			t.Error("shown as it came")
		}
	})
}

// TestAttackRedirects: nothing that is sent decides where the browser goes.
func TestAttackRedirects(t *testing.T) {
	w, _ := two(t)
	b := w.visitor()
	b.signIn(her)
	for _, path := range []string{"/sign-in?to=https://evil.example", "/sign-in?to=//evil.example", "/sign-in?to=/%5Cevil.example", "/sign-in?to=/consents/../../evil.example", "/?next=https://evil.example", "/home?lang=si&to=//evil.example", "//evil.example/?lang=si", "/%2f%2fevil.example?lang=si", "/\\evil.example?lang=si",
		"/sign-in?redirect_uri=https://evil.example", "/?lang=si&return=https://evil.example", "/callback?redirect=https://evil.example", "/home/..//evil.example?lang=ta", "/privacy?lang=https://evil.example"} {
		t.Run(path, func(t *testing.T) {
			to := b.get(path).header.Get("Location")
			if u, err := url.Parse(to); err != nil || u.Host != "" && !strings.HasPrefix(to, w.issuer) || strings.HasPrefix(to, "//") || strings.HasPrefix(to, "/\\") ||
				strings.HasPrefix(to, w.issuer) && strings.Contains(u.Query().Get("redirect_uri"), "evil") {
				t.Errorf("leads to %s", to)
			}
		})
	}
	for _, host := range []string{"evil.example", "evil.example:80"} {
		t.Run("Host "+host, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/home", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = host
			if p := b.do(r); strings.Contains(p.body, "evil.example") || strings.Contains(p.header.Get("Location"), "evil") {
				t.Error("the page names the host that was sent")
			}
		})
	}
}

// TestAttackHeaders: every answer, an error too, forbids frames, scripts, sniffing and
// keeping; the cookie is not for scripts.
func TestAttackHeaders(t *testing.T) {
	w, _ := two(t)
	b := w.visitor()
	signedIn := b.signIn(her)
	cookie := strings.Join(signedIn.header.Values("Set-Cookie"), "\n")
	if !strings.Contains(cookie, "HttpOnly; SameSite=Lax") || strings.Contains(cookie, "Domain=") {
		t.Errorf("the cookie: %s", cookie)
	}
	for _, path := range append(slices.Clone(pages), "/", "/privacy", "/nothing", "/callback", "/link") {
		t.Run(path, func(t *testing.T) {
			h := b.get(path).header
			policy := h.Get("Content-Security-Policy")
			for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
				if !strings.Contains(policy, want) {
					t.Errorf("policy %q without %s", policy, want)
				}
			}
			script := ""
			if slices.Contains(asking, path) {
				script = "; script-src 'self'; connect-src 'self'"
			}
			if !strings.HasSuffix(policy, "frame-ancestors 'none'"+script) || strings.Count(policy, "script-src") > 1 || strings.Contains(policy, "unsafe") {
				t.Errorf("policy %q", policy)
			}
			for name, want := range map[string]string{"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
				"Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin"} {
				if h.Get(name) != want {
					t.Errorf("%s: %q", name, h.Get(name))
				}
			}
		})
	}
}

const script = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>{{.}}javascript:alert(1)`

// TestAttackScripts: text of the record, of a clinician or of a form is shown as text.
func TestAttackScripts(t *testing.T) {
	w := start(t, func(e *fhirjson.Value) {
		if e.Get("resourceType").Str() == "Patient" {
			e.Set("name", fhirjson.List(fhirjson.Fields(fhirjson.F("text", fhirjson.Text(script)))))
			e.Set("telecom", fhirjson.List(fhirjson.Fields(fhirjson.F("system", fhirjson.Text("phone")), fhirjson.F("value", fhirjson.Text(script)))))
			return
		}
		e.Strings(func(field, text string) string {
			switch field {
			case "text", "display", "valueString", "name", "given", "family", "unit", "deviceName":
				return script
			}
			return text
		})
		if coding := e.Get("code"); coding != nil && e.Get("resourceType").Str() == "Condition" {
			coding.Delete("coding")
		}
	})
	w.own(w.record, her)
	w.gate.consents = []access.Consent{
		{ID: script, State: access.Asked, Effect: access.Permit, Patient: w.record, Readable: true, Why: script, Scope: access.Scope{Until: w.clock.Now().Add(time.Hour)}},
		{ID: script, State: access.Active, Effect: access.Permit, Patient: w.record, Readable: true, Why: script, Scope: access.Scope{Until: w.clock.Now().Add(time.Hour)}},
	}
	w.gate.glasses = []access.BreakGlass{{Patient: w.record, Code: script, Text: script, At: w.clock.Now()}}
	w.gate.entries = []access.Entry{{At: w.clock.Now(), Actor: access.KindClinician, Person: script, Patient: w.record, Facility: script, Permitted: true, Purpose: script, Action: script}}
	b := w.visitor()
	b.signIn(her)
	for _, path := range pages {
		if path == "/access.csv" || path == "/access.json" {
			continue
		}
		t.Run(path, func(t *testing.T) {
			p := b.get(path)
			if p.status != http.StatusOK {
				t.Fatalf("%d", p.status)
			}
			own := 0
			if slices.Contains(asking, path) {
				own = 1
			}
			if n := strings.Count(p.body, "<script"); n != own || strings.Count(p.body, `<script src="/look.js" defer></script>`) != own {
				t.Errorf("%d scripts stand in the page", n)
			}
			for _, bad := range []string{"<img", "onerror=alert(1)>", `"javascript:`, `'javascript:`} {
				if strings.Contains(p.body, bad) {
					t.Errorf("%s stands in the page", bad)
				}
			}
			if !strings.Contains(p.body, "&lt;script&gt;") && !slices.Contains([]string{"/results", "/documents", "/share"}, path) {
				t.Error("the text is not there: the test looks at nothing")
			}
		})
	}
	t.Run("form of the card", func(t *testing.T) {
		c := w.visitor()
		c.signIn(other)
		if p := c.submit("/link", "/link", "number", script, "code", script); strings.Contains(p.body, "<script") || strings.Contains(p.body, "<img") {
			t.Error("given back as it came")
		}
	})
}

// TestAttackCSVInjection: a name that a spreadsheet would run is text in the download.
func TestAttackCSVInjection(t *testing.T) {
	w, _ := two(t)
	b := w.visitor()
	b.signIn(her)
	for _, name := range []string{"=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", " =1+1", "\r\n=1", "\"=1", "＝1+1", "a\n=1+1"} {
		t.Run(name, func(t *testing.T) {
			a, err := w.nehr.Create(t.Context(), "Practitioner", fhirjson.Fields(fhirjson.F("resourceType", fhirjson.Text("Practitioner")),
				fhirjson.F("name", fhirjson.List(fhirjson.Fields(fhirjson.F("text", fhirjson.Text(name)))))).Encode(), nil)
			if err != nil {
				t.Fatal(err)
			}
			w.gate.entries = []access.Entry{{At: w.clock.Now(), Actor: access.KindClinician, Person: "Practitioner/" + a.Resource.Get("id").Str(), Patient: w.record, Permitted: true, Purpose: access.Treatment, Action: access.ActionRead}}
			rows, err := csv.NewReader(strings.NewReader(b.get("/access.csv").body)).ReadAll()
			if err != nil || len(rows) != 2 {
				t.Fatalf("%d rows: %v", len(rows), err)
			}
			if cell := strings.TrimLeft(rows[1][1], " \""); strings.ContainsAny(cell[:1], "=+-@\t\r") || strings.HasPrefix(cell, "＝") || strings.ContainsAny(rows[1][1], "\n\r\t") {
				t.Errorf("the cell %q is run", rows[1][1])
			}
		})
	}
}

// TestAttackRequests: what is too long, malformed or too often is refused.
func TestAttackRequests(t *testing.T) {
	w, _ := two(t)
	b := w.visitor()
	b.signIn(her)
	t.Run("a long query", func(t *testing.T) {
		if p := b.get("/home?a=" + strings.Repeat("a", 9000)); p.status != http.StatusBadRequest {
			t.Errorf("%d", p.status)
		}
	})
	t.Run("a long form", func(t *testing.T) {
		if p := b.post("/dispute", url.Values{"token": {b.token("/profile", "/dispute")}, "a": {strings.Repeat("a", 20_000)}}); p.status != http.StatusBadRequest {
			t.Errorf("%d", p.status)
		}
	})
	t.Run("a token in the address", func(t *testing.T) {
		if p := b.post("/dispute?token="+b.token("/profile", "/dispute"), url.Values{}); p.status != http.StatusForbidden {
			t.Errorf("%d", p.status)
		}
	})
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodTrace} {
		t.Run(method, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), method, b.url+"/home", nil)
			if err != nil {
				t.Fatal(err)
			}
			if p := b.do(r); p.status < 400 || strings.Contains(p.body, "Nilmini") {
				t.Errorf("%d", p.status)
			}
		})
	}
	t.Run("too many sign-ins", func(t *testing.T) {
		c, last := w.visitor(), 0
		for range 30 {
			last = c.get("/sign-in").status
		}
		if last != http.StatusTooManyRequests {
			t.Errorf("%d", last)
		}
	})
}
