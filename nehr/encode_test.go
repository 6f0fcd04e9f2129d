package nehr_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/nehrbridge/nehrbridge/nehr"
	"pgregory.net/rapid"
)

// TestD006NoEmptyNode: there is no way to write a null value, an empty object,
// list or text.
func TestD006NoEmptyNode(t *testing.T) {
	observation := func(set func(*nehr.Observation)) nehr.Resource {
		o := nehr.NewObservation()
		set(o)
		return o
	}
	patient := func(set func(*nehr.Patient)) nehr.Resource {
		p := nehr.NewPatientIPS()
		set(p)
		return p
	}
	reason := nehr.Elements{{Extension: nehr.AbsentExtensions(nehr.AbsentUnknown)}}
	for _, c := range []struct {
		name     string
		resource nehr.Resource
		pointer  string
		want     error
	}{
		{"a value that is not set", observation(func(o *nehr.Observation) { o.ValueString = "" }), "", nil},
		{"pointer to nothing", observation(func(o *nehr.Observation) { o.ValueQuantity = &nehr.Quantity{} }), "", nil},
		{"pointer to a pointer to nothing", observation(func(o *nehr.Observation) { o.Subject = &nehr.Reference{Identifier: &nehr.Identifier{}} }), "", nil},
		{"empty list", observation(func(o *nehr.Observation) { o.Performer = []nehr.Reference{} }), "", nil},
		{"list of nothing", observation(func(o *nehr.Observation) { o.Performer = []nehr.Reference{{}} }), "/performer/0", nehr.ErrEmptyNode},
		{"concept of an empty coding", observation(func(o *nehr.Observation) { o.Code.Coding = []nehr.Coding{{}} }), "/code/coding/0", nehr.ErrEmptyNode},
		{"extension without URL", observation(func(o *nehr.Observation) { o.Extension = []nehr.Extension{{ValueCode: "a"}} }), "/extension/0/url", nehr.ErrEmptyNode},
		{"empty profile", observation(func(o *nehr.Observation) { o.Meta.Profile = []string{""} }), "/meta/profile/0", nehr.ErrEmptyNode},
		{"null of others", observation(func(o *nehr.Observation) { o.Rest = jsontext.Value(`{"x": {"y": null}}`) }), "/x/y", nehr.ErrEmptyNode},
		{"empty object of others", observation(func(o *nehr.Observation) { o.Rest = jsontext.Value(`{"x": { } }`) }), "/x", nehr.ErrEmptyNode},
		{"empty list within a list", observation(func(o *nehr.Observation) { o.Rest = jsontext.Value(`{"x":[[1],[ ]]}`) }), "/x/1", nehr.ErrEmptyNode},
		{"given that is unknown, no reason", patient(func(p *nehr.Patient) { p.Name = []nehr.HumanName{{Given: nehr.Strings{""}}} }), "/name/0/given", nehr.ErrUnpaired},
		{"given that is unknown", patient(func(p *nehr.Patient) { p.Name = []nehr.HumanName{{Given: nehr.Strings{""}, GivenExt: reason}} }), "", nil},
		{"one given of two", patient(func(p *nehr.Patient) {
			p.Name = []nehr.HumanName{{Given: nehr.Strings{"A", ""}, GivenExt: nehr.Elements{{}, reason[0]}}}
		}), "", nil},
		{"reason at the wrong place", patient(func(p *nehr.Patient) {
			p.Name = []nehr.HumanName{{Given: nehr.Strings{"A", ""}, GivenExt: nehr.Elements{reason[0], {}}}}
		}), "/name/0/given", nehr.ErrUnpaired},
		{"reasons too few", patient(func(p *nehr.Patient) {
			p.Name = []nehr.HumanName{{Given: nehr.Strings{"A", ""}, GivenExt: reason}}
		}), "/name/0/given", nehr.ErrUnpaired},
		{"reason without a value beside it", patient(func(p *nehr.Patient) {
			p.Name = []nehr.HumanName{{Text: "A", GivenExt: nehr.Elements{{}, reason[0]}}}
		}), "/name/0/_given", nehr.ErrUnpaired},
		{"suffix that is unknown", patient(func(p *nehr.Patient) { p.Name = []nehr.HumanName{{Suffix: nehr.Strings{""}}} }), "/name/0/suffix", nehr.ErrUnpaired},
		{"words that look like empty nodes", observation(func(o *nehr.Observation) { o.ValueString = `{} [] null "" \" \\` }), "", nil},
		{"text that ends in a quotation mark", observation(func(o *nehr.Observation) { o.ValueString = `she said "no"` }), "", nil},
		{"those and a true one", observation(func(o *nehr.Observation) { o.ValueString, o.Performer = `{} "`, []nehr.Reference{{}} }), "/performer/0", nehr.ErrEmptyNode},
		{"text that is no UTF-8", observation(func(o *nehr.Observation) { o.ValueString = "Kamala\xff" }), "/valueString", nehr.ErrUTF8},
		{"the same name twice", observation(func(o *nehr.Observation) { o.Rest = jsontext.Value(`{"status":"final"}`) }), "/status", nehr.ErrDuplicate},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc, err := nehr.Encode(c.resource)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v: %s", err, c.want, doc)
			}
			if c.want == nil {
				return
			}
			e, ok := errors.AsType[*nehr.EncodeError](err)
			if !ok || e.Pointer != c.pointer || doc != nil {
				t.Errorf("got %v at %q, want it at %q; %s", err, e.Pointer, c.pointer, doc)
			}
			if strings.Contains(err.Error(), "Kamala") {
				t.Error("the error holds a value")
			}
		})
	}
}

// anyResource draws a resource of which any field may be set, absent, or
// present and empty.
func anyResource(t *rapid.T) nehr.Resource {
	text := rapid.SampledFrom([]string{"", "a", `"`, "{}", "null", "தமிழ்"})
	maybe := func(label string) bool { return rapid.Bool().Draw(t, label) }
	element := func() *nehr.Element {
		switch rapid.IntRange(0, 2).Draw(t, "element") {
		case 0:
			return nil
		case 1:
			return &nehr.Element{}
		}
		return nehr.Absent(nehr.AbsentUnknown)
	}
	texts := func() (nehr.Strings, nehr.Elements) {
		var e nehr.Elements
		s := nehr.Strings(rapid.SliceOfN(text, 0, 3).Draw(t, "texts"))
		for range rapid.IntRange(0, 3).Draw(t, "elements") {
			if p := element(); p != nil {
				e = append(e, *p)
			}
		}
		return s, e
	}
	concept := func() *nehr.CodeableConcept {
		if maybe("no concept") {
			return nil
		}
		c := &nehr.CodeableConcept{Text: text.Draw(t, "text")}
		for range rapid.IntRange(0, 2).Draw(t, "codings") {
			c.Coding = append(c.Coding, nehr.Coding{System: text.Draw(t, "system"), Code: text.Draw(t, "code")})
		}
		return c
	}
	base := func(b *nehr.Base) {
		b.Id, b.Meta.Source = text.Draw(t, "id"), text.Draw(t, "source")
		if maybe("identifier") {
			b.Identifier = append(b.Identifier, nehr.Identifier{Value: text.Draw(t, "value"), ValueExt: element(), Type: concept()})
		}
		if maybe("rest") {
			b.Rest = jsontext.Value(rapid.SampledFrom([]string{`{}`, `{"x":[null]}`, `{"x":null}`, `{"x":["a"],"_x":[{}]}`, `{"x":""}`, `{"x":1.0}`}).Draw(t, "others"))
		}
	}
	if maybe("patient") {
		p := &nehr.Patient{BirthDate: text.Draw(t, "birth date"), BirthDateExt: element(), MaritalStatus: concept()}
		base(&p.Base)
		if maybe("name") {
			n := nehr.HumanName{Text: text.Draw(t, "name"), FamilyExt: element()}
			n.Given, n.GivenExt = texts()
			p.Name = append(p.Name, n)
		}
		if maybe("address") {
			a := nehr.Address{City: text.Draw(t, "city"), CityExt: element()}
			a.Line, a.LineExt = texts()
			p.Address = append(p.Address, a)
		}
		return p
	}
	o := &nehr.Observation{ValueString: text.Draw(t, "value"), ValueCodeableConcept: concept()}
	base(&o.Base)
	if maybe("quantity") {
		o.ValueQuantity = &nehr.Quantity{Unit: text.Draw(t, "unit"), ValueExt: element()}
	}
	if maybe("component") {
		o.Component = append(o.Component, nehr.Component{ValueCodeableConcept: concept()})
	}
	return o
}

// emptyNodeOf looks for an empty node in its own way: over the decoded tree.
func emptyNodeOf(v jsontext.Value) bool {
	dec := jsontext.NewDecoder(strings.NewReader(string(v)))
	last := jsontext.Kind(0)
	for {
		tok, err := dec.ReadToken()
		if err != nil {
			return false
		}
		k := tok.Kind()
		parent, _ := dec.StackIndex(dec.StackDepth())
		switch {
		case k == '}' && last == '{', k == ']' && last == '[', k == '"' && tok.String() == "":
			return true
		case k == 'n' && parent != '[':
			return true
		}
		last = k
	}
}

// TestD006NothingEmptyIsEverWritten: whatever is set, what is written has no
// empty node, and what is refused had one.
func TestD006NothingEmptyIsEverWritten(t *testing.T) {
	refused, written := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		r := anyResource(t)
		doc, err := nehr.Encode(r)
		if err != nil {
			refused++
			if _, ok := errors.AsType[*nehr.EncodeError](err); !ok {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		written++
		if emptyNodeOf(doc) {
			t.Fatalf("an empty node in %s", doc)
		}
		back, err := nehr.Decode(doc)
		if err != nil {
			t.Fatalf("%v: %s", err, doc)
		}
		again, err := nehr.Encode(back)
		if err != nil || string(again) != string(doc) {
			t.Fatalf("read and written again: %s, %v; first %s", again, err, doc)
		}
	})
	if refused == 0 || written == 0 {
		t.Errorf("%d refused, %d written: one side was not tried", refused, written)
	}
}
