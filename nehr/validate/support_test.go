package validate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// plainValidator is a Validator without overlays.
func plainValidator(t testing.TB) *Validator {
	t.Helper()
	v, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// sample reads a file of testdata as a tree.
func sample(t testing.TB, name string) *tree {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := parseTree(text)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// resourceOf is the first resource of the bundle testdata/mother.json that has the
// type and mentions the text.
func resourceOf(t testing.TB, typ, text string) *tree {
	t.Helper()
	for _, e := range sample(t, "mother").get("entry").members {
		if r := e.get("resource"); r.get("resourceType").unquoted() == typ && strings.Contains(string(r.text()), text) {
			return r
		}
	}
	t.Fatalf("testdata/mother.json has no %s with %s", typ, text)
	return nil
}

// edit changes a tree at a path such as "code.coding.0.system": to a JSON value,
// or removes what is there for "".
func edit(t testing.TB, doc *tree, path, value string) *tree {
	t.Helper()
	doc = doc.clone()
	at := doc
	steps := strings.Split(path, ".")
	for i, step := range steps {
		index := -1
		if at.kind == '[' {
			index = int(step[0] - '0')
		} else {
			for j, name := range at.names {
				if name == step {
					index = j
				}
			}
		}
		if i < len(steps)-1 {
			if index < 0 {
				t.Fatalf("%s: no %s", path, step)
			}
			at = at.members[index]
			continue
		}
		switch {
		case value == "" && index < 0:
			t.Fatalf("%s: nothing to remove", path)
		case value == "":
			place{parent: at, index: index}.remove()
		default:
			made, err := parseTree([]byte(value))
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if index >= 0 && index < len(at.members) {
				at.members[index] = made
			} else {
				if at.kind == '{' {
					at.names = append(at.names, step)
				}
				at.members = append(at.members, made)
			}
		}
	}
	return doc
}

// wantRule checks that a document has exactly the errors of some rules, or none
// for no rule. A rule may have its location behind it: "obs-6 Observation".
func wantRule(t *testing.T, got *Outcome, rules ...string) {
	t.Helper()
	open := map[string]bool{}
	for _, r := range rules {
		open[r] = true
	}
	for _, i := range got.Issues {
		if i.Severity != Error && i.Severity != Fatal {
			continue
		}
		switch {
		case open[i.Rule]:
			delete(open, i.Rule)
		case open[i.Rule+" "+i.Location]:
			delete(open, i.Rule+" "+i.Location)
		default:
			named := false
			for _, r := range rules {
				named = named || r == i.Rule
			}
			if !named {
				t.Errorf("unexpected: %s %s: %s", i.Rule, i.Location, i.Diagnostics)
			}
		}
	}
	for r := range open {
		t.Errorf("missing: %s", r)
	}
}
