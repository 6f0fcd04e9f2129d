package setup

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// absent tells what is not there; a record writes it as null.
func absent(v jsontext.Value) bool {
	return len(v) == 0 || v.Kind() == 'n'
}

// equal compares JSON: the order of members does not count, that of arrays does.
func equal(a, b jsontext.Value) bool {
	if absent(a) || absent(b) {
		return absent(a) && absent(b)
	}
	a, b = slices.Clone(a), slices.Clone(b)
	return a.Canonicalize() == nil && b.Canonicalize() == nil && bytes.Equal(a, b)
}

// encoded is v as JSON; only types of this package get here.
func encoded(v any) jsontext.Value {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic("dhis2/setup: " + err.Error())
	}
	return b
}

// members takes an object apart; anything else has none.
func members(v jsontext.Value) map[string]jsontext.Value {
	var m map[string]jsontext.Value
	if v.Kind() != '{' || json.Unmarshal(v, &m) != nil {
		return nil
	}
	return m
}

// elements takes an array apart.
func elements(v jsontext.Value) (list []jsontext.Value, ok bool) {
	if v.Kind() != '[' {
		return nil, false
	}
	return list, json.Unmarshal(v, &list) == nil
}

// within reports whether all that is wanted is in what was found: each member of
// an object, each element of an array wherever it stands, scalars alike.
func within(want, found jsontext.Value) bool {
	switch {
	case absent(want):
		return true
	case absent(found):
		return false
	case want.Kind() == '{':
		has := members(found)
		for name, v := range members(want) {
			if !within(v, has[name]) {
				return false
			}
		}
		return true
	case want.Kind() == '[':
		wanted, _ := elements(want)
		list, ok := elements(found)
		return ok && !slices.ContainsFunc(wanted, func(w jsontext.Value) bool {
			return !slices.ContainsFunc(list, func(f jsontext.Value) bool { return within(w, f) })
		})
	}
	return equal(want, found)
}

// sets orders every array by its elements: what metadata lists is a set, which
// DHIS2 prints in any order.
func sets(v jsontext.Value) jsontext.Value {
	switch v.Kind() {
	case '{':
		m := members(v)
		for name, e := range m {
			m[name] = sets(e)
		}
		return encoded(m)
	case '[':
		list, _ := elements(v)
		for i, e := range list {
			list[i] = sets(e)
		}
		slices.SortFunc(list, func(a, b jsontext.Value) int { return bytes.Compare(a, b) })
		return encoded(list)
	}
	return v
}

// text is a JSON string, or "".
func text(v jsontext.Value) string {
	var s string
	if v.Kind() != '"' || json.Unmarshal(v, &s) != nil {
		return ""
	}
	return s
}
