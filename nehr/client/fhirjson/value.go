package fhirjson

import (
	"slices"
	"strings"
)

// Kind is the JSON type of a [Value]: the first byte of its usual spelling,
// with '0' for numbers.
type Kind byte

// The kinds of JSON.
const (
	Null   Kind = 'n'
	True   Kind = 't'
	False  Kind = 'f'
	String Kind = '"'
	Number Kind = '0'
	Object Kind = '{'
	Array  Kind = '['
)

// Value is one JSON value. A nil *Value stands for "not there": every method
// that looks accepts it, so that paths can be followed without checks.
type Value struct {
	kind    Kind
	text    string // of a string: its content; of a number: its literal
	members []Member
	items   []*Value
}

// Member is one name and value of an object.
type Member struct {
	Name  string
	Value *Value
}

// Text makes a JSON string.
func Text(s string) *Value { return &Value{kind: String, text: s} }

// Literal makes a JSON number from its literal, for example "10.50".
func Literal(number string) *Value { return &Value{kind: Number, text: number} }

// Bool makes true or false.
func Bool(b bool) *Value {
	if b {
		return &Value{kind: True}
	}
	return &Value{kind: False}
}

// List makes an array of the given items.
func List(items ...*Value) *Value { return &Value{kind: Array, items: items} }

// Fields makes an object of the given members. A member whose value is nil is
// left out, so that optional fields can be written in one expression.
func Fields(members ...Member) *Value {
	v := &Value{kind: Object}
	for _, m := range members {
		if m.Value != nil {
			v.members = append(v.members, m)
		}
	}
	return v
}

// F makes one member for [Fields].
func F(name string, value *Value) Member { return Member{name, value} }

// Kind is the type of v, 0 for nil.
func (v *Value) Kind() Kind {
	if v == nil {
		return 0
	}
	return v.kind
}

// Str is the content of a string, and "" for everything else.
func (v *Value) Str() string {
	if v == nil || v.kind != String {
		return ""
	}
	return v.text
}

// Scalar is the text of a string, number or boolean, and "" for everything else.
func (v *Value) Scalar() string {
	switch v.Kind() {
	case String, Number:
		return v.text
	case True:
		return "true"
	case False:
		return "false"
	}
	return ""
}

// Items are the elements of an array. A single value that is no array counts
// as an array of one: FHIR elements repeat or not by their definition, and a
// search parameter looks the same at both.
func (v *Value) Items() []*Value {
	switch v.Kind() {
	case 0, Null:
		return nil
	case Array:
		return v.items
	}
	return []*Value{v}
}

// Members are the fields of an object in their order.
func (v *Value) Members() []Member {
	if v.Kind() != Object {
		return nil
	}
	return v.members
}

// Get follows names into nested objects and gives nil when one is missing.
func (v *Value) Get(names ...string) *Value {
	for _, name := range names {
		if v.Kind() != Object {
			return nil
		}
		i := v.index(name)
		if i < 0 {
			return nil
		}
		v = v.members[i].Value
	}
	return v
}

// All follows a dotted path and gives every value it reaches, going through
// arrays as FHIRPath does.
func (v *Value) All(path string) []*Value {
	found := v.Items()
	for name := range strings.SplitSeq(path, ".") {
		var next []*Value
		for _, f := range found {
			next = append(next, f.Get(name).Items()...)
		}
		found = next
	}
	return found
}

// Set puts a field into an object: in its old place when the name is there,
// else at the end. A nil value deletes.
func (v *Value) Set(name string, value *Value) {
	if value == nil {
		v.Delete(name)
		return
	}
	if i := v.index(name); i >= 0 {
		v.members[i].Value = value
		return
	}
	v.members = append(v.members, Member{name, value})
}

// SetFirst puts a field at a position near the front, where readers of a FHIR
// resource look for resourceType, id and meta.
func (v *Value) SetFirst(at int, name string, value *Value) {
	v.Delete(name)
	at = min(at, len(v.members))
	v.members = slices.Insert(v.members, at, Member{name, value})
}

// Delete takes a field out of an object.
func (v *Value) Delete(name string) {
	if i := v.index(name); i >= 0 {
		v.members = slices.Delete(v.members, i, i+1)
	}
}

// Append adds items to an array.
func (v *Value) Append(items ...*Value) { v.items = append(v.items, items...) }

// Clone copies the whole tree.
func (v *Value) Clone() *Value {
	if v == nil {
		return nil
	}
	var n copier
	n.count(v)
	n.values, n.members, n.items = make([]Value, n.allValues), make([]Member, n.allMembers), make([]*Value, n.allItems)
	return n.clone(v)
}

// copier copies a tree into three pieces of memory of just the size.
type copier struct {
	allValues, allMembers, allItems int

	values  []Value
	members []Member
	items   []*Value
}

func (n *copier) count(v *Value) {
	if v == nil {
		return
	}
	n.allValues++
	n.allMembers += len(v.members)
	n.allItems += len(v.items)
	for i := range v.members {
		n.count(v.members[i].Value)
	}
	for _, item := range v.items {
		n.count(item)
	}
}

func (n *copier) clone(v *Value) *Value {
	if v == nil {
		return nil
	}
	c := &n.values[0]
	n.values = n.values[1:]
	c.kind, c.text = v.kind, v.text
	if k := len(v.members); k > 0 {
		// No room behind it: what is added must not stand in a neighbour's.
		c.members, n.members = n.members[:k:k], n.members[k:]
		for i, m := range v.members {
			c.members[i] = Member{m.Name, n.clone(m.Value)}
		}
	}
	if k := len(v.items); k > 0 {
		c.items, n.items = n.items[:k:k], n.items[k:]
		for i, item := range v.items {
			c.items[i] = n.clone(item)
		}
	}
	return c
}

// Strings calls f for every string in the tree with the name of the field it
// stands in (the array's, for an item) and replaces it by what f gives.
func (v *Value) Strings(f func(field, text string) string) { v.strings("", f) }

func (v *Value) strings(field string, f func(field, text string) string) {
	switch v.Kind() {
	case String:
		v.text = f(field, v.text)
	case Array:
		for _, item := range v.items {
			item.strings(field, f)
		}
	case Object:
		for _, m := range v.members {
			m.Value.strings(m.Name, f)
		}
	}
}

func (v *Value) index(name string) int {
	return slices.IndexFunc(v.members, func(m Member) bool { return m.Name == name })
}
