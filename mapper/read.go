package mapper

import (
	"cmp"
	"slices"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// enrollment is an enrollment of a mapped program that counts.
type enrollment struct {
	*dhis2.Enrollment
	plan     *plan
	enrolled dhis2.DateTime // zero where the document has no usable one
	visits   []*visit       // completed events, by occurredAt
	planned  []*dhis2.Event // scheduled, overdue and skipped events, by scheduledAt
}

// visit is a completed event of a mapped stage.
type visit struct {
	*dhis2.Event
	enrollment *enrollment
	stage      *stagePlan
	occurred   dhis2.DateTime
	completed  dhis2.DateTime // zero where DHIS2 did not say
	facts      []fact         // by their order in the map
	written
}

// fact is a value of an event that its type allows.
type fact struct {
	*elementPlan
	value dhis2.Value
}

// attributeValue is the value of an attribute that counts, and the enrollment
// that it stands at; nil where it stands at the tracked entity.
type attributeValue struct {
	value dhis2.Value
	at    *enrollment
}

// read finds what counts in the document, in an order that does not depend on
// that of its arrays.
func (r *run) read() error {
	if r.te.Deleted {
		return &Refusal{r.te.TrackedEntity, Deleted, "it is deleted in DHIS2: what was written for it is retracted"}
	}
	mapped := r.findEnrollments()
	if r.plan == nil {
		return r.notEnrolled()
	}
	r.findZones()
	r.findLatest()
	mapped = r.dropTwins(mapped)
	r.findNewest(mapped)
	for _, e := range mapped {
		r.readEnrollment(e)
	}
	slices.SortStableFunc(r.enrollments, func(a, b *enrollment) int {
		return cmp.Or(a.enrolled.Time().Compare(b.enrolled.Time()), cmp.Compare(a.Enrollment.Enrollment.String(), b.Enrollment.Enrollment.String()))
	})
	r.readAttributes()
	return nil
}

// findEnrollments gives the enrollments of mapped programs that are not
// deleted, and chooses the patient's plan.
func (r *run) findEnrollments() []*enrollment {
	var found []*enrollment
	for i := range r.te.Enrollments {
		e := &r.te.Enrollments[i]
		if e.Deleted {
			continue
		}
		p := r.planOf(e)
		if p == nil {
			continue
		}
		if !e.TrackedEntity.IsZero() && e.TrackedEntity != r.te.TrackedEntity {
			r.issue(Issue{Severity: Error, Rule: RuleForeignEvent, Enrollment: e.Enrollment,
				Text: "the enrollment names another tracked entity than the one it stands in: refused, it may be another woman's"})
			continue
		}
		if e.Program.IsZero() {
			r.issue(Issue{Severity: Warning, Rule: RuleNoProgram, Enrollment: e.Enrollment,
				Text: "the enrollment names no program: taken as one of map " + p.Name + ", whose tracked entity type it has"})
		}
		if e.Enrollment.IsZero() {
			r.issue(Issue{Severity: Warning, Rule: RuleNoEnrollmentUID,
				Text: "the enrollment has no UID: what is keyed by it (pregnancy status, courses) is left out"})
		}
		found = append(found, &enrollment{Enrollment: e, plan: p})
	}
	for _, p := range r.plans {
		if slices.ContainsFunc(found, func(e *enrollment) bool { return e.plan == p }) {
			r.plan = p
			break
		}
	}
	return found
}

// dropTwins keeps the later one of enrollments with the same UID: what is
// keyed by it can be written once only.
func (r *run) dropTwins(mapped []*enrollment) []*enrollment {
	kept := mapped[:0]
	for _, e := range mapped {
		twin := slices.IndexFunc(kept, func(have *enrollment) bool {
			return !e.Enrollment.Enrollment.IsZero() && have.Enrollment.Enrollment == e.Enrollment.Enrollment
		})
		if twin < 0 {
			kept = append(kept, e)
			continue
		}
		r.issue(Issue{Severity: Warning, Rule: RuleDuplicateEnrollment, Enrollment: e.Enrollment.Enrollment,
			Text: "the enrollment stands twice in the document: the one updated later was taken"})
		if r.later(e.UpdatedAt, kept[twin].UpdatedAt) {
			kept[twin] = e
		}
	}
	return kept
}

// planOf gives the plan of an enrollment's program; one that names no program
// is of the map whose tracked entity type the document has.
func (r *run) planOf(e *dhis2.Enrollment) *plan {
	for _, p := range r.plans {
		if e.Program == p.Program || (e.Program.IsZero() && r.te.TrackedEntityType == p.TrackedEntityType) {
			if r.te.TrackedEntityType.IsZero() || r.te.TrackedEntityType == p.TrackedEntityType {
				return p
			}
		}
	}
	return nil
}

func (r *run) notEnrolled() error {
	for _, p := range r.plans {
		if r.te.TrackedEntityType == p.TrackedEntityType || r.te.TrackedEntityType.IsZero() {
			return &Refusal{r.te.TrackedEntity, NotEnrolled,
				"it has no enrollment in a mapped program (was the document fetched with program= or fields=*?)"}
		}
	}
	return &Refusal{r.te.TrackedEntity, OtherType, "no map is of its tracked entity type"}
}

// findZones decides how wall time is read and instants are written.
func (r *run) findZones() {
	r.server = r.cfg.ServerZone
	if name := r.ctx.SystemInfo.ServerTimeZoneID; r.server == nil && name != "" {
		var ok bool
		if r.server, ok = r.zoneNamed(name); !ok {
			r.server = nil
			r.issue(Issue{Severity: Warning, Rule: RuleZone,
				Text: "the server's serverTimeZoneId is no known zone: its wall time is read in the map's zone; set dhis2.zone"})
		}
	}
	if r.server == nil {
		r.server, _ = r.zoneNamed(r.plan.Zone)
	}
	if r.zone = r.cfg.Zone; r.zone == nil {
		r.zone = r.server
	}
}

// findNewest chooses among events that have the same UID the one updated
// later, whatever its status: an event that was un-completed since has no
// facts. What readEvent refuses does not compete.
func (r *run) findNewest(mapped []*enrollment) {
	events := 0
	for _, e := range mapped {
		events += len(e.Events)
	}
	r.newest = make(map[dhis2.UID]*dhis2.Event, events)
	for _, e := range mapped {
		for i := range e.Events {
			ev := &e.Events[i]
			if ev.Deleted || r.isForeign(e, ev) || e.stageOf(ev) == nil {
				continue
			}
			if have := r.newest[ev.Event]; have == nil || r.later(ev.UpdatedAt, have.UpdatedAt) {
				r.newest[ev.Event] = ev
			}
		}
	}
}

// isForeign reports whether an event names another place than the one where
// it stands: it may be another woman's.
func (r *run) isForeign(e *enrollment, ev *dhis2.Event) bool {
	return (!ev.TrackedEntity.IsZero() && ev.TrackedEntity != r.te.TrackedEntity) ||
		(!ev.Enrollment.IsZero() && !e.Enrollment.Enrollment.IsZero() && ev.Enrollment != e.Enrollment.Enrollment)
}

// stageOf gives the plan of an event's stage; nil where program and stage are
// not mapped.
func (e *enrollment) stageOf(ev *dhis2.Event) *stagePlan {
	if !ev.Program.IsZero() && ev.Program != e.plan.Program {
		return nil
	}
	return e.plan.stages[ev.ProgramStage]
}

func (r *run) readEnrollment(e *enrollment) {
	var err error
	if e.enrolled, err = e.EnrolledAt.Parse(r.server); err != nil {
		r.issue(Issue{Severity: Warning, Rule: RuleNoEnrolledAt, Enrollment: e.Enrollment.Enrollment,
			Text: "the enrollment has no enrolledAt that is a date: what is dated by it is left out"})
	}
	for i := range e.Events {
		if ev := &e.Events[i]; !ev.Deleted {
			r.readEvent(e, ev)
		}
	}
	slices.SortStableFunc(e.visits, func(a, b *visit) int {
		return cmp.Or(a.occurred.Time().Compare(b.occurred.Time()), cmp.Compare(a.Event.Event.String(), b.Event.Event.String()))
	})
	slices.SortStableFunc(e.planned, func(a, b *dhis2.Event) int {
		return cmp.Or(cmp.Compare(a.ScheduledAt, b.ScheduledAt), cmp.Compare(a.Event.String(), b.Event.String()))
	})
	r.enrollments = append(r.enrollments, e)
}

func (r *run) readEvent(e *enrollment, ev *dhis2.Event) {
	at := Issue{Severity: Error, Enrollment: e.Enrollment.Enrollment, Event: ev.Event}
	refuse := func(rule Rule, text string) {
		at.Rule, at.Text = rule, text
		r.issue(at)
	}
	if r.isForeign(e, ev) {
		refuse(RuleForeignEvent, "the event names another tracked entity or enrollment than the one it stands in: refused, it may be another woman's")
		return
	}
	stage := e.stageOf(ev)
	if stage == nil {
		at.Severity = Information
		refuse(RuleUnmappedStage, "the map "+e.plan.Name+" does not name the event's program stage: not sent")
		return
	}
	if ev.Event.IsZero() {
		refuse(RuleIncompleteEvent, "the event has no UID: refused")
		return
	}
	if r.newest[ev.Event] != ev {
		at.Severity = Warning
		refuse(RuleDuplicateEvent, "the event stands twice in the document: the one updated later was taken")
		return
	}
	switch ev.Status {
	case dhis2.EventScheduled, dhis2.EventOverdue, dhis2.EventSkipped:
		e.planned = append(e.planned, ev)
	case dhis2.EventCompleted:
		occurred, err := ev.OccurredAt.Parse(r.server)
		if err != nil {
			refuse(RuleIncompleteEvent, "the completed event has no occurredAt that is a date: refused, its facts would have no date")
			return
		}
		v := &visit{Event: ev, enrollment: e, stage: stage, occurred: occurred}
		v.completed, _ = ev.CompletedAt.Parse(r.server)
		r.readValues(v)
		e.visits = append(e.visits, v)
	}
}

// readValues takes the values of a visit: each by itself, so that one bad
// value never costs the others (D-030).
func (r *run) readValues(v *visit) {
	values := r.latestValues(v)
	v.facts = make([]fact, 0, len(v.DataValues))
	for i := range v.stage.Elements {
		dv := values[i]
		if dv == nil {
			continue
		}
		el := v.stage.elements[dv.DataElement]
		text := dhis2.Clean(dv.Value)
		if text == "" {
			continue
		}
		value, err := dhis2.ParseValue(el.Type, text, r.server)
		if err != nil {
			r.issue(v.issueOn(el, Warning, RuleValueType, err.Error()+": not sent"))
			continue
		}
		v.facts = append(v.facts, fact{el, value})
	}
}

// latestValues gives the values that are sent by the order of their elements
// in the map; of two values of one element the one updated later. Of equals
// nobody knows the later one: the text decides, so that at least the order of
// the list does not.
func (r *run) latestValues(v *visit) []*dhis2.DataValue {
	n := len(v.stage.Elements)
	if cap(r.values) < n {
		r.values = make([]*dhis2.DataValue, n)
	}
	values := r.values[:n]
	clear(values)
	for i := range v.DataValues {
		dv := &v.DataValues[i]
		el := v.stage.elements[dv.DataElement]
		if el == nil {
			r.issue(Issue{Severity: Information, Rule: RuleUnmappedElement, Event: v.Event.Event, Element: dv.DataElement,
				Text: "the map does not name the data element in this stage: not sent"})
			continue
		}
		if el.Kind == KindNone {
			continue
		}
		if have := values[el.index]; have != nil {
			r.issue(v.issueOn(el, Warning, RuleDuplicateElement,
				"the data element stands twice in the event: the value updated later was taken"))
			if !r.after(dv.UpdatedAt, dv.Value, have.UpdatedAt, have.Value) {
				continue
			}
		}
		values[el.index] = dv
	}
	return values
}

func (v *visit) issueOn(el *elementPlan, s Severity, rule Rule, text string) Issue {
	return Issue{Severity: s, Rule: rule, Event: v.Event.Event, Element: el.UID, Name: el.Name, Type: el.Type, Text: text}
}

// findLatest finds the latest updatedAt of the document, wherever it stands:
// a deletion is a change too.
func (r *run) findLatest() {
	r.see(r.te.UpdatedAt)
	attributes := func(all []dhis2.Attribute) {
		for i := range all {
			r.see(all[i].UpdatedAt)
		}
	}
	attributes(r.te.Attributes)
	for i := range r.te.Enrollments {
		e := &r.te.Enrollments[i]
		r.see(e.UpdatedAt)
		attributes(e.Attributes)
		for j := range e.Events {
			ev := &e.Events[j]
			r.see(ev.UpdatedAt)
			for k := range ev.DataValues {
				r.see(ev.DataValues[k].UpdatedAt)
			}
		}
	}
}

func (r *run) see(ts dhis2.Timestamp) {
	if r.later(ts, r.latest) {
		r.latest = ts
	}
}

// after reports whether a value counts before another one: it was updated
// later, or at the same time and has the greater text.
func (r *run) after(at dhis2.Timestamp, value string, than dhis2.Timestamp, other string) bool {
	if r.later(at, than) {
		return true
	}
	return !r.later(than, at) && value > other
}

// later reports whether a is after b. Timestamps of one document nearly
// always have one form, in which text order is time order.
func (r *run) later(a, b dhis2.Timestamp) bool {
	const form = len("2025-09-04T07:42:13.455")
	if a == "" || b == "" || (len(a) == form && len(b) == form) {
		return a > b
	}
	at, errA := a.Parse(r.server)
	bt, errB := b.Parse(r.server)
	if errA != nil || errB != nil {
		return errA == nil
	}
	return at.Time().After(bt.Time())
}
