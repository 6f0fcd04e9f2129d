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
	r := reader{d: jsontext.NewDecoder(bytes.NewBuffer(document))}
	v, err := r.read()
	if err != nil {
		return nil, explain(err)
	}
	if _, err := r.d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("JSON goes on after its end at byte %d", r.d.InputOffset())
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

// reader builds a tree. Values come from slabs, and the parts of an array or
// object are collected on one stack before they are copied to their size: a
// bundle has thousands of small nodes.
type reader struct {
	d       *jsontext.Decoder
	slab    []Value
	members []Member
	items   []*Value
}

func (r *reader) value(kind Kind, text string) *Value {
	if len(r.slab) == 0 {
		r.slab = make([]Value, 64)
	}
	v := &r.slab[0]
	r.slab = r.slab[1:]
	v.kind, v.text = kind, text
	return v
}

func (r *reader) read() (*Value, error) {
	t, err := r.d.ReadToken()
	if err != nil {
		return nil, err
	}
	switch kind := t.Kind(); kind {
	case '"', '0':
		return r.value(Kind(kind), t.String()), nil
	case 't', 'f', 'n':
		return r.value(Kind(kind), ""), nil
	case '[':
		return r.array()
	}
	return r.object()
}

func (r *reader) array() (*Value, error) {
	if r.d.StackDepth() > MaxDepth {
		return nil, ErrDepth
	}
	from := len(r.items)
	for r.d.PeekKind() != ']' {
		item, err := r.read()
		if err != nil {
			return nil, err
		}
		r.items = append(r.items, item)
	}
	v := r.value(Array, "")
	v.items = slices.Clone(r.items[from:])
	r.items = r.items[:from]
	_, err := r.d.ReadToken()
	return v, err
}

func (r *reader) object() (*Value, error) {
	if r.d.StackDepth() > MaxDepth {
		return nil, ErrDepth
	}
	from := len(r.members)
	for r.d.PeekKind() != '}' {
		name, err := r.d.ReadToken()
		if err != nil {
			return nil, err
		}
		field := name.String()
		value, err := r.read()
		if err != nil {
			return nil, err
		}
		r.members = append(r.members, Member{field, value})
	}
	v := r.value(Object, "")
	v.members = slices.Clone(r.members[from:])
	r.members = r.members[:from]
	_, err := r.d.ReadToken()
	return v, err
}

// Encode writes the tree without white space, members in their order.
func (v *Value) Encode() []byte { return v.append(make([]byte, 0, 512), false) }

// Canonical writes the tree with members sorted by name. Two resources say the
// same when their canonical forms are equal; numbers compare by their digits.
func (v *Value) Canonical() []byte { return v.append(nil, true) }

// Equal tells whether two values have the same canonical form; two nils have.
func Equal(a, b *Value) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case String, Number:
		return a.text == b.text
	case Array:
		return slices.EqualFunc(a.items, b.items, Equal)
	case Object:
		if len(a.members) != len(b.members) {
			return false
		}
		for i, m := range a.members {
			// Most often the order is the same.
			other := &b.members[i]
			if other.Name != m.Name {
				at := b.index(m.Name)
				if at < 0 {
					return false
				}
				other = &b.members[at]
			}
			if !Equal(m.Value, other.Value) {
				return false
			}
		}
	}
	return true
}

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
