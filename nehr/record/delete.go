package record

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// referring orders the types so that what refers to others goes before them.
var referring = []string{"Task", "Appointment", "DetectedIssue", "MedicationStatement", "Immunization", "Observation", "Condition", "Consent", "ServiceRequest", "Encounter"}

// delete deletes what the transaction has entered in error, one by one. It is no
// part of the transaction: HAPI, which refuses to delete what others refer to,
// deletes it in a transaction that also deletes one of those that refer to it,
// and leaves the rest with a reference to nothing. What is refused stays, and
// says of itself that it is an error.
func (w *Writer) delete(ctx context.Context, items []*item) error {
	var doomed []*item
	for _, t := range items {
		if t.remove {
			doomed = append(doomed, &item{index: t.index, Entry: t.Entry, id: t.id})
		}
	}
	if len(doomed) == 0 {
		return nil
	}
	slices.SortStableFunc(doomed, func(a, b *item) int {
		return cmp.Compare(slices.Index(referring, a.Type), slices.Index(referring, b.Type))
	})
	entries := fhirjson.List()
	for _, t := range doomed {
		entries.Append(fhirjson.Fields(fhirjson.F("request", fhirjson.Fields(
			fhirjson.F("method", fhirjson.Text("DELETE")),
			fhirjson.F("url", fhirjson.Text(t.Type+"/"+t.id)),
		))))
	}
	_, err := w.server.Transaction(ctx, fhirjson.Fields(
		fhirjson.F("resourceType", fhirjson.Text("Bundle")),
		fhirjson.F("type", fhirjson.Text("batch")),
		fhirjson.F("entry", entries),
	).Encode())
	if err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	// The answer to a deletion names nothing: only the server can say what is gone.
	if err := w.lookUp(ctx, doomed); err != nil {
		return fmt.Errorf("look for what was deleted: %w", err)
	}
	stands := map[string]bool{}
	for _, t := range doomed {
		stands[t.FullURL] = t.stands != nil
	}
	for _, t := range items {
		t.remove = t.remove && !stands[t.FullURL]
	}
	return nil
}
