package rules

import (
	"errors"
	"strings"
)

// ErrFormat is what Decode returns for a text that Encode did not make.
var ErrFormat = errors.New("rules: this is no rule table of this version")

// reader reads varints; a fault is remembered and the rest reads as zeros.
type reader struct {
	text    string
	at      int
	bad     bool
	strings []string
	pool    []int32
}

func (r *reader) uint() int {
	var v uint64
	for shift := 0; ; shift += 7 {
		if r.at >= len(r.text) || shift > 56 {
			r.bad = true
			return 0
		}
		b := r.text[r.at]
		r.at++
		v |= uint64(b&0x7F) << shift
		if b < 0x80 {
			return int(v)
		}
	}
}

// count reads a length. Nothing encoded takes less than a byte, so a length
// beyond what is left is a fault, not a reason to allocate.
func (r *reader) count() int {
	n := r.uint()
	if n < 0 || n > len(r.text)-r.at {
		r.bad = true
		return 0
	}
	return n
}

func (r *reader) index() int32 {
	v := uint64(r.uint())
	return int32(v>>1) ^ -int32(v&1)
}

func (r *reader) bool() bool { return r.uint() != 0 }

func (r *reader) string() string {
	i := r.uint()
	if i >= len(r.strings) {
		r.bad = true
		return ""
	}
	return r.strings[i]
}

// indexes reads a list into a shared block: the table has tens of thousands of
// short ones.
func (r *reader) indexes() []int32 {
	n := r.count()
	if n == 0 {
		return nil
	}
	if len(r.pool) < n {
		r.pool = make([]int32, max(n, 8192))
	}
	list := r.pool[:n:n]
	r.pool = r.pool[n:]
	for i := range list {
		list[i] = r.index()
	}
	return list
}

func (r *reader) optional() *int32 {
	if !r.bool() {
		return nil
	}
	v := r.index()
	return &v
}

// many reads a count and then so many values.
func many[T any](r *reader, read func(*reader, *T)) []T {
	n := r.count()
	if n == 0 {
		return nil
	}
	list := make([]T, n)
	for i := range list {
		if r.bad {
			return nil
		}
		read(r, &list[i])
	}
	return list
}

// Decode reads what Encode wrote. The table's strings are parts of text.
func Decode(text string) (*Table, error) {
	rest, ok := strings.CutPrefix(text, magic)
	if !ok {
		return nil, ErrFormat
	}
	r := &reader{text: rest}
	r.dictionary()
	t := &Table{Archive: r.string()}
	t.Names = many(r, func(r *reader, n *Name) { *n = Name{r.string(), r.string(), r.string()} })
	t.Types = many(r, func(r *reader, v *Type) {
		*v = Type{r.string(), Kind(r.uint()), r.bool(), r.index(), r.index(), r.index()}
	})
	t.Definitions = many(r, readDefinition)
	t.Elements = many(r, readElement)
	t.Slices = many(r, readSlice)
	t.Constraints = many(r, func(r *reader, c *Constraint) {
		*c = Constraint{r.string(), r.string(), r.string(), r.string()}
	})
	t.ValueSets = many(r, func(r *reader, v *ValueSet) {
		v.URL, v.Known = r.string(), r.bool()
		v.Codes = many(r, func(r *reader, c *Code) { *c = Code{r.index(), r.string()} })
	})
	t.Systems = many(r, func(r *reader, s *System) {
		s.URL, s.Complete = r.string(), r.bool()
		s.Codes = many(r, func(r *reader, c *string) { *c = r.string() })
	})
	t.Values = many(r, func(r *reader, v *string) { *v = r.string() })
	if r.bad || r.at != len(r.text) {
		return nil, ErrFormat
	}
	return t, nil
}

// dictionary reads the strings that stand in front of the body.
func (r *reader) dictionary() {
	lengths := make([]int, r.count())
	for i := range lengths {
		lengths[i] = r.count()
	}
	r.strings = make([]string, len(lengths))
	for i, n := range lengths {
		if n > len(r.text)-r.at {
			r.bad = true
			return
		}
		r.strings[i] = r.text[r.at : r.at+n]
		r.at += n
	}
}

func readDefinition(r *reader, d *Definition) {
	d.URL, d.Name, d.Version = r.string(), r.string(), r.string()
	d.Pack = Pack(r.uint())
	d.Profile, d.Abstract = r.bool(), r.bool()
	d.Type, d.Root = r.index(), r.index()
	d.Contexts = many(r, func(r *reader, c *Context) { *c = Context{r.string(), r.string()} })
}

func readElement(r *reader, e *Element) {
	e.Name = r.index()
	e.Min, e.Max, e.Flags = uint16(r.uint()), uint16(r.uint()), Flags(r.uint())
	e.Types = many(r, func(r *reader, t *TypeRef) { *t = TypeRef{r.index(), r.indexes(), r.indexes()} })
	e.Fixed, e.Pattern, e.MaxLength = r.index(), r.index(), r.index()
	e.Minimum, e.Maximum = r.optional(), r.optional()
	e.Binding = Binding{Strength(r.uint()), r.index()}
	e.Constraints, e.Children = r.indexes(), r.indexes()
	e.Content = r.index()
	e.Slicing, e.Slices = Rules(r.uint()), r.indexes()
}

func readSlice(r *reader, s *Slice) {
	s.Name, s.Element = r.string(), r.index()
	s.Criteria = many(r, func(r *reader, c *Criterion) {
		*c = Criterion{Test(r.uint()), r.indexes(), r.indexes()}
	})
}
