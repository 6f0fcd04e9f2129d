package validate

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// tree is a JSON value that keeps the order of its properties, so that mutants
// are the same for the same seed.
type tree struct {
	kind    byte // {, [, ", 0, t, f, n
	raw     string
	names   []string
	members []*tree
}

// parseTree reads a JSON text that is known to be good.
func parseTree(text []byte) (*tree, error) {
	d := jsontext.NewDecoder(bytes.NewReader(text))
	return readTree(d)
}

func readTree(d *jsontext.Decoder) (*tree, error) {
	kind := d.PeekKind()
	if kind != '{' && kind != '[' {
		v, err := d.ReadValue()
		return &tree{kind: byte(kind), raw: string(v)}, err
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	t := &tree{kind: byte(kind)}
	for d.PeekKind() != '}' && d.PeekKind() != ']' {
		if kind == '{' {
			name, err := d.ReadToken()
			if err != nil {
				return nil, err
			}
			t.names = append(t.names, name.String())
		}
		m, err := readTree(d)
		if err != nil {
			return nil, err
		}
		t.members = append(t.members, m)
	}
	_, err := d.ReadToken()
	return t, err
}

func (t *tree) text() []byte {
	var b bytes.Buffer
	t.write(&b)
	return b.Bytes()
}

func (t *tree) write(b *bytes.Buffer) {
	switch t.kind {
	case '{', '[':
		b.WriteByte(t.kind)
		for i, m := range t.members {
			if i > 0 {
				b.WriteByte(',')
			}
			if t.kind == '{' {
				quoted, _ := jsontext.AppendQuote(nil, t.names[i])
				b.Write(quoted)
				b.WriteByte(':')
			}
			m.write(b)
		}
		b.WriteByte(t.kind + 2)
	default:
		b.WriteString(t.raw)
	}
}

func (t *tree) clone() *tree {
	c := &tree{kind: t.kind, raw: t.raw, names: slices.Clone(t.names)}
	for _, m := range t.members {
		c.members = append(c.members, m.clone())
	}
	return c
}

func (t *tree) get(name string) *tree {
	if i := slices.Index(t.names, name); i >= 0 {
		return t.members[i]
	}
	return nil
}

func quote(s string) *tree {
	q, _ := jsontext.AppendQuote(nil, s)
	return &tree{kind: '"', raw: string(q)}
}

// unquoted is the text of a string without escapes.
func (t *tree) unquoted() string { return strings.Trim(t.raw, `"`) }

// place is a value and where it hangs.
type place struct {
	parent *tree
	index  int
	name   string // of the property, or of the array's
	depth  int
}

func (p place) value() *tree  { return p.parent.members[p.index] }
func (p place) set(v *tree)   { p.parent.members[p.index] = v }
func (p place) inArray() bool { return p.parent.kind == '[' }
func (p place) remove() {
	p.parent.members = slices.Delete(p.parent.members, p.index, p.index+1)
	if !p.inArray() {
		p.parent.names = slices.Delete(p.parent.names, p.index, p.index+1)
	}
}

// places lists all values below t.
func places(t *tree, name string, depth int, out []place) []place {
	for i, m := range t.members {
		n := name
		if t.kind == '{' {
			n = t.names[i]
		}
		out = append(out, place{t, i, n, depth})
		out = places(m, n, depth+1, out)
	}
	return out
}

// mutator makes broken, and sometimes harmless, copies of documents.
type mutator struct {
	random *rand.Rand
	// pool holds values that stand in other documents, by property name.
	pool map[string][]*tree
}

func newMutator(seed uint64, corpus []*tree) *mutator {
	m := &mutator{random: rand.New(rand.NewPCG(seed, 7)), pool: map[string][]*tree{}}
	for _, t := range corpus {
		for _, p := range places(t, "", 0, nil) {
			if len(m.pool[p.name]) < 200 {
				m.pool[p.name] = append(m.pool[p.name], p.value())
			}
		}
	}
	return m
}

func pick[T any](m *mutator, list []T) T { return list[m.random.IntN(len(list))] }

// mutations by name; each changes the document and says how, or "" where it
// finds nothing to change.
var mutations = []struct {
	name string
	do   func(*mutator, *tree, []place) string
}{
	{"drop", (*mutator).drop},
	{"duplicate", (*mutator).duplicate},
	{"retype", (*mutator).retype},
	{"recode", (*mutator).recode},
	{"reorder", (*mutator).reorder},
	{"reference", (*mutator).reference},
	{"primitive", (*mutator).primitive},
	{"graft", (*mutator).graft},
}

// mutate gives a mutant and its name.
func (m *mutator) mutate(t *tree) ([]byte, string) {
	for {
		c := t.clone()
		x := mutations[m.random.IntN(len(mutations))]
		if how := x.do(m, c, places(c, "", 0, nil)); how != "" {
			return c.text(), x.name + " " + how
		}
	}
}

func (m *mutator) drop(_ *tree, all []place) string {
	p := pick(m, all)
	if p.name == "resourceType" {
		return ""
	}
	p.remove()
	return p.name
}

func (m *mutator) duplicate(_ *tree, all []place) string {
	p := pick(m, all)
	switch {
	case p.inArray():
		p.parent.members = slices.Insert(p.parent.members, p.index, p.value().clone())
	case p.value().kind == '[':
		return ""
	case m.random.IntN(3) == 0:
		p.set(&tree{kind: '[', members: []*tree{p.value(), p.value().clone()}})
	default:
		at := m.random.IntN(len(p.parent.names) + 1)
		p.parent.names = slices.Insert(p.parent.names, at, p.name)
		p.parent.members = slices.Insert(p.parent.members, at, p.value().clone())
	}
	return p.name
}

func (m *mutator) retype(_ *tree, all []place) string {
	p := pick(m, all)
	v := p.value()
	if p.name == "resourceType" {
		return ""
	}
	if m.random.IntN(4) == 0 && !p.inArray() {
		// value[x] under the name of another type.
		for _, base := range []string{"value", "effective", "onset", "occurrence", "medication", "deceased", "multipleBirth"} {
			if strings.HasPrefix(p.name, base) && len(p.name) > len(base) {
				kind := pick(m, []string{"String", "Quantity", "CodeableConcept", "Boolean", "Integer", "DateTime", "Period", "Reference", "Code", "Uri"})
				p.parent.names[p.index] = base + kind
				return p.name + " to " + base + kind
			}
		}
	}
	choices := []*tree{
		{kind: '0', raw: "5"}, {kind: '0', raw: "-1.5"}, {kind: 't', raw: "true"}, quote("text"), quote("2024-01-01"),
		{kind: '{', names: []string{"text"}, members: []*tree{quote("x")}}, {kind: '[', members: []*tree{v}},
		{kind: '{'}, {kind: '['}, {kind: 'n', raw: "null"},
	}
	n := pick(m, choices)
	if v.kind == '[' && len(v.members) > 0 && m.random.IntN(3) == 0 {
		n = v.members[0]
	}
	if n.kind == 'n' && p.inArray() {
		return "" // HL7's validator fails on it with an exception
	}
	p.set(n)
	return fmt.Sprintf("%s to %c", p.name, n.kind)
}

func (m *mutator) recode(_ *tree, all []place) string {
	coded := slices.DeleteFunc(all, func(p place) bool {
		switch p.name {
		case "code", "system", "status", "use", "unit", "intent", "method", "type", "gender", "mode", "valueCode", "url",
			"priority", "criticality", "profile", "language", "display":
			return p.value().kind != '"'
		}
		return true
	})
	if len(coded) == 0 {
		return ""
	}
	p := pick(m, coded)
	switch m.random.IntN(4) {
	case 0:
		p.set(quote("bogus"))
	case 1:
		p.set(quote(strings.ToUpper(p.value().unquoted())))
	case 2:
		p.set(quote(pick(m, []string{"mg", "mm[Hg]", "weeks", "kg/m2", "active", "final", "entered-in-error", "completed",
			"http://loinc.org", "http://snomed.info/sct", "http://unitsofmeasure.org", "urn:dhis2:dataElement", "8480-6"})))
	default:
		p.set(pick(m, m.pool[p.name]))
	}
	return p.name
}

func (m *mutator) reorder(_ *tree, all []place) string {
	p := pick(m, all)
	v := p.value()
	if len(v.members) < 2 {
		return ""
	}
	m.random.Shuffle(len(v.members), func(i, j int) {
		v.members[i], v.members[j] = v.members[j], v.members[i]
		if v.kind == '{' {
			v.names[i], v.names[j] = v.names[j], v.names[i]
		}
	})
	return p.name
}

func (m *mutator) reference(_ *tree, all []place) string {
	some := slices.DeleteFunc(all, func(p place) bool {
		return p.name != "reference" && p.name != "fullUrl" || p.value().kind != '"'
	})
	if len(some) == 0 {
		return ""
	}
	p := pick(m, some)
	if m.random.IntN(2) == 0 {
		p.set(pick(m, m.pool[p.name]))
	} else {
		p.set(quote(pick(m, []string{"Patient/1", "Medication/x", "Observation/1", "urn:uuid:6e9c1f0e-0000-4000-8000-0000000000aa",
			"http://example.org/fhir/Organization/2", "#none", "Practitioner/a b", "urn:uuid:nothing", "Foo/1", "Group/7"})))
	}
	return p.name
}

func (m *mutator) primitive(_ *tree, all []place) string {
	some := slices.DeleteFunc(all, func(p place) bool { return p.value().kind == '{' || p.value().kind == '[' || p.name == "resourceType" })
	p := pick(m, some)
	if v := p.value(); v.kind == '0' {
		p.set(&tree{kind: '0', raw: pick(m, []string{"-1", "0", "1.50", "1e3", "99999999999", "0.000001", "-0"})})
		return p.name + " " + p.value().raw
	}
	bad := pick(m, []string{"", " ", " x", "x ", "a  b", "2024-02-30", "2024-13-01", "2024", "2024-05", "24-01-01", "2024-01-01T10:00:00",
		"2024-01-01T10:00:00Z", "2024-01-01T25:00:00Z", "2024-01-01T10:00:00+05:30", "2024-01-01T10:00:00+15:00", "urn:uuid:ABC",
		"urn:oid:9.9", "http://a b", "not a uri", "AAA=", "AAA", "<div>x</div>", `<div xmlns="http://www.w3.org/1999/xhtml">x</div>`,
		`<div xmlns="http://www.w3.org/1999/xhtml"><script>x</script></div>`, `<div xmlns="http://www.w3.org/1999/xhtml">&nbsp;</div>`,
		"a_b", strings.Repeat("a", 70), "ශ්‍රී", "tab\there"})
	p.set(quote(bad))
	return fmt.Sprintf("%s %.20q", p.name, bad)
}

// graft puts a value of the same name from another document in its place, or
// adds a property that stands elsewhere.
func (m *mutator) graft(_ *tree, all []place) string {
	p := pick(m, all)
	if p.name == "resourceType" {
		return ""
	}
	if m.random.IntN(2) == 0 || p.value().kind != '{' {
		p.set(pick(m, m.pool[p.name]).clone())
		return p.name
	}
	other := pick(m, all)
	if other.inArray() || slices.Contains(p.value().names, other.name) || other.name == "resourceType" {
		return ""
	}
	p.value().names = append(p.value().names, other.name)
	p.value().members = append(p.value().members, other.value().clone())
	return p.name + " with " + other.name
}
