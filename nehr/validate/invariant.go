package validate

import (
	"bytes"
	"strconv"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/names"
)

// invariant says whether a rule that the definitions write in FHIRPath holds
// for a node. c.resource is the resource that the node belongs to.
//
// As in HL7's validator a rule whose expression comes out empty does not hold.
type invariant func(c *checker, n int32) bool

// invariants are the rules by constraint id. A test goes through every
// constraint of the table and fails where one has no function here and no
// reason in exempt.
var invariants map[string]invariant

// The map refers to functions that reach the map again through the engine.
func init() {
	invariants = map[string]invariant{}
	for _, group := range []map[string]invariant{
		typeInvariants, timingInvariants, clinicalInvariants, workflowInvariants, documentInvariants, recordInvariants,
	} {
		for id, f := range group {
			invariants[id] = f
		}
	}
}

// has says whether one of the elements is there.
func has(list ...uint16) invariant {
	return func(c *checker, n int32) bool {
		for _, name := range list {
			if c.doc.has(n, name) {
				return true
			}
		}
		return false
	}
}

// needs: where the first element is, the second has to be too.
func needs(first, second uint16) invariant {
	return func(c *checker, n int32) bool { return !c.doc.has(n, first) || c.doc.has(n, second) }
}

// notBoth: the two elements exclude each other.
func notBoth(a, b uint16) invariant {
	return func(c *checker, n int32) bool { return !c.doc.has(n, a) || !c.doc.has(n, b) }
}

// onlyWhen: the element may be there only while another has one of the codes.
func onlyWhen(element, other uint16, codes ...string) invariant {
	return func(c *checker, n int32) bool {
		return !c.doc.has(n, element) || c.oneOf(n, other, codes...)
	}
}

// partOfEngine are the rules that the engine judges where it has more at hand
// than the node: the contained resources, the text of a narrative.
var partOfEngine = map[string]bool{"ref-1": true, "txt-1": true, "txt-2": true}

// oneOf says whether a property is one of the strings.
func (c *checker) oneOf(n int32, name uint16, codes ...string) bool {
	text := c.doc.property(n, name)
	for _, code := range codes {
		if text != nil && string(text) == code {
			return true
		}
	}
	return false
}

// each says whether f holds for all values of a property.
func (c *checker) each(n int32, name uint16, f func(int32) bool) bool {
	all := true
	c.doc.items(c.doc.get(n, name), func(item int32) bool {
		all = f(item)
		return all
	})
	return all
}

// hasCoding says whether a CodeableConcept property has a coding of that system
// with one of the codes.
func (c *checker) hasCoding(n int32, name uint16, system string, codes ...string) bool {
	concept := c.doc.get(n, name)
	if concept == 0 {
		return false
	}
	return !c.each(concept, names.Coding, func(coding int32) bool {
		return !c.doc.is(coding, names.System, system) || !c.oneOf(coding, names.Code, codes...)
	})
}

// choice is the property of an element such as value[x], or 0.
func (c *checker) choice(n int32, base uint16) int32 { return c.doc.choice(c.r, n, base) }

// ordered says whether a date is not later than another. Dates of different
// precision that do not decide it are not ordered.
func (c *checker) ordered(a, b int32) bool {
	order, known := compareTimes(c.doc.textOf(a), c.doc.textOf(b))
	return known && order <= 0
}

// notLater: the first time, where both are there, is not after the second.
func notLater(first, second uint16) invariant {
	return func(c *checker, n int32) bool {
		a, b := c.doc.get(n, first), c.doc.get(n, second)
		return a == 0 || b == 0 || c.ordered(a, b)
	}
}

// number reads a JSON number. ok is false where there is none.
func (c *checker) number(n int32, name uint16) (value float64, ok bool) {
	at := c.doc.get(n, name)
	if at == 0 || c.doc.nodes[at].kind != kindNumber {
		return 0, false
	}
	value, err := strconv.ParseFloat(string(c.doc.textOf(at)), 64)
	return value, err == nil
}

// same compares a string property of two nodes.
func (c *checker) same(a, b int32, name uint16) bool {
	return bytes.Equal(c.doc.property(a, name), c.doc.property(b, name))
}
