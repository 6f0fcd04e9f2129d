package config

import (
	"errors"
	"testing"
)

// FuzzMap: whatever stands in a file, the loader gives a map without a problem
// or names at least one problem with a reason.
func FuzzMap(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte("extends: lk-anc\nstages:\n  - uid: GX0z9IXFaso\n    elements:\n      - {uid: cw35l7X4hnV, unit: g/L}\n      - {uid: gu4sr8eOZcT, remove: true}\n"))
	f.Add([]byte("a: &a [*a]\nname: *a\n"))
	f.Add([]byte("stages: [{elements: [{}, 3, ~]}]\nattributes: {}\n? [x]\n: y\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := LoadMap("fuzz", data)
		if err == nil {
			if p := m.Check(); len(p) > 0 {
				t.Fatalf("a map with problems was accepted: %v", p)
			}
			return
		}
		e, ok := errors.AsType[*MapError](err)
		if !ok || len(e.Problems) == 0 {
			t.Fatalf("got %v, want a *MapError with problems", err)
		}
		for _, p := range e.Problems {
			if p.Reason == "" || p.File == "" || p.Line < 1 {
				t.Fatalf("a problem without reason or place: %+v", p)
			}
		}
	})
}

// FuzzSettings: whatever stands in a settings file, the reader does not panic
// and every mistake has a place and a reason.
func FuzzSettings(f *testing.F) {
	f.Add([]byte(file))
	f.Add([]byte("dhis2.url: https://example.org\ndhis2: {url: &a [*a]}\n"))
	f.Add([]byte("? {a: b}\n: c\nmaps: [[x], ~]\nnehr: {oauth: {key: 1}}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l := &loader{values: map[string]value{}}
		l.yaml("fuzz", data)
		l.forms()
		for _, p := range l.problems {
			if p.Reason == "" || p.Place == "" {
				t.Fatalf("a problem without reason or place: %+v", p)
			}
		}
		if len(l.problems) > 0 {
			return
		}
		if _, err := l.decode(); err != nil {
			t.Fatalf("well-formed values were refused later: %v", err)
		}
	})
}
