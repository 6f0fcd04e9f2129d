package nehr

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

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
// an unknown rest. json.MarshalWrite takes its encoder from a pool and writes
// straight into the buffer.
func writeResource(buf *bytes.Buffer, r Resource) error {
	at := buf.Len()
	if err := json.MarshalWrite(buf, r); err != nil {
		return encodeError(r, err)
	}
	if out := buf.Bytes()[at:]; suspect(out) {
		if pointer, cause := emptyNode(out); cause != nil {
			return &EncodeError{Type: r.ResourceType(), Pointer: pointer, Err: cause}
		}
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

// suspect says whether the text might have an empty node. Nearly no resource
// does, and these searches are much faster than reading every token.
func suspect(out []byte) bool {
	return bytes.Contains(out, []byte(`{}`)) || bytes.Contains(out, []byte(`[]`)) ||
		bytes.Contains(out, []byte(`null`)) || bytes.Contains(out, []byte(`""`))
}

// emptyNode finds the first empty node in the text of a resource.
func emptyNode(out []byte) (string, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(out))
	var nulls []string // pointers of arrays that hold a null
	last := jsontext.Kind(0)
	for {
		tok, err := dec.ReadToken()
		if err != nil {
			break
		}
		kind, place := tok.Kind(), dec.StackPointer()
		switch {
		case kind == '}' && last == '{', kind == ']' && last == '[':
			return safePointer(place), ErrEmptyNode
		case kind == '"' && tok.String() == "":
			return safePointer(place), ErrEmptyNode
		case kind == 'n':
			array := place.Parent()
			if k, _ := dec.StackIndex(dec.StackDepth()); k != '[' {
				return safePointer(place), ErrEmptyNode
			}
			nulls = append(nulls, string(array))
		}
		last = kind
	}
	for _, array := range nulls {
		if !paired(out, jsontext.Pointer(array)) {
			return safePointer(jsontext.Pointer(array)), ErrUnpaired
		}
	}
	return "", nil
}

// paired says whether the array at the pointer and the one beside it whose
// name has or lacks the underscore are of one length, and no position is null
// in both.
func paired(out []byte, p jsontext.Pointer) bool {
	name := p.LastToken()
	other := "_" + name
	if strings.HasPrefix(name, "_") {
		other = name[1:]
	}
	a, b := elementsAt(out, p), elementsAt(out, p.Parent().AppendToken(other))
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Kind() == 'n' && b[i].Kind() == 'n' {
			return false
		}
	}
	return true
}

// elementsAt gives the elements of the array at a pointer.
func elementsAt(out []byte, p jsontext.Pointer) []jsontext.Value {
	v := jsontext.Value(out)
	for name := range p.Tokens() {
		if v.Kind() == '[' {
			var list []jsontext.Value
			if json.Unmarshal(v, &list) != nil {
				return nil
			}
			i := 0
			for _, c := range []byte(name) {
				i = i*10 + int(c-'0')
			}
			if i >= len(list) {
				return nil
			}
			v = list[i]
			continue
		}
		var members map[string]jsontext.Value
		if json.Unmarshal(v, &members) != nil {
			return nil
		}
		v = members[name]
	}
	var list []jsontext.Value
	if v.Kind() != '[' || json.Unmarshal(v, &list) != nil {
		return nil
	}
	return list
}
