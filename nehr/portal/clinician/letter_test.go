package clinician_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// TestLetterGoesBack: what completes a referral is a note of its writer, which answers the
// referral and is told to DHIS2, once. While the record takes nothing the referral stays
// open, and the same form later ends it.
func TestLetterGoesBack(t *testing.T) {
	w := startDesk(t)
	b, id := w.referred()
	complete := func() shown {
		t.Helper()
		form := b.form("/referral", "/referral")
		form.Set("do", "complete")
		form.Set("findings", "Pressure 150/98.\r\nAlbumin found")
		form.Set("advice", "Rest")
		return b.post("/referral", form)
	}
	status := func() string {
		t.Helper()
		a, err := w.nehr.Read(t.Context(), "Task", id)
		w.must(err)
		return a.Resource.Get("status").Str()
	}
	w.down.Store(true)
	if p := complete(); p.status != http.StatusUnprocessableEntity || !strings.Contains(p.body, "on its way to the national record") {
		t.Errorf("while the record takes nothing: %d %s", p.status, text(p.body))
	}
	w.down.Store(false)
	if got := status(); got != "accepted" || len(w.told) != 0 || len(w.byEntry("DocumentReference")) != 0 {
		t.Fatalf("the referral is %s, %d replies, %d notes", got, len(w.told), len(w.byEntry("DocumentReference")))
	}
	w.forward(20 * 60e9)
	if _, err := w.work.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	b = w.open(pen) // the session was idle
	b.goesTo("/referral", b.post("/inbox/open", b.form("/inbox", "/inbox/open")))
	p := complete()
	if p.status != http.StatusOK || !strings.Contains(text(p.body), "Albumin found") || status() != "completed" {
		t.Fatalf("completed: %d, the Task is %s: %s", p.status, status(), text(p.body))
	}
	notes := w.byEntry("DocumentReference")
	if len(notes) != 1 || !strings.Contains(string(notes[0].Encode()), "Practitioner/perera") {
		t.Errorf("%d notes", len(notes))
	}
	if len(w.told) != 1 || !strings.Contains(w.told[0].Text, "Albumin found") || !strings.Contains(w.told[0].Text, "Rest") || w.told[0].Event == "" {
		t.Errorf("DHIS2 is told %+v", w.told)
	}
}

// TestDeclinedGoesBack: why a referral is declined is read where it was made.
func TestDeclinedGoesBack(t *testing.T) {
	w := startDesk(t)
	b, id := w.referred()
	form := b.form("/referral", "/referral")
	form.Set("do", "decline")
	form.Set("why", "We have no bed")
	b.goesTo("/inbox", b.post("/referral", form))
	a, err := w.nehr.Read(t.Context(), "Task", id)
	w.must(err)
	if got := a.Resource.Get("status").Str(); got != "rejected" {
		t.Errorf("the Task is %s", got)
	}
	if len(w.told) != 1 || !strings.Contains(w.told[0].Text, "declined: We have no bed") || w.told[0].Event == "" {
		t.Errorf("DHIS2 is told %+v", w.told)
	}
}

// referred gives the referral of the golden case to the hospital, which has accepted it,
// and opens it there; nothing else lets anybody in.
func (w *desk) referred() (b *writer, task string) {
	w.t.Helper()
	w.revoke("perera")
	found, err := w.nehr.Search(w.t.Context(), "Task", nil)
	w.must(err)
	r := found.Resources[0]
	task = r.Get("id").Str()
	r.Set("owner", fhirjson.Fields(fhirjson.F("reference", fhirjson.Text("Organization/general"))))
	r.Set("status", fhirjson.Text("accepted"))
	_, err = w.nehr.Update(w.t.Context(), "Task", task, r.Encode(), r.Get("meta", "versionId").Str())
	w.must(err)
	b = w.open(pen)
	b.goesTo("/referral", b.post("/inbox/open", b.form("/inbox", "/inbox/open")))
	return b, task
}
