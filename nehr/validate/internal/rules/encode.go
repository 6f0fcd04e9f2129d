package rules

import (
	"encoding/binary"
	"slices"
)

// magic is the first bytes of an encoded table; the digit is the form's version.
const magic = "nehr rules 1\n"

// writer collects the body while it learns the strings.
type writer struct {
	body    []byte
	strings map[string]int
	list    []string
}

func (w *writer) uint(v int)    { w.body = binary.AppendUvarint(w.body, uint64(v)) }
func (w *writer) index(v int32) { w.body = binary.AppendVarint(w.body, int64(v)) }

func (w *writer) bool(v bool) {
	if v {
		w.uint(1)
	} else {
		w.uint(0)
	}
}

func (w *writer) string(s string) {
	at, ok := w.strings[s]
	if !ok {
		at = len(w.list)
		w.strings[s] = at
		w.list = append(w.list, s)
	}
	w.uint(at)
}

func (w *writer) indexes(v []int32) {
	w.uint(len(v))
	for _, i := range v {
		w.index(i)
	}
}

func (w *writer) optional(v *int32) {
	w.bool(v != nil)
	if v != nil {
		w.index(*v)
	}
}

// Encode gives the table's compact form. Equal tables give equal bytes.
func (t *Table) Encode() []byte {
	w := &writer{strings: map[string]int{}}
	w.string(t.Archive)
	w.uint(len(t.Names))
	for _, n := range t.Names {
		w.string(n.Text)
		w.string(n.Base)
		w.string(n.Type)
	}
	w.uint(len(t.Types))
	for _, v := range t.Types {
		w.string(v.Code)
		w.uint(int(v.Kind))
		w.bool(v.Abstract)
		w.index(v.Parent)
		w.index(v.Definition)
		w.index(v.Root)
	}
	w.uint(len(t.Definitions))
	for i := range t.Definitions {
		w.definition(&t.Definitions[i])
	}
	w.uint(len(t.Elements))
	for i := range t.Elements {
		w.element(&t.Elements[i])
	}
	w.uint(len(t.Slices))
	for i := range t.Slices {
		w.slice(&t.Slices[i])
	}
	w.uint(len(t.Constraints))
	for _, c := range t.Constraints {
		w.string(c.ID)
		w.string(c.Expression)
		w.string(c.Human)
		w.string(c.Path)
	}
	w.uint(len(t.ValueSets))
	for _, v := range t.ValueSets {
		w.string(v.URL)
		w.bool(v.Known)
		w.uint(len(v.Codes))
		for _, c := range v.Codes {
			w.index(c.System)
			w.string(c.Text)
		}
	}
	w.uint(len(t.Systems))
	for _, s := range t.Systems {
		w.string(s.URL)
		w.bool(s.Complete)
		w.texts(s.Codes)
	}
	w.texts(t.Values)
	return w.join()
}

func (w *writer) texts(v []string) {
	w.uint(len(v))
	for _, s := range v {
		w.string(s)
	}
}

func (w *writer) definition(d *Definition) {
	w.string(d.URL)
	w.string(d.Name)
	w.string(d.Version)
	w.uint(int(d.Pack))
	w.bool(d.Profile)
	w.bool(d.Abstract)
	w.index(d.Type)
	w.index(d.Root)
	w.uint(len(d.Contexts))
	for _, c := range d.Contexts {
		w.string(c.Kind)
		w.string(c.Expression)
	}
}

func (w *writer) element(e *Element) {
	w.index(e.Name)
	w.uint(int(e.Min))
	w.uint(int(e.Max))
	w.uint(int(e.Flags))
	w.uint(len(e.Types))
	for _, r := range e.Types {
		w.index(r.Type)
		w.indexes(r.Profiles)
		w.indexes(r.Targets)
	}
	w.index(e.Fixed)
	w.index(e.Pattern)
	w.index(e.MaxLength)
	w.optional(e.Minimum)
	w.optional(e.Maximum)
	w.uint(int(e.Binding.Strength))
	w.index(e.Binding.ValueSet)
	w.indexes(e.Constraints)
	w.indexes(e.Children)
	w.index(e.Content)
	w.uint(int(e.Slicing))
	w.indexes(e.Slices)
}

func (w *writer) slice(s *Slice) {
	w.string(s.Name)
	w.index(s.Element)
	w.uint(len(s.Criteria))
	for _, c := range s.Criteria {
		w.uint(int(c.Test))
		w.indexes(c.Path)
		w.indexes(c.Values)
	}
}

// join puts the strings in front of the body.
func (w *writer) join() []byte {
	out := []byte(magic)
	out = binary.AppendUvarint(out, uint64(len(w.list)))
	for _, s := range w.list {
		out = binary.AppendUvarint(out, uint64(len(s)))
	}
	for _, s := range w.list {
		out = append(out, s...)
	}
	return slices.Concat(out, w.body)
}
