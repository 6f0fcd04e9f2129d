package chart

import "github.com/nehrbridge/nehrbridge/nehr/access"

// Section is a part of her health with what is known to be missing (D-099): an empty
// list that says nothing is worse than none.
type Section struct {
	Title string
	Items []Item
	// State is what to say of an empty list: none (somebody asked and there is none),
	// not_asked, hidden.
	State string
}

// absent are the codes by which a record says that there is none: of SNOMED CT, and
// those of the International Patient Summary.
var absent = map[string]bool{
	"no-known-allergies": true, "no-known-medication-allergies": true, "no-known-medications": true, "no-known-problems": true,
	"no-known-immunizations": true, noKnownAllergy: true, "787481004": true, "160245001": true,
}

// over are the states of a statement that there is none which say that it is not so now:
// it was once, or somebody found otherwise, or it was never about now.
var over = map[string]bool{"inactive": true, "remission": true, "resolved": true, "refuted": true,
	"completed": true, "stopped": true, "on-hold": true, "intended": true, "not-taken": true, "cancelled": true, "draft": true}

// Section makes one of a list, whose resources are of a class.
func (c *Chart) Section(title string, items []Item, class access.Class) Section {
	s := Section{Title: title}
	for _, i := range items {
		if i.None {
			if !over[i.Status] || class == access.Immunizations { // whose status is of the giving
				s.State = "none"
			}
			continue
		}
		s.Items = append(s.Items, i)
	}
	hidden := false
	for _, w := range c.Withheld.Classes {
		hidden = hidden || w == class
	}
	switch {
	case hidden:
		s.State = "hidden"
	case len(s.Items) > 0:
		s.State = ""
	case s.State == "":
		s.State = "not_asked"
	}
	return s
}
