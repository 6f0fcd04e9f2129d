package record

import (
	"cmp"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// lists are the repeating fields in which each system has entries of its own:
// ours are put beside those of others. Every other field that we send replaces
// what stands (name and address among them: DHIS2 owns what its forms say).
var lists = map[string]bool{
	"contact": true, "communication": true, "generalPractitioner": true, "qualification": true,
	"alias": true, "endpoint": true, "contained": true,
}

// mergeShared puts what this system says of a shared resource into what stands
// there. What others wrote stays; what we wrote and say no more goes, where
// written tells what that was.
func mergeShared(stands, ours, written *fhirjson.Value) *fhirjson.Value {
	next := stands.Clone()
	strip(next)
	for _, m := range ours.Members() {
		name := strings.TrimPrefix(m.Name, "_")
		switch {
		case name == "resourceType" || name == "id" || name == "link" || name == "deceasedBoolean" || name == "deceasedDateTime":
		case name == "meta":
			for _, field := range []string{"profile", "security", "tag"} {
				// Theirs first, so that a second run finds nothing to change.
				union(next, ours, "meta", field)
			}
		case name == "active" && stands.Get("active") != nil: // the registry's decision
		case name == "identifier":
			mergeIdentifiers(next, ours, written)
		case name == "telecom":
			mergeTelecom(next, ours, written)
		case name == "extension" || name == "modifierExtension":
			mergeExtensions(next, ours, name)
		case name == "name" && m.Value.Kind() == fhirjson.Array:
			mergeNames(next, ours, written)
		case lists[name]:
			mergeList(next, ours, written, name)
		default:
			mergeField(next, ours, written, name)
		}
	}
	takeBack(next, ours, written)
	return next
}

// mergeField replaces a field and its primitive extension together. That we do
// not know something is no reason to forget what another system knows, but it
// takes back what we wrote ourselves and nobody changed since.
func mergeField(next, ours, written *fhirjson.Value, name string) {
	value, reason, stands := ours.Get(name), ours.Get("_"+name), next.Get(name)
	unknown := value == nil || name == "gender" && value.Str() == "unknown"
	if unknown && stands != nil && !fhirjson.Equal(stands, written.Get(name)) {
		return
	}
	next.Set(name, value.Clone())
	next.Set("_"+name, reason.Clone())
}

// takeBack takes out a field that we wrote, that nobody changed since, and that
// we say no more.
func takeBack(next, ours, written *fhirjson.Value) {
	for _, m := range written.Members() {
		name := strings.TrimPrefix(m.Name, "_")
		switch name {
		case "resourceType", "id", "meta", "identifier", "telecom", "extension", "modifierExtension", "active":
			continue
		}
		if ours.Get(name) != nil || ours.Get("_"+name) != nil {
			continue
		}
		if lists[name] {
			mergeList(next, ours, written, name)
			continue
		}
		if fhirjson.Equal(next.Get(m.Name), m.Value) {
			next.Delete(m.Name)
		}
	}
	if ours.Get("telecom") == nil {
		mergeTelecom(next, ours, written)
	}
	if ours.Get("identifier") == nil {
		mergeIdentifiers(next, ours, written)
	}
}

// mergeIdentifiers goes by system and value, then, for a Patient, by system: she
// has one number in each, and a corrected one replaces the wrong one. A facility
// may have the number of another DHIS2 server in the same system; that stays. An
// identifier whose value we do not know (a passport that the guide demands of
// everybody) is put only where no other of its kind stands.
func mergeIdentifiers(next, ours, written *fhirjson.Value) {
	person := ours.Get("resourceType").Str() == "Patient"
	list := slices.Clone(next.Get("identifier").Items())
	for _, w := range written.Get("identifier").Items() {
		if !slices.ContainsFunc(ours.Get("identifier").Items(), sameValue(w)) {
			list = slices.DeleteFunc(list, sameValue(w))
		}
	}
	for _, o := range knownFirst(ours.Get("identifier").Items()) {
		at := -1
		if value(o) != "" {
			if at = slices.IndexFunc(list, sameValue(o)); at < 0 {
				at = slices.IndexFunc(list, func(t *fhirjson.Value) bool {
					return value(t) == "" && (sameSystem(o, t) || sameKind(o, t)) ||
						person && sameSystem(o, t) && !slices.ContainsFunc(ours.Get("identifier").Items(), sameValue(t))
				})
			}
		} else if slices.ContainsFunc(list, func(t *fhirjson.Value) bool { return sameKind(o, t) || sameSystem(o, t) }) {
			continue
		}
		list = overlay(list, at, o)
	}
	setList(next, "identifier", list)
}

// mergeTelecom goes by system and value. A number that is data-absent gives way
// to a real one and is never put beside one.
func mergeTelecom(next, ours, written *fhirjson.Value) {
	list := slices.Clone(next.Get("telecom").Items())
	for _, w := range written.Get("telecom").Items() {
		if !slices.ContainsFunc(ours.Get("telecom").Items(), sameValue(w)) {
			list = slices.DeleteFunc(list, sameValue(w))
		}
	}
	for _, o := range knownFirst(ours.Get("telecom").Items()) {
		at := slices.IndexFunc(list, sameValue(o))
		if value(o) == "" && at < 0 && slices.ContainsFunc(list, func(t *fhirjson.Value) bool { return value(t) != "" }) {
			continue
		}
		if value(o) != "" && at < 0 {
			at = slices.IndexFunc(list, func(t *fhirjson.Value) bool { return value(t) == "" })
		}
		list = overlay(list, at, o)
	}
	setList(next, "telecom", list)
}

// mergeExtensions goes by url: ours replace those of the same url.
func mergeExtensions(next, ours *fhirjson.Value, name string) {
	list := slices.Clone(next.Get(name).Items())
	for _, o := range ours.Get(name).Items() {
		list = slices.DeleteFunc(list, func(t *fhirjson.Value) bool {
			return t.Get("url").Str() == o.Get("url").Str() && !fhirjson.Equal(t, o)
		})
		if !slices.ContainsFunc(list, func(t *fhirjson.Value) bool { return fhirjson.Equal(t, o) }) {
			list = append(list, o.Clone())
		}
	}
	setList(next, name, list)
}

// mergeNames puts our names in the place of the current ones. Names of another
// time or use (maiden, old, nickname) are other facts and stay.
func mergeNames(next, ours, written *fhirjson.Value) {
	others := func(n *fhirjson.Value) bool { return named(n) && !contains(written.Get("name"), fhirjson.List(n)) }
	if !slices.ContainsFunc(ours.Get("name").Items(), named) && slices.ContainsFunc(next.Get("name").Items(), others) {
		return
	}
	list := slices.Clone(ours.Clone().Get("name").Items())
	for _, t := range next.Get("name").Items() {
		switch use := t.Get("use").Str(); use {
		case "maiden", "old", "nickname", "temp", "anonymous":
			if !slices.ContainsFunc(list, func(o *fhirjson.Value) bool { return o.Get("use").Str() == use }) {
				list = append(list, t)
			}
		}
	}
	setList(next, "name", list)
}

func named(n *fhirjson.Value) bool {
	return n.Get("text") != nil || n.Get("family") != nil
}

// mergeList puts our entries beside those of others, and takes out those that
// we wrote and say no more.
func mergeList(next, ours, written *fhirjson.Value, name string) {
	list := slices.Clone(next.Get(name).Items())
	equal := func(a *fhirjson.Value) func(*fhirjson.Value) bool {
		return func(b *fhirjson.Value) bool { return fhirjson.Equal(a, b) }
	}
	for _, w := range written.Get(name).Items() {
		if !slices.ContainsFunc(ours.Get(name).Items(), equal(w)) {
			list = slices.DeleteFunc(list, equal(w))
		}
	}
	for _, o := range ours.Get(name).Items() {
		if !slices.ContainsFunc(list, equal(o)) {
			list = append(list, o.Clone())
		}
	}
	setList(next, name, list)
}

// overlay puts ours over the entry at a place, or at the end. What others wrote
// into the same entry (a period, an assigner) stays when it is the same value.
func overlay(list []*fhirjson.Value, at int, ours *fhirjson.Value) []*fhirjson.Value {
	if at < 0 {
		return append(list, ours.Clone())
	}
	entry := ours.Clone()
	if sameValue(ours)(list[at]) {
		entry = list[at].Clone()
		for _, m := range ours.Members() {
			entry.Set(m.Name, m.Value.Clone())
		}
	}
	list[at] = entry
	return list
}

// knownFirst puts entries with a value before those that are data-absent, so
// that the latter see what stands beside them.
func knownFirst(list []*fhirjson.Value) []*fhirjson.Value {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b *fhirjson.Value) int {
		return cmp.Compare(min(1, len(value(b))), min(1, len(value(a))))
	})
	return list
}

func setList(v *fhirjson.Value, name string, list []*fhirjson.Value) {
	if len(list) == 0 {
		v.Delete(name)
		return
	}
	v.Set(name, fhirjson.List(list...))
}

func value(v *fhirjson.Value) string { return v.Get("value").Str() }

// sameValue matches entries with the same system and value; two without a value
// are the same when they are of one kind.
func sameValue(a *fhirjson.Value) func(*fhirjson.Value) bool {
	return func(b *fhirjson.Value) bool {
		if value(a) == "" && value(b) == "" {
			return a.Get("system").Str() == b.Get("system").Str() && (a.Get("system") != nil || sameKind(a, b))
		}
		return value(a) == value(b) && a.Get("system").Str() == b.Get("system").Str()
	}
}

func sameSystem(a, b *fhirjson.Value) bool {
	return a.Get("system").Str() != "" && a.Get("system").Str() == b.Get("system").Str()
}

// sameKind tells whether two identifiers share a type (a passport, a driving
// licence), whoever issued them.
func sameKind(a, b *fhirjson.Value) bool {
	for _, x := range a.All("type.coding") {
		for _, y := range b.All("type.coding") {
			if x.Get("code").Str() != "" && sameLabel(x, y) {
				return true
			}
		}
	}
	return false
}

// trackedEntitySystem identifies a tracked entity of DHIS2 (mapping.md section 3).
const trackedEntitySystem = "urn:dhis2:trackedEntity"

// checkPatient hands a Patient over to review when it is not sure that the
// record is hers to write to: another tracked entity claims it, or the registry
// has merged it into another. Neither is for a program to guess (D-038). A
// tracked entity that we wrote before and say no more is our own correction.
func (t *item) checkPatient() error {
	if t.Type != "Patient" {
		return nil
	}
	mine := trackedEntities(t.ours)
	for _, said := range t.written {
		mine = append(mine, trackedEntities(said)...)
	}
	for _, other := range trackedEntities(t.stands) {
		if len(mine) > 0 && !slices.Contains(mine, other) {
			return &ReviewError{Type: t.Type, Reason: "another tracked entity is written to the record with its number", IDs: []string{t.id}}
		}
	}
	for _, link := range t.stands.Get("link").Items() {
		if link.Get("type").Str() == "replaced-by" {
			_, other, _ := strings.Cut(link.Get("other", "reference").Str(), "/")
			return &ReviewError{Type: t.Type, Reason: "the registry has replaced the record by another", IDs: []string{t.id, other}}
		}
	}
	return nil
}

func trackedEntities(patient *fhirjson.Value) (values []string) {
	for _, i := range patient.Get("identifier").Items() {
		if i.Get("system").Str() == trackedEntitySystem {
			values = append(values, value(i))
		}
	}
	return values
}
