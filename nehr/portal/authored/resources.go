package authored

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// The identifier systems of what is written here. They are none of DHIS2's: the agent
// takes back what its own are on, and nothing else.
const (
	SystemEntry = "urn:nehrbridge:entry" // Observation, DocumentReference: <entry>, <entry>.<version>
	SystemVisit = "urn:nehrbridge:visit" // Encounter: a hash of who, whom, when and which referral
)

const (
	systemOperation   = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
	systemParticipant = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
)

// signature is what becomes resources: an entry at the moment of signing.
type signature struct {
	id       string
	version  int64 // that it makes, from 1
	body     body
	system   string
	base     string // of the record
	national bool
}

func (d *Desk) signature(r row) signature {
	return signature{id: r.id, version: r.version + 1, body: r.body, system: d.c.System, base: d.c.Gate.Base(), national: d.c.National}
}

// written are the resources of a signature, the one that says the content among them.
func (s signature) written() (all []access.Writing, says *fhirjson.Value, err error) {
	old, err := s.old()
	if err != nil {
		return nil, nil, err
	}
	if s.body.Withdraw {
		withdraw(old)
		provenance, err := s.provenance("NULLIFY", old)
		return []access.Writing{{Resource: old, Replaces: s.body.StandsAs}, {Resource: provenance}}, old, err
	}
	content := s.body.pending()
	visit, visitID, err := s.visit(content)
	if err != nil {
		return nil, nil, err
	}
	all = []access.Writing{{Resource: visit}}
	operation := "CREATE"
	if s.version > 1 {
		operation = "UPDATE"
	}
	if content.Kind == Observation {
		if says, err = s.observation(content, visitID); err != nil {
			return nil, nil, err
		}
		all = append(all, access.Writing{Resource: says, Replaces: s.body.StandsAs})
	} else {
		if content.Kind == Document && len(content.File.Data) > 0 {
			all = append(all, access.Writing{Resource: s.binary(content)})
		}
		says = s.document(content, visitID, old)
		all = append(all, access.Writing{Resource: says})
		if old != nil {
			old.Set("status", fhirjson.Text("superseded"))
			all = append(all, access.Writing{Resource: old, Replaces: s.body.StandsAs})
		}
	}
	provenance, err := s.provenance(operation, says)
	return append(all, access.Writing{Resource: provenance}), says, err
}

// old is what stands of the entry, nil before the first signature.
func (s signature) old() (*fhirjson.Value, error) {
	if s.body.Stands == "" {
		return nil, nil
	}
	return fhirjson.Parse([]byte(s.body.Stands))
}

func (s signature) subject() *nehr.Reference { return nehr.Ref(s.body.Patient, "") }

// authors are the practitioner and, where it is one, the organisation.
func (s signature) authors() []nehr.Reference {
	all := []nehr.Reference{{Reference: s.body.Actor.Person}}
	if strings.HasPrefix(s.body.Actor.Facility, "Organization/") {
		all = append(all, nehr.Reference{Reference: s.body.Actor.Facility})
	}
	return all
}

func (s signature) organization() *nehr.Reference {
	if strings.HasPrefix(s.body.Actor.Facility, "Organization/") {
		return nehr.Ref(s.body.Actor.Facility, "")
	}
	return nil
}

func instant(t time.Time) string { return t.Format("2006-01-02T15:04:05Z07:00") }

// visit is that of the clinician with her on that day, for that referral: what is written
// at it later is of the same.
func (s signature) visit(c Content) (*fhirjson.Value, string, error) {
	a := s.body.Actor
	sum := sha256.Sum256([]byte(strings.Join([]string{a.Person, a.Role, a.Facility, s.body.Patient, c.Day, c.Referral}, "\x00")))
	key := nehr.Key{System: SystemVisit, Value: hex.EncodeToString(sum[:16])}
	e := nehr.NewEncounter()
	if s.national {
		e = nehr.NewEncounterLK()
	}
	e.Id = nehr.ID("Encounter", key)
	e.Identifier = []nehr.Identifier{key.Identifier()}
	e.Subject = s.subject()
	e.Participant = []nehr.EncounterParticipant{{Individual: nehr.Ref(a.Person, "")}}
	e.Period = &nehr.Period{Start: c.Day, End: c.Day}
	if c.Referral != "" {
		e.BasedOn = []nehr.Reference{{Reference: c.Referral}}
	}
	e.ServiceProvider = s.organization()
	if strings.HasPrefix(a.Facility, "Location/") {
		e.Location = []nehr.EncounterLocation{{Location: nehr.Ref(a.Facility, "")}}
	}
	v, err := valueOf(e)
	return v, "Encounter/" + e.Id, err
}

func (s signature) key() nehr.Key { return nehr.Key{System: SystemEntry, Value: s.id} }

func (s signature) observation(c Content, visit string) (*fhirjson.Value, error) {
	m, known := MeasureOf(c.Measure)
	if !known || len(c.Values) != len(m.Parts) {
		return nil, fmt.Errorf("authored: an entry has the measure %q, which there is not", c.Measure)
	}
	values := make([]nehr.Decimal, len(c.Values))
	for i, text := range c.Values {
		v, err := nehr.ParseDecimal(text)
		if err != nil {
			return nil, fmt.Errorf("authored: an entry of %s: %w", m.Code, err)
		}
		values[i] = v
	}
	o := nehr.NewGenericObservation()
	if m.Code == bloodPressure {
		o = nehr.NewBloodPressure(&values[0], &values[1])
	} else {
		o.Code = nehr.Concept(m.Display, nehr.Coding{System: nehr.SystemLOINC, Code: m.Code, Display: m.Display})
		o.ValueQuantity = nehr.UCUMQuantity(values[0], m.UnitText, m.Unit)
		o.Category = m.Category.Concepts()
	}
	if s.version > 1 {
		o.Status = nehr.ObservationCorrected
	}
	if !s.national || s.version > 1 { // the national profiles fix "final"
		o.Meta.Profile = nil
	}
	o.Id = nehr.ID("Observation", s.key())
	o.Identifier = []nehr.Identifier{s.key().Identifier()}
	o.Subject, o.Encounter = s.subject(), nehr.Ref(visit, "")
	o.EffectiveDateTime, o.Issued = c.Day, instant(s.body.SignedAt)
	o.Performer = s.authors()
	o.Device = &nehr.Reference{Identifier: new(nehr.SystemIDIdentifier(s.system)), Display: "nehrbridge portal"}
	if c.Text != "" {
		o.Note = []nehr.Annotation{{Text: c.Text}}
	}
	return valueOf(o)
}

func (s signature) binaryID(version int64) string {
	return nehr.ID("Binary", nehr.Key{System: SystemEntry, Value: s.id + "." + strconv.FormatInt(version, 10)})
}

func (s signature) binary(c Content) *fhirjson.Value {
	return fhirjson.Fields(
		fhirjson.F("resourceType", fhirjson.Text("Binary")),
		fhirjson.F("id", fhirjson.Text(s.binaryID(s.version))),
		fhirjson.F("contentType", fhirjson.Text(c.File.ContentType)),
		fhirjson.F("securityContext", reference(s.body.Patient)),
		fhirjson.F("data", fhirjson.Text(base64.StdEncoding.EncodeToString(c.File.Data))),
	)
}

// document is a note, or a document with its content beside it. One that amends another
// replaces it.
func (s signature) document(c Content, visit string, old *fhirjson.Value) *fhirjson.Value {
	value, docStatus := s.id, "final"
	var relates *fhirjson.Value
	if old != nil {
		value, docStatus = s.id+"."+strconv.FormatInt(s.version, 10), "amended"
		relates = fhirjson.List(fhirjson.Fields(fhirjson.F("code", fhirjson.Text("replaces")), fhirjson.F("target", reference(refOf(old)))))
	}
	typ, attachment, description := DocumentTypes[0], fhirjson.Fields(), ""
	if c.Kind == Note {
		attachment.Set("contentType", fhirjson.Text("text/plain; charset=utf-8"))
		attachment.Set("data", fhirjson.Text(base64.StdEncoding.EncodeToString([]byte(c.Text))))
	} else {
		typ, _ = documentType(c.Type)
		url := s.base + "/Binary/" + s.binaryID(s.version)
		if len(c.File.Data) == 0 { // the content is the one before
			url = old.All("content.attachment.url")[0].Str()
		}
		attachment.Set("contentType", fhirjson.Text(c.File.ContentType))
		attachment.Set("url", fhirjson.Text(url))
		attachment.Set("size", fhirjson.Literal(strconv.Itoa(c.File.Size)))
		attachment.Set("hash", fhirjson.Text(base64.StdEncoding.EncodeToString(c.File.SHA1)))
		attachment.Set("title", fhirjson.Text(c.Title))
		description = strings.Join(nonEmpty(c.Title, c.Text), ". ")
	}
	attachment.Set("creation", fhirjson.Text(instant(s.body.SignedAt)))
	authors := fhirjson.List()
	for _, a := range s.authors() {
		authors.Append(reference(a.Reference))
	}
	key := nehr.Key{System: SystemEntry, Value: value}
	r := fhirjson.Fields(
		fhirjson.F("resourceType", fhirjson.Text("DocumentReference")),
		fhirjson.F("id", fhirjson.Text(nehr.ID("DocumentReference", key))),
		fhirjson.F("identifier", fhirjson.List(fhirjson.Fields(fhirjson.F("system", fhirjson.Text(key.System)), fhirjson.F("value", fhirjson.Text(key.Value))))),
		fhirjson.F("status", fhirjson.Text("current")),
		fhirjson.F("docStatus", fhirjson.Text(docStatus)),
		fhirjson.F("type", fhirjson.Fields(fhirjson.F("coding", fhirjson.List(fhirjson.Fields(
			fhirjson.F("system", fhirjson.Text(nehr.SystemLOINC)), fhirjson.F("code", fhirjson.Text(typ.Code)), fhirjson.F("display", fhirjson.Text(typ.Display))))), fhirjson.F("text", fhirjson.Text(typ.Display)))),
		fhirjson.F("subject", reference(s.body.Patient)),
		fhirjson.F("date", fhirjson.Text(instant(s.body.SignedAt))),
		fhirjson.F("author", authors),
		fhirjson.F("relatesTo", relates),
	)
	if o := s.organization(); o != nil {
		r.Set("custodian", reference(o.Reference))
	}
	if description != "" {
		r.Set("description", fhirjson.Text(description))
	}
	r.Set("content", fhirjson.List(fhirjson.Fields(fhirjson.F("attachment", attachment))))
	r.Set("context", fhirjson.Fields(
		fhirjson.F("encounter", fhirjson.List(reference(visit))),
		fhirjson.F("period", fhirjson.Fields(fhirjson.F("start", fhirjson.Text(c.Day)), fhirjson.F("end", fhirjson.Text(c.Day)))),
	))
	return r
}

// withdraw makes a resource say that it was entered in error.
func withdraw(r *fhirjson.Value) {
	r.Set("status", fhirjson.Text("entered-in-error"))
	if r.Get("resourceType").Str() == "DocumentReference" {
		r.Set("docStatus", fhirjson.Text("entered-in-error"))
	}
	r.Delete("meta") // the national profiles fix "final"
}

// provenance says who signed, as what, for whom, when and why.
func (s signature) provenance(operation string, of *fhirjson.Value) (*fhirjson.Value, error) {
	agent := func(as string, who string) nehr.ProvenanceAgent {
		return nehr.ProvenanceAgent{Type: &nehr.CodeableConcept{Coding: []nehr.Coding{{System: systemParticipant, Code: as}}},
			Who: nehr.Ref(who, ""), OnBehalfOf: s.organization()}
	}
	p := &nehr.Provenance{
		Target:   []nehr.Reference{{Reference: refOf(of)}},
		Recorded: instant(s.body.SignedAt),
		Activity: &nehr.CodeableConcept{Coding: []nehr.Coding{{System: systemOperation, Code: operation}}},
		Agent:    []nehr.ProvenanceAgent{agent("author", s.body.Actor.Person)},
	}
	p.Id = nehr.ID("Provenance", nehr.Key{System: SystemEntry, Value: s.id + "." + strconv.FormatInt(s.version, 10)})
	if s.body.Actor.Role != "" {
		p.Agent = append(p.Agent, agent("attester", s.body.Actor.Role))
	}
	if s.body.Reason != "" {
		p.Reason = []nehr.CodeableConcept{{Text: s.body.Reason}}
	}
	return valueOf(p)
}

func reference(to string) *fhirjson.Value {
	return fhirjson.Fields(fhirjson.F("reference", fhirjson.Text(to)))
}

func refOf(r *fhirjson.Value) string { return r.Get("resourceType").Str() + "/" + r.Get("id").Str() }

func valueOf(r nehr.Resource) (*fhirjson.Value, error) {
	b, err := nehr.Encode(r)
	if err != nil {
		return nil, fmt.Errorf("authored: %w", err)
	}
	return fhirjson.Parse(b)
}
