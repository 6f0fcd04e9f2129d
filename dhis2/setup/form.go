package setup

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// layoutWant is what a form is to hold.
type layoutWant struct {
	plugins []plugin
	initial jsontext.Value // the layout where there is none
}

// plugin is one of the plugin's fields in a form.
type plugin struct {
	field  string // verify or phn, in its address
	id     string
	name   string
	source string
	fields []mapped
	beside []dhis2.UID // it stands before the first of these, which was asked for, else before the one that the form shows first
}

// mapped leads from an attribute of the form to a name in the plugin.
type mapped struct {
	IdFromApp    string `json:"IdFromApp"`
	IdFromPlugin string `json:"IdFromPlugin"`
	ObjectType   string `json:"objectType"`
}

const attributeType = "TrackedEntityAttribute"

// errLayout says that a form's layout has not the shape that Capture reads.
var errLayout = errors.New("the layout in capture/dataEntryForms is not a list of sections with elements: mend or remove it by hand")

// formState is the state of a form's layout: whether the data store has the key,
// and the layout of the program in it.
func formState(value jsontext.Value, program dhis2.UID) (jsontext.Value, error) {
	if absent(value) {
		return encoded(map[string]any{"key": false}), nil
	}
	all := members(value)
	if all == nil {
		return nil, errors.New("capture/dataEntryForms in the data store is no object: mend or remove it by hand")
	}
	state := map[string]jsontext.Value{"key": jsontext.Value("true"), "value": value}
	if layout := all[program.String()]; !absent(layout) {
		state["layout"] = layout
	}
	return encoded(state), nil
}

// withLayout gives the value of the data store with another layout of a program;
// absent takes it out.
func withLayout(value jsontext.Value, program dhis2.UID, layout jsontext.Value) jsontext.Value {
	all := members(value)
	if all == nil {
		all = map[string]jsontext.Value{}
	}
	if absent(layout) {
		delete(all, program.String())
	} else {
		all[program.String()] = layout
	}
	return encoded(all)
}

// pluginPath is where the app's page is served, below the server's address.
const pluginPath = "/api/apps/" + AppKey + "/plugin.html"

// fieldOf tells which of our fields an element is, "" where it is another's.
func fieldOf(element jsontext.Value) string {
	m := members(element)
	u, err := url.Parse(text(m["pluginSource"]))
	if err != nil || !strings.EqualFold(text(m["type"]), "plugin") || !strings.HasSuffix(u.Path, pluginPath) {
		return ""
	}
	if f := u.Query().Get("field"); f == "verify" || f == "phn" {
		return f
	}
	return ""
}

// layout is a form taken apart. What is not changed is kept to the letter.
type layout struct {
	sections []section
}

type section struct {
	raw      jsontext.Value
	elements []jsontext.Value
	changed  bool
}

func parseLayout(v jsontext.Value) (*layout, error) {
	list, ok := elements(v)
	if !ok {
		return nil, errLayout
	}
	l := &layout{}
	for _, raw := range list {
		m := members(raw)
		es, ok := elements(m["elements"])
		if m == nil || (!ok && !absent(m["elements"])) {
			return nil, errLayout
		}
		for _, e := range es {
			if members(e) == nil {
				return nil, errLayout
			}
		}
		l.sections = append(l.sections, section{raw: raw, elements: es})
	}
	return l, nil
}

func (l *layout) value() jsontext.Value {
	out := []jsontext.Value{}
	for _, s := range l.sections {
		if s.changed {
			m := members(s.raw)
			m["elements"] = encoded(s.elements)
			s.raw = encoded(m)
		}
		out = append(out, s.raw)
	}
	return encoded(out)
}

// find gives the place of the first element that fits.
func (l *layout) find(fits func(jsontext.Value) bool) (s, e int, ok bool) {
	for i := range l.sections {
		if j := slices.IndexFunc(l.sections[i].elements, fits); j >= 0 {
			return i, j, true
		}
	}
	return 0, 0, false
}

// isOneOf tells the elements of attributes.
func isOneOf(uids []dhis2.UID) func(jsontext.Value) bool {
	return func(v jsontext.Value) bool {
		id := text(members(v)["id"])
		return slices.ContainsFunc(uids, func(u dhis2.UID) bool { return !u.IsZero() && id == u.String() })
	}
}

// merged gives a layout the plugins that it lacks, each before the field that it
// stands beside, and mends those it has. All else stays.
func merged(current jsontext.Value, want *layoutWant) (jsontext.Value, error) {
	if list, ok := elements(current); absent(current) || (ok && len(list) == 0) {
		current = want.initial
	}
	l, err := parseLayout(current)
	if err != nil {
		return nil, err
	}
	if len(l.sections) == 0 {
		return nil, errLayout
	}
	for _, p := range want.plugins {
		if s, e, ok := l.find(func(v jsontext.Value) bool { return fieldOf(v) == p.field }); ok {
			if mended := p.mended(l.sections[s].elements[e]); !equal(mended, l.sections[s].elements[e]) {
				l.sections[s].elements[e], l.sections[s].changed = mended, true
			}
			continue
		}
		// The place that was asked for, else before the first of the others.
		s, e, ok := l.find(isOneOf(p.beside[:min(1, len(p.beside))]))
		if !ok {
			s, e, _ = l.find(isOneOf(p.beside))
		}
		l.sections[s].elements = slices.Insert(l.sections[s].elements, e, p.element())
		l.sections[s].changed = true
	}
	return l.value(), nil
}

// element is the plugin as a new element of a form.
func (p *plugin) element() jsontext.Value {
	return encoded(struct {
		ID     string   `json:"id"`
		Type   string   `json:"type"`
		Name   string   `json:"name"`
		Source string   `json:"pluginSource"`
		Fields []mapped `json:"fieldMap"`
	}{p.id, "plugin", p.name, p.source, p.fields})
}

// mended brings an element that is there to what is wanted: the address, with the
// parameters that others added to it, and the fields, beside those that others
// mapped.
func (p *plugin) mended(element jsontext.Value) jsontext.Value {
	m := members(element)
	m["pluginSource"] = encoded(withParameters(p.source, text(m["pluginSource"])))
	rows, _ := elements(m["fieldMap"])
	for _, f := range p.fields {
		at := slices.IndexFunc(rows, func(r jsontext.Value) bool { return text(members(r)["IdFromPlugin"]) == f.IdFromPlugin })
		if at < 0 {
			rows = append(rows, encoded(f))
		} else if row := members(rows[at]); text(row["IdFromApp"]) != f.IdFromApp || text(row["objectType"]) != f.ObjectType {
			row["IdFromApp"], row["objectType"] = encoded(f.IdFromApp), encoded(f.ObjectType)
			rows[at] = encoded(row)
		}
	}
	m["fieldMap"] = encoded(rows)
	return encoded(m)
}

// withParameters adds to an address the parameters that an older one has beside
// its own.
func withParameters(source, older string) string {
	u, err := url.Parse(source)
	old, err2 := url.Parse(older)
	if err != nil || err2 != nil {
		return source
	}
	q, more := u.Query(), false
	for name, values := range old.Query() {
		if !q.Has(name) {
			q[name], more = values, true
		}
	}
	if !more {
		return source
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// without takes our fields out of a layout. The second result is whether there
// were any. What is no layout holds none.
func without(current jsontext.Value) (jsontext.Value, bool) {
	l, err := parseLayout(current)
	if err != nil {
		return current, false
	}
	any := false
	for i := range l.sections {
		s := &l.sections[i]
		kept := slices.DeleteFunc(slices.Clone(s.elements), func(e jsontext.Value) bool { return fieldOf(e) != "" })
		if len(kept) < len(s.elements) {
			s.elements, s.changed, any = kept, true, true
		}
	}
	if !any {
		return current, false
	}
	return l.value(), true
}

// initialLayout is the layout of a program that has none: its sections, or one
// section of its attributes in their order, but for those that are hidden.
func initialLayout(p *program, hidden []dhis2.UID) jsontext.Value {
	type element struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	}
	type one struct {
		ID       string    `json:"id"`
		Elements []element `json:"elements"`
	}
	shown := func(ids []dhis2.UID) []element {
		out := []element{}
		for _, id := range ids {
			if !slices.Contains(hidden, id) && !id.IsZero() {
				out = append(out, element{id.String(), attributeType})
			}
		}
		return out
	}
	var out []one
	for _, s := range p.Sections {
		var ids []dhis2.UID
		for _, a := range s.Attributes {
			ids = append(ids, a.ID)
		}
		out = append(out, one{s.ID.String(), shown(ids)})
	}
	if len(out) == 0 {
		// No name: Capture then shows its own, in the user's language.
		out = append(out, one{AppKey, shown(p.attributes())})
	}
	return encoded(out)
}
