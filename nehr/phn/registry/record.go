package registry

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/phn"
)

// maxMatches is how many records a person can choose among.
const maxMatches = 10

// question is a search of the record: one of two, and no other can be put.
type question struct {
	kind      string // number or demographics, for the audit
	number    string // that is searched for; "" for demographics
	birthDate string
	phone     string // as it compares
	params    url.Values
}

// question reads a request. A number is searched for with its system always
// (D-072), demographics with all three always (D-064).
func (s *Service) question(r SearchRequest) (*question, error) {
	if (r.PHN == "") == (r.Demographics == nil) {
		return nil, refuse(CodeMalformed, "want either phn or demographics")
	}
	if r.PHN != "" {
		number, err := s.config.Accept(strings.TrimSpace(r.PHN))
		if err != nil {
			return nil, &Refusal{Code: CodePHN, Detail: "not a number that is accepted", Err: err}
		}
		return byNumber(number.String()), nil
	}
	d := r.Demographics
	name := strings.Join(strings.Fields(d.Name), " ")
	phone, isPhone := s.config.Telephone(strings.TrimSpace(d.Phone))
	born, err := time.Parse(time.DateOnly, d.BirthDate)
	now := s.config.Now()
	switch {
	case !isName(name):
		return nil, refuse(CodeDemographics, "no name of 2 letters or more")
	case err != nil || born.After(now) || born.Before(now.AddDate(-130, 0, 0)):
		return nil, refuse(CodeDemographics, "no birth date")
	case !isPhone:
		return nil, refuse(CodeDemographics, "no telephone number")
	}
	// A string parameter finds what begins with it, a name as a whole or a part of it
	// (search.html#string): the first word finds both ways of writing. That the others
	// differ, the worker sees.
	first, _, _ := strings.Cut(name, " ")
	return &question{kind: "demographics", birthDate: d.BirthDate, phone: comparable(phone), params: url.Values{
		"name": {escape(first)}, "birthdate": {d.BirthDate}, "phone": {phones(phone, d.Phone)}, "_count": {strconv.Itoa(maxMatches + 1)},
	}}, nil
}

func byNumber(number string) *question {
	return &question{kind: "number", number: number, params: url.Values{
		"identifier": {client.Token(nehr.SystemPHN, number)}, "_count": {strconv.Itoa(maxMatches + 1)},
	}}
}

// phones are two ways in which records write a number, either of which will do: in
// E.164, and the digits that are dialled.
func phones(e164, typed string) string { return escape(e164) + "," + digitsOf(typed) }

func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, text)
}

// escape takes their meaning from the separators of search (search.html#escaping).
func escape(text string) string { return separators.Replace(text) }

var separators = strings.NewReplacer(`\`, `\\`, `|`, `\|`, `,`, `\,`, `$`, `\$`)

// isName tells a name: letters of any script, with what stands between them.
func isName(text string) bool {
	letters := 0
	for _, r := range text {
		switch {
		case unicode.IsLetter(r):
			letters++
		case !unicode.IsMark(r) && !strings.ContainsRune(" .,'’-/()", r) && !isJoiner(r):
			return false
		}
	}
	return letters >= 2 && utf8.RuneCountInString(text) <= 200
}

// isJoiner tells the characters without width that Sinhala and Tamil write with.
func isJoiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

// comparable is what two ways of writing a telephone number have in common.
func comparable(number string) string {
	digits := digitsOf(number)
	return digits[max(0, len(digits)-9):]
}

// person is a Patient of the record who can be selected.
type person struct {
	number   string
	resource *fhirjson.Value
}

// ask puts a question to the record. A record that answers with people who were not
// asked for does not understand the question: nothing is concluded from such an
// answer, least of all that she is not known.
func (s *Service) ask(ctx context.Context, q *question) ([]person, error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.Patience)
	defer cancel()
	found, err := s.config.Record.SearchPage(ctx, "Patient", q.params)
	if err != nil {
		return nil, &Refusal{Code: CodeNEHR, Detail: "the national record cannot be asked", Err: err}
	}
	for _, r := range found.Resources {
		if !q.fits(r) {
			return nil, refuse(CodeAnswer, "the national record answers with people who were not asked for")
		}
	}
	switch {
	case len(found.Resources) > maxMatches || found.More && len(found.Resources) > 0:
		return nil, refuse(CodeNarrow, "more than ten records match")
	case found.More:
		return nil, refuse(CodeAnswer, "the national record answers with an empty page before others")
	case len(found.Resources) == 0 && found.Total != "" && found.Total != "0":
		return nil, refuse(CodeAnswer, "the national record counts people whom it does not show")
	}
	var people []person
	for _, r := range found.Resources {
		if number := cmp.Or(q.number, numberOf(r)); number != "" {
			people = append(people, person{number, r})
		}
	}
	return people, nil
}

// fits tells whether a Patient is one who was asked for.
func (q *question) fits(r *fhirjson.Value) bool {
	if q.number != "" {
		for _, i := range r.Get("identifier").Items() {
			if i.Get("system").Str() == nehr.SystemPHN && i.Get("value").Str() == q.number {
				return true
			}
		}
		return false
	}
	if r.Get("birthDate").Str() != q.birthDate {
		return false
	}
	for _, t := range r.Get("telecom").Items() {
		if comparable(t.Get("value").Str()) == q.phone {
			return true
		}
	}
	return false
}

// numberOf is the number of a Patient: the official one, else one that is in use.
func numberOf(r *fhirjson.Value) string {
	best := ""
	for _, i := range r.Get("identifier").Items() {
		number, err := phn.ParseAny(i.Get("value").Str())
		if i.Get("system").Str() != nehr.SystemPHN || err != nil {
			continue
		}
		switch i.Get("use").Str() {
		case "official":
			return number.String()
		case "old":
		default:
			best = cmp.Or(best, number.String())
		}
	}
	return best
}

// known tells whether the record knows a number as somebody's, and who they are.
func (s *Service) known(ctx context.Context, number string) ([]person, error) {
	people, err := s.ask(ctx, byNumber(number))
	if r, ok := errors.AsType[*Refusal](err); ok && r.Code == CodeNarrow {
		return make([]person, maxMatches+1), nil // it is, many times
	}
	return people, err
}

// isRetryable tells an error of the record that may pass by itself.
func isRetryable(err error) bool {
	r, ok := errors.AsType[interface {
		error
		Retryable() bool
	}](err)
	return ok && r.Retryable()
}

var year = regexp.MustCompile(`^[12][0-9]{3}\b`)
