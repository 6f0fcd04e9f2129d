package validate

import (
	"math/bits"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/rules"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/types"
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

// simple judges a primitive value of which only the format counts.
func (c *checker) simple(typ, v int32) {
	m := &c.doc.nodes[v]
	if want := jsonKind(typ); m.kind != want && (want != kindTrue || m.kind != kindFalse) {
		c.wrongKind(typ, v)
		return
	}
	if typ == types.String && m.start != m.end {
		return
	}
	if m.kind == kindString && m.start != m.end && blank(c.doc.text[m.start]) && typ != types.Markdown && allBlank(c.doc.text[m.start:m.end]) {
		c.blank(v)
		return
	}
	c.format(typ, v)
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

// property judges all values of a property: v, and under, its _name. typ is the
// type that the property's name stands for.
func (c *checker) property(element, typ, v, under int32) {
	e := &c.elements[element]
	either := v
	if either == 0 {
		either = under
	}
	if e.Max == 0 {
		if c.loud() {
			c.error(either, "structure", "cardinality", "The element is not allowed here.")
		}
		return
	}
	list := e.Flags&rules.List != 0
	for _, x := range [2]int32{v, under} {
		if x == 0 || (c.doc.nodes[x].kind == kindArray) == list {
			continue
		}
		if c.loud() {
			if list {
				c.error(x, "structure", "json-type", "An array was expected.")
			} else {
				c.error(x, "structure", "json-type", "A single value was expected, not an array.")
			}
		}
		return
	}
	if !list {
		if len(e.Slices) > 0 {
			c.sliced(element, typ, v, under)
		} else {
			c.value(element, typ, v, under)
		}
		return
	}
	count := int(c.doc.nodes[either].size)
	if under != 0 {
		count = max(count, int(c.doc.nodes[under].size))
	}
	if !c.cardinality(e, either, count) {
		return
	}
	if len(e.Slices) > 0 {
		c.sliced(element, typ, v, under)
		return
	}
	for p := c.pairs(v, under); p.next(); {
		c.value(element, typ, p.v, p.under)
		if c.stop() {
			return
		}
	}
}

// cardinality judges the length of an array.
func (c *checker) cardinality(e *rules.Element, n int32, count int) bool {
	switch {
	case count == 0:
		if len(e.Types) > 0 && c.r.kindOf(e.Types[0].Type) == rules.Primitive {
			c.remark(n, Error, "structure", "empty-list", "An array may not be empty.")
		} else if c.loud() {
			c.error(n, "structure", "empty", "An array may not be empty.")
		}
		return false
	case count < int(e.Min):
		if c.loud() {
			c.error(n, "required", "cardinality", "At least %d required, %d found.", e.Min, count)
		}
	case e.Max != rules.Unlimited && count > int(e.Max):
		if c.loud() {
			c.error(n, "structure", "cardinality", "At most %d allowed, %d found.", e.Max, count)
		}
	}
	return true
}

// pairs walks an array and its partner, whose members belong together.
type pairs struct {
	d        *document
	v, under int32
	nextV    int32
	nextU    int32
}

func (c *checker) pairs(v, under int32) pairs {
	p := pairs{d: &c.doc}
	if v != 0 {
		p.nextV = c.doc.nodes[v].child
	}
	if under != 0 {
		p.nextU = c.doc.nodes[under].child
	}
	return p
}

func (p *pairs) next() bool {
	p.v, p.under = p.nextV, p.nextU
	if p.v != 0 {
		p.nextV = p.d.nodes[p.v].next
	}
	if p.under != 0 {
		p.nextU = p.d.nodes[p.under].next
	}
	return p.v != 0 || p.under != 0
}

// value judges one value of an element.
func (c *checker) value(element, typ, v, under int32) {
	e := &c.elements[element]
	switch c.r.kindOf(typ) {
	case rules.Primitive:
		c.primitive(element, e, typ, v, under)
		return
	case rules.Resource:
		if v != 0 && c.object(v) {
			c.nested(e, typ, v)
		}
		return
	}
	if under != 0 {
		if c.loud() {
			c.error(under, "structure", "json-type", "Only a primitive type may have a property with an underscore.")
		}
		return
	}
	if c.object(v) {
		c.complex(element, e, typ, v)
	}
}

// object says whether a node is an object with content.
func (c *checker) object(n int32) bool {
	switch m := &c.doc.nodes[n]; {
	case m.kind != kindObject:
		if c.loud() {
			c.error(n, "structure", "json-type", "An object was expected.")
		}
	case m.size == 0:
		if c.loud() {
			c.error(n, "structure", "empty", "An object may not be empty.")
		}
	default:
		return true
	}
	return false
}

// complex judges an object of a data type.
func (c *checker) complex(element int32, e *rules.Element, typ, n int32) {
	walked := element
	switch {
	case typ == types.Extension:
		c.extension(element, e, n)
	default:
		// A profile's children say all that its type's do.
		if profile := c.onlyProfile(e, typ); profile >= 0 && len(e.Children) == 0 && e.Content == rules.None {
			walked = c.r.table.Definitions[profile].Root
		}
		c.children(n, walked, typ)
	}
	if c.stop() {
		return
	}
	c.literal(e, n)
	c.coded(e, typ, n)
	switch typ {
	case types.Reference:
		c.reference(e, n)
	case types.Identifier:
		c.identifier(n)
	case types.Meta:
		c.securityLabels(n)
	}
	c.constraints(n, e)
	if e.Content != rules.None {
		c.constraints(n, &c.elements[e.Content])
	}
	if root := c.r.roots[typ]; root != element {
		c.constraints(n, &c.elements[root])
	}
	if typ != types.Extension {
		c.typeProfiles(e, typ, n, walked)
	}
}

// onlyProfile is the one profile that an element asks of a type, or -1.
func (c *checker) onlyProfile(e *rules.Element, typ int32) int32 {
	for i := range e.Types {
		if e.Types[i].Type == typ && len(e.Types[i].Profiles) == 1 {
			return e.Types[i].Profiles[0]
		}
	}
	return -1
}

// literal judges a fixed value and a pattern.
func (c *checker) literal(e *rules.Element, n int32) {
	if e.Fixed != rules.None && !c.fits(n, e.Fixed, true) && c.loud() {
		c.error(n, "value", "fixed", "The value has to be %s.", c.r.table.Values[e.Fixed])
	}
	if e.Pattern != rules.None && !c.fits(n, e.Pattern, false) && c.loud() {
		c.error(n, "value", "pattern", "The value has to contain %s.", c.r.table.Values[e.Pattern])
	}
}

// constraints judges the invariants of an element.
func (c *checker) constraints(n int32, e *rules.Element) {
	for _, at := range e.Constraints {
		if c.nothingContained && c.r.aboutContained[at] {
			continue
		}
		if f := c.r.invariants[at]; f != nil && !f(c, n) && c.loud() {
			x := &c.r.table.Constraints[at]
			c.error(n, "invariant", x.ID, "%s", x.Human)
		}
	}
}

// typeProfiles holds a value of a data type to the profiles that the element
// asks for: to the only one, or to any of several.
// walked is the element whose children have been judged.
func (c *checker) typeProfiles(e *rules.Element, typ, n, walked int32) {
	for i := range e.Types {
		if e.Types[i].Type != typ || len(e.Types[i].Profiles) == 0 {
			continue
		}
		if len(e.Types[i].Profiles) == 1 {
			c.typeProfile(e.Types[i].Profiles[0], typ, n, walked)
			continue
		}
		if !c.any(e.Types[i].Profiles, func(d int32) { c.typeProfile(d, typ, n, walked) }) && c.loud() {
			c.error(n, "structure", "type-profile", "The value keeps none of the profiles that are allowed here.")
		}
	}
}

func (c *checker) typeProfile(definition, typ, n, walked int32) {
	outer := c.profile
	c.profile = definition
	root := c.r.table.Definitions[definition].Root
	e := &c.elements[root]
	if root != walked {
		c.children(n, root, typ)
	}
	c.literal(e, n)
	c.coded(e, typ, n)
	c.constraints(n, e)
	c.profile = outer
}

// any tries definitions until one is kept.
func (c *checker) any(definitions []int32, try func(int32)) bool {
	for _, d := range definitions {
		failed := c.failed
		c.failed = false
		c.probing++
		try(d)
		ok := !c.failed
		c.probing--
		c.failed = failed
		if ok {
			return true
		}
	}
	return false
}

// nested judges a resource inside another: of a bundle's entry, or contained.
func (c *checker) nested(e *rules.Element, typ, n int32) {
	res := c.doc.nodes[n].resource
	if res < 0 {
		if c.loud() {
			c.error(n, "structure", "resource-type", "A resource needs the property resourceType.")
		}
		return
	}
	at := c.doc.resources[res].typ
	if at < 0 {
		if c.loud() {
			c.error(n, "structure", "resource-type", "FHIR R4 has no resource of this type.")
		}
		return
	}
	if !c.r.descends(at, typ) {
		if c.loud() {
			c.error(n, "structure", "resource-type", "A resource of type %s was expected.", c.r.table.Types[typ].Code)
		}
		return
	}
	c.judge(res)
	for i := range e.Types {
		if e.Types[i].Type != typ || len(e.Types[i].Profiles) == 0 {
			continue
		}
		if list := e.Types[i].Profiles; len(list) == 1 {
			c.demand(res, list[0])
		} else if !c.keepsAny(res, list) && c.loud() {
			c.error(n, "structure", "type-profile", "The resource keeps none of the profiles that are allowed here.")
		}
	}
}

func (c *checker) keepsAny(res int32, definitions []int32) bool {
	for _, d := range definitions {
		if c.keepsProfile(res, d) {
			return true
		}
	}
	return false
}
