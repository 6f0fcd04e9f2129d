package claims

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Source is a verified answer, as *esignet.Claims is one. A value in the wanted
// language goes before one without a language, and that before any other.
type Source interface {
	// Value gives a claim that is not empty.
	Value(name string, languages ...string) (jsontext.Value, bool)
	// Text gives a claim that is a text, with its language where it names one.
	Text(name string, languages ...string) (text, language string, ok bool)
	// Address gives the members of the address by name; nil without one.
	Address(languages ...string) map[string]string
}

// Request is one claim to ask for.
type Request struct {
	Claim     string
	Essential bool
	Purpose   string
}

// Value is what an attribute is filled with.
type Value struct {
	Attribute dhis2.UID `json:"attribute"`
	Value     string    `json:"value"`
	Claim     string    `json:"claim"`
	Language  string    `json:"language,omitempty"` // ISO 639-1, where the claim names one
}

// Missing is an attribute that was not filled, and why.
type Missing struct {
	Attribute dhis2.UID `json:"attribute"`
	Claim     string    `json:"claim"`
	Reason    Reason    `json:"reason"`
}

// Reason is why an attribute was not filled.
type Reason string

// The reasons.
const (
	// NotGiven: she declined it, or the identity system has none: that cannot be told
	// apart.
	NotGiven Reason = "not-given"
	// WrongForm: another form than the kind wants, such as a number for a name.
	WrongForm Reason = "wrong-form"
	// YearOnly: the day of birth is not known, only the year, or year and month.
	YearOnly Reason = "year-only"
	// UnknownWord: no option has this word.
	UnknownWord Reason = "unknown-word"
	// Contradiction: two languages say different things.
	Contradiction Reason = "contradiction"
	// OneWord: a name of one word is not taken apart.
	OneWord Reason = "one-word"
	// TooLong: longer than DHIS2 keeps.
	TooLong Reason = "too-long"
)

// Result is what an answer fills, in the order of the map, and what it does not.
// Each attribute of the map is in one of the two.
type Result struct {
	Values  []Value   `json:"values"`
	Missing []Missing `json:"missing"`
}

// Mapper applies one map. It is safe for concurrent use.
type Mapper struct {
	m     Map
	words []map[string]string // of options: folded word to code, by index of the attribute
}

// New compiles a map; its mistakes are one error.
func New(m Map) (*Mapper, error) {
	if problems := m.Check(); len(problems) > 0 {
		errs := make([]error, len(problems))
		for i, p := range problems {
			errs[i] = errors.New(p.String())
		}
		return nil, errors.Join(errs...)
	}
	out := &Mapper{m: m, words: make([]map[string]string, len(m.Attributes))}
	for i, a := range m.Attributes {
		if a.Kind == KindOption {
			out.words[i] = map[string]string{}
			for code, words := range a.Options {
				for _, w := range words {
					out.words[i][fold(w)] = code
				}
			}
		}
	}
	return out, nil
}

// Name is the map's.
func (m *Mapper) Name() string { return m.m.Name }

// Program is the one whose forms are filled.
func (m *Mapper) Program() dhis2.UID { return m.m.Program }

// Languages are those of values, the wanted one first.
func (m *Mapper) Languages() []string { return slices.Clone(m.m.Languages) }

// Requests are the claims to ask for, each once, in the order of the map.
func (m *Mapper) Requests() []Request {
	var out []Request
	at := map[string]int{}
	for _, a := range m.m.Attributes {
		if a.Claim == "" {
			continue
		}
		i, known := at[a.Claim]
		if !known {
			i = len(out)
			at[a.Claim] = i
			out = append(out, Request{Claim: a.Claim, Essential: a.Essential})
		}
		if out[i].Purpose == "" {
			out[i].Purpose = a.Purpose
		}
	}
	return out
}

// Apply fills what can be filled from a verified answer about the subject.
func (m *Mapper) Apply(subject string, s Source) Result {
	r := Result{Values: []Value{}, Missing: []Missing{}}
	for i, a := range m.m.Attributes {
		claim := a.Claim
		if a.Kind == KindSubject {
			claim = "sub"
		}
		text, language, reason := m.value(i, a, subject, s)
		if reason == "" && len(text) > maxValue {
			reason = TooLong
		}
		if reason != "" {
			r.Missing = append(r.Missing, Missing{a.UID, claim, reason})
			continue
		}
		r.Values = append(r.Values, Value{Attribute: a.UID, Value: text, Claim: claim, Language: language})
	}
	return r
}

// maxValue is what every DHIS2 keeps as the value of an attribute, in bytes
// (trackedentityattributevalue.value was varchar(1200)).
const maxValue = 1200

func (m *Mapper) value(i int, a Attribute, subject string, s Source) (text, language string, reason Reason) {
	switch a.Kind {
	case KindSubject:
		if subject == "" {
			return "", "", NotGiven
		}
		return subject, "", ""
	case KindVerified:
		return "true", "", ""
	case KindFlag:
		return flag(a.Claim, s)
	case KindAddress:
		return address(a, m.m.Languages, s)
	case KindOption:
		text, reason = option(a.Claim, m.words[i], m.m.Languages, s)
		return text, "", reason
	}
	if _, ok := s.Value(a.Claim, m.m.Languages...); !ok {
		return "", "", NotGiven
	}
	text, language, ok := s.Text(a.Claim, m.m.Languages...)
	if !ok {
		return "", "", WrongForm
	}
	switch a.Kind {
	case KindDate:
		text, reason = date(text)
	case KindPhone:
		digits, _ := strconv.Atoi(a.Digits) // checked; 0 where it is not said
		text, reason = phone(text, a.CountryCode, digits)
	case KindEmail:
		text, reason = email(text)
	case KindGivenName, KindFamilyName:
		text, reason = namePart(text, a.Kind)
	default:
		text = oneLine(text)
	}
	if text == "" && reason == "" {
		reason = NotGiven
	}
	return text, language, reason
}

// oneLine puts one blank where white space or control characters stand: a form
// field has one line. What is inside a word stays.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return r <= ' ' || r == 0x7f || r == 0x85 || r == 0xa0 || r == 0x2028 || r == 0x2029
	}), " ")
}
