package whomap

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
)

// FromFolder generates the map from the tables of a folder.
func FromFolder(folder string) ([]byte, error) {
	elements, err := os.Open(filepath.Join(folder, "who-anc-data-elements.tsv"))
	if err != nil {
		return nil, err
	}
	defer elements.Close()
	options, err := os.Open(filepath.Join(folder, "who-anc-option-sets.tsv"))
	if err != nil {
		return nil, err
	}
	defer options.Close()
	return Generate(elements, options)
}

// Generate gives the YAML text of the map. The same tables give the same
// bytes.
func Generate(elements, options io.Reader) ([]byte, error) {
	rows, err := readElements(elements)
	if err != nil {
		return nil, err
	}
	sets, dropped, err := readOptions(options)
	if err != nil {
		return nil, err
	}
	g := &generator{sets: sets, dropped: dropped, ambiguous: ambiguousLOINC(rows)}
	g.out.WriteString(head)
	for i, row := range rows {
		if i == 0 || rows[i-1].stage != row.stage {
			g.stage(row)
		}
		g.element(row)
	}
	for uid := range overrides {
		if !slices.ContainsFunc(rows, func(e element) bool { return e.uid == uid }) {
			return nil, fmt.Errorf("the override of %s matches no data element", uid)
		}
	}
	return g.out.Bytes(), nil
}

type generator struct {
	out       bytes.Buffer
	sets      map[string][]option
	dropped   []option
	ambiguous map[string]bool
}

// ambiguousLOINC finds the LOINC codes that stand on several data elements of
// BOOLEAN or TRUE_ONLY: "diabetes: present" does not say which of four.
func ambiguousLOINC(rows []element) map[string]bool {
	first, ambiguous := map[string]string{}, map[string]bool{}
	for _, e := range rows {
		if e.loinc == "" || e.valueType != string(dhis2.Boolean) && e.valueType != string(dhis2.TrueOnly) {
			continue
		}
		if other, seen := first[e.loinc]; seen && other != e.uid {
			ambiguous[e.loinc] = true
		}
		first[e.loinc] = e.uid
	}
	return ambiguous
}

// decision is what becomes of a data element.
type decision struct {
	kind  mapper.Kind
	code  *mapper.Code
	also  *mapper.Code
	why   string
	notes []string // comments of the map
	override
}

func (g *generator) decide(e element) decision {
	o := overrides[e.uid]
	d := decision{override: o, kind: o.kind}
	if o.reason != "" {
		d.notes = append(d.notes, o.reason)
	}
	display := asked(named(e))
	loincCode := d.usable(mapper.LOINC, e.loinc, display)
	snomedCode := d.usable(mapper.SNOMED, e.snomed, display)
	answer := e.valueType == string(dhis2.Boolean) || e.valueType == string(dhis2.TrueOnly)
	switch {
	case o.code != nil:
		d.code = o.code
	case loincCode != nil && answer && g.ambiguous[e.loinc]:
		if d.code = snomedCode; snomedCode == nil {
			d.notes = append(d.notes, "LOINC "+e.loinc+" stands on several such elements and cannot tell them apart")
		}
	case loincCode != nil:
		if d.code = loincCode; o.also {
			d.also = snomedCode
		}
	default:
		d.code = snomedCode
	}
	if groupOf(e).past && d.code != nil {
		d.code, d.also, d.plain = nil, nil, true
		d.notes = append(d.notes, "without the metadata's code, which does not say that it was in an earlier pregnancy")
	} else if o.plain {
		d.code, d.also = nil, nil
	}
	switch {
	case d.kind == mapper.KindNone:
		d.why = o.why
	case d.plain:
		d.kind, d.why = g.kindOf(e, o)
	case d.code == nil:
		d.kind, d.why = mapper.KindNone, "no code in the metadata"
		if e.loinc != "" || e.snomed != "" {
			d.why = "no usable code in the metadata"
		}
	case d.kind != "":
	default:
		d.kind, d.why = g.kindOf(e, o)
	}
	return d
}

// kindOf follows the value type and the option set.
func (g *generator) kindOf(e element, o override) (kind mapper.Kind, why string) {
	switch t := dhis2.ValueType(e.valueType); t {
	case dhis2.Boolean, dhis2.TrueOnly:
		return mapper.KindFinding, ""
	case dhis2.DateType:
		return mapper.KindDate, ""
	case dhis2.Text, dhis2.LongText:
		if e.optionSet != "" {
			return mapper.KindCoded, ""
		}
		return mapper.KindText, ""
	default:
		if o.unit == "" {
			return mapper.KindNone, "no unit known"
		}
		return mapper.KindQuantity, ""
	}
}

// usable gives a code of the metadata, or says why it is left out.
func (d *decision) usable(system mapper.CodeSystem, code, display string) *mapper.Code {
	if code == "" {
		return nil
	}
	if known := displays[code]; known != "" {
		display = known
	}
	c := &mapper.Code{System: system, Code: code, Display: display}
	probe := mapper.Map{Stages: []mapper.Stage{{Reason: c}}}
	for _, p := range probe.Check() {
		if p.Path == "stages[0].reason.code" {
			reason := "is not a code of the international edition whose check digit is right"
			if strings.ContainsAny(code, " |,;") {
				reason = "holds more than a code"
			}
			d.notes = append(d.notes, fmt.Sprintf("left out: the metadata's %s %q %s", strings.ToUpper(string(system)), code, reason))
			return nil
		}
	}
	return c
}

var section = regexp.MustCompile(`^ANC[._]?[A-Z]*[0-9]*\.? *`)

// asked is a name without the number of its section in the WHO's tool.
func asked(name string) string {
	if short := section.ReplaceAllString(name, ""); short != "" {
		return short
	}
	return name
}

var result = regexp.MustCompile(`(?i)result|count$|culture --`)

func categoryOf(e element) mapper.Category {
	switch {
	case e.stage == "eR4sNwxkd9Q" && result.MatchString(e.name):
		return mapper.Laboratory
	case e.stage == "JqW7c9HYjVr" || e.stage == "eR4sNwxkd9Q":
		return mapper.Exam
	}
	return mapper.Survey
}

// labels are the sensitivity labels of an element by the words of its name.
func labels(name string) []string {
	var found []string
	for _, l := range labelled {
		if l.pattern.MatchString(name) {
			found = append(found, string(l.label))
		}
	}
	return found
}
