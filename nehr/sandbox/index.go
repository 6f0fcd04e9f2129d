package sandbox

import (
	"maps"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// row is one value under which a resource is found.
type row struct {
	name, system, value string
	low, high           *int64
}

// indexRows are all search values of a resource, by the type's parameters.
func indexRows(typ string, body *fhirjson.Value) []row {
	var rows []row
	for _, table := range []map[string]parameter{common, parameters[typ]} {
		for _, name := range slices.Sorted(maps.Keys(table)) {
			p := table[name]
			for _, path := range p.paths {
				for _, v := range body.All(path) {
					rows = append(rows, p.rows(name, v)...)
				}
			}
		}
	}
	return rows
}

func (p parameter) rows(name string, v *fhirjson.Value) []row {
	switch p.kind {
	case token:
		return p.tokens(name, v)
	case text:
		if s := v.Str(); s != "" {
			return []row{{name: name, system: s, value: fold(s)}}
		}
	case uri:
		if s := v.Str(); s != "" {
			return []row{{name: name, value: s}}
		}
	case reference:
		m := localReference.FindStringSubmatch(v.Get("reference").Str())
		if m != nil && (p.target == "" || p.target == m[1]) {
			return []row{{name: name, system: m[2], value: m[1] + "/" + m[2]}}
		}
	case date:
		if low, high, ok := covered(v); ok {
			return []row{{name: name, low: &low, high: &high}}
		}
	}
	return nil
}

// tokens gives the system and code of a code, boolean, Coding, Identifier,
// ContactPoint or CodeableConcept (search.html#token).
func (p parameter) tokens(name string, v *fhirjson.Value) []row {
	if s := v.Scalar(); s != "" {
		return []row{{name: name, value: s}}
	}
	if codings := v.Get("coding").Items(); len(codings) > 0 {
		var rows []row
		for _, c := range codings {
			rows = append(rows, row{name: name, system: c.Get("system").Str(), value: c.Get("code").Str()})
		}
		return rows
	}
	system := v.Get("system").Str()
	if p.system != "" && p.system != system {
		return nil
	}
	for _, field := range []string{"value", "code"} {
		if s := v.Get(field).Str(); s != "" {
			return []row{{name: name, system: system, value: s}}
		}
	}
	return nil
}

// fold is the form in which strings are compared: search of R4 ignores case.
func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// localTargets are the resources of this server that a resource refers to. The
// entries of a stored Bundle refer to each other, not to the server.
func localTargets(typ string, body *fhirjson.Value) [][2]string {
	if typ == "Bundle" || typ == "Parameters" {
		return nil
	}
	var found [][2]string
	body.Strings(func(field, s string) string {
		if field == "reference" {
			if m := localReference.FindStringSubmatch(s); m != nil {
				found = append(found, [2]string{m[1], m[2]})
			}
		}
		return s
	})
	slices.SortFunc(found, func(a, b [2]string) int { return strings.Compare(a[0]+"/"+a[1], b[0]+"/"+b[1]) })
	return slices.Compact(found)
}
