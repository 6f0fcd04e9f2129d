package config

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// shape compares a tree with a Go type before it is decoded: unknown and
// duplicate keys, aliases, values of another form. The decoder of yaml/v3
// stops at the first text that is refused by an UnmarshalText, tells no column
// and no path; here every mistake has its place. What is wrong is replaced by
// an empty value, so that the rest can still be checked.
type shape struct {
	*tree
	// overlay accepts what only a map that extends another may say: extends,
	// remove, and null to take a key away.
	overlay bool
}

var textType = reflect.TypeFor[encoding.TextUnmarshaler]()

func (s *shape) check(n *yaml.Node, t reflect.Type, path string) {
	if n.Kind == yaml.AliasNode {
		s.spoil(n, t, path, "an alias: write it out, so that each place can be read by itself")
		return
	}
	if reflect.PointerTo(t).Implements(textType) {
		s.text(n, t, path)
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		s.check(n, t.Elem(), path)
	case reflect.Struct, reflect.Map:
		if n.Kind != yaml.MappingNode {
			s.spoil(n, t, path, "want a mapping of keys and values, not "+formOf(n))
			return
		}
		s.mapping(n, t, path)
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			s.spoil(n, t, path, "want a list, not "+formOf(n))
			return
		}
		for i, item := range n.Content {
			s.check(item, t.Elem(), fmt.Sprintf("%s[%d]", path, i))
		}
	case reflect.Bool:
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" {
			s.spoil(n, t, path, "want true or false")
		}
	default:
		if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
			s.spoil(n, t, path, "want a text, not "+formOf(n))
		}
	}
}

// mapping checks the keys of a struct or a map, and drops those that are not
// known or stand twice.
func (s *shape) mapping(n *yaml.Node, t reflect.Type, path string) {
	known := map[string]reflect.Type{}
	if t.Kind() == reflect.Struct {
		known = fieldsOf(t)
		if s.overlay {
			known = overlayKeys(path, known)
		}
	}
	seen := map[string]int{}
	kept := make([]*yaml.Node, 0, len(n.Content))
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		at := strings.TrimPrefix(path+"."+k.Value, ".")
		if k.Kind != yaml.ScalarNode {
			s.problem(k, path, "a key must be a text")
			continue
		}
		if first, twice := seen[k.Value]; twice {
			s.problem(k, at, fmt.Sprintf("the key stands twice, first in line %d", first))
			continue
		}
		seen[k.Value] = k.Line
		valueType := known[k.Value]
		switch {
		case t.Kind() == reflect.Map:
			valueType = t.Elem()
			if err := asText(k, t.Key()); err != nil {
				s.problem(k, at, err.Error())
				continue
			}
		case k.ShortTag() == "!!merge":
			s.problem(k, at, "a merge key: write it out, so that each place can be read by itself")
			continue
		case valueType == nil:
			s.problem(k, at, "unknown key"+suggest(k.Value, sortedKeys(known)))
			continue
		}
		if !s.overlay || v.ShortTag() != "!!null" {
			s.check(v, valueType, at)
		}
		kept = append(kept, k, v)
	}
	n.Content = kept
}

func overlayKeys(path string, known map[string]reflect.Type) map[string]reflect.Type {
	known = maps.Clone(known)
	if path == "" {
		known["extends"] = reflect.TypeFor[string]()
	} else if known["uid"] != nil {
		known["remove"] = reflect.TypeFor[bool]()
	}
	return known
}

func (s *shape) text(n *yaml.Node, t reflect.Type, path string) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		s.spoil(n, t, path, "want a text, not "+formOf(n))
		return
	}
	if err := asText(n, t); err != nil {
		s.spoil(n, t, path, err.Error())
	}
}

// spoil reports a node and puts an empty value of the wanted form in its
// place. A null would not do: yaml/v3 leaves such items out of a list, and the
// indexes of what follows would shift.
func (s *shape) spoil(n *yaml.Node, t reflect.Type, path, reason string) {
	s.problem(n, path, reason)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	empty := yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Line: n.Line, Column: n.Column}
	switch {
	case reflect.PointerTo(t).Implements(textType):
		empty.Tag = "!!null"
	case t.Kind() == reflect.Struct || t.Kind() == reflect.Map:
		empty.Kind, empty.Tag = yaml.MappingNode, "!!map"
	case t.Kind() == reflect.Slice:
		empty.Kind, empty.Tag = yaml.SequenceNode, "!!seq"
	case t.Kind() == reflect.Bool:
		empty.Tag, empty.Value = "!!bool", "false"
	}
	*n = empty
	s.spoiled[n] = true
}

// asText asks the type itself whether it takes the text of a scalar.
func asText(n *yaml.Node, t reflect.Type) error {
	if u, ok := reflect.New(t).Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(n.Value))
	}
	return nil
}

// knownFields keeps fieldsOf of each type: a map has hundreds of elements.
var knownFields sync.Map

// fieldsOf is the YAML keys of a struct with their types, not to be changed.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	if known, ok := knownFields.Load(t); ok {
		return known.(map[string]reflect.Type)
	}
	known := map[string]reflect.Type{}
	fields(t, known)
	knownFields.Store(t, known)
	return known
}

func fields(t reflect.Type, into map[string]reflect.Type) {
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if strings.Contains(options, "inline") {
			fields(f.Type, into)
			continue
		}
		into[name] = f.Type
	}
}

func formOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	if n.ShortTag() == "!!null" {
		return "nothing"
	}
	return "a single value"
}

func sortedKeys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}
