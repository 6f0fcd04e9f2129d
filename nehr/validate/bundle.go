package validate

import (
	"bytes"
	"hash/maphash"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/names"
	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/types"
)

// urlSeed makes the hash of fullUrls one that nobody can aim at.
var urlSeed = maphash.MakeSeed()

// bundleIndex finds the entries of the root bundle by fullUrl. It is a hash
// table in memory that is reused, so that a bundle's cost grows with its size.
type bundleIndex struct {
	transaction bool // transaction or batch
	document    bool
	// fullURLNeeded: each entry says under which URL its resource is known.
	fullURLNeeded bool
	entries       []bundleEntry
	slots         []int32 // index into entries + 1
}

type bundleEntry struct {
	node     int32
	fullURL  int32 // node, 0 if there is none
	resource int32 // -1 if there is none
	twice    bool  // another entry has the same fullUrl
	position int32 // in the bundle
	leader   int32 // see connect
}

// prepare fills in what the scan could not know: types, containers, entries.
func (c *checker) prepare() {
	for i := range c.doc.resources {
		r := &c.doc.resources[i]
		if typ, ok := c.r.types[string(c.doc.textOf(r.typeNode))]; ok && c.isResourceType(typ) {
			r.typ = typ
		}
		c.doc.items(c.doc.get(r.node, names.Contained), func(n int32) bool {
			if at := c.doc.nodes[n].resource; at >= 0 {
				c.doc.resources[at].container = int32(i)
			}
			return true
		})
	}
	c.contained.fill(c)
	c.bundle.reset()
	root := c.doc.nodes[0].resource
	if root < 0 || c.doc.resources[root].typ != types.Bundle {
		return
	}
	kind := c.doc.property(0, names.Type)
	c.bundle.transaction = string(kind) == "transaction" || string(kind) == "batch"
	c.bundle.document = string(kind) == "document"
	switch string(kind) {
	case "document", "message", "collection", "history", "searchset":
		c.bundle.fullURLNeeded = true
	}
	c.bundle.fill(c)
}

func (c *checker) isResourceType(typ int32) bool {
	t := &c.r.table.Types[typ]
	return c.r.descends(typ, types.Resource) && !t.Abstract
}

func (b *bundleIndex) reset() {
	b.transaction, b.document, b.fullURLNeeded = false, false, false
	b.entries, b.slots = b.entries[:0], b.slots[:0]
}

func (b *bundleIndex) fill(c *checker) {
	list := c.doc.get(0, names.Entry)
	if list == 0 || c.doc.nodes[list].kind != kindArray {
		return
	}
	size := 16
	for size < 2*int(c.doc.nodes[list].size) {
		size *= 2
	}
	if cap(b.slots) < size {
		b.slots = make([]int32, size)
	}
	b.slots = b.slots[:size]
	clear(b.slots)
	for n := c.doc.nodes[list].child; n != 0; n = c.doc.nodes[n].next {
		e := bundleEntry{node: n, fullURL: c.doc.get(n, names.FullUrl), resource: -1, position: int32(len(b.entries))}
		if at := c.doc.get(n, names.Resource); at != 0 {
			if e.resource = c.doc.nodes[at].resource; e.resource >= 0 {
				c.doc.resources[e.resource].entry = n
			}
		}
		b.entries = append(b.entries, e)
		if e.fullURL != 0 && c.doc.nodes[e.fullURL].kind == kindString {
			b.insert(c, int32(len(b.entries)-1))
		}
	}
}

func (b *bundleIndex) insert(c *checker, i int32) {
	text := c.doc.textOf(b.entries[i].fullURL)
	mask := uint32(len(b.slots) - 1)
	for at := uint32(maphash.Bytes(urlSeed, text)) & mask; ; at = (at + 1) & mask {
		switch other := b.slots[at]; {
		case other == 0:
			b.slots[at] = i + 1
			return
		case bytes.Equal(c.doc.textOf(b.entries[other-1].fullURL), text):
			b.entries[other-1].twice, b.entries[i].twice = true, true
			return
		}
	}
}

// lookup gives the entry with a fullUrl, or nil.
func (b *bundleIndex) lookup(c *checker, text []byte) *bundleEntry {
	if len(b.slots) == 0 {
		return nil
	}
	mask := uint32(len(b.slots) - 1)
	for at := uint32(maphash.Bytes(urlSeed, text)) & mask; ; at = (at + 1) & mask {
		i := b.slots[at]
		if i == 0 {
			return nil
		}
		if e := &b.entries[i-1]; bytes.Equal(c.doc.textOf(e.fullURL), text) {
			return e
		}
	}
}

// find resolves a reference of the resource holder: by fullUrl, or a relative
// one by the base of the fullUrl that the holder's entry has (R4 3.1.5.1).
func (b *bundleIndex) find(c *checker, holder int32, text []byte) int32 {
	if e := b.lookup(c, text); e != nil {
		return e.resource
	}
	entry := c.doc.resources[holder].entry
	if entry == 0 || absolute(text) {
		return -1
	}
	at := c.doc.get(entry, names.FullUrl)
	if at == 0 {
		return -1
	}
	full := c.doc.textOf(at)
	typ, id := c.restful(full)
	if typ < 0 {
		return -1
	}
	base := full[:len(full)-len(id)-len(c.r.table.Types[typ].Code)-1]
	if e := b.lookup(c, append(append([]byte(nil), base...), text...)); e != nil {
		return e.resource
	}
	return -1
}

// insideEntry says whether the resource being judged lies in an entry.
func (c *checker) insideEntry() bool {
	r := &c.doc.resources[c.resource]
	if r.container >= 0 {
		r = &c.doc.resources[r.container]
	}
	return r.entry != 0
}

func (c *checker) inComposition() bool {
	return c.doc.resources[c.resource].typ == types.Composition
}

// entryNameless says whether the entry of the resource has no fullUrl.
func (c *checker) entryNameless() bool {
	r := &c.doc.resources[c.resource]
	if r.container >= 0 {
		r = &c.doc.resources[r.container]
	}
	return c.doc.get(r.entry, names.FullUrl) == 0
}

// entries judges what holds between the entries of the root bundle.
func (c *checker) entries() {
	for _, res := range c.contained.twice {
		c.error(c.doc.resources[res].node, "value", "contained-id", "Another contained resource has this id.")
	}
	c.documentRules()
	for i := range c.bundle.entries {
		e := &c.bundle.entries[i]
		if c.doc.nodes[e.node].kind != kindObject {
			continue
		}
		c.fullURL(e)
		if c.bundle.transaction {
			c.request(e)
		}
	}
}

// fullURL: absolute; one that looks like a RESTful URL ends with the type and id
// of its resource (R4 2.36.4).
func (c *checker) fullURL(e *bundleEntry) {
	if e.fullURL == 0 || c.doc.nodes[e.fullURL].kind != kindString {
		return
	}
	text := c.doc.textOf(e.fullURL)
	if len(text) == 0 {
		return
	}
	if !absolute(text) {
		c.error(e.node, "value", "full-url", "The fullUrl has to be absolute.")
		return
	}
	typ, id := c.restful(text)
	if typ < 0 || e.resource < 0 {
		return
	}
	r := &c.doc.resources[e.resource]
	if r.typ != typ || !bytes.Equal(c.doc.property(r.node, names.Id), id) {
		c.error(e.node, "value", "full-url", "A fullUrl that looks RESTful has to end with the resource's type and id.")
	}
}

// request judges the request of a transaction's entry against its resource
// (R4 3.1.0.11): what a server would refuse although the types allow it.
func (c *checker) request(e *bundleEntry) {
	n := c.doc.get(e.node, names.Request)
	if n == 0 || c.doc.nodes[n].kind != kindObject {
		return
	}
	method, url := c.doc.property(n, names.Method), c.doc.property(n, names.Url)
	switch string(method) {
	case "PUT", "POST":
		if e.resource < 0 && c.doc.get(e.node, names.Resource) == 0 {
			c.error(e.node, "required", "transaction-request", "%s needs a resource.", method)
			return
		}
	default:
		return
	}
	if e.resource < 0 || len(url) == 0 {
		return
	}
	r := &c.doc.resources[e.resource]
	if r.typ < 0 {
		return
	}
	path, _ := cut(url, '?')
	name, id := cut(path, '/')
	if typ, ok := c.r.types[string(name)]; !ok || !c.isResourceType(typ) {
		return
	}
	if string(name) != c.r.table.Types[r.typ].Code {
		c.error(n, "value", "transaction-request", "The url names another type than that of the resource.")
		return
	}
	if own := c.doc.property(r.node, names.Id); string(method) == "PUT" && len(id) > 0 && own != nil && !bytes.Equal(id, own) {
		c.error(n, "value", "transaction-request", "The url names another id than that of the resource.")
	}
}

// cut splits a text at the first of a sign.
func cut(s []byte, sign byte) (before, after []byte) {
	if i := bytes.IndexByte(s, sign); i >= 0 {
		return s[:i], s[i+1:]
	}
	return s, nil
}
