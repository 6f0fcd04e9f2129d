package main

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// mother is one Patient of the FHIR sandbox and everything about her.
type mother struct {
	Number           int // her place in the list; no identifier goes into a URL
	Name, Born       string
	Visits, Findings int
	next             string // start of the first planned appointment
	patient          *fhirjson.Value
	resources        []*fhirjson.Value
	names            map[string]string // reference → name of place or practitioner
}

// aboutHer are the types that a patient= search finds.
var aboutHer = []string{"Encounter", "Observation", "Condition", "MedicationStatement", "Immunization", "ServiceRequest", "Task", "Appointment", "Consent", "DetectedIssue"}

// readMothers reads the whole record, mother by mother.
func readMothers(ctx context.Context, record *client.Client) ([]*mother, error) {
	names := map[string]string{}
	for _, typ := range []string{"Organization", "Location", "Practitioner"} {
		found, err := record.Search(ctx, typ, url.Values{"_count": {"200"}})
		if err != nil {
			return nil, err
		}
		for _, r := range found.Resources {
			name := r.Get("name").Str()
			if typ == "Practitioner" {
				name = firstName(r)
			}
			names[typ+"/"+r.Get("id").Str()] = name
		}
	}
	found, err := record.Search(ctx, "Patient", url.Values{"_count": {"200"}})
	if err != nil {
		return nil, err
	}
	var mothers []*mother
	for _, p := range found.Resources {
		m := &mother{patient: p, names: names, Born: p.Get("birthDate").Str(), Name: cmp.Or(firstName(p), "Name not known")}
		for _, typ := range aboutHer {
			about, err := record.Search(ctx, typ, url.Values{"patient": {"Patient/" + p.Get("id").Str()}, "_count": {"200"}})
			if err != nil {
				return nil, err
			}
			m.resources = append(m.resources, about.Resources...)
		}
		m.count()
		mothers = append(mothers, m)
	}
	slices.SortFunc(mothers, func(a, b *mother) int { return cmp.Compare(a.Name, b.Name) })
	for i, m := range mothers {
		m.Number = i + 1
	}
	return mothers, nil
}

func (m *mother) count() {
	for _, r := range m.resources {
		switch r.Get("resourceType").Str() {
		case "Encounter":
			m.Visits++
		case "Observation":
			m.Findings++
		case "Appointment":
			if s := r.Get("status").Str(); s == "proposed" || s == "booked" {
				if at := appointmentStart(r); m.next == "" || at < m.next {
					m.next = at
				}
			}
		}
	}
}

// appointmentStart is when an appointment begins, as FHIR writes it.
func appointmentStart(r *fhirjson.Value) string {
	start := r.Get("start").Str()
	if items := r.Get("requestedPeriod").Items(); start == "" && len(items) > 0 {
		start = items[0].Get("start").Str()
	}
	return start
}

// Next is her first planned appointment in words; one that has passed is
// overdue, since nobody said that she came.
func (m *mother) Next(now time.Time) string {
	switch {
	case m.next == "":
		return "none planned"
	case m.next < now.Format(time.DateOnly):
		return readable(m.next) + " (overdue)"
	}
	return readable(m.next)
}

// row is one fact in words.
type row struct{ What, Value, Note string }

// identifierNames says the systems that FHIR gives no text.
var identifierNames = map[string]string{
	nehr.SystemDHIS2RegistrationNo: "Registration number",
	nehr.SystemDHIS2TrackedEntity:  "Tracked entity in DHIS2",
}

// visitView is one visit with what was found in it.
type visitView struct {
	Title, Where, at string
	Rows             []row
}

// Facts says who she is.
func (m *mother) Facts() []row {
	rows := []row{
		{What: "Born", Value: cmp.Or(m.Born, "not known")},
		{What: "Gender", Value: m.patient.Get("gender").Str()},
	}
	for _, id := range m.patient.Get("identifier").Items() {
		if v := id.Get("value").Str(); v != "" {
			system := id.Get("system").Str()
			rows = append(rows, row{What: cmp.Or(id.Get("type", "text").Str(), identifierNames[system], system), Value: v})
		}
	}
	for _, t := range m.patient.Get("telecom").Items() {
		rows = append(rows, row{What: "Phone", Value: t.Get("value").Str()})
	}
	for _, a := range m.patient.Get("address").Items() {
		rows = append(rows, row{What: "Address", Value: a.Get("text").Str()})
	}
	return rows
}

// VisitList gives her visits, the latest first, and last what belongs to none.
func (m *mother) VisitList() []visitView {
	var visits []visitView
	index := map[string]int{}
	for _, r := range m.resources {
		if r.Get("resourceType").Str() != "Encounter" {
			continue
		}
		stage := "Visit"
		if items := r.Get("type").Items(); len(items) > 0 {
			stage = items[0].Get("text").Str()
		}
		v := visitView{at: r.Get("period", "start").Str()}
		v.Title = stage + ", " + readable(v.at)
		v.Where = m.names[r.Get("serviceProvider", "reference").Str()]
		for _, p := range r.Get("participant").Items() {
			if who := m.names[p.Get("individual", "reference").Str()]; who != "" {
				v.Where = strings.Trim(v.Where+", "+who, ", ")
			}
		}
		index["Encounter/"+r.Get("id").Str()] = len(visits)
		visits = append(visits, v)
	}
	other := visitView{Title: "Pregnancy and appointments"}
	for _, r := range m.resources {
		rows := factRows(r)
		at := cmp.Or(r.Get("encounter", "reference").Str(), r.Get("context", "reference").Str())
		if i, ok := index[at]; ok {
			visits[i].Rows = append(visits[i].Rows, rows...)
		} else {
			other.Rows = append(other.Rows, rows...)
		}
	}
	slices.SortStableFunc(visits, func(a, b visitView) int { return cmp.Compare(b.at, a.at) })
	if len(other.Rows) > 0 {
		visits = append(visits, other)
	}
	return visits
}

// factRows says a resource in words; none of an Encounter, which is the frame.
func factRows(r *fhirjson.Value) []row {
	switch r.Get("resourceType").Str() {
	case "Observation":
		rows := []row{}
		if v := valueText(r); v != "" {
			rows = append(rows, row{conceptText(r.Get("code")), v, conceptCode(r.Get("code"))})
		}
		for _, c := range r.Get("component").Items() {
			rows = append(rows, row{conceptText(c.Get("code")), valueText(c), conceptCode(c.Get("code"))})
		}
		return rows
	case "Condition":
		return []row{{conceptText(r.Get("code")), "has it", conceptCode(r.Get("code"))}}
	case "MedicationStatement":
		c := r.Get("medicationCodeableConcept")
		value := strings.ReplaceAll(r.Get("status").Str(), "-", " ") + " since " + readable(r.Get("effectivePeriod", "start").Str())
		if end := r.Get("effectivePeriod", "end").Str(); end != "" {
			value += " until " + readable(end)
		}
		return []row{{conceptText(c), value, conceptCode(c)}}
	case "Immunization":
		return []row{{conceptText(r.Get("vaccineCode")), strings.ReplaceAll(r.Get("status").Str(), "-", " "), conceptCode(r.Get("vaccineCode"))}}
	case "ServiceRequest":
		reason := "no reason given"
		if items := r.Get("reasonCode").Items(); len(items) > 0 {
			reason = items[0].Get("text").Str()
		}
		return []row{{"Referral", reason, conceptCode(r.Get("code"))}}
	case "Task":
		return []row{{"Referral task", r.Get("status").Str(), ""}}
	case "Appointment":
		return []row{{"Appointment", readable(appointmentStart(r)) + " (" + r.Get("status").Str() + ")", ""}}
	case "Consent":
		return []row{{"Consent", r.Get("provision", "type").Str(), ""}}
	case "DetectedIssue":
		return []row{{"Doubtful", r.Get("detail").Str(), ""}}
	}
	return nil
}

func valueText(r *fhirjson.Value) string {
	if q := r.Get("valueQuantity"); q.Get("value").Scalar() != "" {
		return q.Get("value").Scalar() + " " + q.Get("unit").Str()
	}
	if c := r.Get("valueCodeableConcept"); c != nil {
		if t := conceptText(c); t != "" {
			return t
		}
	}
	if n := r.Get("valueInteger").Scalar(); n != "" {
		return n
	}
	if d := r.Get("valueDateTime").Str(); d != "" {
		return readable(d)
	}
	return r.Get("valueString").Str()
}

func conceptText(c *fhirjson.Value) string {
	if t := c.Get("text").Str(); t != "" {
		return t
	}
	for _, coding := range c.Get("coding").Items() {
		if d := coding.Get("display").Str(); d != "" {
			return d
		}
	}
	return conceptCode(c)
}

func conceptCode(c *fhirjson.Value) string {
	for _, coding := range c.Get("coding").Items() {
		name := map[string]string{"http://loinc.org": "LOINC", "http://snomed.info/sct": "SNOMED CT", "http://www.whocc.no/atc": "ATC"}[coding.Get("system").Str()]
		if name != "" {
			return name + " " + coding.Get("code").Str()
		}
	}
	for _, coding := range c.Get("coding").Items() {
		return "DHIS2 " + coding.Get("code").Str()
	}
	return ""
}

// firstName is the first name that a resource has, "" where it has none.
func firstName(r *fhirjson.Value) string {
	for _, n := range r.Get("name").Items() {
		return humanName(n)
	}
	return ""
}

func humanName(n *fhirjson.Value) string {
	if t := n.Get("text").Str(); t != "" {
		return t
	}
	var parts []string
	for _, g := range n.Get("given").Items() {
		parts = append(parts, g.Str())
	}
	return strings.TrimSpace(strings.Join(append(parts, n.Get("family").Str()), " "))
}

var months = [...]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

// readable writes a FHIR date or dateTime as 4 Sep 2025 or 4 Sep 2025, 13:07.
func readable(s string) string {
	var y, m, d int
	if n, _ := fmt.Sscanf(s, "%4d-%2d-%2d", &y, &m, &d); n != 3 || m < 1 || m > 12 {
		return cmp.Or(s, "date not known")
	}
	text := fmt.Sprintf("%d %s %d", d, months[m-1], y)
	if len(s) >= 16 && s[10] == 'T' {
		text += ", " + s[11:16]
	}
	return text
}

// resourceView is a resource as the server holds it.
type resourceView struct{ Title, JSON string }

// ResourceList gives the Patient and everything about her.
func (m *mother) ResourceList() []resourceView {
	var out []resourceView
	for _, r := range append([]*fhirjson.Value{m.patient}, m.resources...) {
		doc := jsontext.Value(r.Encode())
		if err := doc.Indent(jsontext.WithIndent("  ")); err != nil {
			continue
		}
		out = append(out, resourceView{r.Get("resourceType").Str(), string(doc)})
	}
	return out
}
