package golden

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
)

// forDrawings checks a property of the bundles of drawn documents.
func forDrawings(t *testing.T, property func(d *drawing, m *mapper.Mapper, res *mapper.Result, bundle []byte)) {
	maps := embedded(t)
	m, err := mapper.New(mapper.Config{Maps: maps, Explain: true, Plausibility: mapper.PlausibilityDetectedIssue})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		d := draw(rt, maps)
		res, bundle := d.bundle(m, d.te, d.ctx)
		property(d, m, res, bundle)
	})
}

func (d *drawing) bundle(m *mapper.Mapper, te *dhis2.TrackedEntity, ctx *dhis2.Context) (*mapper.Result, []byte) {
	res, err := m.Map(te, ctx)
	if err != nil {
		d.Fatal(err)
	}
	bundle, err := res.Bundle.AppendJSON(nil)
	if err != nil {
		d.Fatal(err)
	}
	return res, bundle
}

func TestSameDocumentSameBytes(t *testing.T) {
	forDrawings(t, func(d *drawing, m *mapper.Mapper, _ *mapper.Result, want []byte) {
		_, got := d.bundle(m, d.te, d.ctx)
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			d.Fatalf("the same document twice (-first +second):\n%s", diff)
		}
	})
}

// DHIS2 gives lists in no particular order: it must not show.
func TestOrderOfListsDoesNotMatter(t *testing.T) {
	forDrawings(t, func(d *drawing, m *mapper.Mapper, _ *mapper.Result, want []byte) {
		te, ctx := d.shuffled()
		_, got := d.bundle(m, te, ctx)
		if diff := compare(map[string][]byte{fileBundle: want}, map[string][]byte{fileBundle: got}); diff != nil {
			d.Fatal(diff)
		}
	})
}

// A transaction with a reference to what is not in it fails as a whole.
func TestD039_D040_EachReferenceResolvesInTheBundle(t *testing.T) {
	forDrawings(t, func(d *drawing, _ *mapper.Mapper, _ *mapper.Result, bundle []byte) {
		known := map[string]bool{}
		for _, e := range mustParse(d, bundle).member("entry").items {
			url := e.member("fullUrl").text()
			if known[url] {
				d.Fatalf("fullUrl %s stands twice", url)
			}
			known[url] = true
		}
		for _, l := range leavesOf(mustParse(d, bundle), "Bundle") {
			if strings.HasSuffix(l.path, ".reference") && !known[l.value] {
				d.Fatalf("%s leads to nothing in the bundle", l.path)
			}
		}
	})
}

// R4, JSON representation: no empty object, array or text, and null only in an
// array whose companion says why.
func TestD006_NoEmptyNode(t *testing.T) {
	forDrawings(t, func(d *drawing, _ *mapper.Mapper, _ *mapper.Result, bundle []byte) {
		var walk func(n, parent *node, name, path string)
		walk = func(n, parent *node, name, path string) {
			if n.kind == '{' && len(n.members) == 0 || n.kind == '[' && len(n.items) == 0 || n.kind == '"' && strings.TrimSpace(n.text()) == "" {
				d.Fatalf("%s is empty", path)
			}
			for _, m := range n.members {
				if m.value.kind == 'n' {
					d.Fatalf("%s is null", join(path, m.name))
				}
				walk(m.value, n, m.name, join(path, m.name))
			}
			for i, item := range n.items {
				if item.kind == 'n' {
					why := parent.member("_" + name)
					if i >= len(why.items) || why.items[i].kind != '{' {
						d.Fatalf("%s[%d] is null and nothing says why", path, i)
					}
					continue
				}
				walk(item, n, name, path+"["+strconv.Itoa(i)+"]")
			}
		}
		walk(mustParse(d, bundle), nothing, "", "Bundle")
	})
}

// Each value comes from the element that it says it comes from, and each
// answer of a completed event that is to be sent arrives.
func TestD005_D011_EachValueTracesToItsOwnUID(t *testing.T) {
	forDrawings(t, func(d *drawing, _ *mapper.Mapper, res *mapper.Result, bundle []byte) {
		origins, err := res.Explain(bundle)
		if err != nil {
			d.Fatal(err)
		}
		leaves := leavesOf(mustParse(d, bundle), "Bundle")
		if len(leaves) != len(origins) {
			d.Fatalf("%d elements have a value, %d are explained", len(leaves), len(origins))
		}
		arrived := map[string]bool{}
		for i, l := range leaves {
			o := origins[i]
			// FHIRPath sees what stands beside a primitive as part of it.
			if want := strings.ReplaceAll(l.path, "._", "."); o.Path != want {
				d.Fatalf("element %d is %s, explained is %s", i, want, o.Path)
			}
			if want, known := d.answers[l.value]; known {
				arrived[l.value] = true
				if got := (origin{o.Event, o.Element, o.Attribute}); got != want {
					d.Fatalf("%s comes from %+v, explained as %+v", l.path, want, got)
				}
			}
			// The identifier of what one element made names that element.
			if o.Element != (dhis2.UID{}) && strings.HasSuffix(l.path, ".resource.identifier[0].value") &&
				leaves[i-1].value == "urn:dhis2:dataelement:uid" && l.value != o.Event.String()+"-"+o.Element.String() {
				d.Fatalf("%s is %s, explained as event %s, element %s", l.path, l.value, o.Event, o.Element)
			}
		}
		for value, must := range d.sent {
			if must && !arrived[value] {
				d.Fatalf("the answer %q of %+v did not arrive", value, d.answers[value])
			}
		}
	})
}

func mustParse(d *drawing, doc []byte) *node {
	n, err := parse(doc)
	if err != nil {
		d.Fatal(err)
	}
	return n
}

type leaf struct{ path, value string }

// leavesOf gives the primitives that have a value, in document order.
func leavesOf(n *node, path string) (out []leaf) {
	for _, m := range n.members {
		out = append(out, leavesOf(m.value, join(path, m.name))...)
	}
	for i, item := range n.items {
		out = append(out, leavesOf(item, path+"["+strconv.Itoa(i)+"]")...)
	}
	switch n.kind {
	case '{', '[', 'n':
	case '"':
		out = append(out, leaf{path, n.text()})
	default:
		out = append(out, leaf{path, string(n.raw)})
	}
	return out
}
