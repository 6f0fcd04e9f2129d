package validate

import (
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/names"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/rules"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/types"
)

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
	traits, walked := c.r.traits[element], element
	if typ == types.Extension {
		c.extension(element, e, n)
	} else {
		// A profile's children say all that its type's do.
		if traits&hasProfiles != 0 && len(e.Children) == 0 && e.Content == rules.None {
			if profile := c.onlyProfile(e, typ); profile >= 0 {
				walked = c.r.table.Definitions[profile].Root
			}
		}
		c.children(n, walked, typ)
	}
	if c.stop() {
		return
	}
	if traits&hasLiteral != 0 {
		c.literal(e, n)
	}
	switch typ {
	case types.CodeableConcept:
		if traits&hasBinding != 0 {
			c.bindCodings(e, n, c.doc.get(n, names.Coding))
		}
	case types.Coding:
		c.codeExists(n)
		c.bindCodings(e, n, n)
		c.loneCoding(e, n)
	case types.Quantity, types.Age, types.Duration, types.Count, types.Distance:
		c.unit(e, n)
	case types.Reference:
		c.reference(e, n)
	case types.Identifier:
		c.identifier(n)
	case types.Meta:
		c.securityLabels(n)
	}
	if traits&hasConstraints != 0 {
		c.constraints(n, e)
	}
	if e.Content != rules.None {
		c.constraints(n, &c.elements[e.Content])
	}
	if root := c.r.roots[typ]; root != element && c.r.traits[root]&hasConstraints != 0 {
		c.constraints(n, &c.elements[root])
	}
	if traits&hasProfiles != 0 && typ != types.Extension {
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
	c.bound(e, typ, n)
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
