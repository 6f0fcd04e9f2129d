package compile

import (
	"fmt"
	"strings"
)

// node is an element with those below it; a snapshot lists them flat.
type node struct {
	*element
	name     string // last step of the path, without [x]
	choice   bool
	children []*node
	slices   []*node
	content  string // "#Type.path" that the element takes its children from
}

// tree builds the tree of a snapshot from the element ids, whose steps are
// name or name:slice.
func (s *structure) tree() error {
	all := map[string]*node{}
	for i := range s.Snapshot.Element {
		e := &s.Snapshot.Element[i]
		last := e.Path[strings.LastIndexByte(e.Path, '.')+1:]
		n := &node{element: e, name: strings.TrimSuffix(last, "[x]"), choice: strings.HasSuffix(last, "[x]")}
		if e.ContentReference != "" {
			_, path, ok := strings.Cut(e.ContentReference, "#")
			if !ok {
				return fmt.Errorf("%s: contentReference without #", e.ID)
			}
			n.content = unsliced(path)
		}
		all[e.ID] = n
		dot := strings.LastIndexByte(e.ID, '.')
		if dot < 0 {
			s.root = n
			continue
		}
		if colon := strings.LastIndexByte(e.ID, ':'); colon > dot {
			// Two profiles of R4 name a slice without the sliced element: there
			// the slice is the element.
			if of := all[e.ID[:colon]]; of != nil {
				of.slices = append(of.slices, n)
				continue
			}
		}
		parent := all[e.ID[:dot]]
		if parent == nil {
			return fmt.Errorf("%s: no parent", e.ID)
		}
		parent.children = append(parent.children, n)
	}
	if s.root == nil {
		return fmt.Errorf("%s: no root element", s.URL)
	}
	return nil
}

// unsliced drops the slice names from an element id. The content of a slice is
// taken from the base definition, which has no slices.
func unsliced(id string) string {
	steps := strings.Split(id, ".")
	for i, s := range steps {
		steps[i], _, _ = strings.Cut(s, ":")
	}
	return strings.Join(steps, ".")
}

// child is the child of that name, or nil.
func (n *node) child(name string) *node {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// list says whether the element is written as an array, which its base decides.
func (n *node) list() bool {
	most := n.Base.Max
	if most == "" {
		most = n.Max
	}
	return most != "1" && most != "0"
}

// partial says that the children are id and extension only, of an element whose
// type is still open or a primitive: the type has the other children.
func (n *node) partial() bool {
	if len(n.children) == 0 {
		return false
	}
	for _, c := range n.children {
		if c.name != "id" && c.name != "extension" {
			return false
		}
	}
	return len(n.Type) > 1 || n.primitiveLike() && strings.Contains(n.Path, ".")
}

// primitiveLike: the element's only type begins with a small letter.
func (n *node) primitiveLike() bool {
	return len(n.Type) == 1 && n.Type[0].Code != "" && n.Type[0].Code[0] >= 'a' && n.Type[0].Code[0] <= 'z' &&
		!strings.HasPrefix(n.Type[0].Code, "http")
}
