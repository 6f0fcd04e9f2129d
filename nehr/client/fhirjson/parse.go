package fhirjson

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is the deepest nesting that [Parse] accepts. Resources that people
// write stay under 20; the bound keeps a hostile document from eating the stack.
const MaxDepth = 100

// ErrDepth is given for a document nested deeper than [MaxDepth].
var ErrDepth = fmt.Errorf("JSON is nested deeper than %d levels", MaxDepth)

// Parse decodes one JSON document (RFC 8259). It refuses duplicate member names,
// invalid UTF-8, lone surrogates, anything after the document, and nesting
// beyond [MaxDepth]. Errors name the place in bytes, never a value.
//
// It accepts and refuses what jsontext does by default, which a fuzz test holds
// it to, with a quarter of the allocations of a tree built from its tokens: the
// document is copied once, and the strings of the tree are parts of that copy. A
// record has some thousand of them, read twice for each woman whose data changed.
func Parse(document []byte) (*Value, error) {
	r := reader{s: string(document)}
	if !utf8.ValidString(r.s) {
		return nil, errors.New("JSON text is not valid UTF-8")
	}
	r.space()
	v, err := r.value(0)
	if err != nil {
		return nil, err
	}
	if r.space(); r.at < len(r.s) {
		return nil, fmt.Errorf("JSON goes on after its end at byte %d", r.at)
	}
	return v, nil
}

// reader builds a tree. Values come from slabs, and the parts of an array or
// object are collected on one stack before they are copied to their size.
type reader struct {
	s       string
	at      int
	slab    []Value
	members []Member
	items   []*Value
}

func (r *reader) fail(reason string) error {
	if r.at >= len(r.s) {
		return errors.New("JSON ends too early")
	}
	return fmt.Errorf("%s at byte %d", reason, r.at)
}

func (r *reader) make(kind Kind, text string) *Value {
	if len(r.slab) == 0 {
		// A node takes some 24 bytes of text; small documents get small slabs.
		r.slab = make([]Value, min(256, 8+(len(r.s)-r.at)/24))
	}
	v := &r.slab[0]
	r.slab = r.slab[1:]
	v.kind, v.text = kind, text
	return v
}

func (r *reader) space() {
	for r.at < len(r.s) {
		switch r.s[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return
		}
	}
}

// next is the byte at hand, 0 at the end.
func (r *reader) next() byte {
	if r.at < len(r.s) {
		return r.s[r.at]
	}
	return 0
}

func (r *reader) value(depth int) (*Value, error) {
	switch c := r.next(); {
	case c == '"':
		text, err := r.text()
		return r.make(String, text), err
	case c == '{':
		return r.object(depth + 1)
	case c == '[':
		return r.array(depth + 1)
	case c == '-' || '0' <= c && c <= '9':
		return r.number()
	case c == 't':
		return r.literal("true", True)
	case c == 'f':
		return r.literal("false", False)
	case c == 'n':
		return r.literal("null", Null)
	}
	return nil, r.fail("not valid JSON")
}

func (r *reader) literal(word string, kind Kind) (*Value, error) {
	for i := range len(word) {
		if r.next() != word[i] {
			return nil, r.fail("not valid JSON")
		}
		r.at++
	}
	return r.make(kind, ""), nil
}

// text reads a string from its opening quote. Escapes are rare in records.
func (r *reader) text() (string, error) {
	start, escaped := r.at, false
	for r.at++; r.at < len(r.s); r.at++ {
		switch c := r.s[r.at]; {
		case c == '"':
			r.at++
			if !escaped {
				return r.s[start+1 : r.at-1], nil
			}
			text, err := jsontext.AppendUnquote(nil, r.s[start:r.at])
			if err != nil {
				return "", fmt.Errorf("a string is not valid JSON at byte %d", start)
			}
			return string(text), nil
		case c == '\\':
			escaped = true
			r.at++
		case c < ' ':
			return "", r.fail("not valid JSON")
		}
	}
	return "", errors.New("JSON ends too early")
}

func (r *reader) number() (*Value, error) {
	start := r.at
	if r.next() == '-' {
		r.at++
	}
	if r.next() == '0' {
		r.at++
	} else if err := r.digits(); err != nil {
		return nil, err
	}
	if r.next() == '.' {
		r.at++
		if err := r.digits(); err != nil {
			return nil, err
		}
	}
	if c := r.next(); c == 'e' || c == 'E' {
		r.at++
		if c := r.next(); c == '+' || c == '-' {
			r.at++
		}
		if err := r.digits(); err != nil {
			return nil, err
		}
	}
	return r.make(Number, r.s[start:r.at]), nil
}

func (r *reader) digits() error {
	from := r.at
	for c := r.next(); '0' <= c && c <= '9'; c = r.next() {
		r.at++
	}
	if r.at == from {
		return r.fail("not valid JSON")
	}
	return nil
}

func (r *reader) array(depth int) (*Value, error) {
	if depth > MaxDepth {
		return nil, ErrDepth
	}
	from := len(r.items)
	r.at++
	if r.space(); r.next() == ']' {
		r.at++
		return r.make(Array, ""), nil
	}
	for {
		item, err := r.value(depth)
		if err != nil {
			return nil, err
		}
		r.items = append(r.items, item)
		more, err := r.more(']')
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
	}
	v := r.make(Array, "")
	v.items = slices.Clone(r.items[from:])
	r.items = r.items[:from]
	return v, nil
}

// more reads what follows an element: a comma, or the end.
func (r *reader) more(end byte) (bool, error) {
	r.space()
	switch r.next() {
	case ',':
		r.at++
		r.space()
		return true, nil
	case end:
		r.at++
		return false, nil
	}
	return false, r.fail("not valid JSON")
}

func (r *reader) object(depth int) (*Value, error) {
	if depth > MaxDepth {
		return nil, ErrDepth
	}
	from := len(r.members)
	var many map[string]bool // the names, where there are many
	r.at++
	if r.space(); r.next() == '}' {
		r.at++
		return r.make(Object, ""), nil
	}
	for {
		place := r.at
		if r.next() != '"' {
			return nil, r.fail("not valid JSON")
		}
		name, err := r.text()
		if err != nil {
			return nil, err
		}
		if many = noted(many, r.members[from:]); twice(many, r.members[from:], name) {
			return nil, fmt.Errorf("a field stands twice at byte %d", place)
		}
		if r.space(); r.next() != ':' {
			return nil, r.fail("not valid JSON")
		}
		r.at++
		r.space()
		value, err := r.value(depth)
		if err != nil {
			return nil, err
		}
		r.members = append(r.members, Member{name, value})
		more, err := r.more('}')
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
	}
	v := r.make(Object, "")
	v.members = slices.Clone(r.members[from:])
	r.members = r.members[:from]
	return v, nil
}

// manyNames is from how many names on a map finds one faster than looking.
const manyNames = 32

// noted keeps the map of an object's names up, once there are many.
func noted(many map[string]bool, members []Member) map[string]bool {
	if len(members) < manyNames {
		return nil
	}
	if many == nil {
		many = make(map[string]bool, 2*manyNames)
		for _, m := range members {
			many[m.Name] = true
		}
	}
	many[members[len(members)-1].Name] = true
	return many
}

func twice(many map[string]bool, members []Member, name string) bool {
	if many != nil {
		return many[name]
	}
	for i := range members {
		if members[i].Name == name {
			return true
		}
	}
	return false
}
