package patient

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	charts "github.com/nehrbridge/nehrbridge/nehr/portal/chart"
)

// Kinds of handles of the correction form.
const (
	aboutHandle = "about"
	entryHandle = "entry"
)

// mostWords bounds what she writes (characters), as the gate does.
const mostWords = 1000

type correctionsPage struct {
	Problem, Done string
	Wrong         bool // the words are what the problem is about
	Words         string
	Chosen        string // the handle of what it is about, as she chose
	Entry, Seen   string // the entry of the log that it is about, and its handle
	Days          []correctable
	List          []correctionView
}

// correctable are the entries of her record of one day, to choose from.
type correctable struct {
	Day     string
	Choices []choice
}

type choice struct{ Handle, Text string }

type correctionView struct {
	At, About, Words, State, Reply, Changed string
	Mark                                    string // how its state is coloured
}

// corrections shows what she has said is wrong, and the form to say so. With ?entry= it
// is about an entry of the log.
func (p *Portal) corrections(v *portal.Visit) error {
	page := correctionsPage{}
	if handle := v.R.URL.Query().Get("entry"); handle != "" {
		if _, ok := v.Named(entryHandle, handle); !ok {
			return &portal.StatusError{Status: http.StatusNotFound}
		}
		page.Entry = handle
	}
	return p.showCorrections(v, http.StatusOK, page)
}

func (p *Portal) showCorrections(v *portal.Visit, status int, page correctionsPage) error {
	r, err := p.record(v)
	if err != nil {
		return err
	}
	list, err := p.config.Gate.Corrections(v.R.Context(), reader(v))
	if err != nil {
		return trouble(err)
	}
	about := map[string]string{}
	days := map[string]*correctable{}
	var order []string
	for _, res := range r.Resources {
		ref := res.Get("resourceType").Str() + "/" + res.Get("id").Str()
		text, date, ok := p.told(v, res)
		if !ok {
			continue
		}
		about[ref] = text
		if date != "" {
			about[ref] += ", " + v.Date(date)
		}
		key := ""
		if date != "" {
			key = charts.Day(date)
		}
		if days[key] == nil {
			days[key] = &correctable{Day: v.T("no_date")}
			if key != "" {
				days[key].Day = v.Date(key)
			}
			order = append(order, key)
		}
		days[key].Choices = append(days[key].Choices, choice{v.Handle(aboutHandle, ref), text})
	}
	slices.SortFunc(order, func(a, b string) int { return cmp.Compare(b, a) })
	for _, key := range order {
		slices.SortFunc(days[key].Choices, func(a, b choice) int { return cmp.Compare(a.Text, b.Text) })
		page.Days = append(page.Days, *days[key])
	}
	if page.Entry != "" {
		seq, _ := v.Named(entryHandle, page.Entry)
		number, _ := strconv.ParseInt(seq, 10, 64) // sealed by the page of the log
		if page.Seen, err = p.entrySaid(v, number); err != nil {
			return err
		}
	}
	moment := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return v.Moment(t.Format(time.RFC3339))
	}
	for _, c := range list {
		view := correctionView{At: moment(c.At), Words: c.Words, State: v.T("correction_" + string(c.State)), Reply: c.Reply}
		switch c.State {
		case access.CorrectionDone:
			view.Mark = "usual"
		case access.CorrectionRejected:
			view.Mark = "low"
		}
		if c.Changed.After(c.At) {
			view.Changed = moment(c.Changed)
		}
		switch {
		case c.Entry != 0:
			if view.About, err = p.entrySaid(v, c.Entry); err != nil {
				return err
			}
		case c.About != "":
			view.About = about[c.About]
		default:
			view.About = v.T("correct_general")
		}
		page.List = append(page.List, view)
	}
	return v.ShowStatus(status, "corrections.html", v.T("corrections"), page)
}

// entrySaid says what an entry of her log says: who did what, and when.
func (p *Portal) entrySaid(v *portal.Visit, seq int64) (string, error) {
	sights, err := p.sights(v, access.Filter{Before: seq + 1, Limit: 1, WithOwn: true})
	if err != nil || len(sights) == 0 || sights[0].seq != seq {
		return "", err
	}
	s := sights[0]
	said := s.Who
	if s.Facility != "" {
		said += ", " + s.Facility
	}
	return said + ": " + s.Action + ", " + s.At, nil
}

// told is what an entry of the record says, in short, and its date; false for what is
// nothing that she could say is wrong.
func (p *Portal) told(v *portal.Visit, res *fhirjson.Value) (text, date string, ok bool) {
	if charts.Gone(res) {
		return "", "", false
	}
	name := func(member string) string {
		concept := res.Get(member)
		if items := concept.Items(); len(items) > 0 {
			concept = items[0]
		}
		return phraseOf(v.Lang, concept, "").Text
	}
	switch res.Get("resourceType").Str() {
	case "Patient":
		return v.T("correct_me"), "", true
	case "Encounter":
		text, date = name("type"), res.Get("period", "start").Str()
	case "Observation":
		text, date = name("code"), cmp.Or(res.Get("effectiveDateTime").Str(), res.Get("effectivePeriod", "start").Str(), res.Get("effectiveInstant").Str())
		if value := p.valueSaid(v, res); value != "" {
			text += ": " + value
		}
	case "Condition":
		text, date = name("code"), cmp.Or(res.Get("onsetDateTime").Str(), res.Get("recordedDate").Str())
	case "AllergyIntolerance":
		text, date = name("code"), cmp.Or(res.Get("onsetDateTime").Str(), res.Get("recordedDate").Str())
	case "MedicationStatement":
		text, date = name("medicationCodeableConcept"), cmp.Or(res.Get("effectiveDateTime").Str(), res.Get("effectivePeriod", "start").Str())
	case "Immunization":
		text, date = name("vaccineCode"), res.Get("occurrenceDateTime").Str()
	case "Appointment":
		text, date = cmp.Or(name("serviceType"), v.T("next_visit")), res.Get("start").Str()
	case "ServiceRequest":
		text, date = cmp.Or(name("reasonCode"), v.T("referral")), res.Get("authoredOn").Str()
	case "DocumentReference":
		text, date = cmp.Or(res.Get("description").Str(), name("type"), v.T("document")), res.Get("date").Str()
	case "Media":
		text, date = cmp.Or(name("type"), v.T("document")), res.Get("createdDateTime").Str()
	default:
		return "", "", false
	}
	return cut(text, 120), date, text != ""
}

// valueSaid is the value of an observation in short.
func (p *Portal) valueSaid(v *portal.Visit, res *fhirjson.Value) string {
	if q := res.Get("valueQuantity"); q != nil {
		return strings.TrimSpace(q.Get("value").Scalar() + " " + cmp.Or(q.Get("unit").Str(), q.Get("code").Str()))
	}
	if c := res.Get("valueCodeableConcept"); c != nil {
		return phraseOf(v.Lang, c, "").Text
	}
	if d := res.Get("valueDateTime").Str(); d != "" {
		return v.Date(d)
	}
	var parts []string
	for _, part := range res.Get("component").Items() {
		if value := p.valueSaid(v, part); value != "" {
			parts = append(parts, value)
		}
	}
	return cmp.Or(res.Get("valueString").Str(), res.Get("valueInteger").Scalar(), strings.Join(parts, ", "))
}

// correct asks for something to be put right.
func (p *Portal) correct(v *portal.Visit) error {
	v.At("/corrections")
	form := v.R.PostForm
	page := correctionsPage{Words: form.Get("words"), Chosen: form.Get("about"), Entry: form.Get("entry")}
	c := access.Correction{Words: page.Words}
	missing := &portal.StatusError{Status: http.StatusNotFound}
	switch {
	case page.Entry != "":
		seq, ok := v.Named(entryHandle, page.Entry)
		if !ok {
			return missing
		}
		c.Entry, _ = strconv.ParseInt(seq, 10, 64) // sealed by the page of the log
	case page.Chosen != "":
		var ok bool
		if c.About, ok = v.Named(aboutHandle, page.Chosen); !ok {
			return missing
		}
	}
	n := utf8.RuneCountInString(strings.TrimSpace(page.Words))
	if n > mostWords || n == 0 && c.Entry == 0 {
		page.Wrong, page.Problem = true, v.T("correct_words_wrong")
		page.Words = cut(page.Words, 2*mostWords)
		return p.showCorrections(v, http.StatusUnprocessableEntity, page)
	}
	_, err := p.config.Gate.Correct(v.R.Context(), reader(v), c)
	if denied, ok := errors.AsType[*access.DeniedError](err); ok {
		switch denied.Reason {
		case access.ReasonTooMany:
			page.Problem = v.T("correct_too_many")
			return p.showCorrections(v, http.StatusConflict, page)
		case access.ReasonText:
			page.Wrong, page.Problem = true, v.T("correct_words_wrong")
			return p.showCorrections(v, http.StatusUnprocessableEntity, page)
		}
	}
	if err != nil {
		return trouble(err)
	}
	return p.showCorrections(v, http.StatusOK, correctionsPage{Done: v.T("correct_done")})
}
