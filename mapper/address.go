package mapper

import (
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr"
)

// addressParts is a Sri Lankan address taken apart. What the text does not
// say stays empty; nothing is guessed (D-034, D-035).
type addressParts struct {
	lines                                      []string
	city, district, state, postalCode, country string
}

// splitAddress takes a text apart at commas and line breaks: the country, a
// province, a district, a postal code of five digits; of what remains the
// last part is the city when two or more remain, the others are lines. Parts
// keep the words that were written. Where two parts could be the district or
// the province, the later one is: places are written from small to large.
func splitAddress(text string) addressParts {
	var a addressParts
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' || r == '\r' })
	kept := parts[:0]
	for _, p := range parts {
		if p, a.postalCode = cutPostalCode(p, a.postalCode); p != "" {
			kept = append(kept, p)
		}
	}
	take := func(is func(string) bool) string {
		for i := len(kept) - 1; i >= 0; i-- {
			if p := kept[i]; is(p) {
				kept = append(kept[:i], kept[i+1:]...)
				return p
			}
		}
		return ""
	}
	a.country = take(func(p string) bool { return strings.EqualFold(p, "Sri Lanka") || strings.EqualFold(p, "LK") })
	a.state = take(func(p string) bool { return provinces[placeName(p, " province")] })
	a.district = take(func(p string) bool { return districts[placeName(p, " district")] })
	if n := len(kept); n >= 2 {
		a.city, kept = kept[n-1], kept[:n-1]
	}
	a.lines = kept
	return a
}

// cutPostalCode takes a token of exactly five digits out of a part, if none
// was found before, and trims the rest.
func cutPostalCode(part, found string) (rest, postalCode string) {
	words := strings.Fields(part)
	for i, w := range words {
		if found == "" && len(w) == 5 && onlyDigits(w) {
			found = w
			words = append(words[:i], words[i+1:]...)
			break
		}
	}
	return strings.Join(words, " "), found
}

func placeName(part, suffix string) string {
	return strings.TrimSuffix(strings.ToLower(part), suffix)
}

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// The 9 provinces and 25 districts of Sri Lanka, in lower case.
var (
	provinces = set("central", "eastern", "north central", "northern", "north western", "sabaragamuwa",
		"southern", "uva", "western")
	districts = set("ampara", "anuradhapura", "badulla", "batticaloa", "colombo", "galle", "gampaha",
		"hambantota", "jaffna", "kalutara", "kandy", "kegalle", "kilinochchi", "kurunegala", "mannar", "matale",
		"matara", "monaragala", "mullaitivu", "nuwara eliya", "polonnaruwa", "puttalam", "ratnapura",
		"trincomalee", "vavuniya")
)

// address is the Patient.address of a text. The national profile demands
// every part of an address, so what the text lacks is data-absent there.
func address(text string, guide Guide) nehr.Address {
	a := nehr.Address{Use: nehr.AddressHome, Text: text}
	if guide != GuideLK {
		return a
	}
	p := splitAddress(text)
	a.Line, a.LineExt = nehr.Strings(p.lines), nil
	if len(p.lines) == 0 {
		a.Line, a.LineExt = nehr.AbsentStrings(nehr.AbsentUnknown)
	}
	a.City, a.CityExt = orAbsent(p.city)
	a.District, a.DistrictExt = orAbsent(p.district)
	a.State, a.StateExt = orAbsent(p.state)
	a.Country, a.CountryExt = orAbsent(p.country)
	a.PostalCode = p.postalCode
	return a
}

// orAbsent is a required text, or the reason why it is missing.
func orAbsent(s string) (string, *nehr.Element) {
	if s == "" {
		return "", absentUnknown
	}
	return s, nil
}

// absentUnknown is shared: nobody changes an element after it was made.
var absentUnknown = nehr.Absent(nehr.AbsentUnknown)
