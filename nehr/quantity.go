package nehr

import (
	"errors"

	"github.com/go-json-experiment/json/jsontext"
)

// Decimal is a FHIR decimal with the digits that were written: 10.50 stays
// 10.50, since the last zero says how exact the measurement was (R4, section
// 2.24.0.1). Only ParseDecimal makes one; the zero Decimal is absent.
type Decimal struct{ text string }

// ErrDecimal says that a text is no FHIR decimal.
var ErrDecimal = errors.New("not a decimal number")

// maxDecimal bounds the digits: R4 asks for eighteen at least.
const maxDecimal = 64

// ParseDecimal reads -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?, the form
// of R4's decimal, without changing it. Any other text is ErrDecimal.
func ParseDecimal(s string) (Decimal, error) {
	if len(s) > maxDecimal {
		return Decimal{}, ErrDecimal
	}
	i := 0
	if i < len(s) && s[i] == '-' {
		i++
	}
	n := digits(s, i)
	if n == i || (s[i] == '0' && n > i+1) {
		return Decimal{}, ErrDecimal
	}
	i = n
	if i < len(s) && s[i] == '.' {
		n = digits(s, i+1)
		if n == i+1 {
			return Decimal{}, ErrDecimal
		}
		i = n
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		n = digits(s, i)
		if n == i {
			return Decimal{}, ErrDecimal
		}
		i = n
	}
	if i != len(s) {
		return Decimal{}, ErrDecimal
	}
	return Decimal{text: s}, nil
}

// digits gives the end of the run of decimal digits that starts at i.
func digits(s string, i int) int {
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}

// String gives the digits as they were parsed, "" for no number. There is no
// IsZero: the JSON library would call it for each field, at an allocation
// each; Decimal{} is what to compare with.
func (d Decimal) String() string { return d.text }

// MarshalJSONTo writes the digits as a JSON number.
func (d Decimal) MarshalJSONTo(enc *jsontext.Encoder) error {
	if d.text == "" {
		return enc.WriteToken(jsontext.Null)
	}
	return enc.WriteValue(append(enc.AvailableBuffer(), d.text...))
}

// UnmarshalJSONFrom reads a JSON number and keeps its digits.
func (d *Decimal) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	if v.Kind() != '0' {
		return ErrDecimal
	}
	*d, err = ParseDecimal(string(v))
	return err
}

// Quantity is a measured amount: value, unit as people read it, and the UCUM
// code of the unit.
type Quantity struct {
	Id         string         `json:"id,omitzero"`
	Extension  []Extension    `json:"extension,omitempty"`
	Value      Decimal        `json:"value,omitzero"`
	ValueExt   *Element       `json:"_value,omitzero,omitempty"`
	Comparator string         `json:"comparator,omitzero"`
	Unit       string         `json:"unit,omitzero"`
	System     string         `json:"system,omitzero"`
	Code       string         `json:"code,omitzero"`
	Rest       jsontext.Value `json:",embed"`
}

// UCUMQuantity is an amount with a UCUM unit; unit is the text for people and
// may be the code itself.
func UCUMQuantity(value Decimal, unit, code string) *Quantity {
	return &Quantity{Value: value, Unit: unit, System: SystemUCUM, Code: code}
}

// Range is an interval of amounts.
type Range struct {
	Id        string         `json:"id,omitzero"`
	Extension []Extension    `json:"extension,omitempty"`
	Low       *Quantity      `json:"low,omitzero,omitempty"`
	High      *Quantity      `json:"high,omitzero,omitempty"`
	Rest      jsontext.Value `json:",embed"`
}

// Ratio is a relation of two amounts.
type Ratio struct {
	Id          string         `json:"id,omitzero"`
	Extension   []Extension    `json:"extension,omitempty"`
	Numerator   *Quantity      `json:"numerator,omitzero,omitempty"`
	Denominator *Quantity      `json:"denominator,omitzero,omitempty"`
	Rest        jsontext.Value `json:",embed"`
}
