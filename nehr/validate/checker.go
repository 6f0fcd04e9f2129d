package validate

import (
	"fmt"
	"sync"

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
	// contained finds contained resources by their ids.
	contained containedIndex
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
