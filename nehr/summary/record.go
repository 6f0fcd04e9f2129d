package summary

import (
	"errors"
	"fmt"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// Record is what may be told of one patient.
type Record struct {
	// Resources are the Patient, exactly one, what is about her, and what that refers
	// to: organisations, practitioners, places, devices. Each has resourceType and id;
	// references are "Type/id", absolute, or "urn:uuid:" of an id. They are not changed.
	Resources []*fhirjson.Value
	Withheld  Withheld
	// At is when this was read, where that is not Options.At; zero says it is.
	At time.Time
}

// Withheld says what was kept back, without saying how much.
type Withheld struct {
	Any bool
	// Classes are the classes of data of nehr/access ("problems", "medicines", …). Where
	// Any is set and none is named, or one that is not known, it may be anything.
	Classes []string
}

// Options say how a document is made.
type Options struct {
	// At is Bundle.timestamp and Composition.date. Required.
	At time.Time
	// Zone is where times are told. Defaults to UTC.
	Zone *time.Location
	// Language of titles and narrative: en, si or ta. Defaults to en.
	Language string
	// System names what generates the document, for the Device that is its author.
	// Defaults to "nehrbridge".
	System string
	// Author is the resource who answers for the content in place of the Device: a
	// Practitioner, PractitionerRole, Organization, Device, or her Patient.
	Author *fhirjson.Value
	// Custodian is the Organization that keeps the record. Left out when nil.
	Custodian *fhirjson.Value
	// Attester is who vouches for the content. Left out when nil: a document that
	// nobody has looked at has none.
	Attester *Attester
	// Display gives the reviewed name of a code in Language for the narrative, and ""
	// where there is none: then what the record says stands. May be nil.
	Display func(system, code string) string
}

// Attester is who vouches for a document, and how (Composition.attester).
type Attester struct {
	Mode  string // personal, professional, legal, official
	At    time.Time
	Party *fhirjson.Value // as Options.Author; nil leaves it open
}

func (a *Attester) party() *fhirjson.Value {
	if a == nil {
		return nil
	}
	return a.Party
}

// Errors of Document.
var (
	ErrPatient   = errors.New("a summary is of exactly one patient, with an id")
	ErrOptions   = errors.New("a summary needs a time, one of its languages, and authors of the right type")
	ErrBirthDate = errors.New("the patient has no birth date, and its absence has no reason")
)

// SubjectError says that a resource is not about the patient, or does not say about
// whom it is: a document that mixes persons is not made (D-095).
type SubjectError struct {
	Type  string // of the resource
	Index int    // in Record.Resources
}

func (e *SubjectError) Error() string {
	return fmt.Sprintf("resource %d, a %s, is not about the patient", e.Index, e.Type)
}

// ShapeError says that something is no FHIR resource: no object with a type and an id.
type ShapeError struct{ Index int }

func (e *ShapeError) Error() string {
	return fmt.Sprintf("resource %d has no resourceType or no id", e.Index)
}

func (o Options) checked() (Options, error) {
	if o.Language == "" {
		o.Language = "en"
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.System == "" {
		o.System = "nehrbridge"
	}
	if _, known := phrases[o.Language]; !known || o.At.IsZero() {
		return o, ErrOptions
	}
	parties := map[string]bool{"Practitioner": true, "PractitionerRole": true, "Organization": true, "Device": true, "Patient": true}
	if o.Author != nil && !parties[typeOf(o.Author)] || o.Custodian != nil && typeOf(o.Custodian) != "Organization" {
		return o, ErrOptions
	}
	if a := o.Attester; a != nil && (a.Party != nil && (!parties[typeOf(a.Party)] || typeOf(a.Party) == "Device") || !attests[a.Mode]) {
		return o, ErrOptions
	}
	return o, nil
}

// attests are the codes of http://hl7.org/fhir/composition-attestation-mode.
var attests = map[string]bool{"personal": true, "professional": true, "legal": true, "official": true}

func typeOf(r *fhirjson.Value) string { return r.Get("resourceType").Str() }

// systemID is of the ids that a document gives: they follow from those of the
// record, and name nothing outside the document.
const systemID = "urn:nehrbridge:ips"

func documentID(typ, value string) string {
	return nehr.ID(typ, nehr.Key{System: systemID, Value: value})
}
