package validate

import (
	"fmt"
)

// kind is the kind of a JSON value.
type kind uint8

const (
	kindNull kind = iota
	kindFalse
	kindTrue
	kindNumber
	kindString
	kindArray
	kindObject
)

// node is one JSON value. The document keeps them in one slice, so a node knows
// its first child and its next sibling by index; 0, the root, stands for none.
type node struct {
	start, end uint32 // the value's text; of a string without the quotes
	key        uint32 // where the property's name begins, after the quote
	next       int32
	child      int32
	size       int32  // number of children
	resource   int32  // index into resources, of an object with resourceType
	name       uint16 // property name in the rule table, of a member that of its array; 0 is another
	kind       kind
	flags      uint8
}

// Flags of a node.
const (
	flagEscaped  uint8 = 1 << iota // the string has escapes
	flagUnder                      // the property's name began with _
	flagItem                       // member of an array
	flagHasUnder                   // the object has a property that began with _
)

// fault is where and why a text is not the JSON that FHIR wants.
type fault struct {
	at  int
	why string
}

// document is a parsed text. It is reused from call to call.
type document struct {
	text      []byte
	nodes     []node
	resources []resource
	names     *nameIndex
	at        int
	maxDepth  int
	fault     *fault
}

// parse reads the text as one JSON object: RFC 8259, valid UTF-8, nothing after
// it, at most maxDepth deep. Properties that stand twice are found when the
// object is validated, since only there is it known which name is which.
func (d *document) parse(text []byte, names *nameIndex, maxDepth int) *fault {
	d.text, d.nodes, d.resources = text, d.nodes[:0], d.resources[:0]
	d.names, d.at, d.maxDepth, d.fault = names, 0, maxDepth, nil
	// A node stands for 20 to 40 bytes of text.
	if need := len(text)/24 + 16; cap(d.nodes) < need {
		d.nodes = make([]node, 0, need)
	}
	d.space()
	if d.at >= len(text) || text[d.at] != '{' {
		d.fail("a JSON object was expected")
		return d.fault
	}
	if _, ok := d.value(0); !ok {
		return d.fault
	}
	d.space()
	if d.at != len(text) {
		d.fail("nothing may follow the resource")
	}
	return d.fault
}

func (d *document) fail(why string) {
	if d.fault == nil {
		d.fault = &fault{d.at, why}
	}
}

// space skips white space. Most texts have none, so the test is kept small
// enough to be inlined.
func (d *document) space() {
	if d.at < len(d.text) && d.text[d.at] <= ' ' {
		d.spaces()
	}
}

func (d *document) spaces() {
	for d.at < len(d.text) && blank(d.text[d.at]) {
		d.at++
	}
}

// value reads one value and gives its index.
func (d *document) value(depth int) (int32, bool) {
	if d.at >= len(d.text) {
		d.fail("the text ends early")
		return 0, false
	}
	i := int32(len(d.nodes))
	d.nodes = append(d.nodes, node{start: uint32(d.at), resource: -1})
	switch c := d.text[d.at]; c {
	case '"':
		escaped, ok := d.string()
		if !ok {
			return 0, false
		}
		n := &d.nodes[i]
		n.kind, n.start, n.end = kindString, n.start+1, uint32(d.at-1)
		if escaped {
			n.flags = flagEscaped
		}
		return i, true
	case '{', '[':
		if depth >= d.maxDepth {
			d.fail(fmt.Sprintf("the text is more than %d levels deep", d.maxDepth))
			return 0, false
		}
		d.at++
		if c == '{' {
			d.nodes[i].kind = kindObject
			if !d.object(i, depth+1) {
				return 0, false
			}
		} else {
			d.nodes[i].kind = kindArray
			if !d.array(i, depth+1) {
				return 0, false
			}
		}
		d.nodes[i].end = uint32(d.at)
		return i, true
	case 't':
		return i, d.literal(i, "true", kindTrue)
	case 'f':
		return i, d.literal(i, "false", kindFalse)
	case 'n':
		return i, d.literal(i, "null", kindNull)
	default:
		if !d.number() {
			return 0, false
		}
		d.nodes[i].kind, d.nodes[i].end = kindNumber, uint32(d.at)
		return i, true
	}
}

func (d *document) literal(i int32, word string, k kind) bool {
	if len(d.text)-d.at < len(word) || string(d.text[d.at:d.at+len(word)]) != word {
		d.fail("a JSON value was expected")
		return false
	}
	d.at += len(word)
	d.nodes[i].kind, d.nodes[i].end = k, uint32(d.at)
	return true
}

// object reads the members of an object, after its brace.
func (d *document) object(parent int32, depth int) bool {
	var last, typed int32
	for {
		d.space()
		if d.at >= len(d.text) {
			d.fail("the text ends early")
			return false
		}
		if d.text[d.at] == '}' && last == 0 {
			d.at++
			return true
		}
		if d.text[d.at] != '"' {
			d.fail("a property name was expected")
			return false
		}
		key := d.at + 1
		escaped, ok := d.string()
		if !ok {
			return false
		}
		name, flags := d.name(d.text[key:d.at-1], escaped)
		d.space()
		if d.at >= len(d.text) || d.text[d.at] != ':' {
			d.fail("a colon was expected")
			return false
		}
		d.at++
		d.space()
		i, ok := d.value(depth)
		if !ok {
			return false
		}
		n := &d.nodes[i]
		n.name, n.key, n.flags = name, uint32(key), n.flags|flags
		if flags != 0 {
			d.nodes[parent].flags |= flagHasUnder
		}
		if n.kind == kindArray {
			for item := n.child; item != 0; item = d.nodes[item].next {
				d.nodes[item].name = name
			}
		}
		if name == nameResourceType && n.kind == kindString && typed == 0 {
			typed = i
		}
		d.link(parent, last, i)
		last = i
		more, ok := d.more('}')
		if !ok {
			return false
		}
		if !more {
			if typed != 0 {
				d.nodes[parent].resource = int32(len(d.resources))
				d.resources = append(d.resources, resource{node: parent, typeNode: typed, typ: -1, container: -1})
			}
			return true
		}
	}
}

// array reads the members of an array, after its bracket.
func (d *document) array(parent int32, depth int) bool {
	d.space()
	if d.at < len(d.text) && d.text[d.at] == ']' {
		d.at++
		return true
	}
	var last int32
	for {
		d.space()
		i, ok := d.value(depth)
		if !ok {
			return false
		}
		d.nodes[i].flags |= flagItem
		d.link(parent, last, i)
		last = i
		more, ok := d.more(']')
		if !more {
			return ok
		}
	}
}

func (d *document) link(parent, last, i int32) {
	if last == 0 {
		d.nodes[parent].child = i
	} else {
		d.nodes[last].next = i
	}
	d.nodes[parent].size++
}

// more reads what follows a member: a comma, or the closing sign.
func (d *document) more(closing byte) (more, ok bool) {
	d.space()
	if d.at < len(d.text) {
		switch d.text[d.at] {
		case ',':
			d.at++
			return true, true
		case closing:
			d.at++
			return false, true
		}
	}
	d.fail("a comma or the end of the object or array was expected")
	return false, false
}

// name looks a property name up in the rule table.
func (d *document) name(key []byte, escaped bool) (uint16, uint8) {
	if escaped {
		key = unescape(key)
	}
	if len(key) > 1 && key[0] == '_' {
		return d.names.find(key[1:]), flagUnder
	}
	return d.names.find(key), 0
}
