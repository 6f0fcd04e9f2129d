package setup

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

var (
	testProgram = dhis2.MustUID("eozjj9UivfS")
	beside      = dhis2.MustUID("aaaaaaaaaa1")
)

// formItem wants both fields in a form.
func formItem() *Item {
	p := &program{ID: testProgram}
	return &Item{Kind: KindForm, Title: "form", ID: testProgram, layout: &layoutWant{initial: initialLayout(p, nil), plugins: []plugin{
		{field: "verify", id: "nehrbridge-verify", name: "Verify", source: "https://dhis2.example.org" + pluginPath + "?field=verify",
			fields: []mapped{{beside.String(), beside.String(), attributeType}}, beside: []dhis2.UID{{}, beside}},
		{field: "phn", id: "nehrbridge-phn", name: "PHN", source: "https://dhis2.example.org" + pluginPath + "?field=phn", fields: []mapped{{beside.String(), "phn", attributeType}}},
	}}}
}

// element draws an element of a form that is not ours. Its mark is its own.
func drawElement(t *rapid.T, mark *int) jsontext.Value {
	*mark++
	return rapid.SampledFrom([]jsontext.Value{
		jsontext.Value(fmt.Sprintf(`{"id":%q,"type":"TrackedEntityAttribute","mark":"m%d."}`, beside, *mark)),
		jsontext.Value(fmt.Sprintf(`{"id":"bbbbbbbbbb2","type":"dataElement","mark":"m%d.","n":1.50}`, *mark)),
		jsontext.Value(fmt.Sprintf(`{"id":"theirs","type":"plugin","mark":"m%d.","pluginSource":"https://x.example/api/apps/other/plugin.html?field=verify","fieldMap":[]}`, *mark)),
	}).Draw(t, "element")
}

func drawLayout(t *rapid.T, mark *int) jsontext.Value {
	sections := []jsontext.Value{}
	for range rapid.IntRange(1, 3).Draw(t, "sections") {
		list := []jsontext.Value{}
		for range rapid.IntRange(0, 3).Draw(t, "elements") {
			list = append(list, drawElement(t, mark))
		}
		*mark++
		sections = append(sections, encoded(map[string]jsontext.Value{"id": encoded(fmt.Sprintf("m%d.", *mark)), "elements": encoded(list)}))
	}
	return encoded(sections)
}

// TestMerged_properties: once is as good as twice, nothing is lost or moved, and
// taking our fields out again gives what was.
func TestMerged_properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mark := 0
		before := drawLayout(t, &mark)
		want := formItem().layout
		once, err := merged(before, want)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := merged(once, want)
		if err != nil || !equal(once, twice) {
			t.Fatalf("twice gives %s, once %s (%v)", twice, once, err)
		}
		if back, any := without(once); !any || !equal(back, before) {
			t.Fatalf("without ours: %s, before %s", back, before)
		}
		if n := strings.Count(string(once), pluginPath); n != 2 {
			t.Fatalf("%d fields of ours in %s", n, once)
		}
	})
}

// TestUndo_properties runs setup, edits by others and undo in any order on one
// form: undo leaves none of our fields, loses nothing of theirs, and gives back
// exactly what was where nobody wrote in between.
func TestUndo_properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mark := 0
		it, rec := formItem(), &Record{}
		var value jsontext.Value // of the data store
		if rapid.Bool().Draw(t, "there") {
			value = encoded(map[string]jsontext.Value{"other": encoded("theirs")})
			if rapid.Bool().Draw(t, "laid out") {
				value = withLayout(value, testProgram, drawLayout(t, &mark))
			}
		}
		original, edited := value, false
		state := func() jsontext.Value {
			s, err := formState(value, testProgram)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		write := func(st *Step) {
			if value = st.Body; st.Method == "DELETE" {
				value = nil
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"setup": func(t *rapid.T) {
				found := state()
				st, err := it.plan(found, rec.find(it))
				if err != nil {
					t.Fatal(err)
				}
				if st != nil {
					rec.note(it, found, st.after)
					if rapid.Bool().Draw(t, "lost") {
						return // before it was done
					}
					write(st)
					if next, err := it.plan(state(), rec.find(it)); next != nil || err != nil {
						t.Fatalf("a second run does %+v (%v)", next, err)
					}
				}
			},
			"edit": func(t *rapid.T) {
				layout := layoutOf(state())
				if absent(layout) {
					value, edited = withLayout(value, testProgram, drawLayout(t, &mark)), true
					return
				}
				l, err := parseLayout(layout)
				if err != nil {
					t.Fatal(err)
				}
				if len(l.sections) == 0 {
					return
				}
				s := &l.sections[rapid.IntRange(0, len(l.sections)-1).Draw(t, "section")]
				if len(s.elements) > 0 && rapid.Bool().Draw(t, "take out") {
					i := rapid.IntRange(0, len(s.elements)-1).Draw(t, "which")
					s.elements = slices.Delete(s.elements, i, i+1)
				} else {
					s.elements = append(s.elements, drawElement(t, &mark))
				}
				s.changed, edited = true, true
				value = withLayout(value, testProgram, l.value())
			},
			"undo": func(t *rapid.T) {
				e := rec.find(it)
				if e == nil {
					return
				}
				now := string(value)
				if st := e.undoForm(state()); st != nil {
					write(st)
				}
				rec.Entries = nil
				if strings.Contains(string(value), pluginPath) {
					t.Fatalf("undo leaves %s", value)
				}
				for n := range mark + 1 {
					if m := fmt.Sprintf(`m%d.`, n); strings.Contains(now, m) && !strings.Contains(string(value), m) {
						t.Fatalf("undo loses %s of %s: %s", m, now, value)
					}
				}
				if !edited && !equal(value, original) {
					t.Fatalf("undo gives %s, it was %s", value, original)
				}
				original, edited = value, false
			},
		})
	})
}

// TestGrant_properties: what is taken back of rights is what was added.
func TestGrant_properties(t *testing.T) {
	draw := rapid.StringMatching(`[r-][w-][r-][w-]----`)
	rapid.Check(t, func(t *rapid.T) {
		before, want, theirs := draw.Draw(t, "before"), draw.Draw(t, "want"), draw.Draw(t, "theirs")
		after := union(before, want)
		if got := less(after, less(after, before)); got != before {
			t.Fatalf("%s and %s make %s, less that is %s", before, want, after, got)
		}
		e := &Entry{Item: Item{Kind: KindGrant, Collection: "programs", ID: testProgram, Of: beside}, Before: encoded(before), After: encoded(after), Confirmed: true}
		found := union(after, theirs)
		st := e.undoGrant(encoded(found))
		if st == nil && found != union(before, less(theirs, less(after, before))) && found != before {
			t.Fatalf("nothing is taken from %s", found)
		}
	})
}

// TestFormState_hostile: what is no layout is not touched.
func TestFormState_hostile(t *testing.T) {
	for _, tt := range []struct{ name, value string }{
		{"a list", `[]`}, {"a text", `"x"`}, {"a number", `1`},
		{"a layout that is no list", `{"eozjj9UivfS":{}}`}, {"sections that are none", `{"eozjj9UivfS":[1]}`},
		{"elements that are no list", `{"eozjj9UivfS":[{"elements":{}}]}`}, {"an element that is none", `{"eozjj9UivfS":[{"elements":["x"]}]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			state, err := formState(jsontext.Value(tt.value), testProgram)
			if err != nil {
				return
			}
			if st, err := formItem().plan(state, nil); err == nil {
				t.Errorf("planned: %+v", st)
			}
			// Undo takes nothing out of what it does not understand.
			e := &Entry{Item: *formItem(), Before: encoded(map[string]any{"key": false}), After: encoded(map[string]any{"key": true, "layout": []string{}})}
			if st := e.undoForm(state); st != nil {
				t.Errorf("undone: %+v", st)
			}
		})
	}
}

func TestNewer(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{{"1.0.0", "1.0.0", false}, {"1.0.1", "1.0.0", true}, {"1.10.0", "1.9.0", true}, {"1.0", "1.0.0", false}, {"2", "1.9.9", true}, {"", "1.0.0", false}, {"x", "0.0.1", false}, {"v1.2.0", "1.1.0", true}} {
		if got := newer(tt.a, tt.b); got != tt.want {
			t.Errorf("newer(%q, %q) = %v", tt.a, tt.b, got)
		}
	}
}

// FuzzMerged: whatever stands in the data store, setup neither fails hard nor
// writes what it does not find again, and undo gives it back.
func FuzzMerged(f *testing.F) {
	f.Add(`[{"id":"a","elements":[{"id":"aaaaaaaaaa1","type":"TrackedEntityAttribute"}]}]`)
	f.Add(`[{"id":"a","elements":[{"type":"plugin","pluginSource":"https://x/api/apps/nehrbridge/plugin.html?field=verify&a=b","fieldMap":[{"IdFromPlugin":"evidence"}]}]}]`)
	f.Add(`[]`)
	f.Add(`{}`)
	f.Fuzz(func(t *testing.T, text string) {
		layout := jsontext.Value(text)
		if !layout.IsValid() {
			return
		}
		want := formItem().layout
		once, err := merged(layout, want)
		if err != nil {
			return
		}
		if twice, err := merged(once, want); err != nil || !equal(once, twice) {
			t.Fatalf("twice gives %s, once %s (%v)", twice, once, err)
		}
		if back, _ := without(once); strings.Contains(string(back), `"field":"verify"`) {
			t.Fatalf("left in %s", back)
		}
	})
}
