package record

import (
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// noteBefore remembers, of a Patient that this system writes to for the first
// time, the fields that it is about to write. If the number turns out to be
// another woman's, that is what her record gets back. A record that names our
// tracked entity already was written by us before, and teaches nothing.
func (t *item) noteBefore() {
	// A record that was only about to be created may be the registry's by now.
	known := t.was != nil && t.was.ID != "" || len(t.Written) > 0
	if t.Type != "Patient" || known || len(t.before) > 0 {
		return
	}
	for _, mine := range trackedEntities(t.ours) {
		if slices.Contains(trackedEntities(t.stands), mine) {
			return
		}
	}
	before := fhirjson.Fields()
	for _, m := range t.ours.Members() {
		name := strings.TrimPrefix(m.Name, "_")
		for _, n := range []string{name, "_" + name} {
			if v := t.stands.Get(n); v != nil && name != "resourceType" && name != "id" {
				before.Set(n, v.Clone())
			}
		}
	}
	strip(before)
	t.before = before.Encode()
}

// release is a Patient without anything of this entity: what it said and what
// nobody changed since goes, and what stood there before comes back. The number
// stays, and so does active: the record is the registry's.
func release(t *item) *fhirjson.Value {
	next := t.stands.Clone()
	strip(next)
	before, err := fhirjson.Parse(t.before)
	if err != nil {
		before = nil
	}
	for _, said := range t.written {
		for _, m := range said.Members() {
			switch m.Name {
			case "resourceType", "id", "active":
			case "meta":
				for _, p := range m.Value.Get("profile").Items() {
					if !contains(before.Get("meta", "profile"), fhirjson.List(p)) {
						dropProfile(next, p)
					}
				}
			case "identifier":
				t.releaseIdentifiers(next, said, before)
			default:
				releaseField(next, before, m.Name, m.Value)
			}
		}
	}
	strip(next)
	return next
}

// releaseIdentifiers takes out the identifiers that we wrote, other than the
// number that the record is found by and those that stood there before.
func (t *item) releaseIdentifiers(next, said, before *fhirjson.Value) {
	list := slices.Clone(next.Get("identifier").Items())
	theirs := before.Get("identifier").Items()
	for _, w := range said.Get("identifier").Items() {
		own := strings.HasPrefix(w.Get("system").Str(), dhis2Systems)
		key := !own && w.Get("system").Str() == t.Identifier.System && value(w) == t.Identifier.Value
		if key || !own && slices.ContainsFunc(theirs, sameValue(w)) {
			continue
		}
		list = slices.DeleteFunc(list, sameValue(w))
	}
	for _, b := range theirs { // those that ours had replaced
		if !slices.ContainsFunc(list, func(o *fhirjson.Value) bool { return sameValue(b)(o) || sameSystem(b, o) }) {
			list = append(list, b.Clone())
		}
	}
	setList(next, "identifier", list)
}

// releaseField takes out a field that we wrote. Of a list it is our entries that
// go: others may have added theirs.
func releaseField(next, before *fhirjson.Value, name string, said *fhirjson.Value) {
	stands, stood := next.Get(name), before.Get(name)
	if stands == nil {
		return
	}
	if said.Kind() != fhirjson.Array || stands.Kind() != fhirjson.Array {
		if fhirjson.Equal(stands, said) {
			next.Set(name, stood.Clone())
		}
		return
	}
	list := slices.Clone(stands.Items())
	for _, o := range said.Items() {
		list = slices.DeleteFunc(list, func(s *fhirjson.Value) bool { return fhirjson.Equal(s, o) })
	}
	for _, b := range stood.Items() {
		if !slices.ContainsFunc(list, func(s *fhirjson.Value) bool { return fhirjson.Equal(s, b) }) {
			list = append(list, b.Clone())
		}
	}
	setList(next, name, list)
}

func dropProfile(v, profile *fhirjson.Value) {
	keep := slices.DeleteFunc(slices.Clone(v.Get("meta", "profile").Items()), func(p *fhirjson.Value) bool {
		return fhirjson.Equal(p, profile)
	})
	if meta := v.Get("meta"); meta != nil {
		setList(meta, "profile", keep)
	}
}

// dhis2Systems begins the systems of identifiers that DHIS2 alone gives.
const dhis2Systems = "urn:dhis2:"

// forget is the Patient of an entity that was deleted, without the identifiers
// that DHIS2 gave her. Everything else, active too, is the registry's to decide.
func forget(t *item) *fhirjson.Value {
	next := t.stands.Clone()
	strip(next)
	list := slices.Clone(next.Get("identifier").Items())
	for _, said := range t.written {
		for _, w := range said.Get("identifier").Items() {
			if strings.HasPrefix(w.Get("system").Str(), dhis2Systems) {
				list = slices.DeleteFunc(list, sameValue(w))
			}
		}
	}
	setList(next, "identifier", list)
	return next
}
