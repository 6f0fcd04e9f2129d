package outbox

import (
	"context"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

// Event makes an event of a program stage, such as a specialist's reply to a
// referral. It is made once: one that somebody has deleted since is not made
// again, and one that somebody has changed stays so.
//
// Whoever makes a reply may know the event that it answers and nothing else of DHIS2:
// Enrollment and OrgUnit are then those of that event when it is brought. An OrgUnit that
// is zero beside an Enrollment is that of the enrollment.
type Event struct {
	TrackedEntity dhis2.UID         `json:"trackedEntity"`
	Enrollment    dhis2.UID         `json:"enrollment,omitzero"`
	Program       dhis2.UID         `json:"program"`
	Stage         dhis2.UID         `json:"stage"`
	OrgUnit       dhis2.UID         `json:"orgUnit,omitzero"`
	Answers       dhis2.UID         `json:"answers,omitzero"`
	OccurredAt    dhis2.Timestamp   `json:"occurredAt"`      // a day, or wall time of the server
	Status        dhis2.EventStatus `json:"status,omitzero"` // defaults to COMPLETED
	Values        []Value           `json:"values"`
}

// Value is the value of one data element of an Event.
type Value struct {
	Element dhis2.UID `json:"element"`
	Value   string    `json:"value"`
}

// Kind is "event".
func (*Event) Kind() string { return "event" }

// Subject is the tracked entity.
func (e *Event) Subject() dhis2.UID { return e.TrackedEntity }

// Validate names everything that is missing.
func (e *Event) Validate() error {
	missing := map[string]bool{"TrackedEntity": e.TrackedEntity.IsZero(), "Enrollment or Answers": e.Enrollment.IsZero() && e.Answers.IsZero(),
		"Program": e.Program.IsZero(), "Stage": e.Stage.IsZero(), "OccurredAt": e.OccurredAt == ""}
	for _, v := range e.Values {
		if v.Element.IsZero() || v.Value == "" {
			missing["each value's Element and Value"] = true
		}
	}
	return demand("event", missing)
}

// Codes of an import that concern an event sent before (ValidationCode.java).
const (
	codeExists  = "E1030"
	codeDeleted = "E1082"
)

// Deliver makes the event, unless it was made.
func (e *Event) Deliver(ctx context.Context, s Server, uid dhis2.UID) (Result, error) {
	enrollment, orgUnit, err := e.place(ctx, s)
	if err != nil {
		return "", err
	}
	ev := dhis2.Event{Event: uid, Program: e.Program, ProgramStage: e.Stage, Enrollment: enrollment, TrackedEntity: e.TrackedEntity,
		OrgUnit: orgUnit, OccurredAt: e.OccurredAt, Status: e.Status, DataValues: make([]dhis2.DataValue, len(e.Values))}
	if ev.Status == "" {
		ev.Status = dhis2.EventCompleted
	}
	for i, v := range e.Values {
		ev.DataValues[i] = dhis2.DataValue{DataElement: v.Element, Value: v.Value}
	}
	report, err := s.Import(ctx, api.Payload{Events: []dhis2.Event{ev}}, api.ImportOptions{Strategy: api.Create})
	if err != nil {
		return "", err
	}
	result := Written
	switch {
	case report.Has(codeDeleted):
		return Removed, nil
	case report.Has(codeExists):
		result = Stood
	case !report.Complete():
		return "", refused(report)
	}
	stands, err := s.Event(ctx, uid, "event,enrollment,programStage,deleted")
	switch {
	case notFound(err):
		// Taken, or known, and not shown: deleted since, if the next import
		// says so.
		return "", &unsettledError{}
	case err != nil:
		return "", err
	case stands.Enrollment != enrollment || stands.ProgramStage != e.Stage:
		// Somebody else's event has the UID: 1 in 10^18, and no reason to call
		// that one ours.
		return "", &RefusedError{Codes: []string{codeExists}}
	}
	return result, nil
}

// place is where the event belongs: what it says, else what DHIS2 says of what it
// answers, else of its enrollment.
func (e *Event) place(ctx context.Context, s Server) (enrollment, orgUnit dhis2.UID, err error) {
	enrollment, orgUnit = e.Enrollment, e.OrgUnit
	if enrollment.IsZero() {
		answered, err := s.Event(ctx, e.Answers, "event,enrollment,orgUnit,deleted")
		if err != nil {
			return enrollment, orgUnit, err
		}
		if enrollment = answered.Enrollment; orgUnit.IsZero() {
			orgUnit = answered.OrgUnit
		}
	}
	if orgUnit.IsZero() {
		en, err := s.Enrollment(ctx, enrollment, "enrollment,orgUnit,deleted")
		if err != nil {
			return enrollment, orgUnit, err
		}
		orgUnit = en.OrgUnit
	}
	return enrollment, orgUnit, nil
}
