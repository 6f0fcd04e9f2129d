package nehr

import (
	"github.com/go-json-experiment/json/jsontext"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// EncounterStatus is a code of http://hl7.org/fhir/encounter-status.
type EncounterStatus string

// Statuses of an encounter.
const (
	EncounterPlanned        EncounterStatus = "planned"
	EncounterArrived        EncounterStatus = "arrived"
	EncounterInProgress     EncounterStatus = "in-progress"
	EncounterFinished       EncounterStatus = "finished"
	EncounterCancelled      EncounterStatus = "cancelled"
	EncounterEnteredInError EncounterStatus = "entered-in-error"
	EncounterUnknown        EncounterStatus = "unknown"
)

// Encounter is a visit.
type Encounter struct {
	Kind tag[Encounter] `json:"resourceType"`
	Base
	Status          EncounterStatus        `json:"status,omitzero"`
	StatusHistory   []EncounterPastStatus  `json:"statusHistory,omitempty"`
	Class           *Coding                `json:"class,omitzero,omitempty"`
	ClassHistory    []EncounterPastClass   `json:"classHistory,omitempty"`
	Type            []CodeableConcept      `json:"type,omitempty"`
	ServiceType     *CodeableConcept       `json:"serviceType,omitzero,omitempty"`
	Priority        *CodeableConcept       `json:"priority,omitzero,omitempty"`
	Subject         *Reference             `json:"subject,omitzero,omitempty"`
	EpisodeOfCare   []Reference            `json:"episodeOfCare,omitempty"`
	BasedOn         []Reference            `json:"basedOn,omitempty"`
	Participant     []EncounterParticipant `json:"participant,omitempty"`
	Appointment     []Reference            `json:"appointment,omitempty"`
	Period          *Period                `json:"period,omitzero,omitempty"`
	Length          *Quantity              `json:"length,omitzero,omitempty"`
	ReasonCode      []CodeableConcept      `json:"reasonCode,omitempty"`
	ReasonReference []Reference            `json:"reasonReference,omitempty"`
	Diagnosis       []EncounterDiagnosis   `json:"diagnosis,omitempty"`
	Account         []Reference            `json:"account,omitempty"`
	Location        []EncounterLocation    `json:"location,omitempty"`
	ServiceProvider *Reference             `json:"serviceProvider,omitzero,omitempty"`
	PartOf          *Reference             `json:"partOf,omitzero,omitempty"`
	Hospitalization jsontext.Value         `json:"hospitalization,omitzero"`
	samplyEncounter
}

type samplyEncounter struct{ fhir.OtherEncounter }

// EncounterParticipant is somebody who took part.
type EncounterParticipant struct {
	Id         string            `json:"id,omitzero"`
	Extension  []Extension       `json:"extension,omitempty"`
	Type       []CodeableConcept `json:"type,omitempty"`
	Period     *Period           `json:"period,omitzero,omitempty"`
	Individual *Reference        `json:"individual,omitzero,omitempty"`
	Rest       jsontext.Value    `json:",embed"`
}

// EncounterLocation is where the visit took place.
type EncounterLocation struct {
	Id           string           `json:"id,omitzero"`
	Extension    []Extension      `json:"extension,omitempty"`
	Location     *Reference       `json:"location,omitzero,omitempty"`
	Status       string           `json:"status,omitzero"`
	PhysicalType *CodeableConcept `json:"physicalType,omitzero,omitempty"`
	Period       *Period          `json:"period,omitzero,omitempty"`
	Rest         jsontext.Value   `json:",embed"`
}

// EncounterPastStatus is an earlier status, and when it held.
type EncounterPastStatus struct {
	Id        string          `json:"id,omitzero"`
	Extension []Extension     `json:"extension,omitempty"`
	Status    EncounterStatus `json:"status,omitzero"`
	Period    *Period         `json:"period,omitzero,omitempty"`
	Rest      jsontext.Value  `json:",embed"`
}

// EncounterPastClass is an earlier class, and when it held.
type EncounterPastClass struct {
	Id        string         `json:"id,omitzero"`
	Extension []Extension    `json:"extension,omitempty"`
	Class     *Coding        `json:"class,omitzero,omitempty"`
	Period    *Period        `json:"period,omitzero,omitempty"`
	Rest      jsontext.Value `json:",embed"`
}

// EncounterDiagnosis is what was found or treated.
type EncounterDiagnosis struct {
	Id        string           `json:"id,omitzero"`
	Extension []Extension      `json:"extension,omitempty"`
	Condition *Reference       `json:"condition,omitzero,omitempty"`
	Use       *CodeableConcept `json:"use,omitzero,omitempty"`
	Rank      int              `json:"rank,omitzero"`
	Rest      jsontext.Value   `json:",embed"`
}

// ResourceType is "Encounter".
func (*Encounter) ResourceType() string { return "Encounter" }
