package patient_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/access"
)

// TestGrantInPerson: the address that a clinician shows leads her, once she has signed
// in, to the request, which she answers narrower in kinds, days and time.
func TestGrantInPerson(t *testing.T) {
	w, real, _ := behind(t)
	clinician := w.specialist()
	if _, err := real.Request(t.Context(), clinician, w.record, access.Scope{Until: w.clock.Now().Add(20 * 24 * time.Hour)}, "Second opinion on raised pressure"); err != nil {
		t.Fatal(err)
	}
	b := w.visitor()
	asked := b.get("/consents")
	if asked.status != http.StatusUnauthorized || !strings.Contains(asked.body, `href="/sign-in?to=%2fconsents"`) {
		t.Fatalf("%d %s", asked.status, asked.body)
	}
	if p := b.signInTo(her, "?to=/consents"); p.header.Get("Location") != "/consents" {
		t.Fatalf("led to %s", p.header.Get("Location"))
	}
	body := b.get("/consents").body
	contains(t, "the request", body, "Arulan Mathiri", "Example Hospital", "Second opinion on raised pressure", "21 Sep 2025")
	if strings.Index(body, "Second opinion") > strings.Index(body, "Now in force") {
		t.Error("what waits does not come first")
	}
	id := strings.SplitN(strings.SplitN(body, `name="id" value="`, 2)[1], `"`, 2)[0]
	if p := b.submit("/consents", "/consents/answer", "id", id, "answer", "approve", "class", "vitals", "until", "1", "from", "2025-08-02", "to", "2025-08-01"); p.status != http.StatusUnprocessableEntity {
		t.Errorf("days the wrong way round: %d", p.status)
	}
	if p := b.submit("/consents", "/consents/answer", "id", id, "answer", "approve", "class", "vitals", "until", "1", "from", "2025-07-01"); p.status != http.StatusOK {
		t.Fatalf("%d %s", p.status, p.body)
	}
	view, err := real.Open(t.Context(), clinician, w.record, access.Treatment)
	if err != nil {
		t.Fatal(err)
	}
	record, err := view.Record(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, r := range record.Resources {
		if r.Get("resourceType").Str() == "Observation" {
			seen++
			if at := r.Get("effectiveDateTime").Str(); at < "2025-07-01" {
				t.Errorf("an observation of %s is seen", at)
			}
		}
	}
	if seen == 0 {
		t.Error("nothing is seen")
	}
	w.clock.forward(25 * time.Hour)
	if _, err := view.Record(t.Context()); err == nil {
		t.Error("seen after the shorter end")
	}
	if p := b.get("/home"); p.status == http.StatusOK {
		t.Error("the session outlives its idle time")
	}
}

// signInTo is signIn by an address with a query.
func (b *visitor) signInTo(person, query string) page {
	b.t.Helper()
	res := b.get("/sign-in" + query)
	if res.status != http.StatusSeeOther {
		b.t.Fatalf("sign-in: %d %s", res.status, res.body)
	}
	return b.get(b.backFrom(person, res.header.Get("Location")))
}

// TestSheGivesAndHides: a permission unasked to a clinic of her record, and a visit, a
// pregnancy and a kind hidden; each acts at once, is shown, and is taken back.
func TestSheGivesAndHides(t *testing.T) {
	w, real, b := behind(t)
	clinician := w.specialist()
	if _, err := real.Open(t.Context(), clinician, w.record, access.Treatment); err == nil {
		t.Fatal("let in without a grant")
	}
	offered := choices(b.get("/consents/give").body) // who has tried is in her log
	to := offered["Example Hospital"]
	if to == "" || offered["Arulan Mathiri"] == "" {
		t.Fatalf("not offered: %v", offered)
	}
	if p := b.submit("/consents/give", "/consents/give", "who", to, "until", "30"); p.status != http.StatusUnprocessableEntity || !strings.Contains(p.body, "tick what may be seen") {
		t.Errorf("without a kind: %d", p.status)
	}
	if p := b.submit("/consents/give", "/consents/give", "class", "vitals", "until", "30"); p.status != http.StatusUnprocessableEntity || !strings.Contains(p.body, "choose who") {
		t.Errorf("to nobody: %d", p.status)
	}
	p := b.submit("/consents/give", "/consents/give", "who", to, "until", "30", "class", "visits", "class", "vitals", "class", "observations", "class", "laboratory")
	if p.status != http.StatusOK {
		t.Fatalf("%d %s", p.status, p.body)
	}
	contains(t, "the page", p.body, "You have given permission", "Example Hospital", "1 Oct 2025")
	count := func() int {
		t.Helper()
		v, err := real.Open(t.Context(), clinician, w.record, access.Treatment)
		if err != nil {
			t.Fatal(err)
		}
		r, err := v.Record(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, res := range r.Resources {
			if typ := res.Get("resourceType").Str(); typ == "Observation" || typ == "Encounter" {
				n++
			}
		}
		return n
	}
	all := count()
	hideable := choices(b.get("/consents/hide").body)
	for _, c := range []struct{ starts, says string }{{"visit of", "one visit"}, {"the pregnancy", "one pregnancy"}, {"laboratory", "laboratory"}} {
		what := ""
		for text, handle := range hideable {
			if strings.HasPrefix(text, c.starts) {
				what = handle
			}
		}
		if what == "" {
			t.Fatalf("%s is not offered: %v", c.starts, hideable)
		}
		who := "everybody"
		if c.starts == "visit of" {
			who = hideable["Example Hospital"]
		}
		p := b.submit("/consents/hide", "/consents/hide", "what", what, "who", who)
		if p.status != http.StatusOK || !strings.Contains(p.body, "It is hidden") || !strings.Contains(p.body, c.says) {
			t.Fatalf("%s: %d", c.starts, p.status)
		}
		if n := count(); n >= all || n == 0 && c.starts != "the pregnancy" { // which is all that there is
			t.Errorf("%s: %d of %d are seen", c.starts, n, all)
		}
		if b.get("/timeline").status != http.StatusOK || !strings.Contains(b.get("/timeline").body, "record: 4") {
			t.Error("she does not see it herself")
		}
		// the newest comes first: what was just hidden
		deny := p.body[strings.Index(p.body, "May not see"):]
		id := strings.SplitN(strings.SplitN(deny, `name="id" value="`, 2)[1], `"`, 2)[0]
		if p := b.submit("/consents", "/consents/revoke", "id", id); p.status != http.StatusOK || count() != all {
			t.Errorf("%s: not shown again", c.starts)
		}
	}
}

// TestAttackGrants: whom and what she permits or hides is chosen, not written.
func TestAttackGrants(t *testing.T) {
	w, real, b := behind(t)
	clinician := w.specialist()
	if _, err := real.Open(t.Context(), clinician, w.record, access.Treatment); err == nil {
		t.Fatal("let in without a grant")
	}
	stranger := w.another("Strange Udaharana")
	w.own(stranger, other)
	if _, err := real.Open(t.Context(), clinician, stranger, access.Treatment); err == nil {
		t.Fatal("let in without a grant")
	}
	thief := w.visitor()
	thief.signIn(other)
	theirs := choices(thief.get("/consents/give").body)["Example Hospital"]
	hers := choices(b.get("/consents/hide").body)
	again := w.visitor()
	again.signIn(her)
	old := choices(again.get("/consents/hide").body)["Example Hospital"]
	var visit string
	for text, h := range hers {
		if strings.HasPrefix(text, "visit of") {
			visit = h
		}
	}
	hospital := hers["Example Hospital"]
	if visit == "" || hospital == "" || old == "" || theirs == "" {
		t.Fatal("the test has no handles")
	}
	give := func(who, class, until string) url.Values {
		return url.Values{"who": {who}, "class": {class}, "until": {until}}
	}
	for name, c := range map[string]struct {
		form   url.Values
		status int
	}{
		"an id":                      {give("Practitioner/p1", "vitals", "30"), http.StatusNotFound},
		"another session's handle":   {give(old, "vitals", "30"), http.StatusNotFound},
		"a visit for a clinic":       {give(visit, "vitals", "30"), http.StatusNotFound},
		"everybody":                  {give("everybody", "vitals", "30"), http.StatusNotFound},
		"a kind that is none":        {give(hospital, "Patient", "30"), http.StatusBadRequest},
		"an end that is not offered": {give(hospital, "vitals", "3650"), http.StatusBadRequest},
		"no end":                     {give(hospital, "vitals", ""), http.StatusBadRequest},
		"a day that is none":         {url.Values{"who": {hospital}, "class": {"vitals"}, "until": {"30"}, "from": {"2025-13-40"}}, http.StatusUnprocessableEntity},
		"a kind twice":               {url.Values{"who": {hospital}, "class": {"vitals", "vitals"}, "until": {"30"}}, http.StatusBadRequest},
		"days the wrong way round":   {url.Values{"who": {hospital}, "class": {"vitals"}, "until": {"30"}, "from": {"2025-08-02"}, "to": {"2025-08-01"}}, http.StatusUnprocessableEntity},
		"without anything":           {url.Values{}, http.StatusBadRequest},
		"another person's handle":    {give(theirs, "vitals", "30"), http.StatusNotFound},
	} {
		t.Run("give to "+name, func(t *testing.T) {
			c.form.Set("token", b.token("/consents/give", "/consents/give"))
			if p := b.post("/consents/give", c.form); p.status != c.status {
				t.Errorf("%d", p.status)
			}
		})
	}
	for name, c := range map[string]struct {
		what, who string
		status    int
	}{
		"an id": {"Encounter/1", "everybody", http.StatusNotFound}, "an enrollment": {"AbCdEfGhIjK", "everybody", http.StatusNotFound}, "who she is": {"demographics", "everybody", http.StatusNotFound},
		"a clinic": {hospital, "everybody", http.StatusNotFound}, "from an id": {visit, "Organization/o1", http.StatusNotFound}, "from a visit": {visit, visit, http.StatusNotFound},
		"nothing": {"", "everybody", http.StatusUnprocessableEntity}, "from nobody": {visit, "", http.StatusUnprocessableEntity},
	} {
		t.Run("hide "+name, func(t *testing.T) {
			if p := b.submit("/consents/hide", "/consents/hide", "what", c.what, "who", c.who); p.status != c.status {
				t.Errorf("%d", p.status)
			}
		})
	}
	if body := b.get("/consents").body; !strings.Contains(body, "You have given no permission") {
		t.Error("one of them was taken")
	}
}

// TestAttackWish: a sign-in leads to a page of the menu, once, and nowhere else.
func TestAttackWish(t *testing.T) {
	w, _ := two(t)
	for _, to := range []string{"https://evil.example", "//evil.example", "/\\evil.example", "/consents/answer", "/access.csv", "/documents/show?d=x", "/consents?lang=si", "/consents/", "consents", "/CONSENTS", "/sign-out", "/share/file", "%2fconsents", "/consents\r\nX: y"} {
		t.Run(to, func(t *testing.T) {
			w.clock.forward(time.Minute) // so many sign-ins at once are refused
			if p := w.visitor().signInTo(her, "?to="+url.QueryEscape(to)); p.header.Get("Location") != "/home" {
				t.Errorf("led to %s", p.header.Get("Location"))
			}
		})
	}
	t.Run("twice", func(t *testing.T) {
		b := w.visitor()
		if p := b.signInTo(her, "?to=/share"); p.header.Get("Location") != "/share" {
			t.Fatalf("led to %s", p.header.Get("Location"))
		}
		if p := b.get("/"); p.header.Get("Location") != "/home" {
			t.Errorf("the first page leads to %s", p.header.Get("Location"))
		}
	})
	t.Run("in the answer of eSignet", func(t *testing.T) {
		b := w.visitor()
		res := b.get("/sign-in")
		if p := b.get(b.backFrom(her, res.header.Get("Location")) + "&to=/share"); p.header.Get("Location") != "/home" {
			t.Errorf("led to %s", p.header.Get("Location"))
		}
	})
	t.Run("on a page of nobody's", func(t *testing.T) {
		for _, path := range []string{"/consents/give", "/share/summary", "/access.csv"} {
			if body := w.visitor().get(path).body; strings.Contains(body, "/sign-in?to") {
				t.Errorf("%s is wished", path)
			}
		}
	})
	t.Run("with a record to choose first", func(t *testing.T) {
		w.own(w.another("Twin Udaharana"), her)
		b := w.visitor()
		if p := b.signInTo(her, "?to=/consents"); p.header.Get("Location") != "/records" {
			t.Fatalf("led to %s", p.header.Get("Location"))
		}
		if p := b.submit("/records", "/records", "record", w.record); p.header.Get("Location") != "/consents" {
			t.Errorf("then to %s", p.header.Get("Location"))
		}
	})
}

// TestAttackNews: what a page asks by itself tells nobody else anything, and is no click.
func TestAttackNews(t *testing.T) {
	w, real, b := behind(t)
	first := b.get("/news")
	if first.status != http.StatusOK || len(first.body) < 16 || strings.Contains(first.body, "<") || first.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %q", first.status, first.body)
	}
	who := access.Actor{Kind: access.KindPatient, Person: w.record}
	entries := func() int {
		t.Helper()
		list, err := real.Log(t.Context(), who, access.Filter{WithOwn: true, Limit: -1})
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	before := entries()
	for range 20 {
		if p := b.get("/news"); p.body != first.body {
			t.Fatal("it changes by itself")
		}
	}
	if n := entries(); n != before+1 { // the look at the log itself
		t.Errorf("twenty questions make %d entries", n-before-1)
	}
	w.put(`{"resourceType":"Observation","id":"new","status":"final","code":{"text":"x"},"valueString":"y","subject":{"reference":"{her}"},"effectiveDateTime":"2025-08-30"}`)
	if p := b.get("/news"); p.body == first.body {
		t.Error("a change is not told")
	}
	t.Run("without a session", func(t *testing.T) {
		if p := w.visitor().get("/news"); p.status != http.StatusUnauthorized || p.body != "" {
			t.Errorf("%d %q", p.status, p.body)
		}
	})
	t.Run("for another", func(t *testing.T) {
		w.own(w.another("Strange Udaharana"), other)
		thief := w.visitor()
		thief.signIn(other)
		for _, q := range []string{"", "?patient=" + w.record, "?record=" + w.record} {
			if p := thief.get("/news" + q); p.body == b.get("/news").body {
				t.Errorf("%s: %q", q, p.body)
			}
		}
	})
	t.Run("as a form", func(t *testing.T) {
		if p := b.post("/news", url.Values{}); p.status < 400 {
			t.Errorf("%d", p.status)
		}
	})
	t.Run("to keep a session alive", func(t *testing.T) {
		for range 4 {
			w.clock.forward(4 * time.Minute)
			b.get("/news")
		}
		if p := b.get("/home"); p.status != http.StatusUnauthorized {
			t.Errorf("asking made the session last: %d", p.status)
		}
	})
}
