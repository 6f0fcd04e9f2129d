package validate

import (
	_ "embed"
	"encoding/binary"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/names"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/rules"
)

//go:generate go run ./internal/generate

//go:embed rules.bin
var encoded string

const nameResourceType = names.ResourceType

// ruleset is the rule table with what the engine looks up in it. It is the same
// for every Validator and changes only by filling shapes.
type ruleset struct {
	table       *rules.Table
	names       *nameIndex
	types       map[string]int32
	definitions map[string]int32
	systems     map[string]int32
	values      []*document // the fixed values and patterns, parsed
	shapes      []atomic.Pointer[shape]
	sets        []codeSet
	invariants  []invariant // by constraint; nil where it has none
	quick       []quickTest // by definition
}

// load decodes the table once, on first use.
var load = sync.OnceValue(func() *ruleset {
	table, err := rules.Decode(encoded)
	if err != nil {
		// The table is part of the binary: this is a broken build.
		panic(err)
	}
	r := &ruleset{
		table:       table,
		types:       make(map[string]int32, len(table.Types)),
		definitions: make(map[string]int32, len(table.Definitions)),
		systems:     make(map[string]int32, len(table.Systems)),
		shapes:      make([]atomic.Pointer[shape], len(table.Elements)),
	}
	r.names = newNameIndex(table.Names)
	for i, t := range table.Types {
		r.types[t.Code] = int32(i)
	}
	for i, d := range table.Definitions {
		r.definitions[d.URL] = int32(i)
	}
	for i, s := range table.Systems {
		r.systems[s.URL] = int32(i)
	}
	for _, text := range table.Values {
		r.values = append(r.values, r.parseValue(text))
	}
	r.sets = make([]codeSet, len(table.ValueSets))
	for i := range table.ValueSets {
		r.sets[i] = newCodeSet(&table.ValueSets[i])
	}
	r.invariants = make([]invariant, len(table.Constraints))
	for i, c := range table.Constraints {
		if !partOfEngine[c.ID] {
			r.invariants[i] = invariants[c.ID]
		}
	}
	// What has no function has nothing to run.
	for i := range table.Elements {
		e := &table.Elements[i]
		e.Constraints = slices.DeleteFunc(e.Constraints, func(at int32) bool { return r.invariants[at] == nil })
	}
	r.quick = make([]quickTest, len(table.Definitions))
	for i := range table.Definitions {
		r.quick[i] = r.newQuickTest(int32(i))
	}
	return r
})

// parseValue parses a fixed value or pattern, which may be no object.
func (r *ruleset) parseValue(text string) *document {
	d := &document{text: []byte(text), names: r.names, maxDepth: 100}
	d.value(0)
	return d
}

// nameIndex finds the number of a property name: a hash table, open addressing.
type nameIndex struct {
	slots []uint16
	names []rules.Name
}

const nameSlots = 1 << 13

func newNameIndex(list []rules.Name) *nameIndex {
	x := &nameIndex{slots: make([]uint16, nameSlots), names: list}
	for i := 1; i < len(list); i++ {
		at := hash([]byte(list[i].Text)) % nameSlots
		for x.slots[at] != 0 {
			at = (at + 1) % nameSlots
		}
		x.slots[at] = uint16(i)
	}
	return x
}

// hash mixes the first and last eight bytes of a text with its length, which
// tells the property names of the table apart.
func hash(s []byte) uint32 {
	const prime = 0x9E3779B97F4A7C15
	var h uint64
	if n := len(s); n >= 8 {
		h = (binary.LittleEndian.Uint64(s) ^ uint64(n)) * prime
		h = (h ^ h>>29 ^ binary.LittleEndian.Uint64(s[n-8:])) * prime
	} else {
		for _, c := range s {
			h = h<<8 | uint64(c)
		}
		h = (h ^ uint64(n)<<56) * prime
	}
	return uint32(h >> 32)
}

// find gives the number of a name, 0 for one that is not in the table.
func (x *nameIndex) find(key []byte) uint16 {
	for at := hash(key) % nameSlots; ; at = (at + 1) % nameSlots {
		i := x.slots[at]
		if i == 0 || x.names[i].Text == string(key) {
			return i
		}
	}
}

// shape is what the properties of an object may be: its element's children by
// JSON name, with those that have to be there.
type shape struct {
	entries  []entry
	slots    []uint8 // hash table of entries, index + 1
	mask     uint16
	children []int32
	required [2]uint64 // bits of children with a minimum
}

// entry is one JSON property.
type entry struct {
	name  uint16
	child uint8
	// simple: a single primitive value of which only the format is judged.
	simple bool
	ref    int16 // index into the element's Types
	typ    int16 // the type there
}

// shape gives the shape of an element's own children. It is made on first use.
func (r *ruleset) shape(element int32) *shape {
	if s := r.shapes[element].Load(); s != nil {
		return s
	}
	s := r.newShape(&r.table.Elements[element])
	r.shapes[element].Store(s)
	return s
}

func (r *ruleset) newShape(e *rules.Element) *shape {
	s := &shape{children: e.Children}
	for i, child := range e.Children {
		c := &r.table.Elements[child]
		if c.Min > 0 {
			s.required[i/64] |= 1 << (i % 64)
		}
		if c.Flags&rules.Choice == 0 {
			x := entry{name: uint16(c.Name), child: uint8(i), typ: -1}
			if len(c.Types) > 0 {
				x.typ = int16(c.Types[0].Type)
				x.simple = r.isSimple(c, c.Types[0].Type)
			}
			s.entries = append(s.entries, x)
			continue
		}
		base := r.table.Names[c.Name].Text
		for at, t := range c.Types {
			code := r.table.Types[t.Type].Code
			name := r.names.find([]byte(base + strings.ToUpper(code[:1]) + code[1:]))
			s.entries = append(s.entries, entry{name, uint8(i), r.isSimple(c, t.Type), int16(at), int16(t.Type)})
		}
	}
	size := 4
	for size < 2*len(s.entries) {
		size *= 2
	}
	s.slots, s.mask = make([]uint8, size), uint16(size-1)
	for i, e := range s.entries {
		at := e.name & s.mask
		for s.slots[at] != 0 {
			at = (at + 1) & s.mask
		}
		s.slots[at] = uint8(i + 1)
	}
	return s
}

// isSimple says whether of an element with that type only the format counts.
func (r *ruleset) isSimple(e *rules.Element, typ int32) bool {
	return r.kindOf(typ) == rules.Primitive && e.Max == 1 && e.Flags&rules.List == 0 && len(e.Slices) == 0 &&
		e.Fixed == rules.None && e.Pattern == rules.None && e.MaxLength == rules.None && e.Minimum == nil &&
		e.Maximum == nil && len(e.Constraints) == 0 &&
		(e.Binding.Strength == rules.Unbound || e.Binding.Strength == rules.Extensible)
}

// find is the entry of a property, or nil.
func (s *shape) find(name uint16) *entry {
	for at := name & s.mask; ; at = (at + 1) & s.mask {
		i := s.slots[at]
		if i == 0 {
			return nil
		}
		if e := &s.entries[i-1]; e.name == name {
			return e
		}
	}
}

// kindOf says how a type is written in JSON.
func (r *ruleset) kindOf(t int32) rules.Kind { return r.table.Types[t].Kind }

// descends says whether type t is, or derives from, type of.
func (r *ruleset) descends(t, of int32) bool {
	for ; t >= 0; t = r.table.Types[t].Parent {
		if t == of {
			return true
		}
	}
	return false
}

// codeSet is a value set, ready to be asked.
type codeSet struct {
	known bool
	codes []rules.Code
	plain []string // the codes alone, sorted
}

func newCodeSet(v *rules.ValueSet) codeSet {
	s := codeSet{known: v.Known, codes: v.Codes}
	for _, c := range v.Codes {
		s.plain = append(s.plain, c.Text)
	}
	slices.Sort(s.plain)
	return s
}
