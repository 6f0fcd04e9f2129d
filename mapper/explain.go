package mapper

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// source names what an element of the bundle was made of.
type source struct {
	event, element, attribute, enrollment, organisationUnit, user dhis2.UID
	system                                                        bool
}

// trace collects sources by the fullUrl of an entry and the path inside it. A
// nil trace collects nothing, so that mapping pays nothing for it.
type trace struct {
	trackedEntity dhis2.UID
	sources       map[string]map[string]source
}

func newTrace(te dhis2.UID) *trace {
	return &trace{trackedEntity: te, sources: map[string]map[string]source{}}
}

// entry says what a resource as a whole was made of.
func (t *trace) entry(url string, s source) { t.path(url, "", s) }

// attribute says which attribute made a part of the Patient.
func (t *trace) attribute(url, path string, uid dhis2.UID) { t.path(url, path, source{attribute: uid}) }

func (t *trace) path(url, path string, s source) {
	if t == nil {
		return
	}
	if t.sources[url] == nil {
		t.sources[url] = map[string]source{}
	}
	if _, said := t.sources[url][path]; !said {
		t.sources[url][path] = s
	}
}

// find gives the source of the longest known path that holds an element.
func (t *trace) find(url, path string) source {
	paths := t.sources[url]
	for {
		if s, ok := paths[path]; ok {
			return s
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			return paths[""]
		}
		path = path[:cut]
	}
}

// Provenance is the origin of one element of the bundle.
type Provenance struct {
	Path             string    `json:"path"` // FHIRPath in the bundle
	TrackedEntity    dhis2.UID `json:"trackedEntity,omitzero"`
	Enrollment       dhis2.UID `json:"enrollment,omitzero"`
	Event            dhis2.UID `json:"event,omitzero"`
	Element          dhis2.UID `json:"element,omitzero"`
	Attribute        dhis2.UID `json:"attribute,omitzero"`
	OrganisationUnit dhis2.UID `json:"organisationUnit,omitzero"`
	User             dhis2.UID `json:"user,omitzero"`
	SystemInfo       bool      `json:"systemInfo,omitzero"`
}

// ErrNotTraced is returned by Explain where the Mapper was not asked to keep
// what made which element.
var ErrNotTraced = errors.New("explain: the document was mapped without Config.Explain")

// Explain gives the origin of every element with a value of the encoded
// bundle, in document order. The Result must come from a Mapper with
// Config.Explain, else ErrNotTraced is returned.
func (res *Result) Explain(bundle []byte) ([]Provenance, error) {
	if res.trace == nil {
		return nil, ErrNotTraced
	}
	var out []Provenance
	var url string
	err := leaves(bundle, func(path string, value string) {
		entry, inside, ok := strings.Cut(path, ".resource.")
		if strings.HasSuffix(path, ".fullUrl") && strings.Count(path, ".") == 2 {
			url = value
		}
		s := source{}
		if ok && strings.HasPrefix(entry, "Bundle.entry[") {
			s = res.trace.find(url, inside)
		} else if strings.HasPrefix(path, "Bundle.entry[") {
			s = res.trace.find(url, "")
		}
		out = append(out, Provenance{
			Path: path, TrackedEntity: res.trace.trackedEntity, Enrollment: s.enrollment, Event: s.event, Element: s.element,
			Attribute: s.attribute, OrganisationUnit: s.organisationUnit, User: s.user, SystemInfo: s.system,
		})
	})
	return out, err
}

// leaves calls f with the FHIRPath and the text of each primitive of a
// resource, in document order.
func leaves(doc []byte, f func(path, value string)) error {
	dec := jsontext.NewDecoder(bytes.NewReader(doc))
	var walk func(path string) error
	walk = func(path string) error {
		switch dec.PeekKind() {
		case '{':
			if _, err := dec.ReadToken(); err != nil {
				return err
			}
			for dec.PeekKind() != '}' {
				name, err := dec.ReadToken()
				if err != nil {
					return err
				}
				// FHIRPath sees what stands beside a primitive (_family) as part
				// of the primitive.
				inner := path + "." + strings.TrimPrefix(name.String(), "_")
				if path == "" {
					inner = "Bundle" + inner
				}
				if err := walk(inner); err != nil {
					return err
				}
			}
		case '[':
			if _, err := dec.ReadToken(); err != nil {
				return err
			}
			for i := 0; dec.PeekKind() != ']'; i++ {
				if err := walk(path + "[" + strconv.Itoa(i) + "]"); err != nil {
					return err
				}
			}
		default:
			tok, err := dec.ReadToken()
			if err != nil {
				return err
			}
			if tok.Kind() != 'n' {
				f(path, tok.String())
			}
			return nil
		}
		_, err := dec.ReadToken()
		return err
	}
	return walk("")
}

func itoa(n int) string { return strconv.Itoa(n) }
