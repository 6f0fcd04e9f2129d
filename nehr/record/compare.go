package record

import (
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// plain is a resource without what says nothing about it: what the server
// writes by itself, and the order of sets. meta.source belongs there: HAPI
// keeps the first and makes no version for another.
func plain(v *fhirjson.Value) *fhirjson.Value {
	c := v.Clone()
	strip(c)
	meta := c.Get("meta")
	for _, field := range []string{"profile", "tag", "security"} {
		if list := meta.Get(field); list != nil {
			items := slices.Clone(list.Items())
			slices.SortFunc(items, func(a, b *fhirjson.Value) int {
				return strings.Compare(string(a.Canonical()), string(b.Canonical()))
			})
			meta.Set(field, fhirjson.List(items...))
		}
	}
	return c
}

// strip takes out what only the server writes.
func strip(v *fhirjson.Value) {
	meta := v.Get("meta")
	if meta == nil {
		return
	}
	for _, field := range []string{"versionId", "lastUpdated", "source"} {
		meta.Delete(field)
	}
	if len(meta.Members()) == 0 {
		v.Delete("meta")
	}
}

// keepLabels adds the tags and security labels that stand to a resource of our
// own: servers add tags, and a label is never taken off by leaving it out.
func keepLabels(next, stands *fhirjson.Value) {
	for _, field := range []string{"security", "tag"} {
		union(next, stands, "meta", field)
	}
}

// union adds to next.meta.field what stands.meta.field has and it lacks.
func union(next, stands *fhirjson.Value, meta, field string) {
	theirs := stands.Get(meta, field).Items()
	if len(theirs) == 0 {
		return
	}
	if next.Get(meta) == nil {
		next.SetFirst(1, meta, fhirjson.Fields())
	}
	all := fhirjson.List(next.Get(meta, field).Items()...)
	for _, label := range theirs {
		if !slices.ContainsFunc(all.Items(), func(o *fhirjson.Value) bool { return sameLabel(o, label) }) {
			all.Append(label.Clone())
		}
	}
	next.Get(meta).Set(field, all)
}

// sameLabel compares what identifies an entry of a list in meta: the text of a
// profile, system and code of a tag or label.
func sameLabel(a, b *fhirjson.Value) bool {
	if a.Kind() != fhirjson.Object || b.Kind() != fhirjson.Object {
		return fhirjson.Equal(a, b)
	}
	return a.Get("system").Str() == b.Get("system").Str() && a.Get("code").Str() == b.Get("code").Str()
}
