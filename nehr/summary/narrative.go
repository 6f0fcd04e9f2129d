package summary

import (
	"cmp"
	"fmt"
	"html"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// clean makes a text of the record safe to show: what XML 1.0 cannot carry goes
// (section 2.2), and the marks that turn the direction of what follows, by which a
// text could pass for another. The joiners that Sinhala is written with stay.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case r == utf8.RuneError, r < 0x20, r >= 0x7f && r < 0xa0, r == 0xfffe, r == 0xffff, unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, s)
}

// escape is clean, and says nothing in XHTML but text.
func escape(s string) string { return html.EscapeString(clean(s)) }

// div is FHIR's narrative (R4 section 2.4): XHTML that says its language twice, for
// readers of HTML and of XML.
func (m *maker) div(content string) string {
	return `<div xmlns="http://www.w3.org/1999/xhtml" lang="` + m.Language + `" xml:lang="` + m.Language + `">` + content + `</div>`
}

func (m *maker) paragraph(text string) string { return "<p>" + escape(text) + "</p>" }

func (m *maker) stateText(s State) string {
	if s == Hidden {
		return m.words.withheld
	}
	return m.words.noInformation
}

// cover is the narrative of the Composition: whose summary it is, of when, and
// whether it is whole.
func (m *maker) cover(made *Summary) *fhirjson.Value {
	var b strings.Builder
	b.WriteString(m.paragraph(made.Title))
	line := func(name, text string) {
		if text != "" {
			b.WriteString(m.paragraph(name + ": " + text))
		}
	}
	line(m.words.patient, humanName(m.patient))
	line(m.words.born, m.date(m.patient.Get("birthDate").Str()))
	line(m.words.made, m.instant(m.Options.At))
	if !m.Record.At.IsZero() && !m.Record.At.Equal(m.Options.At) {
		line(m.words.read, m.instant(m.Record.At))
	}
	if m.Withheld.Any || len(m.Withheld.Classes) > 0 {
		b.WriteString(m.paragraph(m.words.anything))
		b.WriteString("<ul>")
		for p := range parts {
			if m.Withheld.from(p) {
				b.WriteString("<li>" + escape(m.words.sections[p]) + "</li>")
			}
		}
		b.WriteString("</ul>")
	}
	return fhirjson.Fields(fhirjson.F("status", fhirjson.Text("generated")), fhirjson.F("div", fhirjson.Text(m.div(b.String()))))
}

// table lists the facts of a section.
func (m *maker) table(p part, list []*fhirjson.Value) string {
	var b strings.Builder
	b.WriteString("<table><thead><tr>")
	for _, c := range m.words.columns {
		b.WriteString(`<th scope="col">` + escape(c) + "</th>")
	}
	b.WriteString("</tr></thead><tbody>")
	for _, r := range list {
		b.WriteString("<tr>")
		for _, cell := range []string{m.what(r), m.says(r), m.dates(r), m.by(r)} {
			b.WriteString("<td>" + escape(cell) + "</td>")
		}
		b.WriteString("</tr>")
	}
	b.WriteString("</tbody></table>")
	return b.String()
}

// own is the narrative of one resource, and "" for those that are read in the words
// of others, such as a clinic.
func (m *maker) own(r *fhirjson.Value) string {
	switch typeOf(r) {
	case "Patient":
		return m.div(m.paragraph(strings.Join(filled(cmp.Or(humanName(r), "–"), m.date(r.Get("birthDate").Str())), ", ")))
	case "Practitioner":
		return m.div(m.paragraph(cmp.Or(humanName(r), "–")))
	case "Organization", "Location":
		return m.div(m.paragraph(cmp.Or(r.Get("name").Str(), "–")))
	case "Device":
		return m.div(m.paragraph(cmp.Or(m.named(r), "–")))
	case "PractitionerRole", "Medication", "Specimen":
		return ""
	case "CarePlan":
		return m.div(m.paragraph(m.words.sections[plan]))
	}
	return m.div(m.paragraph(strings.Join(filled(m.what(r), m.says(r), m.dates(r), m.by(r)), "; ")))
}

func filled(list ...string) []string {
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
}

// what names the fact.
func (m *maker) what(r *fhirjson.Value) string {
	for _, name := range []string{"code", "medicationCodeableConcept", "vaccineCode", "serviceType"} {
		if text := m.concept(r.Get(name)); text != "" {
			return text
		}
	}
	for _, name := range []string{"reasonCode", "appointmentType"} {
		if text := m.concept(r.Get(name)); text != "" {
			return text
		}
	}
	if ref := r.Get("medicationReference"); ref != nil {
		return cmp.Or(ref.Get("display").Str(), m.concept(m.held[m.local(ref.Get("reference").Str())].Get("code")))
	}
	return typeOf(r)
}

// concept is the reviewed name of a code, else what the record says.
func (m *maker) concept(c *fhirjson.Value) string {
	for _, c := range c.Items() { // of a list the first that says something
		if m.Display != nil {
			for _, code := range c.Get("coding").Items() {
				if text := m.Display(code.Get("system").Str(), code.Get("code").Str()); text != "" {
					return text
				}
			}
		}
		if text := c.Get("text").Str(); text != "" {
			return text
		}
		for _, code := range c.Get("coding").Items() {
			if text := code.Get("display").Str(); text != "" {
				return text
			}
		}
		for _, code := range c.Get("coding").Items() {
			if text := code.Get("code").Str(); text != "" {
				return text
			}
		}
	}
	return ""
}

// says is the value of a fact, and its state where that is not what everybody would
// expect: a number that is preliminary, a medicine that is not taken.
func (m *maker) says(r *fhirjson.Value) string {
	var list []string
	switch typeOf(r) {
	case "Observation":
		list = append(list, m.value(r))
		for _, c := range r.Get("component").Items() {
			list = append(list, m.concept(c.Get("code"))+": "+m.value(c))
		}
		list = append(list, m.concept(r.Get("interpretation")))
		if r.Get("status").Str() != "final" {
			list = append(list, m.state(r.Get("status").Str()))
		}
	case "Condition", "AllergyIntolerance":
		for _, name := range []string{"clinicalStatus", "verificationStatus"} {
			for _, c := range r.Get(name, "coding").Items() {
				list = append(list, m.state(c.Get("code").Str()))
			}
		}
		for _, reaction := range r.Get("reaction").Items() {
			for _, c := range reaction.Get("manifestation").Items() {
				list = append(list, m.concept(c))
			}
		}
		list = append(list, m.concept(r.Get("severity")))
	case "DiagnosticReport":
		list = append(list, r.Get("conclusion").Str(), m.state(r.Get("status").Str()))
	case "MedicationStatement", "MedicationRequest":
		list = append(list, m.state(r.Get("status").Str()))
		for _, name := range []string{"dosage", "dosageInstruction"} {
			for _, d := range r.Get(name).Items() {
				list = append(list, d.Get("text").Str())
			}
		}
	default:
		list = append(list, m.state(r.Get("status").Str()))
	}
	for _, note := range r.Get("note").Items() {
		list = append(list, note.Get("text").Str())
	}
	list = append(list, additional(r))
	return strings.Join(filled(list...), "; ")
}

func (m *maker) state(code string) string {
	return cmp.Or(m.words.status[code], code)
}

// value is value[x] with its unit.
func (m *maker) value(r *fhirjson.Value) string {
	name := valueOf(r)
	v := r.Get(name)
	switch name {
	case "":
		return m.concept(r.Get("dataAbsentReason"))
	case "valueQuantity":
		return quantity(v)
	case "valueCodeableConcept":
		return m.concept(v)
	case "valueBoolean":
		if v.Kind() == fhirjson.True {
			return m.words.yes
		}
		return m.words.no
	case "valueDateTime":
		return m.date(v.Str())
	case "valuePeriod":
		return m.period(v)
	case "valueRange":
		return quantity(v.Get("low")) + " – " + quantity(v.Get("high"))
	case "valueRatio":
		return quantity(v.Get("numerator")) + " / " + quantity(v.Get("denominator"))
	}
	return v.Scalar()
}

func quantity(q *fhirjson.Value) string {
	unit := cmp.Or(q.Get("unit").Str(), q.Get("code").Str())
	return strings.Join(filled(q.Get("comparator").Str()+q.Get("value").Scalar(), unit), " ")
}

// dates is when a fact was so.
func (m *maker) dates(r *fhirjson.Value) string {
	for _, name := range []string{"effectivePeriod", "performedPeriod", "onsetPeriod"} {
		if p := r.Get(name); p != nil {
			return m.period(p)
		}
	}
	return cmp.Or(m.date(when(r)), r.Get("occurrenceString").Str(), r.Get("onsetString").Str())
}

func (m *maker) period(p *fhirjson.Value) string {
	start, end := m.date(p.Get("start").Str()), m.date(p.Get("end").Str())
	if end == "" || end == start {
		return start
	}
	return start + " – " + end
}

// date tells a FHIR date or dateTime as precisely as it is, in the zone of the
// document, and as it stands where it is none.
func (m *maker) date(s string) string {
	if at, err := time.Parse("2006-01-02", s); err == nil {
		return fmt.Sprintf("%d %s %d", at.Day(), m.words.months[at.Month()-1], at.Year())
	}
	if at, err := time.Parse("2006-01", s); err == nil {
		return fmt.Sprintf("%s %d", m.words.months[at.Month()-1], at.Year())
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return m.instant(at)
	}
	return s
}

func (m *maker) instant(at time.Time) string {
	at = at.In(m.Zone)
	return fmt.Sprintf("%d %s %d %s", at.Day(), m.words.months[at.Month()-1], at.Year(), at.Format("15:04 -07:00"))
}

// by names who recorded a fact, as far as the record has them.
func (m *maker) by(r *fhirjson.Value) string {
	var list []string
	for _, name := range []string{"performer", "recorder", "asserter", "requester", "informationSource"} {
		for _, who := range r.Get(name).Items() {
			if actor := who.Get("actor"); actor != nil {
				who = actor
			}
			key := m.local(who.Get("reference").Str())
			if name := cmp.Or(m.named(m.held[key]), who.Get("display").Str()); name != "" && !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
	}
	return strings.Join(list, ", ")
}

// named is what people call a party.
func (m *maker) named(r *fhirjson.Value) string {
	switch typeOf(r) {
	case "Practitioner", "Patient":
		return humanName(r)
	case "Organization", "Location":
		return r.Get("name").Str()
	case "Device":
		for _, n := range r.Get("deviceName").Items() {
			return n.Get("name").Str()
		}
	case "PractitionerRole":
		return strings.Join(filled(m.named(m.held[m.local(r.Get("practitioner", "reference").Str())]), m.named(m.held[m.local(r.Get("organization", "reference").Str())])), ", ")
	}
	return ""
}

// humanName is the first name that stands for something.
func humanName(r *fhirjson.Value) string {
	for _, n := range r.Get("name").Items() {
		if text := n.Get("text").Str(); text != "" {
			return text
		}
		var list []string
		for _, given := range n.Get("given").Items() {
			list = append(list, given.Str())
		}
		if text := strings.Join(filled(append(list, n.Get("family").Str())...), " "); text != "" {
			return text
		}
	}
	return ""
}
