package access_test

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/validate"
)

// TestWritten holds everything that the gate writes against the base
// specification: each kind of Consent and AuditEvent.
func TestWritten(t *testing.T) {
	v, err := validate.New(validate.Config{})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	w.everything()
	from := today.Add(-time.Hour)
	for _, s := range []access.Scope{{Episode: "enrolFirst1"}, {Episode: "Encounter/asha-visit-1", Sensitive: true}, {From: &from, To: &today, Types: []access.Class{access.Vitals, "Condition"}}} {
		w.grant(s)
		if _, err := w.gate.Hide(t.Context(), asha, access.Party{Facility: drSilva.Facility}, s); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.gate.Forward(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, typ := range []string{"Consent", "AuditEvent"} {
		found, err := w.client.Search(t.Context(), typ, url.Values{"_count": {"500"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range found.Resources {
			n++
			r.Get("meta").Delete("profile") // of BALP, which the validator does not have; TestBALP holds it
			for _, issue := range v.Validate(r.Encode()).Issues {
				if issue.Severity == "error" || issue.Severity == "fatal" {
					t.Errorf("%s: %s at %s: %s", typ, issue.Rule, issue.Location, r.Encode())
				}
			}
		}
	}
	if n < 30 {
		t.Errorf("%d resources were looked at", n)
	}
}

// TestBALP holds each event against what the profile that it claims demands
// (IHE BALP 1.1.3, the slices of agent and entity, by their types).
func TestBALP(t *testing.T) {
	type demand struct {
		typ, action      string
		agents, entities []string
	}
	const patient = "1/1"
	demands := map[string]demand{
		"PatientRead":              {"rest", "R", []string{"110152", "110153", "IRCP"}, []string{patient, "2/4"}},
		"PatientQuery":             {"rest", "E", []string{"110153", "110152", "IRCP"}, []string{patient, "2/24"}},
		"PatientCreate":            {"rest", "C", []string{"110153", "110152", "IRCP"}, []string{patient, "2/4"}},
		"PatientUpdate":            {"rest", "U", []string{"110153", "110152", "IRCP"}, []string{patient, "2/4"}},
		"PrivacyDisclosure.Source": {"110106", "R", []string{"110153", "110152", "IRCP"}, []string{patient, "2/3"}},
		"AuthZconsent":             {"110113", "E", []string{"110150", "IRCP", "PROV", "authserver"}, []string{patient, "Consent/"}},
	}
	w := newWorld(t)
	w.everything()
	if _, err := w.gate.Forward(t.Context()); err != nil {
		t.Fatal(err)
	}
	claimed := map[string]int{}
	for number, r := range w.events() {
		profiles := r.All("meta.profile")
		if len(profiles) == 0 {
			continue
		}
		name := strings.TrimPrefix(profiles[0].Str(), "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.")
		want, ok := demands[name]
		if !ok {
			t.Errorf("%s claims %s, which is none", number, name)
			continue
		}
		claimed[name]++
		if r.Get("type", "code").Str() != want.typ || r.Get("action").Str() != want.action {
			t.Errorf("%s (%s): type %s, action %s", number, name, r.Get("type", "code").Str(), r.Get("action").Str())
		}
		if name != "AuthZconsent" && r.Get("outcome").Str() != "0" {
			t.Errorf("%s (%s): is of what succeeded, and this did not", number, name)
		}
		agents := map[string]int{}
		for _, a := range r.Get("agent").Items() {
			code := a.All("type.coding")[0].Get("code").Str()
			agents[code]++
			if a.Get("who") == nil || a.Get("requestor").Kind() != fhirjson.True && code == "IRCP" {
				t.Errorf("%s (%s): agent %s", number, name, code)
			}
			if (code == "110152" || code == "110153" || code == "110150") != (a.Get("network") != nil) {
				t.Errorf("%s (%s): the network of agent %s", number, name, code)
			}
			if code == "authserver" && !fhirjson.Equal(a.Get("who"), r.Get("source", "observer")) {
				t.Errorf("%s: who decided is not who observed", number)
			}
		}
		for _, a := range want.agents {
			if agents[a] != 1 {
				t.Errorf("%s (%s): %d agents %s", number, name, agents[a], a)
			}
		}
		entities := map[string]int{}
		for _, e := range r.Get("entity").Items() {
			kind := e.Get("type", "code").Str() + "/" + e.Get("role", "code").Str()
			entities[kind]++
			if kind == "2/24" && (e.Get("query") == nil || e.Get("what") != nil || e.Get("detail") != nil) {
				t.Errorf("%s: the query is %s", number, e.Encode())
			}
			if kind == patient && !strings.HasPrefix(e.Get("what", "reference").Str(), "Patient/") {
				t.Errorf("%s: the patient is %s", number, e.Encode())
			}
		}
		for _, e := range want.entities {
			if entities[e] < 1 || e == patient && entities[e] != 1 {
				t.Errorf("%s (%s): %d entities %s", number, name, entities[e], e)
			}
		}
	}
	for name := range demands {
		if claimed[name] == 0 {
			t.Errorf("no event claims %s", name)
		}
	}
}

// events are the AuditEvents in the NEHR by the number of their entry.
func (w *world) events() map[string]*fhirjson.Value {
	w.t.Helper()
	found, err := w.client.Search(w.t.Context(), "AuditEvent", url.Values{"_count": {"200"}})
	if err != nil {
		w.t.Fatal(err)
	}
	by := map[string]*fhirjson.Value{}
	for _, r := range found.Resources {
		number := r.All("extension.extension")[0].Get("valueString").Str()
		if by[number] != nil {
			w.t.Errorf("entry %s was sent as two events", number)
		}
		by[number] = r
	}
	return by
}

// everything does each kind of thing once.
func (w *world) everything() {
	t := w.t
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	id := w.asked(access.Scope{Until: today.Add(time.Hour)})
	check(w.gate.Answer(ctx, asha, id, access.Scope{Until: today.Add(time.Hour)}, true))
	v := w.open(drPera, "Patient/asha")
	_, err := v.Record(ctx)
	check(err)
	_, err = v.Read(ctx, "Observation", "asha-bp-2")
	check(err)
	_, err = v.Search(ctx, "Observation", url.Values{"code": {"http://loinc.org|85354-9"}})
	check(err)
	_, err = v.Count(ctx, "Observation", nil)
	check(err)
	_, err = v.History(ctx, "Observation", "asha-bp-2")
	check(err)
	_, err = v.Binary(ctx, "asha-letter")
	check(err)
	check(v.Audit(ctx, access.ActionCreate, "DocumentReference/asha-document"))
	check(v.Audit(ctx, access.ActionUpdate, "Observation/asha-bp-2"))
	check(w.open(asha, "Patient/asha").Audit(ctx, access.ActionDisclose, ""))
	hidden, err := w.gate.Hide(ctx, asha, access.Party{}, access.Scope{Types: []access.Class{access.Problems}})
	check(err)
	check(w.gate.Revoke(ctx, asha, hidden))
	w.grant(access.Scope{})
	_, err = w.gate.Consents(ctx, asha, "Patient/asha")
	check(err)
	_, err = w.gate.BreakGlass(ctx, drSilva, "Patient/asha", access.EmergencyObstetric, "she bleeds and cannot be asked now")
	check(err)
	_, err = w.open(drSilva, "Patient/asha").Record(ctx)
	check(err)
	_, err = w.gate.Open(ctx, drSilva, "Patient/beni", access.Treatment)
	denied(t, err, access.ReasonNoRule)
	_, err = w.gate.Open(ctx, drSilva, "Patient/nobody-like-this", access.Treatment)
	denied(t, err, access.ReasonNoRule)
	_, err = w.gate.Open(ctx, access.Actor{}, "no reference", access.Treatment)
	denied(t, err, access.ReasonForeign)
	w.log(asha)
}

func TestForward(t *testing.T) {
	w := newWorld(t)
	w.everything()
	verdict, err := w.gate.Verify(t.Context())
	if err != nil || verdict.Broken != 0 {
		t.Fatalf("%+v, %v", verdict, err)
	}
	f, err := w.gate.Forward(t.Context())
	if err != nil || f.Refused != 0 || int64(f.Sent) != verdict.Entries {
		t.Fatalf("forwarded %+v, %v; want %d", f, err, verdict.Entries)
	}
	if again, err := w.gate.Forward(t.Context()); err != nil || again != (access.Forwarded{}) {
		t.Errorf("forwarded again: %+v, %v", again, err)
	}
	events := w.events()
	if int64(len(events)) != verdict.Entries {
		t.Errorf("%d events, want %d", len(events), verdict.Entries)
	}
	seen := map[string]int{}
	for number, r := range events {
		details := r.All("extension.extension")
		hash, action := details[1].Get("valueString").Str(), details[2].Get("valueString").Str()
		if hash[:40] != strings.TrimPrefix(r.Get("id").Str(), "log-") {
			t.Errorf("%s: the id is not of the hash", number)
		}
		if _, err := hex.DecodeString(hash); err != nil || len(hash) != 64 {
			t.Errorf("%s: the hash is %q", number, hash)
		}
		for _, need := range []string{"type", "subtype", "action", "recorded", "outcome", "agent", "source"} {
			if r.Get(need) == nil {
				t.Errorf("%s (%s): no %s", number, action, need)
			}
		}
		if len(r.Get("agent").Items()) < 2 {
			t.Errorf("%s (%s): %d agents", number, action, len(r.Get("agent").Items()))
		}
		text := string(r.Encode())
		for _, secret := range []string{"Secret-asha", "sub-of-", "session-", "bleeds", "85354-9", why} {
			if strings.Contains(text, secret) {
				t.Errorf("%s (%s): the event has %q", number, action, secret)
			}
		}
		if r.Get("outcome").Str() == "0" {
			seen[action]++
		} else if r.Get("outcomeDesc").Str() == "" {
			t.Errorf("%s: a refusal without a reason", number)
		}
		if action == "search" {
			query, err := base64.StdEncoding.DecodeString(r.All("entity.query")[0].Str())
			if err != nil || string(query) != "Observation?code=&patient=Patient%2Fasha" {
				t.Errorf("the query is %q, %v", query, err)
			}
		}
	}
	for _, action := range []access.Action{access.ActionOpen, access.ActionRecord, access.ActionRead, access.ActionHistory, access.ActionSearch, access.ActionCount, access.ActionBinary,
		access.ActionCreate, access.ActionUpdate, access.ActionDisclose, access.ActionAsk, access.ActionAnswer, access.ActionGrant, access.ActionHide, access.ActionRevoke,
		access.ActionConsents, access.ActionBreakGlass, access.ActionLog} {
		if seen[string(action)] == 0 {
			t.Errorf("%s: no event", action)
		}
	}
}

func TestForwardEmergencyIsMarked(t *testing.T) {
	w := newWorld(t)
	w.everything()
	if _, err := w.gate.Forward(t.Context()); err != nil {
		t.Fatal(err)
	}
	marked := 0
	for _, r := range w.events() {
		for _, c := range r.All("purposeOfEvent.coding") {
			if c.Get("code").Str() == "BTG" {
				marked++
			}
		}
	}
	if marked != 3 { // breaking it, opening, reading
		t.Errorf("%d events are marked as break-glass, want 3", marked)
	}
}

// TestForwardUnderFaults holds that each entry becomes one event, whatever goes
// wrong on the way.
func TestForwardUnderFaults(t *testing.T) {
	w := newWorld(t)
	w.everything()
	for range 60 {
		w.open(asha, "Patient/asha")
	}
	verdict, err := w.gate.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	batches := func(r *http.Request, _ []byte) bool { return r.Method == http.MethodPost }
	for _, kind := range []sandbox.FaultKind{sandbox.FailBefore, sandbox.FailAfter, sandbox.LoseAnswer, sandbox.CutBody, sandbox.DropEntry, sandbox.TooManyRequests, sandbox.HTML} {
		w.nehr.Break(7, sandbox.Fault{Kind: kind, Match: batches, Times: 1})
		if _, err := w.gate.Forward(t.Context()); err == nil {
			t.Errorf("%s: no error", kind)
		}
	}
	w.nehr.Break(0)
	if _, err := w.gate.Forward(t.Context()); err != nil {
		t.Fatal(err)
	}
	events := w.events()
	if int64(len(events)) != verdict.Entries {
		t.Errorf("%d events, want %d", len(events), verdict.Entries)
	}
	for number, r := range events {
		if v := r.Get("meta", "versionId").Str(); v != "1" {
			t.Errorf("entry %s was written %s times", number, v)
		}
	}
}

func TestForwardRefused(t *testing.T) {
	w := newWorld(t)
	w.open(asha, "Patient/asha")
	w.nehr.Break(1, sandbox.Fault{Kind: sandbox.FailBefore, Status: http.StatusUnprocessableEntity, Match: func(*http.Request, []byte) bool { return true }, Times: 1})
	if f, err := w.gate.Forward(t.Context()); err == nil || f.Sent != 0 {
		t.Errorf("a batch that is refused as a whole: %+v, %v", f, err)
	}
	if f, err := w.gate.Forward(t.Context()); err != nil || f.Sent != 1 {
		t.Errorf("after: %+v, %v", f, err)
	}
}
