package nehr

import (
	"bytes"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A resource of this package is a tree of a few kinds of node, most of which
// are absent. The JSON library visits each field through an encoder that
// checks every token against what stands before it; a plan made once for each
// type writes the same bytes in a quarter of the time. Whatever a plan does
// not know (members kept in Rest, a field of samply's model alone, text that is
// no UTF-8) is left to the library, whose errors say where it was.

// writeJSON appends r as json.MarshalWrite does.
func writeJSON(buf *bytes.Buffer, r Resource) error {
	if out, ok := planFor(reflect.TypeOf(r).Elem()).write(buf.AvailableBuffer(), reflect.ValueOf(r).Elem()); ok {
		buf.Write(out)
		return nil
	}
	return json.MarshalWrite(buf, r)
}

// writer appends a value; false: the plan does not know it.
type writer func(dst []byte, v reflect.Value) (out []byte, ok bool)

// plan writes the fields of one struct type.
type plan struct {
	fields []planField
	absent []int // embedded structs of samply, of which nothing may be set
	known  bool
}

type planField struct {
	outer, inner int    // index; inner is -1 where the field is the struct's own
	name         []byte // with quotes, colon and a comma before it
	zero, empty  bool   // omitzero, omitempty
	kind         reflect.Kind
	write        writer
}

// plans are made when a type is first met; the map only grows by the types of
// this package.
var plans sync.Map // reflect.Type → *plan

func planFor(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p := makePlan(t)
	plans.Store(t, p)
	return p
}

func makePlan(t reflect.Type) *plan {
	p := &plan{known: true}
	names := map[string]bool{}
	p.add(t, -1, names)
	// The fields of samply's models lie deeper: one of ours has precedence.
	return p
}

// add takes in the fields of t, which is embedded at outer, or the struct itself.
func (p *plan) add(t reflect.Type, outer int, names map[string]bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		option := strings.Split(options, ",")
		switch {
		case f.Anonymous && f.Type == reflect.TypeFor[Base]() && outer < 0:
			p.add(f.Type, i, names)
			continue
		case f.Anonymous && !f.IsExported() && strings.HasPrefix(f.Name, "samply") && outer < 0:
			p.absent = append(p.absent, i)
			continue
		case slices.Contains(option, "embed") && f.Type == reflect.TypeFor[jsontext.Value]():
			name = "" // only absent, which unknown demands
		case name == "" || f.Anonymous || !f.IsExported() || names[name]:
			p.known = false
			return
		}
		names[name] = true
		at := planField{outer: i, inner: -1, name: []byte(`,"` + name + `":`), kind: f.Type.Kind(),
			zero: slices.Contains(option, "omitzero") || name == "", empty: slices.Contains(option, "omitempty"), write: writerOf(f.Type)}
		if outer >= 0 {
			at.outer, at.inner = outer, i
		}
		if name == "" {
			at.write = unknown
		}
		p.fields = append(p.fields, at)
	}
}

func unknown(dst []byte, _ reflect.Value) ([]byte, bool) { return dst, false }

func (p *plan) write(dst []byte, v reflect.Value) ([]byte, bool) {
	if !p.known {
		return dst, false
	}
	for _, i := range p.absent {
		if !v.Field(i).IsZero() {
			return dst, false
		}
	}
	start := len(dst)
	for i := range p.fields {
		f := &p.fields[i]
		at := v.Field(f.outer)
		if f.inner >= 0 {
			at = at.Field(f.inner)
		}
		if f.absent(at) {
			continue
		}
		before := len(dst)
		dst = append(dst, f.name...)
		from := len(dst)
		var ok bool
		if dst, ok = f.write(dst, at); !ok {
			return dst, false
		}
		if f.empty && isEmpty(dst[from:]) {
			dst = dst[:before]
		}
	}
	if len(dst) == start {
		return append(dst, "{}"...), true
	}
	dst[start] = '{' // in the place of the first comma
	return append(dst, '}'), true
}

// absent tells what is seen without writing it.
func (f *planField) absent(v reflect.Value) bool {
	switch f.kind {
	case reflect.String:
		return (f.zero || f.empty) && v.Len() == 0
	case reflect.Slice:
		return f.empty && v.Len() == 0 || f.zero && v.IsNil()
	case reflect.Pointer:
		return (f.zero || f.empty) && v.IsNil()
	case reflect.Struct:
		return f.zero && !f.empty && v.IsZero() // else it is seen when it is written
	}
	return f.zero && v.IsZero()
}

func isEmpty(value []byte) bool {
	switch string(value) {
	case "{}", "[]", `""`, "null":
		return true
	}
	return false
}

// writerOf is the writer of a type.
func writerOf(t reflect.Type) writer {
	switch t {
	case reflect.TypeFor[Decimal]():
		return func(dst []byte, v reflect.Value) ([]byte, bool) {
			text := v.Field(0).String()
			return append(dst, text...), text != ""
		}
	case reflect.TypeFor[Strings]():
		return listOf(func(dst []byte, v reflect.Value) ([]byte, bool) {
			if v.Len() == 0 {
				return append(dst, "null"...), true
			}
			return writeText(dst, v)
		})
	case reflect.TypeFor[Elements]():
		element := writerOf(t.Elem())
		return listOf(func(dst []byte, v reflect.Value) ([]byte, bool) {
			if v.FieldByName("Id").Len() == 0 && v.FieldByName("Extension").Len() == 0 && v.FieldByName("Rest").Len() == 0 {
				return append(dst, "null"...), true
			}
			return element(dst, v)
		})
	}
	if named, ok := reflect.Zero(t).Interface().(interface{ name() string }); ok { // tag[T]
		name := strconv.Quote(named.name())
		return func(dst []byte, _ reflect.Value) ([]byte, bool) { return append(dst, name...), true }
	}
	if marshals(t) {
		return unknown
	}
	switch t.Kind() {
	case reflect.String:
		return writeText
	case reflect.Bool:
		return func(dst []byte, v reflect.Value) ([]byte, bool) { return strconv.AppendBool(dst, v.Bool()), true }
	case reflect.Int:
		return func(dst []byte, v reflect.Value) ([]byte, bool) { return strconv.AppendInt(dst, v.Int(), 10), true }
	case reflect.Struct:
		// Asked for when it is met: an Extension holds Extensions.
		return func(dst []byte, v reflect.Value) ([]byte, bool) { return planFor(t).write(dst, v) }
	case reflect.Pointer:
		if elem := t.Elem(); elem.Kind() != reflect.Pointer {
			write := writerOf(elem)
			return func(dst []byte, v reflect.Value) ([]byte, bool) {
				if v.IsNil() {
					return append(dst, "null"...), true
				}
				return write(dst, v.Elem())
			}
		}
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Uint8 {
			return listOf(writerOf(t.Elem()))
		}
	}
	return unknown
}

// marshals tells whether a type has a way of its own to be written.
func marshals(t reflect.Type) bool {
	for _, name := range []string{"MarshalJSONTo", "MarshalJSON", "AppendText", "MarshalText", "IsZero"} {
		if _, has := reflect.PointerTo(t).MethodByName(name); has {
			return true
		}
	}
	return false
}

func listOf(write writer) writer {
	return func(dst []byte, v reflect.Value) ([]byte, bool) {
		dst = append(dst, '[')
		for i := range v.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			var ok bool
			if dst, ok = write(dst, v.Index(i)); !ok {
				return dst, false
			}
		}
		return append(dst, ']'), true
	}
}

func writeText(dst []byte, v reflect.Value) ([]byte, bool) {
	dst, err := jsontext.AppendQuote(dst, v.String())
	return dst, err == nil
}
