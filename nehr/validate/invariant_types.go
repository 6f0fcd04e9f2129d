package validate

import (
	"bytes"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/names"
)

const systemCurrency = "urn:iso:std:iso:4217"

// typeInvariants are the rules of data types.
var typeInvariants = map[string]invariant{
	"age-1": func(c *checker, n int32) bool {
		v, ok := c.number(n, names.Value)
		return c.codedAmount(n, systemUCUM) && (!ok || v > 0)
	},
	"att-1": needs(names.Data, names.ContentType),
	"cnt-3": func(c *checker, n int32) bool {
		v := c.doc.get(n, names.Value)
		return c.codedAmount(n, systemUCUM) && (!c.doc.has(n, names.Code) || c.doc.is(n, names.Code, "1")) &&
			(v == 0 || !bytes.ContainsRune(c.doc.textOf(v), '.'))
	},
	"cpt-2": needs(names.Value, names.System),
	"dis-1": func(c *checker, n int32) bool { return c.codedAmount(n, systemUCUM) },
	"drq-1": exactlyOne(names.Path, names.SearchParam),
	"drq-2": exactlyOne(names.Path, names.SearchParam),
	"drt-1": func(c *checker, n int32) bool {
		return !c.doc.has(n, names.Code) || c.doc.is(n, names.System, systemUCUM) && c.doc.has(n, names.Value)
	},
	"exp-1":  has(names.Expression, names.Reference),
	"mqty-1": func(c *checker, n int32) bool { return c.codedAmount(n, systemCurrency) },
	"org-2":  func(c *checker, n int32) bool { return !c.doc.is(n, names.Use, "home") },
	"org-3":  func(c *checker, n int32) bool { return !c.doc.is(n, names.Use, "home") },
	"per-1":  notLater(names.Start, names.End),
	"qty-3":  needs(names.Code, names.System),
	"rat-1": func(c *checker, n int32) bool {
		numerator := c.doc.has(n, names.Numerator)
		return numerator == c.doc.has(n, names.Denominator) && (numerator || c.doc.has(n, names.Extension))
	},
	"rng-2":  rangeOrdered,
	"sqty-1": func(c *checker, n int32) bool { return !c.doc.has(n, names.Comparator) },
	"trd-1": func(c *checker, n int32) bool {
		return !c.doc.has(n, names.Data) || c.choice(n, names.Timing) == 0
	},
	"trd-2": needs(names.Condition, names.Data),
	"trd-3": func(c *checker, n int32) bool {
		kind := c.doc.property(n, names.Type)
		return (string(kind) != "named-event" || c.doc.has(n, names.Name)) &&
			(string(kind) != "periodic" || c.choice(n, names.Timing) != 0) &&
			(!bytes.HasPrefix(kind, []byte("data-")) || c.doc.has(n, names.Data))
	},
}

// codedAmount: a value has a code, and the system is the one that is allowed.
func (c *checker) codedAmount(n int32, system string) bool {
	return (c.doc.has(n, names.Code) || !c.doc.has(n, names.Value)) &&
		(!c.doc.has(n, names.System) || c.doc.is(n, names.System, system))
}

// exactlyOne of the two elements is there.
func exactlyOne(a, b uint16) invariant {
	return func(c *checker, n int32) bool { return c.doc.has(n, a) != c.doc.has(n, b) }
}

// rangeOrdered: low is not above high. Amounts are compared only in one unit;
// of two units FHIRPath decides nothing, so the rule does not hold.
func rangeOrdered(c *checker, n int32) bool {
	low, high := c.doc.get(n, names.Low), c.doc.get(n, names.High)
	if low == 0 || high == 0 {
		return true
	}
	a, okA := c.number(low, names.Value)
	b, okB := c.number(high, names.Value)
	return okA && okB && c.same(low, high, names.Unit) && a <= b
}

// timingInvariants are the rules of Timing.repeat.
var timingInvariants = map[string]invariant{
	"tim-1":  needs(names.Duration, names.DurationUnit),
	"tim-2":  needs(names.Period, names.PeriodUnit),
	"tim-4":  notNegative(names.Duration),
	"tim-5":  notNegative(names.Period),
	"tim-6":  needs(names.PeriodMax, names.Period),
	"tim-7":  needs(names.DurationMax, names.Duration),
	"tim-8":  needs(names.CountMax, names.Count),
	"tim-10": notBoth(names.TimeOfDay, names.When),
	"tim-9": func(c *checker, n int32) bool {
		if !c.doc.has(n, names.Offset) {
			return true
		}
		return c.doc.has(n, names.When) && c.each(n, names.When, func(when int32) bool {
			switch string(c.doc.textOf(when)) {
			case "C", "CM", "CD", "CV":
				return false
			}
			return true
		})
	},
	"MedicationRequest-DosageInstruction-1": func(c *checker, n int32) bool {
		repeat := c.doc.get(n, names.Repeat)
		return repeat != 0 && c.doc.has(repeat, names.Frequency) || c.doc.has(n, names.Code)
	},
}

func notNegative(name uint16) invariant {
	return func(c *checker, n int32) bool {
		v, ok := c.number(n, name)
		return !ok || v >= 0
	}
}
