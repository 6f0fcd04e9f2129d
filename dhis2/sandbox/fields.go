package sandbox

import (
	"strings"

	"github.com/go-json-experiment/json"
)

// fieldTree is a parsed field filter: "*", "a,b[c,d[*]]", "*,!x".
type fieldTree struct {
	all     bool
	only    map[string]*fieldTree // nil value: the whole member
	exclude map[string]bool
}

// parseFields reads a field filter. The presets that DHIS2 knows (":all",
// ":owner", …) are taken for "*".
func parseFields(s string) (*fieldTree, bool) {
	t, rest, ok := parseFieldList(s)
	return t, ok && rest == ""
}

func parseFieldList(s string) (t *fieldTree, rest string, ok bool) {
	t = &fieldTree{only: map[string]*fieldTree{}, exclude: map[string]bool{}}
	for {
		n := strings.IndexAny(s, ",[]")
		if n < 0 {
			n = len(s)
		}
		name := strings.TrimSpace(s[:n])
		s = s[n:]
		var below *fieldTree
		if strings.HasPrefix(s, "[") {
			if below, s, ok = parseFieldList(s[1:]); !ok || !strings.HasPrefix(s, "]") {
				return nil, "", false
			}
			s = s[1:]
		}
		switch {
		case name == "":
		case name == "*" || name[0] == ':':
			t.all = true
		case name[0] == '!':
			t.exclude[name[1:]] = true
		default:
			t.only[name] = below
		}
		if !strings.HasPrefix(s, ",") {
			return t, s, true
		}
		s = s[1:]
	}
}

// wants reports whether a member will be printed, and the filter below it. A
// nil filter wants everything.
func (t *fieldTree) wants(name string) (below *fieldTree, wanted bool) {
	if t == nil {
		return nil, true
	}
	below, named := t.only[name]
	return below, !t.exclude[name] && (named || t.all)
}

// apply keeps what the filter names. Arrays are filtered element by element.
func (t *fieldTree) apply(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = t.apply(e)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for name, member := range v {
			below, wanted := t.wants(name)
			switch {
			case !wanted:
			case below != nil:
				out[name] = below.apply(member)
			default:
				out[name] = member
			}
		}
		return out
	}
	return v
}

// filtered applies a field filter of a request; "" keeps everything.
func filtered(v any, fields string) (any, *problem) {
	if fields == "" || fields == "*" {
		return v, nil
	}
	t, ok := parseFields(fields)
	if !ok {
		return nil, bad("fields: brackets do not match")
	}
	return t.apply(v), nil
}

// asMap turns a document into members, as JSON has them.
func asMap(v any) map[string]any {
	var m map[string]any
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		// The documents of package dhis2 encode unless their strings are not
		// UTF-8, which Put and the import refuse.
		panic("dhis2/sandbox: " + err.Error())
	}
	return m
}
