package patient_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/portal/patient"
)

// TestOnARealServer: the portal before a FHIR server that is not ours. Its ids are of
// this run alone, and it takes away what it has written.
func TestOnARealServer(t *testing.T) {
	base := os.Getenv("HAPI_URL")
	if base == "" {
		if os.Getenv("REQUIRE_ALL") == "1" {
			t.Fatal("HAPI_URL is not set, and REQUIRE_ALL=1 demands the run against a real server")
		}
		t.Skip("set HAPI_URL to the base of a FHIR server; ../shared/oracle/hapi/run.sh --port 8080 starts one at http://127.0.0.1:8080/fhir")
	}
	run := strings.ReplaceAll(uuid.NewString(), "-", "")[:10]
	written := &own{run: run, ids: map[string]string{}}
	var gate *access.Gate
	w := startOn(t, func(w *world) {
		w.connect(strings.TrimRight(base, "/"))
		written.write(w)
	}, func(w *world) patient.Gate {
		var err error
		if gate, err = access.New(access.Config{DB: w.db, NEHR: w.nehr, Now: w.clock.Now, Address: "portal-" + run + ".example"}); err != nil {
			t.Fatal(err)
		}
		return patient.Through(gate)
	})
	t.Cleanup(func() { written.takeAway(w) })
	w.own(w.record, her)
	others := w.another("Strange " + run)
	written.kept = append(written.kept, others)
	w.own(others, other)

	b := w.visitor()
	if p := b.signIn(her); p.header.Get("Location") != "/home" {
		t.Fatalf("signed in: %d to %q", p.status, p.header.Get("Location"))
	}
	for path, want := range map[string]string{"/home": "150/98 mmHg", "/timeline": "record: 4", "/results": "<svg", "/health": "Diabetes", "/care": "Sent", "/profile": "9 Mar 1996",
		"/access": "Nobody, as far as", "/consents": "Nobody asks", "/access.json": "["} {
		p := b.get(path)
		contains(t, path, p.body, want)
		if p.status != http.StatusOK || strings.Contains(p.body, "Strange") {
			t.Errorf("%s: %d", path, p.status)
		}
	}
	for _, path := range pages {
		if p := b.get(path); p.status != http.StatusOK {
			t.Errorf("%s: %d", path, p.status)
		}
	}
	before := w.requests.Load()
	b.get("/home")
	if n := w.requests.Load() - before; n > 3 || n == 0 {
		t.Errorf("the home page costs %d requests", n)
	}
	strange := w.visitor()
	strange.signIn(other)
	if p := strange.get("/results"); p.status != http.StatusOK || strings.Contains(p.body, "150/98") {
		t.Errorf("another mother's results: %d", p.status)
	}

	t.Run("asked, approved narrower, revoked", func(t *testing.T) { written.consent(t, w, gate, b) })
	t.Run("history and binary", func(t *testing.T) { written.document(t, w, gate) })
	t.Run("break-glass", func(t *testing.T) {
		drB := written.clinician(w, "b")
		_, err := gate.Open(t.Context(), drB, w.record, access.Treatment)
		denied(t, err)
		if _, err := gate.BreakGlass(t.Context(), drB, w.record, access.EmergencyObstetric, "She bleeds heavily and cannot speak"); err != nil {
			t.Fatal(err)
		}
		v, err := gate.Open(t.Context(), drB, w.record, access.Treatment)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := v.Record(t.Context()); err != nil || len(r.Resources) < 50 {
			t.Errorf("what he sees: %v", err)
		}
		contains(t, "home", b.get("/home").body, "in an emergency, without your permission")
		contains(t, "the log", b.get("/access").body, "She bleeds heavily")
	})
	t.Run("the log as AuditEvents", func(t *testing.T) {
		verdict, err := gate.Verify(t.Context())
		if err != nil || verdict.Broken != 0 {
			t.Fatalf("%+v, %v", verdict, err)
		}
		f, err := gate.Forward(t.Context())
		if err != nil || f.Refused != 0 || int64(f.Sent) != verdict.Entries {
			t.Fatalf("forwarded %+v, %v; want %d", f, err, verdict.Entries)
		}
		found := []access.Finding{}
		tell := func(f access.Finding) error { found = append(found, f); return nil }
		c, err := gate.Compare(t.Context(), access.Place{}, tell)
		if err != nil || len(found) > 0 || c.Entries != verdict.Entries || c.Events != verdict.Entries {
			t.Errorf("compared: %+v %v, %v; want %d", c, found, err, verdict.Entries)
		}
		// One event is gone, one tells of another.
		events, err := w.nehr.Search(t.Context(), "AuditEvent", url.Values{"site": {"portal-" + run + ".example"}, "_count": {"500"}})
		if err != nil || int64(len(events.Resources)) != verdict.Entries {
			t.Fatalf("%d events, %v", len(events.Resources), err)
		}
		if _, err := w.nehr.Delete(t.Context(), "AuditEvent", events.Resources[0].Get("id").Str()); err != nil {
			t.Fatal(err)
		}
		spoilt := events.Resources[1]
		spoilt.Set("recorded", fhirjson.Text("2025-09-01T08:00:00Z"))
		if _, err := w.nehr.Update(t.Context(), "AuditEvent", spoilt.Get("id").Str(), spoilt.Encode(), ""); err != nil {
			t.Fatal(err)
		}
		if _, err := gate.Compare(t.Context(), access.Place{}, tell); err != nil || len(found) != 2 {
			t.Fatalf("found %v, %v", found, err)
		}
		kinds := []access.Difference{found[0].What, found[1].What}
		slices.Sort(kinds)
		if !slices.Equal(kinds, []access.Difference{access.Changed, access.Missing}) {
			t.Errorf("found %v", found)
		}
	})
}

// own is what a run has written: golden resources under ids of its own.
type own struct {
	run  string
	ids  map[string]string // ids of the golden case to this run's
	kept []string          // Type/id
}

// write puts the golden case under new ids, without the identifiers by which other
// runs find resources, and with a health number of its own.
func (o *own) write(w *world) {
	w.t.Helper()
	raw, err := os.ReadFile("../../../golden/lk-whole-journey/want.json")
	if err != nil {
		w.t.Fatal(err)
	}
	bundle, err := fhirjson.Parse(raw)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range bundle.Get("entry").Items() {
		o.ids[e.Get("fullUrl").Str()] = uuid.NewString()
	}
	for _, e := range bundle.Get("entry").Items() {
		r := e.Get("resource")
		typ, id := r.Get("resourceType").Str(), o.ids[e.Get("fullUrl").Str()]
		r.Set("id", fhirjson.Text(id))
		r.Delete("identifier")
		if typ == "Patient" {
			w.record = "Patient/" + id
			r.Set("identifier", fhirjson.List(fhirjson.Fields(fhirjson.F("system", fhirjson.Text("urn:test:phn")), fhirjson.F("value", fhirjson.Text(o.run)))))
		}
		e.Get("request").Set("url", fhirjson.Text(typ+"/"+id))
		o.kept = append(o.kept, typ+"/"+id)
	}
	bundle.Strings(func(field, text string) string {
		if to := o.ids[text]; to != "" && (field == "fullUrl" || field == "reference") {
			return "urn:uuid:" + to
		}
		return text
	})
	if _, err := w.nehr.Transaction(w.t.Context(), bundle.Encode()); err != nil {
		w.t.Fatal(err)
	}
}

// put writes resources by their ids.
func (o *own) put(w *world, resources ...string) {
	w.t.Helper()
	for _, text := range resources {
		r, err := fhirjson.Parse([]byte(text))
		if err != nil {
			w.t.Fatal(err)
		}
		typ, id := r.Get("resourceType").Str(), r.Get("id").Str()
		if _, err := w.nehr.Update(w.t.Context(), typ, id, r.Encode(), ""); err != nil {
			w.t.Fatalf("%s: %v", typ, err)
		}
		if !slices.Contains(o.kept, typ+"/"+id) {
			o.kept = append(o.kept, typ+"/"+id)
		}
	}
}

// clinician is one at a hospital of this run.
func (o *own) clinician(w *world, name string) access.Actor {
	id := name + "-" + o.run
	o.put(w, fmt.Sprintf(`{"resourceType":"Practitioner","id":%q,"name":[{"text":"Arulan %s"}]}`, id, id), fmt.Sprintf(`{"resourceType":"Organization","id":%q,"name":"Hospital %s"}`, id, id),
		fmt.Sprintf(`{"resourceType":"PractitionerRole","id":%q,"practitioner":{"reference":"Practitioner/%[1]s"},"organization":{"reference":"Organization/%[1]s"}}`, id))
	return access.Actor{Kind: access.KindClinician, Issuer: w.issuer, Subject: "somebody-" + id, Person: "Practitioner/" + id, Role: "PractitionerRole/" + id, Facility: "Organization/" + id,
		SignedIn: w.clock.Now(), Session: "session-" + id}
}

// consent: a clinician asks, she allows less, he sees that, she takes it back, and his
// next click is refused.
func (o *own) consent(t *testing.T, w *world, gate *access.Gate, b *visitor) {
	dr := o.clinician(w, "a")
	_, err := gate.Open(t.Context(), dr, w.record, access.Treatment)
	denied(t, err)
	asked := access.Scope{Types: []access.Class{access.Vitals, access.Laboratory}, Until: w.clock.Now().Add(20 * 24 * time.Hour)}
	if _, err := gate.Request(t.Context(), dr, w.record, asked, "Second opinion"); err != nil {
		t.Fatal(err)
	}
	page := b.get("/consents").body
	contains(t, "consents", page, "Arulan a-"+o.run, "Hospital a-"+o.run, "Second opinion")
	_, rest, _ := strings.Cut(page, `name="id" value="`)
	id, _, _ := strings.Cut(rest, `"`)
	if p := b.submit("/consents", "/consents/answer", "id", id, "answer", "approve", "class", "vitals", "until", "7"); p.status != http.StatusOK {
		t.Fatalf("approve: %d", p.status)
	}
	v, err := gate.Open(t.Context(), dr, w.record, access.Treatment)
	if err != nil {
		t.Fatal(err)
	}
	r, err := v.Record(t.Context())
	if err != nil || !r.Withheld.Any {
		t.Fatalf("%v", err)
	}
	vitals := 0
	for _, x := range r.Resources {
		switch x.Get("resourceType").Str() {
		case "Patient", "Organization", "Location", "Practitioner", "PractitionerRole", "Device":
		case "Observation":
			for _, c := range x.All("category.coding.code") {
				if c.Str() != "vital-signs" {
					t.Errorf("sees an Observation of %s", c.Str())
				}
			}
			vitals++
		default:
			t.Errorf("sees a %s", x.Get("resourceType").Str())
		}
	}
	if vitals < 3 {
		t.Errorf("%d vital signs", vitals)
	}
	if found, err := v.Search(t.Context(), "Condition", nil); err != nil || len(found) != 0 {
		t.Errorf("searched what she did not allow: %d, %v", len(found), err)
	}
	if p := b.submit("/consents", "/consents/revoke", "id", id); p.status != http.StatusOK {
		t.Fatalf("revoke: %d", p.status)
	}
	_, err = v.Record(t.Context())
	denied(t, err)
	_, err = v.Search(t.Context(), "Observation", nil)
	denied(t, err)
	contains(t, "the log", b.get("/access").body, "Arulan a-"+o.run, "refused", "asked for your permission", "looked at your record")
}

// document: versions of a resource of hers, and the content of a letter.
func (o *own) document(t *testing.T, w *world, gate *access.Gate) {
	weight := func(kg int) string {
		return fmt.Sprintf(`{"resourceType":"Observation","id":"w-%s","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]},"subject":{"reference":%q},"effectiveDateTime":"2025-08-30","valueQuantity":{"value":%d,"unit":"kg"}}`, o.run, w.record, kg)
	}
	o.put(w, weight(61), weight(62),
		fmt.Sprintf(`{"resourceType":"Binary","id":"l-%s","contentType":"text/plain","data":"c2VjcmV0"}`, o.run),
		fmt.Sprintf(`{"resourceType":"Binary","id":"n-%s","contentType":"text/plain","data":"c2VjcmV0"}`, o.run),
		fmt.Sprintf(`{"resourceType":"DocumentReference","id":"d-%s","status":"current","subject":{"reference":%q},"date":"2025-08-30T08:00:00Z","content":[{"attachment":{"contentType":"text/plain","url":"Binary/l-%[1]s"}}]}`, o.run, w.record))
	herself := access.Actor{Kind: access.KindPatient, Issuer: w.issuer, Subject: "x", Person: w.record, Session: "y", SignedIn: w.clock.Now()}
	v, err := gate.Open(t.Context(), herself, w.record, access.PatientRequest)
	if err != nil {
		t.Fatal(err)
	}
	versions, err := v.History(t.Context(), "Observation", "w-"+o.run)
	if err != nil || len(versions) != 2 || versions[0].Get("valueQuantity", "value").Scalar() != "62" {
		t.Errorf("history: %d versions, %v", len(versions), err)
	}
	if letter, err := v.Binary(t.Context(), "l-"+o.run); err != nil || string(letter.Data) != "secret" || letter.ContentType != "text/plain" {
		t.Errorf("binary: %v", err)
	}
	if _, err := v.Binary(t.Context(), "n-"+o.run); err == nil {
		t.Error("a binary that no document of hers names")
	}
	if n, err := v.Count(t.Context(), "Observation", url.Values{"code": {"http://loinc.org|29463-7"}, "date": {"ge2025-08-30"}}); err != nil || n != 1 {
		t.Errorf("count: %d, %v", n, err)
	}
}

// takeAway deletes what the run has written, in one transaction: nothing refers to it.
func (o *own) takeAway(w *world) {
	for typ, params := range map[string]url.Values{"Consent": {"patient": {w.record}}, "AuditEvent": {"site": {"portal-" + o.run + ".example"}}} {
		params.Set("_count", "500")
		found, err := w.nehr.Search(context.Background(), typ, params)
		if err != nil {
			w.t.Errorf("take away: %v", err)
			return
		}
		for _, r := range found.Resources {
			o.kept = append(o.kept, typ+"/"+r.Get("id").Str())
		}
	}
	entries := fhirjson.List()
	for _, at := range o.kept {
		entries.Append(fhirjson.Fields(fhirjson.F("request", fhirjson.Fields(fhirjson.F("method", fhirjson.Text("DELETE")), fhirjson.F("url", fhirjson.Text(at))))))
	}
	if _, err := w.nehr.Transaction(context.Background(), fhirjson.Fields(fhirjson.F("resourceType", fhirjson.Text("Bundle")), fhirjson.F("type", fhirjson.Text("transaction")), fhirjson.F("entry", entries)).Encode()); err != nil {
		w.t.Errorf("take away: %v", err)
	}
}

func denied(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[*access.DeniedError](err); !ok {
		t.Errorf("got %v, want a refusal", err)
	}
}
