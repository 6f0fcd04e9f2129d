package chart

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	"github.com/nehrbridge/nehrbridge/nehr/portal/words"
)

// Chart is a record as the pages show it, in one language.
type Chart struct {
	lang string
	zone *time.Location
	Now  time.Time // when it is shown

	Name     string
	Patient  *fhirjson.Value
	Facts    []Fact // newest first, the undated last
	Visits   []*Visit
	items    map[string]*fhirjson.Value // by Type/id
	Withheld access.Withheld
	Stale    bool
	At       time.Time

	Medicines, Problems, Vaccines, Allergies []Item
	Referrals                                []Referral
	Appointments                             []Appointment
	due                                      []dueDate
}

// Phrase is a text with the language it is in, where that is not the page's.
type Phrase struct{ Text, Lang string }

// Fact is one thing observed.
type Fact struct {
	Code      string // LOINC, or "" where another system names it
	Name      Phrase
	Value     Phrase
	Number    string // of a quantity, as written
	Unit      string // UCUM code
	UnitText  string
	Date      string // as in FHIR; empty: not known
	Issued    string // an instant, to order what was found on one day
	Status    words.Status
	Parts     []Fact // of a blood pressure: upper, lower
	Encounter string
	Lab       bool
	Amended   bool
	Class     access.Class // Vitals, Laboratory or Observations
	// Source is where it was found, Who by whom; empty where the record does not say.
	Source, Who string
	Provisional bool // not final yet
	Late        bool // written down more than two days after it was found
	Conflict    bool // another value of the same stands for the same day
}

// Visit is one encounter with what was found at it.
type Visit struct {
	Date, Place string
	Who         string
	Name        Phrase
	Facts       []Fact
	Items       []Item
}

// Item is a medicine, a problem, a vaccine or an allergy.
type Item struct {
	Name Phrase
	From string
	To   string
	// Source is where it was written down, Who by whom, Recorded when.
	Source, Who, Recorded string
	Status                string // FHIR's code, and given, refuted, unconfirmed
	visit                 string
	None                  bool // it says that there is none of its kind
}

const (
	loinc           = "http://loinc.org"
	CodePressure    = "85354-9"
	CodeSystolic    = "8480-6"
	CodeDiastolic   = "8462-4"
	CodeHaemoglobin = "718-7"
	CodeSugar       = "2339-0"
	CodeFundal      = "11881-0"
	codeWeeks       = "11885-1"
	CodeWeight      = "29463-7"
	codeLastPeriod  = "8665-2"
)

// dueCodes are the ways to state when the child is expected, the surer first.
var dueCodes = []string{"11781-2", "11779-6", "11780-4", "11778-8"}

// Read makes a chart of what an actor may see of a record, for a page in a language, at
// a time and in the zone of the portal.
func Read(r *access.Record, lang string, now time.Time, zone *time.Location) *Chart {
	c := &Chart{lang: lang, Now: now, zone: zone, items: map[string]*fhirjson.Value{}, Withheld: r.Withheld, Stale: r.Stale, At: r.At}
	for _, res := range r.Resources {
		c.items[res.Get("resourceType").Str()+"/"+res.Get("id").Str()] = res
	}
	visits := map[string]*Visit{}
	for _, res := range r.Resources {
		if res.Get("resourceType").Str() == "Encounter" && !gone(res) {
			v := c.visitOf(res)
			visits["Encounter/"+res.Get("id").Str()] = v
			c.Visits = append(c.Visits, v)
		}
	}
	for _, res := range r.Resources {
		if gone(res) {
			continue
		}
		switch res.Get("resourceType").Str() {
		case "Patient":
			if "Patient/"+res.Get("id").Str() == r.Patient {
				c.Patient, c.Name = res, NameOf(res)
			}
		case "Observation":
			c.observe(res)
		case "MedicationStatement":
			c.Medicines = append(c.Medicines, c.itemOf(res, "medicationCodeableConcept", "context", "effectivePeriod", "effectiveDateTime"))
		case "Condition":
			c.Problems = append(c.Problems, c.itemOf(res, "code", "encounter", "onsetPeriod", "onsetDateTime"))
		case "Immunization":
			i := c.itemOf(res, "vaccineCode", "encounter", "", "occurrenceDateTime")
			if i.Status == "completed" {
				i.Status = "given"
			}
			c.Vaccines = append(c.Vaccines, i)
		case "AllergyIntolerance":
			c.Allergies = append(c.Allergies, c.itemOf(res, "code", "encounter", "", "onsetDateTime"))
		case "ServiceRequest", "Task":
			c.refer(res)
		case "Appointment":
			c.appoint(res)
		}
	}
	slices.SortStableFunc(c.Facts, func(a, b Fact) int {
		if n := newest(a.Date, b.Date); n != 0 {
			return n
		}
		if n := newestInstant(a.Issued, b.Issued); n != 0 {
			return n
		}
		// Of two at one time, which came last is not known: the one that needs more
		// care goes before.
		if n := care(b.Status) - care(a.Status); n != 0 {
			return n
		}
		return cmp.Compare(b.Value.Text, a.Value.Text)
	})
	c.flag()
	for i := range c.Facts {
		f := &c.Facts[i]
		if v := visits[f.Encounter]; v != nil {
			f.Source, f.Who = cmp.Or(v.Place, f.Source), cmp.Or(f.Who, v.Who)
		}
	}
	for _, list := range [][]Item{c.Medicines, c.Problems, c.Vaccines, c.Allergies} {
		for i := range list {
			if v := visits[list[i].visit]; v != nil {
				list[i].Source, list[i].Who = v.Place, cmp.Or(list[i].Who, v.Who)
			}
		}
	}
	for _, f := range c.Facts {
		if v := visits[f.Encounter]; v != nil {
			v.Facts = append(v.Facts, f)
		}
	}
	for _, list := range [][]Item{c.Medicines, c.Problems, c.Vaccines, c.Allergies} {
		for _, i := range list {
			if v := visits[i.visit]; v != nil {
				v.Items = append(v.Items, i)
			}
		}
	}
	slices.SortStableFunc(c.Visits, func(a, b *Visit) int { return newest(a.Date, b.Date) })
	slices.SortStableFunc(c.Appointments, func(a, b Appointment) int { return cmp.Compare(a.Start, b.Start) })
	return c
}

// gone tells that a resource says of itself that it was never true.
func gone(res *fhirjson.Value) bool {
	if res.Get("status").Str() == "entered-in-error" {
		return true
	}
	for _, s := range res.All("verificationStatus.coding.code") {
		if s.Str() == "entered-in-error" {
			return true
		}
	}
	return false
}

// newest orders dates of FHIR, the latest first and what has none last.
func newest(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == "":
		return 1
	case b == "":
		return -1
	}
	return cmp.Compare(day(b), day(a))
}

// newestInstant orders instants, the latest first and what has none last.
func newestInstant(a, b string) int {
	at, errA := time.Parse(time.RFC3339Nano, a)
	bt, errB := time.Parse(time.RFC3339Nano, b)
	switch {
	case errA != nil && errB != nil:
		return 0
	case errA != nil:
		return 1
	case errB != nil:
		return -1
	}
	return bt.Compare(at)
}

// day cuts an instant to the day that it was written on.
func day(fhir string) string { return fhir[:min(len(fhir), 10)] }

func (c *Chart) visitOf(res *fhirjson.Value) *Visit {
	v := &Visit{Date: res.Get("period", "start").Str(), Name: c.concept(first(res.Get("type")))}
	v.Place = cmp.Or(c.nameAt(first(res.Get("location")).Get("location")), c.nameAt(res.Get("serviceProvider")))
	v.Who = c.nameAt(first(res.Get("participant")).Get("individual"))
	return v
}

func (c *Chart) observe(res *fhirjson.Value) {
	f := c.factOf(res)
	f.Date = cmp.Or(res.Get("effectiveDateTime").Str(), res.Get("effectiveInstant").Str(), res.Get("effectivePeriod", "start").Str())
	f.Issued = res.Get("issued").Str()
	f.Encounter = res.Get("encounter", "reference").Str()
	for _, category := range res.All("category.coding.code") {
		f.Lab = f.Lab || category.Str() == "laboratory"
	}
	f.Class = access.Observations
	for _, category := range res.All("category.coding.code") {
		switch category.Str() {
		case "vital-signs":
			f.Class = access.Vitals
		case "laboratory":
			f.Class = access.Laboratory
		}
	}
	f.Who = c.nameAt(first(res.Get("performer")))
	status := res.Get("status").Str()
	f.Provisional = status == "registered" || status == "preliminary"
	f.Late = late(f.Date, f.Issued)
	f.Amended = status == "corrected" || status == "amended"
	if status == "cancelled" || f.Value.Text == "" {
		return
	}
	if slices.Contains(dueCodes, f.Code) {
		c.due = append(c.due, dueDate{Date: day(res.Get("valueDateTime").Str()), code: f.Code, said: f.Date})
	}
	c.Facts = append(c.Facts, f)
	c.allergyIn(res, f)
}

// allergyFindings are the SNOMED CT codes by which a form says of an allergy, in an
// Observation, that it is there: it belongs among the allergies, which would otherwise
// read as if nobody had asked.
var allergyFindings = map[string]bool{
	"91936005": true, "293666009": true, "293682005": true, "294388006": true, "294458001": true, "294459009": true,
	"294570004": true, "294930001": true, "713690006": true, "782561007": true, noKnownAllergy: true,
}

const (
	noKnownAllergy = "716186003"
	present        = "52101004"
)

func (c *Chart) allergyIn(res *fhirjson.Value, f Fact) {
	there := res.Get("valueBoolean").Scalar() == "true"
	for _, coding := range res.Get("valueCodeableConcept", "coding").Items() {
		there = there || coding.Get("code").Str() == present
	}
	for _, coding := range res.Get("code", "coding").Items() {
		if code := coding.Get("code").Str(); there && allergyFindings[code] {
			c.Allergies = append(c.Allergies, Item{Name: f.Name, From: f.Date, None: code == noKnownAllergy})
			return
		}
	}
}

// factOf reads an observation, or a component of one.
func (c *Chart) factOf(res *fhirjson.Value) Fact {
	f := Fact{Name: c.concept(res.Get("code"))}
	for _, coding := range res.Get("code", "coding").Items() {
		if coding.Get("system").Str() == loinc {
			f.Code = coding.Get("code").Str()
			break
		}
	}
	q := res.Get("valueQuantity")
	switch {
	case q != nil:
		f.Number, f.Unit = q.Get("value").Scalar(), q.Get("code").Str()
		f.UnitText = cmp.Or(q.Get("unit").Str(), f.Unit)
		if f.Number != "" {
			f.Value = Phrase{strings.TrimSpace(q.Get("comparator").Str() + f.Number + " " + f.UnitText), ""}
		}
		if q.Get("comparator") == nil {
			f.Status = words.Judge(f.Code, f.Number, f.Unit)
		}
	case res.Get("valueCodeableConcept") != nil:
		f.Value = c.concept(res.Get("valueCodeableConcept"))
	case res.Get("valueBoolean") != nil:
		code := map[string]string{"true": "373066001", "false": "373067000"}[res.Get("valueBoolean").Scalar()]
		if w, ok := words.For("http://snomed.info/sct", code); ok {
			f.Value = Phrase{w.In(c.lang), ""}
		}
	case res.Get("valueDateTime") != nil:
		f.Value = Phrase{portal.ShowDate(res.Get("valueDateTime").Str(), c.lang, c.zone), ""}
	case res.Get("valueInteger") != nil:
		f.Value = Phrase{res.Get("valueInteger").Scalar(), ""}
	case res.Get("valueString") != nil:
		f.Value = Phrase{res.Get("valueString").Str(), "en"}
	}
	for _, part := range res.Get("component").Items() {
		p := c.factOf(part)
		f.Parts = append(f.Parts, p)
		f.Status = worse(f.Status, p.Status)
	}
	if up, low := f.Part(CodeSystolic), f.Part(CodeDiastolic); f.Code == CodePressure && (up.Number != "" || low.Number != "") {
		f.Value = Phrase{cmp.Or(up.Number, "–") + "/" + cmp.Or(low.Number, "–") + " " + cmp.Or(up.UnitText, low.UnitText), ""}
		f.UnitText = cmp.Or(up.UnitText, low.UnitText)
	}
	return f
}

// Part gives a component by its LOINC code, or the zero Fact.
func (f Fact) Part(code string) Fact {
	for _, p := range f.Parts {
		if p.Code == code {
			return p
		}
	}
	return Fact{}
}

// worse gives the state that needs more care.
func worse(a, b words.Status) words.Status {
	if care(b) > care(a) {
		return b
	}
	return a
}

func care(s words.Status) int {
	return slices.Index([]words.Status{words.Unknown, words.Usual, words.Low, words.High, words.Danger}, s)
}

func (c *Chart) itemOf(res *fhirjson.Value, code, encounter, period, date string) Item {
	i := Item{Name: c.concept(res.Get(code)), visit: res.Get(encounter, "reference").Str(), Status: res.Get("status").Str()}
	if period != "" {
		i.From, i.To = res.Get(period, "start").Str(), res.Get(period, "end").Str()
	}
	i.From = cmp.Or(i.From, res.Get(date).Str())
	i.Recorded = cmp.Or(res.Get("recordedDate").Str(), res.Get("dateAsserted").Str(), res.Get("recorded").Str())
	i.Who = c.nameAt(res.Get("recorder"))
	for _, coding := range res.Get(code, "coding").Items() {
		i.None = i.None || absent[coding.Get("code").Str()]
	}
	if s := first(res.Get("clinicalStatus", "coding")).Get("code").Str(); s != "" {
		i.Status = s
	}
	switch first(res.Get("verificationStatus", "coding")).Get("code").Str() {
	case "refuted":
		i.Status = "refuted"
	case "unconfirmed", "provisional", "differential":
		i.Status = "unconfirmed"
	}
	return i
}

// concept gives plain words for the first coding that has some; else the text of the
// record, which is in whatever language it was written in.
func (c *Chart) concept(concept *fhirjson.Value) Phrase {
	for _, coding := range concept.Get("coding").Items() {
		if w, ok := words.For(coding.Get("system").Str(), coding.Get("code").Str()); ok {
			return Phrase{w.In(c.lang), ""}
		}
	}
	text := concept.Get("text").Str()
	for _, coding := range concept.Get("coding").Items() {
		text = cmp.Or(text, coding.Get("display").Str(), coding.Get("code").Str())
	}
	return Phrase{text, "en"}
}

func (c *Chart) nameAt(reference *fhirjson.Value) string {
	if reference == nil {
		return ""
	}
	return cmp.Or(reference.Get("display").Str(), NameOf(c.items[reference.Get("reference").Str()]))
}

// nameOf gives the name of a person, an organisation or a place.
func NameOf(res *fhirjson.Value) string {
	name := res.Get("name")
	if name.Str() != "" {
		return name.Str()
	}
	n := first(name)
	if text := n.Get("text").Str(); text != "" {
		return text
	}
	var parts []string
	for _, g := range n.Get("given").Items() {
		parts = append(parts, g.Str())
	}
	return strings.TrimSpace(strings.Join(append(parts, n.Get("family").Str()), " "))
}

func first(list *fhirjson.Value) *fhirjson.Value {
	if items := list.Items(); len(items) > 0 {
		return items[0]
	}
	return nil
}

// latest gives the newest fact of a LOINC code that is not of the future.
func (c *Chart) Latest(code string) (Fact, bool) {
	today := c.Now.Format(time.DateOnly)
	for _, f := range c.Facts {
		if f.Code == code && f.Date != "" && day(f.Date) <= today {
			return f, true
		}
	}
	return Fact{}, false
}

// PHN is the patient's number, as her card has it.
func (c *Chart) PHN() string {
	for _, i := range c.Patient.Get("identifier").Items() {
		if i.Get("system").Str() == nehr.SystemPHN {
			return i.Get("value").Str()
		}
	}
	return ""
}
