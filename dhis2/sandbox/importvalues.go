package sandbox

import (
	"unicode/utf8"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// maxAttribute is the longest attribute value, in characters (E1077).
const maxAttribute = 1200

// checkValues checks data values by the metadata of the stage. What is
// compulsory has to be there once the event is completed.
func (im *importer) checkValues(o *object, stage *dhis2.ProgramStage, old *dhis2.Event) {
	have := map[dhis2.UID]bool{}
	if old != nil {
		for _, v := range old.DataValues {
			have[v.DataElement] = true
		}
	}
	for _, v := range o.ev.DataValues {
		have[v.DataElement] = v.Value != ""
		element, ok := stageElement(stage, v.DataElement)
		switch {
		case !ok && !im.s.meta.knowsElement(v.DataElement):
			im.fail(o, "E1304", "the data element is unknown", v.DataElement.String())
		case !ok:
			im.fail(o, "E1305", "the data element is not in the stage", v.DataElement.String(), stage.ID.String())
		case v.Value == "":
		case !im.valid(element, v.Value):
			im.fail(o, "E1302", "the value is not of the data element's type", v.DataElement.String())
		case !allowed(element, v.Value):
			im.fail(o, "E1125", "the value is not an option code", v.DataElement.String())
		}
	}
	for _, e := range stage.Elements {
		if e.Compulsory && o.ev.Status == dhis2.EventCompleted && !have[e.DataElement.ID] {
			im.fail(o, "E1303", "a mandatory data element is missing", e.DataElement.ID.String())
		}
	}
}

// checkAttributes checks values; p is nil for those at the tracked entity.
func (im *importer) checkAttributes(o *object, te dhis2.UID, p *dhis2.Program, list []dhis2.Attribute) {
	for _, a := range list {
		element, ok := im.s.meta.attribute(a.Attribute)
		if !ok {
			im.fail(o, "E1006", "the attribute is unknown", a.Attribute.String())
			continue
		}
		if p != nil {
			if _, in := programAttribute(p, a.Attribute); !in {
				im.fail(o, "E1019", "the attribute is not in the program", a.Attribute.String(), p.ID.String())
			}
		}
		switch {
		case a.Value == "":
		case utf8.RuneCountInString(a.Value) > maxAttribute:
			im.fail(o, "E1077", "the value is too long", a.Attribute.String())
		case !im.valid(element, a.Value):
			im.fail(o, "E1007", "the value is not of the attribute's type", a.Attribute.String())
		case !allowed(element, a.Value):
			im.fail(o, "E1125", "the value is not an option code", a.Attribute.String())
		case element.Unique && im.taken(te, a):
			im.fail(o, "E1064", "the value is another tracked entity's already", a.Attribute.String(), te.String())
		}
	}
}

func (im *importer) valid(e dhis2.DataElement, value string) bool {
	_, err := dhis2.ParseValue(e.ValueType, value, im.s.cfg.Zone)
	return err == nil
}

func allowed(e dhis2.DataElement, value string) bool {
	if e.OptionSet == nil {
		return true
	}
	for _, o := range e.OptionSet.Options {
		if o.Code == value {
			return true
		}
	}
	return false
}

func (im *importer) taken(te dhis2.UID, a dhis2.Attribute) bool {
	for _, r := range im.s.store.records {
		if r.te.TrackedEntity == te {
			continue
		}
		for _, other := range r.te.Attributes {
			if other.Attribute == a.Attribute && other.Value == a.Value {
				return true
			}
		}
	}
	return false
}

// checkMandatory looks for the mandatory attributes of a program among what
// is stored and what is sent.
func (im *importer) checkMandatory(o *object, p *dhis2.Program, r *record, parent *object) {
	have := map[dhis2.UID]bool{}
	note := func(list []dhis2.Attribute) {
		for _, a := range list {
			have[a.Attribute] = a.Value != ""
		}
	}
	if r != nil {
		note(r.te.Attributes)
	}
	if parent != nil {
		note(parent.te.Attributes)
	}
	note(o.en.Attributes)
	for _, a := range p.Attributes {
		if a.Mandatory && !have[a.Attribute.ID] {
			im.fail(o, "E1018", "a mandatory attribute is missing", a.Attribute.ID.String(), p.ID.String())
		}
	}
}
