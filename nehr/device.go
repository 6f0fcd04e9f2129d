package nehr

import (
	"github.com/go-json-experiment/json/jsontext"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// DeviceStatus is a code of http://hl7.org/fhir/device-status.
type DeviceStatus string

// Statuses of a device.
const (
	DeviceActive         DeviceStatus = "active"
	DeviceInactive       DeviceStatus = "inactive"
	DeviceEnteredInError DeviceStatus = "entered-in-error"
)

// Device is the information system that recorded the facts.
type Device struct {
	Kind tag[Device] `json:"resourceType"`
	Base
	Status         DeviceStatus      `json:"status,omitzero"`
	StatusExt      *Element          `json:"_status,omitzero,omitempty"`
	Definition     *Reference        `json:"definition,omitzero,omitempty"`
	Manufacturer   string            `json:"manufacturer,omitzero"`
	SerialNumber   string            `json:"serialNumber,omitzero"`
	DeviceName     []DeviceName      `json:"deviceName,omitempty"`
	Type           *CodeableConcept  `json:"type,omitzero,omitempty"`
	Specialization []Specialization  `json:"specialization,omitempty"`
	Version        []DeviceVersion   `json:"version,omitempty"`
	Property       []DeviceProperty  `json:"property,omitempty"`
	Patient        *Reference        `json:"patient,omitzero,omitempty"`
	Owner          *Reference        `json:"owner,omitzero,omitempty"`
	Contact        []ContactPoint    `json:"contact,omitempty"`
	Location       *Reference        `json:"location,omitzero,omitempty"`
	Url            string            `json:"url,omitzero"`
	Note           []Annotation      `json:"note,omitempty"`
	Safety         []CodeableConcept `json:"safety,omitempty"`
	Parent         *Reference        `json:"parent,omitzero,omitempty"`
	StatusReason   []CodeableConcept `json:"statusReason,omitempty"`
	UdiCarrier     []jsontext.Value  `json:"udiCarrier,omitempty"`
	samplyDevice
}

type samplyDevice struct{ fhir.OtherDevice }

// DeviceName is a name of a device; Type is a code of
// http://hl7.org/fhir/device-nametype.
type DeviceName struct {
	Id        string         `json:"id,omitzero"`
	Extension []Extension    `json:"extension,omitempty"`
	Name      string         `json:"name,omitzero"`
	Type      string         `json:"type,omitzero"`
	Rest      jsontext.Value `json:",embed"`
}

// Specialization is a standard that a device keeps to.
type Specialization struct {
	Id         string           `json:"id,omitzero"`
	Extension  []Extension      `json:"extension,omitempty"`
	SystemType *CodeableConcept `json:"systemType,omitzero,omitempty"`
	Version    string           `json:"version,omitzero"`
	Rest       jsontext.Value   `json:",embed"`
}

// DeviceVersion is the version of what runs on a device.
type DeviceVersion struct {
	Id        string           `json:"id,omitzero"`
	Extension []Extension      `json:"extension,omitempty"`
	Type      *CodeableConcept `json:"type,omitzero,omitempty"`
	Component *Identifier      `json:"component,omitzero,omitempty"`
	Value     string           `json:"value,omitzero"`
	ValueExt  *Element         `json:"_value,omitzero,omitempty"`
	Rest      jsontext.Value   `json:",embed"`
}

// DeviceProperty is a setting of a device.
type DeviceProperty struct {
	Id            string            `json:"id,omitzero"`
	Extension     []Extension       `json:"extension,omitempty"`
	Type          *CodeableConcept  `json:"type,omitzero,omitempty"`
	ValueQuantity []Quantity        `json:"valueQuantity,omitempty"`
	ValueCode     []CodeableConcept `json:"valueCode,omitempty"`
	Rest          jsontext.Value    `json:",embed"`
}

// ResourceType is "Device".
func (*Device) ResourceType() string { return "Device" }
