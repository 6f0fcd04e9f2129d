package nehr

import (
	"github.com/go-json-experiment/json/jsontext"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// ConsentStatus is a code of http://hl7.org/fhir/consent-state-codes.
type ConsentStatus string

// Statuses of a consent.
const (
	ConsentDraft          ConsentStatus = "draft"
	ConsentProposed       ConsentStatus = "proposed"
	ConsentActive         ConsentStatus = "active"
	ConsentRejected       ConsentStatus = "rejected"
	ConsentInactive       ConsentStatus = "inactive"
	ConsentEnteredInError ConsentStatus = "entered-in-error"
)

// Consent is what a person permits or refuses.
type Consent struct {
	Kind tag[Consent] `json:"resourceType"`
	Base
	Status           ConsentStatus         `json:"status,omitzero"`
	Scope            *CodeableConcept      `json:"scope,omitzero,omitempty"`
	Category         []CodeableConcept     `json:"category,omitempty"`
	Patient          *Reference            `json:"patient,omitzero,omitempty"`
	DateTime         string                `json:"dateTime,omitzero"`
	Performer        []Reference           `json:"performer,omitempty"`
	Organization     []Reference           `json:"organization,omitempty"`
	SourceReference  *Reference            `json:"sourceReference,omitzero,omitempty"`
	SourceAttachment jsontext.Value        `json:"sourceAttachment,omitzero"`
	Policy           []ConsentPolicy       `json:"policy,omitempty"`
	PolicyRule       *CodeableConcept      `json:"policyRule,omitzero,omitempty"`
	Verification     []ConsentVerification `json:"verification,omitempty"`
	Provision        *Provision            `json:"provision,omitzero,omitempty"`
	samplyConsent
}

type samplyConsent struct{ fhir.OtherConsent }

// ConsentPolicy is the rule that a consent refers to.
type ConsentPolicy struct {
	Id        string         `json:"id,omitzero"`
	Extension []Extension    `json:"extension,omitempty"`
	Authority string         `json:"authority,omitzero"`
	Uri       string         `json:"uri,omitzero"`
	Rest      jsontext.Value `json:",embed"`
}

// ConsentVerification says whether somebody confirmed the consent.
type ConsentVerification struct {
	Id               string         `json:"id,omitzero"`
	Extension        []Extension    `json:"extension,omitempty"`
	Verified         *bool          `json:"verified,omitzero"`
	VerifiedWith     *Reference     `json:"verifiedWith,omitzero,omitempty"`
	VerificationDate string         `json:"verificationDate,omitzero"`
	Rest             jsontext.Value `json:",embed"`
}

// Provision is what is permitted or denied: to whom, for what, how long. Type
// is "permit" or "deny".
type Provision struct {
	Id            string            `json:"id,omitzero"`
	Extension     []Extension       `json:"extension,omitempty"`
	Type          string            `json:"type,omitzero"`
	Period        *Period           `json:"period,omitzero,omitempty"`
	Actor         []ProvisionActor  `json:"actor,omitempty"`
	Action        []CodeableConcept `json:"action,omitempty"`
	SecurityLabel []Coding          `json:"securityLabel,omitempty"`
	Purpose       []Coding          `json:"purpose,omitempty"`
	Class         []Coding          `json:"class,omitempty"`
	Code          []CodeableConcept `json:"code,omitempty"`
	DataPeriod    *Period           `json:"dataPeriod,omitzero,omitempty"`
	Data          []ProvisionData   `json:"data,omitempty"`
	Provision     []Provision       `json:"provision,omitempty"`
	Rest          jsontext.Value    `json:",embed"`
}

// ProvisionActor is whom a provision is about.
type ProvisionActor struct {
	Id        string           `json:"id,omitzero"`
	Extension []Extension      `json:"extension,omitempty"`
	Role      *CodeableConcept `json:"role,omitzero,omitempty"`
	Reference *Reference       `json:"reference,omitzero,omitempty"`
	Rest      jsontext.Value   `json:",embed"`
}

// ProvisionData is the data that a provision is about.
type ProvisionData struct {
	Id        string         `json:"id,omitzero"`
	Extension []Extension    `json:"extension,omitempty"`
	Meaning   string         `json:"meaning,omitzero"`
	Reference *Reference     `json:"reference,omitzero,omitempty"`
	Rest      jsontext.Value `json:",embed"`
}

// ResourceType is "Consent".
func (*Consent) ResourceType() string { return "Consent" }
