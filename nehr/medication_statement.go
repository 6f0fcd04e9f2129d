package nehr

import (
	"github.com/go-json-experiment/json/jsontext"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// MedicationStatementStatus is a code of
// http://hl7.org/fhir/CodeSystem/medication-statement-status.
type MedicationStatementStatus string

// Statuses of a medication statement.
const (
	MedicationActive         MedicationStatementStatus = "active"
	MedicationCompleted      MedicationStatementStatus = "completed"
	MedicationEnteredInError MedicationStatementStatus = "entered-in-error"
	MedicationIntended       MedicationStatementStatus = "intended"
	MedicationStopped        MedicationStatementStatus = "stopped"
	MedicationOnHold         MedicationStatementStatus = "on-hold"
	MedicationUnknown        MedicationStatementStatus = "unknown"
	MedicationNotTaken       MedicationStatementStatus = "not-taken"
)

// MedicationStatement says that she takes, took or does not take a medicine.
// One of the two medication fields is set, and one of the two effective ones;
// samply's model would write both.
type MedicationStatement struct {
	Kind tag[MedicationStatement] `json:"resourceType"`
	Base
	BasedOn                   []Reference               `json:"basedOn,omitempty"`
	PartOf                    []Reference               `json:"partOf,omitempty"`
	Status                    MedicationStatementStatus `json:"status,omitzero"`
	StatusReason              []CodeableConcept         `json:"statusReason,omitempty"`
	Category                  *CodeableConcept          `json:"category,omitzero,omitempty"`
	MedicationCodeableConcept *CodeableConcept          `json:"medicationCodeableConcept,omitzero,omitempty"`
	MedicationReference       *Reference                `json:"medicationReference,omitzero,omitempty"`
	Subject                   *Reference                `json:"subject,omitzero,omitempty"`
	Context                   *Reference                `json:"context,omitzero,omitempty"`
	EffectiveDateTime         string                    `json:"effectiveDateTime,omitzero"`
	EffectiveDateTimeExt      *Element                  `json:"_effectiveDateTime,omitzero,omitempty"`
	EffectivePeriod           *Period                   `json:"effectivePeriod,omitzero,omitempty"`
	DateAsserted              string                    `json:"dateAsserted,omitzero"`
	InformationSource         *Reference                `json:"informationSource,omitzero,omitempty"`
	DerivedFrom               []Reference               `json:"derivedFrom,omitempty"`
	ReasonCode                []CodeableConcept         `json:"reasonCode,omitempty"`
	ReasonReference           []Reference               `json:"reasonReference,omitempty"`
	Note                      []Annotation              `json:"note,omitempty"`
	Dosage                    []jsontext.Value          `json:"dosage,omitempty"`
	samplyMedicationStatement
}

type samplyMedicationStatement struct{ fhir.OtherMedicationStatement }

// ResourceType is "MedicationStatement".
func (*MedicationStatement) ResourceType() string { return "MedicationStatement" }
