package nehr

import (
	"github.com/go-json-experiment/json/jsontext"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// LocationStatus is a code of http://hl7.org/fhir/location-status.
type LocationStatus string

// Statuses of a location.
const (
	LocationActive    LocationStatus = "active"
	LocationSuspended LocationStatus = "suspended"
	LocationInactive  LocationStatus = "inactive"
)

// Location is a place where care is given.
type Location struct {
	Kind tag[Location] `json:"resourceType"`
	Base
	Status               LocationStatus    `json:"status,omitzero"`
	StatusExt            *Element          `json:"_status,omitzero,omitempty"`
	OperationalStatus    *Coding           `json:"operationalStatus,omitzero,omitempty"`
	Name                 string            `json:"name,omitzero"`
	NameExt              *Element          `json:"_name,omitzero,omitempty"`
	Alias                []string          `json:"alias,omitempty"`
	Description          string            `json:"description,omitzero"`
	Mode                 string            `json:"mode,omitzero"`
	Type                 []CodeableConcept `json:"type,omitempty"`
	Telecom              []ContactPoint    `json:"telecom,omitempty"`
	Address              *Address          `json:"address,omitzero,omitempty"`
	PhysicalType         *CodeableConcept  `json:"physicalType,omitzero,omitempty"`
	Position             *Position         `json:"position,omitzero,omitempty"`
	ManagingOrganization *Reference        `json:"managingOrganization,omitzero,omitempty"`
	PartOf               *Reference        `json:"partOf,omitzero,omitempty"`
	Endpoint             []Reference       `json:"endpoint,omitempty"`
	HoursOfOperation     []jsontext.Value  `json:"hoursOfOperation,omitempty"`
	samplyLocation
}

type samplyLocation struct{ fhir.OtherLocation }

// Position is where a location lies, in degrees of WGS84.
type Position struct {
	Id        string         `json:"id,omitzero"`
	Extension []Extension    `json:"extension,omitempty"`
	Longitude Decimal        `json:"longitude,omitzero"`
	Latitude  Decimal        `json:"latitude,omitzero"`
	Altitude  Decimal        `json:"altitude,omitzero"`
	Rest      jsontext.Value `json:",embed"`
}

// ResourceType is "Location".
func (*Location) ResourceType() string { return "Location" }
