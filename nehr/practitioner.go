package nehr

import (
	"github.com/go-json-experiment/json/jsontext"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// Practitioner is a person who gives care.
type Practitioner struct {
	Kind tag[Practitioner] `json:"resourceType"`
	Base
	Active        *bool             `json:"active,omitzero"`
	Name          []HumanName       `json:"name,omitempty"`
	Telecom       []ContactPoint    `json:"telecom,omitempty"`
	Address       []Address         `json:"address,omitempty"`
	Gender        Gender            `json:"gender,omitzero"`
	BirthDate     string            `json:"birthDate,omitzero"`
	BirthDateExt  *Element          `json:"_birthDate,omitzero,omitempty"`
	Communication []CodeableConcept `json:"communication,omitempty"`
	Photo         []jsontext.Value  `json:"photo,omitempty"`
	Qualification []jsontext.Value  `json:"qualification,omitempty"`
	samplyPractitioner
}

type samplyPractitioner struct{ fhir.OtherPractitioner }

// ResourceType is "Practitioner".
func (*Practitioner) ResourceType() string { return "Practitioner" }

// PractitionerRole is what a practitioner does at an organization.
type PractitionerRole struct {
	Kind tag[PractitionerRole] `json:"resourceType"`
	Base
	Active            *bool             `json:"active,omitzero"`
	Period            *Period           `json:"period,omitzero,omitempty"`
	Practitioner      *Reference        `json:"practitioner,omitzero,omitempty"`
	Organization      *Reference        `json:"organization,omitzero,omitempty"`
	Code              []CodeableConcept `json:"code,omitempty"`
	Specialty         []CodeableConcept `json:"specialty,omitempty"`
	Location          []Reference       `json:"location,omitempty"`
	HealthcareService []Reference       `json:"healthcareService,omitempty"`
	Telecom           []ContactPoint    `json:"telecom,omitempty"`
	Endpoint          []Reference       `json:"endpoint,omitempty"`
	AvailableTime     []jsontext.Value  `json:"availableTime,omitempty"`
	NotAvailable      []jsontext.Value  `json:"notAvailable,omitempty"`
	samplyPractitionerRole
}

type samplyPractitionerRole struct{ fhir.OtherPractitionerRole }

// ResourceType is "PractitionerRole".
func (*PractitionerRole) ResourceType() string { return "PractitionerRole" }
