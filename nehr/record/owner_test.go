package record_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/record"
)

// Two tracked entities are merged in DHIS2: the visits of the one, with their
// UIDs, are the other's from now on. In whatever order the two are written, the
// visits stand, with the woman who is left.
func TestD080_MergedTrackedEntities(t *testing.T) {
	for name, deletedFirst := range map[string]bool{"deletion first": true, "deletion last": false} {
		t.Run(name, func(t *testing.T) {
			worlds(t, func(w *world) {
				source, target := &ledger{w: w}, &ledger{w: w}
				m := w.healthy()
				source.write(w.desired(m))
				n := w.healthy()
				n.entity, n.phn, n.completed = "U", "Q", false
				target.write(w.desired(n))
				n.completed = true
				steps := []func(){
					func() { source.write(record.Desired{Deleted: true}) },
					func() { target.write(w.desired(n)) },
				}
				if !deletedFirst {
					slices.Reverse(steps)
				}
				for _, step := range steps {
					step()
				}
				patient := "Patient/" + w.idOf(target, "Patient")
				for _, typ := range ownedTypes {
					v := w.read(typ, w.idOf(target, typ))
					status := v.Get("status").Str() + strings.Join(scalars(v.All("verificationStatus.coding.code")), "")
					if strings.Contains(status, "entered-in-error") {
						w.Errorf("%s is retracted", typ)
					}
					if got := v.Get("subject", "reference").Str() + v.Get("for", "reference").Str(); got != patient {
						w.Errorf("%s is of %s, want %s", typ, got, patient)
					}
				}
			})
		})
	}
}

func scalars(all []*fhirjson.Value) (text []string) {
	for _, v := range all {
		text = append(text, v.Scalar())
	}
	return text
}

// A registry merges two of its records and moves what refers to the one: what is
// no longer true is still found, and taken back.
func TestRetractionAfterTheRegistryMovedTheSubject(t *testing.T) {
	worlds(t, func(w *world) {
		l := &ledger{w: w}
		m := w.healthy()
		l.write(w.desired(m))
		other := w.put("Patient", `{"resourceType":"Patient","identifier":[`+ident(phn, "R"+w.run)+`]}`)
		id := w.idOf(l, "Condition")
		v := w.read("Condition", id)
		v.Delete("meta")
		v.Set("subject", parse(w.T, `{"reference":"Patient/`+other+`"}`))
		w.put("Condition", string(v.Encode()))
		m.cardiac = false
		l.write(w.desired(m))
		if got := w.status("Condition", id); got != "false entered-in-error" {
			w.Errorf("got %s", got)
		}
	})
}

// A document that says nothing of the woman herself takes nothing from her
// record, and what is known of it is not forgotten.
func TestPatientOfWhomNothingIsSaidStays(t *testing.T) {
	worlds(t, func(w *world) {
		l := &ledger{w: w}
		l.write(w.desired(w.healthy()))
		patient, condition := w.idOf(l, "Patient"), w.idOf(l, "Condition")
		d := w.desired(w.healthy())
		l.write(record.Desired{Entries: d.Entries[1:2]}) // the Practitioner
		if got := w.status("Condition", condition); got != "false entered-in-error" {
			w.Errorf("the Condition is %s", got)
		}
		if v := w.read("Patient", patient); v.Get("meta", "versionId").Str() != "1" || w.idOf(l, "Patient") != patient {
			w.Errorf("the Patient was changed or forgotten: %s", v.Encode())
		}
		l.write(record.Desired{Deleted: true})
		if got := w.identifiers(w.read("Patient", patient)); got != phn+"|P" {
			w.Errorf("deleted, she has %s", got)
		}
	})
}

// A difference that somebody planted at the server is named before anything is
// sent, by fields and without values, and then repaired.
func TestPlanNamesWhatDiffers(t *testing.T) {
	worlds(t, func(w *world) {
		l := &ledger{w: w}
		m := w.healthy()
		l.write(w.desired(m))
		v := w.read("Observation", w.idOf(l, "Observation"))
		v.Delete("meta")
		v.Set("valueQuantity", parse(w.T, `{"value":1,"unit":"g/dL"}`))
		w.put("Observation", string(v.Encode()))
		m.cardiac, m.user = false, "M"
		n := len(w.spy.transactions)
		plan, err := w.writer.Plan(w.ctx, w.desired(m), l.state())
		if err != nil {
			w.Fatal(err)
		}
		if len(w.spy.transactions) != n {
			w.Error("a plan was sent")
		}
		var got []string
		for _, c := range plan.Changes() {
			got = append(got, c.Type+" "+string(c.Action)+" "+strings.Join(c.Fields, " "))
		}
		slices.Sort(got)
		want := []string{
			"Condition retracted clinicalStatus verificationStatus",
			"Encounter updated participant",
			"Observation updated performer valueQuantity",
			"Practitioner created ",
		}
		for i := range got { // the order of fields is that of the server
			f := strings.Fields(got[i])
			slices.Sort(f[min(2, len(f)):])
			got[i] = strings.Join(f[:2], " ") + " " + strings.Join(f[2:], " ")
		}
		if !slices.Equal(got, want) {
			w.Errorf("got %q, want %q", got, want)
		}
		if plan.Empty() || len(plan.Pending().Resources) != 8 {
			w.Errorf("pending are %d resources, want the 7 before and the new Practitioner", len(plan.Pending().Resources))
		}
		if _, s, err := plan.Send(w.ctx); err != nil || len(s.Resources) != 6 {
			w.Errorf("%d resources are known after it, want 6 (%v)", len(s.Resources), err)
		}
		again, err := w.writer.Plan(w.ctx, w.desired(m), l.state())
		if err != nil || !again.Empty() || len(again.Changes()) != 0 {
			w.Errorf("after it, %v still differs (%v)", again.Changes(), err)
		}
	})
}
