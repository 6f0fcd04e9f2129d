package clinician_test

import (
	"os"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/record"
)

// TestTheAgentUndoesNothing: after each answer the agent writes the same entity again,
// as it does whenever something of her changes in DHIS2: state, reason, visit and letter
// stay as the specialist wrote them.
func TestTheAgentUndoesNothing(t *testing.T) {
	w := start(t, true)
	writer, err := record.New(record.Config{Server: w.nehr, Validate: func([]byte) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	sync := func(reason string) {
		t.Helper()
		if _, err := writer.Write(t.Context(), w.desired(reason)); err != nil {
			t.Fatal(err)
		}
	}
	sync("as it was")
	b := w.atWork()
	b.submit("/inbox", "/inbox/open")
	answer := func(with string, fields ...string) {
		t.Helper()
		before := w.read("Task", task).Get("meta", "versionId").Str()
		b.submitTo(b.get("/referral"), "/referral", with, fields...)
		written := w.read("Task", task)
		if written.Get("meta", "versionId").Str() == before {
			t.Fatalf("%v: nothing was written", fields)
		}
		sync("after " + fields[1])
		after := w.read("Task", task)
		for _, name := range []string{"status", "statusReason", "businessStatus", "executionPeriod", "output", "owner", "lastModified"} {
			if !fhirjson.Equal(written.Get(name), after.Get(name)) {
				t.Errorf("after %s the agent made %s %s of %s", fields[1], name, after.Get(name).Encode(), written.Get(name).Encode())
			}
		}
		if got := w.read("ServiceRequest", "ced9969e-e2f8-5f82-86fe-eac7ea1cf240").All("reasonCode.text")[0].Str(); got != "after "+fields[1] {
			t.Errorf("the agent did not write: %q", got)
		}
	}
	answer("accept", "do", "accept")
	answer("when", "do", "schedule", "when", "2025-09-08T14:30")
	answer("findings", "do", "complete", "findings", "Pressure is high", "advice", "Come back")
	visits, err := w.nehr.Search(t.Context(), "Appointment", map[string][]string{"patient": {w.record}, "status": {"booked"}})
	if err != nil || len(visits.Resources) != 1 || visits.Resources[0].Get("start").Str() != "2025-09-08T14:30:00+05:30" {
		t.Errorf("booked: %v %v", visits, err)
	}
}

// desired is what the agent wants of the mother, with another reason for her referral.
func (w *world) desired(reason string) record.Desired {
	w.t.Helper()
	raw, err := os.ReadFile("../../../golden/lk-whole-journey/want.json")
	if err != nil {
		w.t.Fatal(err)
	}
	bundle, err := fhirjson.Parse(raw)
	if err != nil {
		w.t.Fatal(err)
	}
	var d record.Desired
	for _, e := range bundle.Get("entry").Items() {
		r, target := e.Get("resource"), strings.NewReplacer("%3A", ":", "%2F", "/", "%7C", "|").Replace(e.Get("request", "url").Str())
		switch r.Get("resourceType").Str() {
		case "Task":
			r.Set("owner", fhirjson.Fields(fhirjson.F("reference", fhirjson.Text("Organization/hospital"))))
		case "ServiceRequest":
			r.Set("reasonCode", fhirjson.List(fhirjson.Fields(fhirjson.F("text", fhirjson.Text(reason)))))
		}
		var key record.Identifier
		for _, i := range r.Get("identifier").Items() {
			one := record.Identifier{System: i.Get("system").Str(), Value: i.Get("value").Str()}
			if one.Value != "" && (key.Value == "" || strings.Contains(target, one.System+"|"+one.Value)) {
				key = one
			}
		}
		r.Delete("id")
		d.Entries = append(d.Entries, record.Entry{FullURL: e.Get("fullUrl").Str(), Type: r.Get("resourceType").Str(), Resource: r.Encode(),
			Owned: !strings.Contains(target, "?"), Identifier: key})
	}
	return d
}
