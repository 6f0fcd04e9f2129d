package dhis2

import (
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// UID is a DHIS2 identifier: a letter and ten letters or digits. The zero UID
// stands for "absent". Only ParseUID and the JSON decoder make one, and the
// decoder turns a text that is no UID into the zero UID: one damaged
// identifier must not cost the other facts of a document, and nobody can map
// what has no identity.
type UID struct{ text string }

// ErrUID is returned by ParseUID.
var ErrUID = errors.New("not a DHIS2 UID: a letter followed by ten letters or digits")

// ParseUID parses the 11 characters of a UID.
func ParseUID(s string) (UID, error) {
	if !isUID(s) {
		return UID{}, ErrUID
	}
	return UID{s}, nil
}

// MustUID is ParseUID for constants in code and tests; it panics on a text
// that is no UID.
func MustUID(s string) UID {
	u, err := ParseUID(s)
	if err != nil {
		panic("dhis2: " + s + ": " + err.Error())
	}
	return u
}

// String returns the 11 characters, or "" of the zero UID.
func (u UID) String() string { return u.text }

// IsZero reports whether the UID is absent (or was damaged in the document).
func (u UID) IsZero() bool { return u.text == "" }

// MarshalJSONTo writes the UID as a JSON string.
func (u UID) MarshalJSONTo(enc *jsontext.Encoder) error {
	return enc.WriteToken(jsontext.String(u.text))
}

// UnmarshalJSONFrom reads a JSON string; null gives the zero UID.
func (u *UID) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	*u = UID{}
	switch raw.Kind() {
	case 'n':
		return nil
	case '"':
		// A UID has no character that JSON escapes, so the raw bytes decide.
		if body := raw[1 : len(raw)-1]; len(body) == uidLength && isUID(string(body)) {
			u.text = string(body)
		}
		return nil
	}
	return &json.SemanticError{Err: errors.New("want a string with a UID")}
}

// MarshalText and UnmarshalText let a UID be a YAML or JSON object key.
func (u UID) MarshalText() ([]byte, error) { return []byte(u.text), nil }

// UnmarshalText parses strictly, unlike the decoder of documents: it reads
// configuration.
func (u *UID) UnmarshalText(b []byte) (err error) {
	*u, err = ParseUID(string(b))
	return err
}

const uidLength = 11

func isUID(s string) bool {
	if len(s) != uidLength || !isLetter(s[0]) {
		return false
	}
	for i := 1; i < len(s); i++ {
		if !isLetter(s[i]) && !isDigit(s[i]) {
			return false
		}
	}
	return true
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
