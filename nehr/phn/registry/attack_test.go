package registry_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/phn"
	"github.com/nehrbridge/nehrbridge/nehr/phn/registry"
)

// quiet says that nothing of a person stands in the log.
func (h *house) quiet(t *testing.T, values ...string) {
	t.Helper()
	for _, v := range append(values, "Nilmini", "Perera", "1991-04-05", "771234567", known, another, midwife, colleague) {
		if strings.Contains(h.log.String(), v) {
			t.Errorf("the log holds %q", v)
		}
	}
}

// free are numbers of the scheme that nobody has.
func free(t *testing.T, n int) (numbers []string) {
	t.Helper()
	for i := range n {
		number, err := phn.NDHGS2.New("9999", strings.NewReader(strings.Repeat(fmt.Sprintf("%06d", i), 3)))
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, number.String())
	}
	return numbers
}

// TestAttackD064_Enumeration: who guesses numbers is locked out, also by a service that
// was started anew, and nobody else with him.
func TestAttackD064_Enumeration(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		h := newHouseIn(t, url, nil)
		h.mother("a", known, "Nilmini Perera", "1991-04-05", "+94771234567")
		numbers := free(t, 12)
		for _, number := range numbers[:9] {
			h.search(midwife, number)
			h.search(midwife, known) // finding somebody takes nothing
		}
		h.search(midwife, numbers[9])
		asked := len(h.record.asked)
		h.call(midwife, "search", registry.SearchRequest{Place: here, PHN: numbers[10]}, nil).want(t, 429, registry.CodeLocked)
		h.call(midwife, "search", registry.SearchRequest{Place: here, PHN: known}, nil).want(t, 429, registry.CodeLocked)
		if len(h.record.asked) != asked {
			t.Error("the record was asked for somebody who is locked out")
		}
		h.searchFor(midwife, nilmini) // whom she sees before her
		h.search(colleague, numbers[11])
		if _, err := h.newService(nil).Search(t.Context(), registry.Caller{User: midwife, Route: "route-1"}, registry.SearchRequest{Place: here, PHN: known}); err == nil {
			t.Error("a new start forgets who is locked out")
		}
		h.clock.advance(61 * time.Minute)
		h.search(midwife, known)
		h.quiet(t, numbers...)
	})
}

// TestAttackD064_EnumerationAtOnce: many at once do not pass together.
func TestAttackD064_EnumerationAtOnce(t *testing.T) {
	h := newHouse(t, nil)
	var all sync.WaitGroup
	for _, number := range free(t, 40) {
		all.Go(func() {
			_, _ = h.service.Search(t.Context(), registry.Caller{User: midwife, Route: "route-1"}, registry.SearchRequest{Place: here, PHN: number}) // most are refused
		})
	}
	all.Wait()
	if n := len(h.record.asked); n != 10 {
		t.Errorf("the record was asked for %d numbers of 40, want 10", n)
	}
}

// TestAttackD070_Forged: nothing that a form says makes a number verified.
func TestAttackD070_Forged(t *testing.T) {
	h := newHouse(t, func(c *registry.Config) { c.Limits.Unknown = 5 })
	h.mother("a", known, "Nilmini Perera", "1991-04-05", "+94771234567")
	if s := h.status(another); s.Status != registry.StateUnknown || !s.At.IsZero() {
		t.Errorf("%+v", s)
	}
	for name, body := range map[string]string{
		"verified": `{"program":"eozjj9UivfS","orgUnit":"SbxClinic01","phn":"12342222226","verified":true}`,
		"twice":    `{"program":"eozjj9UivfS","orgUnit":"SbxClinic01","phn":"12342222226","phn":"1234BBBBBB3"}`,
		"more":     `{"program":"eozjj9UivfS","orgUnit":"SbxClinic01","phn":"12342222226"}{}`,
		"array":    `[]`,
		"nothing":  ``,
	} {
		t.Run(name, func(t *testing.T) { h.call(midwife, "status", body, nil).want(t, 400, registry.CodeMalformed) })
	}
	h.search(midwife, known)
	if s := h.status(known); s.Status != registry.StateUnknown {
		t.Errorf("a search that nobody acted on verifies: %+v", s)
	}
	for range 3 {
		h.status(another)
	}
	h.call(midwife, "status", registry.StatusRequest{Place: here, PHN: another}, nil).want(t, 429, registry.CodeLocked)
	h.quiet(t)
}

// TestAttackSecrets: searches, matches and receipts that are forged, over, used, or of
// another user, Route or place open nothing.
func TestAttackSecrets(t *testing.T) {
	h := newHouse(t, nil)
	h.mother("a", known, "Nilmini Perera", "1991-04-05", "+94771234567")
	mine := h.searchFor(midwife, nilmini)
	other := h.searchFor(colleague, nilmini)
	there := registry.Place{Program: program, OrgUnit: elsewhere}
	match := func(s registry.Searched) string { return s.Matches[0].Match }
	reject := func(s registry.Searched) []registry.Rejection {
		return []registry.Rejection{{match(s), "other-person"}}
	}

	for name, r := range map[string]registry.SelectRequest{
		"no search":       {Place: here, Match: match(mine)},
		"invented":        {Place: here, Search: strings.Repeat("A", 32), Match: match(mine)},
		"cut":             {Place: here, Search: mine.Search[:31], Match: match(mine)},
		"another's":       {Place: here, Search: other.Search, Match: match(other)},
		"another's match": {Place: here, Search: mine.Search, Match: match(other)},
		"invented match":  {Place: here, Search: mine.Search, Match: "AAAAAAAAAAAA"},
		"what is kept":    {Place: here, Search: mine.Search, Match: "issued"},
		"no match":        {Place: here, Search: mine.Search},
	} {
		t.Run("select "+name, func(t *testing.T) {
			code := registry.CodeSearch
			if r.Search == mine.Search {
				code = registry.CodeMatch
			}
			h.call(midwife, "select", r, nil).want(t, 409, code)
			h.call(midwife, "issue", registry.IssueRequest{Place: r.Place, Search: r.Search, Rejected: []registry.Rejection{{r.Match, "other-person"}}}, nil).want(t, 409, code)
		})
	}
	t.Run("another place", func(t *testing.T) {
		h.call(colleague, "issue", registry.IssueRequest{Place: there, Search: other.Search, Rejected: reject(other)}, nil).want(t, 409, registry.CodeSearch)
	})
	t.Run("another Route", func(t *testing.T) {
		_, err := h.service.Issue(t.Context(), registry.Caller{User: midwife, Route: "route-2"}, registry.IssueRequest{Place: here, Search: mine.Search, Rejected: reject(mine)})
		wantRefusal(t, err, registry.CodeSearch)
	})
	t.Run("the database's own word", func(t *testing.T) {
		var id string
		if err := h.db.Read(t.Context(), func(tx database.Tx) error {
			_, err := database.Row(tx, `SELECT id FROM phn_search WHERE actor = ?1`, []any{midwife}, &id)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		h.call(midwife, "issue", registry.IssueRequest{Place: here, Search: id, Rejected: reject(mine)}, nil).want(t, 409, registry.CodeSearch)
	})
	if n := h.count(`SELECT count(*) FROM phn_number`); n != 0 {
		t.Fatalf("%d numbers were drawn or selected", n)
	}

	got := h.issueFor(midwife, mine)
	for name, receipt := range map[string]string{"invented": strings.Repeat("A", 32), "none": "", "the search": mine.Search} {
		t.Run("card "+name, func(t *testing.T) {
			h.call(midwife, "card", registry.CardRequest{Place: here, Receipt: receipt}, nil).want(t, 409, registry.CodeReceipt)
		})
	}
	t.Run("card of another", func(t *testing.T) {
		h.call(colleague, "card", registry.CardRequest{Place: here, Receipt: got.Receipt}, nil).want(t, 409, registry.CodeReceipt)
	})
	t.Run("used", func(t *testing.T) {
		h.call(midwife, "select", registry.SelectRequest{Place: here, Search: mine.Search, Match: match(mine)}, nil).want(t, 409, registry.CodeSearch)
	})
	t.Run("over", func(t *testing.T) {
		h.clock.advance(10 * time.Minute)
		h.call(colleague, "select", registry.SelectRequest{Place: here, Search: other.Search, Match: match(other)}, nil).want(t, 409, registry.CodeSearch)
		h.call(midwife, "card", registry.CardRequest{Place: here, Receipt: got.Receipt}, nil).want(t, 200, "")
		h.clock.advance(20 * time.Minute)
		h.call(midwife, "card", registry.CardRequest{Place: here, Receipt: got.Receipt}, nil).want(t, 409, registry.CodeReceipt)
	})
	h.quiet(t, mine.Search, got.Receipt, got.PHN)
}

// TestAttackReplay sends one request many times at once: one number.
func TestAttackReplay(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		h := newHouseIn(t, url, nil)
		found := h.searchFor(midwife, nilmini)
		var mu sync.Mutex
		given := map[string]int{}
		var all sync.WaitGroup
		for range 30 {
			all.Go(func() {
				out, err := h.service.Issue(t.Context(), registry.Caller{User: midwife, Route: "route-1"}, registry.IssueRequest{Place: here, Search: found.Search})
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
					return
				}
				given[out.PHN]++
			})
		}
		all.Wait()
		if len(given) != 1 || h.count(`SELECT count(*) FROM phn_number`) != 1 {
			t.Errorf("%d numbers were given", len(given))
		}
	})
}

// TestAttackInjection: whatever is searched for, the record is asked one of two
// questions, or nothing.
func TestAttackInjection(t *testing.T) {
	h := newHouse(t, func(c *registry.Config) { c.Limits = registry.Limits{Searches: 1000, Misses: 1000} })
	h.record.set(nobody)
	for _, number := range []string{"|", "phn|", "1234|5678", known + ",12342222226", known + "$", `1234\5678`, known + "&_count=1000", known + "&name:exact=A",
		"http://fhir.health.gov.lk/ips/identifier/nic|199112345678", "*", "%", "null", known + "\x00", known + "\r\nX: y", "1234567890123456789012345678901234", "../Patient", "_has:Observation:patient:code=1"} {
		h.call(midwife, "search", registry.SearchRequest{Place: here, PHN: number}, nil).want(t, 400, registry.CodePHN)
	}
	good := nilmini
	for name, edit := range map[string]func(*registry.Demographics){
		"no name":           func(d *registry.Demographics) { d.Name = " " },
		"one letter":        func(d *registry.Demographics) { d.Name = "N" },
		"wildcard":          func(d *registry.Demographics) { d.Name = "%" },
		"pipe":              func(d *registry.Demographics) { d.Name = "Nil|mini" },
		"dollar":            func(d *registry.Demographics) { d.Name = "Nil$mini" },
		"backslash":         func(d *registry.Demographics) { d.Name = `Nil\mini` },
		"ampersand":         func(d *registry.Demographics) { d.Name = "Nilmini&phone:missing=true" },
		"colon":             func(d *registry.Demographics) { d.Name = "Nilmini:exact" },
		"line":              func(d *registry.Demographics) { d.Name = "Nilmini\x00" },
		"long":              func(d *registry.Demographics) { d.Name = strings.Repeat("Nilmini ", 60) },
		"no birth date":     func(d *registry.Demographics) { d.BirthDate = "" },
		"prefix":            func(d *registry.Demographics) { d.BirthDate = "gt1900-01-01" },
		"year":              func(d *registry.Demographics) { d.BirthDate = "1991" },
		"two dates":         func(d *registry.Demographics) { d.BirthDate = "1991-04-05,1991-04-06" },
		"no day":            func(d *registry.Demographics) { d.BirthDate = "1991-02-30" },
		"not born":          func(d *registry.Demographics) { d.BirthDate = "2999-01-01" },
		"no phone":          func(d *registry.Demographics) { d.Phone = "" },
		"two phones":        func(d *registry.Demographics) { d.Phone = "0771234567,0771234568" },
		"system of a phone": func(d *registry.Demographics) { d.Phone = "phone|" },
	} {
		t.Run(name, func(t *testing.T) {
			d := good
			edit(&d)
			h.call(midwife, "search", registry.SearchRequest{Place: here, Demographics: &d}, nil).want(t, 400, registry.CodeDemographics)
		})
	}
	for name, body := range map[string]any{
		"both":            registry.SearchRequest{Place: here, PHN: known, Demographics: &good},
		"neither":         registry.SearchRequest{Place: here},
		"a parameter":     `{"program":"eozjj9UivfS","orgUnit":"SbxClinic01","phn":"1234BBBBBB3","_count":1000}`,
		"program":         registry.SearchRequest{Place: registry.Place{Program: "x/../y", OrgUnit: clinic}, PHN: known},
		"no organisation": registry.SearchRequest{Place: registry.Place{Program: program}, PHN: known},
	} {
		t.Run(name, func(t *testing.T) { h.call(midwife, "search", body, nil).want(t, 400, registry.CodeMalformed) })
	}
	if len(h.record.asked) != 0 {
		t.Fatalf("the record was asked %v", h.record.asked)
	}
	comma := registry.Demographics{Name: "Perera, Nilmini", BirthDate: "1991-04-05", Phone: "+94771234567"}
	h.searchFor(midwife, comma)
	if asked := h.record.asked[0]; asked.Get("name") != `Perera\,` || asked.Get("phone") != "+94771234567,94771234567" || len(asked) != 4 {
		t.Errorf("asked %v", asked)
	}
	h.call(midwife, "search", `{"program":"eozjj9UivfS","orgUnit":"SbxClinic01","phn":"`+strings.Repeat("1", 20<<10)+`"}`, nil).want(t, 413, registry.CodeTooLarge)
	h.quiet(t)
}

const patientOf = `{"resourceType":"Patient","id":"x","identifier":[{"system":"http://fhir.health.gov.lk/ips/identifier/phn","value":"` + known + `"}],
	"birthDate":"1991-04-05","telecom":[{"system":"phone","value":"0771234567"}]%s}`

// TestAttackRecord: a record that answers what it was not asked, too much, or script.
func TestAttackRecord(t *testing.T) {
	byNumber := registry.SearchRequest{Place: here, PHN: known}
	byDemographics := registry.SearchRequest{Place: here, Demographics: &nilmini}
	one := fmt.Sprintf(patientOf, "")
	t.Run("script", func(t *testing.T) {
		h := newHouse(t, nil)
		h.record.set(patients(t, false, fmt.Sprintf(patientOf, `,"gender":"<b>","name":[{"text":"<script>alert(1)</script> &lt;img src=x onerror=alert(1)&gt; \u202ekniR"}],
			"address":[{"city":"<img src=x onerror=alert('1')>"}]`)))
		var found registry.Searched
		a := h.call(midwife, "search", byNumber, &found)
		a.want(t, 200, "")
		if strings.ContainsAny(a.body, "<>&\u202e") || found.Matches[0].Name != "s… l… s… o… k…" || found.Matches[0].Gender != "" {
			t.Errorf("%s", a.body)
		}
	})
	t.Run("other letters", func(t *testing.T) {
		h := newHouse(t, nil)
		h.record.set(patients(t, false, fmt.Sprintf(patientOf, `,"name":[{"text":""},{"given":["நிலா"],"family":"සිල්වා"}],"address":[{"district":"මහනුවර"}]`)))
		found := h.search(midwife, known)
		if m := found.Matches[0]; m.Name != "நி… සි…" || m.Place != "මහනුවර" {
			t.Errorf("%+v", m)
		}
	})
	t.Run("two with one number", func(t *testing.T) {
		h := newHouse(t, nil)
		h.record.set(patients(t, false, one, one))
		found := h.search(midwife, known)
		if len(found.Matches) != 2 {
			t.Fatalf("%d of two are shown", len(found.Matches))
		}
		h.call(midwife, "issue", registry.IssueRequest{Place: here, Search: found.Search, Rejected: []registry.Rejection{{found.Matches[0].Match, "other-person"}}}, nil).want(t, 422, registry.CodeRejected)
	})
	t.Run("without a number", func(t *testing.T) {
		h := newHouse(t, nil)
		h.record.set(patients(t, false, `{"resourceType":"Patient","birthDate":"1991-04-05","telecom":[{"value":"+94 77 123 4567"}],"identifier":[{"system":"http://fhir.health.gov.lk/ips/identifier/phn"}]}`))
		if found := h.searchFor(midwife, nilmini); len(found.Matches) != 0 {
			t.Errorf("%+v cannot be selected", found.Matches)
		}
	})
	t.Run("an old number", func(t *testing.T) {
		h := newHouse(t, nil)
		h.record.set(patients(t, false, `{"resourceType":"Patient","birthDate":"1991-04-05","telecom":[{"value":"0771234567"}],"identifier":[
			{"use":"old","system":"http://fhir.health.gov.lk/ips/identifier/phn","value":"12342222226"},{"system":"http://fhir.health.gov.lk/ips/identifier/phn","value":"55555555"},
			{"use":"official","system":"http://fhir.health.gov.lk/ips/identifier/phn","value":"1234BBBBBB3"}]}`))
		found := h.searchFor(midwife, nilmini)
		var selected registry.Selected
		h.call(midwife, "select", registry.SelectRequest{Place: here, Search: found.Search, Match: found.Matches[0].Match}, &selected).want(t, 200, "")
		if selected.PHN != known {
			t.Error("her old number was selected")
		}
	})
	other := `{"resourceType":"Patient","identifier":[{"system":"http://fhir.health.gov.lk/ips/identifier/phn","value":"12342222226"}],"birthDate":"1991-04-06","telecom":[{"value":"0771234567"}]}`
	for name, c := range map[string]struct {
		answer func(url.Values) (*client.Found, error)
		code   registry.Code
	}{
		"somebody else":             {patients(t, false, other), registry.CodeAnswer},
		"her and somebody else":     {patients(t, false, one, other), registry.CodeAnswer},
		"nothing of a person":       {patients(t, false, `{"resourceType":"Patient"}`), registry.CodeAnswer},
		"identifier of no system":   {patients(t, false, `{"resourceType":"Patient","identifier":[{"value":"1234BBBBBB3"}]}`), registry.CodeAnswer},
		"eleven":                    {patients(t, false, slices.Repeat([]string{one}, 11)...), registry.CodeNarrow},
		"one page of many":          {patients(t, true, one), registry.CodeNarrow},
		"an empty page of many":     {patients(t, true), registry.CodeAnswer},
		"a count of what is hidden": {func(url.Values) (*client.Found, error) { return &client.Found{Total: "1"}, nil }, registry.CodeAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, func(c *registry.Config) { c.Provisional = true })
			h.record.set(nobody)
			ready := h.searchFor(midwife, nilmini)
			h.record.set(c.answer)
			for _, r := range []registry.SearchRequest{byNumber, byDemographics} {
				if got := h.call(midwife, "search", r, nil); got.code != c.code {
					t.Errorf("got %d %s, want %s", got.status, got.body, c.code)
				}
			}
			if c.code == registry.CodeAnswer { // nor does such an answer free a number
				h.call(midwife, "issue", registry.IssueRequest{Place: here, Search: ready.Search}, nil).want(t, 502, registry.CodeAnswer)
			}
			h.quiet(t)
		})
	}
}

// TestAttackRecordServer: a server that sends what no record sends.
func TestAttackRecordServer(t *testing.T) {
	entries := func(n int) string {
		e := `{"resource":` + fmt.Sprintf(patientOf, "") + `}`
		return `{"resourceType":"Bundle","type":"searchset","entry":[` + strings.Join(slices.Repeat([]string{e}, n), ",") + `]}`
	}
	followed := make(chan string, 1)
	trap := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { followed <- r.URL.Path }))
	defer trap.Close()
	for name, c := range map[string]struct {
		status int
		body   string
		code   registry.Code
	}{
		"10,000 entries":        {200, entries(10_000), registry.CodeNarrow},
		"a megabyte more":       {200, entries(1) + strings.Repeat(" ", 5<<20), registry.CodeNEHR},
		"garbage":               {200, "\x00\xff{", registry.CodeNEHR},
		"a page":                {200, "<html>log in</html>", registry.CodeNEHR},
		"another resource":      {200, `{"resourceType":"Patient"}`, registry.CodeNEHR},
		"depth":                 {200, strings.Repeat("[", 200_000), registry.CodeNEHR},
		"next page elsewhere":   {200, `{"resourceType":"Bundle","type":"searchset","link":[{"relation":"next","url":"` + trap.URL + `/next"}]}`, registry.CodeAnswer},
		"redirect":              {307, trap.URL, registry.CodeNEHR},
		"an outcome with names": {400, `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invalid","diagnostics":"Nilmini Perera 1991-04-05 ` + known + `"}]}`, registry.CodeNEHR},
		"no right":              {401, ``, registry.CodeNEHR},
		"error":                 {500, `boom`, registry.CodeNEHR},
	} {
		t.Run(name, func(t *testing.T) {
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != "POST" || r.URL.Path != "/fhir/Patient/_search" || r.URL.RawQuery != "" {
					t.Errorf("%s %s", r.Method, r.URL)
				}
				w.Header().Set("Content-Type", "application/fhir+json")
				if c.status == 307 {
					w.Header().Set("Location", c.body)
				}
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			defer web.Close()
			fhir, err := client.New(client.Config{BaseURL: web.URL + "/fhir", MaxResponse: 4 << 20})
			if err != nil {
				t.Fatal(err)
			}
			h := newHouse(t, func(conf *registry.Config) { conf.Record = fhir })
			for _, r := range []registry.SearchRequest{{Place: here, PHN: known}, {Place: here, Demographics: &nilmini}} {
				if got := h.call(midwife, "search", r, nil); got.code != c.code {
					t.Errorf("got %d %s, want %s", got.status, got.body, c.code)
				}
			}
			h.quiet(t)
		})
	}
	select {
	case path := <-followed:
		t.Errorf("a link to another host was followed: %s", path)
	default:
	}
}

// TestAttackAuthority: a user without the right gets nothing of any call, and changes
// nothing.
func TestAttackAuthority(t *testing.T) {
	h := newHouse(t, nil)
	h.mother("a", known, "Nilmini Perera", "1991-04-05", "+94771234567")
	mine := h.searchFor(midwife, nilmini)
	asked := len(h.record.asked)
	there := registry.Place{Program: program, OrgUnit: elsewhere}
	for who, c := range map[string]struct {
		user   string
		place  registry.Place
		status int
		code   registry.Code
	}{
		"no right":              {stranger, here, 403, registry.CodeForbidden},
		"another place":         {midwife, there, 403, registry.CodeForbidden},
		"another program":       {midwife, registry.Place{Program: "aaaaaaaaaaa", OrgUnit: clinic}, 403, registry.CodeForbidden},
		"DHIS2 does not answer": {"unasked", here, 503, registry.CodeUnavailable},
		"nobody":                {"", here, 401, registry.CodeUser},
	} {
		t.Run(who, func(t *testing.T) {
			for call, body := range map[string]any{
				"search": registry.SearchRequest{Place: c.place, PHN: known},
				"select": registry.SelectRequest{Place: c.place, Search: mine.Search, Match: mine.Matches[0].Match},
				"issue":  registry.IssueRequest{Place: c.place, Search: mine.Search, Rejected: []registry.Rejection{{mine.Matches[0].Match, "other"}}},
				"status": registry.StatusRequest{Place: c.place, PHN: known},
				"card":   registry.CardRequest{Place: c.place, Receipt: "x"},
			} {
				h.call(c.user, call, body, nil).want(t, c.status, c.code)
			}
		})
	}
	if len(h.record.asked) != asked || h.count(`SELECT count(*) FROM phn_number`) != 0 {
		t.Error("somebody without the right asked or changed something")
	}
	h.issueFor(midwife, mine)
}

// TestAttackDatabase: a copy of the database has no name, no birth date, no telephone
// number, and no secret.
func TestAttackDatabase(t *testing.T) {
	h := newHouse(t, nil)
	h.mother("a", known, "Nilmini Perera", "1991-04-05", "+94771234567")
	found := h.searchFor(midwife, nilmini)
	got := h.issueFor(midwife, found)
	var card registry.Card
	h.call(midwife, "card", registry.CardRequest{Place: here, Receipt: got.Receipt}, &card).want(t, 200, "")
	if err := claimCodes(t, h).Redeem(t.Context(), got.PHN, "2222-2222", "192.0.2.77"); err == nil {
		t.Fatal("a guess opens")
	}
	var all strings.Builder
	for table, columns := range map[string]string{
		"phn_point": "point || installation || org_unit", "phn_number": "number || state || program || org_unit || actor || search",
		"phn_search": "id || actor || route || program || org_unit || source || matches || chosen", "phn_receipt": "id || number || actor || route",
		"phn_tries": "name", "phn_claim": "number || hex(salt) || hex(hash)", "phn_audit": "actor || route || did || number || detail",
	} {
		rows := 0
		if err := h.db.Read(t.Context(), func(tx database.Tx) error {
			return tx.Each("SELECT "+columns+" FROM "+table, nil, func(scan func(...any) error) error {
				var text string
				rows++
				err := scan(&text)
				all.WriteString(text + "\n")
				return err
			})
		}); err != nil || rows == 0 {
			t.Fatalf("%s: %d rows, %v", table, rows, err)
		}
	}
	if !strings.Contains(all.String(), got.PHN) {
		t.Fatal("the number is not in the database")
	}
	for _, value := range []string{"Nilmini", "N… P…", "1991-", "771234567", "0771", "Kandy", "199112345678", found.Search, got.Receipt, card.Code, strings.ReplaceAll(card.Code, "-", ""), "192.0.2.77"} {
		if strings.Contains(all.String(), value) {
			t.Errorf("the database holds %q", value)
		}
	}
}
