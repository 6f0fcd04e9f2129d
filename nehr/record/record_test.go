package record_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/record"
	"github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// world is one server with a writer to it. It counts what is sent.
type world struct {
	*testing.T
	ctx    context.Context
	client *client.Client
	spy    *spy
	writer *record.Writer
	run    string // part of every identifier, so that a server with data will do
}

// spy counts the bundles that pass, and can replace the answer to a transaction.
type spy struct {
	mu sync.Mutex
	record.Server
	transactions []string
	answer       func(*fhirjson.Value) *fhirjson.Value
	before       func()
}

func (s *spy) Transaction(ctx context.Context, bundle []byte) (*client.Answer, error) {
	if strings.Contains(string(bundle), `"type":"batch"`) {
		return s.Server.Transaction(ctx, bundle)
	}
	s.mu.Lock()
	s.transactions = append(s.transactions, string(bundle))
	s.mu.Unlock()
	if s.before != nil {
		s.before()
	}
	a, err := s.Server.Transaction(ctx, bundle)
	if err == nil && s.answer != nil {
		a.Resource = s.answer(a.Resource)
	}
	return a, err
}

// worlds runs a test against the sandbox, and against a real server when
// HAPI_URL names one.
func worlds(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Run("sandbox", func(t *testing.T) {
		s, err := sandbox.New(sandbox.Config{})
		if err != nil {
			t.Fatal(err)
		}
		web := httptest.NewServer(s.Handler())
		t.Cleanup(func() { web.Close(); s.Close() })
		test(newWorld(t, web.URL+"/fhir", record.ByID))
	})
	t.Run("server", func(t *testing.T) {
		base := os.Getenv("HAPI_URL")
		if base == "" {
			if os.Getenv("REQUIRE_ALL") == "1" {
				t.Fatal("HAPI_URL is not set, and REQUIRE_ALL=1 demands the run against a real server")
			}
			t.Skip("set HAPI_URL to the base of a FHIR server; ../shared/oracle/hapi/run.sh --port 8080 starts one at http://127.0.0.1:8080/fhir")
		}
		test(newWorld(t, base, record.ByID))
	})
}

func newWorld(t *testing.T, base string, mode record.Mode) *world {
	t.Helper()
	c, err := client.New(client.Config{BaseURL: base})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, ctx: t.Context(), client: c, spy: &spy{Server: c}, run: uuid.NewString()[:18]}
	w.writer, err = record.New(record.Config{Server: w.spy, Mode: mode, Validate: func(b []byte) error {
		_, err := fhirjson.Parse(b)
		return err
	}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func parse(t *testing.T, s string) *fhirjson.Value {
	t.Helper()
	v, err := fhirjson.Parse([]byte(s))
	if err != nil {
		t.Fatalf("%v in %s", err, s)
	}
	return v
}

func (w *world) write(d record.Desired) record.Result {
	w.Helper()
	r, err := w.writer.Write(w.ctx, d)
	if err != nil {
		w.Fatal(err, outcome(err))
	}
	return r
}

func outcome(err error) string {
	if o, ok := errors.AsType[*client.OutcomeError](err); ok {
		return string(o.Outcome)
	}
	return ""
}

func (w *world) counts(r record.Result, created, updated, unchanged int) {
	w.Helper()
	if r.Created != created || r.Updated != updated || r.Unchanged != unchanged {
		w.Errorf("created %d, updated %d, unchanged %d; want %d, %d, %d", r.Created, r.Updated, r.Unchanged, created, updated, unchanged)
	}
}

func (w *world) read(typ, id string) *fhirjson.Value {
	w.Helper()
	a, err := w.client.Read(w.ctx, typ, id)
	if err != nil {
		w.Fatal(err)
	}
	return a.Resource
}

// put writes a resource as another system would.
func (w *world) put(typ, body string) string {
	w.Helper()
	id := uuid.NewString()
	if existing := parse(w.T, body).Get("id").Str(); existing != "" {
		id = existing
	} else {
		body = strings.Replace(body, `{`, `{"id":"`+id+`",`, 1)
	}
	if _, err := w.client.Update(w.ctx, typ, id, []byte(body), ""); err != nil {
		w.Fatal(err, outcome(err))
	}
	return id
}

const (
	phn      = "http://fhir.health.gov.lk/ips/identifier/phn"
	nic      = "http://fhir.health.gov.lk/ips/identifier/nic"
	ppnType  = `"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"PPN"}]}`
	absent   = `{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}`
	eventSys = "urn:dhis2:eventId"
)

func ident(system, value string) string {
	return fmt.Sprintf(`{"system":"%s","value":"%s"}`, system, value)
}

func entry(owned bool, typ, system, value, fields string) record.Entry {
	return record.Entry{
		FullURL:    "urn:uuid:" + uuid.NewSHA1(uuid.NameSpaceURL, []byte(typ+"\n"+system+"\n"+value)).String(),
		Type:       typ,
		Resource:   []byte(fmt.Sprintf(`{"resourceType":"%s","identifier":[%s]%s}`, typ, ident(system, value), fields)),
		Owned:      owned,
		Identifier: record.Identifier{System: system, Value: value},
	}
}

// mother is a small desired state: a Patient, a clinic, a midwife, an
// Encounter, and an Observation of which the haemoglobin can be given.
func (w *world) mother(haemoglobin string, patientFields string) record.Desired {
	p := entry(false, "Patient", phn, "P"+w.run, `,"name":[{"text":"Test `+w.run+`"}],"gender":"female"`+patientFields)
	o := entry(false, "Organization", "urn:dhis2:organisationUnit:uid", "O"+w.run, `,"name":"Clinic"`)
	n := entry(false, "Practitioner", "urn:dhis2:user:uid", "N"+w.run, `,"name":[{"text":"Midwife"}]`)
	n2 := entry(false, "Practitioner", "urn:dhis2:user:uid", "M"+w.run, `,"name":[{"text":"Second"}]`)
	e := entry(true, "Encounter", eventSys, "E"+w.run, `,"status":"finished","class":{"code":"AMB"},"subject":{"reference":"`+p.FullURL+`"},"serviceProvider":{"reference":"`+o.FullURL+`"},"participant":[{"individual":{"reference":"`+n.FullURL+`"}},{"individual":{"reference":"`+n2.FullURL+`"}}]`)
	b := entry(true, "Observation", "urn:dhis2:dataelement:uid", "E"+w.run+"-hb", `,"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"718-7"}]},"subject":{"reference":"`+p.FullURL+`"},"encounter":{"reference":"`+e.FullURL+`"},"performer":[{"reference":"`+n.FullURL+`"}],"valueQuantity":{"value":`+haemoglobin+`,"unit":"g/dL"}`)
	return record.Desired{Entries: []record.Entry{e, p, o, n, n2, b}}
}

const (
	atEncounter = iota
	atPatient
	atOrganization
	atPractitioner
	atSecond
	atObservation
)

func TestWriteTwiceChangesNothing(t *testing.T) {
	worlds(t, func(w *world) {
		first := w.write(w.mother("10.50", ""))
		w.counts(first, 6, 0, 0)
		second := w.write(w.mother("10.50", ""))
		w.counts(second, 0, 0, 6)
		if n := len(w.spy.transactions); n != 1 {
			w.Errorf("%d transactions were sent, want 1: nothing had changed", n)
		}
		for i, e := range second.Entries {
			if e.ID != first.Entries[i].ID || e.Version != "1" {
				w.Errorf("%s: id %s version %s, was %s", e.Type, e.ID, e.Version, first.Entries[i].ID)
			}
		}
		o := w.read("Observation", second.Entries[atObservation].ID)
		if got := o.Get("valueQuantity", "value").Scalar(); got != "10.50" {
			w.Errorf("the value stands as %s", got)
		}
		if got, want := o.Get("subject", "reference").Str(), "Patient/"+second.Entries[atPatient].ID; got != want {
			w.Errorf("subject %s, want %s", got, want)
		}
	})
}

func TestCorrectionChangesExactlyThatResource(t *testing.T) {
	worlds(t, func(w *world) {
		w.write(w.mother("10.50", ""))
		r := w.write(w.mother("11.50", ""))
		w.counts(r, 0, 1, 5)
		for i, e := range r.Entries {
			want := "1"
			if i == atObservation {
				want = "2"
			}
			if got := w.read(e.Type, e.ID).Get("meta", "versionId").Str(); got != want {
				w.Errorf("%s has version %s, want %s", e.Type, got, want)
			}
		}
		// The precision is part of the fact.
		w.counts(w.write(w.mother("11.5", "")), 0, 1, 5)
		r = w.write(w.mother("11.5", `,"birthDate":"1995-02-03"`))
		w.counts(r, 0, 1, 5)
		if r.Entries[atPatient].Action != record.Updated {
			w.Error("the birth date changed, but not the Patient")
		}
	})
}

func TestD036_NoIdentifierNothingSent(t *testing.T) {
	worlds(t, func(w *world) {
		for _, id := range []record.Identifier{{System: phn}, {System: phn, Value: " "}, {Value: "x"}, {}} {
			d := w.mother("10.5", "")
			d.Entries[atPatient].Identifier = id
			_, err := w.writer.Write(w.ctx, d)
			if k, ok := errors.AsType[*record.KeyError](err); !ok || k.Type != "Patient" || !k.Permanent() {
				w.Errorf("%+v: got %v, want a KeyError", id, err)
			}
		}
		d := w.mother("10.5", "")
		d.Entries[atObservation].Resource = []byte(strings.Replace(string(d.Entries[atObservation].Resource), d.Entries[atPatient].FullURL, "Patient?identifier="+url.QueryEscape(phn)+"%7C", 1))
		if _, err := w.writer.Write(w.ctx, d); !errors.Is(err, client.ErrEmptyCondition) {
			w.Errorf("a conditional reference without a value: got %v", err)
		}
		d = w.mother("10.5", "")
		d.Entries[atPatient].Resource = []byte(`{"resourceType":"Patient"}`)
		if _, err := w.writer.Write(w.ctx, d); !errors.As(err, new(*record.EntryError)) {
			w.Errorf("a Patient that does not hold its identifier: got %v", err)
		}
		if n := len(w.spy.transactions); n != 0 {
			w.Errorf("%d transactions were sent", n)
		}
	})
}

func TestD037_MergeUnderIfMatch(t *testing.T) {
	worlds(t, func(w *world) {
		id := w.put("Patient", `{"resourceType":"Patient","identifier":[`+ident(phn, "P"+w.run)+`],"name":[{"text":"Registry"}],"deceasedBoolean":false}`)
		moved := false
		w.spy.before = func() { // another system writes between our look-up and our write
			if !moved {
				moved = true
				w.put("Patient", `{"resourceType":"Patient","id":"`+id+`","identifier":[`+ident(phn, "P"+w.run)+`],"name":[{"text":"Registry"}],"deceasedBoolean":false,"maritalStatus":{"text":"M"}}`)
			}
		}
		_, err := w.writer.Write(w.ctx, w.mother("10.5", ""))
		o, ok := errors.AsType[*client.OutcomeError](err)
		if !ok || !o.Conflict() {
			w.Fatalf("got %v, want a conflict", err)
		}
		if !strings.Contains(w.spy.transactions[0], `"ifMatch":"W/\"1\""`) {
			w.Errorf("the Patient was sent without If-Match: %s", w.spy.transactions[0])
		}
		r := w.write(w.mother("10.5", "")) // a fresh look-up
		w.counts(r, 5, 1, 0)
		p := w.read("Patient", id)
		if p.Get("maritalStatus", "text").Str() != "M" || p.Get("deceasedBoolean").Scalar() != "false" || p.All("name.text")[0].Str() != "Test "+w.run {
			w.Errorf("merged into %s", p.Encode())
		}
	})
}

func TestD038_TwoMatchesGoToReview(t *testing.T) {
	worlds(t, func(w *world) {
		a := w.put("Patient", `{"resourceType":"Patient","identifier":[`+ident(phn, "P"+w.run)+`]}`)
		b := w.put("Patient", `{"resourceType":"Patient","identifier":[`+ident(phn, "P"+w.run)+`]}`)
		_, err := w.writer.Write(w.ctx, w.mother("10.5", ""))
		r, ok := errors.AsType[*record.ReviewError](err)
		if !ok || !r.Review() || len(r.IDs) != 2 || !strings.Contains(a+b, r.IDs[0]) {
			w.Fatalf("got %v, want a review of %s and %s", err, a, b)
		}
		if strings.Contains(err.Error(), "P"+w.run) {
			w.Errorf("the error quotes the number: %v", err)
		}
		if len(w.spy.transactions) != 0 {
			w.Error("something was sent")
		}
	})
}

func TestD038_TwoTrackedEntitiesWithOneNumber(t *testing.T) {
	worlds(t, func(w *world) {
		with := func(te string) record.Desired {
			d := w.mother("10.5", "")
			d.Entries[atPatient].Resource = []byte(strings.Replace(string(d.Entries[atPatient].Resource), `"identifier":[`, `"identifier":[`+ident("urn:dhis2:trackedEntity", te+w.run)+`,`, 1))
			return d
		}
		first := w.write(with("a"))
		_, err := w.writer.Write(w.ctx, with("b"))
		if r, ok := errors.AsType[*record.ReviewError](err); !ok || r.IDs[0] != first.Entries[atPatient].ID {
			w.Errorf("got %v, want a review", err)
		}
		w.counts(w.write(with("a")), 0, 0, 6)
	})
}

func TestD038_ReplacedRecord(t *testing.T) {
	worlds(t, func(w *world) {
		survivor := w.put("Patient", `{"resourceType":"Patient","name":[{"text":"Survivor"}]}`)
		w.put("Patient", `{"resourceType":"Patient","identifier":[`+ident(phn, "P"+w.run)+`],"link":[{"other":{"reference":"Patient/`+survivor+`"},"type":"replaced-by"}]}`)
		_, err := w.writer.Write(w.ctx, w.mother("10.5", ""))
		if r, ok := errors.AsType[*record.ReviewError](err); !ok || len(r.IDs) != 2 || r.IDs[1] != survivor {
			w.Errorf("got %v, want a review that names the survivor", err)
		}
		if len(w.spy.transactions) != 0 {
			w.Error("something was sent")
		}
	})
}

func TestFormThatTheServerChangesIsNoUpdate(t *testing.T) {
	worlds(t, func(w *world) {
		// HAPI drops a field that R4 does not know: what stands never equals what
		// is desired, and still no version may be made or counted.
		d := w.mother("10.5", "")
		d.Entries[atObservation].Resource = []byte(strings.Replace(string(d.Entries[atObservation].Resource), `"status"`, `"unknownField":"x","status"`, 1))
		w.write(d)
		w.counts(w.write(d), 0, 0, 6)
	})
}

func TestD041_OtherSystemsFieldsStay(t *testing.T) {
	worlds(t, func(w *world) {
		id := w.put("Patient", `{"resourceType":"Patient","meta":{"tag":[{"system":"urn:r","code":"vip"}]},"active":true,
			"identifier":[{"use":"official","system":"`+phn+`","value":"P`+w.run+`","period":{"start":"2020-01-01"}},{"system":"urn:insurer","value":"I1"},{`+ppnType+`,"system":"urn:passport:lk","value":"N1234567"},{"system":"`+nic+`","value":"old"}],
			"name":[{"text":"Before"},{"use":"maiden","text":"Maiden"}],"birthDate":"1990-01-01","gender":"female",
			"telecom":[{"system":"email","value":"a@b.lk"},{"system":"phone","value":"+94111","rank":1}],
			"contact":[{"name":{"text":"Brother"}}],"maritalStatus":{"text":"M"},"extension":[{"url":"http://r/ext","valueString":"x"}]}`)
		d := w.mother("10.5", `,"_birthDate":`+absent+`,"telecom":[{"system":"phone","value":"+94222"},{"system":"phone","value":"+94111","use":"mobile"}],"contact":[{"name":{"text":"Husband"}}],"active":false,"meta":{"profile":["http://example.org/p"]}`)
		d.Entries[atPatient].Resource = []byte(strings.Replace(string(d.Entries[atPatient].Resource), `"identifier":[`, `"identifier":[`+ident(nic, "new")+`,{`+ppnType+`,"system":"http://fhir.health.gov.lk/ips/identifier/passport","_value":`+absent+`},`, 1))
		d.Entries[atPatient].Resource = []byte(strings.Replace(string(d.Entries[atPatient].Resource), `"gender":"female"`, `"gender":"unknown"`, 1))
		w.counts(w.write(d), 5, 1, 0)
		p := w.read("Patient", id)
		for path, want := range map[string]string{
			"identifier.value":        "P" + w.run + " I1 N1234567 new",
			"identifier.period.start": "2020-01-01",
			"identifier.use":          "official",
			"name.text":               "Test " + w.run + " Maiden",
			"birthDate":               "1990-01-01",
			"gender":                  "female",
			"active":                  "true",
			"telecom.value":           "a@b.lk +94111 +94222",
			"telecom.rank":            "1",
			"telecom.use":             "mobile",
			"contact.name.text":       "Brother Husband",
			"maritalStatus.text":      "M",
			"extension.url":           "http://r/ext",
			"meta.tag.code":           "vip",
			"meta.profile":            "http://example.org/p",
		} {
			var got []string
			for _, v := range p.All(path) {
				got = append(got, v.Scalar())
			}
			if strings.Join(got, " ") != want {
				w.Errorf("%s is %q, want %q", path, strings.Join(got, " "), want)
			}
		}
		if p.Get("_birthDate") != nil {
			w.Error("a known birth date has a reason for its absence beside it")
		}
		w.counts(w.write(d), 0, 0, 6)
	})
}

func TestD041_WhatWeSaidOnceAndSayNoMoreGoes(t *testing.T) {
	worlds(t, func(w *world) {
		d := w.mother("10.5", `,"birthDate":"1990-01-01","telecom":[{"system":"phone","value":"+94111"}],"contact":[{"name":{"text":"Husband"}}],"address":[{"text":"Here"}]`)
		first := w.write(d)
		id := first.Entries[atPatient].ID
		stood := w.read("Patient", id)
		stood.Delete("meta")
		stood.Get("telecom").Append(parse(w.T, `{"system":"phone","value":"+94999"}`))
		stood.Set("address", parse(w.T, `[{"text":"Registry's"}]`))
		w.put("Patient", string(stood.Encode()))
		d = w.mother("10.5", "")
		d.Entries[atPatient].Written = first.Entries[atPatient].Body
		w.counts(w.write(d), 0, 1, 5)
		p := w.read("Patient", id)
		if p.Get("birthDate") != nil || p.Get("contact") != nil || len(p.All("telecom")) != 1 || p.All("telecom.value")[0].Str() != "+94999" || p.All("address.text")[0].Str() != "Registry's" {
			w.Errorf("got %s", p.Encode())
		}
	})
}

func TestD043_ConditionsArePercentEncoded(t *testing.T) {
	worlds(t, func(w *world) {
		value := "P,|& ශ්" + w.run
		p := entry(false, "Patient", phn, value, "")
		r := w.write(record.Desired{Entries: []record.Entry{p}})
		w.counts(r, 1, 0, 0)
		tx := parse(w.T, w.spy.transactions[0])
		condition := tx.All("entry.request.ifNoneExist")[0].Str()
		if strings.ContainsAny(condition, "|, &") || strings.Contains(condition, "ශ") {
			w.Errorf("ifNoneExist is not percent-encoded: %s", condition)
		}
		w.counts(w.write(record.Desired{Entries: []record.Entry{p}}), 0, 0, 1)
	})
}

func TestD102_SharedPlacesAreNotOverwritten(t *testing.T) {
	worlds(t, func(w *world) {
		hin := "http://fhir.health.gov.lk/ips/identifier/hin"
		id := w.put("Organization", `{"resourceType":"Organization","identifier":[`+ident(hin, "H"+w.run)+`,`+ident("urn:dhis2:organisationUnit:uid", "otherserver")+`],"name":"Registry name","telecom":[{"system":"phone","value":"+94"}],"type":[{"text":"hospital"}]}`)
		o := entry(false, "Organization", hin, "H"+w.run, `,"name":"Clinic"`)
		o.Resource = []byte(strings.Replace(string(o.Resource), `"identifier":[`, `"identifier":[`+ident("urn:dhis2:organisationUnit:uid", "U"+w.run)+`,`, 1))
		l := entry(false, "Location", "urn:dhis2:organisationUnit:uid", "U"+w.run, `,"name":"Clinic","managingOrganization":{"reference":"`+o.FullURL+`"}`)
		r := w.write(record.Desired{Entries: []record.Entry{l, o}})
		w.counts(r, 1, 1, 0)
		if r.Entries[1].ID != id {
			w.Fatalf("the facility with the number was not taken: %s, want %s", r.Entries[1].ID, id)
		}
		got := w.read("Organization", id)
		if len(got.All("identifier")) != 3 || got.All("type.text")[0].Str() != "hospital" || got.All("telecom.value")[0].Str() != "+94" {
			w.Errorf("got %s", got.Encode())
		}
		for _, id := range []string{r.Entries[0].ID, r.Entries[1].ID} {
			if id == "org-1" || id == "location-1" {
				w.Error("a fixed id was written")
			}
		}
		w.counts(w.write(record.Desired{Entries: []record.Entry{l, o}}), 0, 0, 2)
	})
}

func TestD102_FacilityThatGetsItsNumberLater(t *testing.T) {
	worlds(t, func(w *world) {
		const hin, unit = "http://fhir.health.gov.lk/ips/identifier/hin", "urn:dhis2:organisationUnit:uid"
		before := entry(false, "Organization", unit, "U"+w.run, `,"name":"Clinic"`)
		before.Resource = []byte(strings.Replace(string(before.Resource), `"identifier":[`, `"identifier":[{"system":"`+hin+`","_value":`+absent+`},`, 1))
		first := w.write(record.Desired{Entries: []record.Entry{before}})
		after := entry(false, "Organization", hin, "H"+w.run, `,"name":"Clinic"`)
		after.Resource = []byte(strings.Replace(string(after.Resource), `"identifier":[`, `"identifier":[`+ident(unit, "U"+w.run)+`,`, 1))
		r := w.write(record.Desired{Entries: []record.Entry{after}})
		w.counts(r, 0, 1, 0)
		if r.Entries[0].ID != first.Entries[0].ID {
			w.Error("the facility was written a second time")
		}
		if got := w.read("Organization", r.Entries[0].ID); len(got.All("identifier")) != 2 || len(got.All("identifier.value")) != 2 || len(got.All("identifier._value")) != 0 {
			w.Errorf("got %s", got.Encode())
		}
		// Another number is another facility, whatever our own identifier says.
		other := entry(false, "Organization", hin, "X"+w.run, `,"name":"Clinic"`)
		other.Resource = []byte(strings.Replace(string(other.Resource), `"identifier":[`, `"identifier":[`+ident(unit, "U"+w.run)+`,`, 1))
		w.counts(w.write(record.Desired{Entries: []record.Entry{other}}), 1, 0, 0)
	})
}

func TestG11_IdentityStaysOnThePatient(t *testing.T) {
	worlds(t, func(w *world) {
		sub := "https://esignet.example/rp"
		d := w.mother("10.5", "")
		d.Entries[atPatient].Resource = []byte(strings.Replace(string(d.Entries[atPatient].Resource), `"identifier":[`, `"identifier":[{"use":"secondary","system":"`+sub+`","value":"S`+w.run+`"},`, 1))
		r := w.write(d)
		p := w.read("Patient", r.Entries[atPatient].ID)
		if len(p.All("identifier")) != 2 || p.Get("link") != nil {
			w.Errorf("PHN and subject must stand on the Patient, without a link: %s", p.Encode())
		}
		// The registry links her record to another; that is its business.
		other := w.put("Patient", `{"resourceType":"Patient","name":[{"text":"Other"}]}`)
		p.Delete("meta")
		p.Set("link", parse(w.T, `[{"other":{"reference":"Patient/`+other+`"},"type":"refer"}]`))
		w.put("Patient", string(p.Encode()))
		w.counts(w.write(d), 0, 0, 6)
		if w.read("Patient", r.Entries[atPatient].ID).Get("link") == nil {
			w.Error("the registry's link is gone")
		}
	})
}
