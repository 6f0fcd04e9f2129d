package claims_test

import (
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// source is an answer as eSignet gives it: claims by name or name#language.
type source map[string]any

func (s source) pick(name string, languages []string) (v any, language string, ok bool) {
	for _, l := range append(languages, "", "en", "si", "ta") {
		member := name
		if l != "" {
			member += "#" + l
		}
		if v, ok := s[member]; ok && v != "" && v != nil {
			return v, l, true
		}
	}
	return nil, "", false
}

func (s source) Value(name string, languages ...string) (jsontext.Value, bool) {
	v, _, ok := s.pick(name, languages)
	if !ok {
		return nil, false
	}
	data, err := json.Marshal(v)
	return data, err == nil
}

func (s source) Text(name string, languages ...string) (string, string, bool) {
	v, l, _ := s.pick(name, languages)
	text, ok := v.(string)
	return strings.TrimSpace(text), l, ok
}

func (s source) Address(languages ...string) map[string]string {
	v, _, _ := s.pick("address", languages)
	members, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	out := map[string]string{}
	for name := range members {
		base, _, _ := strings.Cut(name, "#")
		out[base], _, _ = source(members).Text(base, languages...)
	}
	return out
}
