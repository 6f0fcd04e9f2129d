package mapper_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// clinical is a row of the correctness table with severity C: an answer, the
// one resource that depends on it, and what that resource says.
type clinical struct {
	// doc is the document with an answer; "" is the answer cleared.
	doc func(answer string) *dhis2.TrackedEntity
	// typ and key identify the resource.
	typ string
	key nehr.Key
	// says reads the resource, in a form that can be compared.
	says func(*record, nehr.Resource) any

	positive, negative case1 // what a true and a false (or harmless) answer become
	// corrected leads from one answer to another.
	corrected [2]case1
	// others is true where the answer is about more than this resource, so
	// that the rest of the record may change with it.
	others bool
	config []func(*mapper.Config)
}

// case1 is an answer and what the resource then says; nil: there is none.
type case1 struct {
	answer string
	want   any
}

// run checks the four variants. The set of resources is what a server is
// brought to, so a resource that is gone from it is retracted, and one with
// the same id is corrected in its place.
func (c clinical) run(t *testing.T) {
	t.Helper()
	url := nehr.FullURL(c.typ, c.key)
	check := func(t *testing.T, r *record, want any) {
		t.Helper()
		res := r.byURL[url]
		switch {
		case want == nil && res != nil:
			t.Errorf("there is a %s with %+v, want none", c.typ, c.says(r, res))
		case want != nil && res == nil:
			t.Errorf("there is no %s of %v", c.typ, c.key)
		case want != nil:
			if d := cmp.Diff(want, c.says(r, res)); d != "" {
				t.Errorf("%s (-want +got):\n%s", c.typ, d)
			}
		}
	}
	take := func(t *testing.T, answer string) *record {
		t.Helper()
		return mapped(t, c.doc(answer), c.config...)
	}
	rest := func(t *testing.T, before, after *record) {
		t.Helper()
		if c.others {
			return
		}
		a, b := before.contents(), after.contents()
		delete(a, url)
		delete(b, url)
		if d := cmp.Diff(a, b); d != "" {
			t.Errorf("other resources changed too:\n%s", d)
		}
	}
	t.Run("positive", func(t *testing.T) {
		if c.positive.want == nil {
			t.Fatal("a positive variant makes a resource")
		}
		check(t, take(t, c.positive.answer), c.positive.want)
	})
	t.Run("negative", func(t *testing.T) {
		check(t, take(t, c.negative.answer), c.negative.want)
	})
	t.Run("cleared", func(t *testing.T) {
		before, after := take(t, c.positive.answer), take(t, "")
		check(t, before, c.positive.want)
		check(t, after, nil)
		rest(t, before, after)
	})
	t.Run("corrected", func(t *testing.T) {
		before, after := take(t, c.corrected[0].answer), take(t, c.corrected[1].answer)
		check(t, before, c.corrected[0].want)
		check(t, after, c.corrected[1].want)
		rest(t, before, after)
	})
}

// inRegistration and inVisit put the answer to one data element into a
// document that has others beside it.
func inRegistration(element string) func(string) *dhis2.TrackedEntity {
	return func(answer string) *dhis2.TrackedEntity {
		return mother(registration(value("TRkCMVFhrmr", "2"), value(element, answer)))
	}
}

func inVisit(element string) func(string) *dhis2.TrackedEntity {
	return func(answer string) *dhis2.TrackedEntity {
		return mother(visit(value("XMMTan4EEsB", "cheerful"), value(element, answer)))
	}
}

// The forms that resources are compared in.

type observation struct {
	Status, Profile, Category string
	Code                      []string
	Quantity, Unit, UCUM      string
	Answer                    []string
	Text, Date                string
	Integer                   *int
	Effective, Issued         string
}

func readObservation(_ *record, res nehr.Resource) any {
	o := res.(*nehr.Observation)
	out := observation{
		Status: string(o.Status), Code: coded(&o.Code), Answer: coded(o.ValueCodeableConcept),
		Text: o.ValueString, Date: o.ValueDateTime, Integer: o.ValueInteger, Effective: o.EffectiveDateTime, Issued: o.Issued,
	}
	if len(o.Meta.Profile) == 1 {
		out.Profile = o.Meta.Profile[0]
	}
	if len(o.Category) == 1 && len(o.Category[0].Coding) == 1 {
		out.Category = o.Category[0].Coding[0].Code
	}
	if q := o.ValueQuantity; q != nil {
		out.Quantity, out.Unit, out.UCUM = q.Value.String(), q.Unit, q.Code
		if q.System != nehr.SystemUCUM {
			out.UCUM = q.System + "|" + q.Code
		}
	}
	return out
}

// generic is an Observation of the national profile in the visit (or, with
// edit, elsewhere).
func generic(category string, code []string, edit func(*observation)) observation {
	o := observation{
		Status: "final", Profile: nehr.ProfileLKGenericObservation, Category: category, Code: code,
		Effective: "2025-10-02", Issued: "2025-10-02T09:30:00+00:00",
	}
	edit(&o)
	return o
}

func registered(o *observation) {
	o.Effective, o.Issued = "2025-09-04", "2025-09-04T09:30:00+00:00"
}

func answered(codes ...string) func(*observation) {
	return func(o *observation) { o.Answer = codes }
}

func measured(number, unit, ucum string) func(*observation) {
	return func(o *observation) { o.Quantity, o.Unit, o.UCUM = number, unit, ucum }
}

func both(a, b func(*observation)) func(*observation) {
	return func(o *observation) { a(o); b(o) }
}
