package telephone

import (
	"regexp"
	"strings"
	"unicode"
)

// E164 writes a telephone number, dialled as in a region (ISO 3166, in
// capitals) or with a calling code, in the form of ITU-T E.164, such as
// +94771234567. Words before the number and an extension after it are left
// out. ok is false, and the text comes back as it was, where it is no possible
// number: one of a length that its region does not have.
func E164(text, region string) (number string, ok bool) {
	digits, plus, ok := read(text)
	if !ok {
		return text, false
	}
	plan, national, ok := split(digits, plus, lookUp(region))
	if !ok {
		return text, false
	}
	if s := plan.strip(national); plan.possible(len(s)) || plan.exceeds(len(s)) {
		national = s
	}
	if len(national) > longest || !calling(plan.code).possible(len(national)) {
		return text, false
	}
	return "+" + plan.code + national, true
}

const (
	longestText = 250 // bytes
	longest     = 17  // digits of a national number: Germany has more than E.164 allows
	shortest    = 3   // digits that are read as a number
)

// extension is what may follow a number.
var extension = regexp.MustCompile(`(?i)(?:;ext=|[ \t\x{A0}]*(?:e?xt(?:ension|n)?|x|#)[.:]?[ \t\x{A0}-]*)[0-9]{1,9}#?$`)

// read takes the digits out of a text, without an extension. plus says that
// they begin with a calling code; ok is false where something stands between
// them that does not belong into a number.
func read(text string) (digits string, plus, ok bool) {
	if len(text) > longestText || strings.Contains(text, ";phone-context=") {
		return "", false, false
	}
	start := strings.IndexFunc(text, func(r rune) bool { return isPlus(r) || unicode.IsDigit(r) })
	if start < 0 {
		return "", false, false
	}
	text = text[start:]
	if at := extension.FindStringIndex(text); at != nil {
		text = text[:at[0]]
	}
	number := strings.TrimLeftFunc(text, isPlus)
	plus = len(number) < len(text)
	out := make([]byte, 0, len(number))
	for _, r := range number {
		if d, digit := digit(r); digit {
			out = append(out, d)
		} else if !separates(r) {
			return "", false, false
		}
	}
	return string(out), plus, len(out) >= shortest
}

func isPlus(r rune) bool { return r == '+' || r == '＋' }

// digit gives the ASCII digit of a European, Arabic-Indic, Persian or
// full-width one.
func digit(r rune) (byte, bool) {
	for _, zero := range [...]rune{'0', '٠', '۰', '０'} {
		if zero <= r && r <= zero+9 {
			return '0' + byte(r-zero), true
		}
	}
	return 0, false
}

// separates tells whether people put r between digits.
func separates(r rune) bool {
	switch r {
	case ' ', '-', '.', '/', '(', ')', '[', ']',
		'\u00A0', '\u00AD', '\u200B', '\u2060', '\u3000', // spaces and soft hyphens
		'\u2212', '\u30FC', '\uFF0D', '\uFF0E', '\uFF0F', '\uFF08', '\uFF09', '\uFF3B', '\uFF3D': // of Asian keyboards
		return true
	}
	return '\u2010' <= r && r <= '\u2015' // hyphens and dashes
}

// split tells which region's plan a number follows and cuts the calling code
// off. home is the region that it is dialled in, nil for none.
func split(digits string, plus bool, home *region) (plan *region, national string, ok bool) {
	if plus {
		if r := calling(digits); r != nil {
			return r, digits[len(r.code):], true
		}
	}
	if home == nil {
		return nil, "", false
	}
	// Many write a plus before the international prefix too, or instead of
	// nothing before the calling code.
	if at := compiled(home.international).FindStringIndex(digits); at != nil && !strings.HasPrefix(digits[at[1]:], "0") {
		rest := digits[at[1]:]
		r := calling(rest)
		if r == nil || len(rest) < shortest {
			return nil, "", false
		}
		return r, rest[len(r.code):], true
	}
	if rest, found := strings.CutPrefix(digits, home.code); found {
		national := home.strip(rest)
		if !home.valid(digits) && home.valid(national) || home.exceeds(len(digits)) {
			return calling(home.code), national, true
		}
	}
	return home, digits, !plus
}
