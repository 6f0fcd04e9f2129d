package config

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/viper"
	"go.yaml.in/yaml/v3"
)

// SettingsError holds every mistake of the settings. It never shows a value.
type SettingsError struct{ Problems []SettingProblem }

// SettingProblem is one mistake of a setting.
type SettingProblem struct {
	Key    string // such as nehr.url; "" for the whole file
	Place  string // file:line:column, or the environment variable; "" when it stands nowhere
	Reason string // what is wrong and the cure
}

func (p SettingProblem) String() string {
	parts := make([]string, 0, 3)
	for _, s := range []string{p.Place, p.Key, p.Reason} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ": ")
}

func (e *SettingsError) Error() string {
	lines := []string{fmt.Sprintf("settings: %d to mend", len(e.Problems))}
	for _, p := range e.Problems {
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n\t")
}

// maxSettingsSize bounds the file and each secret, in bytes.
const maxSettingsSize = 1 << 20

// Load reads the YAML file at path ("" for none), then the environment in the
// form of os.Environ, which wins, then the files of secrets. The error is a
// *SettingsError with every mistake. What a command demands beyond that, its
// For… method checks.
func Load(path string, environ []string) (*Settings, error) {
	l := &loader{values: map[string]value{}}
	if path != "" {
		l.file(path)
	}
	l.environment(environ)
	l.secrets()
	l.forms()
	if len(l.problems) > 0 {
		// What follows compares settings with each other and would only
		// repeat what is already wrong.
		return nil, &SettingsError{l.problems}
	}
	s, err := l.decode()
	if err != nil {
		return nil, err
	}
	if s.Ledger.URL == "" {
		s.Ledger.URL = Secret(filepath.Join(s.DataDir, "nehrbridge.db"))
	}
	if _, s.Metrics.Given = l.values["metrics.listen"]; s.Metrics.Listen == off {
		s.Metrics.Listen = ""
	}
	s.DHIS2.URL = strings.TrimRight(s.DHIS2.URL, "/")
	s.NEHR.URL = strings.TrimRight(s.NEHR.URL, "/")
	if problems := s.contradictions(); len(problems) > 0 {
		for i := range problems {
			problems[i].Place = l.values[problems[i].Key].place
		}
		return nil, &SettingsError{problems}
	}
	return s, nil
}

// value is what a source says of a key.
type value struct {
	text  string
	list  []string // of a list
	place string
}

type loader struct {
	values   map[string]value
	problems []SettingProblem
}

func (l *loader) problem(name, place, reason string) {
	l.problems = append(l.problems, SettingProblem{Key: name, Place: place, Reason: reason})
}

// file reads keys with their places. viper alone would tell neither, would
// lower-case unknown keys and take a list for a text.
func (l *loader) file(path string) {
	data, err := readBounded(path)
	if err != nil {
		l.problem("", path, "cannot be read: "+reason(err))
		return
	}
	l.yaml(path, data)
}

func (l *loader) yaml(path string, data []byte) {
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		l.problem("", path, "not YAML: "+strings.TrimPrefix(err.Error(), "yaml: "))
		return
	}
	if len(document.Content) > 0 {
		l.walk(path, "", document.Content[0], allKeys())
	}
}

func (l *loader) walk(path, prefix string, n *yaml.Node, known map[string]key) {
	place := func(n *yaml.Node) string { return fmt.Sprintf("%s:%d:%d", path, n.Line, n.Column) }
	if n.Kind != yaml.MappingNode {
		l.problem(strings.TrimSuffix(prefix, "."), place(n), "want keys with values")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		name := prefix + k.Value
		setting, isKey := known[name]
		_, twice := l.values[name]
		switch {
		case twice:
			l.problem(name, place(k), "the key stands twice")
		case isKey && v.Kind == yaml.ScalarNode && setting.form != listForm:
			if v.ShortTag() == "!!null" {
				l.problem(name, place(k), "has no value: give one or delete the line")
				continue
			}
			l.values[name] = value{text: v.Value, place: place(v)}
		case isKey && setting.form == listForm && v.Kind == yaml.SequenceNode:
			l.list(name, v, place)
		case isKey && setting.form == listForm:
			l.problem(name, place(v), "want a list")
		case isKey:
			l.problem(name, place(v), "want a single value")
		case isGroup(name, known) && v.Kind == yaml.MappingNode:
			l.walk(path, name+".", v, known)
		case isGroup(name, known):
			l.problem(name, place(v), "want the keys below "+name)
		default:
			l.problem(name, place(k), "unknown key"+suggest(name, sortedKeys(known)))
		}
	}
}

func (l *loader) list(name string, n *yaml.Node, place func(*yaml.Node) string) {
	list := []string{}
	for _, item := range n.Content {
		if item.Kind != yaml.ScalarNode || item.Value == "" {
			l.problem(name, place(item), "want a list of texts")
			return
		}
		list = append(list, item.Value)
	}
	l.values[name] = value{list: list, place: place(n)}
}

func isGroup(name string, known map[string]key) bool {
	for k := range known {
		if strings.HasPrefix(k, name+".") {
			return true
		}
	}
	return false
}

// environment takes the variables of the known keys. One that differs from a
// known one by a slip is a mistake; others, such as those that Kubernetes sets
// for a service of this name, are not ours.
func (l *loader) environment(environ []string) {
	byVariable := map[string]string{}
	for name := range allKeys() {
		byVariable[environment(name)] = name
	}
	for _, e := range environ {
		variable, text, _ := strings.Cut(e, "=")
		name, known := byVariable[variable]
		switch {
		case known && text != "":
			v := value{text: text, place: variable}
			if allKeys()[name].form == listForm {
				v.list = strings.Split(text, ",")
			}
			l.values[name] = v
		case !known && strings.HasPrefix(variable, envPrefix):
			if near := suggest(variable, sortedKeys(byVariable)); near != "" && edits(variable, strings.TrimSuffix(strings.TrimPrefix(near, ": did you mean "), "?")) <= 2 {
				l.problem("", variable, "unknown variable"+near)
			}
		}
	}
}

// decode hands the values to viper, which holds defaults and types. The
// environment was read before, so that a test needs none of the process.
func (l *loader) decode() (*Settings, error) {
	v := viper.New()
	for _, k := range keys {
		if k.initial != "" {
			v.SetDefault(k.name, k.initial)
		}
	}
	for name, set := range l.values {
		if set.list != nil {
			v.Set(name, set.list)
		} else {
			v.Set(name, set.text)
		}
	}
	s := &Settings{}
	if err := v.UnmarshalExact(s); err != nil {
		return nil, &SettingsError{[]SettingProblem{{Reason: err.Error()}}}
	}
	return s, nil
}
