package record

import (
	"slices"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// says tells whether what stands says all that next says, and nothing else. What
// the server writes by itself does not count, nor the order of sets in meta, nor
// its own id. meta.source belongs there: HAPI keeps the first and makes no
// version for another.
func says(stands, next *fhirjson.Value) bool {
	fields := 0
	for _, m := range next.Members() {
		switch m.Name {
		case "id", "meta":
			continue
		}
		fields++
		if !fhirjson.Equal(stands.Get(m.Name), m.Value) {
			return false
		}
	}
	for _, m := range stands.Members() {
		if m.Name != "id" && m.Name != "meta" {
			fields--
		}
	}
	return fields == 0 && sameMeta(stands.Get("meta"), next.Get("meta"))
}

// sameMeta compares the sets in meta, and all else that people wrote there.
// Labels that only the server has are no difference: they are never taken off.
func sameMeta(stands, next *fhirjson.Value) bool {
	for _, m := range next.Members() {
		switch m.Name {
		case "versionId", "lastUpdated", "source":
		case "profile", "tag", "security":
			if !contains(stands.Get(m.Name), m.Value) {
				return false
			}
		default:
			if !fhirjson.Equal(stands.Get(m.Name), m.Value) {
				return false
			}
		}
	}
	return len(stands.Get("profile").Items()) == len(next.Get("profile").Items())
}

// contains tells whether each label of some stands among all.
func contains(all, some *fhirjson.Value) bool {
	for _, s := range some.Items() {
		if !slices.ContainsFunc(all.Items(), func(a *fhirjson.Value) bool { return sameLabel(a, s) }) {
			return false
		}
	}
	return true
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
