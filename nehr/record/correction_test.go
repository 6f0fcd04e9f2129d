package record_test

import (
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/record"
)

// Each way in which DHIS2 takes back what it said.
func TestD080_Corrections(t *testing.T) {
	tests := []struct {
		name  string
		row   string
		to    func(*mother)
		gone  []string // types that must be entered in error
		stays []string
	}{
		{"true to false", "D-001, G2", func(m *mother) { m.cardiac = false }, []string{"Condition"}, []string{"Encounter", "Observation", "ServiceRequest", "Task"}},
		{"cleared value", "D-080", func(m *mother) { m.hb = "" }, []string{"Observation"}, []string{"Encounter", "Condition", "ServiceRequest", "Task"}},
		{"referral cleared", "D-080", func(m *mother) { m.referral = "" }, []string{"ServiceRequest", "Task"}, []string{"Encounter", "Condition", "Observation"}},
		{"un-completed", "D-080", func(m *mother) { m.completed = false }, ownedTypes, nil},
		{"moved to scheduled", "D-080", func(m *mother) { m.completed, m.planned = false, appointment("proposed", dayWindow) }, ownedTypes, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			worlds(t, func(w *world) {
				l := &ledger{w: w}
				m := w.healthy()
				w.counts(l.write(w.desired(m)), 7, 0, 0)
				ids := map[string]string{}
				for _, typ := range ownedTypes {
					ids[typ] = w.idOf(l, typ)
				}
				tt.to(&m)
				r := l.write(w.desired(m))
				if r.Retracted != len(tt.gone) || len(r.Others) != len(tt.gone) || !r.Changed() {
					w.Errorf("%d retracted, want %d: %+v", r.Retracted, len(tt.gone), r)
				}
				for _, typ := range tt.gone {
					want := "entered-in-error"
					if typ == "Condition" {
						want = "false entered-in-error" // con-5: no clinicalStatus
					}
					if got := w.status(typ, ids[typ]); got != want {
						w.Errorf("%s is %s", typ, got)
					}
				}
				for _, typ := range tt.stays {
					if got := w.read(typ, ids[typ]).Get("meta", "versionId").Str(); got != "1" {
						w.Errorf("%s has version %s, and nobody corrected it", typ, got)
					}
				}
				n := len(w.spy.transactions)
				l.write(w.desired(m))
				if len(w.spy.transactions) != n {
					w.Error("what is retracted was retracted again")
				}
				// It was true after all.
				l.write(w.desired(w.healthy()))
				for typ, want := range map[string]string{"Encounter": "finished", "Observation": "final", "Condition": "true confirmed", "ServiceRequest": "active", "Task": "requested"} {
					if got := w.status(typ, ids[typ]); got != want {
						w.Errorf("%s came back as %s, want %s", typ, got, want)
					}
				}
			})
		})
	}
}

const dayWindow = `,"requestedPeriod":[{"start":"2026-03-02","end":"2026-03-02"}]`

func TestD077_DeletedTrackedEntity(t *testing.T) {
	worlds(t, func(w *world) {
		registry := w.put("Patient", `{"resourceType":"Patient","active":true,"identifier":[`+ident(phn, "P"+w.run)+`],"name":[{"text":"Registry"}],"telecom":[{"system":"email","value":"a@example.org"}]}`)
		l := &ledger{w: w}
		l.write(w.desired(w.healthy()))
		ids := map[string]string{}
		for _, typ := range append(ownedTypes, "Practitioner") {
			ids[typ] = w.idOf(l, typ)
		}
		r := l.write(record.Desired{Deleted: true})
		if r.Retracted != len(ownedTypes) || len(r.Others) != len(ownedTypes)+1 {
			w.Errorf("got %+v", r)
		}
		for _, typ := range ownedTypes {
			if got := w.status(typ, ids[typ]); !strings.HasSuffix(got, "entered-in-error") {
				w.Errorf("%s is %s", typ, got)
			}
		}
		p := w.read("Patient", registry)
		if got := p.All("identifier.system"); len(got) != 1 || got[0].Str() != phn {
			w.Errorf("her number alone must stay of the identifiers: %s", p.Encode())
		}
		if p.Get("active").Scalar() != "true" || p.All("telecom.value")[0].Str() != "a@example.org" {
			w.Errorf("the registry's fields were touched: %s", p.Encode())
		}
		if got := w.read("Practitioner", ids["Practitioner"]).Get("meta", "versionId").Str(); got != "1" {
			w.Errorf("the shared Practitioner has version %s", got)
		}
		if len(l.bytes) != 0 {
			w.Error("something is still remembered of an entity that is gone")
		}
		n := len(w.spy.transactions)
		l.write(record.Desired{Deleted: true})
		if len(w.spy.transactions) != n {
			w.Error("a deletion was sent twice")
		}
	})
}

// Silence is no deletion: a user who lost a right sees less.
func TestD080_NothingDesiredIsNotDeleted(t *testing.T) {
	worlds(t, func(w *world) {
		l := &ledger{w: w}
		l.write(w.desired(w.healthy()))
		for name, d := range map[string]record.Desired{
			"empty":   {},
			"deleted": {Deleted: true, Entries: w.desired(w.healthy()).Entries},
		} {
			if _, err := l.try(w.writer, d); err == nil {
				w.Errorf("%s: written", name)
			}
		}
		if n := len(w.spy.transactions); n != 1 {
			w.Errorf("%d transactions, want 1", n)
		}
	})
}

// A cancelled enrollment takes its facts along; the woman stays as she is.
func TestD080_CancelledEnrollment(t *testing.T) {
	worlds(t, func(w *world) {
		l := &ledger{w: w}
		m := w.healthy()
		m.completed, m.planned = false, appointment("proposed", dayWindow)
		l.write(w.desired(m))
		id := w.idOf(l, "Appointment")
		m.planned = appointment("cancelled", dayWindow)
		l.write(w.desired(m))
		if got := w.status("Appointment", id); got != "cancelled" {
			w.Errorf("cancelled enrollment: the Appointment is %s", got)
		}
		m.planned = "" // deleted enrollment
		l.write(w.desired(m))
		a := w.read("Appointment", id)
		if a.Get("status").Str() != "entered-in-error" || a.Get("_start") == nil {
			w.Errorf("deleted enrollment: %s", a.Encode())
		}
		if p := w.read("Patient", w.idOf(l, "Patient")); p.Get("meta", "versionId").Str() != "1" {
			w.Errorf("the Patient was changed: %s", p.Encode())
		}
	})
}

func TestSecondUserTakesOverAVisit(t *testing.T) {
	worlds(t, func(w *world) {
		l := &ledger{w: w}
		m := w.healthy()
		l.write(w.desired(m))
		first := w.idOf(l, "Practitioner")
		m.user = "M"
		r := l.write(w.desired(m))
		if r.Created != 1 || r.Updated != 2 || r.Retracted != 0 {
			w.Errorf("got %+v", r)
		}
		second := "Practitioner/" + w.idOf(l, "Practitioner")
		if second == "Practitioner/"+first {
			w.Fatal("one Practitioner for two users")
		}
		if got := w.read("Observation", w.idOf(l, "Observation")).All("performer.reference")[0].Str(); got != second {
			w.Errorf("performed by %s, want %s", got, second)
		}
		if got := w.read("Practitioner", first).Get("meta", "versionId").Str(); got != "1" {
			w.Errorf("the first user's Practitioner has version %s", got)
		}
	})
}

// What DHIS2 knew of her and knows no more, which mapping says with a reason
// for its absence: it goes if it was ours, and stays if another system changed
// it since.
func TestD080_ClearedFieldOfThePatient(t *testing.T) {
	const known, unknown = `,"birthDate":"1990-01-01"`, `,"_birthDate":` + absent
	for name, changed := range map[string]bool{"ours": false, "changed by another": true} {
		t.Run(name, func(t *testing.T) {
			worlds(t, func(w *world) {
				l := &ledger{w: w}
				m := w.healthy()
				m.patient = known
				l.write(w.desired(m))
				id, want := w.idOf(l, "Patient"), ""
				if changed {
					stands := w.read("Patient", id)
					want = "1991-02-02"
					stands.Set("birthDate", fhirjson.Text(want))
					if _, err := w.client.Update(w.ctx, "Patient", id, stands.Encode(), ""); err != nil {
						t.Fatal(err)
					}
				}
				m.patient = unknown
				l.write(w.desired(m))
				stands := w.read("Patient", id)
				if got := stands.Get("birthDate").Str(); got != want || (want == "") != (stands.Get("_birthDate") != nil) {
					t.Errorf("a birth date stands: %t, want %t", got != "", want != "")
				}
			})
		})
	}
}
