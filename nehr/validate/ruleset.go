package validate

import (
	"compress/gzip"
	_ "embed"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/names"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/rules"
)

//go:generate go run ./internal/generate

//go:embed rules.bin.gz
var compressed string

// encoded gives the rule table as rules.Decode reads it.
func encoded() (string, error) {
	r, err := gzip.NewReader(strings.NewReader(compressed))
	if err != nil {
		return "", err
	}
	var text strings.Builder
	_, err = io.Copy(&text, r)
	return text.String(), err
}

const nameResourceType = names.ResourceType

// ruleset is the rule table with what the engine looks up in it. It is the same
// for every Validator and changes only by filling shapes.
type ruleset struct {
	table       *rules.Table
	names       *nameIndex
	bases       []uint16 // by name: of a choice's names the base's, 0 of others
	types       map[string]int32
	kinds       []rules.Kind // by type
	roots       []int32      // by type
	definitions map[string]int32
	systems     map[string]int32
	// completeLength holds the lengths of the URLs of complete code systems, to
	// tell most others at once.
	completeLength [128]bool
	traits         []traits    // by element
	values         []*document // the fixed values and patterns, parsed
	shapes         []atomic.Pointer[shape]
	sets           []codeSet
	invariants     []invariant // by constraint; nil where it has none
	// aboutContained: by constraint, whether it binds only contained resources.
	aboutContained []bool
	quick          []quickTest // by definition
}

// load decodes the table once, on first use.
var load = sync.OnceValue(newRuleset)

func newRuleset() *ruleset {
	var table *rules.Table
	text, err := encoded()
	if err == nil {
		table, err = rules.Decode(text)
	}
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
	r.bases = make([]uint16, len(table.Names))
	for i, n := range table.Names {
		if n.Base != "" {
			r.bases[i] = r.names.find([]byte(n.Base))
		}
	}
	for i, t := range table.Types {
		r.types[t.Code] = int32(i)
		r.kinds, r.roots = append(r.kinds, t.Kind), append(r.roots, t.Root)
	}
	for i, d := range table.Definitions {
		r.definitions[d.URL] = int32(i)
	}
	for i, s := range table.Systems {
		r.systems[s.URL] = int32(i)
		if s.Complete {
			r.completeLength[len(s.URL)%len(r.completeLength)] = true
		}
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
	r.aboutContained = make([]bool, len(table.Constraints))
	for i, c := range table.Constraints {
		r.aboutContained[i] = strings.HasPrefix(c.ID, "dom-")
	}
	// What has no function has nothing to run.
	for i := range table.Elements {
		e := &table.Elements[i]
		e.Constraints = slices.DeleteFunc(e.Constraints, func(at int32) bool { return r.invariants[at] == nil })
	}
	r.traits = make([]traits, len(table.Elements))
	for i := range table.Elements {
		r.traits[i] = traitsOf(&table.Elements[i])
	}
	r.quick = make([]quickTest, len(table.Definitions))
	for i := range table.Definitions {
		r.quick[i] = r.newQuickTest(int32(i))
	}
	return r
}

// traits say which of its fields bind an element, in one byte: most have none.
type traits uint8

const (
	hasLiteral traits = 1 << iota
	hasConstraints
	hasProfiles
	hasBinding
	hasBounds
)

func traitsOf(e *rules.Element) traits {
	var t traits
	if e.Fixed != rules.None || e.Pattern != rules.None {
		t |= hasLiteral
	}
	if len(e.Constraints) > 0 {
		t |= hasConstraints
	}
	if slices.ContainsFunc(e.Types, func(r rules.TypeRef) bool { return len(r.Profiles) > 0 }) {
		t |= hasProfiles
	}
	if e.Binding.Strength != rules.Unbound {
		t |= hasBinding
	}
	if e.MaxLength != rules.None || e.Minimum != nil || e.Maximum != nil {
		t |= hasBounds
	}
	return t
}

// parseValue parses a fixed value or pattern, which may be no object.
func (r *ruleset) parseValue(text string) *document {
	d := &document{text: []byte(text), names: r.names, maxDepth: 100}
	d.value(0)
	return d
}

// nameIndex finds the number of a property name: a hash table, open addressing.
// Names of up to eight bytes, which most are, are compared as one number.
type nameIndex struct {
	slots []nameSlot
	names []rules.Name
}

type nameSlot struct {
	first  uint64 // the first eight bytes
	length uint16
	name   uint16 // 0: the slot is empty
}

const nameSlots = 1 << 13

func newNameIndex(list []rules.Name) *nameIndex {
	x := &nameIndex{slots: make([]nameSlot, nameSlots), names: list}
	for i := 1; i < len(list); i++ {
		text := []byte(list[i].Text)
		first := firstBytes(text)
		at := hash(first, text) % nameSlots
		for x.slots[at].name != 0 {
			at = (at + 1) % nameSlots
		}
		x.slots[at] = nameSlot{first, uint16(len(text)), uint16(i)}
	}
	return x
}

// firstBytes gives the first eight bytes of a text, or what it has.
func firstBytes(s []byte) uint64 {
	if len(s) >= 8 {
		return binary.LittleEndian.Uint64(s)
	}
	var v uint64
	for i := len(s) - 1; i >= 0; i-- {
		v = v<<8 | uint64(s[i])
	}
	return v
}

// hash mixes the first and last eight bytes of a name with its length, which
// tells the names of the table apart.
func hash(first uint64, s []byte) uint32 {
	const prime = 0x9E3779B97F4A7C15
	h := (first ^ uint64(len(s))) * prime
	if n := len(s); n > 8 {
		h = (h ^ h>>29 ^ binary.LittleEndian.Uint64(s[n-8:])) * prime
	}
	return uint32(h >> 32)
}

// find gives the number of a name, 0 for one that is not in the table.
func (x *nameIndex) find(key []byte) uint16 {
	first := firstBytes(key)
	for at := hash(first, key) % nameSlots; ; at = (at + 1) % nameSlots {
		s := &x.slots[at]
		if s.name == 0 {
			return 0
		}
		if s.first == first && int(s.length) == len(key) && (len(key) <= 8 || x.names[s.name].Text == string(key)) {
			return s.name
		}
	}
}

// shape is what the properties of an object may be: its element's children by
// JSON name, with those that have to be there.
type shape struct {
	// slots is a hash table by name; a slot with name 0 is empty.
	slots    []entry
	mask     uint16
	count    int
	children []int32
	required [2]uint64 // bits of children with a minimum
}

// entry is one JSON property.
type entry struct {
	name  uint16
	child uint8
	// simple: a single primitive value of which only the format is judged.
	simple  bool
	typ     int16 // the type there
	element int32
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
	var entries []entry
	s := &shape{children: e.Children}
	for i, child := range e.Children {
		c := &r.table.Elements[child]
		if c.Min > 0 {
			s.required[i/64] |= 1 << (i % 64)
		}
		switch {
		case c.Flags&rules.Choice != 0:
			base := r.table.Names[c.Name].Text
			for _, t := range c.Types {
				code := r.table.Types[t.Type].Code
				name := r.names.find([]byte(base + strings.ToUpper(code[:1]) + code[1:]))
				entries = append(entries, entry{name, uint8(i), r.isSimple(c, t.Type), int16(t.Type), child})
			}
		case len(c.Types) > 0:
			entries = append(entries, entry{uint16(c.Name), uint8(i), r.isSimple(c, c.Types[0].Type), int16(c.Types[0].Type), child})
		default:
			// The element takes content, and so its type, from another.
			of := &r.table.Elements[c.Content]
			entries = append(entries, entry{uint16(c.Name), uint8(i), false, int16(of.Types[0].Type), child})
		}
	}
	size := 4
	for size < 2*len(entries) {
		size *= 2
	}
	s.slots, s.mask, s.count = make([]entry, size), uint16(size-1), len(entries)
	for _, e := range entries {
		at := e.name & s.mask
		for s.slots[at].name != 0 {
			at = (at + 1) & s.mask
		}
		s.slots[at] = e
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

// find is the entry of a property, or nil. The name may not be 0.
func (s *shape) find(name uint16) *entry {
	for at := name & s.mask; ; at = (at + 1) & s.mask {
		e := &s.slots[at]
		if e.name == name {
			return e
		}
		if e.name == 0 {
			return nil
		}
	}
}

// kindOf says how a type is written in JSON.
func (r *ruleset) kindOf(t int32) rules.Kind { return r.kinds[t] }

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
