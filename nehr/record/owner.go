package record

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// Whose is what stands? Before something is taken back, it has to be sure that
// it is still this entity's, and no portal's.

// addStrays adds the records that were written for a Patient whom her number
// finds no more: the registry has given it to another of its records, and they
// are not hers. A record that still has the number is hers, whatever the search
// says: its index may lag behind.
func (w *Writer) addStrays(ctx context.Context, items []*item) ([]*item, error) {
	for _, t := range items {
		if t.Type != "Patient" || t.fate != write || t.was == nil || t.was.ID == "" || t.was.ID == t.id {
			continue
		}
		stray := &item{
			index: -1, fate: move, id: t.was.ID, was: t.was, written: t.written, before: t.was.Before,
			Entry: &Entry{FullURL: nehr.FullURL("Patient", nehr.Key{System: "id", Value: t.was.ID}), Type: "Patient", Identifier: t.Identifier},
		}
		if err := w.lookUp(ctx, []*item{stray}); err != nil {
			return nil, fmt.Errorf("look up: %w", err)
		}
		if t.stands == nil && stray.stands != nil && holds(stray.stands, t.Identifier) {
			t.stands, t.id = stray.stands, stray.id
			continue
		}
		t.was, t.before = nil, nil // to this record nothing was written yet
		items = append(items, stray)
	}
	return items, nil
}

// dropForeign leaves out what another tracked entity has taken over: two that
// were merged in DHIS2 leave the visits of the one, with their UIDs, to the
// other, and who was deleted must not retract them. A subject alone does not
// decide: a registry that merges records moves subjects too.
func (w *Writer) dropForeign(ctx context.Context, items []*item) ([]*item, error) {
	items = slices.DeleteFunc(items, func(t *item) bool { return t.fate == move && t.stands != nil && !t.wasWritten() })
	mine := map[string]bool{} // references to Patients
	var entities []string
	for _, t := range items {
		if t.Type != "Patient" {
			continue
		}
		mine["Patient/"+t.id] = t.id != ""
		if t.was != nil && t.was.ID != "" {
			mine["Patient/"+t.was.ID] = true
		}
		entities = append(entities, trackedEntities(t.ours)...)
		for _, said := range t.written {
			entities = append(entities, trackedEntities(said)...)
		}
	}
	strange := map[string]*item{}
	for _, t := range items {
		if s := t.strangeSubject(mine); s != "" && strange[s] == nil {
			id := strings.TrimPrefix(s, "Patient/")
			strange[s] = &item{Entry: &Entry{Type: "Patient"}, id: id}
		}
	}
	if len(strange) == 0 {
		return items, nil
	}
	var patients []*item
	for _, p := range strange {
		patients = append(patients, p)
	}
	if err := w.lookUp(ctx, patients); err != nil {
		return nil, fmt.Errorf("look up: %w", err)
	}
	return slices.DeleteFunc(items, func(t *item) bool {
		p := strange[t.strangeSubject(mine)]
		if p == nil {
			return false
		}
		theirs := trackedEntities(p.stands)
		return len(theirs) > 0 && !slices.ContainsFunc(theirs, func(e string) bool { return slices.Contains(entities, e) })
	}), nil
}

// wasWritten tells whether a Patient who is desired no more has anything of this
// entity. A write that never arrived leaves nothing there, and what stands may
// be what another woman, or the registry, says in the same words.
func (t *item) wasWritten() bool {
	var mine []string
	for _, said := range t.written {
		mine = append(mine, trackedEntities(said)...)
	}
	claims := trackedEntities(t.stands)
	switch {
	case slices.ContainsFunc(claims, func(e string) bool { return slices.Contains(mine, e) }):
		return true
	case len(claims) > 0 && len(mine) > 0:
		return false
	}
	// Nobody claims it: it stood when we wrote to it, or we do not know better.
	return t.was.ID != "" || len(mine) == 0
}

// strangeSubject is the Patient of a resource to be taken back, when it is none
// of this entity's; else empty.
func (t *item) strangeSubject(mine map[string]bool) string {
	if t.stands == nil || t.fate != retract && t.fate != fulfil {
		return ""
	}
	for _, path := range []string{"subject", "patient", "for", "participant.actor"} {
		for _, r := range t.stands.All(path) {
			if s := r.Get("reference").Str(); strings.HasPrefix(s, "Patient/") {
				if mine[s] {
					return ""
				}
				return s
			}
		}
	}
	return ""
}

// touched tells whether a portal has written into a Task or an Appointment: what
// it wrote is not ours to delete.
func touched(stands *fhirjson.Value) bool {
	switch status := stands.Get("status").Str(); stands.Get("resourceType").Str() {
	case "Task":
		return stands.Get("output") != nil || status != "draft" && status != "requested" && status != "received"
	case "Appointment":
		return stands.Get("comment") != nil || status != "proposed" && status != "booked" && status != "cancelled"
	}
	return false
}
