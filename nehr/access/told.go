package access

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// tells tells whether an AuditEvent says what its entry does, in either of the
// forms in which it may have been sent. How this system and the NEHR are called is
// left out: an address may change, and what happened does not.
func (g *Gate) tells(r *fhirjson.Value, e entryOf) bool {
	said := told(r)
	e.entry.Hash, _ = hex.DecodeString(e.hash)
	return slices.Equal(said, told(g.audit(e.entry, false))) || slices.Equal(said, told(g.audit(e.entry, true)))
}

// told are the facts of an AuditEvent, one a line, in an order of their own: who,
// whose, what, why, when, whether it was allowed, and by what.
func told(r *fhirjson.Value) []string {
	var facts []string
	say := func(what string, values ...string) {
		facts = append(facts, what+" "+strings.Join(values, " "))
	}
	for name, value := range detailsOf(r) {
		say(name, value)
	}
	say("type", r.Get("type", "code").Str())
	for _, s := range r.Get("subtype").Items() {
		say("subtype", s.Get("code").Str())
	}
	say("action", r.Get("action").Str())
	recorded := r.Get("recorded").Str()
	if at, err := time.Parse(time.RFC3339Nano, recorded); err == nil {
		recorded = at.UTC().Format(atForm)
	}
	say("recorded", recorded)
	say("outcome", r.Get("outcome").Str(), r.Get("outcomeDesc").Str())
	for _, code := range r.All("purposeOfEvent.coding.code") {
		say("purpose", code.Str())
	}
	for _, a := range r.Get("agent").Items() {
		var roles []string
		for _, code := range a.All("type.coding.code") {
			roles = append(roles, code.Str())
		}
		say("agent", strings.Join(roles, ","), a.Get("requestor").Scalar(), named(a.Get("who")), a.Get("altId").Str())
		for _, p := range a.Get("policy").Items() {
			say("policy", last(p.Str()))
		}
		for _, code := range a.All("purposeOfUse.coding.code") {
			say("purpose of use", code.Str())
		}
	}
	for _, e := range r.Get("entity").Items() {
		say("entity", e.Get("type", "code").Str(), e.Get("role", "code").Str(), named(e.Get("what")), e.Get("query").Str())
	}
	slices.Sort(facts)
	return facts
}

// named is whom or what a reference names, by reference or by identifier.
func named(v *fhirjson.Value) string {
	if ref := v.Get("reference").Str(); ref != "" {
		return last(local(ref, ""))
	}
	if id := v.Get("identifier", "value").Str(); id != "" {
		return v.Get("type").Str() + "/" + id
	}
	return ""
}

// last is the end of an address: Type/id, or the id of a break-glass.
func last(address string) string {
	parts := strings.Split(address, "/")
	return strings.Join(parts[max(0, len(parts)-2):], "/")
}

// detailsOf are number, hash and action of the entry, from the event's extension.
func detailsOf(r *fhirjson.Value) map[string]string {
	details := map[string]string{}
	for _, e := range r.Get("extension").Items() {
		if e.Get("url").Str() != extensionEntry {
			continue
		}
		for _, d := range e.Get("extension").Items() {
			details[d.Get("url").Str()] = d.Get("valueString").Str()
		}
	}
	return details
}
