package mapper

import (
	"strings"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// readAttributes finds the value of each attribute: of the enrollments, else
// of the tracked entity; where two differ the one updated later, and of equals
// that of the enrollment, of enrollments that enrolled later.
func (r *run) readAttributes() {
	r.attributes = make([]attributeValue, len(r.plan.attributes))
	best := make([]*dhis2.Attribute, len(r.plan.attributes))
	conflict := make([]bool, len(r.plan.attributes))
	for i := range r.te.Attributes {
		r.weigh(&r.te.Attributes[i], nil, best, conflict)
	}
	// Enrollments come by enrolledAt, so that of equals the later one wins.
	for _, e := range r.enrollments {
		if e.plan != r.plan {
			continue
		}
		for i := range e.Attributes {
			r.weigh(&e.Attributes[i], e, best, conflict)
		}
	}
	for i, a := range best {
		if a == nil {
			continue
		}
		p := r.plan.attributes[i]
		if conflict[i] {
			r.issue(p.issueOn(Warning, RuleAttributeConflict,
				"the document holds two values of the attribute: the one updated later was taken, of equals that of the enrollment"))
		}
		value, err := dhis2.ParseValue(p.Type, dhis2.Clean(a.Value), r.server)
		if err != nil {
			r.issue(p.issueOn(Warning, RuleValueType, err.Error()+": not sent"))
			r.attributes[i].at = nil
			continue
		}
		r.attributes[i].value = value
	}
}

// weigh compares one more value of an attribute with the best so far.
func (r *run) weigh(a *dhis2.Attribute, at *enrollment, best []*dhis2.Attribute, conflict []bool) {
	p := r.plan.attribute[a.Attribute]
	if p == nil {
		r.issue(Issue{Severity: Information, Rule: RuleUnmappedAttribute, Attribute: a.Attribute,
			Text: "the map does not name the attribute: not sent"})
		return
	}
	text := dhis2.Clean(a.Value)
	if p.Kind == AttrNone || text == "" {
		return
	}
	have := best[p.index]
	if have != nil {
		if dhis2.Clean(have.Value) != text {
			conflict[p.index] = true
		}
		// Two in one place at one time: see latestValues.
		sameTime := !r.later(a.UpdatedAt, have.UpdatedAt)
		if r.later(have.UpdatedAt, a.UpdatedAt) || (sameTime && r.attributes[p.index].at == at && have.Value > a.Value) {
			return
		}
	}
	best[p.index] = a
	r.attributes[p.index].at = at
}

func (p *attributePlan) issueOn(s Severity, rule Rule, text string) Issue {
	return Issue{Severity: s, Rule: rule, Attribute: p.UID, Name: p.Name, Type: p.Type, Text: text}
}

// attr gives the first attribute of a kind that has a value.
func (r *run) attr(kind AttributeKind) (*attributePlan, dhis2.Value, bool) {
	for _, p := range r.plan.attributes {
		if p.Kind == kind {
			if v := r.attributes[p.index].value; v.Type() != "" {
				return p, v, true
			}
		}
	}
	return nil, dhis2.Value{}, false
}

// attrs calls f for each attribute of a kind that has a value.
func (r *run) attrs(kind AttributeKind, f func(*attributePlan, attributeValue)) {
	for _, p := range r.plan.attributes {
		if v := r.attributes[p.index]; p.Kind == kind && v.value.Type() != "" {
			f(p, v)
		}
	}
}

// words splits at blanks.
func words(s string) []string { return strings.Fields(s) }
