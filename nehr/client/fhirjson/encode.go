package fhirjson

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Encode writes the tree without white space, members in their order.
func (v *Value) Encode() []byte { return v.append(make([]byte, 0, v.size()), false) }

// size is how many bytes Encode gives where nothing has to be escaped, at most.
func (v *Value) size() int {
	n := len("false")
	switch v.Kind() {
	case Number, String:
		n = len(v.text) + len(`""`)
	case Array:
		for _, item := range v.items {
			n += item.size() + len(",")
		}
	case Object:
		for _, m := range v.members {
			n += len(m.Name) + len(`"":,`) + m.Value.size()
		}
	}
	return n
}

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
