package access_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client"
)

// TestOnARealServer goes the whole way with a FHIR server that is not ours: a
// request, her answer, what he sees then, a referral, her revocation, and the log
// as AuditEvents. Every id is of its own: it can run again on a server with data.
func TestOnARealServer(t *testing.T) {
	base := os.Getenv("HAPI_URL")
	if base == "" {
		if os.Getenv("REQUIRE_ALL") == "1" {
			t.Fatal("HAPI_URL is not set, and REQUIRE_ALL=1 demands the run against a real server")
		}
		t.Skip("set HAPI_URL to the base of a FHIR server; ../shared/oracle/hapi/run.sh --port 8080 starts one at http://127.0.0.1:8080/fhir")
	}
	w := &world{t: t, now: today}
	var err error
	if w.client, err = client.New(client.Config{BaseURL: strings.TrimRight(base, "/")}); err != nil {
		t.Fatal(err)
	}
	if w.db, err = database.Open(t.Context(), database.Config{URL: filepath.Join(t.TempDir(), "access.db"), Migrations: []database.Migrations{access.Migrations()}}); err != nil {
		t.Fatal(err)
	}
	defer w.db.Close()
	if w.gate, err = access.New(access.Config{DB: w.db, NEHR: w.client, Now: func() time.Time { return w.now }}); err != nil {
		t.Fatal(err)
	}
	w.fill() // what everybody shares; Asha and Beni stand there, and nobody works on them
	id := "m" + strings.ReplaceAll(uuid.NewString(), "-", "")[:12]
	w.put(mother(id)...)
	her := access.Actor{Kind: access.KindPatient, Person: "Patient/" + id}

	want := func(name string, a access.Actor, suffixes ...string) {
		t.Helper()
		v, err := w.gate.Open(t.Context(), a, her.Person, purposeOf(a))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r, err := v.Record(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		ids := ids(r)
		for _, s := range suffixes {
			if !ids[id+s] {
				t.Errorf("%s: %s is not shown", name, s)
			}
			delete(ids, id+s)
		}
		delete(ids, id)
		if len(ids) > 0 {
			t.Errorf("%s: shown beside: %v", name, sorted(ids))
		}
	}
	all := []string{"-bp-1", "-bp-2", "-document", "-hb-2", "-hiv", "-iron", "-next", "-pregnancy-1", "-pregnancy-2", "-problem", "-visit-1", "-visit-2"}
	want("she herself", her, all...)

	_, err = w.gate.Open(t.Context(), drPera, her.Person, access.Treatment)
	denied(t, err, access.ReasonNoRule)
	scope := access.Scope{Types: []access.Class{access.Vitals, access.Laboratory}, Until: today.Add(24 * time.Hour), Sensitive: true}
	consent, err := w.gate.Request(t.Context(), drPera, her.Person, scope, why)
	if err != nil {
		t.Fatal(err)
	}
	narrower := scope
	narrower.Types, narrower.Episode, narrower.Sensitive = []access.Class{access.Vitals}, "enrolSecon2", false
	if err := w.gate.Answer(t.Context(), her, consent, narrower, true); err != nil {
		t.Fatal(err)
	}
	want("by consent", drPera, "-bp-2")
	shown, err := w.gate.Consents(t.Context(), her, her.Person)
	if err != nil || len(shown) != 1 || shown[0].State != access.Active || shown[0].Why != why || !shown[0].Readable {
		t.Fatalf("her consents: %+v, %v", shown, err)
	}
	if d := cmp.Diff(narrower, shown[0].Scope); d != "" {
		t.Errorf("the scope after the server (-want +got):\n%s", d)
	}
	v, err := w.gate.Open(t.Context(), drPera, her.Person, access.Treatment)
	if err != nil {
		t.Fatal(err)
	}
	if found, err := v.Search(t.Context(), "Observation", url.Values{"date": {"ge2026-01-01"}, "_sort": {"-date"}}); err != nil || len(found) != 1 {
		t.Errorf("search: %d, %v", len(found), err)
	}
	if versions, err := v.History(t.Context(), "Observation", id+"-bp-2"); err != nil || len(versions) != 1 {
		t.Errorf("history: %d, %v", len(versions), err)
	}
	notFound(t, second(v.Read(t.Context(), "Observation", id+"-hb-2")))
	notFound(t, second(v.Read(t.Context(), "Observation", "beni-bp-2")))
	mine, err := w.gate.Open(t.Context(), her, her.Person, access.PatientRequest)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := mine.Binary(t.Context(), id+"-letter"); err != nil || string(b.Data) != "secret" {
		t.Errorf("binary: %v", err)
	}
	if err := w.gate.Revoke(t.Context(), her, consent); err != nil {
		t.Fatal(err)
	}
	_, err = v.Record(t.Context())
	denied(t, err, access.ReasonNoRule)
	w.put(`{"resourceType":"Task","id":"` + id + `-task","status":"requested","intent":"order","for":{"reference":"Patient/` + id + `"},"encounter":{"reference":"Encounter/` + id + `-visit-2"},"authoredOn":"2026-02-10","requester":{"reference":"Practitioner/midwife"},"owner":{"reference":"Organization/general"}}`)
	want("by a referral", drPera, "-bp-2", "-document", "-hb-2", "-iron", "-next", "-pregnancy-2", "-task", "-visit-2")

	before, err := w.gate.Version(t.Context(), her, her.Person)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := w.gate.Version(t.Context(), her, her.Person); err != nil || again != before {
		t.Errorf("the version changes by itself: %v", err)
	}
	wrong, err := w.gate.Correct(t.Context(), her, access.Correction{About: "Observation/" + id + "-bp-2", Words: "It was lower"})
	if err != nil {
		t.Fatal(err)
	}
	if after, err := w.gate.Version(t.Context(), her, her.Person); err != nil || after == before {
		t.Errorf("the version does not change: %v", err)
	}
	if err := w.gate.Reply(t.Context(), access.Actor{Kind: access.KindSystem}, wrong, access.CorrectionRejected, "It was measured twice"); err != nil {
		t.Fatal(err)
	}
	if list, err := w.gate.Corrections(t.Context(), her); err != nil || len(list) != 1 || list[0].State != access.CorrectionRejected || list[0].Reply != "It was measured twice" || list[0].Words != "It was lower" {
		t.Errorf("what is not right, after the server: %+v %v", list, err)
	}
	want("not who it may be about", drPera, "-bp-2", "-document", "-hb-2", "-iron", "-next", "-pregnancy-2", "-task", "-visit-2")

	_, err = w.gate.Open(t.Context(), drPera, "Patient/nobody-"+id, access.Treatment)
	denied(t, err, access.ReasonNoRule)
	verdict, err := w.gate.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f, err := w.gate.Forward(t.Context())
	if err != nil || f.Refused != 0 || int64(f.Sent) != verdict.Entries {
		t.Errorf("forwarded %+v, %v; want %d", f, err, verdict.Entries)
	}
	found, err := w.client.Search(t.Context(), "AuditEvent", url.Values{"entity": {her.Person}, "_count": {"200"}})
	if err != nil || len(found.Resources) < 10 {
		t.Errorf("%d events at her record, %v", len(found.Resources), err)
	}
}
