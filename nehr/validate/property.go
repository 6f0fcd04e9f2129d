package validate

import (
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/rules"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/types"
)

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

// property judges all values of a property: v, and under, its _name. typ is the
// type that the property's name stands for.
func (c *checker) property(element, typ, v, under int32) {
	e := &c.elements[element]
	if e.Max == 0 {
		if c.loud() {
			c.error(either(v, under), "structure", "cardinality", "The element is not allowed here.")
		}
		return
	}
	list := e.Flags&rules.List != 0
	if !c.listed(v, list) || !c.listed(under, list) {
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
	n := either(v, under)
	count := int(c.doc.nodes[n].size)
	if under != 0 {
		count = max(count, int(c.doc.nodes[under].size))
	}
	if !c.cardinality(e, n, count) {
		return
	}
	if len(e.Slices) > 0 {
		c.sliced(element, typ, v, under)
		return
	}
	if under == 0 {
		for item := c.doc.nodes[v].child; item != 0 && !c.stop(); item = c.doc.nodes[item].next {
			c.value(element, typ, item, 0)
		}
		return
	}
	for p := c.pairs(v, under); p.next(); {
		c.value(element, typ, p.v, p.under)
		if c.stop() {
			return
		}
	}
}

// listed says whether a node, or none, is an array just when it has to be.
func (c *checker) listed(n int32, list bool) bool {
	if n == 0 || (c.doc.nodes[n].kind == kindArray) == list {
		return true
	}
	switch {
	case !c.loud():
	case list:
		c.error(n, "structure", "json-type", "An array was expected.")
	default:
		c.error(n, "structure", "json-type", "A single value was expected, not an array.")
	}
	return false
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
