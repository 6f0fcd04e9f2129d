package nehr

import "github.com/go-json-experiment/json/jsontext"

// The general-purpose data types of R4, section 2.24. They are our own and
// not samply's because samply's hold a pointer per string: a bundle of forty
// entries has some two thousand strings, and a pointer to each would be an
// allocation to each. An empty string is an absent element; FHIR allows no
// empty string, so nothing is lost. In each type Rest keeps, as one JSON
// object, the members that it has no field for: what is read and written again
// says all that it said.

// Meta is the metadata of a resource.
type Meta struct {
	Id          string         `json:"id,omitzero"`
	Extension   []Extension    `json:"extension,omitempty"`
	VersionId   string         `json:"versionId,omitzero"`
	LastUpdated string         `json:"lastUpdated,omitzero"`
	Source      string         `json:"source,omitzero"`
	Profile     []string       `json:"profile,omitempty"`
	Security    []Coding       `json:"security,omitempty"`
	Tag         []Coding       `json:"tag,omitempty"`
	Rest        jsontext.Value `json:",embed"`
}

// Narrative is the text of a resource for people, as XHTML.
type Narrative struct {
	Id        string         `json:"id,omitzero"`
	Extension []Extension    `json:"extension,omitempty"`
	Status    string         `json:"status,omitzero"`
	Div       string         `json:"div,omitzero"`
	Rest      jsontext.Value `json:",embed"`
}

// Coding is a code in a code system.
type Coding struct {
	Id           string         `json:"id,omitzero"`
	Extension    []Extension    `json:"extension,omitempty"`
	System       string         `json:"system,omitzero"`
	Version      string         `json:"version,omitzero"`
	Code         string         `json:"code,omitzero"`
	Display      string         `json:"display,omitzero"`
	UserSelected *bool          `json:"userSelected,omitzero"`
	Rest         jsontext.Value `json:",embed"`
}

// CodeableConcept is a concept: codes that mean the same, and its text.
type CodeableConcept struct {
	Id        string         `json:"id,omitzero"`
	Extension []Extension    `json:"extension,omitempty"`
	Coding    []Coding       `json:"coding,omitempty"`
	Text      string         `json:"text,omitzero"`
	Rest      jsontext.Value `json:",embed"`
}

// Concept is a CodeableConcept of the codings.
func Concept(text string, codings ...Coding) CodeableConcept {
	return CodeableConcept{Coding: codings, Text: text}
}

// Has says whether the concept has a coding of that system and code.
func (c *CodeableConcept) Has(system, code string) bool {
	for i := range c.Coding {
		if c.Coding[i].System == system && c.Coding[i].Code == code {
			return true
		}
	}
	return false
}

// Reference leads to another resource: inside a bundle by its fullUrl.
type Reference struct {
	Id         string         `json:"id,omitzero"`
	Extension  []Extension    `json:"extension,omitempty"`
	Reference  string         `json:"reference,omitzero"`
	Type       string         `json:"type,omitzero"`
	Identifier *Identifier    `json:"identifier,omitzero,omitempty"`
	Display    string         `json:"display,omitzero"`
	Rest       jsontext.Value `json:",embed"`
}

// Ref is a reference to the entry of a bundle with that fullUrl, or to a
// resource by a relative URL ("Patient/123"); display may be empty.
func Ref(url, display string) *Reference {
	return &Reference{Reference: url, Display: display}
}

// Period is a time span; start and end are FHIR dateTimes, both inclusive.
type Period struct {
	Id        string         `json:"id,omitzero"`
	Extension []Extension    `json:"extension,omitempty"`
	Start     string         `json:"start,omitzero"`
	StartExt  *Element       `json:"_start,omitzero,omitempty"`
	End       string         `json:"end,omitzero"`
	EndExt    *Element       `json:"_end,omitzero,omitempty"`
	Rest      jsontext.Value `json:",embed"`
}

// Annotation is a note with its author and time.
type Annotation struct {
	Id              string         `json:"id,omitzero"`
	Extension       []Extension    `json:"extension,omitempty"`
	AuthorReference *Reference     `json:"authorReference,omitzero,omitempty"`
	AuthorString    string         `json:"authorString,omitzero"`
	Time            string         `json:"time,omitzero"`
	Text            string         `json:"text,omitzero"`
	Rest            jsontext.Value `json:",embed"`
}
