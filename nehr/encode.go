package nehr

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Causes of an EncodeError.
var (
	ErrEmptyNode = errors.New("an empty node, which FHIR does not allow")
	ErrUnpaired  = errors.New("a null without the element that says why")
	ErrValue     = errors.New("a value that JSON cannot hold")
)

// EncodeError says where a resource could not be written and why; it holds no
// value of the resource.
type EncodeError struct {
	Type    string // resourceType
	Pointer string // JSON pointer in the resource
	Err     error  // one of the causes above
}

func (e *EncodeError) Error() string {
	return fmt.Sprintf("encode %s: %s: %v", e.Type, e.Pointer, e.Err)
}

// Unwrap gives the cause.
func (e *EncodeError) Unwrap() error { return e.Err }

// Encode gives a resource as JSON, without line break. What it gives has no
// empty object, array or string, and no null but in an array beside the
// elements that say why (R4, section 2.6.2): such a resource is an
// *EncodeError, and nothing is given.
func Encode(r Resource) ([]byte, error) {
	var buf bytes.Buffer
	if err := writeResource(&buf, r); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// writeResource appends a resource to the buffer; on error the buffer holds
// an unknown rest.
func writeResource(buf *bytes.Buffer, r Resource) error {
	at := buf.Len()
	if err := writeJSON(buf, r); err != nil {
		return encodeError(r, err)
	}
	out := buf.Bytes()[at:]
	if at, cause := emptyNode(out); cause != nil {
		return &EncodeError{Type: r.ResourceType(), Pointer: placeOf(out, at), Err: cause}
	}
	return nil
}

func encodeError(r Resource, err error) error {
	e := &EncodeError{Type: r.ResourceType(), Err: ErrValue}
	if s, ok := errors.AsType[*json.SemanticError](err); ok {
		e.Pointer = safePointer(s.JSONPointer)
	}
	if s, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		e.Pointer = safePointer(s.JSONPointer)
		e.Err = syntaxCause(s, ErrValue)
	}
	return e
}
