package summary

import (
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

func reference(fullURL string) *fhirjson.Value {
	return fhirjson.Fields(fhirjson.F("reference", fhirjson.Text(fullURL)))
}

// localReference is the "Type/id" that a reference leads to, whatever base and
// version it names (R4 section 2.3.0.1), and "" where it names none.
func localReference(ref string) string {
	ref, _, _ = strings.Cut(ref, "/_history/")
	if at := strings.Index(ref, "://"); at >= 0 {
		ref = ref[at+3:]
	}
	parts := strings.Split(ref, "/")
	if len(parts) < 2 {
		return ""
	}
	typ, id := parts[len(parts)-2], parts[len(parts)-1]
	if typ == "" || id == "" || typ[0] < 'A' || typ[0] > 'Z' || strings.ContainsAny(id, "?#&=") {
		return ""
	}
	return typ + "/" + id
}

// local is localReference, also of a "urn:uuid:" by which a transaction refers.
func (m *maker) local(ref string) string {
	if id, found := strings.CutPrefix(ref, "urn:uuid:"); found {
		return m.urns[id]
	}
	return localReference(ref)
}

// walk calls f for every Reference in a tree: every object with the string
// "reference", which R4 has in no other type.
func walk(v *fhirjson.Value, f func(ref *fhirjson.Value)) {
	switch v.Kind() {
	case fhirjson.Object:
		if v.Get("reference").Kind() == fhirjson.String {
			f(v)
		}
		for _, member := range v.Members() {
			if member.Name != "contained" {
				walk(member.Value, f)
			}
		}
	case fhirjson.Array:
		for _, item := range v.Items() {
			walk(item, f)
		}
	}
}

// frame are the types that go into the document because something refers to them.
// Encounters do not: an IPS has no place for them, and the date is in each fact.
var frame = map[string]bool{"Practitioner": true, "PractitionerRole": true, "Organization": true, "Location": true,
	"Device": true, "Medication": true, "Specimen": true}

// enter gives a resource of the record its place in the document, once.
func (m *maker) enter(r *fhirjson.Value) string {
	key := typeOf(r) + "/" + r.Get("id").Str()
	if at, there := m.inside[key]; there {
		return at
	}
	m.inside[key] = "urn:uuid:" + documentID(typeOf(r), r.Get("id").Str())
	m.entries = append(m.entries, r)
	for _, c := range r.All("meta.security") {
		switch system := c.Get("system").Str(); system {
		case nehr.SystemConfidentiality:
			m.label = max(m.label, slices.Index(confidentiality, c.Get("code").Str()))
		case nehr.SystemActCode, "": // a sensitivity such as HIV, or what could be one
			m.label = max(m.label, slices.Index(confidentiality, "R"))
		}
	}
	return m.inside[key]
}

// follow enters what a resource refers to. What those refer to stays out: the
// ministry above the clinic is not part of her summary. Of a role both ends are.
func (m *maker) follow(r *fhirjson.Value) {
	for _, c := range r.Get("contained").Items() {
		m.follow(c)
	}
	walk(r, func(ref *fhirjson.Value) {
		key := m.local(ref.Get("reference").Str())
		target := m.held[key]
		if _, there := m.inside[key]; there || target == nil || !frame[typeOf(target)] || retracted(target) {
			return
		}
		m.enter(target)
		if typeOf(target) == "PractitionerRole" {
			m.follow(target)
		}
	})
}

// author enters who answers for the content, the program where nobody does.
func (m *maker) author() *fhirjson.Value {
	if m.Author != nil {
		return m.party(m.Author)
	}
	return m.party(fhirjson.Fields(
		fhirjson.F("resourceType", fhirjson.Text("Device")),
		fhirjson.F("id", fhirjson.Text(documentID("Device", m.System))),
		fhirjson.F("deviceName", fhirjson.List(fhirjson.Fields(fhirjson.F("name", fhirjson.Text(clean(m.System))), fhirjson.F("type", fhirjson.Text("user-friendly-name"))))),
	))
}

// party enters a resource that the record need not have.
func (m *maker) party(r *fhirjson.Value) *fhirjson.Value {
	if r == nil {
		return nil
	}
	if r.Get("id").Str() == "" {
		r = r.Clone()
		r.Set("id", fhirjson.Text(documentID(typeOf(r), string(r.Canonical()))))
	}
	at := m.enter(r)
	m.follow(r)
	return reference(at)
}

// resolve makes each reference of a copy lead to an entry of the document. One that
// leads out of it keeps what it says of its target, at least the type: the server's
// address and ids are nobody else's business, and a dangling reference misleads.
func (m *maker) resolve(r *fhirjson.Value) {
	for _, c := range r.Get("contained").Items() {
		m.resolve(c)
	}
	walk(r, func(ref *fhirjson.Value) {
		old := ref.Get("reference").Str()
		if strings.HasPrefix(old, "#") {
			return
		}
		key := m.local(old)
		if at, there := m.inside[key]; there {
			ref.Set("reference", fhirjson.Text(at))
			return
		}
		ref.Delete("reference")
		if typ, _, found := strings.Cut(key, "/"); found && ref.Get("type") == nil {
			ref.Set("type", fhirjson.Text(typ))
		}
		if len(ref.Members()) == 0 {
			ref.Set("extension", fhirjson.List(absentExtension("unknown")))
		}
	})
}
