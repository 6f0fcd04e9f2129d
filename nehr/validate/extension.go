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
	if value, inner := c.doc.choice(c.r, n, names.Value) != 0, c.doc.has(n, names.Extension); value == inner && c.loud() {
		c.error(n, "invariant", "ext-1", "An extension has a value or extensions, not both.")
	}
	definition, known := c.r.definitions[string(url)]
	if known && c.r.table.Definitions[definition].Type != types.Extension {
		known = false
	}
	if !known {
		c.children(n, element, types.Extension)
		c.unknownExtension(n, url)
		return
	}
	if len(e.Children) > 0 {
		c.children(n, element, types.Extension)
	}
	outer := c.profile
	c.profile = definition
	root := c.r.table.Definitions[definition].Root
	c.children(n, root, types.Extension)
	c.constraints(n, &c.elements[root])
	if contexts := c.r.table.Definitions[definition].Contexts; len(contexts) > 0 && !c.mayStand(contexts) && c.loud() {
		c.error(n, "structure", "extension-context", "The extension may not stand on this element.")
	}
	c.profile = outer
}

// unknownExtension: inside a complex extension the URL is a name, which the
// definition's slices judge; elsewhere it has to be absolute.
func (c *checker) unknownExtension(n int32, url []byte) {
	if url == nil {
		return
	}
	if absolute(url) {
		c.remark(n, Information, "informational", "extension-unknown", "No definition of this extension is at hand.")
		return
	}
	if c.stack[len(c.stack)-1].typ != types.Extension && c.loud() {
		c.error(n, "value", "extension-url", "The url of an extension has to be absolute.")
	}
}

// mayStand says whether the object that is being walked is one of the places
// that an extension's definition names: an element of some type, or of some
// path from a type that lies around it.
func (c *checker) mayStand(contexts []rules.Context) bool {
	for _, x := range contexts {
		if x.Kind != "element" {
			return true // the archive has none
		}
		for t := c.stack[len(c.stack)-1].typ; t >= 0; t = c.r.table.Types[t].Parent {
			if c.r.table.Types[t].Code == x.Expression {
				return true
			}
		}
	}
	path := ""
	for i := len(c.stack) - 1; i >= 0; i-- {
		f := c.stack[i]
		for _, x := range contexts {
			if path != "" && x.Expression == c.r.table.Types[f.typ].Code+path {
				return true
			}
		}
		if c.r.kindOf(f.typ) == rules.Resource {
			return false
		}
		name := c.r.table.Names[c.doc.nodes[f.node].name]
		if name.Base != "" {
			path = "." + name.Base + "[x]" + path
		} else {
			path = "." + name.Text + path
		}
	}
	return false
}
