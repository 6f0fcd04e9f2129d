package validate

import (
	"bytes"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/names"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/rules"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/types"
)

// reference judges a Reference: its form, the type of what it leads to, and
// where that is at hand the profile that the element asks for.
func (c *checker) reference(e *rules.Element, n int32) {
	at := c.doc.get(n, names.Reference)
	if at == 0 || c.doc.nodes[at].kind != kindString {
		return
	}
	text := c.doc.textOf(at)
	if len(text) == 0 {
		return // an empty string is an error of its own
	}
	if hasSpace(text) {
		if c.loud() {
			c.error(n, "value", "reference-form", "A reference has no white space.")
		}
		return
	}
	if text[0] != '#' && c.insideEntry() && c.entryNameless() {
		if c.loud() {
			c.error(n, "required", "full-url", "The entry needs a fullUrl, since its resource refers to others.")
		}
		return
	}
	var targets []int32
	for i := range e.Types {
		if e.Types[i].Type == types.Reference {
			targets = e.Types[i].Targets
		}
	}
	res := c.find(text)
	typ := int32(-1)
	if res >= 0 {
		typ = c.doc.resources[res].typ
	} else {
		if !c.unresolved(n, text) {
			return
		}
		typ = c.typeOfURL(text)
	}
	if c.doc.nodes[n].size > 1 {
		c.referenceType(n, typ, targets)
	}
	if len(targets) == 0 || typ < 0 {
		return
	}
	fits := false
	for _, d := range targets {
		fits = fits || c.r.descends(typ, c.r.table.Definitions[d].Type)
	}
	if !fits {
		if c.loud() {
			c.error(n, "structure", "reference-type", "A reference to %s is not allowed here.", c.r.table.Types[typ].Code)
		}
		return
	}
	if res >= 0 && !c.keepsTarget(res, typ, targets) && c.loud() {
		c.error(n, "structure", "reference-profile", "What is referred to keeps none of the profiles that are asked for here.")
	}
}

// referenceType judges Reference.type beside a reference.
func (c *checker) referenceType(n, typ int32, targets []int32) {
	at := c.doc.get(n, names.Type)
	if at == 0 || c.doc.nodes[at].kind != kindString {
		return
	}
	claimed, ok := c.r.types[string(c.doc.textOf(at))]
	if !ok {
		return
	}
	fits := len(targets) == 0
	for _, d := range targets {
		fits = fits || c.r.descends(claimed, c.r.table.Definitions[d].Type)
	}
	if (!fits || typ >= 0 && typ != claimed) && c.loud() {
		c.error(n, "structure", "reference-type", "The type of the reference is not that of its target.")
	}
}

// keepsTarget says whether a resource keeps one of the profiles of its type.
func (c *checker) keepsTarget(res, typ int32, targets []int32) bool {
	for _, d := range targets {
		x := &c.r.table.Definitions[d]
		if c.r.descends(typ, x.Type) && (!x.Profile || c.keepsProfile(res, d)) {
			return true
		}
	}
	return false
}

// unresolved judges a reference that leads nowhere in the document.
func (c *checker) unresolved(n int32, text []byte) bool {
	switch {
	case text[0] == '#':
		if c.loud() {
			c.error(n, "not-found", "ref-1", "No contained resource has this id.")
		}
		return false
	case !c.insideEntry():
		return true
	case !c.wellFormed(text):
		if c.loud() {
			c.error(n, "value", "reference-form", "A relative reference has to be Type/id, or a search.")
		}
		return false
	case c.bundle.document && c.inComposition():
		if c.loud() {
			c.error(n, "not-found", "document-reference", "A document has to hold what its Composition refers to.")
		}
		return false
	case c.bundle.transaction && bytes.HasPrefix(text, []byte("urn:")):
		// No fault of the resource: it may keep its profile all the same.
		c.remark(n, Error, "not-found", "bundle-reference", "No entry of the bundle has this fullUrl.")
		return false
	}
	return true
}

// resolve follows a Reference node to a resource of the document, or gives -1.
func (c *checker) resolve(n int32) int32 {
	at := c.doc.get(n, names.Reference)
	if at == 0 || c.doc.nodes[at].kind != kindString {
		return -1
	}
	return c.find(c.doc.textOf(at))
}

// find gives the resource of the document that a reference text names, or -1.
func (c *checker) find(text []byte) int32 {
	if len(text) == 0 || c.resource < 0 {
		return -1
	}
	holder := c.resource
	if container := c.doc.resources[holder].container; container >= 0 {
		holder = container
	}
	if text[0] != '#' {
		return c.bundle.find(c, holder, text)
	}
	if len(text) == 1 {
		if holder != c.resource {
			return holder
		}
		return -1
	}
	return c.contained.find(c, holder, text[1:])
}

// typeOfURL is the resource type that a RESTful reference names: …/Type/id.
func (c *checker) typeOfURL(text []byte) int32 {
	typ, _ := c.restful(text)
	return typ
}

// restful reads the type and id at the end of a reference, with or without
// /_history/…; the type is -1 if the text is no such URL.
func (c *checker) restful(text []byte) (typ int32, id []byte) {
	if i := bytes.Index(text, []byte("/_history/")); i >= 0 {
		text = text[:i]
	}
	slash := bytes.LastIndexByte(text, '/')
	if slash < 1 || slash == len(text)-1 || !isID(text[slash+1:]) {
		return -1, nil
	}
	id = text[slash+1:]
	text = text[:slash]
	start := bytes.LastIndexByte(text, '/') + 1
	if start > 0 && !bytes.HasPrefix(text, []byte("http://")) && !bytes.HasPrefix(text, []byte("https://")) {
		return -1, nil
	}
	at, ok := c.r.types[string(text[start:])]
	if !ok || c.r.kindOf(at) != rules.Resource {
		return -1, nil
	}
	return at, id
}
