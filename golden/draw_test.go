package golden

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
)

// origin is where in a drawn document a value stands.
type origin struct{ event, element, attribute dhis2.UID }

// drawing is a document with invented answers to the questions of a map. Each
// answer that is not a boolean stands in it once, so that it can be found
// again in the bundle.
type drawing struct {
	*rapid.T
	m       *mapper.Map
	te      *dhis2.TrackedEntity
	ctx     *dhis2.Context
	answers map[string]origin // by the text in which FHIR has the answer
	sent    map[string]bool   // answers of completed events, which have to arrive
	next    int
}

var (
	drawnUnits = []dhis2.UID{uid("clinicOuA01"), uid("clinicOuB02"), uid("hospitalO01"), {}}
	drawnUsers = []dhis2.User{
		{UID: uid("midwifeUsr1"), Username: "midwife.udaharana", FirstName: "Kamala", Surname: "Udaharana"},
		{UID: uid("doctorUser1"), Username: "doctor.sample", FirstName: "Nimal", Surname: "Sample"},
		{},
	}
	drawnStatuses = []dhis2.EventStatus{dhis2.EventCompleted, dhis2.EventCompleted, dhis2.EventCompleted,
		dhis2.EventActive, dhis2.EventVisited, dhis2.EventScheduled, dhis2.EventOverdue, dhis2.EventSkipped}
)

func uid(s string) dhis2.UID {
	u, err := dhis2.ParseUID(s)
	if err != nil {
		panic(err)
	}
	return u
}

func embedded(t testing.TB) []*mapper.Map {
	t.Helper()
	maps, err := config.Maps(nil)
	if err != nil {
		t.Fatal(err)
	}
	return maps
}

func draw(t *rapid.T, maps []*mapper.Map) *drawing {
	d := &drawing{T: t, answers: map[string]origin{}, sent: map[string]bool{}}
	d.m = maps[rapid.IntRange(0, len(maps)-1).Draw(t, "map")]
	d.te = &dhis2.TrackedEntity{
		TrackedEntity: uid("UdaharanaA1"), TrackedEntityType: d.m.TrackedEntityType,
		OrgUnit: drawnUnits[0], UpdatedAt: "2025-06-01T08:00:00.000",
	}
	d.te.Attributes = d.attributes("2025-06-01T08:00:00.000")
	for i := range rapid.IntRange(1, 3).Draw(t, "enrollments") {
		d.enrollment(i)
	}
	d.ctx = &dhis2.Context{
		OrganisationUnits: []dhis2.OrganisationUnit{
			{ID: drawnUnits[0], Code: "9000017", Name: "Udaharana MOH Clinic", Path: "/countryOu01/clinicOuA01"},
			{ID: drawnUnits[1], Name: "Beispiel Outreach Clinic", Path: "/countryOu01/clinicOuB02"},
		},
		Users: []dhis2.User{{ID: uid("midwifeUsr1"), Username: "midwife.udaharana", PhoneNumber: "0110000001"}},
	}
	if d.chance("system info") {
		d.ctx.SystemInfo = dhis2.SystemInfo{SystemID: "0d15ea5e-0000-4000-8000-000000000001", Version: "2.42.1",
			ServerTimeZoneID: rapid.SampledFrom([]string{"Etc/UTC", "Asia/Colombo"}).Draw(t, "zone")}
	}
	return d
}

func (d *drawing) chance(label string) bool { return rapid.Bool().Draw(d.T, label) }

func (d *drawing) enrollment(i int) {
	e := dhis2.Enrollment{
		Enrollment: uid(fmt.Sprintf("enrolment%02d", i)), Program: d.m.Program, TrackedEntity: d.te.TrackedEntity,
		Status: rapid.SampledFrom([]dhis2.EnrollmentStatus{dhis2.EnrollmentActive, dhis2.EnrollmentCompleted,
			dhis2.EnrollmentCancelled}).Draw(d.T, "status"),
		OrgUnit:    drawnUnits[0],
		EnrolledAt: dhis2.Timestamp(fmt.Sprintf("2025-0%d-02T00:00:00.000", 6+i)),
		UpdatedAt:  "2025-06-02T08:00:00.000",
	}
	// Later than those of the tracked entity, so that they win.
	if i == 0 && d.chance("attributes at the enrollment") {
		e.Attributes = d.attributes("2025-06-02T08:00:00.000")
	}
	for j := range rapid.IntRange(0, 5).Draw(d.T, "events") {
		e.Events = append(e.Events, d.event(&e, j))
	}
	d.te.Enrollments = append(d.te.Enrollments, e)
}

func (d *drawing) event(e *dhis2.Enrollment, j int) dhis2.Event {
	stage := &d.m.Stages[rapid.IntRange(0, len(d.m.Stages)-1).Draw(d.T, "stage")]
	day := fmt.Sprintf("2025-09-%02d", rapid.IntRange(1, 9).Draw(d.T, "day"))
	at := rapid.SampledFrom([]string{"T00:00:00.000", "T08:15:00.000", "T20:40:30.125"}).Draw(d.T, "time")
	user := rapid.SampledFrom(drawnUsers).Draw(d.T, "user")
	ev := dhis2.Event{
		Event:  uid(fmt.Sprintf("event%s%04d", e.Enrollment.String()[9:], j)),
		Status: rapid.SampledFrom(drawnStatuses).Draw(d.T, "event status"), Program: d.m.Program, ProgramStage: stage.UID,
		Enrollment: e.Enrollment, TrackedEntity: d.te.TrackedEntity,
		OrgUnit:    rapid.SampledFrom(drawnUnits).Draw(d.T, "unit"),
		OccurredAt: dhis2.Timestamp(day + at), ScheduledAt: dhis2.Timestamp(day + at),
		CompletedAt: dhis2.Timestamp(day + "T21:00:00.000"), UpdatedAt: dhis2.Timestamp(day + "T21:00:00.000"),
		CompletedBy: user.Username, UpdatedBy: user,
	}
	for k := range stage.Elements {
		if el := &stage.Elements[k]; rapid.IntRange(0, 3).Draw(d.T, "answered") == 0 {
			ev.DataValues = append(ev.DataValues, d.dataValues(&ev, el)...)
		}
	}
	return ev
}

// dataValues answers an element: mostly once, sometimes twice, of which the
// later counts, sometimes with what its type does not allow.
func (d *drawing) dataValues(ev *dhis2.Event, el *mapper.StageElement) []dhis2.DataValue {
	dv := dhis2.DataValue{DataElement: el.UID, UpdatedAt: "2025-09-01T10:00:00.000", UpdatedBy: ev.UpdatedBy}
	switch rapid.IntRange(0, 9).Draw(d.T, "form") {
	case 0:
		dv.Value = rapid.SampledFrom([]string{"", "  ", "no answer", "-", "9e9", "2025-02-30"}).Draw(d.T, "unfit")
		if el.Kind == mapper.KindText || el.Kind == mapper.KindReferralReason || el.Kind == mapper.KindCoded {
			dv.Value = " "
		}
		return []dhis2.DataValue{dv}
	case 1:
		old := dv
		old.UpdatedAt = "2025-09-01T09:00:00.000"
		old.Value = d.answer(el.Type)
		dv.Value = d.answer(el.Type)
		if d.chance("of one time") {
			// Which of the two counts is not said, only that it does not
			// depend on their order.
			old.UpdatedAt = dv.UpdatedAt
			return []dhis2.DataValue{old, dv}
		}
		d.remember(dv.Value, ev, el)
		return []dhis2.DataValue{old, dv}
	default:
		dv.Value = d.answer(el.Type)
		d.remember(dv.Value, ev, el)
		return []dhis2.DataValue{dv}
	}
}

// remember keeps where an answer was given, and whether it has to arrive.
func (d *drawing) remember(value string, ev *dhis2.Event, el *mapper.StageElement) {
	if value == "true" || value == "false" {
		return
	}
	d.answers[value] = origin{event: ev.Event, element: el.UID}
	if ev.Status != dhis2.EventCompleted {
		return
	}
	switch el.Kind {
	case mapper.KindText, mapper.KindReferralReason, mapper.KindCount, mapper.KindDate, mapper.KindDueDate,
		mapper.KindSystolic, mapper.KindDiastolic, mapper.KindCoded:
		d.sent[value] = true
	case mapper.KindQuantity:
		d.sent[value] = el.Unit != ""
	}
}

// answer invents an answer of a type. No two are the same, but for booleans
// and places.
func (d *drawing) answer(t dhis2.ValueType) string {
	d.next++
	n := d.next
	switch t {
	case dhis2.Boolean:
		return strconv.FormatBool(d.chance("boolean"))
	case dhis2.TrueOnly:
		return "true"
	case dhis2.DateType, dhis2.Age:
		base, _ := dhis2.ParseDate("1980-01-01")
		return base.AddDays(n).String()
	case dhis2.Integer, dhis2.IntegerPositive, dhis2.IntegerZeroOrPositive:
		return strconv.Itoa(70000 + n)
	case dhis2.Number, dhis2.Percentage:
		return fmt.Sprintf("%d.50", 70000+n)
	case dhis2.OrganisationUnitType:
		return drawnUnits[2].String()
	case dhis2.PhoneNumber:
		return fmt.Sprintf("+9471%07d", n)
	default:
		return "Invented answer " + strconv.Itoa(n)
	}
}

// attributes answers the questions about her person.
func (d *drawing) attributes(at dhis2.Timestamp) []dhis2.Attribute {
	var out []dhis2.Attribute
	for i := range d.m.Attributes {
		a := &d.m.Attributes[i]
		if a.Kind != mapper.AttrPHN && !d.chance("attribute") {
			continue
		}
		value := d.answer(a.Type)
		switch a.Kind {
		case mapper.AttrPHN:
			value = "UDAHARANA-" + strconv.Itoa(d.next)
		case mapper.AttrGender:
			value = "Female"
		case mapper.AttrNIC:
			value = fmt.Sprintf("1996569%05d", d.next)
		}
		out = append(out, dhis2.Attribute{Attribute: a.UID, UpdatedAt: at, Value: value})
		if a.Kind == mapper.AttrAddress && d.chance("address twice") {
			out = append(out, dhis2.Attribute{Attribute: a.UID, UpdatedAt: at, Value: d.answer(a.Type)})
			continue
		}
		if a.Type != dhis2.Boolean && a.Type != dhis2.TrueOnly && a.Kind != mapper.AttrGender {
			d.answers[value] = origin{attribute: a.UID}
		}
	}
	return out
}

// shuffled is the same document with each of its lists in another order.
func (d *drawing) shuffled() (*dhis2.TrackedEntity, *dhis2.Context) {
	te, ctx := *d.te, *d.ctx
	te.Attributes = permuted(d, te.Attributes)
	te.Enrollments = permuted(d, te.Enrollments)
	for i := range te.Enrollments {
		e := &te.Enrollments[i]
		e.Attributes, e.Events = permuted(d, e.Attributes), permuted(d, e.Events)
		for j := range e.Events {
			e.Events[j].DataValues = permuted(d, e.Events[j].DataValues)
		}
	}
	ctx.OrganisationUnits, ctx.Users = permuted(d, ctx.OrganisationUnits), permuted(d, ctx.Users)
	return &te, &ctx
}

func permuted[S ~[]E, E any](d *drawing, list S) S {
	if len(list) == 0 {
		return list
	}
	return S(rapid.Permutation(slices.Clone(list)).Draw(d.T, "order"))
}
