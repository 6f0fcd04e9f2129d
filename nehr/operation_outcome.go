package nehr

import (
	"github.com/go-json-experiment/json/jsontext"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// IssueSeverity is a code of http://hl7.org/fhir/issue-severity.
type IssueSeverity string

// Severities of an issue, worst first.
const (
	SeverityFatal       IssueSeverity = "fatal"
	SeverityError       IssueSeverity = "error"
	SeverityWarning     IssueSeverity = "warning"
	SeverityInformation IssueSeverity = "information"
)

// OperationOutcome is what a server or a validator says about a request.
type OperationOutcome struct {
	Kind tag[OperationOutcome] `json:"resourceType"`
	Base
	Issue []OutcomeIssue `json:"issue,omitempty"`
	samplyOperationOutcome
}

type samplyOperationOutcome struct{ fhir.OtherOperationOutcome }

// OutcomeIssue is one issue; Code is a code of http://hl7.org/fhir/issue-type.
// Diagnostics of a server may hold a person's values and go to no log.
type OutcomeIssue struct {
	Id          string           `json:"id,omitzero"`
	Extension   []Extension      `json:"extension,omitempty"`
	Severity    IssueSeverity    `json:"severity,omitzero"`
	Code        string           `json:"code,omitzero"`
	Details     *CodeableConcept `json:"details,omitzero,omitempty"`
	Diagnostics string           `json:"diagnostics,omitzero"`
	Location    []string         `json:"location,omitempty"`
	Expression  []string         `json:"expression,omitempty"`
	Rest        jsontext.Value   `json:",embed"`
}

// ResourceType is "OperationOutcome".
func (*OperationOutcome) ResourceType() string { return "OperationOutcome" }
