package nehr

import (
	"github.com/go-json-experiment/json/jsontext"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// RequestStatus is a code of http://hl7.org/fhir/request-status.
type RequestStatus string

// Statuses of a request.
const (
	RequestDraft          RequestStatus = "draft"
	RequestActive         RequestStatus = "active"
	RequestOnHold         RequestStatus = "on-hold"
	RequestRevoked        RequestStatus = "revoked"
	RequestCompleted      RequestStatus = "completed"
	RequestEnteredInError RequestStatus = "entered-in-error"
	RequestUnknown        RequestStatus = "unknown"
)

// RequestIntent is a code of http://hl7.org/fhir/request-intent.
type RequestIntent string

// Intents of a request.
const (
	IntentProposal RequestIntent = "proposal"
	IntentPlan     RequestIntent = "plan"
	IntentOrder    RequestIntent = "order"
)

// RequestPriority is a code of http://hl7.org/fhir/request-priority.
type RequestPriority string

// Priorities of a request.
const (
	PriorityRoutine RequestPriority = "routine"
	PriorityUrgent  RequestPriority = "urgent"
	PriorityASAP    RequestPriority = "asap"
	PriorityStat    RequestPriority = "stat"
)

// ServiceRequest asks for a service, as the attention of a specialist.
type ServiceRequest struct {
	Kind tag[ServiceRequest] `json:"resourceType"`
	Base
	BasedOn                 []Reference       `json:"basedOn,omitempty"`
	Replaces                []Reference       `json:"replaces,omitempty"`
	Requisition             *Identifier       `json:"requisition,omitzero,omitempty"`
	Status                  RequestStatus     `json:"status,omitzero"`
	Intent                  RequestIntent     `json:"intent,omitzero"`
	Category                []CodeableConcept `json:"category,omitempty"`
	Priority                RequestPriority   `json:"priority,omitzero"`
	DoNotPerform            *bool             `json:"doNotPerform,omitzero"`
	Code                    *CodeableConcept  `json:"code,omitzero,omitempty"`
	OrderDetail             []CodeableConcept `json:"orderDetail,omitempty"`
	QuantityQuantity        *Quantity         `json:"quantityQuantity,omitzero,omitempty"`
	QuantityRatio           *Ratio            `json:"quantityRatio,omitzero,omitempty"`
	QuantityRange           *Range            `json:"quantityRange,omitzero,omitempty"`
	Subject                 *Reference        `json:"subject,omitzero,omitempty"`
	Encounter               *Reference        `json:"encounter,omitzero,omitempty"`
	OccurrenceDateTime      string            `json:"occurrenceDateTime,omitzero"`
	OccurrencePeriod        *Period           `json:"occurrencePeriod,omitzero,omitempty"`
	OccurrenceTiming        jsontext.Value    `json:"occurrenceTiming,omitzero"`
	AuthoredOn              string            `json:"authoredOn,omitzero"`
	Requester               *Reference        `json:"requester,omitzero,omitempty"`
	PerformerType           *CodeableConcept  `json:"performerType,omitzero,omitempty"`
	Performer               []Reference       `json:"performer,omitempty"`
	LocationCode            []CodeableConcept `json:"locationCode,omitempty"`
	LocationReference       []Reference       `json:"locationReference,omitempty"`
	ReasonCode              []CodeableConcept `json:"reasonCode,omitempty"`
	ReasonReference         []Reference       `json:"reasonReference,omitempty"`
	Insurance               []Reference       `json:"insurance,omitempty"`
	SupportingInfo          []Reference       `json:"supportingInfo,omitempty"`
	Specimen                []Reference       `json:"specimen,omitempty"`
	BodySite                []CodeableConcept `json:"bodySite,omitempty"`
	Note                    []Annotation      `json:"note,omitempty"`
	PatientInstruction      string            `json:"patientInstruction,omitzero"`
	RelevantHistory         []Reference       `json:"relevantHistory,omitempty"`
	AsNeededCodeableConcept *CodeableConcept  `json:"asNeededCodeableConcept,omitzero,omitempty"`
	samplyServiceRequest
}

type samplyServiceRequest struct{ fhir.OtherServiceRequest }

// ResourceType is "ServiceRequest".
func (*ServiceRequest) ResourceType() string { return "ServiceRequest" }
