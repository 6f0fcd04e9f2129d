package nehr

import "github.com/go-json-experiment/json/jsontext"

// Identifier is a business identifier. ValueExt stands in the place of a
// value that a profile demands and nobody knows.
type Identifier struct {
	Id        string           `json:"id,omitzero"`
	Extension []Extension      `json:"extension,omitempty"`
	Use       IdentifierUse    `json:"use,omitzero"`
	Type      *CodeableConcept `json:"type,omitzero,omitempty"`
	System    string           `json:"system,omitzero"`
	Value     string           `json:"value,omitzero"`
	ValueExt  *Element         `json:"_value,omitzero,omitempty"`
	Period    *Period          `json:"period,omitzero,omitempty"`
	Assigner  *Reference       `json:"assigner,omitzero,omitempty"`
	Rest      jsontext.Value   `json:",embed"`
}

// HumanName is a person's name. Text is the name as written; family and given
// are filled from structured sources only (D-033).
type HumanName struct {
	Id        string         `json:"id,omitzero"`
	Extension []Extension    `json:"extension,omitempty"`
	Use       NameUse        `json:"use,omitzero"`
	Text      string         `json:"text,omitzero"`
	TextExt   *Element       `json:"_text,omitzero,omitempty"`
	Family    string         `json:"family,omitzero"`
	FamilyExt *Element       `json:"_family,omitzero,omitempty"`
	Given     Strings        `json:"given,omitempty"`
	GivenExt  Elements       `json:"_given,omitempty"`
	Prefix    Strings        `json:"prefix,omitempty"`
	Suffix    Strings        `json:"suffix,omitempty"`
	Period    *Period        `json:"period,omitzero,omitempty"`
	Rest      jsontext.Value `json:",embed"`
}

// Address is a postal address.
type Address struct {
	Id            string         `json:"id,omitzero"`
	Extension     []Extension    `json:"extension,omitempty"`
	Use           AddressUse     `json:"use,omitzero"`
	Type          string         `json:"type,omitzero"`
	Text          string         `json:"text,omitzero"`
	Line          Strings        `json:"line,omitempty"`
	LineExt       Elements       `json:"_line,omitempty"`
	City          string         `json:"city,omitzero"`
	CityExt       *Element       `json:"_city,omitzero,omitempty"`
	District      string         `json:"district,omitzero"`
	DistrictExt   *Element       `json:"_district,omitzero,omitempty"`
	State         string         `json:"state,omitzero"`
	StateExt      *Element       `json:"_state,omitzero,omitempty"`
	PostalCode    string         `json:"postalCode,omitzero"`
	PostalCodeExt *Element       `json:"_postalCode,omitzero,omitempty"`
	Country       string         `json:"country,omitzero"`
	CountryExt    *Element       `json:"_country,omitzero,omitempty"`
	Period        *Period        `json:"period,omitzero,omitempty"`
	Rest          jsontext.Value `json:",embed"`
}

// ContactPoint is a telephone number or an address of electronic mail.
type ContactPoint struct {
	Id        string         `json:"id,omitzero"`
	Extension []Extension    `json:"extension,omitempty"`
	System    ContactSystem  `json:"system,omitzero"`
	SystemExt *Element       `json:"_system,omitzero,omitempty"`
	Value     string         `json:"value,omitzero"`
	ValueExt  *Element       `json:"_value,omitzero,omitempty"`
	Use       ContactUse     `json:"use,omitzero"`
	Rank      int            `json:"rank,omitzero"`
	Period    *Period        `json:"period,omitzero,omitempty"`
	Rest      jsontext.Value `json:",embed"`
}

// IdentifierUse is a code of http://hl7.org/fhir/identifier-use.
type IdentifierUse string

// Uses of an identifier.
const (
	IdentifierUsual     IdentifierUse = "usual"
	IdentifierOfficial  IdentifierUse = "official"
	IdentifierTemp      IdentifierUse = "temp"
	IdentifierSecondary IdentifierUse = "secondary"
	IdentifierOld       IdentifierUse = "old"
)

// NameUse is a code of http://hl7.org/fhir/name-use.
type NameUse string

// Uses of a name.
const (
	NameUsual    NameUse = "usual"
	NameOfficial NameUse = "official"
	NameMaiden   NameUse = "maiden"
)

// AddressUse is a code of http://hl7.org/fhir/address-use.
type AddressUse string

// Uses of an address.
const (
	AddressHome AddressUse = "home"
	AddressWork AddressUse = "work"
)

// ContactSystem is a code of http://hl7.org/fhir/contact-point-system.
type ContactSystem string

// Systems of a contact point.
const (
	ContactPhone ContactSystem = "phone"
	ContactEmail ContactSystem = "email"
	ContactSMS   ContactSystem = "sms"
	ContactURL   ContactSystem = "url"
	ContactOther ContactSystem = "other"
)

// ContactUse is a code of http://hl7.org/fhir/contact-point-use.
type ContactUse string

// Uses of a contact point.
const (
	ContactHome   ContactUse = "home"
	ContactWork   ContactUse = "work"
	ContactMobile ContactUse = "mobile"
)
