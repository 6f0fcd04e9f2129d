package validate

import (
	"slices"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/names"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/rules"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/types"
)

// primitive judges a primitive value v and what its _name says of it, under.
func (c *checker) primitive(element int32, e *rules.Element, typ, v, under int32) {
	if v != 0 && c.doc.nodes[v].kind == kindNull {
		if under == 0 || c.doc.nodes[under].kind == kindNull || c.doc.nodes[v].flags&flagItem == 0 {
			if c.loud() {
				c.error(v, "structure", "null", "null stands only in an array, where the same place of _name has an extension.")
			}
			return
		}
		v = 0
	}
	if under != 0 && c.doc.nodes[under].kind == kindNull {
		if c.doc.nodes[under].flags&flagItem == 0 && c.loud() {
			c.error(under, "structure", "null", "null stands only in an array.")
		}
		under = 0
	}
	if under != 0 {
		c.underscore(element, e, typ, v, under)
	}
	if v == 0 {
		return
	}
	m := &c.doc.nodes[v]
	if want := jsonKind(typ); m.kind != want && (want != kindTrue || m.kind != kindFalse) {
		c.wrongKind(typ, v)
		return
	}
	if c.blankOnly(e, typ, v) {
		c.blank(v)
		return
	}
	c.format(typ, v)
	if c.stop() {
		return
	}
	traits := c.r.traits[element]
	if traits == 0 {
		return
	}
	if e.MaxLength != rules.None && length(c.doc.textOf(v)) > int(e.MaxLength) && c.loud() {
		c.error(v, "too-long", "max-length", "At most %d characters are allowed.", e.MaxLength)
	}
	c.bounds(e, v)
	c.literal(e, v)
	c.codeValue(e, typ, v)
	c.constraints(v, e)
}

// blankOnly says whether a value that has to mean something is white space. Of
// free text that is allowed.
func (c *checker) blankOnly(e *rules.Element, typ, v int32) bool {
	m := &c.doc.nodes[v]
	if m.kind != kindString || m.start == m.end || !blank(c.doc.text[m.start]) {
		return false
	}
	if (typ == types.String || typ == types.Markdown) && e.Fixed == rules.None && e.Pattern == rules.None {
		return false
	}
	return allBlank(c.doc.text[m.start:m.end])
}

func allBlank(s []byte) bool {
	for _, b := range s {
		if !blank(b) {
			return false
		}
	}
	return true
}

func (c *checker) wrongKind(typ, v int32) {
	switch {
	case !c.loud():
	case c.doc.nodes[v].kind == kindNull:
		c.error(v, "structure", "null", "null stands only in an array, where the same place of _name has an extension.")
	default:
		c.error(v, "structure", "json-type", "A JSON %s was expected, for the type %s.",
			kindNames[jsonKind(typ)], c.r.table.Types[typ].Code)
	}
}

// underscore judges the extensions of a primitive value.
func (c *checker) underscore(element int32, e *rules.Element, typ, v, under int32) {
	if !c.object(under) {
		return
	}
	main := element
	if len(e.Children) == 0 {
		main = c.r.roots[types.Element]
	}
	s := c.r.shape(main)
	c.stack = append(c.stack, frame{under, typ})
	defer func() { c.stack = c.stack[:len(c.stack)-1] }()
	var seen uint64
	for child := c.doc.nodes[under].child; child != 0; child = c.doc.nodes[child].next {
		m := &c.doc.nodes[child]
		var entry *entry
		if m.name != 0 {
			entry = s.find(m.name)
		}
		if entry == nil || m.name != names.Id && m.name != names.Extension || m.flags&flagUnder != 0 {
			if c.loud() {
				c.error(under, "structure", "unknown-property", "Only id and extension may stand here.")
			}
			continue
		}
		if seen&(1<<entry.child) != 0 {
			if c.loud() {
				c.error(child, "structure", "duplicate-property", "The property stands twice.")
			}
			continue
		}
		seen |= 1 << entry.child
		c.property(entry.element, int32(entry.typ), child, 0)
	}
	if v == 0 && !c.doc.has(under, names.Extension) && c.loud() {
		c.error(under, "invariant", "ele-1", "An element needs a value or an extension.")
	}
}

// kindNames are the names of JSON's kinds, for people.
var kindNames = [...]string{"null", "boolean", "boolean", "number", "string", "array", "object"}

// jsonKind is how a primitive type is written in JSON.
func jsonKind(typ int32) kind {
	switch typ {
	case types.Boolean:
		return kindTrue
	case types.Integer, types.Decimal, types.PositiveInt, types.UnsignedInt:
		return kindNumber
	}
	return kindString
}

// codeValue judges a code by the value set that the element is bound to.
func (c *checker) codeValue(e *rules.Element, typ, v int32) {
	switch e.Binding.Strength {
	case rules.Required:
		set := &c.r.sets[e.Binding.ValueSet]
		if typ != types.Code || !set.known {
			return
		}
		if _, ok := slices.BinarySearchFunc(set.plain, c.doc.textOf(v), compareBytes); !ok && c.loud() {
			c.error(v, "code-invalid", "binding", "The code is not in the value set %s.",
				c.r.table.ValueSets[e.Binding.ValueSet].URL)
		}
	case rules.Language:
		if typ == types.Code && !isLanguage(c.doc.textOf(v)) && c.loud() {
			c.error(v, "code-invalid", "language", "The code is not a language of BCP 47.")
		}
	}
}
