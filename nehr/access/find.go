package access

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// Lookup is what a clinician knows of a patient whose record is to be found: the number
// on her card, or her name, her day of birth and her telephone, all three (D-093).
type Lookup struct {
	Number string // PHN, as it is written in the record
	Name   string // words of it, each as in the record
	Birth  string // YYYY-MM-DD
	Phones []string
	// Phones are one number in the forms that a record may have it in: +94771234567,
	// 0771234567.
}

// Masked is a patient as she is shown to somebody who may not see her record yet.
type Masked struct {
	Patient  string // "Patient/…": for the program, never for a page
	Initials string // N. U.
	Year     string // of birth
	Gender   string // FHIR's code
}

// Find looks a patient up for a clinician. It gives the one that is certain: none, more
// than one, and one of whom not all is so as asked are ErrNotFound alike, and nobody is
// listed. Nothing of a record is opened by it; it stands in the log, in hers where she
// was found.
func (g *Gate) Find(ctx context.Context, a Actor, l Lookup) (*Masked, error) {
	e := Entry{Action: ActionFind, Purpose: Treatment, Type: "Patient"}
	params := url.Values{"_count": {"20"}}
	switch {
	case l.Number != "":
		e.Parameters = []string{"identifier"}
		params.Set("identifier", client.Token(nehr.SystemPHN, l.Number))
	default:
		e.Parameters = []string{"birthdate", "name", "phone"}
		var tokens []string
		for _, p := range l.Phones {
			if p != "" {
				tokens = append(tokens, strings.NewReplacer(`\`, `\\`, ",", `\,`, "|", `\|`, "$", `\$`).Replace(p))
			}
		}
		if _, err := time.Parse(time.DateOnly, l.Birth); err != nil || len(tokens) == 0 || len(nameWords(l.Name)) == 0 {
			return nil, g.no(ctx, a, e, ReasonParameter)
		}
		params.Set("birthdate", l.Birth)
		params.Set("phone", strings.Join(tokens, ","))
	}
	if a.Kind != KindClinician || !is(a.Person, "Practitioner") {
		return nil, g.no(ctx, a, e, ReasonActor)
	}
	found, err := g.c.NEHR.Search(ctx, "Patient", params)
	if err != nil {
		return nil, g.undone(ctx, a, e, err)
	}
	var match *fhirjson.Value
	for _, p := range found.Resources {
		if !l.fits(p) {
			continue
		}
		if match != nil && match.Get("id").Str() != p.Get("id").Str() {
			match = nil
			break
		}
		match = p
	}
	if match == nil {
		if err := g.no(ctx, a, e, ReasonUnknown); !isDenied(err) {
			return nil, err
		}
		return nil, ErrNotFound
	}
	m := mask(match)
	e.Patient, e.Permitted, e.Reason, e.Count = m.Patient, true, ReasonMasked, 1
	if err := g.record(ctx, a, e); err != nil {
		return nil, err
	}
	return m, nil
}

// NotMine logs that a clinician who found a patient says that it is another one.
func (g *Gate) NotMine(ctx context.Context, a Actor, patient string) error {
	e := Entry{Action: ActionFind, Purpose: Treatment, Type: "Patient", Patient: safe(patient), Reason: ReasonNotMine}
	if a.Kind != KindClinician || !is(patient, "Patient") {
		e.Reason = ReasonActor
	}
	if err := g.record(ctx, a, e); err != nil {
		return err
	}
	if e.Reason == ReasonActor {
		return &DeniedError{Reason: ReasonActor}
	}
	return nil
}

// fits holds a patient against all that was asked, whatever the server took of it. A
// record that is out of use, or has given way to another, fits nothing.
func (l Lookup) fits(p *fhirjson.Value) bool {
	if p.Get("resourceType").Str() != "Patient" || !idForm.MatchString(p.Get("id").Str()) || p.Get("active").Scalar() == "false" {
		return false
	}
	for _, link := range p.Get("link").Items() {
		if link.Get("type").Str() == "replaced-by" {
			return false
		}
	}
	if l.Number != "" {
		return slices.ContainsFunc(p.Get("identifier").Items(), func(i *fhirjson.Value) bool {
			return i.Get("system").Str() == nehr.SystemPHN && i.Get("value").Str() == l.Number && i.Get("use").Str() != "old"
		})
	}
	if p.Get("birthDate").Str() != l.Birth {
		return false
	}
	if !slices.ContainsFunc(p.Get("telecom").Items(), func(t *fhirjson.Value) bool {
		return t.Get("system").Str() == "phone" && t.Get("use").Str() != "old" && slices.Contains(l.Phones, t.Get("value").Str())
	}) {
		return false
	}
	asked := nameWords(l.Name)
	return slices.ContainsFunc(p.Get("name").Items(), func(n *fhirjson.Value) bool {
		has := nameWords(nameText(n))
		for _, w := range asked {
			if !slices.Contains(has, w) {
				return false
			}
		}
		return len(asked) > 0
	})
}

// nameWords are the words of a name of two letters and more, folded.
func nameWords(s string) []string {
	var words []string
	for _, w := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && r != '\u200d' && r != '\u200c' && r != '\''
	}) {
		if len([]rune(w)) > 1 {
			words = append(words, w)
		}
	}
	return words
}

func nameText(n *fhirjson.Value) string {
	parts := []string{n.Get("text").Str()}
	for _, g := range n.Get("given").Items() {
		parts = append(parts, g.Str())
	}
	return strings.Join(append(parts, n.Get("family").Str()), " ")
}

// mask leaves of a patient what tells two at one desk apart, and no more.
func mask(p *fhirjson.Value) *Masked {
	m := &Masked{Patient: "Patient/" + p.Get("id").Str(), Gender: p.Get("gender").Str()}
	if birth := p.Get("birthDate").Str(); len(birth) >= 4 {
		m.Year = birth[:4]
	}
	names := p.Get("name").Items()
	if len(names) == 0 {
		return m
	}
	text := names[0].Get("text").Str()
	if text == "" {
		text = nameText(names[0])
	}
	var initials []string
	for _, w := range nameWords(text) {
		initials = append(initials, initial(w))
	}
	m.Initials = strings.Join(initials[:min(len(initials), 3)], " ")
	return m
}

// initial is the first letter of a word with the signs that belong to it: in Sinhala and
// Tamil a consonant is read together with them.
func initial(word string) string {
	runes := []rune(word)
	n := 1
	for n < len(runes) && unicode.IsMark(runes[n]) {
		n++
	}
	return strings.ToUpper(string(runes[:n])) + "."
}
