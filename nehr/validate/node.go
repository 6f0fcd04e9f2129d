package validate

import "bytes"

// resource is a resource of the document: the root, an entry's, a contained one.
type resource struct {
	node      int32
	typeNode  int32 // the value of resourceType
	typ       int32 // index into the table's types; -1 for an unknown name
	container int32 // index of the resource that it is contained in, or -1
	entry     int32 // node of the bundle entry, or 0
	memo      int32 // first judgement about it, index + 1
}

// first gives the first child, 0 if there is none; next leads on from there.
func (d *document) first(n int32) int32 { return d.nodes[n].child }

// get is the property of that name, or 0. For an array it is the array.
func (d *document) get(n int32, name uint16) int32 {
	if d.nodes[n].kind != kindObject {
		return 0
	}
	for c := d.nodes[n].child; c != 0; c = d.nodes[c].next {
		if m := &d.nodes[c]; m.name == name && m.flags&flagUnder == 0 {
			return c
		}
	}
	return 0
}

// has says whether the element is there, be it only as extensions (_name).
func (d *document) has(n int32, name uint16) bool {
	if n < 0 || d.nodes[n].kind != kindObject {
		return false
	}
	for c := d.nodes[n].child; c != 0; c = d.nodes[c].next {
		if d.nodes[c].name == name {
			return true
		}
	}
	return false
}

// choice is the property of a choice, such as valueQuantity for value, or 0.
func (d *document) choice(r *ruleset, n int32, base uint16) int32 {
	for c := d.nodes[n].child; c != 0; c = d.nodes[c].next {
		if r.bases[d.nodes[c].name] == base {
			return c
		}
	}
	return 0
}

// textOf is the text of a string, a number or a literal, escapes resolved.
func (d *document) textOf(n int32) []byte {
	m := &d.nodes[n]
	s := d.text[m.start:m.end]
	if m.flags&flagEscaped != 0 {
		return unescape(s)
	}
	return s
}

// property is the text of a property that is a string, or nil.
func (d *document) property(n int32, name uint16) []byte {
	c := d.get(n, name)
	if c == 0 || d.nodes[c].kind != kindString {
		return nil
	}
	return d.textOf(c)
}

// is says whether a property is that string.
func (d *document) is(n int32, name uint16, want string) bool {
	c := d.get(n, name)
	return c != 0 && d.nodes[c].kind == kindString && string(d.textOf(c)) == want
}

// items calls f for each member of an array, or for the value itself where it
// is none; f ends the walk with false.
func (d *document) items(n int32, f func(int32) bool) {
	if n == 0 {
		return
	}
	if d.nodes[n].kind != kindArray {
		f(n)
		return
	}
	for c := d.nodes[n].child; c != 0; c = d.nodes[c].next {
		if !f(c) {
			return
		}
	}
}

// equalNodes compares two values of two documents as JSON: the order of
// properties does not count, the text of numbers does.
func equalNodes(a *document, x int32, b *document, y int32) bool {
	m, n := &a.nodes[x], &b.nodes[y]
	if m.kind != n.kind || m.size != n.size {
		return false
	}
	switch m.kind {
	case kindString, kindNumber:
		if (m.flags|n.flags)&flagEscaped == 0 {
			return bytes.Equal(a.text[m.start:m.end], b.text[n.start:n.end])
		}
		return bytes.Equal(a.textOf(x), b.textOf(y))
	case kindArray:
		for p, q := m.child, n.child; p != 0; p, q = a.nodes[p].next, b.nodes[q].next {
			if !equalNodes(a, p, b, q) {
				return false
			}
		}
	case kindObject:
		for p := m.child; p != 0; p = a.nodes[p].next {
			q := b.twin(y, a, p)
			if q == 0 || !equalNodes(a, p, b, q) {
				return false
			}
		}
	}
	return true
}

// twin is the property of d's object n that has the name of a's property p.
func (d *document) twin(n int32, a *document, p int32) int32 {
	want := &a.nodes[p]
	for c := d.nodes[n].child; c != 0; c = d.nodes[c].next {
		if m := &d.nodes[c]; m.name == want.name && m.flags&flagUnder == want.flags&flagUnder {
			return c
		}
	}
	return 0
}

// matchesPattern says whether the value x contains everything that the pattern
// y has: of an object each property, of an array each member in some member.
func matchesPattern(a *document, x int32, b *document, y int32) bool {
	m, n := &a.nodes[x], &b.nodes[y]
	if m.kind != n.kind {
		return false
	}
	switch n.kind {
	case kindObject:
		for q := n.child; q != 0; q = b.nodes[q].next {
			p := a.twin(x, b, q)
			if p == 0 || !matchesPattern(a, p, b, q) {
				return false
			}
		}
		return true
	case kindArray:
		for q := n.child; q != 0; q = b.nodes[q].next {
			found := false
			for p := m.child; p != 0 && !found; p = a.nodes[p].next {
				found = matchesPattern(a, p, b, q)
			}
			if !found {
				return false
			}
		}
		return true
	}
	return equalNodes(a, x, b, y)
}
