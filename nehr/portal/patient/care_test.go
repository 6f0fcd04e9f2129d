package patient_test

import (
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// TestSheReadsTheAnswerToHerReferral: what the specialist wrote back stands beside the
// steps, and so does the reason of one that was declined.
func TestSheReadsTheAnswerToHerReferral(t *testing.T) {
	text := func(s string) *fhirjson.Value { return fhirjson.Fields(fhirjson.F("text", fhirjson.Text(s))) }
	for status, want := range map[string][]string{
		"completed": {"What was found", "Pressure is high", "What you are advised", "Come back in a week", `aria-current="step">Done`},
		"rejected":  {"What the hospital wrote", "No bed here", "Ended"},
	} {
		t.Run(status, func(t *testing.T) {
			w := start(t, func(r *fhirjson.Value) {
				if r.Get("resourceType").Str() != "Task" {
					return
				}
				r.Set("status", fhirjson.Text(status))
				if status == "rejected" {
					r.Set("statusReason", text("No bed here"))
					return
				}
				r.Set("output", fhirjson.List(
					fhirjson.Fields(fhirjson.F("type", text("Findings")), fhirjson.F("valueString", fhirjson.Text("Pressure is high"))),
					fhirjson.Fields(fhirjson.F("type", text("Advice")), fhirjson.F("valueString", fhirjson.Text("Come back in a week")))))
			})
			w.own(w.record, her)
			b := w.visitor()
			b.signIn(her)
			contains(t, "/care", b.get("/care").body, want...)
		})
	}
}
