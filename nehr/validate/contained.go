package validate

import (
	"bytes"
	"hash/maphash"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/names"
)

// containedIndex finds contained resources by container and id: a hash table in
// memory that is reused. Without contained resources it costs nothing.
type containedIndex struct {
	slots []int32 // index into resources + 1
	twice []int32 // resources whose id another in the same container has
}

// fill puts all contained resources of the document in.
func (x *containedIndex) fill(c *checker) {
	x.slots, x.twice = x.slots[:0], x.twice[:0]
	count := 0
	for i := range c.doc.resources {
		if c.doc.resources[i].container >= 0 {
			count++
		}
	}
	if count == 0 {
		return
	}
	size := 16
	for size < 2*count {
		size *= 2
	}
	if cap(x.slots) < size {
		x.slots = make([]int32, size)
	}
	x.slots = x.slots[:size]
	clear(x.slots)
	for i := range c.doc.resources {
		r := &c.doc.resources[i]
		if id := c.doc.property(r.node, names.Id); r.container >= 0 && id != nil {
			if slot := x.slot(c, r.container, id); *slot == 0 {
				*slot = int32(i + 1)
			} else {
				x.twice = append(x.twice, int32(i))
			}
		}
	}
}

// slot is where a contained resource is, or would be.
func (x *containedIndex) slot(c *checker, container int32, id []byte) *int32 {
	mask := uint32(len(x.slots) - 1)
	at := (uint32(maphash.Bytes(urlSeed, id)) + uint32(container)*0x9E3779B9) & mask
	for ; x.slots[at] != 0; at = (at + 1) & mask {
		r := &c.doc.resources[x.slots[at]-1]
		if r.container == container && bytes.Equal(c.doc.property(r.node, names.Id), id) {
			break
		}
	}
	return &x.slots[at]
}

// find gives the contained resource with an id, or -1.
func (x *containedIndex) find(c *checker, container int32, id []byte) int32 {
	if len(x.slots) == 0 {
		return -1
	}
	return *x.slot(c, container, id) - 1
}

// containedReferred is dom-3: each contained resource is referred to from the
// resource around it, or refers to that.
func containedReferred(c *checker, n int32) bool {
	local := map[string]bool{}
	c.localReferences(n, local)
	return c.each(n, names.Contained, func(inner int32) bool {
		id := c.doc.property(inner, names.Id)
		return id != nil && (local[string(id)] || c.refersToContainer(inner))
	})
}

// localReferences collects what stands behind # in the strings below n.
func (c *checker) localReferences(n int32, into map[string]bool) {
	for child := c.doc.nodes[n].child; child != 0; child = c.doc.nodes[child].next {
		switch c.doc.nodes[child].kind {
		case kindString:
			if text := c.doc.textOf(child); len(text) > 1 && text[0] == '#' {
				into[string(text[1:])] = true
			}
		case kindArray, kindObject:
			c.localReferences(child, into)
		}
	}
}

// refersToContainer says whether a string below n is "#".
func (c *checker) refersToContainer(n int32) bool {
	for child := c.doc.nodes[n].child; child != 0; child = c.doc.nodes[child].next {
		switch c.doc.nodes[child].kind {
		case kindString:
			if string(c.doc.textOf(child)) == "#" {
				return true
			}
		case kindArray, kindObject:
			if c.refersToContainer(child) {
				return true
			}
		}
	}
	return false
}
