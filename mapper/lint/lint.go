package lint

import (
	"fmt"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
)

// Check compares a map with the programs of a server, which carry their
// attributes, stages, data elements and options.
func Check(m *mapper.Map, programs []dhis2.Program) Report {
	c := &checker{report: Report{Map: m.Name, Program: m.Program, Findings: []Finding{}, Coverage: []Coverage{}}}
	for i := range programs {
		if programs[i].ID == m.Program {
			c.program(m, &programs[i])
			return c.report
		}
	}
	c.add(Finding{Severity: Error, Rule: ProgramMissing, Name: m.Title,
		Message: "the server has no program " + m.Program.String() + ", or the user may not read it"})
	return c.report
}

type checker struct{ report Report }

func (c *checker) add(f Finding) { c.report.Findings = append(c.report.Findings, f) }

func (c *checker) program(m *mapper.Map, p *dhis2.Program) {
	if p.TrackedEntityType.ID != m.TrackedEntityType {
		c.add(Finding{Severity: Error, Rule: EntityType, Name: p.Name,
			Message: fmt.Sprintf("the program registers %s, the map says %s", p.TrackedEntityType.ID, m.TrackedEntityType)})
	}
	c.attributes(m, p)
	c.reply(m.Reply, p)
	named := make(map[dhis2.UID]*mapper.Stage, len(m.Stages))
	for i := range m.Stages {
		named[m.Stages[i].UID] = &m.Stages[i]
	}
	for i := range p.Stages {
		stage := &p.Stages[i]
		if stage.ID == m.Reply.Stage {
			continue
		}
		if named[stage.ID] == nil {
			c.add(Finding{Severity: Warning, Rule: StageUnmapped, Stage: stage.ID, Name: stage.Name,
				Message: fmt.Sprintf("the map does not name this stage: none of its %d data elements is sent", len(stage.Elements))})
			c.report.Coverage = append(c.report.Coverage, Coverage{Stage: stage.ID, Name: stage.Name, Elements: len(stage.Elements), Unmapped: len(stage.Elements)})
			continue
		}
		c.stage(named[stage.ID], stage)
		delete(named, stage.ID)
	}
	for i := range m.Stages {
		if s := &m.Stages[i]; named[s.UID] != nil {
			c.add(Finding{Severity: Error, Rule: StageMissing, Stage: s.UID, Name: s.Name, Message: "the program has no such stage"})
		}
	}
}

func (c *checker) attributes(m *mapper.Map, p *dhis2.Program) {
	coverage := Coverage{Name: "attributes", Elements: len(p.Attributes)}
	server := make(map[dhis2.UID]*dhis2.DataElement, len(p.Attributes))
	for i := range p.Attributes {
		server[p.Attributes[i].Attribute.ID] = &p.Attributes[i].Attribute
	}
	named := map[dhis2.UID]bool{}
	for i := range m.Attributes {
		a := &m.Attributes[i]
		named[a.UID] = true
		f := Finding{Attribute: a.UID, Name: a.Name}
		have := server[a.UID]
		if have == nil {
			c.missing(f, AttributeMissing, "the program has no such attribute", a.Kind == mapper.AttrNone)
			continue
		}
		count(&coverage, a.Kind == mapper.AttrNone)
		if a.Kind == mapper.AttrNone {
			c.notSent(f, a.Why)
			continue
		}
		probe := *a
		probe.Type = have.ValueType
		c.types(f, a.Type, have.ValueType, refuses(mapper.Map{Attributes: []mapper.Attribute{probe}}, "attributes[0].type"), string(a.Kind))
		if a.Kind == mapper.AttrGender {
			c.genders(f, a.Genders, have.OptionSet)
		}
		if a.Kind == mapper.AttrObservation {
			c.options(f, a.As, &a.Element, have.OptionSet)
		}
	}
	for i := range p.Attributes {
		if a := &p.Attributes[i].Attribute; !named[a.ID] {
			coverage.Unmapped++
			c.add(Finding{Severity: Warning, Rule: AttributeUnmapped, Attribute: a.ID, Name: a.Name,
				Message: "the map does not name this attribute: it is not sent"})
		}
	}
	c.report.Coverage = append(c.report.Coverage, coverage)
}

func (c *checker) stage(s *mapper.Stage, have *dhis2.ProgramStage) {
	coverage := Coverage{Stage: have.ID, Name: have.Name, Elements: len(have.Elements)}
	server := make(map[dhis2.UID]*dhis2.DataElement, len(have.Elements))
	for i := range have.Elements {
		server[have.Elements[i].DataElement.ID] = &have.Elements[i].DataElement
	}
	named := map[dhis2.UID]bool{}
	for i := range s.Elements {
		e := &s.Elements[i]
		named[e.UID] = true
		f := Finding{Stage: s.UID, Element: e.UID, Name: e.Name}
		d := server[e.UID]
		if d == nil {
			c.missing(f, ElementMissing, "the stage has no such data element", e.Kind == mapper.KindNone)
			continue
		}
		count(&coverage, e.Kind == mapper.KindNone)
		if e.Kind == mapper.KindNone {
			c.notSent(f, e.Why)
			continue
		}
		probe := *e
		probe.Type = d.ValueType
		one := mapper.Map{Stages: []mapper.Stage{{Kind: s.Kind, Elements: []mapper.StageElement{probe}}}}
		c.types(f, e.Type, d.ValueType, refuses(one, "stages[0].elements[0].type"), string(e.Kind))
		c.options(f, e.Kind, &e.Element, d.OptionSet)
	}
	for i := range have.Elements {
		if d := &have.Elements[i].DataElement; !named[d.ID] {
			coverage.Unmapped++
			c.add(Finding{Severity: Warning, Rule: ElementUnmapped, Stage: s.UID, Element: d.ID, Name: d.Name,
				Message: "the map does not name this data element: it is not sent"})
		}
	}
	c.report.Coverage = append(c.report.Coverage, coverage)
}

func count(coverage *Coverage, none bool) {
	if none {
		coverage.NotSent++
	} else {
		coverage.Sent++
	}
}

// missing is an error where something would have been sent.
func (c *checker) missing(f Finding, rule Rule, message string, none bool) {
	f.Severity, f.Rule, f.Message = Error, rule, message
	if none {
		f.Severity = Warning
	}
	c.add(f)
}

func (c *checker) notSent(f Finding, why string) {
	f.Severity, f.Rule, f.Message = Information, NotSent, "not sent: "+why
	c.add(f)
}
