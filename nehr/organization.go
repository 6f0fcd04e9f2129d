package nehr

import (
	"github.com/go-json-experiment/json/jsontext"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// Organization is a facility or a body that runs facilities.
type Organization struct {
	Kind tag[Organization] `json:"resourceType"`
	Base
	Active   *bool             `json:"active,omitzero"`
	Type     []CodeableConcept `json:"type,omitempty"`
	Name     string            `json:"name,omitzero"`
	NameExt  *Element          `json:"_name,omitzero,omitempty"`
	Alias    []string          `json:"alias,omitempty"`
	Telecom  []ContactPoint    `json:"telecom,omitempty"`
	Address  []Address         `json:"address,omitempty"`
	PartOf   *Reference        `json:"partOf,omitzero,omitempty"`
	Endpoint []Reference       `json:"endpoint,omitempty"`
	Contact  []jsontext.Value  `json:"contact,omitempty"`
	samplyOrganization
}

type samplyOrganization struct{ fhir.OtherOrganization }

// ResourceType is "Organization".
func (*Organization) ResourceType() string { return "Organization" }
