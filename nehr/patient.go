package nehr

import (
	"github.com/go-json-experiment/json/jsontext"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// Gender is a code of http://hl7.org/fhir/administrative-gender.
type Gender string

// Administrative genders.
const (
	GenderMale    Gender = "male"
	GenderFemale  Gender = "female"
	GenderOther   Gender = "other"
	GenderUnknown Gender = "unknown"
)

// Patient is the person whose record it is.
type Patient struct {
	Kind tag[Patient] `json:"resourceType"`
	Base
	Active               *bool            `json:"active,omitzero"`
	Name                 []HumanName      `json:"name,omitempty"`
	Telecom              []ContactPoint   `json:"telecom,omitempty"`
	Gender               Gender           `json:"gender,omitzero"`
	GenderExt            *Element         `json:"_gender,omitzero,omitempty"`
	BirthDate            string           `json:"birthDate,omitzero"`
	BirthDateExt         *Element         `json:"_birthDate,omitzero,omitempty"`
	DeceasedBoolean      *bool            `json:"deceasedBoolean,omitzero"`
	DeceasedDateTime     string           `json:"deceasedDateTime,omitzero"`
	Address              []Address        `json:"address,omitempty"`
	MaritalStatus        *CodeableConcept `json:"maritalStatus,omitzero,omitempty"`
	Contact              []PatientContact `json:"contact,omitempty"`
	Communication        []Communication  `json:"communication,omitempty"`
	GeneralPractitioner  []Reference      `json:"generalPractitioner,omitempty"`
	ManagingOrganization *Reference       `json:"managingOrganization,omitzero,omitempty"`
	Link                 []PatientLink    `json:"link,omitempty"`
	Photo                []jsontext.Value `json:"photo,omitempty"`
	samplyPatient
}

// PatientContact is somebody to call on her behalf.
type PatientContact struct {
	Id           string            `json:"id,omitzero"`
	Extension    []Extension       `json:"extension,omitempty"`
	Relationship []CodeableConcept `json:"relationship,omitempty"`
	Name         *HumanName        `json:"name,omitzero,omitempty"`
	Telecom      []ContactPoint    `json:"telecom,omitempty"`
	Address      *Address          `json:"address,omitzero,omitempty"`
	Gender       Gender            `json:"gender,omitzero"`
	Organization *Reference        `json:"organization,omitzero,omitempty"`
	Period       *Period           `json:"period,omitzero,omitempty"`
	Rest         jsontext.Value    `json:",embed"`
}

// Communication is a language that she speaks.
type Communication struct {
	Id        string           `json:"id,omitzero"`
	Extension []Extension      `json:"extension,omitempty"`
	Language  *CodeableConcept `json:"language,omitzero,omitempty"`
	Preferred *bool            `json:"preferred,omitzero"`
	Rest      jsontext.Value   `json:",embed"`
}

// PatientLink leads to another Patient of the same person; Type is a code of
// http://hl7.org/fhir/link-type.
type PatientLink struct {
	Id        string         `json:"id,omitzero"`
	Extension []Extension    `json:"extension,omitempty"`
	Other     *Reference     `json:"other,omitzero,omitempty"`
	Type      string         `json:"type,omitzero"`
	Rest      jsontext.Value `json:",embed"`
}

// ResourceType is "Patient".
func (*Patient) ResourceType() string { return "Patient" }

// samplyPatient puts samply's model one level deeper than Base, so that the
// fields above win by JSON name and samply's serve what is not among them.
type samplyPatient struct{ fhir.OtherPatient }
