package golden

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// selection says which part of the bundle a resource-level case looks at. The
// zero value is the whole bundle.
type selection struct {
	resource string // Observation
	code     string // a code that the resource must have in one of its codings
	element  string // Patient.name: that element alone
}

// readSelection reads select.txt: a resource type, of which one element may be
// named after a dot, and optionally a code, such as `Observation 8302-2`.
func readSelection(data []byte) (selection, error) {
	fields := strings.Fields(string(data))
	if len(fields) == 0 {
		if data != nil {
			return selection{}, errors.New("want a resource type, and optionally a code")
		}
		return selection{}, nil
	}
	if len(fields) > 2 {
		return selection{}, errors.New("want a resource type, and optionally a code, and no more")
	}
	var s selection
	s.resource, s.element, _ = strings.Cut(fields[0], ".")
	if len(fields) == 2 {
		s.code = fields[1]
	}
	return s, nil
}

func (s selection) all() bool { return s.resource == "" }

// apply gives the selected resources of a bundle: one as it is, none or
// several as an array.
func (s selection) apply(bundle jsontext.Value) (jsontext.Value, error) {
	doc, err := parse(bundle)
	if err != nil {
		return nil, err
	}
	var chosen []jsontext.Value
	for _, entry := range doc.member("entry").items {
		res := entry.member("resource")
		if res.member("resourceType").text() != s.resource || (s.code != "" && !res.coded(s.code)) {
			continue
		}
		chosen = append(chosen, s.part(res))
	}
	if len(chosen) == 1 {
		return chosen[0], nil
	}
	var b strings.Builder
	b.WriteByte('[')
	for i, v := range chosen {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(v)
	}
	b.WriteByte(']')
	return jsontext.Value(b.String()), nil
}

// part is the resource, or the one element of it with its companion of
// extensions (R4, section 2.6.2.3).
func (s selection) part(res *node) jsontext.Value {
	if s.element == "" {
		return res.raw
	}
	var b strings.Builder
	fmt.Fprintf(&b, `{"resourceType":%q`, s.resource)
	for _, m := range res.members {
		if m.name == s.element || m.name == "_"+s.element {
			fmt.Fprintf(&b, `,%q:%s`, m.name, m.value.raw)
		}
	}
	b.WriteByte('}')
	return jsontext.Value(b.String())
}

// coded reports whether one of the codings of the resource's own elements has
// the code.
func (n *node) coded(code string) bool {
	for _, m := range n.members {
		concepts := m.value.items
		if len(m.value.members) > 0 {
			concepts = []*node{m.value}
		}
		for _, concept := range concepts {
			for _, coding := range concept.member("coding").items {
				if coding.member("code").text() == code {
					return true
				}
			}
		}
	}
	return false
}
