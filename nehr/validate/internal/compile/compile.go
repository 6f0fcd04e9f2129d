package compile

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/rules"
)

// Made is what an archive gives: the encoded rule table, compressed by gzip, and
// the Go source of the packages names and types.
type Made struct {
	Rules []byte
	Names []byte
	Types []byte
}

// Files are the texts by their paths below nehr/validate, with slashes.
func (m *Made) Files() map[string][]byte {
	return map[string][]byte{
		"rules.bin.gz":            m.Rules,
		"internal/names/names.go": m.Names,
		"internal/types/types.go": m.Types,
	}
}

// Archive compiles an archive (gzip, tar) of definitions. The same archive
// always gives the same bytes.
func Archive(archive []byte) (*Made, error) {
	s, err := read(archive)
	if err != nil {
		return nil, err
	}
	c := &compiler{
		source: s, table: &rules.Table{Archive: s.hash},
		names: map[string]int32{}, types: map[string]int32{}, definitions: map[string]int32{},
		interned: map[string]int32{}, internedSlices: map[string]int32{}, values: map[string]int32{},
		valueSets: map[string]int32{}, systems: map[string]int32{}, constraints: map[string]int32{},
		content: map[string][]int32{}, baseNodes: map[string]int32{},
	}
	if err := c.all(); err != nil {
		return nil, err
	}
	names, types, err := c.constants()
	if err != nil {
		return nil, err
	}
	encoded, err := compressed(c.table.Encode())
	if err != nil {
		return nil, err
	}
	return &Made{Rules: encoded, Names: names, Types: types}, nil
}

// compressed takes a third of the room in the binary.
func compressed(text []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}

// compiler fills the table.
type compiler struct {
	*source
	table          *rules.Table
	names          map[string]int32
	types          map[string]int32
	definitions    map[string]int32
	bases          map[string]*structure // by type
	interned       map[string]int32
	internedSlices map[string]int32
	values         map[string]int32
	valueSets      map[string]int32
	systems        map[string]int32
	constraints    map[string]int32
	expressions    map[string]map[string]bool
	// content lists, by path, the elements that wait for that path's index.
	content   map[string][]int32
	baseNodes map[string]int32 // index by path, of base definitions
}

func (c *compiler) all() error {
	c.bases = map[string]*structure{}
	for i, d := range c.structures {
		c.definitions[d.URL] = int32(i)
		if d.Derivation != "constraint" {
			c.bases[d.Type] = d
		}
	}
	c.collectNames()
	c.collectTypes()
	c.collectCodes()
	c.collectConstraints()
	c.table.Definitions = make([]rules.Definition, len(c.structures))
	// Base definitions come first: elements that take another's content need
	// its index.
	for pass := range 2 {
		for i, d := range c.structures {
			if (d.Derivation == "constraint") != (pass == 1) {
				continue
			}
			root, err := c.element(d, d.root)
			if err != nil {
				return fmt.Errorf("%s: %w", d.URL, err)
			}
			c.table.Definitions[i] = c.definition(d, root)
		}
	}
	for path, waiting := range c.content {
		at, ok := c.baseNodes[path]
		if !ok {
			return fmt.Errorf("contentReference to %s, which is nowhere", path)
		}
		for _, e := range waiting {
			c.table.Elements[e].Content = at
		}
	}
	for i := range c.table.Types {
		t := &c.table.Types[i]
		if t.Definition != rules.None {
			t.Root = c.table.Definitions[t.Definition].Root
		}
	}
	return nil
}

func (c *compiler) definition(d *structure, root int32) rules.Definition {
	out := rules.Definition{
		URL: d.URL, Name: d.Name, Version: d.Version, Pack: d.pack, Profile: d.Derivation == "constraint",
		Abstract: d.Abstract, Type: c.types[d.Type], Root: root,
	}
	for _, x := range d.Context {
		out.Contexts = append(out.Contexts, rules.Context{Kind: x.Type, Expression: x.Expression})
	}
	return out
}

// element gives the index of the element with all below it.
func (c *compiler) element(d *structure, n *node) (int32, error) {
	e := rules.Element{
		Name: c.names[n.name], Min: uint16(n.Min), Max: rules.Unlimited,
		Fixed: rules.None, Pattern: rules.None, MaxLength: rules.None, Content: rules.None,
		Minimum: n.MinValueInteger, Maximum: n.MaxValueInteger, Binding: rules.Binding{ValueSet: rules.None},
	}
	root := !strings.Contains(n.Path, ".")
	if root {
		// The root's own name is the type's; its cardinality is that of the
		// place where it stands.
		e.Name = 0
	}
	if n.Max != "*" {
		most, err := strconv.Atoi(n.Max)
		if err != nil {
			return 0, fmt.Errorf("%s: max: %w", n.ID, err)
		}
		e.Max = uint16(most)
	}
	if n.list() && !root {
		e.Flags |= rules.List
	}
	if n.choice {
		e.Flags |= rules.Choice
	}
	if n.partial() {
		e.Flags |= rules.Partial
	}
	if n.MaxLength != nil {
		e.MaxLength = *n.MaxLength
	}
	if err := c.typeRefs(n, &e); err != nil {
		return 0, err
	}
	for key, value := range n.Rest {
		switch {
		case strings.HasPrefix(key, "fixed"):
			e.Fixed = c.value(string(value))
		case strings.HasPrefix(key, "pattern"):
			e.Pattern = c.value(string(value))
		}
	}
	c.binding(n, &e)
	for _, x := range n.Constraint {
		if kept(x.Severity, x.Key) {
			e.Constraints = append(e.Constraints, c.constraint(x.Key, x.Expression, x.Human, n.Path))
		}
	}
	slices.Sort(e.Constraints)
	e.Constraints = slices.Compact(e.Constraints)
	for _, child := range n.children {
		at, err := c.element(d, child)
		if err != nil {
			return 0, err
		}
		e.Children = append(e.Children, at)
	}
	if err := c.slicing(d, n, &e); err != nil {
		return 0, err
	}
	at := c.intern(e, n.content)
	if d.Derivation != "constraint" {
		c.baseNodes[n.Path] = at
	}
	return at, nil
}

// intern gives the index of an element that is alike, and adds it if there is
// none yet.
func (c *compiler) intern(e rules.Element, content string) int32 {
	key := fmt.Sprint(e.Name, e.Min, e.Max, e.Flags, e.Types, e.Fixed, e.Pattern, e.MaxLength, number(e.Minimum),
		number(e.Maximum), e.Binding, e.Constraints, e.Children, e.Slicing, e.Slices, content)
	if at, ok := c.interned[key]; ok {
		return at
	}
	at := int32(len(c.table.Elements))
	c.table.Elements = append(c.table.Elements, e)
	c.interned[key] = at
	if content != "" {
		c.content[content] = append(c.content[content], at)
	}
	return at
}

func number(v *int32) string {
	if v == nil {
		return "-"
	}
	return strconv.Itoa(int(*v))
}

func (c *compiler) value(text string) int32 {
	at, ok := c.values[text]
	if !ok {
		at = int32(len(c.table.Values))
		c.values[text] = at
		c.table.Values = append(c.table.Values, text)
	}
	return at
}

// canonical is a URL without its version.
func canonical(url string) string {
	url, _, _ = strings.Cut(url, "|")
	return url
}

func (c *compiler) typeRefs(n *node, e *rules.Element) error {
	for _, t := range n.Type {
		code := t.Code
		if strings.HasPrefix(code, "http://hl7.org/fhirpath/") {
			code = "string"
			for _, x := range t.Extension {
				if strings.HasSuffix(x.URL, "structuredefinition-fhir-type") {
					code = x.ValueURL
				}
			}
			// A resource's id is an id, whatever the definitions of 4.0.1 say.
			if n.name == "id" && strings.Count(n.Path, ".") == 1 {
				if base := c.bases[n.Path[:strings.IndexByte(n.Path, '.')]]; base != nil && base.Kind == "resource" {
					code = "id"
				}
			}
		}
		at, ok := c.types[code]
		if !ok {
			return fmt.Errorf("%s: type %s is not in the archive", n.ID, code)
		}
		ref := rules.TypeRef{Type: at}
		for _, list := range []struct {
			urls []string
			to   *[]int32
		}{{t.Profile, &ref.Profiles}, {t.TargetProfile, &ref.Targets}} {
			for _, url := range list.urls {
				d, ok := c.definitions[canonical(url)]
				if !ok {
					return fmt.Errorf("%s: profile %s is not in the archive", n.ID, url)
				}
				*list.to = append(*list.to, d)
			}
		}
		e.Types = append(e.Types, ref)
	}
	return nil
}
