package authored_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/nehr/portal/authored"
)

func TestSignObservation(t *testing.T) {
	w := start(t)
	c := haemoglobin("9.8")
	c.Referral, c.Text = "ServiceRequest/request", "Venous blood"
	v, id := w.draft(c)
	if w.writes.Load() > 8 {
		t.Error("a draft was written to the record")
	}
	before := w.writes.Load()
	e := w.sign(v, id, authored.Signed)
	if e.Version != 1 || !e.Replied {
		t.Errorf("entry %+v", e)
	}
	o := w.only("Observation")
	for path, want := range map[string]string{
		"status": "final", "code.coding.code": "718-7", "code.coding.display": "Hemoglobin [Mass/volume] in Blood", "category.coding.code": "laboratory",
		"subject.reference": "Patient/asha", "effectiveDateTime": "2026-03-02", "issued": "2026-03-02T09:00:00+05:30",
		"valueQuantity.code": "g/dL", "note.text": "Venous blood", "identifier.system": authored.SystemEntry, "identifier.value": id,
		"device.identifier.value": "portal.example", "meta.profile": "http://fhir.health.gov.lk/ips/StructureDefinition/generic-observation",
	} {
		if got := o.All(path); len(got) != 1 || got[0].Str() != want {
			t.Errorf("%s = %v, want %s", path, got, want)
		}
	}
	if got := o.Get("valueQuantity", "value").Scalar(); got != "9.8" {
		t.Errorf("value %s", got)
	}
	visit := w.only("Encounter")
	if o.Get("encounter", "reference").Str() != "Encounter/"+visit.Get("id").Str() || visit.All("basedOn.reference")[0].Str() != "ServiceRequest/request" {
		t.Errorf("visit: %s", visit.Encode())
	}
	p := w.only("Provenance")
	if p.All("target.reference")[0].Str() != "Observation/"+o.Get("id").Str() || p.All("agent.who.reference")[0].Str() != pera.Person ||
		p.All("agent.who.reference")[1].Str() != pera.Role || p.All("agent.onBehalfOf.reference")[0].Str() != pera.Facility || p.Get("recorded").Str() != "2026-03-02T09:00:00+05:30" {
		t.Errorf("provenance: %s", p.Encode())
	}
	want := []authored.ReplyText{{Entry: id, Version: 1, TrackedEntity: "Teasha00001", Event: "EvRequest01", Enrollment: "Enasha00001",
		Author: "Dr Pera", Facility: "General Hospital", Day: "2026-03-02", Text: "2 Mar 2026: Haemoglobin (iron in the blood): 9.8 g/dL. Venous blood"}}
	if d := cmp.Diff(want, w.replies); d != "" {
		t.Errorf("reply (-want +got):\n%s", d)
	}
	// The same form again.
	w.sign(v, id, authored.Signed)
	if n := w.writes.Load() - before; n != 1 || len(w.replies) != 1 {
		t.Errorf("%d transactions, %d replies, want one of each", n, len(w.replies))
	}
}
