package nehr

import (
	"github.com/go-json-experiment/json/jsontext"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// ObservationStatus is a code of http://hl7.org/fhir/observation-status;
// DetectedIssue has it too.
type ObservationStatus string

// Statuses of an observation.
const (
	ObservationRegistered     ObservationStatus = "registered"
	ObservationPreliminary    ObservationStatus = "preliminary"
	ObservationFinal          ObservationStatus = "final"
	ObservationAmended        ObservationStatus = "amended"
	ObservationCorrected      ObservationStatus = "corrected"
	ObservationCancelled      ObservationStatus = "cancelled"
	ObservationEnteredInError ObservationStatus = "entered-in-error"
	ObservationUnknown        ObservationStatus = "unknown"
)

// Category is a code of the observation categories.
type Category string

// Categories of an observation.
const (
	CategoryVitalSigns    Category = "vital-signs"
	CategoryLaboratory    Category = "laboratory"
	CategoryExam          Category = "exam"
	CategorySurvey        Category = "survey"
	CategorySocialHistory Category = "social-history"
	CategoryProcedure     Category = "procedure"
	CategoryTherapy       Category = "therapy"
	CategoryImaging       Category = "imaging"
	CategoryActivity      Category = "activity"
)

// Concepts is the category as an Observation carries it.
func (c Category) Concepts() []CodeableConcept {
	return []CodeableConcept{{Coding: []Coding{{System: SystemObservationCategory, Code: string(c)}}}}
}

// Observation is one finding. At most one value field is set.
type Observation struct {
	Kind tag[Observation] `json:"resourceType"`
	Base
	BasedOn              []Reference       `json:"basedOn,omitempty"`
	PartOf               []Reference       `json:"partOf,omitempty"`
	Status               ObservationStatus `json:"status,omitzero"`
	Category             []CodeableConcept `json:"category,omitempty"`
	Code                 CodeableConcept   `json:"code,omitzero,omitempty"`
	Subject              *Reference        `json:"subject,omitzero,omitempty"`
	Focus                []Reference       `json:"focus,omitempty"`
	Encounter            *Reference        `json:"encounter,omitzero,omitempty"`
	EffectiveDateTime    string            `json:"effectiveDateTime,omitzero"`
	EffectiveDateTimeExt *Element          `json:"_effectiveDateTime,omitzero,omitempty"`
	EffectivePeriod      *Period           `json:"effectivePeriod,omitzero,omitempty"`
	EffectiveInstant     string            `json:"effectiveInstant,omitzero"`
	EffectiveTiming      jsontext.Value    `json:"effectiveTiming,omitzero"`
	Issued               string            `json:"issued,omitzero"`
	Performer            []Reference       `json:"performer,omitempty"`
	ValueQuantity        *Quantity         `json:"valueQuantity,omitzero,omitempty"`
	ValueCodeableConcept *CodeableConcept  `json:"valueCodeableConcept,omitzero,omitempty"`
	ValueString          string            `json:"valueString,omitzero"`
	ValueBoolean         *bool             `json:"valueBoolean,omitzero"`
	ValueInteger         *int              `json:"valueInteger,omitzero"`
	ValueRange           *Range            `json:"valueRange,omitzero,omitempty"`
	ValueRatio           *Ratio            `json:"valueRatio,omitzero,omitempty"`
	ValueSampledData     jsontext.Value    `json:"valueSampledData,omitzero"`
	ValueTime            string            `json:"valueTime,omitzero"`
	ValueDateTime        string            `json:"valueDateTime,omitzero"`
	ValuePeriod          *Period           `json:"valuePeriod,omitzero,omitempty"`
	DataAbsentReason     *CodeableConcept  `json:"dataAbsentReason,omitzero,omitempty"`
	Interpretation       []CodeableConcept `json:"interpretation,omitempty"`
	Note                 []Annotation      `json:"note,omitempty"`
	BodySite             *CodeableConcept  `json:"bodySite,omitzero,omitempty"`
	Method               *CodeableConcept  `json:"method,omitzero,omitempty"`
	Specimen             *Reference        `json:"specimen,omitzero,omitempty"`
	Device               *Reference        `json:"device,omitzero,omitempty"`
	ReferenceRange       []ReferenceRange  `json:"referenceRange,omitempty"`
	HasMember            []Reference       `json:"hasMember,omitempty"`
	DerivedFrom          []Reference       `json:"derivedFrom,omitempty"`
	Component            []Component       `json:"component,omitempty"`
	samplyObservation
}

type samplyObservation struct{ fhir.OtherObservation }

// Component is one part of a finding that is measured as a whole, as the two
// pressures of a blood pressure.
type Component struct {
	Id                   string            `json:"id,omitzero"`
	Extension            []Extension       `json:"extension,omitempty"`
	Code                 CodeableConcept   `json:"code,omitzero,omitempty"`
	ValueQuantity        *Quantity         `json:"valueQuantity,omitzero,omitempty"`
	ValueCodeableConcept *CodeableConcept  `json:"valueCodeableConcept,omitzero,omitempty"`
	ValueString          string            `json:"valueString,omitzero"`
	ValueBoolean         *bool             `json:"valueBoolean,omitzero"`
	ValueInteger         *int              `json:"valueInteger,omitzero"`
	ValueRange           *Range            `json:"valueRange,omitzero,omitempty"`
	ValueRatio           *Ratio            `json:"valueRatio,omitzero,omitempty"`
	ValueSampledData     jsontext.Value    `json:"valueSampledData,omitzero"`
	ValueTime            string            `json:"valueTime,omitzero"`
	ValueDateTime        string            `json:"valueDateTime,omitzero"`
	ValuePeriod          *Period           `json:"valuePeriod,omitzero,omitempty"`
	DataAbsentReason     *CodeableConcept  `json:"dataAbsentReason,omitzero,omitempty"`
	Interpretation       []CodeableConcept `json:"interpretation,omitempty"`
	ReferenceRange       []ReferenceRange  `json:"referenceRange,omitempty"`
	Rest                 jsontext.Value    `json:",embed"`
}

// ReferenceRange is what is usual for the value.
type ReferenceRange struct {
	Id        string            `json:"id,omitzero"`
	Extension []Extension       `json:"extension,omitempty"`
	Low       *Quantity         `json:"low,omitzero,omitempty"`
	High      *Quantity         `json:"high,omitzero,omitempty"`
	Type      *CodeableConcept  `json:"type,omitzero,omitempty"`
	AppliesTo []CodeableConcept `json:"appliesTo,omitempty"`
	Age       *Range            `json:"age,omitzero,omitempty"`
	Text      string            `json:"text,omitzero"`
	Rest      jsontext.Value    `json:",embed"`
}

// ResourceType is "Observation".
func (*Observation) ResourceType() string { return "Observation" }
