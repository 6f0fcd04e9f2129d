package validate

import (
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/names"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/rules"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/types"
)

// extension judges an extension: by its definition where the table has one,
// else as FHIR's base type. An extension that nobody defined here is only
// remarked on: another system may well know it.
func (c *checker) extension(element int32, e *rules.Element, n int32) {
	url := c.doc.property(n, names.Url)
	if value, inner := c.doc.choice(c.r, n, "value") != 0, c.doc.has(n, names.Extension); value == inner && c.loud() {
		c.error(n, "invariant", "ext-1", "An extension has a value or extensions, not both.")
	}
	definition, known := c.r.definitions[string(url)]
	if known && c.r.table.Definitions[definition].Type != types.Extension {
		known = false
	}
	if !known {
		c.children(n, element, types.Extension)
		c.unknownExtension(e, n, url)
		return
	}
	if len(e.Children) > 0 {
		c.children(n, element, types.Extension)
	}
	outer := c.profile
	c.profile = definition
	root := c.r.table.Definitions[definition].Root
	c.children(n, root, types.Extension)
	c.constraints(n, &c.r.table.Elements[root])
	if contexts := c.r.table.Definitions[definition].Contexts; len(contexts) > 0 && c.probing == 0 && !c.mayStand(n, contexts) {
		c.errored++
		c.issues = append(c.issues, Issue{
			Severity: Error, Code: "structure", Location: c.location(n), Rule: "extension-context",
			Profile: c.r.table.Definitions[definition].URL, Diagnostics: "The extension may not stand on this element.",
		})
	}
	c.profile = outer
}

// unknownExtension: inside a complex extension the URL is a name, which the
// definition's slices judge; elsewhere it has to be absolute.
func (c *checker) unknownExtension(e *rules.Element, n int32, url []byte) {
	if url == nil {
		return
	}
	if absolute(url) {
		c.remark(n, Information, "informational", "extension-unknown", "No definition of this extension is at hand.")
		return
	}
	if !c.insideExtension(n) && c.loud() {
		c.error(n, "value", "extension-url", "The url of an extension has to be absolute.")
	}
}

// insideExtension says whether the extension stands in another.
func (c *checker) insideExtension(n int32) bool {
	path := c.trail(n)
	for i := len(path) - 2; i >= 0; i-- {
		m := &c.doc.nodes[path[i]]
		if m.kind == kindArray {
			continue
		}
		return m.flags&flagItem != 0 && i > 0 && c.doc.nodes[path[i-1]].name == names.Extension
	}
	return false
}

// mayStand says whether an extension's place is one of those that its definition
// names: an element of some type, or of some path.
func (c *checker) mayStand(n int32, contexts []rules.Context) bool {
	path, kinds := c.elementPath(n)
	for _, x := range contexts {
		if x.Kind != "element" {
			// The archive has only contexts of kind element.
			return true
		}
		for _, p := range path {
			if p == x.Expression {
				return true
			}
		}
		for _, t := range kinds {
			for ; t >= 0; t = c.r.table.Types[t].Parent {
				if c.r.table.Types[t].Code == x.Expression {
					return true
				}
			}
		}
	}
	return false
}
