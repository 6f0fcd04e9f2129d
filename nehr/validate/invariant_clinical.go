package validate

import "github.com/nehrbridge/nehrbridge/nehr/validate/internal/names"

const (
	systemConditionStatus       = "http://terminology.hl7.org/CodeSystem/condition-clinical"
	systemConditionVerification = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
	systemAllergyVerification   = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
)

// clinicalInvariants are the rules of what is known about a person's health.
var clinicalInvariants = map[string]invariant{
	"ait-1": func(c *checker, n int32) bool {
		return c.hasCoding(n, names.VerificationStatus, systemAllergyVerification, "entered-in-error") ||
			c.doc.has(n, names.ClinicalStatus)
	},
	"ait-2": func(c *checker, n int32) bool {
		return !c.hasCoding(n, names.VerificationStatus, systemAllergyVerification, "entered-in-error") ||
			!c.doc.has(n, names.ClinicalStatus)
	},
	"con-1": has(names.Summary, names.Assessment),
	"con-2": has(names.Code, names.Detail),
	"con-4": func(c *checker, n int32) bool {
		return c.choice(n, names.Abatement) == 0 ||
			c.hasCoding(n, names.ClinicalStatus, systemConditionStatus, "resolved", "remission", "inactive")
	},
	// G2: a retracted Condition has no clinicalStatus.
	"con-5": func(c *checker, n int32) bool {
		return !c.hasCoding(n, names.VerificationStatus, systemConditionVerification, "entered-in-error") ||
			!c.doc.has(n, names.ClinicalStatus)
	},
	"fhs-1": func(c *checker, n int32) bool { return c.choice(n, names.Age) == 0 || c.choice(n, names.Born) == 0 },
	"fhs-2": func(c *checker, n int32) bool {
		return c.choice(n, names.Age) != 0 || !c.doc.has(n, names.EstimatedAge)
	},
	"imm-1": has(names.DocumentType, names.Reference),
	"mad-1": func(c *checker, n int32) bool { return c.doc.has(n, names.Dose) || c.choice(n, names.Rate) != 0 },
	"mdd-1": notLater(names.WhenPrepared, names.WhenHandedOver),
	"obs-3": has(names.Low, names.High, names.Text),
	"obs-6": func(c *checker, n int32) bool {
		return !c.doc.has(n, names.DataAbsentReason) || c.choice(n, names.Value) == 0
	},
	"obs-7": func(c *checker, n int32) bool {
		return c.choice(n, names.Value) == 0 || c.each(n, names.Component, func(part int32) bool { return !c.shareCoding(n, part) })
	},
	"ips-1": func(c *checker, n int32) bool { return c.dayPrecision(n) },
	// G8: a laboratory result has a value unless it groups others.
	"ips-2": func(c *checker, n int32) bool { return c.choice(n, names.Value) != 0 || c.doc.has(n, names.HasMember) },
	"hasComponentifValueStringEmpty": func(c *checker, n int32) bool {
		return c.doc.has(n, names.Component) || c.doc.has(n, names.ValueString)
	},
	"hasMemberOrComponent": notBoth(names.HasMember, names.Component),
	"ras-1": func(c *checker, n int32) bool {
		for _, name := range []uint16{names.Low, names.High} {
			if part := c.doc.get(n, name); part != 0 &&
				(!c.doc.is(part, names.Code, "%") || !c.doc.is(part, names.System, systemUCUM)) {
				return false
			}
		}
		return true
	},
	"ras-2": func(c *checker, n int32) bool {
		v, ok := c.number(n, names.ProbabilityDecimal)
		return !ok || v <= 100
	},
	"vs-1": func(c *checker, n int32) bool { return c.dayPrecision(n) },
	"vs-2": func(c *checker, n int32) bool {
		return c.doc.has(n, names.Component) || c.doc.has(n, names.HasMember) ||
			c.doc.has(n, names.DataAbsentReason) || c.choice(n, names.Value) != 0
	},
	"vs-3": func(c *checker, n int32) bool {
		return c.choice(n, names.Value) != 0 || c.doc.has(n, names.DataAbsentReason)
	},
}

// shareCoding says whether the codes of two nodes have a coding in common.
func (c *checker) shareCoding(a, b int32) bool {
	x, y := c.doc.get(a, names.Code), c.doc.get(b, names.Code)
	if x == 0 || y == 0 {
		return false
	}
	return !c.each(x, names.Coding, func(p int32) bool {
		return c.each(y, names.Coding, func(q int32) bool { return !equalNodes(&c.doc, p, &c.doc, q) })
	})
}

// dayPrecision: a dateTime is at least as exact as a day. Of a value of another
// type the rule says nothing.
func (c *checker) dayPrecision(n int32) bool {
	return c.doc.nodes[n].kind != kindString || len(c.doc.textOf(n)) >= 8
}
