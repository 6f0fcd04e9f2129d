package clinician_test

import (
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	"github.com/nehrbridge/nehrbridge/nehr/portal/clinician"
)

// TestRoles: asking, linking by the code and by the hash, ending, on both databases.
func TestRoles(t *testing.T) {
	for name, url := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "roles.db") },
		"postgres": func(t *testing.T) string { return postgrestest.Start(t).Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			db, err := database.Open(t.Context(), database.Config{URL: url(t), Migrations: []database.Migrations{clinician.Migrations}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			now := time.Date(2025, 9, 1, 9, 0, 0, 0, time.UTC)
			r := clinician.NewRoles(db, func() time.Time { return now }, nil)
			ctx := t.Context()
			one := &portal.Session{Issuer: "https://esignet.example", RelyingParty: "health", Subject: "one"}
			for _, bad := range [][2]string{{"", "123"}, {"Name", "1"}, {strings.Repeat("a", 101), "123"}, {"Name", strings.Repeat("1", 41)}, {"\u202e \u0000", "123"}} {
				if _, err := r.Ask(ctx, one, bad[0], bad[1]); !errors.Is(err, clinician.ErrWords) {
					t.Errorf("%q: %v", bad, err)
				}
			}
			code, err := r.Ask(ctx, one, "  Arulan\tMathiri ", "SLMC 1234")
			if err != nil || len(code) != 8 {
				t.Fatalf("%q %v", code, err)
			}
			again, err := r.Ask(ctx, one, "Arulan Mathiri", "SLMC 12345")
			if err != nil || again != code {
				t.Errorf("asking again: %q %v", again, err)
			}
			list, err := r.Requests(ctx)
			if err != nil || len(list) != 1 || list[0].Name != "Arulan Mathiri" || list[0].Registration != "SLMC 12345" || list[0].Code != code || !list[0].At.Equal(now) {
				t.Errorf("%+v %v", list, err)
			}
			until := now.Add(24 * time.Hour)
			for _, bad := range []struct {
				who, role string
				until     time.Time
				want      error
			}{{code, "Practitioner/1", until, clinician.ErrRole}, {code, role + "/x", until, clinician.ErrRole}, {code, role, now, clinician.ErrUntil},
				{code, role, now.AddDate(6, 0, 0), clinician.ErrUntil}, {"AAAAAAAA", role, until, clinician.ErrNoRequest}, {"", role, until, clinician.ErrNoRequest}} {
				if err := r.Link(ctx, bad.who, bad.role, bad.until); !errors.Is(err, bad.want) {
					t.Errorf("%v: %v", bad, err)
				}
			}
			if err := r.Link(ctx, strings.ToLower(code), role, until); err != nil {
				t.Fatal(err)
			}
			if list, err := r.Requests(ctx); err != nil || len(list) != 0 {
				t.Errorf("a request that was answered still waits: %v %v", list, err)
			}
			links, err := r.Links(ctx)
			if err != nil || len(links) != 1 || links[0].Role != role || links[0].Subject != clinician.SubjectHash(one) || !links[0].Until.Equal(until) {
				t.Fatalf("%+v %v", links, err)
			}
			if err := r.Link(ctx, links[0].Subject, otherRole, until); err != nil {
				t.Errorf("by the hash: %v", err)
			}
			if err := r.Unlink(ctx, links[0].Subject, otherRole); err != nil {
				t.Error(err)
			}
			if err := r.Unlink(ctx, links[0].Subject, otherRole); !errors.Is(err, clinician.ErrNoLink) {
				t.Errorf("ended twice: %v", err)
			}
			// D-044: the same subject of another issuer or relying party is another person.
			for _, s := range []portal.Session{{Issuer: "https://other.example", RelyingParty: "health", Subject: "one"}, {Issuer: one.Issuer, RelyingParty: "other", Subject: "one"}} {
				if clinician.SubjectHash(&s) == links[0].Subject {
					t.Errorf("%+v is taken for somebody else", s)
				}
			}
			// A request that nobody answers is forgotten.
			if _, err := r.Ask(ctx, &portal.Session{Issuer: "i", RelyingParty: "r", Subject: "two"}, "Another One", "99"); err != nil {
				t.Fatal(err)
			}
			now = now.Add(31 * 24 * time.Hour)
			if list, err := r.Requests(ctx); err != nil || len(list) != 0 {
				t.Errorf("after a month: %v %v", list, err)
			}
		})
	}
}

// TestWhoIsLinkedActs: an unknown person asks, is linked by the code and acts on the next
// request; several roles are chosen from; a link that ends or is taken away refuses the
// next click.
func TestWhoIsLinkedActs(t *testing.T) {
	w := start(t, true)
	b := w.visitor()
	if p := b.signIn(doctor); p.to() != "/request" {
		t.Fatalf("an unknown person is led to %s", p.to())
	}
	if p := b.submit("/request", "/request", "name", "", "registration", ""); p.status != http.StatusUnprocessableEntity {
		t.Errorf("an empty request: %d", p.status)
	}
	if p := b.submit("/request", "/request", "name", "Arulan Mathiri", "registration", "SLMC 1"); p.to() != "/request" {
		t.Fatalf("asking: %d %s", p.status, p.body)
	}
	list, err := w.roles.Requests(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("%v %v", list, err)
	}
	contains(t, "the request", b.get("/request").body, list[0].Code)
	if err := w.roles.Link(t.Context(), list[0].Code, role, w.clock.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	w.link(doctor, otherRole)
	if p := b.get("/find"); p.to() != "/roles" {
		t.Fatalf("with two roles: %d %s", p.status, p.to())
	}
	choice := b.get("/roles")
	contains(t, "the choice", choice.body, "Arulan Mathiri, Example Hospital", "Arulan Mathiri, Another Hospital")
	lacks(t, "the choice", choice.body, "PractitionerRole/", "role-hospital")
	handle := attribute(t, choice.body, `name="role" value="`)
	if p := b.submitTo(choice, "/roles", "", "role", handle); p.to() != "/inbox" {
		t.Fatalf("choosing: %d %s", p.status, p.to())
	}
	contains(t, "the inbox", b.get("/inbox").body, "Arulan Mathiri", "Example Hospital", "N. U.")
	b.submit("/inbox", "/inbox/open")
	contains(t, "the referral", b.get("/referral").body, "Nilmini")
	w.clock.forward(2 * time.Minute)
	if err := w.roles.Unlink(t.Context(), w.hash(doctor), role); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/referral", "/summary", "/inbox"} {
		if p := b.get(path); p.to() != "/roles" {
			t.Errorf("%s unlinked in the middle: %d %s", path, p.status, p.to())
		}
	}
	// Another role does not see what was open to the first.
	choice = b.get("/roles")
	b.submitTo(choice, "/roles", "", "role", attribute(t, choice.body, `name="role" value="`))
	if p := b.get("/summary"); p.to() != "/find" {
		t.Errorf("in another role: %d %s", p.status, p.to())
	}
	lacks(t, "the inbox of the other role", b.get("/inbox").body, "N. U.")
	w.clock.forward(-time.Minute)
	if err := w.roles.Link(t.Context(), w.hash(doctor), otherRole, w.clock.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	w.clock.forward(2 * time.Minute)
	if p := b.get("/find"); p.status != http.StatusForbidden || !strings.Contains(p.body, "no administrator has said") {
		t.Errorf("after the link ended: %d", p.status)
	}
}

// TestARoleThatIsNotInUse: not active, not yet, no more, without somebody or somewhere,
// not there: refused with a sentence, and nothing can be done in it.
func TestARoleThatIsNotInUse(t *testing.T) {
	for name, is := range map[string]string{
		"not active":               `"active":false,"practitioner":{"reference":"Practitioner/doctor"},"organization":{"reference":"Organization/hospital"}`,
		"not said to be active":    `"practitioner":{"reference":"Practitioner/doctor"},"organization":{"reference":"Organization/hospital"}`,
		"not yet":                  `"active":true,"period":{"start":"2025-09-02"},"practitioner":{"reference":"Practitioner/doctor"},"organization":{"reference":"Organization/hospital"}`,
		"no more":                  `"active":true,"period":{"end":"2025-08-31"},"practitioner":{"reference":"Practitioner/doctor"},"organization":{"reference":"Organization/hospital"}`,
		"an end that is none":      `"active":true,"period":{"end":"soon"},"practitioner":{"reference":"Practitioner/doctor"},"organization":{"reference":"Organization/hospital"}`,
		"of nobody":                `"active":true,"organization":{"reference":"Organization/hospital"}`,
		"of a patient":             `"active":true,"practitioner":{"reference":"Patient/second"},"organization":{"reference":"Organization/hospital"}`,
		"nowhere":                  `"active":true,"practitioner":{"reference":"Practitioner/doctor"}`,
		"at one of several places": `"active":true,"practitioner":{"reference":"Practitioner/doctor"},"location":[{"reference":"Location/a"},{"reference":"Location/b"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, false)
			w.another()
			for _, id := range []string{"a", "b"} {
				w.put(`{"resourceType":"Location","id":"` + id + `","name":"Ward ` + id + `"}`)
			}
			w.put(`{"resourceType":"PractitionerRole","id":"idle",` + is + `}`)
			w.link(doctor, "PractitionerRole/idle")
			b := w.visitor()
			if p := b.signIn(doctor); p.to() != "/roles" {
				t.Fatalf("led to %s", p.to())
			}
			if p := b.get("/roles"); p.status != http.StatusForbidden || !strings.Contains(p.body, "not in use") {
				t.Errorf("%d %s", p.status, p.body)
			}
			for _, path := range []string{"/find", "/inbox", "/summary"} {
				if p := b.get(path); p.to() != "/roles" {
					t.Errorf("%s: %d %s", path, p.status, p.to())
				}
			}
		})
	}
}

// TestARoleThatGoesOutOfUse: one that ends in the record while somebody acts in it is
// left within ten minutes.
func TestARoleThatGoesOutOfUse(t *testing.T) {
	w := start(t, true)
	b := w.atWork()
	b.submit("/inbox", "/inbox/open")
	contains(t, "the referral", b.get("/referral").body, "Nilmini")
	w.put(`{"resourceType":"PractitionerRole","id":"role-hospital","active":false,"practitioner":{"reference":"Practitioner/doctor"},"organization":{"reference":"Organization/hospital"}}`)
	w.clock.forward(10 * time.Minute)
	for _, path := range []string{"/referral", "/summary", "/inbox"} {
		if p := b.get(path); p.to() != "/roles" {
			t.Errorf("%s: %d %s", path, p.status, p.to())
		}
	}
	if p := b.get("/roles"); p.status != http.StatusForbidden || !strings.Contains(p.body, "not in use") {
		t.Errorf("the roles: %d", p.status)
	}
}
