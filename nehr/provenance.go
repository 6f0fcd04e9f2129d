package nehr

import (
	"github.com/go-json-experiment/json/jsontext"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// Provenance says where resources come from and who brought them.
type Provenance struct {
	Kind tag[Provenance] `json:"resourceType"`
	Base
	Target           []Reference        `json:"target,omitempty"`
	OccurredPeriod   *Period            `json:"occurredPeriod,omitzero,omitempty"`
	OccurredDateTime string             `json:"occurredDateTime,omitzero"`
	Recorded         string             `json:"recorded,omitzero"`
	Policy           []string           `json:"policy,omitempty"`
	Location         *Reference         `json:"location,omitzero,omitempty"`
	Reason           []CodeableConcept  `json:"reason,omitempty"`
	Activity         *CodeableConcept   `json:"activity,omitzero,omitempty"`
	Agent            []ProvenanceAgent  `json:"agent,omitempty"`
	Entity           []ProvenanceEntity `json:"entity,omitempty"`
	Signature        []jsontext.Value   `json:"signature,omitempty"`
	samplyProvenance
}

type samplyProvenance struct{ fhir.OtherProvenance }

// ProvenanceAgent is who took part.
type ProvenanceAgent struct {
	Id         string            `json:"id,omitzero"`
	Extension  []Extension       `json:"extension,omitempty"`
	Type       *CodeableConcept  `json:"type,omitzero,omitempty"`
	Role       []CodeableConcept `json:"role,omitempty"`
	Who        *Reference        `json:"who,omitzero,omitempty"`
	OnBehalfOf *Reference        `json:"onBehalfOf,omitzero,omitempty"`
	Rest       jsontext.Value    `json:",embed"`
}

// ProvenanceEntity is what was used; Role is a code of
// http://hl7.org/fhir/provenance-entity-role.
type ProvenanceEntity struct {
	Id        string            `json:"id,omitzero"`
	Extension []Extension       `json:"extension,omitempty"`
	Role      string            `json:"role,omitzero"`
	What      *Reference        `json:"what,omitzero,omitempty"`
	Agent     []ProvenanceAgent `json:"agent,omitempty"`
	Rest      jsontext.Value    `json:",embed"`
}

// ResourceType is "Provenance".
func (*Provenance) ResourceType() string { return "Provenance" }
