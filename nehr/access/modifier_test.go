package access_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/access"
)

// TestReferralThatAuthorizesNobody: a referral lets in by being an order to act, and by
// nothing that only looks like one.
func TestReferralThatAuthorizesNobody(t *testing.T) {
	const request = `{"resourceType":"ServiceRequest","id":"r","status":"active","intent":"order","subject":{"reference":"Patient/asha"},"authoredOn":"2026-03-01","requester":{"reference":"Practitioner/midwife"},"performer":[{"reference":"Organization/general"}]%s}`
	const task = `{"resourceType":"Task","id":"r","status":"requested","intent":"order","for":{"reference":"Patient/asha"},"authoredOn":"2026-03-01","requester":{"reference":"Practitioner/midwife"},"owner":{"reference":"Organization/general"}%s}`
	intent := func(form, code string) string {
		return strings.Replace(form, `"intent":"order"`, `"intent":"`+code+`"`, 1)
	}
	for _, test := range []struct {
		name, form, more string
		want             bool
	}{
		{"an order", request, "", true}, {"a task", task, "", true},
		{"an order that was derived", intent(request, "filler-order"), "", true},
		{"her own directive", intent(request, "directive"), "", true},
		{"a proposal", intent(request, "proposal"), "", false},
		{"a plan", intent(request, "plan"), "", false},
		{"an option", intent(task, "option"), "", false},
		{"a task of no known intent", intent(task, "unknown"), "", false},
		{"an order not to do it", request, `,"doNotPerform":true`, false},
		{"an order that may be done", request, `,"doNotPerform":false`, true},
		{"an order in another meaning", request, `,"modifierExtension":[{"url":"urn:x","valueBoolean":true}]`, false},
		{"a task in another meaning", task, `,"modifierExtension":[{"url":"urn:x","valueBoolean":true}]`, false},
		{"by rules that nobody knows", task, `,"implicitRules":"urn:x"`, false},
		{"a task for a time that is over", task, `,"restriction":{"period":{"end":"2026-03-01"}}`, false},
		{"a task for a time that is not", task, `,"restriction":{"period":{"end":"2026-03-02"}}`, true},
		{"a task for a time that cannot be read", task, `,"restriction":{"period":{"end":"2026-02-30"}}`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.put(fmt.Sprintf(test.form, test.more))
			_, err := w.gate.Open(t.Context(), drPera, "Patient/asha", access.Treatment)
			if test.want && err != nil {
				t.Errorf("refused: %v", err)
			} else if !test.want {
				denied(t, err, access.ReasonNoRule)
			}
		})
	}
}

// TestForwardPastDamage: an entry that cannot be read any more keeps those after it
// from nothing.
func TestForwardPastDamage(t *testing.T) {
	w := newWorld(t)
	for range 60 {
		w.open(asha, "Patient/asha")
	}
	w.sql("UPDATE access_log SET entry = 'damaged' WHERE seq IN (3, 55)")
	f, err := w.gate.Forward(t.Context())
	if err != nil || f.Sent != 58 || f.Refused != 2 {
		t.Errorf("forwarded %+v, %v", f, err)
	}
	if again, err := w.gate.Forward(t.Context()); err != nil || again != (access.Forwarded{}) {
		t.Errorf("again: %+v, %v", again, err)
	}
	if events := w.events(); len(events) != 58 || events["3"] != nil {
		t.Errorf("%d events", len(events))
	}
	if verdict, err := w.gate.Verify(t.Context()); err != nil || verdict.Broken != 3 {
		t.Errorf("verify: %+v, %v", verdict, err)
	}
	if c, found := compared(t, w.gate); len(found) != 2 || found[0] != "changed 03" || found[1] != "changed 55" || c.Refused != 0 {
		t.Errorf("compared: %+v %v", c, found)
	}
}
