package sandbox

import (
	"unicode/utf8"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// maxAttribute is the longest attribute value, in characters (E1077).
const maxAttribute = 1200

// check finds what forbids an object. The codes are DHIS2's
// (ValidationCode.java); the words are not.
func (im *importer) check(o *object) {
	switch o.kind {
	case kindTrackedEntity:
		im.checkTrackedEntity(o)
	case kindEnrollment:
		im.checkEnrollment(o)
	case kindEvent:
		im.checkEvent(o)
	}
}

// fail records an error. args are identifiers, never values.
func (im *importer) fail(o *object, code, message string, args ...string) {
	o.failed = true
	im.report.fail(o, code, message, args)
}

// exists checks presence against the strategy and reports whether there is
// more to check.
func (im *importer) exists(o *object, there, gone bool, already, unknown, removed string) bool {
	o.exists = there
	switch {
	case there && gone:
		im.fail(o, removed, "the object is deleted already and cannot be changed", o.uid.String())
	case there && im.strategy == "CREATE":
		im.fail(o, already, "the object exists already", o.uid.String())
	case !there && (im.strategy == "UPDATE" || im.strategy == "DELETE"):
		im.fail(o, unknown, "the object does not exist", o.uid.String())
	}
	return !o.failed && im.strategy != "DELETE"
}

func (im *importer) checkTrackedEntity(o *object) {
	r := im.s.store.byUID[o.uid]
	if !im.exists(o, r != nil, r != nil && r.te.Deleted, "E1002", "E1063", "E1114") {
		return
	}
	if r == nil {
		if !im.knowsType(o.te.TrackedEntityType) {
			im.fail(o, "E1005", "the tracked entity type is unknown", o.te.TrackedEntityType.String())
		}
		im.checkUnit(o, o.te.OrgUnit)
	}
	im.checkAttributes(o, o.uid, nil, o.te.Attributes)
}

func (im *importer) knowsType(typ dhis2.UID) bool {
	for _, p := range im.s.meta.programs {
		if p.TrackedEntityType.ID == typ && !typ.IsZero() {
			return true
		}
	}
	return im.s.meta.typeAttributes[typ] != nil
}

func (im *importer) checkEnrollment(o *object) {
	_, old, err := im.s.store.findEnrollment(o.uid)
	if !im.exists(o, err == nil, err == nil && old.Deleted, "E1080", "E1081", "E1113") {
		return
	}
	if old != nil {
		o.en.Program, o.en.TrackedEntity = old.Program, old.TrackedEntity
	}
	p := im.s.meta.program(o.en.Program)
	if p == nil {
		im.fail(o, "E1069", "the program is unknown", o.en.Program.String())
		return
	}
	parent, parentFailed := im.inPayload(kindTrackedEntity, o.en.TrackedEntity)
	r := im.s.store.byUID[o.en.TrackedEntity]
	switch {
	case parentFailed:
		im.fail(o, "E5000", "it belongs to an object that is not imported", o.en.TrackedEntity.String())
	case r == nil && parent == nil, r != nil && r.te.Deleted:
		im.fail(o, "E1063", "the tracked entity is unknown", o.en.TrackedEntity.String())
	case r != nil && r.te.TrackedEntityType != p.TrackedEntityType.ID, r == nil && parent.te.TrackedEntityType != p.TrackedEntityType.ID:
		im.fail(o, "E1022", "the tracked entity is of another type than the program's", p.ID.String())
	}
	if old == nil {
		im.checkUnit(o, o.en.OrgUnit)
		if _, err := o.en.EnrolledAt.Parse(im.s.cfg.Zone); err != nil {
			im.fail(o, "E1025", "enrolledAt is needed")
		}
	}
	im.checkAttributes(o, o.en.TrackedEntity, p, o.en.Attributes)
	im.checkMandatory(o, p, r, parent)
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

func (im *importer) checkEvent(o *object) {
	_, en, old, err := im.s.store.findEvent(o.uid)
	if !im.exists(o, err == nil, err == nil && old.Deleted, "E1030", "E1032", "E1082") {
		return
	}
	if old != nil {
		o.ev.ProgramStage, o.ev.Enrollment = old.ProgramStage, old.Enrollment
	}
	program, stage := im.s.meta.stage(o.ev.ProgramStage)
	if stage == nil {
		im.fail(o, "E1013", "the program stage is unknown", o.ev.ProgramStage.String())
		return
	}
	if old == nil {
		parent, parentFailed := im.inPayload(kindEnrollment, o.ev.Enrollment)
		_, en, err = im.s.store.findEnrollment(o.ev.Enrollment)
		if err != nil && parent != nil {
			en = parent.en
		}
		switch {
		case parentFailed:
			im.fail(o, "E5000", "it belongs to an object that is not imported", o.ev.Enrollment.String())
			return
		case en == nil || en.Deleted:
			im.fail(o, "E1081", "the enrollment is unknown", o.ev.Enrollment.String())
			return
		}
		im.checkUnit(o, o.ev.OrgUnit)
	}
	if en.Program != program.ID {
		im.fail(o, "E1079", "the stage is of another program than the enrollment", program.ID.String())
	}
	if _, err := o.ev.OccurredAt.Parse(im.s.cfg.Zone); err != nil && old == nil &&
		(o.ev.Status == "" || o.ev.Status == dhis2.EventActive || o.ev.Status == dhis2.EventCompleted) {
		im.fail(o, "E1023", "occurredAt is needed")
	}
	for _, v := range o.ev.DataValues {
		element, ok := stageElement(stage, v.DataElement)
		switch {
		case !ok:
			im.fail(o, "E1305", "the data element is not in the stage", v.DataElement.String(), stage.ID.String())
		case v.Value == "":
		case !im.valid(element, v.Value):
			im.fail(o, "E1302", "the value is not of the data element's type", v.DataElement.String())
		case !allowed(element, v.Value):
			im.fail(o, "E1125", "the value is not an option code", v.DataElement.String())
		}
	}
}

func (im *importer) checkUnit(o *object, unit dhis2.UID) {
	known, ok := im.s.meta.unit(unit)
	switch {
	case !ok:
		im.fail(o, "E1070", "the organisation unit is unknown", unit.String())
	case !below(known.Path, im.s.capturePaths(im.user)):
		im.fail(o, "E1000", "the user has no capture scope there", im.user.Identity().String(), unit.String())
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

func (im *importer) inPayload(kind string, uid dhis2.UID) (o *object, failed bool) {
	for _, o := range im.objects {
		if o.kind == kind && o.uid == uid {
			return o, o.failed
		}
	}
	return nil, false
}
