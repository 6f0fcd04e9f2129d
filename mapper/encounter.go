package mapper

import (
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// addEncounter makes the Encounter of a completed event. Its reason is that
// of the mapped stage only: no other program's visit becomes a pregnancy
// (D-022).
func (r *run) addEncounter(v *visit) {
	e := nehr.NewEncounter()
	lk := v.enrollment.plan.guide() == GuideLK
	if lk {
		e = nehr.NewEncounterLK()
	}
	e.Type = v.stage.concept
	e.Subject = r.subject
	e.Period = &nehr.Period{Start: v.at, End: v.end(r)}
	e.ReasonCode = v.stage.reason
	switch {
	case v.practitioner != nil:
		e.Participant = []nehr.EncounterParticipant{{Individual: v.practitioner}}
	case lk: // the profile demands an individual; nobody is invented (D-106)
		e.Participant = []nehr.EncounterParticipant{{Individual: absentRef}}
	}
	if v.place != nil {
		e.ServiceProvider = v.place.organization
		e.Location = []nehr.EncounterLocation{{Location: v.place.location}}
	}
	key := nehr.Key{System: nehr.SystemDHIS2Event, Value: v.Event.Event.String()}
	v.encounter = r.add(e, key, v.enrollment.plan.labels, v.stage.labels)
	r.encounters++
	r.trace.entry(v.encounter.Reference, v.source(dhis2.UID{}))
}

// end has the precision of the start: the same day, or the time of completion
// where it lies later on the same day, else none.
func (v *visit) end(r *run) string {
	if v.occurred.IsDay() {
		return v.at
	}
	if v.completed.IsZero() || v.completed.Day() != v.occurred.Day() || !v.completed.Time().After(v.occurred.Time()) {
		return ""
	}
	return v.issued
}
