package validate

import (
	"bytes"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/names"
)

// documentRules judges a bundle of type document: its Composition's references
// are all inside, and every entry is connected with it (R4 3.3.1). Every entry
// needs a fullUrl, as in any bundle that asks a server for nothing.
func (c *checker) documentRules() {
	b := &c.bundle
	for i := range b.entries {
		if b.entries[i].fullURL == 0 && b.fullURLNeeded {
			c.error(b.entries[i].node, "required", "full-url", "The entry needs a fullUrl.")
		}
	}
	if !b.document || len(b.entries) == 0 {
		return
	}
	c.connect()
	start := b.leader(0)
	for i := range b.entries {
		if b.entries[i].resource >= 0 && b.leader(int32(i)) != start {
			c.error(b.entries[i].node, "structure", "document-orphan",
				"No way of references leads from the Composition to this entry, or back.")
		}
	}
}

// connect joins the entries that refer to each other (union-find), so that the
// cost grows with the number of references.
func (c *checker) connect() {
	b := &c.bundle
	for i := range b.entries {
		b.entries[i].leader = int32(i)
	}
	for i := range b.entries {
		e := &b.entries[i]
		if e.resource >= 0 {
			c.connectFrom(int32(i), e.resource, c.doc.resources[e.resource].node)
		}
	}
}

func (c *checker) connectFrom(entry, res, n int32) {
	for child := c.doc.nodes[n].child; child != 0; child = c.doc.nodes[child].next {
		m := &c.doc.nodes[child]
		switch {
		case m.kind == kindObject || m.kind == kindArray:
			c.connectFrom(entry, res, child)
		case m.name == names.Reference && m.kind == kindString:
			text := c.doc.textOf(child)
			if len(text) == 0 || text[0] == '#' {
				continue
			}
			if to := c.bundle.find(c, res, text); to >= 0 {
				c.bundle.join(c, entry, to)
			}
		}
	}
}

// join puts the entry of a resource into the group of an entry.
func (b *bundleIndex) join(c *checker, entry, to int32) {
	url := c.doc.get(c.doc.resources[to].entry, names.FullUrl)
	if e := b.lookup(c, c.doc.textOf(url)); e != nil {
		b.entries[b.leader(e.position)].leader = b.leader(entry)
	}
}

// leader is the entry that stands for a group; ways are halved as they are used.
func (b *bundleIndex) leader(i int32) int32 {
	for b.entries[i].leader != i {
		b.entries[i].leader = b.entries[b.entries[i].leader].leader
		i = b.entries[i].leader
	}
	return i
}

// wellFormed says whether a relative reference is Type/id, with a version or
// without, or a search. Inside a bundle nothing else can be resolved.
func (c *checker) wellFormed(text []byte) bool {
	if text[0] == '#' || absolute(text) {
		return true
	}
	if typ, _, search := bytes.Cut(text, []byte("?")); search {
		at, ok := c.r.types[string(typ)]
		return ok && c.isResourceType(at)
	}
	parts := bytes.Split(text, []byte("/"))
	for _, p := range parts {
		if len(p) == 0 {
			return false
		}
	}
	return len(parts) == 2 || len(parts) == 4 && string(parts[2]) == "_history"
}
