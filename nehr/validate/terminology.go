package validate

import (
	"slices"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/names"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/rules"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/types"
)

const (
	systemUCUM     = "http://unitsofmeasure.org"
	systemLanguage = "urn:ietf:bcp:47"
)

// bound judges a Coding, CodeableConcept or Quantity by one more element: the
// root of a profile of its type.
func (c *checker) bound(e *rules.Element, typ, n int32) {
	switch typ {
	case types.Coding:
		c.bindCodings(e, n, n)
	case types.CodeableConcept:
		c.bindCodings(e, n, c.doc.get(n, names.Coding))
	case types.Quantity:
		c.unit(e, n)
	}
}

// loneCoding judges the system of a Coding that is no part of a CodeableConcept
// and bound to nothing that is known, such as a tag.
func (c *checker) loneCoding(e *rules.Element, n int32) {
	bound := e.Binding.Strength != rules.Unbound && c.r.sets[e.Binding.ValueSet].known
	if bound || c.stack[len(c.stack)-1].typ == types.CodeableConcept || !c.doc.has(n, names.Code) {
		return
	}
	if system := c.doc.property(n, names.System); len(system) > 0 && !isSystem(system) && c.loud() {
		c.error(n, "value", "coding-system", "The system of a code has to be an absolute URL or a URN.")
	}
}

// securityLabels judges meta.security: no label stands twice.
func (c *checker) securityLabels(n int32) {
	list := c.doc.get(n, names.Security)
	if list == 0 || c.doc.nodes[list].kind != kindArray {
		return
	}
	for a := c.doc.first(list); a != 0; a = c.doc.nodes[a].next {
		// A record has a handful of labels; beyond, nothing is compared.
		for b, left := c.doc.nodes[a].next, 20; b != 0 && left > 0; b, left = c.doc.nodes[b].next, left-1 {
			if c.same(a, b, names.System) && c.same(a, b, names.Code) && c.loud() {
				c.error(b, "value", "security-label", "The security label stands twice.")
			}
		}
	}
}

// codeExists judges a Coding by its code system, if the table has all of it.
func (c *checker) codeExists(n int32) {
	s := c.doc.get(n, names.System)
	if s == 0 || c.doc.nodes[s].kind != kindString {
		return
	}
	system := c.doc.textOf(s)
	if string(system) == systemLanguage {
		if !isLanguage(c.doc.property(n, names.Code)) && c.loud() {
			c.error(n, "code-invalid", "language", "The code is not a language of BCP 47.")
		}
		return
	}
	if string(system) == systemUCUM {
		if code := c.doc.property(n, names.Code); code != nil && !isUnit(code) && c.loud() {
			c.error(n, "code-invalid", "ucum", "The code is not a unit of UCUM.")
		}
		return
	}
	if !c.r.completeLength[len(system)%len(c.r.completeLength)] {
		return
	}
	at, ok := c.r.systems[string(system)]
	if !ok || !c.r.table.Systems[at].Complete {
		return
	}
	code := c.doc.property(n, names.Code)
	if code == nil && c.stack[len(c.stack)-1].typ != types.CodeableConcept {
		return // a lone Coding may name the system only, as meta.security does
	}
	if _, ok := slices.BinarySearchFunc(c.r.table.Systems[at].Codes, code, compareBytes); !ok && c.loud() {
		c.error(n, "code-invalid", "unknown-code", "The code system %s has no such code.", c.r.table.Systems[at].URL)
	}
}

// in says whether a Coding is in a value set.
func (s *codeSet) in(c *checker, n int32) bool {
	code := c.doc.property(n, names.Code)
	at, ok := c.r.systems[string(c.doc.property(n, names.System))]
	if !ok {
		return false
	}
	_, found := slices.BinarySearchFunc(s.codes, at, func(k rules.Code, at int32) int {
		if k.System != at {
			return int(k.System - at)
		}
		return compareBytes(k.Text, code)
	})
	return found
}

// bindCodings judges the codings of a concept n: list is the array of codings,
// or the Coding itself.
func (c *checker) bindCodings(e *rules.Element, n, list int32) {
	var set *codeSet
	if e.Binding.Strength == rules.Required || e.Binding.Strength == rules.Extensible {
		if set = &c.r.sets[e.Binding.ValueSet]; !set.known {
			set = nil
		}
	}
	if set == nil && e.Binding.Strength != rules.Language {
		return
	}
	members, strangers := 0, 0
	c.doc.items(list, func(coding int32) bool {
		if c.doc.nodes[coding].kind != kindObject {
			return true
		}
		if e.Binding.Strength == rules.Language && !c.doc.is(coding, names.System, systemLanguage) && c.loud() {
			c.error(coding, "code-invalid", "language", "The code has to be of %s.", systemLanguage)
		}
		if set == nil {
			return true
		}
		if set.in(c, coding) {
			members++
		} else if _, known := c.r.systems[string(c.doc.property(coding, names.System))]; !known {
			strangers++
		}
		return true
	})
	if set == nil {
		return
	}
	// A code of an unknown system beside a right one: HL7's validator and the
	// servers that use it cannot exclude that it contradicts, and refuse it.
	broken := members == 0 || strangers > 0
	if !broken {
		return
	}
	url := c.r.table.ValueSets[e.Binding.ValueSet].URL
	if e.Binding.Strength == rules.Required {
		if c.loud() {
			c.error(n, "code-invalid", "binding", "A code of the value set %s is required, and of no unknown system.", url)
		}
	} else if members == 0 && !c.fixesCode(e, 2) {
		// A guide that fixes another code has decided that none fits.
		c.remark(n, Warning, "code-invalid", "binding-extensible",
			"A code of the value set "+url+" is expected unless none of them fits.")
	}
}

// fixesCode says whether an element, or one below it, has a pattern or a fixed
// value.
func (c *checker) fixesCode(e *rules.Element, depth int) bool {
	if e.Pattern != rules.None || e.Fixed != rules.None {
		return true
	}
	if depth == 0 {
		return false
	}
	return slices.ContainsFunc(e.Children, func(child int32) bool {
		return c.fixesCode(&c.elements[child], depth-1)
	})
}

// unit judges the coded unit of a Quantity.
func (c *checker) unit(e *rules.Element, n int32) {
	code, system := c.doc.property(n, names.Code), c.doc.property(n, names.System)
	if code == nil {
		return
	}
	if len(system) > 0 && !isSystem(system) && c.loud() {
		c.error(n, "value", "coding-system", "The system of a unit has to be an absolute URL or a URN.")
	}
	c.codeExists(n)
	if e.Binding.Strength != rules.Required {
		return
	}
	if set := &c.r.sets[e.Binding.ValueSet]; set.known && !set.in(c, n) && c.loud() {
		c.error(n, "code-invalid", "binding", "The unit is not in the value set %s.",
			c.r.table.ValueSets[e.Binding.ValueSet].URL)
	}
}
