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
	r.see(r.te.UpdatedAt)
	for _, e := range mapped {
		r.see(e.UpdatedAt)
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

func (r *run) readEnrollment(e *enrollment) {
	var err error
	if e.enrolled, err = e.EnrolledAt.Parse(r.server); err != nil {
		r.issue(Issue{Severity: Warning, Rule: RuleNoEnrolledAt, Enrollment: e.Enrollment.Enrollment,
			Text: "the enrollment has no enrolledAt that is a date: what is dated by it is left out"})
	}
	for i := range e.Events {
		if ev := &e.Events[i]; !ev.Deleted {
			r.see(ev.UpdatedAt)
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
	if (!ev.TrackedEntity.IsZero() && ev.TrackedEntity != r.te.TrackedEntity) ||
		(!ev.Enrollment.IsZero() && !e.Enrollment.Enrollment.IsZero() && ev.Enrollment != e.Enrollment.Enrollment) {
		refuse(RuleForeignEvent, "the event names another tracked entity or enrollment than the one it stands in: refused, it may be another woman's")
		return
	}
	stage := e.plan.stages[ev.ProgramStage]
	if stage == nil || (!ev.Program.IsZero() && ev.Program != e.plan.Program) {
		at.Severity = Information
		refuse(RuleUnmappedStage, "the map "+e.plan.Name+" does not name the event's program stage: not sent")
		return
	}
	if ev.Event.IsZero() {
		refuse(RuleIncompleteEvent, "the event has no UID: refused")
		return
	}
	if r.seenBefore(e, ev) {
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

// seenBefore reports whether an event with the UID was read already and is at
// least as new; an older one is taken out.
func (r *run) seenBefore(e *enrollment, ev *dhis2.Event) bool {
	for i, v := range e.visits {
		if v.Event.Event == ev.Event {
			if !r.later(ev.UpdatedAt, v.UpdatedAt) {
				return true
			}
			e.visits = slices.Delete(e.visits, i, i+1)
			break
		}
	}
	for i, p := range e.planned {
		if p.Event == ev.Event {
			if !r.later(ev.UpdatedAt, p.UpdatedAt) {
				return true
			}
			e.planned = slices.Delete(e.planned, i, i+1)
			break
		}
	}
	return false
}

// readValues takes the values of a visit: each by itself, so that one bad
// value never costs the others (D-030).
func (r *run) readValues(v *visit) {
	v.facts = make([]fact, 0, len(v.DataValues))
	for i := range v.DataValues {
		dv := &v.DataValues[i]
		r.see(dv.UpdatedAt)
		el := v.stage.elements[dv.DataElement]
		if el == nil {
			r.issue(Issue{Severity: Information, Rule: RuleUnmappedElement, Event: v.Event.Event, Element: dv.DataElement,
				Text: "the map does not name the data element in this stage: not sent"})
			continue
		}
		if el.Kind == KindNone || r.olderTwin(v, i) {
			continue
		}
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
	slices.SortFunc(v.facts, func(a, b fact) int { return cmp.Compare(a.index, b.index) })
}

// olderTwin reports whether another value of the same element in the event
// was updated later (of equals, the last one counts), and says so once.
func (r *run) olderTwin(v *visit, i int) bool {
	dv := &v.DataValues[i]
	for j := range v.DataValues {
		twin := &v.DataValues[j]
		if j == i || twin.DataElement != dv.DataElement {
			continue
		}
		if r.later(twin.UpdatedAt, dv.UpdatedAt) || (j > i && !r.later(dv.UpdatedAt, twin.UpdatedAt)) {
			r.issue(v.issueOn(v.stage.elements[dv.DataElement], Warning, RuleDuplicateElement,
				"the data element stands twice in the event: the value updated later was taken"))
			return true
		}
	}
	return false
}

func (v *visit) issueOn(el *elementPlan, s Severity, rule Rule, text string) Issue {
	return Issue{Severity: s, Rule: rule, Event: v.Event.Event, Element: el.UID, Name: el.Name, Type: el.Type, Text: text}
}

// see keeps the latest updatedAt of the document.
func (r *run) see(ts dhis2.Timestamp) {
	if r.later(ts, r.latest) {
		r.latest = ts
	}
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
