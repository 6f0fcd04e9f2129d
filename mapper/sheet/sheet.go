package sheet

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/mapper"
)

//go:embed sheet.html
var text string

var page = template.Must(template.New("sheet").Parse(text))

// Write prints the map as an HTML page. Errors are those of w.
func Write(w io.Writer, m *mapper.Map) error {
	hash, err := Hash(m)
	if err != nil {
		return err
	}
	p := sheetPage{
		Title: m.Title, Name: m.Name, Program: m.Program.String(), EntityType: m.TrackedEntityType.String(), Guide: string(m.Guide), Zone: m.Zone,
		Pregnancy: m.PregnancyStatus, Sensitivity: labels(m.Sensitivity), Hash: hash, Version: hash[:12],
	}
	if !m.Reply.IsZero() {
		p.Reply = "an event of the stage " + m.Reply.Stage.String()
	}
	if !m.Referral.Target.IsZero() {
		p.Referral = "the facility that the data element " + m.Referral.Target.String() + " names"
	} else if n := len(m.Referral.Table); n > 0 {
		p.Referral = fmt.Sprintf("the facility that the map's table of %d facilities names", n)
	}
	for i := range m.Attributes {
		p.Attributes = append(p.Attributes, attributeRow(&m.Attributes[i]))
	}
	for i := range m.Stages {
		p.Stages = append(p.Stages, stageTable(&m.Stages[i]))
	}
	if err := page.Execute(w, p); err != nil {
		return fmt.Errorf("write the sheet of %s: %w", m.Name, err)
	}
	return nil
}

// Hash is the SHA-256 of the map's content in hexadecimal, by which a
// signature says what was signed. Comments and the order of keys in the file
// do not count; everything that decides what is sent does.
func Hash(m *mapper.Map) (string, error) {
	// Fields that are not set are left out, so that a field that is added
	// later does not void the signatures of maps without it.
	canonical, err := json.Marshal(m, json.Deterministic(true), json.OmitZeroStructFields(true))
	if err != nil {
		return "", fmt.Errorf("encode the map %s: %w", m.Name, err)
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:]), nil
}

type sheetPage struct {
	Title, Name, Program, EntityType, Guide, Zone string
	Pregnancy                                     bool
	Sensitivity, Referral, Reply, Hash, Version   string
	Attributes                                    []row
	Stages                                        []stage
}

type stage struct {
	Name, UID, Sensitivity, Reason string
	Referral                       bool
	Rows                           []row
	Sent, NotSent                  int
}

// row is a line of a table. Codes and Displays have the same length.
type row struct {
	Name, UID, Type, Becomes    string
	Codes, Displays             []string
	Unit, Category, Sensitivity string
	None                        bool
	Options                     []mapper.Option
}

func elementRow(k mapper.Kind, e *mapper.Element) row {
	r := row{
		Name: e.Name, UID: e.UID.String(), Type: string(e.Type), Becomes: becomes(k, e), Unit: e.Unit,
		Category: string(e.Category), Sensitivity: labels(e.Sensitivity), Options: e.Options, None: k == mapper.KindNone,
	}
	codes := slices.Clone(e.Also)
	if e.Code != nil {
		codes = slices.Insert(codes, 0, *e.Code)
	}
	if fixed, ok := fixedCodes[k]; ok {
		codes, r.Unit = []mapper.Code{fixed}, "mm[Hg]"
	}
	for _, c := range codes {
		r.Codes = append(r.Codes, codeText(c))
		r.Displays = append(r.Displays, c.Display)
	}
	return r
}

func attributeRow(a *mapper.Attribute) row {
	r := elementRow(a.As, &a.Element)
	r.Becomes, r.None = becomesOfPatient(a), a.Kind == mapper.AttrNone
	for code, gender := range a.Genders {
		r.Options = append(r.Options, mapper.Option{Code: code, Text: gender})
	}
	slices.SortFunc(r.Options, func(x, y mapper.Option) int { return strings.Compare(x.Code, y.Code) })
	return r
}

func stageTable(s *mapper.Stage) stage {
	t := stage{Name: s.Name, UID: s.UID.String(), Sensitivity: labels(s.Sensitivity), Referral: s.Kind == mapper.StageReferral}
	if s.Reason != nil {
		t.Reason = s.Reason.Display + " (" + codeText(*s.Reason) + ")"
	}
	for i := range s.Elements {
		r := elementRow(s.Elements[i].Kind, &s.Elements[i].Element)
		if t.Rows = append(t.Rows, r); r.None {
			t.NotSent++
		} else {
			t.Sent++
		}
	}
	return t
}

func labels(l []mapper.Label) string {
	names := make([]string, 0, len(l))
	for _, one := range l {
		names = append(names, string(one))
	}
	return strings.Join(names, ", ")
}
