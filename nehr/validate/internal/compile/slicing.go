package compile

import (
	"fmt"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/rules"
)

// slicing adds the slices of an element and what marks their members.
func (c *compiler) slicing(d *structure, n *node, e *rules.Element) error {
	if n.Slicing == nil || len(n.slices) == 0 {
		return nil
	}
	switch n.Slicing.Rules {
	case "closed":
		e.Slicing = rules.Closed
	case "openAtEnd":
		e.Slicing = rules.OpenAtEnd
	default:
		e.Slicing = rules.Open
	}
	for _, s := range n.slices {
		at, err := c.element(d, s)
		if err != nil {
			return err
		}
		out := rules.Slice{Name: s.SliceName, Element: at}
		for _, x := range n.Slicing.Discriminator {
			criterion, ok, err := c.criterion(s, x.Type, x.Path)
			if err != nil {
				return fmt.Errorf("%s: discriminator %s %s: %w", s.ID, x.Type, x.Path, err)
			}
			if ok {
				out.Criteria = append(out.Criteria, criterion)
			}
		}
		key := fmt.Sprint(out)
		index, ok := c.internedSlices[key]
		if !ok {
			index = int32(len(c.table.Slices))
			c.internedSlices[key] = index
			c.table.Slices = append(c.table.Slices, out)
		}
		e.Slices = append(e.Slices, index)
	}
	return nil
}

// criterion turns one discriminator of a slice into a test. It is not ok where
// the slice says nothing at that place, as HL7's own tools read it.
func (c *compiler) criterion(slice *node, kind, path string) (rules.Criterion, bool, error) {
	at := slice
	out := rules.Criterion{}
	for _, step := range strings.Split(path, ".") {
		switch step {
		case "$this":
			continue
		case "resolve()":
			out.Path = append(out.Path, rules.StepResolve)
			return c.target(at, kind, out)
		}
		next := c.step(at, step)
		if next == nil {
			return out, false, fmt.Errorf("no element %s below %s", step, at.ID)
		}
		name, ok := c.names[step]
		if !ok {
			return out, false, fmt.Errorf("no property %s", step)
		}
		out.Path = append(out.Path, name)
		at = next
	}
	switch kind {
	case "type":
		out.Test = rules.IsType
		for _, t := range at.Type {
			if t.Code == "Resource" {
				return out, false, nil
			}
			out.Values = append(out.Values, c.types[t.Code])
		}
		return out, len(out.Values) > 0, nil
	case "profile":
		out.Test = rules.Conforms
		for _, t := range at.Type {
			for _, url := range t.Profile {
				out.Values = append(out.Values, c.definitions[canonical(url)])
			}
		}
		return out, len(out.Values) > 0, nil
	case "exists":
		out.Test = rules.Exists
		if at.Max == "0" {
			out.Test = rules.Missing
		}
		return out, true, nil
	}
	return c.literal(at, out)
}

// literal is the test of a discriminator of kind value or pattern.
func (c *compiler) literal(at *node, out rules.Criterion) (rules.Criterion, bool, error) {
	for key, value := range at.Rest {
		switch {
		case strings.HasPrefix(key, "fixed"):
			out.Test, out.Values = rules.HasFixed, []int32{c.value(string(value))}
			return out, true, nil
		case strings.HasPrefix(key, "pattern"):
			out.Test, out.Values = rules.HasPattern, []int32{c.value(string(value))}
			return out, true, nil
		}
	}
	switch {
	case at.Binding != nil && at.Binding.Strength == "required":
		out.Test, out.Values = rules.InValueSet, []int32{c.valueSet(at.Binding.ValueSet)}
		return out, true, nil
	case at.Max == "0":
		out.Test = rules.Missing
		return out, true, nil
	case at.Min > 0:
		out.Test = rules.Exists
		return out, true, nil
	}
	return out, false, nil
}

// target is the test of a discriminator that looks behind a reference.
func (c *compiler) target(at *node, kind string, out rules.Criterion) (rules.Criterion, bool, error) {
	for _, t := range at.Type {
		for _, url := range t.TargetProfile {
			d := c.definitions[canonical(url)]
			switch kind {
			case "profile":
				out.Test = rules.Conforms
				out.Values = append(out.Values, d)
			case "type":
				out.Test = rules.IsType
				out.Values = append(out.Values, c.types[c.structures[d].Type])
			}
		}
	}
	return out, len(out.Values) > 0, nil
}

// step finds the child of that name: the element's own, or its type's.
func (c *compiler) step(at *node, name string) *node {
	if found := at.child(name); found != nil {
		return found
	}
	for _, t := range at.Type {
		for _, url := range t.Profile {
			if d, ok := c.definitions[canonical(url)]; ok {
				if found := c.structures[d].root.child(name); found != nil {
					return found
				}
			}
		}
		if base := c.bases[t.Code]; base != nil {
			if found := base.root.child(name); found != nil {
				return found
			}
		}
	}
	return nil
}
