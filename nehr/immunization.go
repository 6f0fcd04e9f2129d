package nehr

import (
	"github.com/go-json-experiment/json/jsontext"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// ImmunizationStatus is a code of
// http://hl7.org/fhir/ValueSet/immunization-status.
type ImmunizationStatus string

// Statuses of an immunization.
const (
	ImmunizationCompleted      ImmunizationStatus = "completed"
	ImmunizationEnteredInError ImmunizationStatus = "entered-in-error"
	ImmunizationNotDone        ImmunizationStatus = "not-done"
)

// Immunization says that a vaccine was given, or that it was not. One of the
// two occurrence fields is set; samply's model would write both.
type Immunization struct {
	Kind tag[Immunization] `json:"resourceType"`
	Base
	Status                ImmunizationStatus      `json:"status,omitzero"`
	StatusReason          *CodeableConcept        `json:"statusReason,omitzero,omitempty"`
	VaccineCode           CodeableConcept         `json:"vaccineCode,omitzero,omitempty"`
	Patient               *Reference              `json:"patient,omitzero,omitempty"`
	Encounter             *Reference              `json:"encounter,omitzero,omitempty"`
	OccurrenceDateTime    string                  `json:"occurrenceDateTime,omitzero"`
	OccurrenceDateTimeExt *Element                `json:"_occurrenceDateTime,omitzero,omitempty"`
	OccurrenceString      string                  `json:"occurrenceString,omitzero"`
	Recorded              string                  `json:"recorded,omitzero"`
	PrimarySource         *bool                   `json:"primarySource,omitzero"`
	ReportOrigin          *CodeableConcept        `json:"reportOrigin,omitzero,omitempty"`
	Location              *Reference              `json:"location,omitzero,omitempty"`
	Manufacturer          *Reference              `json:"manufacturer,omitzero,omitempty"`
	LotNumber             string                  `json:"lotNumber,omitzero"`
	ExpirationDate        string                  `json:"expirationDate,omitzero"`
	Site                  *CodeableConcept        `json:"site,omitzero,omitempty"`
	Route                 *CodeableConcept        `json:"route,omitzero,omitempty"`
	DoseQuantity          *Quantity               `json:"doseQuantity,omitzero,omitempty"`
	Performer             []ImmunizationPerformer `json:"performer,omitempty"`
	Note                  []Annotation            `json:"note,omitempty"`
	ReasonCode            []CodeableConcept       `json:"reasonCode,omitempty"`
	ReasonReference       []Reference             `json:"reasonReference,omitempty"`
	IsSubpotent           *bool                   `json:"isSubpotent,omitzero"`
	ProtocolApplied       []jsontext.Value        `json:"protocolApplied,omitempty"`
	SubpotentReason       []CodeableConcept       `json:"subpotentReason,omitempty"`
	ProgramEligibility    []CodeableConcept       `json:"programEligibility,omitempty"`
	FundingSource         *CodeableConcept        `json:"fundingSource,omitzero,omitempty"`
	Education             []jsontext.Value        `json:"education,omitempty"`
	Reaction              []jsontext.Value        `json:"reaction,omitempty"`
	samplyImmunization
}

type samplyImmunization struct{ fhir.OtherImmunization }

// ImmunizationPerformer is who gave the vaccine.
type ImmunizationPerformer struct {
	Id        string           `json:"id,omitzero"`
	Extension []Extension      `json:"extension,omitempty"`
	Function  *CodeableConcept `json:"function,omitzero,omitempty"`
	Actor     *Reference       `json:"actor,omitzero,omitempty"`
	Rest      jsontext.Value   `json:",embed"`
}

// ResourceType is "Immunization".
func (*Immunization) ResourceType() string { return "Immunization" }
