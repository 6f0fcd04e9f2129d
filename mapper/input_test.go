package mapper_test

import (
	"slices"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// mapping.md section 1, enrollments: all of the mapped program count, unless
// deleted; deletion withdraws, completion and cancellation do not.
func TestInputEnrollments(t *testing.T) {
	facts := func(r *record) (n int) { return len(all[*nehr.Condition](r)) }
	for _, c := range []struct {
		status  dhis2.EnrollmentStatus
		facts   int
		status2 int // pregnancy status
	}{{dhis2.EnrollmentActive, 1, 1}, {dhis2.EnrollmentCompleted, 1, 1}, {dhis2.EnrollmentCancelled, 1, 0}} {
		te := mother(registration(value("R4EnBNPKblS", "true")))
		te.Enrollments[0].Status = c.status
		r := mapped(t, te)
		same(t, string(c.status), facts(r), c.facts)
		_, status := at[*nehr.Observation](r, nehr.Key{System: "urn:dhis2:observation", Value: enrollmentUID + "-pregnancy-status"})
		same(t, "pregnancy status "+string(c.status), status, c.status2 == 1)
	}
	t.Run("two", func(t *testing.T) {
		te := mother(registration(value("R4EnBNPKblS", "true")))
		second := te.Enrollments[0]
		second.Enrollment, second.EnrolledAt = uid("Eaa00000002"), "2027-01-04"
		e := event("Vaa00000021", registrationStage, "2027-01-04", value("D5khklwbOPt", "true"))
		e.Enrollment = second.Enrollment
		second.Events = []dhis2.Event{e}
		te.Enrollments = append(te.Enrollments, second)
		r := mapped(t, te)
		same(t, "conditions of both", facts(r), 2)
		n := 0
		for _, o := range all[*nehr.Observation](r) {
			if o.Code.Has(nehr.SystemLOINC, "82810-3") {
				n++
			}
		}
		same(t, "pregnancies", n, 2)
		te.Enrollments[1].Deleted = true
		r = mapped(t, te)
		same(t, "after deletion of one", facts(r), 1)
		te.Enrollments[0].Deleted = true
		refused(t, te, mapper.NotEnrolled)
	})
	t.Run("without program", func(t *testing.T) {
		te := mother(registration(value("R4EnBNPKblS", "true")))
		te.Enrollments[0].Program = dhis2.UID{}
		r := mapped(t, te)
		same(t, "conditions", facts(r), 1)
		same(t, "issue", len(r.issues(mapper.RuleNoProgram)), 1)
		te.TrackedEntityType = uid("Zaa00000001")
		refused(t, te, mapper.OtherType)
	})
	t.Run("without events", func(t *testing.T) {
		r := mapped(t, mother())
		var types []string
		for _, e := range r.Bundle.Entry {
			types = append(types, r.byURL[e.FullURL].ResourceType())
		}
		same(t, "entries", types, []string{"Patient", "Device", "Organization", "Location", "Organization", "Location", "Observation"})
		same(t, "profile of the bundle", len(r.Bundle.Meta.Profile), 0)
		same(t, "identifier", []string{r.Bundle.Identifier.System, r.Bundle.Identifier.Value}, []string{"urn:dhis2:trackedEntity", motherUID})
		valid(t, r.json)
	})
	t.Run("of another woman", func(t *testing.T) {
		te := mother(registration(value("R4EnBNPKblS", "true")))
		other := te.Enrollments[0]
		other.Enrollment, other.TrackedEntity = uid("Eaa00000002"), uid("Kaa00000002")
		te.Enrollments = append(te.Enrollments, other)
		r := mapped(t, te)
		if i := r.issues(mapper.RuleForeignEvent); len(i) != 1 || i[0].Enrollment != uid("Eaa00000002") {
			t.Errorf("issues %v", r.result.Issues)
		}
		same(t, "conditions", facts(r), 1)
	})
	t.Run("twice", func(t *testing.T) {
		te := mother(registration(value("R4EnBNPKblS", "true"), value("p7yWXAO6ag7", "true")))
		again := te.Enrollments[0]
		again.Status, again.UpdatedAt = dhis2.EnrollmentCancelled, "2025-12-24T00:00:00.000"
		for _, list := range [][]dhis2.Enrollment{{te.Enrollments[0], again}, {again, te.Enrollments[0]}} {
			te.Enrollments = list
			r := mapped(t, te)
			same(t, "issue", len(r.issues(mapper.RuleDuplicateEnrollment)), 1)
			_, status := at[*nehr.Observation](r, nehr.Key{System: "urn:dhis2:observation", Value: enrollmentUID + "-pregnancy-status"})
			same(t, "the later one, cancelled, counts", status, false)
		}
	})
	t.Run("without UID or date", func(t *testing.T) {
		te := mother(visit(value("p7yWXAO6ag7", "true"), value("cw35l7X4hnV", "11")))
		te.Enrollments[0].Enrollment, te.Enrollments[0].EnrolledAt = dhis2.UID{}, "soon"
		r := mapped(t, te)
		made[*nehr.Observation](r, visitEvent, "cw35l7X4hnV")
		same(t, "what is keyed by the enrollment", len(all[*nehr.MedicationStatement](r)), 0)
		same(t, "issues", []bool{len(r.issues(mapper.RuleNoEnrollmentUID)) > 0, len(r.issues(mapper.RuleNoEnrolledAt)) == 1}, []bool{true, true})
	})
}

// Events count when program and stage are mapped, they are not deleted and
// completed; SCHEDULE and OVERDUE are appointments.
func TestInputEvents(t *testing.T) {
	for _, c := range []struct {
		status       dhis2.EventStatus
		deleted      bool
		encounters   int
		appointments int
	}{
		{dhis2.EventCompleted, false, 1, 0}, {dhis2.EventCompleted, true, 0, 0}, {dhis2.EventActive, false, 0, 0}, {dhis2.EventVisited, false, 0, 0},
		{dhis2.EventScheduled, false, 0, 1}, {dhis2.EventOverdue, false, 0, 1}, {dhis2.EventSkipped, false, 0, 1}, {dhis2.EventScheduled, true, 0, 0},
	} {
		e := visit(value("R4EnBNPKblS", "true"))
		e.Status, e.Deleted, e.ScheduledAt = c.status, c.deleted, "2025-10-02"
		r := mapped(t, mother(e))
		same(t, string(c.status), []int{len(all[*nehr.Encounter](r)), len(all[*nehr.Appointment](r))}, []int{c.encounters, c.appointments})
		if c.deleted {
			same(t, "issues of a deleted event", len(r.result.Issues), len(mapped(t, mother()).result.Issues))
		}
	}
	t.Run("of another woman or enrollment", func(t *testing.T) {
		for _, change := range []func(*dhis2.Event){
			func(e *dhis2.Event) { e.TrackedEntity = uid("Kaa00000002") },
			func(e *dhis2.Event) { e.Enrollment = uid("Eaa00000002") },
		} {
			e := visit(value("cw35l7X4hnV", "6"))
			change(&e)
			r := mapped(t, mother(registration(), e))
			if i := r.issues(mapper.RuleForeignEvent); len(i) != 1 || i[0].Event != uid(visitEvent) || i[0].Severity != mapper.Error {
				t.Errorf("issues %v", r.result.Issues)
			}
			same(t, "encounters", len(all[*nehr.Encounter](r)), 1)
		}
		e := visit(value("cw35l7X4hnV", "6")) // names neither: it is where it stands
		e.TrackedEntity, e.Enrollment = dhis2.UID{}, dhis2.UID{}
		made[*nehr.Observation](mapped(t, mother(e)), visitEvent, "cw35l7X4hnV")
	})
	t.Run("without date or UID", func(t *testing.T) {
		for _, change := range []func(*dhis2.Event){
			func(e *dhis2.Event) { e.OccurredAt = "" }, func(e *dhis2.Event) { e.OccurredAt = "2025-02-30" }, func(e *dhis2.Event) { e.Event = dhis2.UID{} },
		} {
			e := visit(value("cw35l7X4hnV", "6"))
			change(&e)
			r := mapped(t, mother(registration(), e))
			same(t, "issue", len(r.issues(mapper.RuleIncompleteEvent)), 1)
			same(t, "encounters", len(all[*nehr.Encounter](r)), 1)
		}
	})
	t.Run("twice, un-completed since", func(t *testing.T) {
		old, now := visit(value("cw35l7X4hnV", "6")), visit(value("cw35l7X4hnV", "6"))
		now.Status, now.UpdatedAt = dhis2.EventActive, "2025-12-24T00:00:00.000"
		for _, events := range [][]dhis2.Event{{old, now}, {now, old}} {
			r := mapped(t, mother(events...))
			same(t, "encounters", len(all[*nehr.Encounter](r)), 0)
			same(t, "issue", len(r.issues(mapper.RuleDuplicateEvent)), 1)
		}
	})
	t.Run("in two enrollments", func(t *testing.T) {
		te := mother(visit(value("cw35l7X4hnV", "6")))
		te.Enrollments[0].Events[0].Enrollment = dhis2.UID{}
		second := te.Enrollments[0]
		second.Enrollment = uid("Eaa00000002")
		moved := te.Enrollments[0].Events[0]
		moved.UpdatedAt, moved.DataValues = "2025-12-24T00:00:00.000", []dhis2.DataValue{value("cw35l7X4hnV", "7")}
		second.Events = []dhis2.Event{moved}
		te.Enrollments = append(te.Enrollments, second)
		r := mapped(t, te) // entries are unique, as read checks
		same(t, "the later one", made[*nehr.Observation](r, visitEvent, "cw35l7X4hnV").ValueQuantity.Value.String(), "7")
	})
}

// Values: blanks, control characters, digits, an element twice.
func TestInputValues(t *testing.T) {
	word := func(text string) string {
		r := mapped(t, mother(visit(value("XMMTan4EEsB", text))))
		o, ok := at[*nehr.Observation](r, ofElement(visitEvent, "XMMTan4EEsB"))
		if !ok {
			return ""
		}
		return o.ValueString
	}
	for written, want := range map[string]string{
		"  scar  ": "scar", "\x00sc\x01ar\x7f": "scar", "a\tb\nc\r\nd": "a\tb\nc\r\nd", "\u0085x\u0080": "x", "  \t ": "", "\x00": "", "பெரிய": "பெரிய",
	} {
		same(t, written, word(written), want)
	}
	for _, digits := range []string{"10.50", "11", "0.10", "12.000"} {
		o := made[*nehr.Observation](mapped(t, mother(visit(value("cw35l7X4hnV", digits)))), visitEvent, "cw35l7X4hnV")
		same(t, "digits", o.ValueQuantity.Value.String(), digits)
	}
	for _, b := range []struct{ written, want string }{{"true", "sct|52101004"}, {"TRUE", "sct|52101004"}, {"True", "sct|52101004"}, {"FALSE", "sct|2667000"}} {
		o := made[*nehr.Observation](mapped(t, mother(visit(value("k7K4aO0RXew", b.written)))), visitEvent, "k7K4aO0RXew")
		same(t, b.written, coded(o.ValueCodeableConcept), []string{b.want})
	}
	t.Run("an element twice", func(t *testing.T) {
		old, now := value("cw35l7X4hnV", "6"), value("cw35l7X4hnV", "7")
		now.UpdatedAt = "2025-12-24T00:00:00.000"
		for _, values := range [][]dhis2.DataValue{{old, now}, {now, old}} {
			r := mapped(t, mother(visit(values...)))
			same(t, "value", made[*nehr.Observation](r, visitEvent, "cw35l7X4hnV").ValueQuantity.Value.String(), "7")
			same(t, "issue", len(r.issues(mapper.RuleDuplicateElement)), 1)
		}
		now.Value = "" // cleared since: a stale value is not a value
		_, stale := at[*nehr.Observation](mapped(t, mother(visit(now, old))), ofElement(visitEvent, "cw35l7X4hnV"))
		same(t, "stale", stale, false)
	})
	t.Run("birth date", func(t *testing.T) {
		for written, want := range map[string][2]string{
			"1997-08-01": {"1997-08-01", ""}, "1997-08-01T00:00:00.000": {"1997-08-01", ""}, "": {"", "unknown"}, "1997-02-30": {"", "error"}, "last year": {"", "error"},
		} {
			p, _ := patient(t, set(mother(), birthAttribute, written))
			same(t, written, [2]string{p.BirthDate, absentElement(p.BirthDateExt)}, want)
		}
	})
}

// Midnight and days never go through a zone.
func TestInputDaysHaveNoZone(t *testing.T) {
	far := func(c *mapper.Config) { c.Zone = zone(t, "America/New_York") }
	e := visit(value("cw35l7X4hnV", "11"))
	planned := event("Vaa00000004", visitStage, "2025-10-30")
	planned.Status, planned.ScheduledAt = dhis2.EventScheduled, "2025-10-30T00:00:00.000"
	for _, midnight := range []dhis2.Timestamp{"2025-10-02", "2025-10-02T00:00:00.000", "2025-10-02T00:00:00"} {
		e.OccurredAt = midnight
		r := mapped(t, mother(e, planned), far)
		same(t, "effective", made[*nehr.Observation](r, visitEvent, "cw35l7X4hnV").EffectiveDateTime, "2025-10-02")
		same(t, "issued", made[*nehr.Observation](r, visitEvent, "cw35l7X4hnV").Issued, "2025-10-02T05:30:00-04:00")
		same(t, "requested", one[*nehr.Appointment](r).RequestedPeriod, []nehr.Period{{Start: "2025-10-30", End: "2025-10-30"}})
		status, _ := at[*nehr.Observation](r, nehr.Key{System: "urn:dhis2:observation", Value: enrollmentUID + "-pregnancy-status"})
		same(t, "enrolled", status.EffectiveDateTime, "2025-09-03")
	}
	t.Run("an unknown zone of the server", func(t *testing.T) {
		ctx := server()
		ctx.SystemInfo.ServerTimeZoneID = "Mars/Olympus"
		e.OccurredAt = "2025-10-02T08:00:00"
		r := mappedIn(t, mother(e), ctx)
		same(t, "issue", len(r.issues(mapper.RuleZone)), 1)
		same(t, "read in the map's zone", one[*nehr.Encounter](r).Period.Start, "2025-10-02T08:00:00+05:30")
	})
}

// Documents that give no bundle say why, so that a caller can branch.
func TestRefusals(t *testing.T) {
	refused(t, with(mother(), func(te *dhis2.TrackedEntity) { te.Deleted = true }), mapper.Deleted)
	refused(t, with(mother(), func(te *dhis2.TrackedEntity) { te.TrackedEntityType = uid("Zaa00000001") }), mapper.OtherType)
	refused(t, with(mother(), func(te *dhis2.TrackedEntity) { te.Enrollments[0].Program = uid("Zaa00000001") }), mapper.NotEnrolled)
	refused(t, with(mother(), func(te *dhis2.TrackedEntity) { te.Enrollments = nil }), mapper.NotEnrolled)
	refused(t, with(mother(), func(te *dhis2.TrackedEntity) { te.TrackedEntityType, te.Enrollments = dhis2.UID{}, nil }), mapper.NotEnrolled)
	refused(t, set(mother(), phnAttribute, ""), mapper.Quarantined)
}

// Config is checked at once, with every mistake.
func TestNewNamesEveryMistake(t *testing.T) {
	_, err := mapper.New(mapper.Config{Names: "x", Passport: "x", Plausibility: "x", PhoneRegion: "xx", AppointmentMinutes: -1, PHNScheme: "x"})
	if err == nil {
		t.Fatal("no error")
	}
	mistakes, ok := err.(interface{ Unwrap() []error })
	if !ok || len(mistakes.Unwrap()) != 7 {
		t.Errorf("want seven mistakes, got %v", err)
	}
	if _, err := mapper.New(mapper.Config{Maps: slices.Concat(embeddedMaps, embeddedMaps)}); err == nil {
		t.Error("two maps of one program")
	}
}
