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
	w.revoke("perera")
	found, err := w.nehr.Search(t.Context(), "Task", nil)
	w.must(err)
	task := found.Resources[0]
	id := task.Get("id").Str()
	task.Set("owner", fhirjson.Fields(fhirjson.F("reference", fhirjson.Text("Organization/general"))))
	task.Set("status", fhirjson.Text("accepted"))
	_, err = w.nehr.Update(t.Context(), "Task", id, task.Encode(), task.Get("meta", "versionId").Str())
	w.must(err)

	b := w.open(pen)
	b.goesTo("/referral", b.post("/inbox/open", b.form("/inbox", "/inbox/open")))
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
