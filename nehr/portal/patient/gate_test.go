package patient_test

import (
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/portal/patient"
)

// TestThroughTheGate: with the gate itself, her record, what a clinician asks for, her
// answer and the log come to the pages; the home page costs three requests at most.
func TestThroughTheGate(t *testing.T) {
	var real *access.Gate
	w := startAt(t, nil, func(w *world) patient.Gate {
		var err error
		if real, err = access.New(access.Config{DB: w.db, NEHR: w.nehr, Now: w.clock.Now}); err != nil {
			t.Fatal(err)
		}
		return patient.Through(real)
	})
	w.own(w.record, her)
	b := w.visitor()
	b.signIn(her)
	for path, want := range map[string]string{"/home": "150/98 mmHg", "/timeline": "record: 4", "/results": "<svg", "/health": "Diabetes", "/care": "Sent", "/profile": "9 Mar 1996", "/access": "Nobody, as far as", "/consents": "Nobody asks"} {
		contains(t, path, b.get(path).body, want)
	}
	before := w.requests.Load()
	b.get("/home")
	if n := w.requests.Load() - before; n > 3 || n == 0 {
		t.Errorf("the home page costs %d requests", n)
	}
	clinician := access.Actor{Kind: access.KindClinician, Issuer: w.issuer, Subject: "somebody", Person: "Practitioner/p1", Role: "PractitionerRole/r1", Facility: "Organization/o1",
		SignedIn: w.clock.Now(), Session: "s1"}
	for _, p := range []string{`{"resourceType":"Practitioner","id":"p1","name":[{"text":"Arulan Mathiri"}]}`, `{"resourceType":"Organization","id":"o1","name":"Example Hospital"}`, `{"resourceType":"PractitionerRole","id":"r1","practitioner":{"reference":"Practitioner/p1"},"organization":{"reference":"Organization/o1"}}`} {
		typ := strings.Split(p, `"`)[3]
		id := strings.Split(p, `"`)[7]
		if _, err := w.nehr.Update(t.Context(), typ, id, []byte(p), ""); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := real.Open(t.Context(), clinician, w.record, access.Treatment); err == nil {
		t.Error("a clinician without a grant is let in")
	}
	if _, err := real.Request(t.Context(), clinician, w.record, access.Scope{Types: []access.Class{access.Vitals, access.Laboratory}, Until: w.clock.Now().Add(20 * 24 * time.Hour)}, "Second opinion"); err != nil {
		t.Fatal(err)
	}
	page := b.get("/consents").body
	contains(t, "consents", page, "Arulan Mathiri", "Example Hospital", "Second opinion", "laboratory results")
	id := page[strings.Index(page, `name="id" value="`)+len(`name="id" value="`):]
	id = id[:strings.Index(id, `"`)]
	if p := b.submit("/consents", "/consents/answer", "id", id, "answer", "approve", "class", "vitals", "until", "7"); p.status != 200 {
		t.Fatalf("approve: %d %s", p.status, p.body)
	}
	v, err := real.Open(t.Context(), clinician, w.record, access.Treatment)
	if err != nil {
		t.Fatalf("with her grant: %v", err)
	}
	r, err := v.Record(t.Context())
	if err != nil || !r.Withheld.Any {
		t.Errorf("what she gave is all: %v", err)
	}
	if p := b.submit("/consents", "/consents/revoke", "id", id); p.status != 200 {
		t.Fatalf("revoke: %d", p.status)
	}
	if _, err := v.Record(t.Context()); err == nil {
		t.Error("what she took back is still seen")
	}
	log := b.get("/access").body
	contains(t, "the log", log, "Arulan Mathiri", "Example Hospital", "refused", "asked for your permission", "looked at your record")
	contains(t, "the download", b.get("/access.csv").body, "Arulan Mathiri")
	if _, err := real.BreakGlass(t.Context(), clinician, w.record, access.EmergencyObstetric, "She bleeds heavily and cannot speak"); err != nil {
		t.Fatal(err)
	}
	contains(t, "home", b.get("/home").body, "in an emergency, without your permission")
	contains(t, "the log", b.get("/access").body, "She bleeds heavily", "baby&#39;s was in danger")
	if verdict, err := real.Verify(t.Context()); err != nil || verdict.Broken != 0 {
		t.Errorf("the log: %+v %v", verdict, err)
	}
}
