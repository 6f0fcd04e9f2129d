package validate

import (
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/names"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/rules"
)

// memo is what is known about a resource and a definition.
type memo struct {
	definition int32
	next       int32 // index + 1
	verdict    verdict
	withheld   bool
}

// verdict of a trial.
type verdict uint8

const (
	// underWay: a resource that refers to itself in a circle is taken to keep
	// the profile, else none in the circle could.
	underWay verdict = iota
	keeps
	breaks
)

// keepsProfile says whether a resource keeps a definition, without issues.
func (c *checker) keepsProfile(res, definition int32) bool {
	if v, ok := c.recall(res, definition); ok {
		return v != breaks
	}
	if !c.r.descends(c.doc.resources[res].typ, c.r.table.Definitions[definition].Type) {
		return false
	}
	if !c.quick(res, definition) {
		return false
	}
	failed, withheld := c.failed, c.withheld
	c.failed, c.withheld = false, 0
	c.probing++
	at := c.remember(res, definition, underWay)
	c.walkResource(res, definition)
	ok := !c.failed
	c.probing--
	c.memos[at].verdict, c.memos[at].withheld = keeps, c.withheld > 0
	if !ok {
		c.memos[at].verdict = breaks
	}
	c.failed, c.withheld = failed, withheld
	return ok
}

// demand holds a resource to a definition: in a trial it only tries, else it
// makes the issues, once.
func (c *checker) demand(res, definition int32) {
	if c.probing > 0 {
		if !c.keepsProfile(res, definition) {
			c.failed = true
		}
		for m := c.doc.resources[res].memo; m != 0; m = c.memos[m-1].next {
			if c.memos[m-1].definition == definition && c.memos[m-1].withheld {
				c.withheld++
			}
		}
		return
	}
	at := int32(-1)
	for m := c.doc.resources[res].memo; m != 0; m = c.memos[m-1].next {
		if c.memos[m-1].definition == definition {
			if c.memos[m-1].verdict == keeps && !c.memos[m-1].withheld {
				return
			}
			at = m - 1
		}
	}
	if at < 0 {
		at = c.remember(res, definition, underWay)
	}
	before := c.errored
	c.walkResource(res, definition)
	c.memos[at].verdict, c.memos[at].withheld = keeps, false
	if c.errored != before {
		c.memos[at].verdict = breaks
	}
}

func (c *checker) recall(res, definition int32) (verdict, bool) {
	for m := c.doc.resources[res].memo; m != 0; m = c.memos[m-1].next {
		if c.memos[m-1].definition == definition {
			return c.memos[m-1].verdict, true
		}
	}
	return underWay, false
}

func (c *checker) remember(res, definition int32, v verdict) int32 {
	c.memos = append(c.memos, memo{definition: definition, next: c.doc.resources[res].memo, verdict: v})
	c.doc.resources[res].memo = int32(len(c.memos))
	return int32(len(c.memos) - 1)
}

// walkResource judges a resource by a definition.
func (c *checker) walkResource(res, definition int32) {
	d := &c.r.table.Definitions[definition]
	r := &c.doc.resources[res]
	outerResource, outerProfile := c.resource, c.profile
	c.resource, c.profile = res, definition
	if !c.r.descends(r.typ, d.Type) {
		if c.loud() {
			c.error(r.node, "structure", "profile-type", "The profile is one of %s, not of %s.",
				c.r.table.Types[d.Type].Code, c.r.table.Types[r.typ].Code)
		}
	} else {
		root := d.Root
		c.children(r.node, root, r.typ)
		if !c.stop() {
			c.nothingContained = c.doc.get(r.node, names.Contained) == 0
			c.constraints(r.node, &c.elements[root])
			c.nothingContained = false
		}
	}
	c.resource, c.profile = outerResource, outerProfile
}

// quickTest is what a profile fixes directly below its root. Most trials end
// there, because the code is another.
type quickTest []quickValue

type quickValue struct {
	name  uint16
	value int32
	fixed bool
}

func (r *ruleset) newQuickTest(definition int32) quickTest {
	d := &r.table.Definitions[definition]
	if !d.Profile || r.kindOf(d.Type) != rules.Resource {
		return nil
	}
	var out quickTest
	for _, child := range r.table.Elements[d.Root].Children {
		e := &r.table.Elements[child]
		if e.Min == 0 || e.Flags&rules.Choice != 0 {
			continue
		}
		switch {
		case e.Fixed != rules.None:
			out = append(out, quickValue{uint16(e.Name), e.Fixed, true})
		case e.Pattern != rules.None:
			out = append(out, quickValue{uint16(e.Name), e.Pattern, false})
		}
	}
	return out
}

// quick says whether a resource may keep a definition at all.
func (c *checker) quick(res, definition int32) bool {
	for _, t := range c.r.quick[definition] {
		n := c.doc.get(c.doc.resources[res].node, t.name)
		if n != 0 && c.doc.nodes[n].kind == kindArray {
			n = c.doc.first(n)
		}
		if n == 0 {
			// The value may be absent with an extension in its place.
			continue
		}
		if !c.fits(n, t.value, t.fixed) {
			return false
		}
	}
	return true
}

// fits compares a node with a fixed value or a pattern.
func (c *checker) fits(n, value int32, fixed bool) bool {
	if fixed {
		return equalNodes(&c.doc, n, c.r.values[value], 0)
	}
	return matchesPattern(&c.doc, n, c.r.values[value], 0)
}
