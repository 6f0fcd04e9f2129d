package registry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/nehr/phn"
	"github.com/nehrbridge/nehrbridge/nehr/phn/registry"
)

const (
	known   = "1234BBBBBB3" // of NDHGS 2
	another = "12342222226"
)

// TestWholePath goes the way of a form on both databases: search, select, status,
// card; search, reject, issue, status, card.
func TestWholePath(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		h := newHouseIn(t, url, nil)
		h.mother("a", known, "Nilmini Perera", "1991-04-05", "+94771234567")

		found := h.search(midwife, known)
		want := []registry.Match{{Name: "N… P…", BirthDate: "1991-••-••", Gender: "female", Phone: "••••••567", Place: "Kandy"}}
		if len(found.Matches) == 1 {
			want[0].Match = found.Matches[0].Match
		}
		if d := cmp.Diff(want, found.Matches); d != "" || found.Source != registry.SourceNEHR {
			t.Fatalf("%s: %s", found.Source, d)
		}
		if got := h.status(known); got.Status != registry.StateUnknown {
			t.Errorf("before she is selected: %+v", got)
		}
		var selected registry.Selected
		choice := registry.SelectRequest{Place: here, Search: found.Search, Match: found.Matches[0].Match}
		h.call(midwife, "select", choice, &selected).want(t, 200, "")
		if selected.PHN != known {
			t.Errorf("got %+v", selected)
		}
		h.call(midwife, "select", choice, nil).want(t, 200, "") // the answer was lost
		if got := h.status(known); got.Status != registry.StateSelected || got.Provisional || !got.At.Equal(h.clock.now) {
			t.Errorf("selected: %+v", got)
		}
		h.call(midwife, "issue", registry.IssueRequest{Place: here, Search: found.Search, Rejected: []registry.Rejection{{found.Matches[0].Match, "other"}}}, nil).want(t, 409, registry.CodeSearch)

		again := h.searchFor(midwife, nilmini)
		if len(again.Matches) != 1 {
			t.Fatalf("by demographics: %+v", again)
		}
		h.call(midwife, "issue", registry.IssueRequest{Place: here, Search: again.Search}, nil).want(t, 422, registry.CodeRejected)
		got := h.issueFor(midwife, again)
		if _, err := phn.NDHGS2.Parse(got.PHN); err != nil || !strings.HasPrefix(got.PHN, "1234") || got.Provisional {
			t.Errorf("issued %+v: %v", got, err)
		}
		if twice := h.issueFor(midwife, again); twice.PHN != got.PHN || twice.Receipt == got.Receipt {
			t.Errorf("the same request again: %+v after %+v", twice, got)
		}
		if n := h.count(`SELECT count(*) FROM phn_number WHERE state = 'issued'`); n != 1 {
			t.Errorf("%d numbers are issued", n)
		}
		if s := h.status(got.PHN); s.Status != registry.StateIssued {
			t.Errorf("issued: %+v", s)
		}
		var card registry.Card
		h.call(midwife, "card", registry.CardRequest{Place: here, Receipt: got.Receipt}, &card).want(t, 200, "")
		if len(card.Code) != 9 || card.Code[4] != '-' || !card.Expires.Equal(h.clock.now.Add(30*24*time.Hour)) || card.QR.Size != 21 || !strings.HasPrefix(card.QR.Path, "M0 0h7v1h-7z") {
			t.Errorf("%+v", card)
		}
		codes := claimCodes(t, h)
		if err := codes.Redeem(t.Context(), got.PHN, card.Code, "192.0.2.1"); err != nil {
			t.Error(err)
		}
		if n := h.count(`SELECT count(*) FROM phn_audit WHERE did = 'reject' AND number = ?1 AND detail = 'other-person'`, known); n != 1 {
			t.Errorf("%d rejections are kept", n)
		}

		h.clock.advance(31 * 24 * time.Hour)
		if err := h.service.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"phn_search", "phn_receipt", "phn_tries", "phn_claim"} {
			if n := h.count(`SELECT count(*) FROM ` + table); n != 0 {
				t.Errorf("%s keeps %d rows that are over", table, n)
			}
		}
		if s := h.status(got.PHN); s.Status != registry.StateIssued {
			t.Errorf("a number is gone: %+v", s)
		}
	})
}

func claimCodes(t *testing.T, h *house) *registry.ClaimCodes {
	t.Helper()
	codes, err := registry.NewClaimCodes(registry.ClaimConfig{DB: h.db, Now: h.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	return codes
}

// TestD071_Issue: a number that the record knows is burnt, one point has one issuer.
func TestD071_Issue(t *testing.T) {
	t.Run("known to the record", func(t *testing.T) {
		draws := 0
		h := newHouse(t, func(c *registry.Config) { c.Scheme = repeating{phn.NDHGS2, &draws, known} })
		draws = 0 // New has asked whether the points are of the scheme
		h.mother("a", known, "Somebody Else", "1980-01-01", "+94770000000")
		if got := h.issue(midwife); got.PHN == known || draws < 2 {
			t.Errorf("%d draws gave the number of somebody else: %v", draws, got.PHN == known)
		}
		if n := h.count(`SELECT count(*) FROM phn_number WHERE number = ?1 AND state = 'burnt'`, known); n != 1 {
			t.Error("a number that is known is not burnt")
		}
	})
	t.Run("issued before", func(t *testing.T) {
		draws := 0
		h := newHouse(t, func(c *registry.Config) { c.Scheme = repeating{phn.NDHGS2, &draws, known} })
		draws = 0 // New has asked whether the points are of the scheme
		if got := h.issue(midwife); got.PHN != known {
			t.Fatal("the first is not what was drawn")
		}
		draws = 0
		if got := h.issue(colleague); got.PHN == known {
			t.Error("two women have one number")
		}
	})
	t.Run("another installation has the point", func(t *testing.T) {
		h := newHouse(t, nil)
		h.issue(midwife)
		h.service = h.newService(func(c *registry.Config) {
			c.Installation = func(context.Context) (string, error) { return "a training server", nil }
		})
		_, err := h.service.Issue(t.Context(), registry.Caller{User: midwife, Route: "route-1"}, registry.IssueRequest{Place: here, Search: h.searchFor(midwife, nilmini).Search})
		wantRefusal(t, err, registry.CodePoint)
	})
	t.Run("another organisation unit has the point", func(t *testing.T) {
		h := newHouse(t, nil)
		h.issue(midwife)
		h.service = h.newService(func(c *registry.Config) { c.Points = map[string]string{elsewhere: "1234"} })
		_, err := h.service.Issue(t.Context(), registry.Caller{User: colleague, Route: "route-1"},
			registry.IssueRequest{Place: registry.Place{Program: program, OrgUnit: elsewhere}, Search: h.searchFor(colleague, nilmini).Search})
		wantRefusal(t, err, registry.CodePoint)
	})
	t.Run("no point", func(t *testing.T) {
		h := newHouse(t, func(c *registry.Config) { c.Points = nil })
		h.call(midwife, "issue", registry.IssueRequest{Place: here, Search: h.searchFor(midwife, nilmini).Search}, nil).want(t, 409, registry.CodePoint)
	})
	t.Run("full", func(t *testing.T) {
		h := newHouse(t, func(c *registry.Config) { c.Scheme = stuck{phn.NDHGS2} })
		h.issue(midwife)
		h.call(midwife, "issue", registry.IssueRequest{Place: here, Search: h.searchFor(midwife, nilmini).Search}, nil).want(t, 500, registry.CodeInternal)
	})
}

func wantRefusal(t *testing.T, err error, code registry.Code) {
	t.Helper()
	if r, ok := errors.AsType[*registry.Refusal](err); !ok || r.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

// TestUnreachable: without the record no number is given, or a provisional one, which
// is looked up later.
func TestUnreachable(t *testing.T) {
	t.Run("refused", func(t *testing.T) {
		h := newHouse(t, nil)
		found := h.searchFor(midwife, nilmini)
		h.record.set(away)
		h.call(midwife, "search", registry.SearchRequest{Place: here, Demographics: &nilmini}, nil).want(t, 503, registry.CodeNEHR)
		h.call(midwife, "search", registry.SearchRequest{Place: here, PHN: known}, nil).want(t, 503, registry.CodeNEHR)
		h.call(midwife, "issue", registry.IssueRequest{Place: here, Search: found.Search}, nil).want(t, 503, registry.CodeNEHR)
		if n := h.count(`SELECT count(*) FROM phn_number WHERE state <> 'reserved'`); n != 0 {
			t.Errorf("%d numbers were given", n)
		}
		h.record.set(nil)
		h.issueFor(midwife, found) // the search is good still
		if n := h.count(`SELECT count(*) FROM phn_number`); n != 1 {
			t.Errorf("%d numbers were drawn", n)
		}
	})
	t.Run("provisional", func(t *testing.T) {
		whose := map[string]string{}
		h := newHouse(t, func(c *registry.Config) {
			c.Provisional = true
			c.Ours = func(_ context.Context, entity, number string) (bool, error) { return whose[entity] == number, nil }
		})
		h.record.set(away)
		found := h.searchFor(midwife, nilmini)
		if found.Source != registry.SourceNone || len(found.Matches) != 0 {
			t.Fatalf("%+v", found)
		}
		clear, own, taken := h.issueFor(midwife, found), h.issue(midwife), h.issue(midwife)
		for _, got := range []registry.Issued{clear, own, taken} {
			if s := h.status(got.PHN); !got.Provisional || s.Status != registry.StateIssued || !s.Provisional {
				t.Errorf("%+v, %+v", got, s)
			}
		}
		if r, err := h.service.Recheck(t.Context()); err == nil || r.Waiting != 3 {
			t.Errorf("the record is away: %+v, %v", r, err)
		}
		h.record.set(nil)
		entity := func(id, number, entity string) {
			body := `{"resourceType":"Patient","id":"` + id + `","identifier":[{"system":"http://fhir.health.gov.lk/ips/identifier/phn","value":"` + number + `"},
				{"system":"urn:dhis2:trackedEntity","value":"` + entity + `"}]}`
			if _, err := h.fhir.Update(t.Context(), "Patient", id, []byte(body), ""); err != nil {
				t.Fatal(err)
			}
		}
		entity("own", own.PHN, "SbxMother01")
		entity("other", taken.PHN, "SbxMother02")
		whose["SbxMother01"] = own.PHN
		r, err := h.service.Recheck(t.Context())
		if want := (registry.Rechecked{Confirmed: 2, Disputed: 1}); err != nil || r != want {
			t.Errorf("got %+v, %v; want %+v", r, err, want)
		}
		if clear := h.status(clear.PHN); clear.Provisional {
			t.Error("a number that was looked up is provisional still")
		}
		open, err := h.service.Open(t.Context())
		if err != nil || len(open) != 1 || open[0].Number != taken.PHN || open[0].State != registry.StateDisputed || open[0].OrgUnit != clinic {
			t.Errorf("got %v, %v", open, err)
		}
		if s := h.status(taken.PHN); !s.Provisional {
			t.Error("a number that is disputed counts as verified")
		}
	})
	t.Run("nobody looked for her", func(t *testing.T) {
		h := newHouse(t, func(c *registry.Config) { c.Provisional = true })
		h.record.set(away)
		found := h.searchFor(midwife, nilmini)
		h.record.set(nil)
		if got := h.issueFor(midwife, found); !got.Provisional {
			t.Error("the number is free, and whether she has one was not asked")
		}
	})
}

// TestD073_Matches: every record that matches is shown, ten at most, and each is
// rejected for a reason before a number is issued.
func TestD073_Matches(t *testing.T) {
	h := newHouse(t, nil)
	for i, number := range []string{known, another} {
		h.mother(string(rune('a'+i)), number, []string{"Nilmini Perera", "Nilmini Fernando"}[i], nilmini.BirthDate, "+94771234567")
	}
	found := h.searchFor(midwife, nilmini)
	if len(found.Matches) != 2 || found.Matches[0].Match == found.Matches[1].Match {
		t.Fatalf("%+v", found.Matches)
	}
	one, two := found.Matches[0].Match, found.Matches[1].Match
	for name, rejected := range map[string][]registry.Rejection{
		"none":           nil,
		"one of two":     {{one, "other-person"}},
		"one twice":      {{one, "other-person"}, {one, "other"}},
		"without reason": {{one, "other-person"}, {two, ""}},
		"another reason": {{one, "other-person"}, {two, "because"}},
	} {
		t.Run(name, func(t *testing.T) {
			h.call(midwife, "issue", registry.IssueRequest{Place: here, Search: found.Search, Rejected: rejected}, nil).want(t, 422, registry.CodeRejected)
		})
	}
	var selected registry.Selected
	second := found.Matches[1]
	h.call(midwife, "select", registry.SelectRequest{Place: here, Search: found.Search, Match: second.Match}, &selected).want(t, 200, "")
	if want := map[string]string{"N… P…": known, "N… F…": another}[second.Name]; selected.PHN != want {
		t.Errorf("%s gave %s", second.Name, selected.PHN)
	}
	h.call(midwife, "select", registry.SelectRequest{Place: here, Search: found.Search, Match: one}, nil).want(t, 409, registry.CodeSearch)
}

// TestD072_Question: a number is searched for with its system, demographics with all
// three, and nothing else is asked.
func TestD072_Question(t *testing.T) {
	h := newHouse(t, nil)
	h.search(midwife, known)
	h.searchFor(midwife, nilmini)
	want := []map[string][]string{
		{"identifier": {"http://fhir.health.gov.lk/ips/identifier/phn|" + known}, "_count": {"11"}},
		{"name": {"Nilmini"}, "birthdate": {"1991-04-05"}, "phone": {"+94771234567,0771234567"}, "_count": {"11"}},
	}
	for i, asked := range h.record.asked {
		if d := cmp.Diff(want[i], map[string][]string(asked)); d != "" {
			t.Error(d)
		}
	}
	// The same text under another system is another's.
	body := `{"resourceType":"Patient","id":"n","identifier":[{"system":"http://fhir.health.gov.lk/ips/identifier/nic","value":"` + known + `"}]}`
	if _, err := h.fhir.Update(t.Context(), "Patient", "n", []byte(body), ""); err != nil {
		t.Fatal(err)
	}
	if found := h.search(midwife, known); len(found.Matches) != 0 {
		t.Error("a national identity number was taken for a PHN")
	}
}

// TestD093_NobodyIsListedByHerName: a name alone, or with one fact beside it, is no
// question; what answers a whole one tells nobody's number or pseudonym; and who goes
// on asking is stopped.
func TestD093_NobodyIsListedByHerName(t *testing.T) {
	h := newHouse(t, func(c *registry.Config) { c.Limits.Searches = 3 })
	body := `{"resourceType":"Patient","id":"a","identifier":[{"system":"http://fhir.health.gov.lk/ips/identifier/phn","value":"` + known + `"},
		{"system":"urn:esignet:sub","value":"a-pseudonym"},{"system":"urn:dhis2:anc:regno","value":"ANC00000476"}],
		"name":[{"text":"Nilmini Perera"}],"birthDate":"1991-04-05","telecom":[{"system":"phone","value":"+94771234567"}]}`
	if _, err := h.fhir.Update(t.Context(), "Patient", "a", []byte(body), ""); err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]registry.Demographics{
		"a name":                {Name: nilmini.Name},
		"a name and birth date": {Name: nilmini.Name, BirthDate: nilmini.BirthDate},
		"a name and telephone":  {Name: nilmini.Name, Phone: nilmini.Phone},
		"no name":               {BirthDate: nilmini.BirthDate, Phone: nilmini.Phone},
	} {
		t.Run(name, func(t *testing.T) {
			if got := h.call(midwife, "search", registry.SearchRequest{Place: here, Demographics: &d}, nil); got.status/100 != 4 {
				t.Errorf("answered with %d", got.status)
			}
		})
	}
	if n := len(h.record.asked); n > 0 {
		t.Errorf("the record was asked %d times", n)
	}
	for range 3 {
		found := h.searchFor(midwife, nilmini)
		if len(found.Matches) != 1 {
			t.Fatalf("%d matches", len(found.Matches))
		}
		shown := fmt.Sprintf("%+v", found.Matches)
		for _, value := range []string{known, "a-pseudonym", "ANC00000476", "Nilmini", "Perera", "04-05", "771234"} {
			if strings.Contains(shown, value) {
				t.Errorf("a match shows %s", value)
			}
		}
	}
	if got := h.call(midwife, "search", registry.SearchRequest{Place: here, Demographics: &nilmini}, nil); got.status != 429 {
		t.Errorf("the fourth search answers %d, want 429", got.status)
	}
}

// repeating draws one number first, and then as its scheme does.
type repeating struct {
	phn.Scheme
	draws *int
	first string
}

func (r repeating) New(point string, rand io.Reader) (phn.PHN, error) {
	if point == "1234" {
		if *r.draws++; *r.draws == 1 {
			return r.Parse(r.first)
		}
	}
	return r.Scheme.New(point, rand)
}

// stuck draws the same number always.
type stuck struct{ phn.Scheme }

func (s stuck) New(string, io.Reader) (phn.PHN, error) { return s.Parse(known) }
