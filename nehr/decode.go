package nehr

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Bounds of Decode. A national record's resource has a few kilobytes and ten
// levels; a document beyond these bounds is refused before it costs anything.
const (
	MaxResourceBytes = 4 << 20
	MaxDepth         = 64
)

// Causes of a DecodeError.
var (
	ErrSyntax      = errors.New("not JSON, or cut off")
	ErrDuplicate   = errors.New("the same name twice in an object")
	ErrUTF8        = errors.New("invalid UTF-8")
	ErrDepth       = errors.New("nested too deeply")
	ErrSize        = errors.New("too large")
	ErrType        = errors.New("not the type that FHIR has here")
	ErrUnknownType = errors.New("no resourceType, or one that is not used here")
)

// DecodeError says where a document could not be read and why. It holds no
// value of the document: of the place only names that look like FHIR's.
type DecodeError struct {
	Pointer string // JSON pointer (RFC 6901); empty: the whole document
	Err     error  // one of the causes above
}

func (e *DecodeError) Error() string {
	place := e.Pointer
	if place == "" {
		place = "the document"
	}
	return fmt.Sprintf("decode FHIR resource: %s: %v", place, e.Err)
}

// Unwrap gives the cause.
func (e *DecodeError) Unwrap() error { return e.Err }

// New gives an empty resource of a type of this package, or nil.
func New(resourceType string) Resource {
	switch resourceType {
	case "Appointment":
		return new(Appointment)
	case "Condition":
		return new(Condition)
	case "Consent":
		return new(Consent)
	case "DetectedIssue":
		return new(DetectedIssue)
	case "Device":
		return new(Device)
	case "Encounter":
		return new(Encounter)
	case "Immunization":
		return new(Immunization)
	case "Location":
		return new(Location)
	case "MedicationStatement":
		return new(MedicationStatement)
	case "Observation":
		return new(Observation)
	case "OperationOutcome":
		return new(OperationOutcome)
	case "Organization":
		return new(Organization)
	case "Patient":
		return new(Patient)
	case "Practitioner":
		return new(Practitioner)
	case "PractitionerRole":
		return new(PractitionerRole)
	case "Provenance":
		return new(Provenance)
	case "ServiceRequest":
		return new(ServiceRequest)
	case "Task":
		return new(Task)
	}
	return nil
}

// Decode reads one resource. It is strict: duplicate names, invalid UTF-8,
// more than MaxResourceBytes or MaxDepth, a type that is not used here, a
// string where R4 has a number and anything after the document are a
// *DecodeError. Members that no field holds are kept in Rest.
func Decode(data []byte) (Resource, error) {
	if len(data) > MaxResourceBytes {
		return nil, &DecodeError{Err: ErrSize}
	}
	if tooDeep(data) {
		return nil, &DecodeError{Err: ErrDepth}
	}
	typ, err := resourceType(data)
	if err != nil {
		return nil, decodeError(err)
	}
	r := New(typ)
	if r == nil {
		return nil, &DecodeError{Pointer: "/resourceType", Err: ErrUnknownType}
	}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, decodeError(err)
	}
	return r, nil
}

// resourceType reads the whole document once, which checks its syntax, and
// gives the resourceType of its top.
func resourceType(data []byte) (string, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(data))
	if dec.PeekKind() != '{' {
		if _, err := dec.ReadValue(); err != nil {
			return "", err
		}
		return "", &DecodeError{Err: ErrUnknownType}
	}
	if _, err := dec.ReadToken(); err != nil {
		return "", err
	}
	typ := ""
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return "", err
		}
		if name.String() == "resourceType" && dec.PeekKind() == '"' {
			v, err := dec.ReadToken()
			if err != nil {
				return "", err
			}
			typ = v.String()
			continue
		}
		if err := dec.SkipValue(); err != nil {
			return "", err
		}
	}
	_, err := dec.ReadToken()
	return typ, err
}

// tooDeep counts the brackets outside of strings.
func tooDeep(data []byte) bool {
	depth, in := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case in && c == '\\':
			i++
		case c == '"':
			in = !in
		case in:
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// decodeError reduces an error of the JSON library, whose text may quote the
// document, to a place and a cause.
func decodeError(err error) error {
	if d, ok := errors.AsType[*DecodeError](err); ok {
		return d
	}
	if s, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return &DecodeError{Pointer: safePointer(s.JSONPointer), Err: syntaxCause(s, ErrSyntax)}
	}
	if s, ok := errors.AsType[*json.SemanticError](err); ok {
		return &DecodeError{Pointer: safePointer(s.JSONPointer), Err: ErrType}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &DecodeError{Err: ErrSyntax}
	}
	return &DecodeError{Err: ErrType}
}

// syntaxCause tells the causes of a syntactic error apart. The library has no
// value for invalid UTF-8 that could be compared, only its text; a test holds
// it fast.
func syntaxCause(s *jsontext.SyntacticError, otherwise error) error {
	switch {
	case errors.Is(s, jsontext.ErrDuplicateName):
		return ErrDuplicate
	case s.Err != nil && s.Err.Error() == "invalid UTF-8":
		return ErrUTF8
	}
	return otherwise
}

// safePointer keeps of a JSON pointer the indexes and the names that could be
// FHIR's; another name might be a person's.
func safePointer(p jsontext.Pointer) string {
	var b strings.Builder
	for tok := range p.Tokens() {
		b.WriteByte('/')
		if plainName(tok) {
			b.WriteString(tok)
		} else {
			b.WriteByte('?')
		}
	}
	return b.String()
}

func plainName(s string) bool {
	if s == "" || len(s) > 40 {
		return false
	}
	for _, c := range []byte(strings.TrimPrefix(s, "_")) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9') {
			return false
		}
	}
	return true
}
