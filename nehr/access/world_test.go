package access_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// world is a NEHR with two mothers, Asha and Beni, two facilities and their
// clinicians, and a gate before it.
type world struct {
	t        testing.TB
	nehr     *sandbox.Server
	client   *client.Client
	db       *database.DB
	gate     *access.Gate
	now      time.Time
	requests atomic.Int64 // to the NEHR since they were last counted
	config   access.Config
}

var (
	today = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

	asha   = access.Actor{Kind: access.KindPatient, Issuer: "https://esignet.example", Subject: "sub-of-asha", Person: "Patient/asha", Session: "session-a", SignedIn: today}
	beni   = access.Actor{Kind: access.KindPatient, Issuer: "https://esignet.example", Subject: "sub-of-beni", Person: "Patient/beni", Session: "session-b", SignedIn: today}
	drPera = access.Actor{Kind: access.KindClinician, Issuer: "https://esignet.example", Subject: "sub-of-pera", Person: "Practitioner/pera",
		Role: "PractitionerRole/pera-general", Facility: "Organization/general", Session: "session-p", SignedIn: today}
	drSilva = access.Actor{Kind: access.KindClinician, Issuer: "https://esignet.example", Subject: "sub-of-silva", Person: "Practitioner/silva",
		Role: "PractitionerRole/silva-base", Facility: "Organization/base", Session: "session-s", SignedIn: today}
)

func newWorld(t testing.TB, change ...func(*access.Config)) *world {
	t.Helper()
	return newWorldOn(t, filepath.Join(t.TempDir(), "access.db"), change...)
}

func newWorldOn(t testing.TB, url string, change ...func(*access.Config)) *world {
	t.Helper()
	w := &world{t: t, now: today}
	var err error
	if w.nehr, err = sandbox.New(sandbox.Config{Now: func() time.Time { return w.now }}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.nehr.Close() })
	inner := w.nehr.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.requests.Add(1)
		inner.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	if w.client, err = client.New(client.Config{BaseURL: server.URL + "/fhir"}); err != nil {
		t.Fatal(err)
	}
	if w.db, err = database.Open(context.Background(), database.Config{URL: url, Migrations: []database.Migrations{access.Migrations()}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.db.Close() })
	w.config = access.Config{DB: w.db, NEHR: w.client, Source: "nehrbridge test", Address: "bridge.example", Now: func() time.Time { return w.now }}
	for _, c := range change {
		c(&w.config)
	}
	if w.gate, err = access.New(w.config); err != nil {
		t.Fatal(err)
	}
	w.fill()
	return w
}

// put stores resources as they are written.
func (w *world) put(resources ...string) {
	w.t.Helper()
	entries := fhirjson.List()
	for _, r := range resources {
		v, err := fhirjson.Parse([]byte(r))
		if err != nil {
			w.t.Fatalf("%v in %s", err, r)
		}
		entries.Append(fhirjson.Fields(fhirjson.F("resource", v), fhirjson.F("request", fhirjson.Fields(
			fhirjson.F("method", fhirjson.Text("PUT")),
			fhirjson.F("url", fhirjson.Text(v.Get("resourceType").Str()+"/"+v.Get("id").Str()))))))
	}
	_, err := w.client.Transaction(context.Background(), fhirjson.Fields(
		fhirjson.F("resourceType", fhirjson.Text("Bundle")), fhirjson.F("type", fhirjson.Text("transaction")), fhirjson.F("entry", entries)).Encode())
	if err != nil {
		o, _ := err.(*client.OutcomeError)
		if o != nil {
			w.t.Fatalf("put: %v: %s", err, o.Outcome)
		}
		w.t.Fatalf("put: %v", err)
	}
}

func observation(id, patient, category, code, date, more string) string {
	return fmt.Sprintf(`{"resourceType":"Observation","id":%q,"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":%q}]}],
		"code":{"coding":[{"system":"http://loinc.org","code":%q}]},"subject":{"reference":"Patient/%s"},"effectiveDateTime":%q%s}`, id, category, code, patient, date, more)
}

// mother is one patient's record: two pregnancies with a visit each, results,
// a sensitive one, one that she does not see herself, and documents.
func mother(id string) []string {
	labelled := func(code, system string) string {
		return fmt.Sprintf(`,"meta":{"security":[{"system":%q,"code":%q}]}`, system, code)
	}
	const confidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
	pregnancy := func(n, enrollment, date string) string {
		return observation(id+"-pregnancy-"+n, id, "social-history", "82810-3", date,
			fmt.Sprintf(`,"identifier":[{"system":"urn:dhis2:observation","value":"%s-pregnancy-status"}]`, enrollment))
	}
	visit := func(n, date string) string {
		return fmt.Sprintf(`{"resourceType":"Encounter","id":"%s-visit-%s","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/%[1]s"},"period":{"start":%[3]q,"end":%[3]q},"serviceProvider":{"reference":"Organization/clinic"}}`, id, n, date)
	}
	at := func(n string) string { return fmt.Sprintf(`,"encounter":{"reference":"Encounter/%s-visit-%s"}`, id, n) }
	return []string{
		fmt.Sprintf(`{"resourceType":"Patient","id":%q,"name":[{"family":"Secret-%[1]s"}],"managingOrganization":{"reference":"Organization/clinic"}}`, id),
		pregnancy("1", "enrolFirst1", "2023-01-10"), pregnancy("2", "enrolSecon2", "2025-11-01"),
		visit("1", "2023-02-10"), visit("2", "2026-02-10"),
		observation(id+"-bp-1", id, "vital-signs", "85354-9", "2023-02-10", at("1")),
		observation(id+"-bp-2", id, "vital-signs", "85354-9", "2026-02-10", at("2")),
		observation(id+"-hb-2", id, "laboratory", "718-7", "2026-02-10", at("2")),
		observation(id+"-hiv", id, "laboratory", "75622-1", "2026-02-10", at("2")+labelled("R", confidentiality)),
		observation(id+"-nopat", id, "laboratory", "1234-5", "2026-02-11", labelled("NOPAT", "http://terminology.hl7.org/CodeSystem/v3-ActCode")),
		fmt.Sprintf(`{"resourceType":"Condition","id":"%s-problem","code":{"text":"x"},"subject":{"reference":"Patient/%[1]s"}}`, id),
		fmt.Sprintf(`{"resourceType":"MedicationStatement","id":"%s-iron","status":"active","medicationCodeableConcept":{"text":"x"},"subject":{"reference":"Patient/%[1]s"},"effectiveDateTime":"2026-02-10","context":{"reference":"Encounter/%[1]s-visit-2"}}`, id),
		fmt.Sprintf(`{"resourceType":"Binary","id":"%s-letter","contentType":"text/plain","data":"c2VjcmV0"}`, id),
		fmt.Sprintf(`{"resourceType":"DocumentReference","id":"%s-document","status":"current","subject":{"reference":"Patient/%[1]s"},"date":"2026-02-10T08:00:00Z","content":[{"attachment":{"contentType":"text/plain","url":"Binary/%[1]s-letter"}}],"context":{"encounter":[{"reference":"Encounter/%[1]s-visit-2"}]}}`, id),
		fmt.Sprintf(`{"resourceType":"Appointment","id":"%s-next","status":"booked","start":"2026-03-20T04:00:00Z","end":"2026-03-20T04:30:00Z","participant":[{"actor":{"reference":"Patient/%[1]s"},"status":"accepted"},{"actor":{"reference":"Location/room"},"status":"accepted"}]}`, id),
	}
}

func (w *world) fill() {
	w.t.Helper()
	organization := func(id string) string { return fmt.Sprintf(`{"resourceType":"Organization","id":%q,"name":%[1]q}`, id) }
	w.put(organization("clinic"), organization("general"), organization("base"), organization("queue"),
		`{"resourceType":"Location","id":"room","name":"room"}`,
		`{"resourceType":"Practitioner","id":"pera"}`, `{"resourceType":"Practitioner","id":"silva"}`, `{"resourceType":"Practitioner","id":"midwife"}`,
		`{"resourceType":"PractitionerRole","id":"pera-general","practitioner":{"reference":"Practitioner/pera"},"organization":{"reference":"Organization/general"}}`,
		`{"resourceType":"PractitionerRole","id":"silva-base","practitioner":{"reference":"Practitioner/silva"},"organization":{"reference":"Organization/base"}}`)
	w.put(mother("asha")...)
	w.put(mother("beni")...)
}

// task is a referral of Asha, made at a visit, to somebody.
func (w *world) task(status, owner, more string) {
	w.t.Helper()
	to := ""
	if owner != "" {
		to = fmt.Sprintf(`,"owner":{"reference":%q}`, owner)
	}
	w.put(fmt.Sprintf(`{"resourceType":"Task","id":"asha-task","status":%q,"intent":"order","for":{"reference":"Patient/asha"},"encounter":{"reference":"Encounter/asha-visit-2"},"authoredOn":"2026-02-10","requester":{"reference":"Practitioner/midwife"}%s%s}`, status, to, more))
}

// open opens a view that must be given.
func (w *world) open(a access.Actor, patient string) *access.View {
	w.t.Helper()
	v, err := w.gate.Open(context.Background(), a, patient, purposeOf(a))
	if err != nil {
		w.t.Fatalf("open: %v", err)
	}
	return v
}

func purposeOf(a access.Actor) access.Purpose {
	if a.Kind == access.KindPatient {
		return access.PatientRequest
	}
	return access.Treatment
}

// grant is a standing consent of Asha to Dr Pera's role.
func (w *world) grant(s access.Scope) string {
	w.t.Helper()
	if s.Until.IsZero() {
		s.Until = w.now.Add(24 * time.Hour)
	}
	id, err := w.gate.Standing(context.Background(), asha, access.Party{Role: drPera.Role}, s)
	if err != nil {
		w.t.Fatalf("standing: %v", err)
	}
	return id
}

// ids are those of her resources in a record, without the directory.
func ids(r *access.Record) map[string]bool {
	found := map[string]bool{}
	for _, x := range r.Resources {
		switch x.Get("resourceType").Str() {
		case "Organization", "Location", "Practitioner", "PractitionerRole", "Device":
		default:
			found[x.Get("id").Str()] = true
		}
	}
	return found
}

// log is what Asha sees of her log, her own actions too, newest first.
func (w *world) log(a access.Actor) []access.Entry {
	w.t.Helper()
	entries, err := w.gate.Log(context.Background(), a, access.Filter{WithOwn: true, Limit: -1})
	if err != nil {
		w.t.Fatalf("log: %v", err)
	}
	return entries
}
