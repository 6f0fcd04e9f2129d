package record

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// What stands under this system's identifiers although nobody remembers having
// written it: after a restored or lost ledger, or put there by hand.

// factSystems are the systems of identifiers by which facts of this system are
// known; no other writes under them.
var factSystems = []string{
	nehr.SystemDHIS2Event, nehr.SystemDHIS2DataElementUID, nehr.SystemDHIS2Observation, nehr.SystemDHIS2Course,
	nehr.SystemDHIS2Attribute, nehr.SystemDHIS2Issue,
}

// Unaccounted gives what the server holds of a tracked entity and nobody
// accounts for: resources under the identifiers of this system about a Patient
// who says that she is this tracked entity, which neither d nor before knows,
// and such a Patient herself where the entity is deleted or has another record.
// What says already that it is an error, and what a portal has written into, is
// left out. Added to the state (see [State.Adopt]) it is withdrawn by the next
// plan. Whether it belongs to another entity by now is for the caller to find
// out. The errors are those of a look-up.
func (w *Writer) Unaccounted(ctx context.Context, trackedEntity string, d Desired, before State) ([]Written, error) {
	if blank(trackedEntity) {
		return nil, fmt.Errorf("look for what nobody accounts for: %w", client.ErrEmptyCondition)
	}
	claims := Identifier{trackedEntitySystem, trackedEntity}
	found, err := w.server.Search(ctx, "Patient", url.Values{"identifier": {client.Token(claims.System, claims.Value)}})
	if err != nil {
		return nil, fmt.Errorf("look for what nobody accounts for: %w", err)
	}
	known := accounted(d, before)
	var out []Written
	var queries []*query
	for _, p := range found.Resources {
		id := p.Get("id").Str()
		// A registry that merges records moves facts of others here as well:
		// whose they are can no longer be told.
		if id == "" || !holds(p, claims) || merged(p) {
			continue
		}
		if !known["Patient/"+id] && !desires(d, p) && !before.mayBe(p) {
			out = append(out, strayPatient(p))
		}
		for _, typ := range referring {
			queries = append(queries, &query{typ: typ, params: url.Values{
				"patient": {"Patient/" + id}, "identifier": {strings.Join(factSystems, "|,") + "|"}, "_count": {"200"},
			}})
		}
	}
	if err := w.batch(ctx, queries); err != nil {
		return nil, fmt.Errorf("look for what nobody accounts for: %w", err)
	}
	for _, q := range queries {
		for _, r := range q.found {
			if s, stray := w.stray(r, known); stray {
				out = append(out, s)
			}
		}
	}
	return out, nil
}

// accounted are the resources that are desired or known to be written, as
// Type/id and, where the server chooses ids, as Type system|value.
func accounted(d Desired, before State) map[string]bool {
	known := map[string]bool{}
	note := func(typ, fullURL, id string, key Identifier) {
		known[typ+"/"+strings.TrimPrefix(fullURL, "urn:uuid:")] = true
		known[typ+"/"+id] = true
		known[typ+" "+key.System+"|"+key.Value] = true
	}
	for i := range d.Entries {
		note(d.Entries[i].Type, d.Entries[i].FullURL, "", d.Entries[i].Identifier)
	}
	for i := range before.Resources {
		r := &before.Resources[i]
		note(r.Type, r.FullURL, r.ID, r.Identifier)
	}
	return known
}

// merged tells whether a registry has merged another record into a Patient.
func merged(patient *fhirjson.Value) bool {
	return slices.ContainsFunc(patient.Get("link").Items(), func(l *fhirjson.Value) bool { return l.Get("type").Str() == "replaces" })
}

// desires tells whether a Patient is the one who is desired.
func desires(d Desired, patient *fhirjson.Value) bool {
	return slices.ContainsFunc(d.Entries, func(e Entry) bool { return e.Type == "Patient" && holds(patient, e.Identifier) })
}

// mayBe tells whether a Patient is one whom the state knows by her number alone:
// whether she was written is not known yet.
func (s State) mayBe(patient *fhirjson.Value) bool {
	return slices.ContainsFunc(s.Resources, func(r Written) bool {
		return r.Type == "Patient" && r.ID == "" && holds(patient, r.Identifier)
	})
}

// strayPatient is a Patient of whom nothing is known but that she has our
// identifiers: they alone are taken for ours.
func strayPatient(p *fhirjson.Value) Written {
	ours := fhirjson.List()
	var key Identifier
	for _, i := range p.Get("identifier").Items() {
		if strings.HasPrefix(i.Get("system").Str(), dhis2Systems) {
			ours.Append(i.Clone())
		} else if key == (Identifier{}) && value(i) != "" {
			key = Identifier{i.Get("system").Str(), value(i)}
		}
	}
	id := p.Get("id").Str()
	return Written{
		FullURL: nehr.FullURL("Patient", nehr.Key{System: "id", Value: id}), Type: "Patient", Identifier: key, ID: id,
		Bodies: [][]byte{fhirjson.Fields(fhirjson.F("resourceType", fhirjson.Text("Patient")), fhirjson.F("identifier", ours)).Encode()},
	}
}

// stray makes a resource that was found one to be withdrawn.
func (w *Writer) stray(r *fhirjson.Value, known map[string]bool) (Written, bool) {
	typ, id := r.Get("resourceType").Str(), r.Get("id").Str()
	var key Identifier
	for _, i := range r.Get("identifier").Items() {
		if slices.Contains(factSystems, i.Get("system").Str()) && value(i) != "" {
			key = Identifier{i.Get("system").Str(), value(i)}
			break
		}
	}
	switch {
	case id == "" || key.Value == "" || known[typ+"/"+id] || touched(r):
		return Written{}, false
	case w.mode == Conditional && known[typ+" "+key.System+"|"+key.Value]:
		return Written{}, false
	}
	t := &item{Entry: &Entry{Type: typ}, stands: r, id: id}
	if t.enterInError(nil) != nil || t.next == nil {
		return Written{}, false // cannot be retracted, or was
	}
	// The name that it has when it is desired once more; one that stands at an
	// id of nobody's choice has none.
	full := "urn:uuid:" + id
	if _, named := uuidOf(full); w.mode == Conditional {
		full = nehr.FullURL(typ, nehr.Key(key))
	} else if !named {
		full = nehr.FullURL(typ, nehr.Key{System: "id", Value: id})
	}
	return Written{FullURL: full, Type: typ, Identifier: key, Owned: true, ID: id}, true
}

// Adopt is the state with what was unaccounted for. It goes first: of several
// Patients the last is hers.
func (s State) Adopt(found []Written) State {
	return State{Resources: slices.Concat(found, s.Resources)}
}
