package record_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/record"
)

// TestD079_Unaccounted: what stands under our identifiers and nobody remembers
// is found and taken back; what others wrote, what is an error already, and
// what a portal has taken up is not.
func TestD079_Unaccounted(t *testing.T) {
	worlds(t, func(w *world) {
		entity := "T" + w.run
		d := w.mother("10.5", `,"identifier":[`+ident(phn, "P"+w.run)+`,`+ident("urn:dhis2:trackedEntity", entity)+`]`)
		d.Entries[atPatient].Resource = []byte(strings.Replace(string(d.Entries[atPatient].Resource), `"identifier":[`+ident(phn, "P"+w.run)+`],`, "", 1))
		result, state, err := w.writer.Replace(w.ctx, d, record.State{}, nil)
		if err != nil {
			w.Fatal(err, outcome(err))
		}
		if found := w.unaccounted(entity, d, state); len(found) != 0 {
			w.Errorf("found %v of what was just written", found)
		}
		her := `"subject":{"reference":"Patient/` + result.Entries[atPatient].ID + `"}`
		fact := func(system, value, status string) string {
			return `{"resourceType":"Observation","identifier":[` + ident(system, value) + `],"status":"` + status + `","code":{"text":"x"},` + her + `}`
		}
		forgotten := w.put("Observation", fact("urn:dhis2:dataelement:uid", "F"+w.run+"-hb", "final"))
		twin := w.put("Observation", fact("urn:dhis2:dataelement:uid", "E"+w.run+"-hb", "final"))
		theirs := w.put("Observation", fact("urn:lab", "1"+w.run, "final"))
		w.put("Observation", fact("urn:dhis2:observation", "G"+w.run+"-blood-pressure", "entered-in-error"))
		task := w.put("Task", `{"resourceType":"Task","identifier":[`+ident(eventSys, "F"+w.run)+`],"status":"accepted","intent":"order","for":{"reference":"Patient/`+result.Entries[atPatient].ID+`"}}`)

		found := w.unaccounted(entity, d, state)
		var ids []string
		for _, f := range found {
			ids = append(ids, f.ID)
		}
		slices.Sort(ids)
		if want := []string{forgotten, twin}; !slices.Equal(ids, slices.Sorted(slices.Values(want))) {
			w.Fatalf("found %v, want %v", ids, want)
		}
		result, state, err = w.writer.Replace(w.ctx, d, state.Adopt(found), nil)
		if err != nil || result.Retracted != 2 || result.Created+result.Updated != 0 {
			w.Errorf("%+v, want the two taken back and nothing else written (%v %s)", result, err, outcome(err))
		}
		for id, want := range map[string]string{forgotten: "entered-in-error", twin: "entered-in-error", theirs: "final", result.Entries[atObservation].ID: "final"} {
			if got := w.read("Observation", id).Get("status").Str(); got != want {
				w.Errorf("Observation/%s is %s, want %s", id, got, want)
			}
		}
		if got := w.read("Task", task).Get("status").Str(); got != "accepted" {
			w.Errorf("the Task that a portal has taken up is %s", got)
		}
		if found := w.unaccounted(entity, d, state); len(found) != 0 {
			w.Errorf("afterwards found %v", found)
		}

		// A Patient of whom it is not known yet whether she was written is
		// accounted for by her number.
		unsure := record.State{Resources: slices.Clone(state.Resources)}
		for i := range unsure.Resources {
			if unsure.Resources[i].Type == "Patient" {
				unsure.Resources[i].ID = ""
			}
		}
		if found := w.unaccounted(entity, record.Desired{Deleted: true}, unsure); len(found) != 0 {
			w.Errorf("of an unsure state found %v", found)
		}

		// The ledger is lost, and she was deleted meanwhile.
		gone := record.Desired{Deleted: true}
		lost := w.unaccounted(entity, gone, record.State{})
		result, state, err = w.writer.Replace(w.ctx, gone, record.State{}.Adopt(lost), nil)
		if err != nil || result.Retracted != 2 || len(state.Resources) != 0 {
			w.Errorf("deleted after a loss: %+v (%v), want the Encounter and the Observation taken back", result, err)
		}
		patient := string(w.read("Patient", result.Others[0].ID).Encode())
		if strings.Contains(patient, "urn:dhis2:") || !strings.Contains(patient, "P"+w.run) || !strings.Contains(patient, "Test "+w.run) {
			w.Error("of the Patient the DHIS2 identifiers go and the rest stays")
		}
		if found := w.unaccounted(entity, gone, state); len(found) != 0 {
			w.Errorf("after the deletion found %v", found)
		}
	})
}

// TestUnaccountedNeedsAName: without one the search would find anybody.
func TestUnaccountedNeedsAName(t *testing.T) {
	w := sandboxWorld(t, record.ByID)
	if _, err := w.writer.Unaccounted(w.ctx, " ", record.Desired{}, record.State{}); err == nil {
		t.Error("a search without a tracked entity was sent")
	}
}

func (w *world) unaccounted(entity string, d record.Desired, before record.State) []record.Written {
	w.Helper()
	found, err := w.writer.Unaccounted(w.ctx, entity, d, before)
	if err != nil {
		w.Fatal(err, outcome(err))
	}
	return found
}
