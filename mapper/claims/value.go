package claims

import (
	"regexp"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// flag reads a boolean claim (OpenID Connect Core section 5.1), which some
// identity systems write as a text.
func flag(claim string, s Source) (text, language string, reason Reason) {
	v, ok := s.Value(claim)
	if !ok {
		return "", "", NotGiven
	}
	switch string(v) {
	case `true`, `"true"`:
		return "true", "", ""
	case `false`, `"false"`:
		return "false", "", ""
	}
	return "", "", WrongForm
}

// date reads a day as eSignet's identity systems write it: 2006/01/02 or
// 2006-01-02. A year alone, also as 2006-00-00, or with a month, is no day; the
// year 0000, which OpenID Connect Core section 5.1 allows for one who withholds
// it, neither. Other orders cannot be told apart and are refused.
func date(text string) (string, Reason) {
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == '/' || r == '-' })
	if len(text) > 10 || len(parts) == 0 || len(parts) > 3 || strings.Contains(text, "/") && strings.Contains(text, "-") {
		return "", WrongForm
	}
	for i, p := range parts {
		if len(p) != 2 && i > 0 || len(p) != 4 && i == 0 || strings.Trim(p, "0123456789") != "" {
			return "", WrongForm
		}
	}
	if strings.Join(parts, "-") != strings.ReplaceAll(text, "/", "-") {
		return "", WrongForm
	}
	switch {
	case parts[0] == "0000":
		return "", WrongForm
	case len(parts) < 3 || parts[1] == "00" || parts[2] == "00":
		return "", YearOnly
	}
	d, err := dhis2.ParseDate(strings.Join(parts, "-"))
	if err != nil || parts[0] < "1850" {
		return "", WrongForm
	}
	return d.String(), ""
}

// phone writes a number as E.164: a plus, the country code, 8 to 15 digits in
// all. A national number is completed only where the map says of which country.
func phone(text, country string, digits int) (string, Reason) {
	plus := strings.HasPrefix(text, "+")
	number := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -.()/+", r) {
			return -1
		}
		return r
	}, text)
	if strings.Trim(number, "0123456789") != "" || strings.LastIndex(text, "+") > 0 {
		return "", WrongForm
	}
	switch {
	case plus:
	case strings.HasPrefix(number, "00"):
		number = number[2:]
	case country != "" && strings.HasPrefix(number, "0"):
		number = country + number[1:]
	case country != "" && digits > 0 && len(number) == digits:
		number = country + number
	case country != "" && digits > 0 && strings.HasPrefix(number, country) && len(number) == len(country)+digits:
	default:
		return "", WrongForm
	}
	if len(number) < 8 || len(number) > 15 || number[0] == '0' {
		return "", WrongForm
	}
	if digits > 0 && strings.HasPrefix(number, country) && len(number) != len(country)+digits {
		return "", WrongForm
	}
	return "+" + number, ""
}

var emailForm = regexp.MustCompile(`^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)

// email takes a bare address of at most 254 characters, in the form that the
// fields of browsers take too (HTML, section 4.10.5.1.5), with a domain of two
// parts at least.
func email(text string) (string, Reason) {
	if !emailForm.MatchString(text) || len(text) > 254 {
		return "", WrongForm
	}
	return text, ""
}

func namePart(text string, kind Kind) (string, Reason) {
	words := strings.Fields(oneLine(text))
	last := len(words) - 1
	switch {
	case last < 0:
		return "", NotGiven
	case last == 0:
		return "", OneWord
	case kind == KindFamilyName:
		return words[last], ""
	}
	return strings.Join(words[:last], " "), ""
}

// option finds the code of an option. Every language that the issuer gives is
// looked at: where two name different options, neither is believed.
func option(claim string, words map[string]string, languages []string, s Source) (string, Reason) {
	if _, ok := s.Value(claim, languages...); !ok {
		return "", NotGiven
	}
	found, understood, read := "", false, false
	for _, l := range slices.Concat(languages, []string{""}) {
		var only []string
		if l != "" {
			only = []string{l}
		}
		text, _, ok := s.Text(claim, only...)
		if !ok {
			continue
		}
		read = true
		code, known := words[fold(text)]
		switch {
		case !known:
		case understood && code != found:
			return "", Contradiction
		default:
			found, understood = code, true
		}
	}
	switch {
	case understood:
		return found, ""
	case read:
		return "", UnknownWord
	}
	return "", WrongForm
}

// address joins the members that there are. A formatted address stands for all
// where there is no other, or where the map asks for it.
func address(a Attribute, languages []string, s Source) (text, language string, reason Reason) {
	v, ok := s.Value(a.Claim, languages...)
	if !ok {
		return "", "", NotGiven
	}
	if v.Kind() == '"' { // some identity systems write one text
		text, language, _ = s.Text(a.Claim, languages...)
		if text = lines(text, separator(a)); text == "" {
			return "", "", NotGiven
		}
		return text, language, ""
	}
	members := s.Address(languages...)
	if members == nil || a.Claim != "address" {
		return "", "", WrongForm
	}
	order := a.Members
	if len(order) == 0 {
		order = addressMembers
	}
	var parts []string
	for _, name := range order {
		if part := lines(members[name], separator(a)); part != "" {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		if part := lines(members["formatted"], separator(a)); part != "" {
			parts = []string{part}
		}
	}
	if len(parts) == 0 {
		return "", "", NotGiven
	}
	return strings.Join(parts, separator(a)), "", ""
}

func separator(a Attribute) string {
	if a.Separator == "" {
		return ", "
	}
	return a.Separator
}

// lines joins the lines of a text, which a formatted address has.
func lines(text, separator string) string {
	var out []string
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' || r == 0x2028 }) {
		if line = strings.Trim(oneLine(line), ", "); line != "" {
			out = append(out, line)
		}
	}
	return strings.Join(out, separator)
}
