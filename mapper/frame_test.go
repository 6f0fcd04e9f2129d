package mapper_test

import (
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// A day is proposed, a time booked for half an hour; skipped, or of an
// enrollment that is over, cancelled.
func TestAppointments(t *testing.T) {
	for _, c := range []struct {
		name       string
		status     dhis2.EventStatus
		enrollment dhis2.EnrollmentStatus
		scheduled  dhis2.Timestamp
		minutes    int
		want       []string // status, start, end, requested day
	}{
		{"a day", dhis2.EventScheduled, dhis2.EnrollmentActive, "2025-10-30", 0, []string{"proposed", "", "", "2025-10-30"}},
		{"midnight", dhis2.EventOverdue, dhis2.EnrollmentActive, "2025-10-30T00:00:00.000", 0, []string{"proposed", "", "", "2025-10-30"}},
		{"a time", dhis2.EventScheduled, dhis2.EnrollmentActive, "2025-10-30T09:00:00.000", 0, []string{"booked", "2025-10-30T09:00:00+00:00", "2025-10-30T09:30:00+00:00", ""}},
		{"a time of another length", dhis2.EventScheduled, dhis2.EnrollmentActive, "2025-10-30T23:50:00.000", 15, []string{"booked", "2025-10-30T23:50:00+00:00", "2025-10-31T00:05:00+00:00", ""}},
		{"skipped", dhis2.EventSkipped, dhis2.EnrollmentActive, "2025-10-30", 0, []string{"cancelled", "", "", "2025-10-30"}},
		{"completed enrollment", dhis2.EventScheduled, dhis2.EnrollmentCompleted, "2025-10-30T09:00:00.000", 0, []string{"cancelled", "2025-10-30T09:00:00+00:00", "2025-10-30T09:30:00+00:00", ""}},
		{"cancelled enrollment", dhis2.EventOverdue, dhis2.EnrollmentCancelled, "2025-10-30", 0, []string{"cancelled", "", "", "2025-10-30"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := visit()
			e.Status, e.OccurredAt, e.ScheduledAt = c.status, "", c.scheduled
			te := mother(e)
			te.Enrollments[0].Status = c.enrollment
			r := mapped(t, te, func(cfg *mapper.Config) { cfg.AppointmentMinutes = c.minutes })
			a, ok := at[*nehr.Appointment](r, ofEvent(visitEvent))
			if !ok {
				t.Fatal("no appointment of the event")
			}
			got := []string{string(a.Status), a.Start, a.End, ""}
			if len(a.RequestedPeriod) == 1 {
				got[3] = a.RequestedPeriod[0].Start
			}
			same(t, "appointment", got, c.want)
			var who []string
			for _, p := range a.Participant {
				who = append(who, r.resource(p.Actor).ResourceType()+" "+string(p.Status))
			}
			same(t, "participants", who, []string{"Patient accepted", "Location accepted"})
			valid(t, r.json)
		})
	}
	t.Run("without date", func(t *testing.T) {
		e := visit()
		e.Status, e.ScheduledAt = dhis2.EventScheduled, ""
		r := mapped(t, mother(e))
		same(t, "appointments", len(all[*nehr.Appointment](r)), 0)
		same(t, "issue", len(r.issues(mapper.RuleIncompleteEvent)), 1)
	})
	t.Run("kept", func(t *testing.T) {
		e := visit()
		e.ScheduledAt = "2025-10-02"
		r := mapped(t, mother(e))
		same(t, "a completed event gives none", len(all[*nehr.Appointment](r)), 0)
	})
}

// A pregnancy status has the code that IPS binds and nothing beside it.
func TestPregnancyStatus(t *testing.T) {
	r := mapped(t, mother())
	o, _ := at[*nehr.Observation](r, nehr.Key{System: "urn:dhis2:observation", Value: enrollmentUID + "-pregnancy-status"})
	same(t, "pregnancy status", []any{coded(&o.Code), coded(o.ValueCodeableConcept), o.EffectiveDateTime, r.resource(&o.Performer[0]).ResourceType(), o.Device == nil, o.Encounter == nil},
		[]any{[]string{"loinc|82810-3"}, []string{"loinc|LA15173-0"}, "2025-09-03", "Organization", true, true})
	lk := lkMap(t)
	lk.PregnancyStatus = false
	same(t, "a program that does not say so", len(all[*nehr.Observation](mapped(t, mother(), func(c *mapper.Config) { c.Maps = []*mapper.Map{lk} }))), 0)
}

// Clinical attributes are Observations of the day of enrollment, without a
// visit.
func TestAttributeObservation(t *testing.T) {
	lk := lkMap(t)
	const height = "Aaa00000001"
	lk.Attributes = append(lk.Attributes, mapper.Attribute{
		Element: mapper.Element{UID: uid(height), Name: "Height", Type: dhis2.Number, As: mapper.KindQuantity, Unit: "cm", Category: mapper.VitalSigns,
			Code: &mapper.Code{System: mapper.LOINC, Code: "8302-2", Display: "Body height"}, Sensitivity: []mapper.Label{"R"}},
		Kind: mapper.AttrObservation,
	})
	own := func(c *mapper.Config) { c.Maps = []*mapper.Map{lk} }
	r := mapped(t, set(mother(), height, "152.50"), own)
	o, ok := at[*nehr.Observation](r, nehr.Key{System: "urn:dhis2:attribute", Value: enrollmentUID + "-" + height})
	if !ok {
		t.Fatal("no observation of the attribute")
	}
	same(t, "height", []any{o.ValueQuantity.Value.String(), o.ValueQuantity.Code, o.EffectiveDateTime, o.Encounter == nil, o.Meta.Security[0].Code, o.Code.Coding[1].System},
		[]any{"152.50", "cm", "2025-09-03", true, "R", "urn:dhis2:attribute"})
	same(t, "patient is not labelled for it", len(one[*nehr.Patient](r).Meta.Security), 0)
	valid(t, r.json)
	r = mapped(t, set(mother(), height, "tall"), own)
	same(t, "a bad value", len(r.issues(mapper.RuleValueType)), 1)
}

// mapping.md section 3: who writes what to where.
func TestIdentityAndWriteModes(t *testing.T) {
	te := full()
	byID := mapped(t, te)
	conditional := mapped(t, te, func(c *mapper.Config) { c.Write = nehr.Conditional })
	for url, res := range byID.byURL {
		typ := res.ResourceType()
		switch res.(type) {
		case *nehr.Patient, *nehr.Practitioner, *nehr.Organization, *nehr.Location, *nehr.Device:
			if !strings.HasPrefix(byID.requests[url], "PUT "+typ+"?identifier=") || res.Common().Id != "" {
				t.Errorf("%s: %s", typ, byID.requests[url])
			}
		default:
			id := strings.TrimPrefix(url, "urn:uuid:")
			same(t, typ, []string{byID.requests[url], res.Common().Id}, []string{"PUT " + typ + "/" + id, id})
			if !strings.HasPrefix(conditional.requests[url], "PUT "+typ+"?identifier=") || conditional.byURL[url].Common().Id != "" {
				t.Errorf("conditional %s: %s", typ, conditional.requests[url])
			}
		}
	}
	// The identifiers by which the reference's portals find things.
	systems := map[string]string{}
	for _, res := range byID.byURL {
		ids := res.Common().Identifier
		systems[res.ResourceType()+" "+ids[len(ids)-1].System] = ""
	}
	for _, want := range []string{
		"Encounter urn:dhis2:eventId", "Appointment urn:dhis2:eventId", "ServiceRequest urn:dhis2:eventId", "Task urn:dhis2:eventId",
		"Observation urn:dhis2:dataelement:uid", "Observation urn:dhis2:observation", "Condition urn:dhis2:dataelement:uid",
		"MedicationStatement urn:dhis2:course", "MedicationStatement urn:dhis2:dataelement:uid", "Immunization urn:dhis2:dataelement:uid",
		"Practitioner urn:dhis2:user:uid", "Patient urn:dhis2:trackedEntity", "Organization urn:dhis2:organisationUnit:uid", "Location urn:dhis2:organisationUnit:uid",
	} {
		if _, ok := systems[want]; !ok {
			t.Errorf("no %s among %v", want, systems)
		}
	}
	same(t, "bundle", []string{byID.Bundle.Type, byID.Bundle.Meta.Profile[0], byID.Bundle.Identifier.System, byID.Bundle.Identifier.Value},
		[]string{"transaction", nehr.ProfileLKTransaction, "http://fhir.health.gov.lk/ips/identifier/hims-transactional", motherUID})
	valid(t, byID.json)
	valid(t, conditional.json)
}

// The timestamp is the latest updatedAt of the document, wherever it stands.
func TestBundleTimestamp(t *testing.T) {
	later := dhis2.Timestamp("2025-12-24T10:00:00.000")
	for name, change := range map[string]func(*dhis2.TrackedEntity){
		"tracked entity": func(te *dhis2.TrackedEntity) { te.UpdatedAt = later },
		"enrollment":     func(te *dhis2.TrackedEntity) { te.Enrollments[0].UpdatedAt = later },
		"attribute":      func(te *dhis2.TrackedEntity) { te.Enrollments[0].Attributes[0].UpdatedAt = later },
		"event":          func(te *dhis2.TrackedEntity) { te.Enrollments[0].Events[0].UpdatedAt = later },
		"data value":     func(te *dhis2.TrackedEntity) { te.Enrollments[0].Events[0].DataValues[0].UpdatedAt = later },
		"deleted event": func(te *dhis2.TrackedEntity) {
			gone := event("Vaa00000009", visitStage, "2025-12-24")
			gone.Deleted, gone.UpdatedAt = true, later
			te.Enrollments[0].Events = append(te.Enrollments[0].Events, gone)
		},
	} {
		r := mapped(t, with(mother(registration(value("TRkCMVFhrmr", "2"))), change))
		same(t, name, r.Bundle.Timestamp, "2025-12-24T10:00:00+00:00")
	}
}
