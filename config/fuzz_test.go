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
