package nehr

import (
	"github.com/go-json-experiment/json/jsontext"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// AppointmentStatus is a code of http://hl7.org/fhir/appointmentstatus.
type AppointmentStatus string

// Statuses of an appointment.
const (
	AppointmentProposed       AppointmentStatus = "proposed"
	AppointmentPending        AppointmentStatus = "pending"
	AppointmentBooked         AppointmentStatus = "booked"
	AppointmentArrived        AppointmentStatus = "arrived"
	AppointmentFulfilled      AppointmentStatus = "fulfilled"
	AppointmentCancelled      AppointmentStatus = "cancelled"
	AppointmentNoShow         AppointmentStatus = "noshow"
	AppointmentEnteredInError AppointmentStatus = "entered-in-error"
)

// ParticipationStatus is a code of http://hl7.org/fhir/participationstatus.
type ParticipationStatus string

// Participation in an appointment.
const (
	ParticipationAccepted    ParticipationStatus = "accepted"
	ParticipationDeclined    ParticipationStatus = "declined"
	ParticipationTentative   ParticipationStatus = "tentative"
	ParticipationNeedsAction ParticipationStatus = "needs-action"
)

// Appointment is a planned visit: start and end are instants; a day alone is
// a proposed appointment with requestedPeriod.
type Appointment struct {
	Kind tag[Appointment] `json:"resourceType"`
	Base
	Status                AppointmentStatus        `json:"status,omitzero"`
	CancelationReason     *CodeableConcept         `json:"cancelationReason,omitzero,omitempty"`
	ServiceCategory       []CodeableConcept        `json:"serviceCategory,omitempty"`
	ServiceType           []CodeableConcept        `json:"serviceType,omitempty"`
	Specialty             []CodeableConcept        `json:"specialty,omitempty"`
	AppointmentType       *CodeableConcept         `json:"appointmentType,omitzero,omitempty"`
	ReasonCode            []CodeableConcept        `json:"reasonCode,omitempty"`
	ReasonReference       []Reference              `json:"reasonReference,omitempty"`
	Description           string                   `json:"description,omitzero"`
	SupportingInformation []Reference              `json:"supportingInformation,omitempty"`
	Start                 string                   `json:"start,omitzero"`
	StartExt              *Element                 `json:"_start,omitzero,omitempty"`
	End                   string                   `json:"end,omitzero"`
	EndExt                *Element                 `json:"_end,omitzero,omitempty"`
	MinutesDuration       int                      `json:"minutesDuration,omitzero"`
	Slot                  []Reference              `json:"slot,omitempty"`
	Created               string                   `json:"created,omitzero"`
	Comment               string                   `json:"comment,omitzero"`
	PatientInstruction    string                   `json:"patientInstruction,omitzero"`
	BasedOn               []Reference              `json:"basedOn,omitempty"`
	Participant           []AppointmentParticipant `json:"participant,omitempty"`
	RequestedPeriod       []Period                 `json:"requestedPeriod,omitempty"`
	samplyAppointment
}

type samplyAppointment struct{ fhir.OtherAppointment }

// AppointmentParticipant is a person or place of an appointment.
type AppointmentParticipant struct {
	Id        string              `json:"id,omitzero"`
	Extension []Extension         `json:"extension,omitempty"`
	Type      []CodeableConcept   `json:"type,omitempty"`
	Actor     *Reference          `json:"actor,omitzero,omitempty"`
	Required  string              `json:"required,omitzero"`
	Status    ParticipationStatus `json:"status,omitzero"`
	Period    *Period             `json:"period,omitzero,omitempty"`
	Rest      jsontext.Value      `json:",embed"`
}

// ResourceType is "Appointment".
func (*Appointment) ResourceType() string { return "Appointment" }
