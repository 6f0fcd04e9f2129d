package golden

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// node is a JSON value with its text. Order and digits are kept, since a
// golden is compared to the byte.
type node struct {
	raw     jsontext.Value
	kind    jsontext.Kind // '{', '[', '"', '0', 't', 'f', 'n'
	members []member      // of an object
	items   []*node       // of an array
}

type member struct {
	name  string
	value *node
}

// parse reads one JSON document.
func parse(data []byte) (*node, error) {
	dec := jsontext.NewDecoder(bytes.NewReader(data))
	raw, err := dec.ReadValue()
	if err != nil {
		return nil, err
	}
	return newNode(raw.Clone())
}

func newNode(raw jsontext.Value) (*node, error) {
	n := &node{raw: raw, kind: raw.Kind()}
	if n.kind != '{' && n.kind != '[' {
		return n, nil
	}
	dec := jsontext.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	for dec.PeekKind() != '}' && dec.PeekKind() != ']' {
		var name string
		if n.kind == '{' {
			tok, err := dec.ReadToken()
			if err != nil {
				return nil, err
			}
			name = tok.String()
		}
		inner, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		child, err := newNode(inner.Clone())
		if err != nil {
			return nil, err
		}
		if n.kind == '{' {
			n.members = append(n.members, member{name, child})
		} else {
			n.items = append(n.items, child)
		}
	}
	return n, nil
}

var nothing = &node{}

// member gives the value of a name; of none, a node that has nothing.
func (n *node) member(name string) *node {
	for _, m := range n.members {
		if m.name == name {
			return m.value
		}
	}
	return nothing
}

// text is the value of a JSON string, and "" of anything else.
func (n *node) text() string {
	if n.kind != '"' {
		return ""
	}
	b, err := jsontext.AppendUnquote(nil, n.raw)
	if err != nil {
		return ""
	}
	return string(b)
}
