package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// TestD037_D080_CorrectionsOfAPerson: corrections that concern more than one
// fact, beside what other systems wrote into the same resources.
func TestD037_D080_CorrectionsOfAPerson(t *testing.T) {
	t.Run("sandbox", func(t *testing.T) { testPerson(t, startServersFor(t, 12, startNEHR(t))) })
	t.Run("HAPI", func(t *testing.T) {
		address := os.Getenv("HAPI_URL")
		if address == "" {
			needs(t, "a HAPI FHIR server: start ../shared/oracle/hapi/run.sh and set HAPI_URL")
		}
		testPerson(t, startServersOfOwn(t, 12, address))
	})
}

// The attributes of the sandbox's program that are changed here.
const (
	attributePHN   = "IrUmPkFMDU5"
	attributePhone = "gGAQeOr1Pgu"
)

func testPerson(t *testing.T, s *testServers) {
	s.sync(t)
	task := s.anyTask(t)
	event := task.Get("identifier").Items()[0].Get("value").Str()
	her := task.Get("for", "reference").Str()
	uid := s.trackedEntityOf(t, her)
	patient := func() *fhirjson.Value { return s.readAs(t, her) }

	t.Run("other systems' fields", func(t *testing.T) {
		p := patient()
		p.Set("maritalStatus", parsed(t, `{"text":"written by another system"}`))
		p.Get("identifier").Append(parsed(t, `{"system":"urn:example:hospital","value":"H-`+event+`"}`))
		s.update(t, "Patient", p)
		before := string(patient().Get("telecom").Canonical())
		mustDo(t, s.dhis2.SetAttribute(uid, dhis2.MustUID(attributePhone), fmt.Sprintf("07%08d", time.Now().UnixNano()%100_000_000)))
		s.sync(t)
		p = patient()
		if string(p.Get("telecom").Canonical()) == before {
			t.Error("the corrected number did not arrive")
		}
		if p.Get("maritalStatus", "text").Str() != "written by another system" || !strings.Contains(string(p.Encode()), "urn:example:hospital") {
			t.Error("what another system wrote is gone")
		}
	})
	t.Run("a Task that a portal accepted", func(t *testing.T) {
		v := s.readAs(t, "Task/"+task.Get("id").Str())
		v.Set("status", fhirjson.Text("accepted"))
		v.Set("owner", parsed(t, `{"display":"a specialist"}`))
		s.update(t, "Task", v)
		mustDo(t, s.dhis2.SetValue(dhis2.MustUID(event), dhis2.MustUID("kLAB3XIylS8"), "a corrected reason"))
		s.sync(t)
		v = s.readAs(t, "Task/"+task.Get("id").Str())
		if v.Get("status").Str() != "accepted" || v.Get("owner", "display").Str() != "a specialist" {
			t.Errorf("the Task is %q", v.Get("status").Str())
		}
		if request := about(s.held(t), "ServiceRequest", event); !strings.Contains(string(request.Encode()), "a corrected reason") {
			t.Error("the corrected reason did not arrive")
		}
	})
	t.Run("second user", func(t *testing.T) {
		visit, id := s.pick(t, s.held(t), "Observation", "cw35l7X4hnV", func(r *fhirjson.Value) bool { return r.Get("status").Str() == "final" })
		s.sync(t)
		before := s.held(t)
		mustDo(t, s.dhis2.Uncomplete(visit)) // who completes an event answers for it
		s.editAs(t, "second.midwife", visit, dhis2.MustUID("cw35l7X4hnV"), "9.75")
		s.sync(t)
		after := s.held(t)
		if got := about(after, "Observation", id); got.Get("valueQuantity", "value").Scalar() != "9.75" {
			t.Error("what the second user said did not arrive")
		}
		if len(after) != len(before) {
			t.Errorf("%d resources of the mothers after, %d before: a second user brings none twice and loses none", len(after), len(before))
		}
		encounter := about(after, "Encounter", visit.String())
		who := encounter.Get("participant").Items()
		if len(who) != 1 {
			t.Fatalf("the visit has %d participants", len(who))
		}
		by := s.readAs(t, who[0].Get("individual", "reference").Str())
		if !strings.Contains(string(by.Encode()), "SbxSecond01") {
			t.Error("the visit is not of the second user")
		}
	})
	t.Run("cancelled enrollment", func(t *testing.T) {
		planned, enrollment := s.plannedVisit(t, her)
		if got := about(s.held(t), "Appointment", planned.String()).Get("status").Str(); got != "proposed" && got != "booked" {
			t.Fatalf("before: the Appointment is %q", got)
		}
		facts := len(active(s.held(t)))
		mustDo(t, s.dhis2.SetEnrollmentStatus(enrollment, dhis2.EnrollmentCancelled))
		s.sync(t)
		if got := about(s.held(t), "Appointment", planned.String()).Get("status").Str(); got != "cancelled" {
			t.Errorf("the Appointment is %q", got)
		}
		if got := len(active(s.held(t))); got < facts-1 { // the state of being pregnant
			t.Errorf("%d facts stand of %d: what was found stays true", got, facts)
		}
		mustDo(t, s.dhis2.SetEnrollmentStatus(enrollment, dhis2.EnrollmentActive))
		s.sync(t)
		if got := about(s.held(t), "Appointment", planned.String()).Get("status").Str(); got != "proposed" && got != "booked" {
			t.Errorf("active again: the Appointment is %q", got)
		}
	})
	t.Run("deleted enrollment", func(t *testing.T) {
		planned, enrollment := s.plannedVisit(t, her)
		owner := s.patientOf(about(s.held(t), "Appointment", planned.String()))
		facts := s.factsOf(t, owner)
		mustDo(t, s.dhis2.DeleteEnrollment(enrollment))
		s.sync(t)
		said, taken := s.saysNow(t), 0
		for _, name := range facts {
			r := s.readAs(t, name)
			stands := len(active(map[string]*fhirjson.Value{"": r})) > 0
			// She may have been pregnant before: what was found then stays true.
			if should := about(said, r.Get("resourceType").Str(), r.Get("identifier").Items()[0].Get("value").Str()) != nil; stands != should {
				t.Errorf("%s stands as %q, and DHIS2 says it: %t", name, r.Get("status").Str(), should)
			}
			if !stands {
				taken++
			}
		}
		if taken < 5 {
			t.Errorf("%d of %d facts were taken back with the enrollment", taken, len(facts))
		}
	})
	t.Run("changed PHN", func(t *testing.T) {
		facts := s.factsOf(t, her)
		old := ""
		for _, id := range patient().Get("identifier").Items() {
			if strings.HasSuffix(id.Get("system").Str(), "identifier/phn") {
				old = id.Get("value").Str()
			}
		}
		// What another test finds on a server that keeps everything is as it was.
		defer func() {
			mustDo(t, s.dhis2.SetAttribute(uid, dhis2.MustUID(attributePHN), old))
			s.sync(t)
			if got := s.trackedEntityOf(t, her); got != uid {
				t.Errorf("the old number again, and the old Patient is %s", got)
			}
		}()
		number := fmt.Sprint("SBX9", time.Now().UnixNano())
		mustDo(t, s.dhis2.SetAttribute(uid, dhis2.MustUID(attributePHN), number))
		s.sync(t)
		found, err := s.nehr.Search(t.Context(), "Patient", url.Values{"identifier": {"urn:dhis2:trackedEntity|" + uid.String()}})
		mustDo(t, err)
		if len(found.Resources) != 1 {
			t.Fatalf("she is %d Patients", len(found.Resources))
		}
		now := found.Resources[0]
		if !strings.Contains(string(now.Encode()), number) {
			t.Error("her Patient has not the new number")
		}
		if moved := "Patient/" + now.Get("id").Str(); moved != her {
			for _, name := range facts {
				text := string(s.readAs(t, name).Encode())
				if !strings.Contains(text, `"`+moved+`"`) || strings.Contains(text, `"`+her+`"`) {
					t.Errorf("%s has not moved with her", name)
				}
			}
			if left := string(patient().Encode()); strings.Contains(left, uid.String()) || !strings.Contains(left, "urn:example:hospital") {
				t.Error("the old Patient keeps what is another's, and nothing of hers")
			}
		} else if strings.Count(string(now.Encode()), "identifier/phn") != 1 {
			t.Error("her Patient has both numbers")
		}
	})
}

// anyTask is a referral that the DHIS2 of the test has.
func (s *testServers) anyTask(t *testing.T) *fhirjson.Value {
	t.Helper()
	for _, r := range active(s.held(t)) {
		if r.Get("resourceType").Str() == "Task" && s.has(r.Get("identifier").Items()[0].Get("value").Str()) {
			return r
		}
	}
	t.Fatal("nobody was referred")
	return nil
}

// trackedEntityOf is who a Patient is in DHIS2.
func (s *testServers) trackedEntityOf(t *testing.T, patient string) dhis2.UID {
	t.Helper()
	for _, id := range s.readAs(t, patient).Get("identifier").Items() {
		if id.Get("system").Str() == "urn:dhis2:trackedEntity" {
			return dhis2.MustUID(id.Get("value").Str())
		}
	}
	t.Fatalf("%s is nobody in DHIS2", patient)
	return dhis2.UID{}
}

// plannedVisit is an Appointment's event, and its enrollment, of another mother
// than one.
func (s *testServers) plannedVisit(t *testing.T, not string) (event, enrollment dhis2.UID) {
	t.Helper()
	for _, r := range s.held(t) {
		if status := r.Get("status").Str(); r.Get("resourceType").Str() != "Appointment" || status != "proposed" && status != "booked" || s.patientOf(r) == not {
			continue
		}
		uid := r.Get("identifier").Items()[0].Get("value").Str()
		if doc := s.api(t, "GET", "/api/tracker/events/"+uid, "", nil); doc != nil && doc.Get("status").Str() == "SCHEDULE" {
			return dhis2.MustUID(uid), dhis2.MustUID(doc.Get("enrollment").Str())
		}
	}
	t.Fatal("nobody has an appointment")
	return dhis2.UID{}, dhis2.UID{}
}

func (s *testServers) patientOf(appointment *fhirjson.Value) string {
	for _, p := range appointment.Get("participant").Items() {
		if ref := p.Get("actor", "reference").Str(); strings.HasPrefix(ref, "Patient/") {
			return ref
		}
	}
	return ""
}

// factsOf names what stands as true about a Patient, and is what this DHIS2
// says: a server that keeps what earlier tests wrote may hold more.
func (s *testServers) factsOf(t *testing.T, patient string) []string {
	t.Helper()
	said := s.saysNow(t)
	var out []string
	for _, typ := range aboutHer {
		found, err := s.nehr.Search(t.Context(), typ, url.Values{"patient": {patient}, "_count": {"200"}})
		mustDo(t, err)
		for _, r := range found.Resources {
			if len(active(map[string]*fhirjson.Value{"": r})) > 0 && about(said, typ, r.Get("identifier").Items()[0].Get("value").Str()) != nil {
				out = append(out, typ+"/"+r.Get("id").Str())
			}
		}
	}
	if len(out) < 5 {
		t.Fatalf("%d facts", len(out))
	}
	return out
}

// saysNow is what stands as true in a new record of this DHIS2.
func (s *testServers) saysNow(t *testing.T) map[string]*fhirjson.Value {
	t.Helper()
	nehr := startNEHR(t)
	fresh := &testServers{dhis2: s.dhis2, mothers: s.mothers, env: append(slices.Clone(s.env), "NEHRBRIDGE_NEHR_URL="+nehr, "NEHRBRIDGE_DATA_DIR="+t.TempDir()), nehr: newRecordClient(t, nehr)}
	fresh.sync(t)
	return active(fresh.held(t))
}

func (s *testServers) readAs(t *testing.T, reference string) *fhirjson.Value {
	t.Helper()
	typ, id, _ := strings.Cut(reference, "/")
	a, err := s.nehr.Read(t.Context(), typ, id)
	if err != nil {
		t.Fatal(err)
	}
	return a.Resource
}

func (s *testServers) update(t *testing.T, typ string, v *fhirjson.Value) {
	t.Helper()
	id := v.Get("id").Str()
	v.Delete("meta")
	if _, err := s.nehr.Update(t.Context(), typ, id, v.Encode(), ""); err != nil {
		t.Fatal(err)
	}
}

func parsed(t *testing.T, text string) *fhirjson.Value {
	t.Helper()
	v, err := fhirjson.Parse([]byte(text))
	mustDo(t, err)
	return v
}

// editAs changes a value and completes the event, by the tracker API as another
// user.
func (s *testServers) editAs(t *testing.T, username string, event, element dhis2.UID, value string) {
	t.Helper()
	const token = "d2p_secondUserOfTheSandboxNotASecret0000000"
	s.dhis2.SetUser(dhis2sandbox.User{User: dhis2.User{ID: dhis2.MustUID("SbxSecond01"), Username: username, FirstName: "Second", Surname: "Midwife"},
		Tokens: []string{token}, Authorities: []string{"ALL"}})
	doc := s.api(t, "GET", "/api/tracker/events/"+event.String(), token, nil)
	for _, v := range doc.Get("dataValues").Items() {
		if v.Get("dataElement").Str() == element.String() {
			v.Set("value", fhirjson.Text(value))
		}
	}
	doc.Set("status", fhirjson.Text("COMPLETED"))
	doc.Delete("completedBy")
	doc.Delete("completedAt")
	body, err := json.Marshal(map[string]any{"events": []map[string]any{decoded(t, doc)}})
	mustDo(t, err)
	if s.api(t, "POST", "/api/tracker?async=false&importStrategy=UPDATE", token, body) == nil {
		t.Fatal("the second user's edit was refused")
	}
}

func decoded(t *testing.T, v *fhirjson.Value) (out map[string]any) {
	t.Helper()
	mustDo(t, json.Unmarshal(v.Encode(), &out))
	return out
}

// api asks the DHIS2 sandbox; nil is an answer that is not 200.
func (s *testServers) api(t *testing.T, method, target, token string, body []byte) *fhirjson.Value {
	t.Helper()
	if token == "" {
		token = defaultToken
	}
	r, err := http.NewRequestWithContext(t.Context(), method, strings.TrimPrefix(s.env[0], "NEHRBRIDGE_DHIS2_URL=")+target, bytes.NewReader(body))
	mustDo(t, err)
	r.Header.Set("Authorization", "ApiToken "+token)
	r.Header.Set("Content-Type", "application/json")
	a, err := http.DefaultClient.Do(r)
	mustDo(t, err)
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	mustDo(t, err)
	if a.StatusCode != http.StatusOK {
		return nil
	}
	return parsed(t, string(text))
}
