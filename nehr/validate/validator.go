package validate

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/names"
)

// Config of a Validator. The zero value is ready for use.
type Config struct {
	// Overlays names sets of rules that differ from the published guide. See
	// the constants that begin with Overlay. Defaults to none.
	Overlays []string
	// MaxBytes is the longest text that is read, in bytes. Defaults to 64 MiB.
	MaxBytes int
	// MaxDepth is how many objects and arrays may lie in each other. Defaults
	// to 100.
	MaxDepth int
}

const (
	defaultMaxBytes = 64 << 20
	defaultMaxDepth = 100
	// greatest is where positions in a text stop fitting.
	greatest = 1<<31 - 1
)

// Validator judges FHIR R4 resources. It may be used by several goroutines at
// once, and does no I/O.
type Validator struct {
	maxBytes, maxDepth int
	overlays           []overlay
}

// New makes a Validator. It costs nothing: the rules are read when the first
// resource is judged. An unknown overlay is an error that names those known.
func New(cfg Config) (*Validator, error) {
	v := &Validator{maxBytes: cfg.MaxBytes, maxDepth: cfg.MaxDepth}
	if v.maxBytes == 0 {
		v.maxBytes = defaultMaxBytes
	}
	if v.maxDepth == 0 {
		v.maxDepth = defaultMaxDepth
	}
	var wrong []string
	if v.maxBytes < 0 || v.maxBytes > greatest {
		wrong = append(wrong, fmt.Sprintf("MaxBytes has to be between 1 and %d", greatest))
	}
	if v.maxDepth < 0 {
		wrong = append(wrong, "MaxDepth has to be positive")
	}
	for _, name := range cfg.Overlays {
		i := slices.IndexFunc(overlays, func(o overlay) bool { return o.name == name })
		if i < 0 {
			wrong = append(wrong, fmt.Sprintf("unknown overlay %q, known: %s", name, strings.Join(overlayNames(), ", ")))
			continue
		}
		v.overlays = append(v.overlays, overlays[i])
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("validate: %s", strings.Join(wrong, "; "))
	}
	return v, nil
}

// Validate judges a resource or bundle, written as JSON: by the base definition
// of its type, or by the profiles in meta.profile, of it and of every resource
// inside; and by the profiles named here, as canonical URLs. It never fails:
// what cannot be read gives an issue of severity fatal.
func (v *Validator) Validate(data []byte, profiles ...string) *Outcome {
	if len(data) > v.maxBytes {
		return refused("too-long", "size", fmt.Sprintf("The text is longer than %d bytes.", v.maxBytes))
	}
	r := load()
	c := checkers.Get().(*checker)
	defer c.release()
	c.r, c.v, c.elements, c.resource, c.profile = r, v, r.table.Elements, -1, -1
	// Some writers put a byte order mark in front; it carries nothing.
	text := bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))
	if f := c.doc.parse(text, r.names, v.maxDepth); f != nil {
		line, column := c.position(f.at)
		return refused("structure", "json", fmt.Sprintf("Line %d, column %d: %s.", line, column, f.why))
	}
	c.prepare()
	root := c.doc.nodes[0].resource
	if root < 0 {
		return refused("structure", "resource-type", "A resource needs the property resourceType.")
	}
	if c.doc.resources[root].typ < 0 {
		return refused("structure", "resource-type", "FHIR R4 has no resource of this type.")
	}
	c.judge(root)
	for _, url := range profiles {
		c.asked(root, url)
	}
	c.entries()
	return &Outcome{Issues: distinct(c.issues)}
}

// release gives the checker back. Memory that one huge text needed is not kept.
func (c *checker) release() {
	const keep = 1 << 18
	c.doc.text, c.issues, c.errored, c.probing, c.failed = nil, nil, 0, 0, false
	c.memos, c.stack, c.withheld, c.place = c.memos[:0], c.stack[:0], 0, textPlace{}
	if cap(c.doc.nodes) <= keep {
		checkers.Put(c)
	}
}

func refused(code, rule, text string) *Outcome {
	return &Outcome{Issues: []Issue{{Severity: Fatal, Code: code, Rule: rule, Diagnostics: text}}}
}

// judge holds a resource to the profiles that it claims, or to its base.
func (c *checker) judge(res int32) {
	r := &c.doc.resources[res]
	claimed := false
	if meta := c.doc.get(r.node, names.Meta); meta != 0 && c.doc.nodes[meta].kind == kindObject {
		if list := c.doc.get(meta, names.Profile); list != 0 && c.doc.nodes[list].kind == kindArray {
			for n := c.doc.nodes[list].child; n != 0; n = c.doc.nodes[n].next {
				if c.doc.nodes[n].kind == kindString {
					claimed = c.claim(res, n) || claimed
				}
			}
		}
	}
	// A profile's snapshot has every rule of its base.
	if !claimed {
		c.demand(res, c.r.table.Types[r.typ].Definition)
	}
	if container := c.doc.resources[res].container; container >= 0 && !c.doc.has(r.node, names.Id) && c.loud() {
		c.error(r.node, "required", "contained-id", "A contained resource needs an id.")
	}
}

// claim holds a resource to a profile that it claims; it says whether the
// profile is one of the resource's type.
func (c *checker) claim(res, n int32) bool {
	definition, ok := c.canonical(c.doc.textOf(n))
	if !ok {
		if c.loud() {
			c.error(n, "not-found", "profile-unknown", "The profile is not known.")
		}
		return false
	}
	c.demand(res, definition)
	return c.r.descends(c.doc.resources[res].typ, c.r.table.Definitions[definition].Type) &&
		!c.r.table.Definitions[definition].Abstract
}

// asked holds the root to a profile that the caller names.
func (c *checker) asked(root int32, url string) {
	definition, ok := c.canonical([]byte(url))
	if !ok {
		c.error(0, "not-found", "profile-unknown", "The profile that was asked for is not known.")
		return
	}
	c.demand(root, definition)
}

// canonical finds a definition by its URL; a version has to be the one at hand.
func (c *checker) canonical(url []byte) (int32, bool) {
	url, version, versioned := bytes.Cut(url, []byte("|"))
	at, ok := c.r.definitions[string(url)]
	if ok && versioned && string(version) != c.r.table.Definitions[at].Version {
		return 0, false
	}
	return at, ok
}

// distinct drops issues that several profiles raised alike.
func distinct(issues []Issue) []Issue {
	if len(issues) < 2 {
		return issues
	}
	type key struct{ location, rule, text string }
	seen := make(map[key]bool, len(issues))
	return slices.DeleteFunc(issues, func(i Issue) bool {
		k := key{i.Location, i.Rule, i.Diagnostics}
		had := seen[k]
		seen[k] = true
		return had
	})
}
