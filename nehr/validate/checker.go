package validate

import (
	"fmt"
	"sync"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/names"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/rules"
)

// checker is one validation. Checkers are reused; nothing in them outlives the
// call except their memory.
type checker struct {
	r *ruleset
	v *Validator
	// elements are those of the table, at hand.
	elements []rules.Element
	doc      document

	issues []Issue
	// probing counts the trials under way: whether a resource keeps a profile
	// that decides something, not whether it has to. A trial makes no issues,
	// it only sets failed.
	probing int
	failed  bool

	// resource is the one being judged, profile the definition.
	resource int32
	profile  int32

	memos  []memo
	bundle bundleIndex
	// stack holds the objects around the one that is being walked.
	stack []frame
	place textPlace
	// nothingContained is set while the invariants of a resource are judged that
	// contains no other, to pass over those that would find nothing.
	nothingContained bool
	errored          int
	// withheld counts what trials would have reported though it does not decide
	// them: a resource with such findings is walked again to report them.
	withheld int
}

// frame is an object that is being walked, with its type.
type frame struct {
	node int32
	typ  int32
}

// memo is what is known about a resource and a definition.
type memo struct {
	definition int32
	next       int32 // index + 1
	verdict    verdict
	withheld   bool
}

type verdict uint8

const (
	// underWay: a resource that refers to itself in a circle is taken to keep
	// the profile, else none in the circle could.
	underWay verdict = iota
	keeps
	breaks
)

var checkers = sync.Pool{New: func() any { return new(checker) }}

// loud notes that a rule is broken and says whether an issue has to be made.
func (c *checker) loud() bool {
	if c.probing > 0 {
		c.failed = true
		return false
	}
	if len(c.issues) > maxIssues {
		c.errored++
		return false
	}
	return true
}

// stop says that a trial is lost, so that nothing more need be looked at.
func (c *checker) stop() bool { return c.probing > 0 && c.failed }

// error adds an issue of severity error about a node; call it when loud.
func (c *checker) error(n int32, code, rule, format string, args ...any) {
	c.errored++
	c.add(n, Error, code, rule, fmt.Sprintf(format, args...))
}

// maxIssues bounds the work of reporting; a text with more is beyond repair by
// reading on.
const maxIssues = 1000

func (c *checker) add(n int32, severity Severity, code, rule, text string) {
	if len(c.issues) >= maxIssues {
		if len(c.issues) > maxIssues {
			return
		}
		c.issues = append(c.issues, Issue{
			Severity: Error, Code: "too-long", Rule: "too-many-issues", Diagnostics: "There are more issues than are listed.",
		})
		return
	}
	profile := ""
	if c.profile >= 0 {
		profile = c.r.table.Definitions[c.profile].URL
	}
	c.issues = append(c.issues, Issue{
		Severity: severity, Code: code, Location: c.location(n), Rule: rule, Profile: profile, Diagnostics: text,
	})
}

// remark adds an issue that decides no trial, nor whether the resource keeps its
// profile: an error among them is one of the document.
func (c *checker) remark(n int32, severity Severity, code, rule, text string) {
	if c.probing > 0 {
		c.withheld++
		return
	}
	c.add(n, severity, code, rule, text)
}

// keepsProfile says whether a resource keeps a definition, without issues.
func (c *checker) keepsProfile(res, definition int32) bool {
	if v, ok := c.recall(res, definition); ok {
		return v != breaks
	}
	if !c.r.descends(c.doc.resources[res].typ, c.r.table.Definitions[definition].Type) {
		return false
	}
	if !c.quick(res, definition) {
		c.remember(res, definition, breaks)
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
