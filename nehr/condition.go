package nehr

import (
	"github.com/go-json-experiment/json/jsontext"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// Codes of Condition.clinicalStatus and Condition.verificationStatus.
const (
	ClinicalActive              = "active"
	ClinicalInactive            = "inactive"
	ClinicalResolved            = "resolved"
	VerificationConfirmed       = "confirmed"
	VerificationUnconfirmed     = "unconfirmed"
	VerificationRefuted         = "refuted"
	VerificationEnteredInError  = "entered-in-error"
	ConditionProblemListItem    = "problem-list-item"
	ConditionEncounterDiagnosis = "encounter-diagnosis"
)

// Condition is a disease or a problem. Onset is never invented: of the
// choices onset[x] and abatement[x] at most one each is set.
type Condition struct {
	Kind tag[Condition] `json:"resourceType"`
	Base
	ClinicalStatus     *CodeableConcept    `json:"clinicalStatus,omitzero,omitempty"`
	VerificationStatus *CodeableConcept    `json:"verificationStatus,omitzero,omitempty"`
	Category           []CodeableConcept   `json:"category,omitempty"`
	Severity           *CodeableConcept    `json:"severity,omitzero,omitempty"`
	Code               *CodeableConcept    `json:"code,omitzero,omitempty"`
	BodySite           []CodeableConcept   `json:"bodySite,omitempty"`
	Subject            *Reference          `json:"subject,omitzero,omitempty"`
	Encounter          *Reference          `json:"encounter,omitzero,omitempty"`
	OnsetDateTime      string              `json:"onsetDateTime,omitzero"`
	OnsetAge           *Quantity           `json:"onsetAge,omitzero,omitempty"`
	OnsetPeriod        *Period             `json:"onsetPeriod,omitzero,omitempty"`
	OnsetRange         *Range              `json:"onsetRange,omitzero,omitempty"`
	OnsetString        string              `json:"onsetString,omitzero"`
	AbatementDateTime  string              `json:"abatementDateTime,omitzero"`
	AbatementAge       *Quantity           `json:"abatementAge,omitzero,omitempty"`
	AbatementPeriod    *Period             `json:"abatementPeriod,omitzero,omitempty"`
	AbatementRange     *Range              `json:"abatementRange,omitzero,omitempty"`
	AbatementString    string              `json:"abatementString,omitzero"`
	RecordedDate       string              `json:"recordedDate,omitzero"`
	RecordedDateExt    *Element            `json:"_recordedDate,omitzero,omitempty"`
	Recorder           *Reference          `json:"recorder,omitzero,omitempty"`
	Asserter           *Reference          `json:"asserter,omitzero,omitempty"`
	Stage              []ConditionStage    `json:"stage,omitempty"`
	Evidence           []ConditionEvidence `json:"evidence,omitempty"`
	Note               []Annotation        `json:"note,omitempty"`
	samplyCondition
}

type samplyCondition struct{ fhir.OtherCondition }

// ConditionStage is how far a disease has gone.
type ConditionStage struct {
	Id         string           `json:"id,omitzero"`
	Extension  []Extension      `json:"extension,omitempty"`
	Summary    *CodeableConcept `json:"summary,omitzero,omitempty"`
	Assessment []Reference      `json:"assessment,omitempty"`
	Type       *CodeableConcept `json:"type,omitzero,omitempty"`
	Rest       jsontext.Value   `json:",embed"`
}

// ConditionEvidence is what a diagnosis rests on.
type ConditionEvidence struct {
	Id        string            `json:"id,omitzero"`
	Extension []Extension       `json:"extension,omitempty"`
	Code      []CodeableConcept `json:"code,omitempty"`
	Detail    []Reference       `json:"detail,omitempty"`
	Rest      jsontext.Value    `json:",embed"`
}

// ResourceType is "Condition".
func (*Condition) ResourceType() string { return "Condition" }
