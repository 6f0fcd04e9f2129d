package registry

import (
	"cmp"
	"strings"
	"unicode"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// mask gives of a Patient what may be shown. Whatever the record holds, such as
// script in a name, nothing but letters, digits and dots comes out.
func mask(r *fhirjson.Value) Match {
	m := Match{Name: maskName(r), Phone: maskPhone(r)}
	if y := year.FindString(r.Get("birthDate").Str()); y != "" {
		m.BirthDate = y + "-••-••"
	}
	switch g := r.Get("gender").Str(); g {
	case "female", "male", "other", "unknown":
		m.Gender = g
	}
	for _, a := range r.Get("address").Items() {
		if m.Place = plain(cmp.Or(a.Get("city").Str(), a.Get("district").Str())); m.Place != "" {
			break
		}
	}
	return m
}

// maskName is the first letter of each word of the first name that has any.
func maskName(r *fhirjson.Value) string {
	for _, n := range r.Get("name").Items() {
		text := n.Get("text").Str()
		if text == "" {
			for _, g := range n.Get("given").Items() {
				text += g.Str() + " "
			}
			text += n.Get("family").Str()
		}
		var initials []string
		for _, word := range strings.Fields(text) {
			if i := initial(word); i != "" && len(initials) < 6 {
				initials = append(initials, i+"…")
			}
		}
		if len(initials) > 0 {
			return strings.Join(initials, " ")
		}
	}
	return ""
}

// initial is the first letter of a word with the marks that belong to it: in
// Sinhala and Tamil a letter without its vowel is another.
func initial(word string) string {
	start := strings.IndexFunc(word, unicode.IsLetter)
	if start < 0 {
		return ""
	}
	end := len(word)
	for i, r := range word[start:] {
		if i > 0 && !unicode.IsMark(r) {
			end = start + i
			break
		}
	}
	return word[start:min(end, start+16)]
}

// maskPhone is the last three digits of the first telephone number.
func maskPhone(r *fhirjson.Value) string {
	for _, t := range r.Get("telecom").Items() {
		if digits := comparable(t.Get("value").Str()); t.Get("system").Str() == "phone" && len(digits) >= 7 {
			return "••••••" + digits[len(digits)-3:]
		}
	}
	return ""
}

// plain is a place's name without anything that a place's name does not have.
func plain(text string) string {
	kept := 0
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if kept++; kept > 60 || !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" .-'", r) && !isJoiner(r) {
			return -1
		}
		return r
	}, text))
}
