package clinician_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/access"
)

// TestAReferralLetsIn: the doctor signs in, sees a referral to the hospital by initials,
// opens it, reads what belongs to it, takes it over, books a visit and completes it with
// a letter; each step stands in the record and in her log.
func TestAReferralLetsIn(t *testing.T) {
	w := start(t, true)
	b := w.atWork()
	inbox := b.get("/inbox")
	contains(t, "the inbox", inbox.body, "N. U.", "1996", "26 Aug 2025", "Sent")
	lacks(t, "the inbox", inbox.body, "Nilmini", phn, "raised pressure", "Patient/")
	if p := b.submit("/inbox", "/inbox/open"); p.to() != "/referral" {
		t.Fatalf("opening: %d %s %s", p.status, p.to(), p.body)
	}
	contains(t, "the referral", b.get("/referral").body, "Nilmini Udaharana", "raised pressure with albumin", "26 Aug 2025", "Because of a referral to you")
	summary := b.get("/summary").body
	contains(t, "the summary", summary, "Nilmini Udaharana", phn, "150/98 mmHg", "9.8 g/dL", "21 weeks and 6 days", "Diabetes", "Udaharana MOH Clinic", "Perhaps nobody asked")
	if p := b.submitTo(b.get("/referral"), "/referral", "accept", "do", "accept"); p.to() != "/referral" {
		t.Fatalf("accepting: %d %s", p.status, p.body)
	}
	if got := w.read("Task", task); got.Get("status").Str() != "accepted" || got.Get("owner", "reference").Str() != "Organization/hospital" {
		t.Errorf("accepted: %s", got.Encode())
	}
	if p := b.submitTo(b.get("/referral"), "/referral", "when", "do", "schedule", "when", "2025-09-08T14:30"); p.to() != "/referral" {
		t.Fatalf("scheduling: %d %s", p.status, p.body)
	}
	contains(t, "the referral", b.get("/referral").body, "8 Sep 2025, 14:30", "Move the visit")
	if p := b.submitTo(b.get("/referral"), "/referral", "when", "do", "schedule", "when", "2025-09-09T10:00"); p.to() != "/referral" {
		t.Fatalf("moving: %d %s", p.status, p.body)
	}
	visits, err := w.nehr.Search(t.Context(), "Appointment", map[string][]string{"patient": {w.record}})
	if err != nil {
		t.Fatal(err)
	}
	booked := 0
	for _, a := range visits.Resources {
		if a.Get("status").Str() == "booked" {
			booked++
			if a.Get("start").Str() != "2025-09-09T10:00:00+05:30" {
				t.Errorf("booked: %s", a.Encode())
			}
		}
	}
	if booked != 1 {
		t.Errorf("%d visits are booked", booked)
	}
	letter := b.submitTo(b.get("/referral"), "/referral", "findings", "do", "complete", "findings", "Pressure 150/98.\r\nAlbumin ++", "advice", "Rest; see me in a week")
	if letter.status != http.StatusOK {
		t.Fatalf("completing: %d %s", letter.status, letter.body)
	}
	contains(t, "the letter", letter.body, "Arulan Mathiri, Example Hospital", "Nimal Sample", "Udaharana MOH Clinic", "Nilmini Udaharana", "Albumin ++", "see me in a week", "raised pressure")
	got := w.read("Task", task)
	if got.Get("status").Str() != "completed" || len(got.Get("output").Items()) != 2 {
		t.Errorf("completed: %s", got.Encode())
	}
	// With the referral the way in is over.
	for _, path := range []string{"/summary", "/referral", "/letter", "/documents"} {
		if p := b.get(path); p.to() != "/gate" || strings.Contains(p.body, "Nilmini") {
			t.Errorf("%s after the end: %d %s", path, p.status, p.to())
		}
	}
	contains(t, "the inbox", b.get("/inbox").body, "Ended in the last 30 days", "Done")
	wrote := 0
	for _, e := range w.log(w.record) {
		if (e.Action == access.ActionUpdate || e.Action == access.ActionCreate) && e.Permitted && e.Role == role {
			wrote++
		}
	}
	if wrote != 6 { // accepted, twice booked and said so, completed
		t.Errorf("the log has %d writes", wrote)
	}
}

// TestSheIsAskedAndAllowsLess: found by her number, nothing permits; the doctor asks, she
// allows less, and exactly that is seen; she takes it back, and the next click is
// refused.
func TestD092_SheIsAskedAndAllowsLess(t *testing.T) {
	w := start(t, false)
	b := w.atWork()
	if p := b.found(); p.to() != "/gate" {
		t.Fatalf("finding: %d %s", p.status, p.body)
	}
	gate := b.get("/gate")
	contains(t, "the gate", gate.body, "N. U., 1996, female", "Nothing lets you see", "This is not my patient")
	lacks(t, "the gate", gate.body, "Nilmini", phn, "Udaharana", w.record, "portal.example/patient/consents")
	for _, path := range []string{"/summary", "/timeline", "/trends", "/documents", "/image?h=x"} {
		if p := b.get(path); p.to() != "/gate" && p.status != http.StatusForbidden {
			t.Errorf("%s without consent: %d %s", path, p.status, p.to())
		}
	}
	if p := b.submit("/gate", "/gate/ask", "class", "vitals", "class", "laboratory", "class", "visits", "days", "30", "why", "Second opinion on raised pressure"); p.to() != "/gate" {
		t.Fatalf("asking: %d %s", p.status, p.body)
	}
	gate = b.get("/gate")
	contains(t, "the gate", gate.body, "Waits for an answer", "Second opinion on raised pressure", "https://portal.example/patient/consents", `class="qr"`)
	list, err := w.gate.Consents(t.Context(), w.she(w.record), w.record)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v %v", list, err)
	}
	narrow := list[0].Scope
	narrow.Types = []access.Class{access.Vitals}
	narrow.Until = w.clock.Now().Add(7 * 24 * time.Hour).UTC().Truncate(time.Second)
	if err := w.gate.Answer(t.Context(), w.she(w.record), list[0].ID, narrow, true); err != nil {
		t.Fatal(err)
	}
	if p := b.get("/gate"); p.to() != "/summary" {
		t.Fatalf("after her answer: %d %s", p.status, p.to())
	}
	summary := b.get("/summary").body
	contains(t, "the summary", summary, "Nilmini Udaharana", "150/98 mmHg", "The patient allows it", "8 Sep 2025", "vital signs", "Some of the record is withheld", "laboratory results", "withheld from you")
	lacks(t, "the summary", summary, "9.8 g/dL", "Diabetes", "Folic")
	contains(t, "the trends", b.get("/trends").body, "150/98 mmHg")
	if err := w.gate.Revoke(t.Context(), w.she(w.record), list[0].ID); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/summary", "/timeline", "/trends", "/documents"} {
		if p := b.get(path); p.to() != "/gate" || strings.Contains(p.body, "Nilmini") {
			t.Errorf("%s after she took it back: %d %s", path, p.status, p.to())
		}
	}
	contains(t, "the gate", b.get("/gate").body, "Taken back")
}

// TestAnEmergency: explained, with a code and words, after a fresh sign-in; a stale one
// is renewed with what was typed kept; she sees it at once; the clinician's history has
// it; after a day it is over.
func TestAnEmergency(t *testing.T) {
	w := start(t, false)
	b := w.atWork()
	b.found()
	contains(t, "the gate", b.get("/gate").body, "24 hours", "told at once", "last five minutes")
	w.clock.forward(6 * time.Minute)
	p := b.submit("/gate", "/gate/emergency", "code", "obstetric", "words", words)
	if p.status != http.StatusUnprocessableEntity {
		t.Fatalf("with a stale sign-in: %d", p.status)
	}
	contains(t, "the gate", p.body, "Sign in again; what you wrote is kept")
	if p := b.signIn(doctor); p.to() != "/gate" {
		t.Fatalf("after signing in again: %d %s", p.status, p.to())
	}
	p = b.get("/gate")
	contains(t, "the gate", p.body, words, `value="obstetric" required checked`)
	if p := b.submitTo(p, "/gate/emergency", "", "code", "obstetric", "words", words); p.to() != "/summary" {
		t.Fatalf("the emergency: %d %s", p.status, p.body)
	}
	contains(t, "the summary", b.get("/summary").body, "Emergency access without consent", "Nilmini Udaharana", "Diabetes", "2 Sep 2025")
	hers, err := w.gate.BreakGlasses(t.Context(), w.she(w.record))
	if err != nil || len(hers) != 1 || hers[0].Text != words {
		t.Errorf("she sees %v %v", hers, err)
	}
	own := b.get("/emergencies").body
	contains(t, "the history", own, words, "mother or child")
	lacks(t, "the history", own, "Nilmini", phn)
	// Another patient is looked at, and back.
	b.submitTo(b.get("/summary"), "/find/leave", "")
	if p := b.submit("/emergencies", "/emergencies/open"); p.to() != "/summary" {
		t.Errorf("back to it: %d %s", p.status, p.to())
	}
	w.clock.forward(8 * time.Minute)
	b.get("/summary")
	w.clock.forward(24 * time.Hour)
	b = w.visitor()
	b.signIn(doctor)
	b.found()
	if p := b.get("/summary"); p.to() != "/gate" {
		t.Errorf("after a day: %d %s", p.status, p.to())
	}
	lacks(t, "the history", b.get("/emergencies").body, "Back to this record")
}

// TestDocuments: a PDF is a download, a picture shows itself and is one, what could run
// is a file of no kind; no address names one.
func TestDocuments(t *testing.T) {
	w := start(t, false)
	w.consent(w.record, access.Documents)
	b := w.atWork()
	b.found()
	list := b.get("/documents")
	contains(t, "the documents", list.body, "Document scan", "Document photo", "Document page", "document (PDF)", "picture", "file")
	lacks(t, "the documents", list.body, "Binary/", "doc-scan", "DocumentReference")
	for title, want := range map[string][3]string{
		"Document scan":  {"application/pdf", `attachment; filename="document.pdf"`, "%PDF-1.4 a letter"},
		"Document photo": {"image/png", `attachment; filename="document.png"`, string(picture)},
		"Document page":  {"application/octet-stream", `attachment; filename="document.bin"`, "<script>alert(1)</script>"},
	} {
		_, after, ok := strings.Cut(list.body, ">"+title+"<")
		if !ok {
			t.Fatalf("%s is not listed", title)
		}
		p := b.submitTo(page{body: after}, "/documents/open", "")
		got := [3]string{p.header.Get("Content-Type"), p.header.Get("Content-Disposition"), p.body}
		if got != want || p.header.Get("X-Content-Type-Options") != "nosniff" || p.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %q", title, p.status, got)
		}
	}
	src := attribute(t, list.body, `<img class="picture" src="`)
	if p := b.get(src); p.status != http.StatusOK || p.body != string(picture) || p.header.Get("Content-Type") != "image/png" {
		t.Errorf("the picture: %d %s", p.status, p.header.Get("Content-Type"))
	}
	if strings.Contains(src, "photo") {
		t.Errorf("the address of the picture names it: %s", src)
	}
}
