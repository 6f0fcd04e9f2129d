package record_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/record"
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
		test(sandboxWorld(t, record.ByID))
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
