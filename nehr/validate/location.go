package validate

import (
	"strconv"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/rules"
)

// trail is the way from the root to a node, both included. Nodes do not know
// their parents: a way is needed only where there is something to report.
func (c *checker) trail(n int32) []int32 {
	at := c.doc.nodes[n].start
	list := []int32{0}
	for cur := int32(0); cur != n; {
		next := int32(0)
		for child := c.doc.nodes[cur].child; child != 0; child = c.doc.nodes[child].next {
			if m := &c.doc.nodes[child]; m.start <= at && at <= m.end {
				next = child
				break
			}
		}
		if next == 0 {
			break
		}
		list = append(list, next)
		cur = next
	}
	return list
}

// location writes the way to a node as FHIRPath.
func (c *checker) location(n int32) string {
	var b strings.Builder
	list := c.trail(n)
	if res := c.doc.nodes[0].resource; res >= 0 && c.doc.resources[res].typ >= 0 {
		b.WriteString(c.r.table.Types[c.doc.resources[res].typ].Code)
	}
	for i, at := range list[1:] {
		m := &c.doc.nodes[at]
		if m.flags&flagItem != 0 {
			position := 0
			for child := c.doc.nodes[list[i]].child; child != at; child = c.doc.nodes[child].next {
				position++
			}
			b.WriteString("[" + strconv.Itoa(position) + "]")
			continue
		}
		name := c.r.table.Names[m.name]
		b.WriteByte('.')
		if c.isChoice(list, i+1) {
			b.WriteString(name.Base + ".ofType(" + name.Type + ")")
		} else {
			b.WriteString(name.Text)
		}
	}
	return b.String()
}

// isChoice says whether the property at that step of a trail is a choice: a few
// names, such as itemReference, are a plain element's elsewhere.
func (c *checker) isChoice(list []int32, step int) bool {
	name := c.doc.nodes[list[step]].name
	if c.r.table.Names[name].Base == "" {
		return false
	}
	element, _, ok := c.typed(list[:step])
	if !ok {
		return true
	}
	entry := c.r.shape(element).find(name)
	return entry == nil || c.elements[entry.element].Flags&rules.Choice != 0
}

// typed follows a trail through the base definitions, to the element whose
// children bind the last node, and to that node's type.
func (c *checker) typed(list []int32) (element, typ int32, ok bool) {
	element, typ = -1, -1
	for _, at := range list {
		m := &c.doc.nodes[at]
		if m.resource >= 0 {
			if typ = c.doc.resources[m.resource].typ; typ < 0 {
				return 0, 0, false
			}
			element = c.r.roots[typ]
			continue
		}
		if m.flags&flagItem != 0 {
			continue
		}
		if element < 0 {
			return 0, 0, false
		}
		if m.name == 0 {
			return 0, 0, false
		}
		entry := c.r.shape(element).find(m.name)
		if entry == nil {
			return 0, 0, false
		}
		typ = int32(entry.typ)
		element, _ = c.childrenOf(entry.element, typ)
	}
	return element, typ, element >= 0
}

// position is the line and column, counted in bytes from 1, of a place in the
// text. It goes on from the place that was asked for before, if that lies ahead.
func (c *checker) position(at int) (line, column int) {
	p := &c.place
	if p.at > at || p.line == 0 {
		*p = textPlace{line: 1, column: 1}
	}
	for ; p.at < min(at, len(c.doc.text)); p.at++ {
		p.column++
		if c.doc.text[p.at] == '\n' {
			p.line, p.column = p.line+1, 1
		}
	}
	return p.line, p.column
}

// textPlace is a place in the text.
type textPlace struct{ at, line, column int }
