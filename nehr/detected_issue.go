package nehr

import (
	"github.com/go-json-experiment/json/jsontext"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// DetectedIssue says that facts do not fit together.
type DetectedIssue struct {
	Kind tag[DetectedIssue] `json:"resourceType"`
	Base
	Status             ObservationStatus   `json:"status,omitzero"`
	Code               *CodeableConcept    `json:"code,omitzero,omitempty"`
	Severity           string              `json:"severity,omitzero"`
	Patient            *Reference          `json:"patient,omitzero,omitempty"`
	IdentifiedDateTime string              `json:"identifiedDateTime,omitzero"`
	IdentifiedPeriod   *Period             `json:"identifiedPeriod,omitzero,omitempty"`
	Author             *Reference          `json:"author,omitzero,omitempty"`
	Implicated         []Reference         `json:"implicated,omitempty"`
	Evidence           []ConditionEvidence `json:"evidence,omitempty"`
	Detail             string              `json:"detail,omitzero"`
	Reference          string              `json:"reference,omitzero"`
	Mitigation         []Mitigation        `json:"mitigation,omitempty"`
	samplyDetectedIssue
}

type samplyDetectedIssue struct{ fhir.OtherDetectedIssue }

// Mitigation is what was done about an issue.
type Mitigation struct {
	Id        string           `json:"id,omitzero"`
	Extension []Extension      `json:"extension,omitempty"`
	Action    *CodeableConcept `json:"action,omitzero,omitempty"`
	Date      string           `json:"date,omitzero"`
	Author    *Reference       `json:"author,omitzero,omitempty"`
	Rest      jsontext.Value   `json:",embed"`
}

// ResourceType is "DetectedIssue".
func (*DetectedIssue) ResourceType() string { return "DetectedIssue" }
