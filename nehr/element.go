package nehr

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Extension is FHIR's Extension (R4, section 2.24.0.2) with the value types
// that are written here; any other value[x] is carried in Rest.
type Extension struct {
	Id                   string           `json:"id,omitzero"`
	Extension            []Extension      `json:"extension,omitempty"`
	Url                  string           `json:"url"`
	ValueCode            string           `json:"valueCode,omitzero"`
	ValueString          string           `json:"valueString,omitzero"`
	ValueUri             string           `json:"valueUri,omitzero"`
	ValueDateTime        string           `json:"valueDateTime,omitzero"`
	ValueBoolean         *bool            `json:"valueBoolean,omitzero"`
	ValueInteger         *int             `json:"valueInteger,omitzero"`
	ValueDecimal         Decimal          `json:"valueDecimal,omitzero"`
	ValueCoding          *Coding          `json:"valueCoding,omitzero,omitempty"`
	ValueCodeableConcept *CodeableConcept `json:"valueCodeableConcept,omitzero,omitempty"`
	ValueQuantity        *Quantity        `json:"valueQuantity,omitzero,omitempty"`
	ValueReference       *Reference       `json:"valueReference,omitzero,omitempty"`
	Rest                 jsontext.Value   `json:",embed"`
}

// Element is what stands beside a primitive value under the name with an
// underscore: its extensions, usually the reason why the value is absent.
type Element struct {
	Id        string         `json:"id,omitzero"`
	Extension []Extension    `json:"extension,omitempty"`
	Rest      jsontext.Value `json:",embed"`
}

// Elements stands beside a repeated primitive, position by position; an
// element without content is written as null, as R4 section 2.6.2.1 has it.
type Elements []Element

// MarshalJSONTo writes the array, null for an element without content.
func (es Elements) MarshalJSONTo(enc *jsontext.Encoder) error {
	if err := enc.WriteToken(jsontext.BeginArray); err != nil {
		return err
	}
	for i := range es {
		if es[i].Id == "" && len(es[i].Extension) == 0 && len(es[i].Rest) == 0 {
			if err := enc.WriteToken(jsontext.Null); err != nil {
				return err
			}
			continue
		}
		if err := json.MarshalEncode(enc, &es[i]); err != nil {
			return err
		}
	}
	return enc.WriteToken(jsontext.EndArray)
}

// Strings is a repeated primitive. An empty string stands for a position
// whose value is absent and is written as null; the Elements beside it say
// why. HAPI drops an underscore array that stands without its array of nulls,
// so both are always written.
type Strings []string

// MarshalJSONTo writes the array, null for an empty string.
func (ss Strings) MarshalJSONTo(enc *jsontext.Encoder) error {
	if err := enc.WriteToken(jsontext.BeginArray); err != nil {
		return err
	}
	for _, s := range ss {
		t := jsontext.Null
		if s != "" {
			t = jsontext.String(s)
		}
		if err := enc.WriteToken(t); err != nil {
			return err
		}
	}
	return enc.WriteToken(jsontext.EndArray)
}

// AbsentReason is a code of http://terminology.hl7.org/CodeSystem/data-absent-reason.
type AbsentReason string

// The reasons that are used here.
const (
	AbsentUnknown       AbsentReason = "unknown"
	AbsentAskedUnknown  AbsentReason = "asked-unknown"
	AbsentNotAsked      AbsentReason = "not-asked"
	AbsentMasked        AbsentReason = "masked"
	AbsentError         AbsentReason = "error"
	AbsentNotApplicable AbsentReason = "not-applicable"
)

// ExtensionDataAbsent is the canonical URL of the extension that says why a
// required value is missing.
const ExtensionDataAbsent = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"

// AbsentExtensions is the extension list that says why an element has no
// value; it goes where a complex element (a Reference, a Period) is required.
func AbsentExtensions(reason AbsentReason) []Extension {
	return []Extension{{Url: ExtensionDataAbsent, ValueCode: string(reason)}}
}

// Absent says why a primitive has no value: it goes to the field whose name
// ends in Ext, beside the empty value.
func Absent(reason AbsentReason) *Element {
	return &Element{Extension: AbsentExtensions(reason)}
}

// AbsentStrings is a repeated primitive of which one value is required and
// none is known, and the reason beside it.
func AbsentStrings(reason AbsentReason) (Strings, Elements) {
	return Strings{""}, Elements{{Extension: AbsentExtensions(reason)}}
}

// AbsentReference is a required reference of which the target is not known.
func AbsentReference(reason AbsentReason) *Reference {
	return &Reference{Extension: AbsentExtensions(reason)}
}
