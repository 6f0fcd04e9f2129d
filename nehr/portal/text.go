package portal

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// languages are those of the portals, in the order in which a Text has them.
var languages = []struct{ tag, name string }{{"en", "English"}, {"si", "සිංහල"}, {"ta", "தமிழ்"}}

func languageAt(tag string) int {
	return slices.IndexFunc(languages, func(l struct{ tag, name string }) bool { return l.tag == tag })
}

// Text is a sentence in English, Sinhala and Tamil.
type Text [3]string

// In gives the text in a language; English for one that is not known.
func (t Text) In(lang string) string { return t[max(0, languageAt(lang))] }

// Texts are the words of pages by key.
type Texts map[string]Text

// join gives both. It refuses a key that both have, and a text that is not whole in each
// language: a portal does not begin with a page that somebody cannot read.
func (t Texts) join(more Texts) (Texts, error) {
	all := maps.Clone(t)
	for key, text := range more {
		if _, twice := all[key]; twice {
			return nil, fmt.Errorf("nehr/portal: the text %s stands twice", key)
		}
		all[key] = text
	}
	for key, text := range all {
		if problem := text.wrong(); problem != "" {
			return nil, fmt.Errorf("nehr/portal: the text %s: %s", key, problem)
		}
	}
	return all, nil
}

// in gives a text. A key that is not there shows itself, which tests notice.
func (t Texts) in(key, lang string) string {
	text, known := t[key]
	if !known {
		return "[" + key + "]"
	}
	return text.In(lang)
}

// wrong says what is wrong with a text: a language that is missing or in another script,
// or values that one language puts in and another does not. Three empty languages are
// nothing to say.
func (t Text) wrong() string {
	if t == (Text{}) {
		return ""
	}
	scripts := [3]*unicode.RangeTable{unicode.Latin, unicode.Sinhala, unicode.Tamil}
	var places [3]string
	for i, text := range t {
		if !strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(scripts[i], r) }) {
			return "not written in " + languages[i].name
		}
		places[i] = strings.Join(placeForm.FindAllString(text, -1), " ")
	}
	if places[0] != places[1] || places[0] != places[2] {
		return "the values that are put in differ"
	}
	return ""
}

var placeForm = regexp.MustCompile(`%[sd]`)
