package mapper

import (
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// addAppointment makes the Appointment of a scheduled, overdue or skipped
// event. A day without a time is proposed: nobody booked an hour.
func (r *run) addAppointment(e *enrollment, ev *dhis2.Event) {
	scheduled, err := ev.ScheduledAt.Parse(r.server)
	end := scheduled.Time().Add(time.Duration(r.cfg.AppointmentMinutes) * time.Minute)
	// FHIR's years end at 9999; a slip of the pen there must not cost the
	// other facts (D-030).
	if err != nil || end.In(r.zone).Year() > 9999 {
		r.issue(Issue{Severity: Warning, Rule: RuleIncompleteEvent, Enrollment: e.Enrollment.Enrollment, Event: ev.Event,
			Text: "the planned event has no scheduledAt that is a date: no appointment"})
		return
	}
	a := nehr.NewAppointment(nehr.AppointmentBooked)
	if scheduled.IsDay() {
		a.Status = nehr.AppointmentProposed
		day := scheduled.Day().String()
		a.RequestedPeriod = []nehr.Period{{Start: day, End: day}}
	} else {
		a.Start, a.End = dhis2.Instant(scheduled.Time(), r.zone), dhis2.Instant(end, r.zone)
	}
	if ev.Status == dhis2.EventSkipped || e.Status != dhis2.EnrollmentActive {
		a.Status = nehr.AppointmentCancelled
	}
	stage := e.plan.stages[ev.ProgramStage]
	a.ServiceType = stage.concept
	a.Participant = []nehr.AppointmentParticipant{{Actor: r.subject, Status: nehr.ParticipationAccepted}}
	if p := r.placeOf(ev.OrgUnit, e.OrgUnit, r.te.OrgUnit); p != nil {
		a.Participant = append(a.Participant, nehr.AppointmentParticipant{Actor: p.location, Status: nehr.ParticipationAccepted})
	}
	key := nehr.Key{System: nehr.SystemDHIS2Event, Value: ev.Event.String()}
	ref := r.add(a, key, e.plan.labels, stage.labels)
	r.trace.entry(ref.Reference, source{event: ev.Event, enrollment: e.Enrollment.Enrollment})
}
