package claims

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Kind is how a claim becomes the value of an attribute.
type Kind string

// The kinds.
const (
	// KindSubject is the person's pseudonym, sub: an identifier only together with
	// the issuer and the relying party.
	KindSubject Kind = "subject"
	// KindText is a text as it stands.
	KindText Kind = "text"
	// KindGivenName and KindFamilyName are parts of a full name; Split says how it is
	// taken apart. Where the issuer has the parts as claims of their own, take those
	// as KindText.
	KindGivenName  Kind = "given-name"
	KindFamilyName Kind = "family-name"
	// KindDate is a day: 2006-01-02 or 2006/01/02. A bare year is no date.
	KindDate Kind = "date"
	// KindOption is the code of an option, found by the words in Options.
	KindOption Kind = "option"
	// KindPhone is a phone number as E.164.
	KindPhone Kind = "phone"
	// KindEmail is an e-mail address.
	KindEmail Kind = "email"
	// KindAddress is a text of the members of the address claim.
	KindAddress Kind = "address"
	// KindFlag is true or false, as in phone_number_verified.
	KindFlag Kind = "flag"
	// KindVerified is true whenever a sign-in was verified; it reads no claim.
	KindVerified Kind = "verified"
)

// Kinds are all of them.
var Kinds = []Kind{KindSubject, KindText, KindGivenName, KindFamilyName, KindDate, KindOption, KindPhone, KindEmail, KindAddress,
	KindFlag, KindVerified}

// SplitLast takes the last word of a full name as the family name and the others
// as given names. In Sri Lanka that is a guess (initials, patronymics and ge names
// stand in any order), so a map has to say that it wants it.
const SplitLast = "last"

// Map says what a program asks a person to share, and which attributes that
// fills. As YAML it is read by config.ClaimMaps.
type Map struct {
	// Name is what the map is called; one with the name of an embedded map replaces
	// it.
	Name    string    `yaml:"name"`
	Program dhis2.UID `yaml:"program"`
	// Languages are those of values, ISO 639-1, the wanted one first.
	Languages  []string    `yaml:"languages"`
	Attributes []Attribute `yaml:"attributes"`
}

// Attribute is filled by one claim.
type Attribute struct {
	UID  dhis2.UID `yaml:"uid"`
	Name string    `yaml:"name"` // for the reader of the map
	// Claim is its name without language; empty for subject and verified.
	Claim string `yaml:"claim"`
	Kind  Kind   `yaml:"kind"`
	// Essential claims cannot be declined one by one. Only a name may be.
	Essential bool `yaml:"essential"`
	// Purpose is shown to the person where the issuer can: 3 to 300 characters
	// without %.
	Purpose string `yaml:"purpose"`
	// Split is how a full name is taken apart: last.
	Split string `yaml:"split"`
	// Options are the words that stand for an option, by its code; any language,
	// without regard to capitals.
	Options map[string][]string `yaml:"options"`
	// CountryCode and Digits are of national phone numbers: 94 and 9 make
	// 0771234567 into +94771234567, and refuse others of +94 that have not nine
	// digits.
	CountryCode string `yaml:"country_code"`
	Digits      string `yaml:"digits"`
	// Members are those of an address, in the order in which they are written.
	// Defaults to street_address, locality, region, postal_code, country. Where the
	// issuer gives none of them, formatted stands for all.
	Members []string `yaml:"members"`
	// Separator stands between members. Defaults to ", ".
	Separator string `yaml:"separator"`
}

// Problem is one mistake of a map.
type Problem struct {
	Path   string // place in the YAML file, such as attributes[3].claim
	Reason string // what is wrong and what is wanted
}

func (p Problem) String() string { return p.Path + ": " + p.Reason }

var (
	claimName   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)
	languageTag = regexp.MustCompile(`^[a-z]{2}$`)
	countryCode = regexp.MustCompile(`^[1-9][0-9]{0,2}$`)
	digitCount  = regexp.MustCompile(`^([4-9]|1[0-4])$`)
	mapName     = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)
)

// nameClaims are the claims that may be essential: a woman can decline anything
// else and still be registered (D-065).
var nameClaims = []string{"name", "given_name", "family_name"}

var addressMembers = []string{"street_address", "locality", "region", "postal_code", "country"}

// Check returns every mistake of the map at once. A map with a problem must not
// be used.
func (m *Map) Check() []Problem {
	var c checker
	c.require("name", mapName.MatchString(m.Name), "want a short name of small letters, digits and hyphens")
	c.require("program", !m.Program.IsZero(), "the UID of a program is missing")
	c.require("languages", len(m.Languages) > 0, "want at least one language, such as en")
	for i, l := range m.Languages {
		c.require(fmt.Sprintf("languages[%d]", i), languageTag.MatchString(l), "want a language of ISO 639-1 in two small letters, such as si")
	}
	c.require("attributes", len(m.Attributes) > 0, "there is nothing to fill")
	seen := map[dhis2.UID]bool{}
	essential := map[string]bool{}
	purpose := map[string]string{}
	for i, a := range m.Attributes {
		path := fmt.Sprintf("attributes[%d]", i)
		c.require(path+".uid", !a.UID.IsZero(), "the UID of an attribute is missing")
		c.require(path+".uid", a.UID.IsZero() || !seen[a.UID], "the attribute stands twice: one claim fills it")
		seen[a.UID] = true
		c.attribute(path, a)
		if first, ok := purpose[a.Claim]; ok && a.Claim != "" {
			c.require(path+".purpose", a.Purpose == "" || a.Purpose == first, "the claim has another purpose above: a claim is asked once")
			c.require(path+".essential", a.Essential == essential[a.Claim], "the claim is asked otherwise above: it is essential or not")
		} else {
			purpose[a.Claim], essential[a.Claim] = a.Purpose, a.Essential
		}
	}
	return c.problems
}

type checker struct{ problems []Problem }

func (c *checker) require(path string, ok bool, reason string) {
	if !ok {
		c.problems = append(c.problems, Problem{path, reason})
	}
}

func (c *checker) attribute(path string, a Attribute) {
	if !slices.Contains(Kinds, a.Kind) {
		known := make([]string, len(Kinds))
		for i, k := range Kinds {
			known[i] = string(k)
		}
		c.require(path+".kind", false, "want one of "+strings.Join(known, ", "))
		return
	}
	if a.Kind == KindSubject || a.Kind == KindVerified {
		c.require(path+".claim", a.Claim == "", "leave it away: "+string(a.Kind)+" reads no claim")
		c.require(path+".essential", !a.Essential, "leave it away: it comes with every sign-in")
	} else {
		c.require(path+".claim", claimName.MatchString(a.Claim), "want the name of a claim without language, such as birthdate")
		c.require(path+".claim", a.Claim != "sub", "the subject has a kind of its own: kind: subject, without a claim")
		c.require(path+".claim", a.Claim != "picture", "a picture is no value of an attribute; do not ask for it")
		c.require(path+".essential", !a.Essential || slices.Contains(nameClaims, a.Claim),
			"only a name may be essential: whoever declines anything else is still registered")
	}
	n := utf8.RuneCountInString(a.Purpose)
	c.require(path+".purpose", a.Purpose == "" || n >= 3 && n <= 300 && !strings.Contains(a.Purpose, "%"), "want 3 to 300 characters without %")

	part := a.Kind == KindGivenName || a.Kind == KindFamilyName
	c.require(path+".split", !part || a.Split == SplitLast, "want split: last, so that it is clear that this is a guess; or take the claims given_name and family_name as text")
	c.only(path+".split", a.Split != "", part, "a part of a name")
	c.only(path+".options", len(a.Options) > 0, a.Kind == KindOption, "an option")
	c.only(path+".country_code", a.CountryCode != "", a.Kind == KindPhone, "a phone")
	c.only(path+".digits", a.Digits != "", a.Kind == KindPhone, "a phone")
	c.only(path+".members", len(a.Members) > 0, a.Kind == KindAddress, "an address")
	c.only(path+".separator", a.Separator != "", a.Kind == KindAddress, "an address")
	switch a.Kind {
	case KindOption:
		c.options(path+".options", a.Options)
	case KindPhone:
		c.require(path+".country_code", a.CountryCode == "" || countryCode.MatchString(a.CountryCode), "want the digits of a country code, such as 94")
		c.require(path+".digits", a.Digits == "" || a.CountryCode != "" && digitCount.MatchString(a.Digits),
			"want the number of digits after the country code, 4 to 14, and a country_code")
	case KindAddress:
		for i, m := range a.Members {
			c.require(fmt.Sprintf("%s.members[%d]", path, i), m == "formatted" || slices.Contains(addressMembers, m),
				"want one of formatted, "+strings.Join(addressMembers, ", "))
			c.require(fmt.Sprintf("%s.members[%d]", path, i), slices.Index(a.Members, m) == i, "the member stands twice")
		}
	}
}

func (c *checker) only(path string, given, allowed bool, what string) {
	c.require(path, !given || allowed, "only for the kind of "+what+": leave it away")
}

func (c *checker) options(path string, options map[string][]string) {
	c.require(path, len(options) > 0, "the words of each option are missing, such as female: [Female, F]")
	owner := map[string]string{}
	codes := make([]string, 0, len(options))
	for code := range options {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	for _, code := range codes {
		c.require(path+"."+code, code != "" && len(options[code]) > 0, "want the words that stand for this option")
		for i, word := range options[code] {
			at := fmt.Sprintf("%s.%s[%d]", path, code, i)
			folded := fold(word)
			other, twice := owner[folded]
			c.require(at, folded != "", "an empty word")
			c.require(at, !twice, "the word stands for the option "+other+" too")
			owner[folded] = code
		}
	}
}

// fold makes words comparable: outer blanks and capitals do not count. Nothing
// inside is dropped, since a zero-width joiner makes another letter in Sinhala.
func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }
