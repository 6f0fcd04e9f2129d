package nehr_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// definition is what R4 says of an element: whether it repeats, and its types.
type definition struct {
	many  bool
	types []string
	same  string // path of the element of which it has the content
}

// definitions reads the elements of every R4 type, by path.
func definitions(t *testing.T) map[string]definition {
	all := map[string]definition{}
	packed(t, "ig/definitions-with-snapshots.tgz", "r4", func(name string, doc []byte) {
		var d struct {
			Type, Derivation string
			Snapshot         struct {
				Element []struct {
					Path, Max        string
					ContentReference string
					Type             []struct{ Code string }
				}
			}
		}
		if err := json.Unmarshal(doc, &d); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if name != d.Type+".json" {
			return // a profile
		}
		for _, e := range d.Snapshot.Element {
			def := definition{many: e.Max != "0" && e.Max != "1"}
			for _, typ := range e.Type {
				def.types = append(def.types, typ.Code)
			}
			if _, path, ok := strings.Cut(e.ContentReference, "#"); ok {
				def.same = path
			}
			all[e.Path] = def
		}
	})
	if len(all) < 2000 {
		t.Fatalf("only %d elements found", len(all))
	}
	return all
}

// find gives the element of a JSON name below a path: as it stands, without
// its underscore, or as a branch of a choice.
func find(all map[string]definition, path, name string) (definition, string, bool) {
	name = strings.TrimPrefix(name, "_")
	if d, ok := all[path+"."+name]; ok {
		typ := ""
		if len(d.types) == 1 {
			typ = d.types[0]
		}
		return d, typ, true
	}
	for i := 1; i < len(name); i++ {
		if d, ok := all[path+"."+name[:i]+"[x]"]; ok {
			typ := name[i:]
			for _, have := range d.types {
				if strings.EqualFold(have, typ) {
					return d, have, true
				}
			}
		}
	}
	return definition{}, "", false
}

// TestModelIsR4: each member that the types of this package can write is an
// element of R4 at that place, repeats where R4's does, and has a type of the
// same name where R4's is a type of its own.
func TestModelIsR4(t *testing.T) {
	all := definitions(t)
	seen := map[string]bool{}
	checked := 0
	var walk func(typ reflect.Type, path string)
	walk = func(typ reflect.Type, path string) {
		if seen[typ.Name()+" "+path] {
			return
		}
		seen[typ.Name()+" "+path] = true
		fields := map[string]member{}
		members(typ, 0, fields)
		for name, m := range fields {
			if name == "resourceType" || name == "" {
				continue
			}
			d, code, ok := find(all, path, name)
			if !ok {
				if name != "identifier" { // OperationOutcome and Provenance have none
					t.Errorf("%s.%s is no element of R4", path, name)
				}
				continue
			}
			checked++
			f := m.field.Type
			many := f.Kind() == reflect.Slice && f != reflect.TypeFor[jsontext.Value]()
			if many != d.many {
				t.Errorf("%s.%s: repeats here %t, in R4 %t", path, name, many, d.many)
			}
			for (f.Kind() == reflect.Pointer || f.Kind() == reflect.Slice) && f != reflect.TypeFor[jsontext.Value]() {
				f = f.Elem()
			}
			if f.Kind() != reflect.Struct || f == reflect.TypeFor[nehr.Decimal]() {
				continue
			}
			below := path + "." + name
			switch {
			case f == reflect.TypeFor[nehr.Element]():
				if !strings.HasPrefix(name, "_") {
					t.Errorf("%s.%s holds what stands beside a value", path, name)
				}
				continue
			case d.same != "":
				below = d.same
			case code != "BackboneElement" && code != "Element":
				below = code
				if code != f.Name() && !slices.Contains([]string{"Age", "Duration"}, code) {
					t.Errorf("%s.%s is a %s here, a %s in R4", path, name, f.Name(), code)
				}
			}
			walk(f, below)
		}
	}
	for _, name := range resourceTypes {
		walk(reflect.TypeOf(nehr.New(name)).Elem(), name)
	}
	if checked < 700 {
		t.Errorf("only %d members checked", checked)
	}
}
