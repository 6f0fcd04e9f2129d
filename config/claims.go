package config

import (
	"embed"
	"errors"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/mapper/claims"
)

//go:embed claims/*.yaml
var embeddedClaims embed.FS

// LoadClaimMap parses one claim map; name is what errors call it. The error is a
// *MapError with every mistake.
func LoadClaimMap(name string, data []byte) (*claims.Map, error) {
	t := parseTree(name, data)
	m := &claims.Map{}
	t.into(m, func() []pathProblem {
		var out []pathProblem
		for _, p := range m.Check() {
			out = append(out, pathProblem(p))
		}
		return out
	})
	if err := mapError(name, t.problems); err != nil {
		return nil, err
	}
	return m, nil
}

// ClaimMaps gives the embedded claim maps and those of the files, in this order.
// A file whose map has the name of an earlier one replaces it. No two may be for
// one program. Errors are *MapError, joined when several files have mistakes.
func ClaimMaps(files []string) ([]*claims.Map, error) {
	entries, err := embeddedClaims.ReadDir("claims")
	if err != nil {
		return nil, fmt.Errorf("list the embedded claim maps: %w", err)
	}
	var all []*claims.Map
	var errs []error
	add := func(file string, data []byte) {
		m, err := LoadClaimMap(file, data)
		if err != nil {
			errs = append(errs, err)
			return
		}
		all = slices.DeleteFunc(all, func(other *claims.Map) bool { return other.Name == m.Name })
		for _, other := range all {
			if other.Program == m.Program {
				errs = append(errs, mapError(file, []MapProblem{{File: file, Path: "program",
					Reason: "the claim map " + other.Name + " is for this program too: give this one the same name to replace it"}}))
			}
		}
		all = append(all, m)
	}
	for _, e := range entries {
		data, err := embeddedClaims.ReadFile(path.Join("claims", e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read the embedded claim map %s: %w", e.Name(), err)
		}
		add(strings.TrimSuffix(e.Name(), ".yaml"), data)
	}
	for _, file := range files {
		data, err := readMap(file)
		if err != nil {
			errs = append(errs, mapError(file, []MapProblem{{File: file, Reason: err.Error()}}))
			continue
		}
		add(file, data)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return all, nil
}

// pathProblem is a mistake that is known by its path in the document.
type pathProblem struct{ Path, Reason string }

// into decodes the tree into v, a pointer to a struct, after its shape was
// checked, and reports what check finds.
func (t *tree) into(v any, check func() []pathProblem) {
	if t.root == nil {
		return
	}
	(&shape{tree: t}).check(t.root, reflect.TypeOf(v).Elem(), "")
	if err := t.root.Decode(v); err != nil {
		t.problem(t.root, "", "cannot be decoded: "+err.Error())
	}
	for _, p := range check() {
		if n := t.find(p.Path); !t.spoiled[n] {
			t.problem(n, p.Path, p.Reason)
		}
	}
}
