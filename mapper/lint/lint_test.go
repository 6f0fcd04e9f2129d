package lint_test

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/mapper/lint"
)

// server is the program that a map describes, as a server would print it.
func server(m *mapper.Map) dhis2.Program {
	element := func(e mapper.Element, k mapper.Kind) dhis2.DataElement {
		d := dhis2.DataElement{ID: e.UID, Name: e.Name, ValueType: e.Type}
		if k == mapper.KindCoded {
			d.OptionSet = &dhis2.OptionSet{ID: e.OptionSet}
			for _, o := range e.Options {
				d.OptionSet.Options = append(d.OptionSet.Options, dhis2.Option{Code: o.Code, Name: o.Text})
			}
		}
		return d
	}
	p := dhis2.Program{ID: m.Program, Name: m.Title, TrackedEntityType: dhis2.Object{ID: m.TrackedEntityType}}
	for _, a := range m.Attributes {
		p.Attributes = append(p.Attributes, dhis2.ProgramAttribute{Attribute: element(a.Element, a.As)})
	}
	for _, s := range m.Stages {
		stage := dhis2.ProgramStage{ID: s.UID, Name: s.Name}
		for _, e := range s.Elements {
			stage.Elements = append(stage.Elements, dhis2.StageElement{DataElement: element(e.Element, e.Kind)})
		}
		p.Stages = append(p.Stages, stage)
	}
	return p
}

func maps(t *testing.T) (lk, who *mapper.Map) {
	t.Helper()
	all, err := config.Maps(nil)
	if err != nil {
		t.Fatal(err)
	}
	return all[0], all[1]
}

// find gives the data element of a program.
func find(t *testing.T, p *dhis2.Program, uid string) *dhis2.DataElement {
	t.Helper()
	for i := range p.Stages {
		for j := range p.Stages[i].Elements {
			if d := &p.Stages[i].Elements[j].DataElement; d.ID.String() == uid {
				return d
			}
		}
	}
	for i := range p.Attributes {
		if a := &p.Attributes[i].Attribute; a.ID.String() == uid {
			return a
		}
	}
	t.Fatalf("no element %s", uid)
	return nil
}

func loud(r lint.Report) []lint.Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f lint.Finding) bool { return f.Severity == lint.Information })
}

func TestCheck_sameServer(t *testing.T) {
	lk, who := maps(t)
	for _, m := range []*mapper.Map{lk, who} {
		r := lint.Check(m, []dhis2.Program{{ID: dhis2.MustUID("Zzzzzzzzzz1")}, server(m)})
		if f := loud(r); len(f) > 0 {
			t.Errorf("%s: %v", m.Name, f)
		}
		if len(r.Coverage) != len(m.Stages)+1 {
			t.Errorf("%s: %d rows of coverage, want %d", m.Name, len(r.Coverage), len(m.Stages)+1)
		}
	}
}

func TestCheck_differences(t *testing.T) {
	lk, who := maps(t)
	tests := []struct {
		name     string
		m        *mapper.Map
		change   func(p *dhis2.Program)
		severity lint.Severity
		rule     lint.Rule
		uid      string
	}{
		{"another tracked entity type", lk, func(p *dhis2.Program) { p.TrackedEntityType.ID = dhis2.MustUID("Zzzzzzzzzz1") }, lint.Error, lint.EntityType, ""},
		{"an attribute is gone", lk, func(p *dhis2.Program) { p.Attributes = p.Attributes[1:] }, lint.Error, lint.AttributeMissing, "IrUmPkFMDU5"},
		{"a stage is gone", lk, func(p *dhis2.Program) { p.Stages = p.Stages[:2] }, lint.Error, lint.StageMissing, "aQYZkIhWzeJ"},
		{"a new stage", lk, func(p *dhis2.Program) {
			p.Stages = append(p.Stages, dhis2.ProgramStage{ID: dhis2.MustUID("Zzzzzzzzzz2"), Elements: make([]dhis2.StageElement, 3)})
		}, lint.Warning, lint.StageUnmapped, "Zzzzzzzzzz2"},
		{"an element is gone", lk, func(p *dhis2.Program) { p.Stages[0].Elements = p.Stages[0].Elements[1:] }, lint.Error, lint.ElementMissing, "vuDExM32SZ6"},
		{"a silent attribute is gone", lk, func(p *dhis2.Program) { p.Attributes = p.Attributes[:10] }, lint.Warning, lint.AttributeMissing, "JTKAPrAGCai"},
		{"a number became a text", lk, func(p *dhis2.Program) { find(t, p, "cw35l7X4hnV").ValueType = dhis2.Text }, lint.Error, lint.KindUnfit, "cw35l7X4hnV"},
		{"another kind of number", lk, func(p *dhis2.Program) { find(t, p, "cw35l7X4hnV").ValueType = dhis2.Integer }, lint.Warning, lint.TypeChanged, "cw35l7X4hnV"},
		{"an attribute became a date", lk, func(p *dhis2.Program) { find(t, p, "IrUmPkFMDU5").ValueType = dhis2.DateType }, lint.Error, lint.KindUnfit, "IrUmPkFMDU5"},
		{"an answer became a tick", lk, func(p *dhis2.Program) { find(t, p, "Sx8XEKmdhFf").ValueType = dhis2.TrueOnly }, lint.Warning, lint.TypeChanged, "Sx8XEKmdhFf"},
		{"free text became a choice", lk, func(p *dhis2.Program) {
			find(t, p, "kLAB3XIylS8").OptionSet = &dhis2.OptionSet{ID: dhis2.MustUID("Zzzzzzzzzz3")}
		}, lint.Warning, lint.OptionSet, "kLAB3XIylS8"},
		{"a gender without a code", lk, func(p *dhis2.Program) {
			find(t, p, "p7zizFkC6Lv").OptionSet = &dhis2.OptionSet{Options: []dhis2.Option{{Code: "Female"}, {Code: "TG", Name: "Third"}}}
		}, lint.Warning, lint.OptionUnmapped, "p7zizFkC6Lv"},
		{"a new option", who, func(p *dhis2.Program) {
			s := find(t, p, "EyfTU3ibMmJ").OptionSet
			s.Options = append(s.Options, dhis2.Option{Code: "SLIGHT", Name: "Slight"})
		}, lint.Error, lint.OptionUnmapped, "EyfTU3ibMmJ"},
		{"a renamed option", who, func(p *dhis2.Program) { find(t, p, "EyfTU3ibMmJ").OptionSet.Options[0].Name = "Perhaps" }, lint.Warning, lint.OptionText, "EyfTU3ibMmJ"},
		{"another option set", who, func(p *dhis2.Program) { find(t, p, "EyfTU3ibMmJ").OptionSet.ID = dhis2.MustUID("Zzzzzzzzzz3") }, lint.Warning, lint.OptionSet, "EyfTU3ibMmJ"},
		{"no option set", who, func(p *dhis2.Program) { find(t, p, "EyfTU3ibMmJ").OptionSet = nil }, lint.Error, lint.OptionSet, "EyfTU3ibMmJ"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := server(tt.m)
			tt.change(&p)
			got := loud(lint.Check(tt.m, []dhis2.Program{p}))
			if len(got) != 1 {
				t.Fatalf("got %d findings, want one: %v", len(got), got)
			}
			f := got[0]
			where := f.Element.String() + f.Attribute.String()
			if where == "" {
				where = f.Stage.String()
			}
			if f.Severity != tt.severity || f.Rule != tt.rule || where != tt.uid || f.Message == "" {
				t.Errorf("got %+v", f)
			}
		})
	}
}

// TestD020_trueOnlyIsAsserted: foetal movements and heart sounds, ticked or
// not, must not become a question with "no" unnoticed.
func TestD020_trueOnlyIsAsserted(t *testing.T) {
	lk, _ := maps(t)
	for _, uid := range []string{"Ei55u2kvdzm", "p7yWXAO6ag7"} {
		p := server(lk)
		find(t, &p, uid).ValueType = dhis2.Boolean
		got := loud(lint.Check(lk, []dhis2.Program{p}))
		if len(got) != 1 || got[0].Rule != lint.TrueOnly || got[0].Severity != lint.Error || got[0].Element.String() != uid {
			t.Errorf("%s became BOOLEAN: got %v, want an error of rule true-only", uid, got)
		}
	}
	p := server(lk)
	if got := loud(lint.Check(lk, []dhis2.Program{p})); len(got) > 0 {
		t.Errorf("unchanged: got %v", got)
	}
}

// TestD029_unmappedElementsAreListed: the two elements that the reference
// dropped without a word are named, and what the map does not know is listed.
func TestD029_unmappedElementsAreListed(t *testing.T) {
	lk, _ := maps(t)
	p := server(lk)
	for i := range p.Stages {
		if p.Stages[i].ID.String() == "GX0z9IXFaso" {
			p.Stages[i].Elements = append(p.Stages[i].Elements, dhis2.StageElement{DataElement: dhis2.DataElement{ID: dhis2.MustUID("Zzzzzzzzzz4"), Name: "Weight"}})
		}
	}
	p.Attributes = append(p.Attributes, dhis2.ProgramAttribute{Attribute: dhis2.DataElement{ID: dhis2.MustUID("Zzzzzzzzzz5")}})
	r := lint.Check(lk, []dhis2.Program{p})
	got := loud(r)
	if len(got) != 2 || got[0].Rule != lint.AttributeUnmapped || got[1].Rule != lint.ElementUnmapped || got[1].Element.String() != "Zzzzzzzzzz4" || got[1].Name != "Weight" {
		t.Errorf("got %v", got)
	}
	for _, c := range r.Coverage {
		want := lint.Coverage{Stage: c.Stage, Name: c.Name}
		switch c.Stage.String() {
		case "":
			want.Elements, want.Sent, want.NotSent, want.Unmapped = 12, 9, 2, 1
		case "LWJcStrI6kM":
			want.Elements, want.Sent = 17, 17
		case "GX0z9IXFaso":
			want.Elements, want.Sent, want.Unmapped = 20, 19, 1
		case "aQYZkIhWzeJ":
			want.Elements, want.Sent = 9, 9
		}
		if c != want {
			t.Errorf("coverage: got %+v, want %+v", c, want)
		}
	}
}

func TestCheck_programMissing(t *testing.T) {
	lk, who := maps(t)
	r := lint.Check(lk, []dhis2.Program{server(who)})
	if len(r.Findings) != 1 || r.Findings[0].Rule != lint.ProgramMissing || r.Count(lint.Error) != 1 {
		t.Errorf("got %v", r.Findings)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"map":"lk-anc","program":"eozjj9UivfS","findings":[{"severity":"error","rule":"program-missing",` +
		`"name":"Sri Lanka, antenatal care","message":"the server has no program eozjj9UivfS, or the user may not read it"}],"coverage":[]}`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Error(diff)
	}
}

// root is the folder of go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		if _, err = os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			break
		}
		err = nil
	}
	t.Fatal("no go.mod above the test")
	return ""
}

// TestCheck_metadataOfTheWHO compares the embedded map with the program's own
// metadata: it names every data element with its value type, and the ones
// without a usable code are listed as not sent.
func TestCheck_metadataOfTheWHO(t *testing.T) {
	_, who := maps(t)
	f, err := os.Open(filepath.Join(root(t), "..", "shared", "data", "dhis2", "who-anc-data-elements.tsv"))
	if err != nil {
		if os.Getenv("REQUIRE_ALL") == "1" {
			t.Fatalf("REQUIRE_ALL: %v", err)
		}
		t.Skip("../shared/data/dhis2 is missing: put the folder shared beside the repository")
	}
	defer f.Close()
	c := csv.NewReader(f)
	c.Comma, c.LazyQuotes = '\t', true
	rows, err := c.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	p := server(who)
	p.Stages = nil
	for _, row := range rows[1:] {
		if n := len(p.Stages); n == 0 || p.Stages[n-1].ID.String() != row[0] {
			p.Stages = append(p.Stages, dhis2.ProgramStage{ID: dhis2.MustUID(row[0]), Name: row[1]})
		}
		d := dhis2.DataElement{ID: dhis2.MustUID(row[3]), Name: row[5], ValueType: dhis2.ValueType(row[6])}
		if row[8] != "" {
			d.OptionSet = &dhis2.OptionSet{ID: dhis2.MustUID(row[8])}
		}
		last := &p.Stages[len(p.Stages)-1]
		last.Elements = append(last.Elements, dhis2.StageElement{DataElement: d})
	}
	r := lint.Check(who, []dhis2.Program{p})
	if f := loud(r); len(f) > 0 {
		t.Errorf("got %v", f)
	}
	elements, unmapped, sent := 0, 0, 0
	for _, c := range r.Coverage[1:] {
		elements, unmapped, sent = elements+c.Elements, unmapped+c.Unmapped, sent+c.Sent
	}
	if elements != 636 || unmapped != 0 || sent == 0 {
		t.Errorf("got %d elements, %d unmapped, %d sent; want 636, 0, some", elements, unmapped, sent)
	}
	for _, f := range r.Findings {
		if f.Rule == lint.NotSent && !strings.HasPrefix(f.Message, "not sent: ") {
			t.Errorf("%s is not sent without a reason", f.Element)
		}
	}
}
