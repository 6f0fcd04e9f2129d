package lint

import (
	"fmt"
	"strings"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
)

// refuses asks the map's own rules whether a kind does not take a value type.
func refuses(m mapper.Map, path string) bool {
	for _, p := range m.Check() {
		if p.Path == path {
			return true
		}
	}
	return false
}

// types compares value types. The value types themselves are compared with
// what a kind takes by the rules of the map (mapper.Map.Check).
func (c *checker) types(f Finding, want, have dhis2.ValueType, unfit bool, kind string) {
	if want == have {
		return
	}
	f.Message = fmt.Sprintf("the server says %s, the map %s", have, want)
	switch {
	case unfit:
		f.Severity, f.Rule = Error, KindUnfit
		f.Message += ": kind " + kind + " does not take it, so its values are not sent"
	case want == dhis2.TrueOnly:
		// "No" was no answer when the map was signed; now it is one, and the
		// clinicians have to say what it means (D-020).
		f.Severity, f.Rule = Error, TrueOnly
		f.Message += ": the map was signed for a box that can only be ticked"
	case isText(want) && isText(have):
		f.Severity, f.Rule = Information, TypeChanged
	default:
		f.Severity, f.Rule = Warning, TypeChanged
	}
	c.add(f)
}

func isText(t dhis2.ValueType) bool { return t == dhis2.Text || t == dhis2.LongText }

// options compares the answers of an element.
func (c *checker) options(f Finding, kind mapper.Kind, e *mapper.Element, have *dhis2.OptionSet) {
	if kind != mapper.KindCoded {
		if have != nil && kind == mapper.KindText {
			f.Severity, f.Rule = Warning, OptionSet
			f.Message = "the server has the option set " + have.ID.String() + ": as kind text the option codes are sent as if they were words"
			c.add(f)
		}
		return
	}
	if have == nil {
		f.Severity, f.Rule, f.Message = Error, OptionSet, "the server has no option set here: kind coded finds no answers"
		c.add(f)
		return
	}
	if have.ID != e.OptionSet {
		g := f
		g.Severity, g.Rule = Warning, OptionSet
		g.Message = fmt.Sprintf("the server uses the option set %s, the map says %s", have.ID, e.OptionSet)
		c.add(g)
	}
	texts := make(map[string]string, len(e.Options))
	for _, o := range e.Options {
		texts[o.Code] = o.Text
	}
	onServer := map[string]bool{}
	for _, o := range have.Options {
		text, mapped := texts[o.Code]
		switch {
		case onServer[o.Code]:
		case !mapped:
			f.Severity, f.Rule, f.Message = Error, OptionUnmapped, fmt.Sprintf("option %s (%s) has no text in the map: this answer is not sent", o.Code, o.Name)
			c.add(f)
		case !sameWords(text, o.Name):
			f.Severity, f.Rule, f.Message = Warning, OptionText, fmt.Sprintf("option %s: the server says %q, the map %q", o.Code, o.Name, text)
			c.add(f)
		}
		onServer[o.Code] = true
	}
	for _, o := range e.Options {
		if !onServer[o.Code] {
			f.Severity, f.Rule, f.Message = Information, OptionMissing, fmt.Sprintf("option %s is in the map only", o.Code)
			c.add(f)
		}
	}
}

// genders compares the options of a gender attribute with the map's table,
// whose keys are in lower case.
func (c *checker) genders(f Finding, table map[string]string, have *dhis2.OptionSet) {
	if have == nil {
		return
	}
	for _, o := range have.Options {
		if _, ok := table[strings.ToLower(o.Code)]; !ok {
			f.Severity, f.Rule, f.Message = Warning, OptionUnmapped, fmt.Sprintf("option %s (%s) is not in the map's table: the gender is sent as unknown", o.Code, o.Name)
			c.add(f)
		}
	}
}

// sameWords ignores blanks, which differ between exports of the same set.
func sameWords(a, b string) bool {
	return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}
