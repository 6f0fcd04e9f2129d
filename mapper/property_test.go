package mapper_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr/validate"
)

// everyValue calls f with each attribute and data value of a document.
func everyValue(te *dhis2.TrackedEntity, f func(name string, v *string)) {
	for i := range te.Attributes {
		f(te.Attributes[i].Attribute.String(), &te.Attributes[i].Value)
	}
	for i := range te.Enrollments {
		e := &te.Enrollments[i]
		for j := range e.Attributes {
			f(e.Attributes[j].Attribute.String(), &e.Attributes[j].Value)
		}
		for j := range e.Events {
			for k := range e.Events[j].DataValues {
				f(e.Events[j].DataValues[k].DataElement.String(), &e.Events[j].DataValues[k].Value)
			}
		}
	}
}

// No issue and no refusal ever holds a value of the document: each value is
// marked, and each is bad in one way or another, so that all rules speak.
func TestIssuesNeverHoldValues(t *testing.T) {
	documents := map[string]func(testing.TB) *dhis2.TrackedEntity{
		"invented": func(testing.TB) *dhis2.TrackedEntity { return full() },
		"bad": func(testing.TB) *dhis2.TrackedEntity {
			te := full()
			for _, a := range []string{subjectAttribute, nicAttribute, regnoAttribute, phoneAttribute, addressAttribute} {
				set(te, a, "x")
			}
			te.Attributes = append(te.Attributes, te.Enrollments[0].Attributes...)
			return te
		},
		"implausible": func(testing.TB) *dhis2.TrackedEntity {
			return set(mother(
				registration(value("vuDExM32SZ6", "2031-11-13"), value("r5TIiovGHdi", "2037-12-19"), value("No3jJWIR7bn", "7919")),
				visit(value("Y3xF4qecAVw", "39871"), value("QMCuOLLRHHD", "40129"), value("cw35l7X4hnV", "25.731"), value("CbZCIisQAzv", "104729"), value("aDaoKP0DB1c", "7351")),
			), birthAttribute, "1931-01-17")
		},
		"WHO": func(testing.TB) *dhis2.TrackedEntity { return whoMother() },
	}
	for _, name := range []string{"tracked-entity-lk-anc-consistent.json", "tracked-entity-lk-anc.json", "tracked-entity-lk-anc-minimal.json", "tracked-entity-who-anc.json"} {
		documents[name] = func(t testing.TB) *dhis2.TrackedEntity { return document(t, name) }
	}
	for name, make := range documents {
		t.Run(name, func(t *testing.T) {
			// "mark" is a bad value of most types; with the PHN marked too, a
			// refusal has to keep silent.
			for _, keepPHN := range []bool{true, false} {
				te, n := make(t), 0
				everyValue(te, func(of string, v *string) {
					n++
					if of != phnAttribute || !keepPHN {
						*v = fmt.Sprintf("mark|%d", n)
					}
				})
				result, err := newMapper(t, func(c *mapper.Config) { c.Plausibility = mapper.PlausibilityDetectedIssue }).Map(te, server())
				silent(t, result, err, "mark|")
			}
			te := make(t)
			var values []string
			everyValue(te, func(_ string, v *string) {
				if len(*v) >= 4 && *v != "true" && *v != "false" {
					values = append(values, *v)
				}
			})
			result, err := newMapper(t, detected).Map(te, server())
			silent(t, result, err, values...)
		})
	}
}

func silent(t testing.TB, result *mapper.Result, err error, values ...string) {
	t.Helper()
	said := []string{fmt.Sprint(err)}
	for _, i := range result.Issues {
		said = append(said, i.String())
	}
	for _, s := range said {
		for _, v := range values {
			if strings.Contains(s, v) {
				t.Errorf("a value of the document is in %q", s)
			}
		}
	}
}

// The same input gives the same bytes, and the order of arrays, which are
// sets in DHIS2, means nothing.
func TestOrderMeansNothing(t *testing.T) {
	m := newMapper(t)
	encode := func(t *rapid.T, te *dhis2.TrackedEntity) ([]byte, []string) {
		result, err := m.Map(te, server())
		if err != nil {
			t.Fatal(err)
		}
		out, err := result.Bundle.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		issues := map[string]int{}
		for _, i := range result.Issues {
			issues[i.String()]++
		}
		var lines []string
		for s, n := range issues {
			lines = append(lines, fmt.Sprint(n, s))
		}
		return out, lines
	}
	source, err := json.Marshal(with(full(), func(te *dhis2.TrackedEntity) {
		second := te.Enrollments[0]
		second.Enrollment, second.Events, second.EnrolledAt = uid("Eaa00000002"), nil, "2026-09-03"
		te.Enrollments = append(te.Enrollments, second)
	}))
	if err != nil {
		t.Fatal(err)
	}
	read := func(t *rapid.T) *dhis2.TrackedEntity {
		te, err := dhis2.DecodeTrackedEntity(source)
		if err != nil {
			t.Fatal(err)
		}
		return te
	}
	rapid.Check(t, func(t *rapid.T) {
		want, wantIssues := encode(t, read(t))
		again, _ := encode(t, read(t))
		if !bytes.Equal(want, again) {
			t.Fatal("the same document gave other bytes")
		}
		te := read(t)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		r.Shuffle(len(te.Enrollments), func(i, j int) { te.Enrollments[i], te.Enrollments[j] = te.Enrollments[j], te.Enrollments[i] })
		for i := range te.Enrollments {
			e := &te.Enrollments[i]
			r.Shuffle(len(e.Attributes), func(i, j int) { e.Attributes[i], e.Attributes[j] = e.Attributes[j], e.Attributes[i] })
			r.Shuffle(len(e.Events), func(i, j int) { e.Events[i], e.Events[j] = e.Events[j], e.Events[i] })
			for j := range e.Events {
				v := e.Events[j].DataValues
				r.Shuffle(len(v), func(i, j int) { v[i], v[j] = v[j], v[i] })
			}
		}
		got, gotIssues := encode(t, te)
		if !bytes.Equal(want, got) {
			t.Fatal("the order of the document changed the bundle")
		}
		if len(wantIssues) != len(gotIssues) {
			t.Fatalf("the order of the document changed the issues: %v, then %v", wantIssues, gotIssues)
		}
	})
}

// anyText draws values that look like something, and others.
var anyText = rapid.OneOf(
	rapid.String(), rapid.StringMatching(`-?[0-9]{0,20}(\.[0-9]{0,20})?(e[0-9]+)?`), rapid.StringMatching(`[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]{0,12}Z?)?`),
	rapid.SampledFrom([]string{"true", "FALSE", "", " ", "\x00", "null", "Female", "01", "-0", "+1", "1e9", "2147483648", "NaN", "\ufeff", "\u202e", "}", "0001-01-01", "9999-12-31"}),
	rapid.StringMatching(`\+?[0-9 ()-]{0,24}`), rapid.StringMatching(`[\x00-\x20,\n]{0,6}`), rapid.StringOfN(rapid.Rune(), 0, 64, -1),
)

// Whatever stands in a value, the mapper does not panic, the bundle is valid,
// no issue holds the value, and the other facts are as they were.
func TestAnyValueOfAnyElement(t *testing.T) {
	m := newMapper(t)
	judge, err := validate.New(validate.Config{})
	if err != nil {
		t.Fatal(err)
	}
	lk := lkMap(t)
	const checks = 2000
	for path, kinds := range map[string][]dhis2.ValueType{
		"text": {dhis2.Text, dhis2.LongText}, "boolean": {dhis2.Boolean, dhis2.TrueOnly}, "number": {dhis2.Number},
		"integer": {dhis2.Integer, dhis2.IntegerPositive}, "date": {dhis2.DateType},
	} {
		type place struct{ stage, element string }
		var places []place
		for _, s := range lk.Stages {
			for _, e := range s.Elements {
				for _, k := range kinds {
					if e.Type == k {
						places = append(places, place{s.UID.String(), e.UID.String()})
					}
				}
			}
		}
		t.Run(path, func(t *testing.T) {
			for i, text := range drawn(checks) {
				p := places[i%len(places)]
				te := mother(event(visitEvent, p.stage, "2025-10-02", value(p.element, text)))
				anyDocument(t, m, judge, te, text)
			}
		})
	}
	t.Run("attributes", func(t *testing.T) {
		for i, text := range drawn(checks) {
			a := lk.Attributes[i%len(lk.Attributes)].UID.String()
			anyDocument(t, m, judge, set(mother(), a, text), text)
		}
	})
	t.Run("times", func(t *testing.T) {
		for i, text := range drawn(checks) {
			e := visit(value("cw35l7X4hnV", "11"))
			at := []*dhis2.Timestamp{&e.OccurredAt, &e.CompletedAt, &e.ScheduledAt, &e.UpdatedAt}[i%4]
			*at = dhis2.Timestamp(text)
			if i%8 == 2 {
				e.Status = dhis2.EventScheduled
			}
			anyDocument(t, m, judge, mother(e), "")
		}
	})
}

// drawn gives n values, the same in each run.
func drawn(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = anyText.Example(i)
	}
	return out
}

func anyDocument(t testing.TB, m *mapper.Mapper, judge *validate.Validator, te *dhis2.TrackedEntity, text string) {
	t.Helper()
	result, err := m.Map(te, server())
	if len(text) > 8 && strings.TrimSpace(text) == text {
		silent(t, result, err, text)
	}
	if err != nil {
		if _, ok := errors.AsType[*mapper.Refusal](err); !ok {
			t.Fatalf("%q: %v is no refusal", text, err)
		}
		return
	}
	out, err := result.Bundle.AppendJSON(nil)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	for _, i := range judge.Validate(out).Issues {
		if i.Severity == validate.Error || i.Severity == validate.Fatal {
			t.Fatalf("%q: %s: %s (%s)\n%s", text, i.Location, i.Diagnostics, i.Rule, out)
		}
	}
}
