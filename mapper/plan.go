package mapper

import (
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// plan is a Map compiled for use: everything that depends on the map alone,
// such as the codings of an element, is made once. Mappers share these values
// and never change them.
type plan struct {
	*Map
	attributes []*attributePlan
	attribute  map[dhis2.UID]*attributePlan
	stages     map[dhis2.UID]*stagePlan
	labels     []nehr.Coding
}

type attributePlan struct {
	*Attribute
	index int
	observed
}

type stagePlan struct {
	*Stage
	elements map[dhis2.UID]*elementPlan
	concept  []nehr.CodeableConcept // Encounter.type
	reason   []nehr.CodeableConcept // Encounter.reasonCode
	labels   []nehr.Coding
}

type elementPlan struct {
	*StageElement
	index int
	observed
}

// observed is what an element contributes to the resource made from it.
type observed struct {
	dhis2     nehr.Coding // the DHIS2 coding, by which every fact can be traced back
	code      nehr.CodeableConcept
	standard  nehr.CodeableConcept // the one standard code alone, for required bindings
	category  []nehr.CodeableConcept
	unit      string
	optionSet string
	labels    []nehr.Coding
}

func compile(m *Map) *plan {
	p := &plan{
		Map:       m,
		attribute: make(map[dhis2.UID]*attributePlan, len(m.Attributes)),
		stages:    make(map[dhis2.UID]*stagePlan, len(m.Stages)),
		labels:    codings(m.Sensitivity),
	}
	for i := range m.Attributes {
		a := &attributePlan{Attribute: &m.Attributes[i], index: i}
		a.observed = observe(&a.Element, nehr.SystemDHIS2Attribute, m.Guide)
		p.attributes = append(p.attributes, a)
		p.attribute[a.UID] = a
	}
	for i := range m.Stages {
		s := &stagePlan{Stage: &m.Stages[i], labels: codings(m.Stages[i].Sensitivity)}
		s.elements = make(map[dhis2.UID]*elementPlan, len(s.Elements))
		s.concept = []nehr.CodeableConcept{nehr.Concept(s.Name, nehr.Coding{
			System: nehr.SystemDHIS2ProgramStage, Code: s.UID.String(), Display: s.Name,
		})}
		if s.Reason != nil {
			s.reason = []nehr.CodeableConcept{nehr.Concept("", s.Reason.coding())}
		}
		for j := range s.Stage.Elements {
			e := &elementPlan{StageElement: &s.Stage.Elements[j], index: j}
			e.observed = observe(&e.Element, nehr.SystemDHIS2DataElement, m.Guide)
			s.elements[e.UID] = e
		}
		p.stages[s.UID] = s
	}
	return p
}

func (p *plan) guide() Guide { return p.Guide }

func observe(e *Element, system string, guide Guide) observed {
	o := observed{
		dhis2:  nehr.Coding{System: system, Code: e.UID.String(), Display: e.Name},
		labels: codings(e.Sensitivity),
	}
	var standard []nehr.Coding
	if e.Code != nil {
		standard = append(standard, e.Code.coding())
	}
	for _, also := range e.Also {
		standard = append(standard, also.coding())
	}
	o.standard = nehr.Concept(e.Name, standard[:min(1, len(standard))]...)
	o.code = nehr.Concept(e.Name, append(slices.Clip(standard), o.dhis2)...)
	if e.Category != "" {
		o.category = nehr.Category(e.Category).Concepts()
	}
	o.unit, _ = UnitText(e.Unit)
	if !e.OptionSet.IsZero() {
		o.optionSet = "urn:dhis2:optionSet:" + e.OptionSet.String()
	}
	return o
}

func (c Code) coding() nehr.Coding {
	return nehr.Coding{System: codeSystems[c.System], Code: c.Code, Display: c.Display}
}

var codeSystems = map[CodeSystem]string{
	LOINC:  nehr.SystemLOINC,
	SNOMED: nehr.SystemSNOMED,
	ATC:    nehr.SystemATC,
}

func codings(labels []Label) []nehr.Coding {
	var out []nehr.Coding
	for _, l := range labels {
		system, display, _ := l.coding()
		out = append(out, nehr.Coding{System: system, Code: string(l), Display: display})
	}
	return out
}

// option gives the text of an option code.
func (e *Element) option(code string) (string, bool) {
	for i := range e.Options {
		if e.Options[i].Code == code {
			return e.Options[i].Text, true
		}
	}
	return "", false
}

// gender leads from an option code, in any case, to FHIR's code.
func (a *Attribute) gender(option string) (nehr.Gender, bool) {
	g, ok := a.Genders[strings.ToLower(option)]
	return nehr.Gender(g), ok
}
