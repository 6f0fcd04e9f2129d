package sandbox

import (
	"maps"
	"slices"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

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

// required looks for the properties that an object must have whenever it is
// created or updated: DHIS2 takes no part of an object but its attributes and
// data values.
func (im *importer) required(o *object, code string, properties map[string]dhis2.UID) {
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if properties[name].IsZero() {
			im.fail(o, code, "a required property is missing", name)
		}
	}
}

func (im *importer) checkTrackedEntity(o *object) {
	r := im.s.store.byUID[o.uid]
	if !im.exists(o, r != nil, r != nil && r.te.Deleted, "E1002", "E1063", "E1114") {
		im.checkCascade(o, r)
		return
	}
	im.required(o, "E1121", map[string]dhis2.UID{"trackedEntityType": o.te.TrackedEntityType, "orgUnit": o.te.OrgUnit})
	switch {
	case o.failed:
		return
	case !im.knowsType(o.te.TrackedEntityType):
		im.fail(o, "E1005", "the tracked entity type is unknown", o.te.TrackedEntityType.String())
	case r != nil && r.te.TrackedEntityType != o.te.TrackedEntityType:
		im.fail(o, "E1126", "the tracked entity type cannot be changed", "trackedEntityType")
	}
	im.checkUnit(o, o.te.OrgUnit, "E1049")
	im.checkAttributes(o, o.uid, nil, o.te.Attributes)
}

// checkCascade asks for the authority to delete what has something below it.
func (im *importer) checkCascade(o *object, r *record) {
	if o.failed || im.strategy != "DELETE" || r == nil {
		return
	}
	switch o.kind {
	case kindTrackedEntity:
		if slices.ContainsFunc(r.te.Enrollments, func(en dhis2.Enrollment) bool { return !en.Deleted }) && !im.user.has("F_TEI_CASCADE_DELETE") {
			im.fail(o, "E1100", "the user lacks F_TEI_CASCADE_DELETE", im.user.Identity().String(), o.uid.String())
		}
	case kindEnrollment:
		en := r.enrollment(o.uid)
		if slices.ContainsFunc(en.Events, func(ev dhis2.Event) bool { return !ev.Deleted }) && !im.user.has("F_ENROLLMENT_CASCADE_DELETE") {
			im.fail(o, "E1103", "the user lacks F_ENROLLMENT_CASCADE_DELETE", im.user.Identity().String(), o.uid.String())
		}
	}
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
	r, old, err := im.s.store.findEnrollment(o.uid)
	if !im.exists(o, err == nil, err == nil && old.Deleted, "E1080", "E1081", "E1113") {
		im.checkCascade(o, r)
		return
	}
	im.required(o, "E1122", map[string]dhis2.UID{"orgUnit": o.en.OrgUnit, "program": o.en.Program, "trackedEntity": o.en.TrackedEntity})
	if o.failed {
		return
	}
	p := im.s.meta.program(o.en.Program)
	switch {
	case p == nil:
		im.fail(o, "E1069", "the program is unknown", o.en.Program.String())
		return
	case !im.user.reads(p.ID):
		im.fail(o, "E1091", "the user has no data write access to the program", im.user.Identity().String(), p.ID.String())
	case old != nil && (old.Program != o.en.Program || r.te.TrackedEntity != o.en.TrackedEntity):
		im.fail(o, "E1127", "neither program nor tracked entity of an enrollment can be changed")
	}
	parent, parentFailed := im.inPayload(kindTrackedEntity, o.en.TrackedEntity)
	r = im.s.store.byUID[o.en.TrackedEntity]
	switch {
	case parentFailed:
		im.fail(o, "E5000", "it belongs to an object that is not imported", o.en.TrackedEntity.String())
	case r == nil && parent == nil, r != nil && r.te.Deleted:
		im.fail(o, "E1068", "the tracked entity is unknown", o.en.TrackedEntity.String())
	case r != nil && r.te.TrackedEntityType != p.TrackedEntityType.ID, r == nil && parent.te.TrackedEntityType != p.TrackedEntityType.ID:
		im.fail(o, "E1022", "the tracked entity is of another type than the program's", p.ID.String())
	}
	im.checkUnit(o, o.en.OrgUnit, "E1070")
	if _, err := o.en.EnrolledAt.Parse(im.s.cfg.Zone); err != nil {
		im.fail(o, "E1025", "enrolledAt is needed")
	} else if im.printed(o.en.EnrolledAt)[:10] > im.now[:10] {
		im.fail(o, "E1020", "enrolledAt lies in the future")
	}
	if old == nil {
		im.checkOthers(o, p, r)
	}
	im.checkAttributes(o, o.en.TrackedEntity, p, o.en.Attributes)
	im.checkMandatory(o, p, r, parent)
}

// checkOthers looks at the enrollments that a tracked entity has already.
func (im *importer) checkOthers(o *object, p *dhis2.Program, r *record) {
	if r == nil {
		return
	}
	for _, other := range r.te.Enrollments {
		if other.Program != p.ID || other.Deleted {
			continue
		}
		active := other.Status == dhis2.EnrollmentActive && (o.en.Status == "" || o.en.Status == dhis2.EnrollmentActive)
		switch {
		case p.OnlyEnrollOnce:
			im.fail(o, "E1016", "the program enrolls only once", r.te.TrackedEntity.String(), p.ID.String())
			return
		case active:
			im.fail(o, "E1015", "there is an active enrollment in the program", r.te.TrackedEntity.String(), p.ID.String())
			return
		}
	}
}

func (im *importer) checkEvent(o *object) {
	_, en, old, err := im.s.store.findEvent(o.uid)
	if !im.exists(o, err == nil, err == nil && old.Deleted, "E1030", "E1032", "E1082") {
		return
	}
	im.required(o, "E1123", map[string]dhis2.UID{"orgUnit": o.ev.OrgUnit, "programStage": o.ev.ProgramStage, "enrollment": o.ev.Enrollment})
	if o.failed {
		return
	}
	program, stage := im.s.meta.stage(o.ev.ProgramStage)
	switch {
	case stage == nil:
		im.fail(o, "E1013", "the program stage is unknown", o.ev.ProgramStage.String())
		return
	case !im.user.reads(program.ID):
		im.fail(o, "E1091", "the user has no data write access to the program", im.user.Identity().String(), program.ID.String())
	case !o.ev.Program.IsZero() && o.ev.Program != program.ID:
		im.fail(o, "E1089", "the stage is of another program than the event", o.uid.String(), stage.ID.String(), o.ev.Program.String())
	case old != nil && (old.ProgramStage != o.ev.ProgramStage || en.Enrollment != o.ev.Enrollment):
		im.fail(o, "E1128", "neither stage nor enrollment of an event can be changed")
	case old != nil && old.Status == dhis2.EventCompleted && o.ev.Status != old.Status && !im.user.has("F_UNCOMPLETE_EVENT"):
		im.fail(o, "E1083", "the user may not change completed events", im.user.Identity().String())
	}
	if old == nil {
		if en = im.enrollmentOf(o); en == nil {
			return
		}
		if !stage.Repeatable && slices.ContainsFunc(en.Events, func(ev dhis2.Event) bool { return ev.ProgramStage == stage.ID && !ev.Deleted }) {
			im.fail(o, "E1039", "the stage does not repeat and has its event", stage.ID.String())
		}
	}
	im.checkUnit(o, o.ev.OrgUnit, "E1011")
	if en.Program != program.ID {
		im.fail(o, "E1079", "the stage is of another program than the enrollment", program.ID.String())
	}
	im.checkDates(o)
	im.checkValues(o, stage, old)
}

// enrollmentOf finds the enrollment of a new event, in the store or in the
// payload; nil where there is none.
func (im *importer) enrollmentOf(o *object) *dhis2.Enrollment {
	parent, parentFailed := im.inPayload(kindEnrollment, o.ev.Enrollment)
	_, en, err := im.s.store.findEnrollment(o.ev.Enrollment)
	if err != nil && parent != nil {
		en = parent.en
	}
	switch {
	case parentFailed:
		im.fail(o, "E5000", "it belongs to an object that is not imported", o.ev.Enrollment.String())
	case en == nil || en.Deleted:
		im.fail(o, "E1081", "the enrollment is unknown", o.ev.Enrollment.String())
	default:
		return en
	}
	return nil
}

// checkDates: what happened has a day, what is planned too.
func (im *importer) checkDates(o *object) {
	_, occurred := o.ev.OccurredAt.Parse(im.s.cfg.Zone)
	_, scheduled := o.ev.ScheduledAt.Parse(im.s.cfg.Zone)
	switch o.ev.Status {
	case "", dhis2.EventActive, dhis2.EventCompleted:
		if occurred != nil {
			im.fail(o, "E1031", "occurredAt is needed")
		}
	case dhis2.EventScheduled:
		if scheduled != nil {
			im.fail(o, "E1050", "scheduledAt is needed")
		}
	}
}

// checkUnit checks an organisation unit; unknown is the code where there is
// none.
func (im *importer) checkUnit(o *object, unit dhis2.UID, unknown string) {
	known, ok := im.s.meta.unit(unit)
	switch {
	case !ok:
		im.fail(o, unknown, "the organisation unit is unknown", unit.String())
	case !below(known.Path, im.s.capturePaths(im.user)):
		im.fail(o, "E1000", "the user has no capture scope there", im.user.Identity().String(), unit.String())
	}
}

func (im *importer) inPayload(kind string, uid dhis2.UID) (o *object, failed bool) {
	for _, o := range im.objects {
		if o.kind == kind && o.uid == uid {
			return o, o.failed
		}
	}
	return nil, false
}
