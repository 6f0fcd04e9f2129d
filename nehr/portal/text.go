package portal

import (
	"fmt"
	"maps"
	"slices"
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

// join gives both, and refuses a key that both have.
func (t Texts) join(more Texts) (Texts, error) {
	all := maps.Clone(t)
	for key, text := range more {
		if _, twice := all[key]; twice {
			return nil, fmt.Errorf("nehr/portal: the text %s stands twice", key)
		}
		all[key] = text
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
