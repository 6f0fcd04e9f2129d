package validate

import (
	"math/bits"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/rules"
)

// childrenOf says which element's children bind an object: the element's own,
// those of the element whose content it takes, or its type's. overlay is an
// element that adds to the type's id and extension, or -1.
func (c *checker) childrenOf(element, typ int32) (main, overlay int32) {
	e := &c.elements[element]
	switch {
	case e.Content != rules.None:
		return c.childrenOf(e.Content, typ)
	case len(e.Children) == 0:
		return c.r.roots[typ], -1
	case e.Flags&rules.Partial != 0:
		return c.r.roots[typ], element
	}
	return element, -1
}

// children judges the properties of an object.
func (c *checker) children(n, element, typ int32) {
	c.stack = append(c.stack, frame{n, typ})
	c.properties(n, element, typ)
	c.stack = c.stack[:len(c.stack)-1]
}

func (c *checker) properties(n, element, typ int32) {
	main, overlay := c.childrenOf(element, typ)
	s := c.r.shape(main)
	var over *shape
	if overlay >= 0 {
		over = c.r.shape(overlay)
	}
	isResource := c.r.kindOf(typ) == rules.Resource
	var seen [2]uint64
	hasUnder := c.doc.nodes[n].flags&flagHasUnder != 0
	for child := c.doc.nodes[n].child; child != 0; child = c.doc.nodes[child].next {
		m := &c.doc.nodes[child]
		if m.name == nameResourceType && isResource && m.flags&flagUnder == 0 {
			if child != c.doc.resources[c.doc.nodes[n].resource].typeNode {
				c.remark(child, Error, "structure", "duplicate-property", "The property stands twice.")
			}
			continue
		}
		var entry *entry
		if m.name != 0 {
			entry = s.find(m.name)
		}
		if entry == nil {
			if c.loud() {
				line, column := c.position(int(m.key))
				c.error(n, "structure", "unknown-property",
					"%s has no such property (line %d, column %d).", c.r.table.Types[typ].Code, line, column)
			}
			continue
		}
		bit := uint64(1) << (entry.child % 64)
		if seen[entry.child/64]&bit != 0 && !c.again(n, child, s, entry) {
			continue
		}
		seen[entry.child/64] |= bit
		if entry.simple && !hasUnder && over == nil {
			c.simple(int32(entry.typ), child)
			if c.stop() {
				return
			}
			continue
		}
		under := int32(0)
		if hasUnder {
			partner := c.partner(n, child)
			if m.flags&flagUnder != 0 {
				if partner != 0 {
					continue // judged together with its partner
				}
				under, child = child, 0
			} else {
				under = partner
			}
		}
		target := entry.element
		if over != nil {
			if own := over.find(m.name); own != nil {
				target = own.element
			}
		}
		c.property(target, int32(entry.typ), child, under)
		if c.stop() {
			return
		}
		if child == 0 {
			child = under
		}
	}
	for i := range seen {
		for missing := s.required[i] &^ seen[i]; missing != 0; missing &= missing - 1 {
			c.missing(n, s.children[i*64+bits.TrailingZeros64(missing)])
		}
	}
	if over != nil {
		for i := range over.required {
			for rest := over.required[i]; rest != 0; rest &= rest - 1 {
				child := over.children[i*64+bits.TrailingZeros64(rest)]
				if !c.doc.has(n, uint16(c.elements[child].Name)) {
					c.missing(n, child)
				}
			}
		}
	}
}

// missing reports an element that has to be there.
func (c *checker) missing(n, element int32) {
	if !c.loud() {
		return
	}
	e := &c.elements[element]
	name := c.r.table.Names[e.Name].Text
	if e.Flags&rules.Choice != 0 {
		name += "[x]"
	}
	c.error(n, "required", "cardinality", "%s: at least %d required, none found.", name, e.Min)
	for _, at := range e.Slices {
		s := &c.r.table.Slices[at]
		if least := c.elements[s.Element].Min; least > 0 && len(s.Criteria) > 0 {
			c.error(n, "required", "slice", "%s:%s: at least %d required, none found.", name, s.Name, least)
		}
	}
}

// partner is the sibling with the same name, with or without the underscore.
func (c *checker) partner(n, child int32) int32 {
	m := &c.doc.nodes[child]
	for s := c.doc.nodes[n].child; s != 0; s = c.doc.nodes[s].next {
		if o := &c.doc.nodes[s]; o.name == m.name && o.flags&flagUnder != m.flags&flagUnder {
			return s
		}
	}
	return 0
}

// again judges a property whose element was seen before: a second time the same
// name, or a choice with two types, is wrong; _name beside name is not.
func (c *checker) again(n, child int32, s *shape, e *entry) bool {
	m := &c.doc.nodes[child]
	for o := c.doc.nodes[n].child; o != child; o = c.doc.nodes[o].next {
		p := &c.doc.nodes[o]
		if p.name == m.name && p.flags&flagUnder == m.flags&flagUnder {
			if c.loud() {
				c.error(child, "structure", "duplicate-property", "The property stands twice.")
			}
			return false
		}
		if p.name == m.name || p.name == 0 {
			continue // the same, with or without _, or a stranger
		}
		if other := s.find(p.name); other != nil && other.child == e.child {
			if c.loud() {
				c.error(child, "structure", "choice", "Only one type of %s[x] may be there.",
					c.r.table.Names[c.elements[s.children[e.child]].Name].Text)
			}
			return false
		}
	}
	return true
}
