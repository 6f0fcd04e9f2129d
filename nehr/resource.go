package nehr

import (
	"errors"

	"github.com/go-json-experiment/json/jsontext"
)

// Resource is a FHIR R4 resource of this package. Every resource type
// implements it with pointer receivers; no other package can, because a
// resource is made of what this package can encode and decode.
type Resource interface {
	// ResourceType is the name that stands in resourceType, as "Patient".
	ResourceType() string
	// Common gives what all resources share: id, meta, identifiers.
	Common() *Base
}

// Base holds the elements of Resource and DomainResource (R4, sections 2.25
// and 2.27) and the business identifiers, which every resource type written
// here has.
type Base struct {
	Id                string           `json:"id,omitzero"`
	Meta              Meta             `json:"meta,omitzero,omitempty"`
	ImplicitRules     string           `json:"implicitRules,omitzero"`
	Language          string           `json:"language,omitzero"`
	Text              *Narrative       `json:"text,omitzero,omitempty"`
	Contained         []jsontext.Value `json:"contained,omitempty"`
	Extension         []Extension      `json:"extension,omitempty"`
	ModifierExtension []Extension      `json:"modifierExtension,omitempty"`
	Identifier        []Identifier     `json:"identifier,omitempty"`

	// Rest keeps members that this package has no field for, as in the data
	// types.
	Rest jsontext.Value `json:",embed"`
}

// Common gives the shared part of a resource.
func (b *Base) Common() *Base { return b }

// HasProfile says whether the resource claims a profile.
func (b *Base) HasProfile(url string) bool {
	for _, p := range b.Meta.Profile {
		if p == url {
			return true
		}
	}
	return false
}

// Label adds security labels to meta.security; one that is there already is
// not added again, so that labels of several sources may be applied in turn.
func (b *Base) Label(labels ...Coding) {
next:
	for _, l := range labels {
		for _, have := range b.Meta.Security {
			if have.System == l.System && have.Code == l.Code {
				continue next
			}
		}
		b.Meta.Security = append(b.Meta.Security, l)
	}
}

// FindIdentifier gives the first identifier of a system, or nil.
func (b *Base) FindIdentifier(system string) *Identifier {
	for i := range b.Identifier {
		if b.Identifier[i].System == system {
			return &b.Identifier[i]
		}
	}
	return nil
}

// tag is the resourceType member of the resource T: it has no state, writes
// the name and refuses another one on decode. samply's models ignore
// resourceType when they decode, which would read a Practitioner as a Patient.
type tag[T any] struct{}

var errResourceType = errors.New("resourceType names another type")

func (tag[T]) name() string { return any((*T)(nil)).(Resource).ResourceType() }

func (t tag[T]) MarshalJSONTo(enc *jsontext.Encoder) error {
	return enc.WriteToken(jsontext.String(t.name()))
}

func (t *tag[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	tok, err := dec.ReadToken()
	if err != nil {
		return err
	}
	if tok.Kind() != '"' || tok.String() != t.name() {
		return errResourceType
	}
	return nil
}
