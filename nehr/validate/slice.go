package validate

import (
	"slices"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/names"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/rules"
)

// maxSlices bounds the counters of sliced; the table has at most 42.
const maxSlices = 64

// sliced judges the values of a sliced element: each by the slice that it
// belongs to, and how many each slice has.
func (c *checker) sliced(element, typ, v, under int32) {
	e := &c.elements[element]
	var counts [maxSlices]uint16
	one := func(v, under int32) {
		at := c.sliceOf(e, typ, v, under)
		if at < 0 {
			if e.Slicing == rules.Closed && c.loud() {
				c.error(either(v, under), "structure", "slice-closed", "The value belongs to none of the slices that are allowed here.")
			}
			c.value(element, typ, v, under)
			return
		}
		counts[at]++
		target := c.r.table.Slices[e.Slices[at]].Element
		if !c.allows(target, typ) {
			if c.loud() {
				c.error(either(v, under), "structure", "type", "The type is not allowed here.")
			}
			return
		}
		c.value(target, typ, v, under)
	}
	if e.Flags&rules.List == 0 {
		one(v, under)
	} else {
		for p := c.pairs(v, under); p.next(); {
			one(p.v, p.under)
			if c.stop() {
				return
			}
		}
	}
	for i, at := range e.Slices {
		s := &c.r.table.Slices[at]
		if len(s.Criteria) == 0 {
			continue
		}
		x := &c.elements[s.Element]
		switch n := counts[i]; {
		case n < x.Min && !c.v.optional(c.profile, s.Name):
			if c.loud() {
				c.error(either(v, under), "required", "slice", "%s: at least %d required, %d found.", s.Name, x.Min, n)
			}
		case x.Max != rules.Unlimited && n > x.Max:
			if c.loud() {
				c.error(either(v, under), "structure", "slice", "%s: at most %d allowed, %d found.", s.Name, x.Max, n)
			}
		}
	}
}

func either(v, under int32) int32 {
	if v != 0 {
		return v
	}
	return under
}

// allows says whether an element may have a type.
func (c *checker) allows(element, typ int32) bool {
	types := c.elements[element].Types
	for i := range types {
		if types[i].Type == typ {
			return true
		}
	}
	return len(types) == 0
}

// sliceOf is the position of the first slice whose criteria the value meets, or
// -1. A slice that nothing marks has no members.
func (c *checker) sliceOf(e *rules.Element, typ, v, under int32) int {
	if e.Name == names.Entry && v != 0 && e.Flags&rules.List != 0 {
		if at := c.doc.get(v, names.Resource); at != 0 && c.doc.nodes[at].resource >= 0 {
			return c.sliceOfEntry(e, c.doc.nodes[at].resource, v)
		}
	}
	for i, at := range e.Slices {
		s := &c.r.table.Slices[at]
		if len(s.Criteria) == 0 {
			continue
		}
		all := true
		for j := range s.Criteria {
			x := &s.Criteria[j]
			if !c.meets(x, x.Path, v, typ, under) {
				all = false
				break
			}
		}
		if all {
			return i
		}
	}
	return -1
}

// sliceOfEntry is sliceOf for an entry of a bundle with its resource: bundles
// have some twenty slices, nearly all told apart by type and profile.
func (c *checker) sliceOfEntry(e *rules.Element, res, v int32) int {
	typ := c.doc.resources[res].typ
	// The slice of the profile that the resource claims, if it keeps it: trying
	// the others first would cost a trial each.
	if claimed := c.claimed(res); claimed >= 0 && c.r.table.Definitions[claimed].Profile {
		for i, at := range e.Slices {
			if c.isSliceOf(&c.r.table.Slices[at], typ, claimed) && c.keepsProfile(res, claimed) {
				return i
			}
		}
	}
	for i, at := range e.Slices {
		s := &c.r.table.Slices[at]
		all := len(s.Criteria) > 0
		for j := 0; j < len(s.Criteria) && all; j++ {
			switch x := &s.Criteria[j]; {
			case len(x.Path) != 1 || x.Path[0] != names.Resource:
				all = c.meets(x, x.Path, v, -1, 0)
			case x.Test == rules.IsType:
				all = slices.Contains(x.Values, typ)
			case x.Test == rules.Conforms:
				all = typ >= 0 && c.keepsAny(res, x.Values)
			default:
				all = c.meets(x, x.Path, v, -1, 0)
			}
		}
		if all {
			return i
		}
	}
	return -1
}

// isSliceOf says whether resources of a type that keep a profile are just what a
// slice holds.
func (c *checker) isSliceOf(s *rules.Slice, typ, profile int32) bool {
	found := false
	for j := range s.Criteria {
		x := &s.Criteria[j]
		switch {
		case len(x.Path) != 1 || x.Path[0] != names.Resource:
			return false
		case x.Test == rules.IsType:
			if !slices.Contains(x.Values, typ) {
				return false
			}
		case x.Test == rules.Conforms && slices.Contains(x.Values, profile):
			found = true
		default:
			return false
		}
	}
	return found
}

// claimed is the first profile that a resource claims, or -1.
func (c *checker) claimed(res int32) int32 {
	n := c.doc.resources[res].node
	for _, name := range [2]uint16{names.Meta, names.Profile} {
		if n = c.doc.get(n, name); n == 0 {
			return -1
		}
	}
	if n = c.doc.first(n); n == 0 || c.doc.nodes[n].kind != kindString {
		return -1
	}
	if at, ok := c.r.definitions[string(c.doc.textOf(n))]; ok {
		return at
	}
	return -1
}

// meets says whether a criterion holds at the end of the path from n, for one
// of the values that lie there.
func (c *checker) meets(x *rules.Criterion, path []int32, n, typ, under int32) bool {
	if len(path) == 0 {
		return c.holds(x, n, typ, under)
	}
	if n == 0 {
		return x.Test == rules.Missing
	}
	if path[0] == rules.StepResolve {
		res := c.resolve(n)
		if res < 0 {
			return x.Test == rules.Missing
		}
		r := &c.doc.resources[res]
		return c.meets(x, path[1:], r.node, r.typ, 0)
	}
	next := c.doc.get(n, uint16(path[0]))
	nextType := int32(-1)
	if next == 0 && c.doc.nodes[n].kind == kindObject {
		next = c.doc.choice(c.r, n, uint16(path[0]))
		if next != 0 {
			nextType = c.r.types[c.r.table.Names[c.doc.nodes[next].name].Type]
		}
	}
	if next == 0 {
		return c.meets(x, nil, 0, -1, 0)
	}
	if res := c.doc.nodes[next].resource; res >= 0 {
		nextType = c.doc.resources[res].typ
	}
	found := false
	c.doc.items(next, func(item int32) bool {
		found = c.meets(x, path[1:], item, nextType, 0)
		return !found
	})
	return found
}

// holds says whether a criterion holds for the node that it looks at; 0 is none.
func (c *checker) holds(x *rules.Criterion, n, typ, under int32) bool {
	switch x.Test {
	case rules.Exists:
		return n != 0 || under != 0
	case rules.Missing:
		return n == 0 && under == 0
	case rules.IsType:
		for _, t := range x.Values {
			if t == typ {
				return true
			}
		}
		return false
	}
	if n == 0 {
		return false
	}
	switch x.Test {
	case rules.HasFixed:
		return c.fits(n, x.Values[0], true)
	case rules.HasPattern:
		return c.fits(n, x.Values[0], false)
	case rules.InValueSet:
		return c.member(x.Values[0], n)
	case rules.Conforms:
		res := c.doc.nodes[n].resource
		return res >= 0 && c.doc.resources[res].typ >= 0 && c.keepsAny(res, x.Values)
	}
	return false
}

// member says whether a code, Coding or CodeableConcept is in a value set.
func (c *checker) member(set, n int32) bool {
	s := &c.r.sets[set]
	if !s.known {
		return false
	}
	if c.doc.nodes[n].kind != kindObject {
		text := c.doc.textOf(n)
		for _, code := range s.plain {
			if code == string(text) {
				return true
			}
		}
		return false
	}
	list := c.doc.get(n, names.Coding)
	if list == 0 {
		return s.in(c, n)
	}
	found := false
	c.doc.items(list, func(coding int32) bool {
		found = s.in(c, coding)
		return !found
	})
	return found
}
