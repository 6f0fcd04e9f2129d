package summary

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// State is what a section says where nothing is listed.
type State string

// The states of a section.
const (
	Listed        State = "listed"         // there are facts
	NoneKnown     State = "none-known"     // somebody asked, and wrote that there is none
	NoInformation State = "no-information" // nothing is recorded: nobody may have asked
	Hidden        State = "withheld"       // nothing is shown, and something may be kept back
)

// Summary is what Document makes.
type Summary struct {
	// Bundle is the FHIR document: Bundle.type document, the Composition first.
	Bundle   *fhirjson.Value
	Title    string // as Composition.title, in the language asked for
	Sections []Section
}

// Section is what a page shows of a section.
type Section struct {
	Code     string // LOINC
	Title    string // in the language asked for
	State    State
	Withheld bool // something of it may be kept back, whatever is listed
	// Narrative is XHTML, a div of paragraphs and tables without an attribute but
	// class, lang and scope; every text of the record in it is escaped.
	Narrative string
}

// maker makes one document.
type maker struct {
	Record
	Options
	words   words
	patient *fhirjson.Value
	her     string // "Patient/<id>" in the record
	held    map[string]*fhirjson.Value
	entries []*fhirjson.Value
	urns    map[string]string // id → "Type/id" in the record
	inside  map[string]string // "Type/id" of the record → fullUrl in the document
	label   int               // index in confidentiality
}

// confidentiality are the codes of v3-Confidentiality that a document may carry:
// it is as confidential as the most confidential part of it.
var confidentiality = []string{"N", "R", "V"}

// Document makes the International Patient Summary of one patient: a document
// Bundle that claims HL7 IPS 1.1.0. Errors are ErrPatient, ErrOptions,
// ErrBirthDate, *SubjectError and *ShapeError; none holds a value of a person.
func Document(record Record, options Options) (*Summary, error) {
	options, err := options.checked()
	if err != nil {
		return nil, err
	}
	m := &maker{Record: record, Options: options, words: phrases[options.Language], held: map[string]*fhirjson.Value{}, urns: map[string]string{}, inside: map[string]string{}}
	placed, err := m.sort()
	if err != nil {
		return nil, err
	}
	for _, party := range []*fhirjson.Value{m.Author, m.Attester.party()} {
		if typeOf(party) == "Patient" && "Patient/"+party.Get("id").Str() != m.her {
			return nil, ErrPatient
		}
	}
	return m.document(placed), nil
}

// sort looks at every resource: which is hers, and in which section.
func (m *maker) sort() (placed [parts][]*fhirjson.Value, err error) {
	for i, r := range m.Resources {
		id := r.Get("id").Str()
		if typeOf(r) == "" || id == "" {
			return placed, &ShapeError{Index: i}
		}
		key := typeOf(r) + "/" + id
		if typeOf(r) == "Patient" {
			if m.patient != nil {
				return placed, ErrPatient
			}
			r = unregistered(r)
			m.patient, m.her = r, key
		}
		m.held[key] = r
		m.urns[id] = key
	}
	if m.patient == nil {
		return placed, ErrPatient
	}
	if m.patient.Get("birthDate").Str() == "" && m.patient.Get("_birthDate") == nil {
		return placed, ErrBirthDate
	}
	seen := map[string]bool{}
	for i, r := range m.Resources {
		p, ok := place(r)
		if !ok {
			continue
		}
		if !m.hers(r) {
			return placed, &SubjectError{Type: typeOf(r), Index: i}
		}
		if key := typeOf(r) + "/" + r.Get("id").Str(); !seen[key] {
			seen[key] = true
			placed[p] = append(placed[p], r)
		}
	}
	for p := range placed {
		placed[p] = m.settle(part(p), placed[p])
		slices.SortFunc(placed[p], func(a, b *fhirjson.Value) int { // the latest first
			return cmp.Or(m.moment(b).Compare(m.moment(a)), cmp.Compare(typeOf(a), typeOf(b)), cmp.Compare(a.Get("id").Str(), b.Get("id").Str()))
		})
	}
	return placed, nil
}

// hers tells whether a resource is about the patient, and about nobody beside her.
func (m *maker) hers(r *fhirjson.Value) bool {
	if typeOf(r) == "Appointment" {
		hers := false
		for _, p := range r.Get("participant").Items() {
			actor := p.Get("actor")
			switch key := m.local(actor.Get("reference").Str()); {
			case key == m.her:
				hers = true
			case strings.HasPrefix(key, "Patient/"), key == "" && (actor.Get("type").Str() == "Patient" || actor.Get("identifier") != nil):
				return false // another, or somebody who may be
			}
		}
		return hers
	}
	for _, name := range []string{"subject", "patient"} {
		if about := r.Get(name); about != nil {
			return m.local(about.Get("reference").Str()) == m.her
		}
	}
	return false
}

// settle drops what says that nothing is known beside what is known, and that there
// is none beside what there is or what may be kept back, or that was so once: all of
// them would be wrong.
func (m *maker) settle(p part, list []*fhirjson.Value) []*fhirjson.Value {
	facts := slices.ContainsFunc(list, func(r *fhirjson.Value) bool { none, unknown := absence(r); return !none && !unknown })
	return slices.DeleteFunc(list, func(r *fhirjson.Value) bool {
		none, unknown := absence(r)
		return unknown || none && (facts || m.Withheld.from(p) || p == past || over(r))
	})
}

// when is the date of a fact, "" where it has none.
func when(r *fhirjson.Value) string {
	for _, path := range [][]string{{"effectiveDateTime"}, {"effectivePeriod", "start"}, {"effectiveInstant"}, {"occurrenceDateTime"}, {"performedDateTime"},
		{"performedPeriod", "start"}, {"onsetDateTime"}, {"start"}, {"authoredOn"}, {"recordedDate"}, {"dateAsserted"}, {"recorded"}, {"issued"}} {
		if at := r.Get(path...).Str(); at != "" {
			return at
		}
	}
	for _, period := range r.Get("requestedPeriod").Items() {
		return period.Get("start").Str()
	}
	return ""
}

// moment is when a fact began to be so, as far as its date tells; what has none is
// before all others.
func (m *maker) moment(r *fhirjson.Value) time.Time {
	for _, form := range []string{time.RFC3339Nano, time.DateOnly, "2006-01", "2006"} {
		if at, err := time.ParseInLocation(form, when(r), m.Zone); err == nil {
			return at
		}
	}
	return time.Time{}
}

func (m *maker) document(placed [parts][]*fhirjson.Value) *Summary {
	m.enter(m.patient)
	for _, list := range placed {
		for _, r := range list {
			m.enter(r)
		}
	}
	author := m.author()
	custodian := m.party(m.Custodian)
	var attester *fhirjson.Value
	if a := m.Attester; a != nil {
		attester = fhirjson.Fields(fhirjson.F("mode", fhirjson.Text(a.Mode)))
		if !a.At.IsZero() {
			attester.Set("time", fhirjson.Text(a.At.In(m.Zone).Format(time.RFC3339)))
		}
		attester.Set("party", m.party(a.Party))
	}
	// What the sections and she refer to goes in too; then every reference is known.
	for _, list := range append([][]*fhirjson.Value{{m.patient}}, placed[:]...) {
		for _, r := range list {
			m.follow(r)
		}
	}
	made := &Summary{Title: m.words.title}
	sections := fhirjson.List()
	for p := range parts {
		if list := placed[p]; len(list) > 0 || p <= medicines {
			section, value := m.section(p, list)
			made.Sections = append(made.Sections, section)
			sections.Append(value)
		} else if m.Withheld.from(p) {
			section := Section{Code: layout[p].loinc, Title: m.words.sections[p], State: Hidden, Withheld: true}
			// A page has it. In the document a section of IPS is not without an entry;
			// there the Composition's own narrative names it.
			section.Narrative = m.div(m.paragraph(m.words.withheld))
			made.Sections = append(made.Sections, section)
		}
	}
	// Entries that were made on the way stand behind those of the record.
	bundled := fhirjson.List()
	for _, r := range m.entries {
		bundled.Append(entry(m.inside[typeOf(r)+"/"+r.Get("id").Str()], m.shaped(r)))
	}
	composition := m.composition(made, sections, author, custodian, attester)
	digest := sha256.New()
	digest.Write(composition.Encode())
	digest.Write(bundled.Encode())
	id := documentID("Bundle", hex.EncodeToString(digest.Sum(nil)))
	meta := fhirjson.Fields(fhirjson.F("profile", fhirjson.List(fhirjson.Text(profileBundle))))
	if m.Withheld.Any || len(m.Withheld.Classes) > 0 {
		meta.Set("security", fhirjson.List(coding(systemAlteration, "REDACTED", "redacted")))
	}
	compositionURL := "urn:uuid:" + composition.Get("id").Str()
	made.Bundle = fhirjson.Fields(
		fhirjson.F("resourceType", fhirjson.Text("Bundle")),
		fhirjson.F("id", fhirjson.Text(id)),
		fhirjson.F("meta", meta),
		fhirjson.F("language", fhirjson.Text(m.Language)),
		fhirjson.F("identifier", uuidIdentifier(id)),
		fhirjson.F("type", fhirjson.Text("document")),
		fhirjson.F("timestamp", fhirjson.Text(m.Options.At.In(m.Zone).Format(time.RFC3339))),
		fhirjson.F("entry", fhirjson.List(append([]*fhirjson.Value{entry(compositionURL, composition)}, bundled.Items()...)...)),
	)
	return made
}

// systemAlteration is of the label that a document carries of which something was
// taken out (v3-ObservationValue, security integrity alteration).
const systemAlteration = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"

func entry(fullURL string, r *fhirjson.Value) *fhirjson.Value {
	return fhirjson.Fields(fhirjson.F("fullUrl", fhirjson.Text(fullURL)), fhirjson.F("resource", r))
}

func uuidIdentifier(id string) *fhirjson.Value {
	return fhirjson.Fields(fhirjson.F("system", fhirjson.Text("urn:ietf:rfc:3986")), fhirjson.F("value", fhirjson.Text("urn:uuid:"+id)))
}

func coding(system, code, display string) *fhirjson.Value {
	c := fhirjson.Fields(fhirjson.F("system", fhirjson.Text(system)), fhirjson.F("code", fhirjson.Text(code)))
	if display != "" {
		c.Set("display", fhirjson.Text(display))
	}
	return c
}

func (m *maker) composition(made *Summary, sections, author, custodian, attester *fhirjson.Value) *fhirjson.Value {
	series := documentID("Composition", m.her)
	c := fhirjson.Fields(
		fhirjson.F("resourceType", fhirjson.Text("Composition")),
		fhirjson.F("id", fhirjson.Text(documentID("Composition", m.her+"\n"+m.Options.At.UTC().Format(time.RFC3339Nano)+"\n"+m.Language))),
		fhirjson.F("meta", fhirjson.Fields(fhirjson.F("profile", fhirjson.List(fhirjson.Text(profileComposition))))),
		fhirjson.F("language", fhirjson.Text(m.Language)),
		fhirjson.F("text", m.cover(made)),
		fhirjson.F("identifier", uuidIdentifier(series)),
		fhirjson.F("status", fhirjson.Text("final")),
		fhirjson.F("type", fhirjson.Fields(fhirjson.F("coding", fhirjson.List(coding(nehr.SystemLOINC, "60591-5", "Patient summary Document"))))),
		fhirjson.F("subject", reference(m.inside[m.her])),
		fhirjson.F("date", fhirjson.Text(m.Options.At.In(m.Zone).Format(time.RFC3339))),
		fhirjson.F("author", fhirjson.List(author)),
		fhirjson.F("title", fhirjson.Text(made.Title)),
		fhirjson.F("confidentiality", fhirjson.Text(confidentiality[m.label])),
	)
	if attester != nil {
		c.Set("attester", fhirjson.List(attester))
	}
	c.Set("custodian", custodian)
	c.Set("section", sections)
	return c
}

// section makes one section, with an entry that says what is known where there is
// none else and IPS demands one.
func (m *maker) section(p part, list []*fhirjson.Value) (Section, *fhirjson.Value) {
	made := Section{Code: layout[p].loinc, Title: m.words.sections[p], State: Listed, Withheld: m.Withheld.from(p)}
	entries := fhirjson.List()
	switch {
	case len(list) == 0:
		made.State = NoInformation
		if made.Withheld {
			made.State = Hidden
		}
		entries.Append(reference(m.absent(p, made.Withheld)))
		made.Narrative = m.div(m.paragraph(m.stateText(made.State)))
	case p == plan:
		entries.Append(reference(m.carePlan(list)))
	default:
		for _, r := range list {
			entries.Append(reference(m.inside[typeOf(r)+"/"+r.Get("id").Str()]))
		}
		if p == problems && !slices.ContainsFunc(list, func(r *fhirjson.Value) bool { return r.Get("clinicalStatus") != nil }) {
			// IPS wants one whose state is known: of the current ones there is none.
			entries.Append(reference(m.absent(p, made.Withheld)))
		}
	}
	if len(list) > 0 {
		if none, _ := absence(list[0]); none {
			made.State = NoneKnown
		}
		notice := ""
		if made.Withheld {
			notice = m.paragraph(m.words.partly)
		}
		made.Narrative = m.div(notice + m.table(p, list))
	}
	section := fhirjson.Fields(
		fhirjson.F("title", fhirjson.Text(made.Title)),
		fhirjson.F("code", fhirjson.Fields(fhirjson.F("coding", fhirjson.List(coding(nehr.SystemLOINC, made.Code, ""))))),
		fhirjson.F("text", fhirjson.Fields(fhirjson.F("status", fhirjson.Text("generated")), fhirjson.F("div", fhirjson.Text(made.Narrative)))),
		fhirjson.F("entry", entries),
	)
	if made.Withheld {
		section.SetFirst(0, "extension", fhirjson.List(absentExtension("masked")))
	}
	return made, section
}
