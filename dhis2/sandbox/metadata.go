package sandbox

import (
	"slices"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// metadata is what the sandbox knows about forms and places.
type metadata struct {
	programs       []dhis2.Program
	units          []dhis2.OrganisationUnit
	typeAttributes map[dhis2.UID][]dhis2.UID // attributes of a tracked entity type itself

	rows    map[rowKey]attributeRow
	grants  map[dhis2.UID]map[string]Grant // to users, of programs, stages and types, by the users' UIDs
	public  map[dhis2.UID]string           // access of everybody to stages and types
	members map[dhis2.UID]map[string]any   // of programs' documents, beside dhis2.Program
}

func (m *metadata) program(id dhis2.UID) *dhis2.Program {
	for i := range m.programs {
		if m.programs[i].ID == id {
			return &m.programs[i]
		}
	}
	return nil
}

func (m *metadata) stage(id dhis2.UID) (*dhis2.Program, *dhis2.ProgramStage) {
	for i := range m.programs {
		for j := range m.programs[i].Stages {
			if st := &m.programs[i].Stages[j]; st.ID == id {
				return &m.programs[i], st
			}
		}
	}
	return nil, nil
}

func (m *metadata) unit(id dhis2.UID) (dhis2.OrganisationUnit, bool) {
	i := slices.IndexFunc(m.units, func(u dhis2.OrganisationUnit) bool { return u.ID == id })
	if i < 0 {
		return dhis2.OrganisationUnit{}, false
	}
	return m.units[i], true
}

// path is the path of a unit; one that is not known stands beside the roots.
func (m *metadata) path(id dhis2.UID) string {
	if u, ok := m.unit(id); ok && u.Path != "" {
		return u.Path
	}
	return "/" + id.String()
}

func (m *metadata) roots() []dhis2.UID {
	var out []dhis2.UID
	for _, u := range m.units {
		if u.Level == 1 || u.Parent.ID.IsZero() {
			out = append(out, u.ID)
		}
	}
	return out
}

// attribute finds an attribute in any program.
func (m *metadata) attribute(id dhis2.UID) (dhis2.DataElement, bool) {
	for i := range m.programs {
		if a, ok := programAttribute(&m.programs[i], id); ok {
			return a, true
		}
	}
	return dhis2.DataElement{}, false
}

func programAttribute(p *dhis2.Program, id dhis2.UID) (dhis2.DataElement, bool) {
	for _, a := range p.Attributes {
		if a.Attribute.ID == id {
			return a.Attribute, true
		}
	}
	return dhis2.DataElement{}, false
}

func stageElement(st *dhis2.ProgramStage, id dhis2.UID) (dhis2.DataElement, bool) {
	for _, e := range st.Elements {
		if e.DataElement.ID == id {
			return e.DataElement, true
		}
	}
	return dhis2.DataElement{}, false
}

// knowsElement reports whether a data element is in any stage.
func (m *metadata) knowsElement(id dhis2.UID) bool {
	for _, p := range m.programs {
		for i := range p.Stages {
			if _, ok := stageElement(&p.Stages[i], id); ok {
				return true
			}
		}
	}
	return false
}

// elements are the attributes and data elements of all programs, each once.
func (m *metadata) elements(attributes bool) []any {
	seen, docs := map[dhis2.UID]bool{}, []any{}
	add := func(e dhis2.DataElement) {
		if !seen[e.ID] {
			seen[e.ID] = true
			docs = append(docs, asMap(e))
		}
	}
	for _, p := range m.programs {
		if attributes {
			for _, a := range p.Attributes {
				add(a.Attribute)
			}
			continue
		}
		for _, st := range p.Stages {
			for _, e := range st.Elements {
				add(e.DataElement)
			}
		}
	}
	return docs
}

func (m *metadata) optionSets() []any {
	seen, docs := map[dhis2.UID]bool{}, []any{}
	add := func(e dhis2.DataElement) {
		if e.OptionSet != nil && !seen[e.OptionSet.ID] {
			seen[e.OptionSet.ID] = true
			docs = append(docs, asMap(e.OptionSet))
		}
	}
	for _, p := range m.programs {
		for _, a := range p.Attributes {
			add(a.Attribute)
		}
		for _, st := range p.Stages {
			for _, e := range st.Elements {
				add(e.DataElement)
			}
		}
	}
	return docs
}
