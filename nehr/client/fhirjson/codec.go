package fhirjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is the deepest nesting that [Parse] accepts. Resources that people
// write stay under 20; the bound keeps a hostile document from eating the stack.
const MaxDepth = 100

// ErrDepth is given for a document nested deeper than [MaxDepth].
var ErrDepth = fmt.Errorf("JSON is nested deeper than %d levels", MaxDepth)

// Parse decodes one JSON document. It refuses duplicate member names, invalid
// UTF-8, anything after the document, and nesting beyond [MaxDepth]. Errors
// name the place (byte offset and pointer), never a value.
func Parse(document []byte) (*Value, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(document))
	v, err := read(d)
	if err != nil {
		return nil, explain(err)
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("JSON goes on after its end at byte %d", d.InputOffset())
	}
	return v, nil
}

// explain makes the decoder's error one that holds no content of the document:
// its own text quotes a few characters of what it stumbled over.
func explain(err error) error {
	if errors.Is(err, ErrDepth) {
		return err
	}
	if s, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		reason := "not valid JSON"
		switch {
		case errors.Is(err, jsontext.ErrDuplicateName):
			reason = "a field stands twice"
		case strings.Contains(s.Err.Error(), "UTF-8"):
			reason = "text is not valid UTF-8"
		case errors.Is(err, io.ErrUnexpectedEOF):
			reason = "JSON ends too early"
		}
		return fmt.Errorf("%s at byte %d", reason, s.ByteOffset)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("JSON ends too early")
	}
	return errors.New("not valid JSON")
}

func read(d *jsontext.Decoder) (*Value, error) {
	t, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	switch t.Kind() {
	case '"':
		return &Value{kind: String, text: t.String()}, nil
	case '0':
		return &Value{kind: Number, text: t.String()}, nil
	case 't', 'f', 'n':
		return &Value{kind: Kind(t.Kind())}, nil
	}
	if d.StackDepth() > MaxDepth {
		return nil, ErrDepth
	}
	if t.Kind() == '[' {
		v := &Value{kind: Array}
		for d.PeekKind() != ']' {
			item, err := read(d)
			if err != nil {
				return nil, err
			}
			v.items = append(v.items, item)
		}
		_, err := d.ReadToken()
		return v, err
	}
	v := &Value{kind: Object}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		field := name.String()
		value, err := read(d)
		if err != nil {
			return nil, err
		}
		v.members = append(v.members, Member{field, value})
	}
	_, err = d.ReadToken()
	return v, err
}

// Encode writes the tree without white space, members in their order.
func (v *Value) Encode() []byte { return v.append(nil, false) }

// Canonical writes the tree with members sorted by name. Two resources say the
// same when their canonical forms are equal; numbers compare by their digits.
func (v *Value) Canonical() []byte { return v.append(nil, true) }

// Equal compares by canonical form; two nils are equal.
func Equal(a, b *Value) bool { return bytes.Equal(a.Canonical(), b.Canonical()) }

func (v *Value) append(to []byte, sorted bool) []byte {
	switch v.Kind() {
	case Null:
		return append(to, "null"...)
	case True:
		return append(to, "true"...)
	case False:
		return append(to, "false"...)
	case Number:
		return append(to, v.text...)
	case String:
		// Only invalid UTF-8 fails, which is then replaced: a string made in Go
		// may hold it, one that was parsed cannot.
		to, _ = jsontext.AppendQuote(to, v.text)
		return to
	case Array:
		to = append(to, '[')
		for i, item := range v.items {
			if i > 0 {
				to = append(to, ',')
			}
			to = item.append(to, sorted)
		}
		return append(to, ']')
	case Object:
		members := v.members
		if sorted {
			members = slices.Clone(members)
			slices.SortFunc(members, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
		}
		to = append(to, '{')
		for i, m := range members {
			if i > 0 {
				to = append(to, ',')
			}
			to, _ = jsontext.AppendQuote(to, m.Name)
			to = append(to, ':')
			to = m.Value.append(to, sorted)
		}
		return append(to, '}')
	}
	return to
}
