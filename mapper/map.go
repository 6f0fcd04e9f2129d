package mapper

import (
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Map is the UID map of one DHIS2 program: it names every attribute and data
// element by UID and says what kind of fact it is, with its code and unit.
// What each kind becomes in FHIR is Go code in this package. Maps are written
// in YAML and loaded by config; the yaml tags are the file's keys.
type Map struct {
	Name              string      `yaml:"name"`              // short, unique: lk-anc
	Title             string      `yaml:"title"`             // for people
	Guide             Guide       `yaml:"guide"`             // whose profiles the resources claim
	Zone              string      `yaml:"zone"`              // IANA name, where no server tells one
	Program           dhis2.UID   `yaml:"program"`           //
	TrackedEntityType dhis2.UID   `yaml:"trackedEntityType"` //
	PregnancyStatus   bool        `yaml:"pregnancyStatus"`   // an enrollment says that she is pregnant
	Sensitivity       []Label     `yaml:"sensitivity,omitempty"`
	Referral          Referral    `yaml:"referral,omitempty"`
	Reply             Reply       `yaml:"reply,omitempty"`
	Attributes        []Attribute `yaml:"attributes"`
	Stages            []Stage     `yaml:"stages"`
}

// Guide names the FHIR implementation guide whose profiles a map's resources
// claim.
type Guide string

// The guides that the mappers know.
const (
	GuideLK  Guide = "lk-nehr-fhir-ips" // the Sri Lankan guide, and HL7 IPS 1.1.0 where it has none
	GuideIPS Guide = "ips"              // HL7 IPS 1.1.0
)

// Label is a sensitivity label that becomes meta.security: a code of HL7
// v3-Confidentiality (U L M N R V) or v3-ActCode (such as HIV, PSY, SEX).
type Label string

// Referral says where a referral goes. At most one of the two is set; with
// none the request goes to a shared queue and gives nobody access.
type Referral struct {
	// Target is a data element of type ORGANISATION_UNIT in the referral
	// stage.
	Target dhis2.UID `yaml:"target,omitempty"`
	// Table leads from the referring organisation unit to the one that
	// receives its referrals.
	Table map[dhis2.UID]dhis2.UID `yaml:"table,omitempty"`
}

// Reply says where in DHIS2 stands what a specialist writes in the national record: in an
// event of a stage of its own, which nobody else fills in. Without one it is a note on
// the event of the referral, or on the enrollment.
type Reply struct {
	// Stage is repeatable, and not one of the map's stages: what stands there came from
	// the record and does not go there again.
	Stage dhis2.UID `yaml:"stage,omitempty"`
	// Text takes the reply: LONG_TEXT or TEXT.
	Text dhis2.UID `yaml:"text,omitempty"`
	// Author takes who wrote it (LONG_TEXT or TEXT), Date the day that it is about (DATE).
	// Either may be missing: the text has both then.
	Author dhis2.UID `yaml:"author,omitempty"`
	Date   dhis2.UID `yaml:"date,omitempty"`
}

// IsZero tells that no stage takes replies.
func (r Reply) IsZero() bool { return r == Reply{} }

// Attribute is a tracked entity attribute of the program.
type Attribute struct {
	Element `yaml:",inline"`
	Kind    AttributeKind `yaml:"kind"`
	// System is the identifier system of kind identifier.
	System string `yaml:"system,omitempty"`
	// Genders leads from option codes, in lower case, to the codes of FHIR's
	// administrative-gender, for kind gender.
	Genders map[string]string `yaml:"genders,omitempty"`
	// Relationship is the relationship of kind cohabitant, in words.
	Relationship string `yaml:"relationship,omitempty"`
}

// Stage is a program stage.
type Stage struct {
	UID         dhis2.UID      `yaml:"uid"`
	Name        string         `yaml:"name"`
	Kind        StageKind      `yaml:"kind"`
	Reason      *Code          `yaml:"reason,omitempty"` // Encounter.reasonCode
	Sensitivity []Label        `yaml:"sensitivity,omitempty"`
	Elements    []StageElement `yaml:"elements"`
}

// StageElement is a data element in a stage.
type StageElement struct {
	Element `yaml:",inline"`
	Kind    Kind `yaml:"kind"`
}

// Element is what an attribute and a data element have in common: identity,
// value type, and, where the kind makes an Observation or another clinical
// resource, its code, unit and category.
type Element struct {
	UID  dhis2.UID       `yaml:"uid"`
	Name string          `yaml:"name"`
	Type dhis2.ValueType `yaml:"type"`
	// As is the kind of Observation that an attribute of kind observation
	// becomes.
	As Kind `yaml:"as,omitempty"`
	// Code is the standard code; without one the DHIS2 coding stands alone.
	Code *Code `yaml:"code,omitempty"`
	// Also holds further standard codes that mean the same question.
	Also []Code `yaml:"also,omitempty"`
	// Unit is a UCUM code of the table in unit.go.
	Unit     string   `yaml:"unit,omitempty"`
	Category Category `yaml:"category,omitempty"`
	// Role lets plausibility rules find an element.
	Role Role `yaml:"role,omitempty"`
	// Options leads from option codes to texts, for kind coded.
	Options []Option `yaml:"options,omitempty"`
	// OptionSet is the UID of the option set, the system of its codes.
	OptionSet   dhis2.UID `yaml:"optionSet,omitempty"`
	Sensitivity []Label   `yaml:"sensitivity,omitempty"`
	// Why says why an element of kind none is not sent.
	Why string `yaml:"why,omitempty"`
}

// Code is a code of a terminology.
type Code struct {
	System  CodeSystem `yaml:"system"`
	Code    string     `yaml:"code"`
	Display string     `yaml:"display"`
}

// CodeSystem names a terminology whose check rules are known.
type CodeSystem string

// The terminologies of a map.
const (
	LOINC  CodeSystem = "loinc"
	SNOMED CodeSystem = "snomed"
	ATC    CodeSystem = "atc"
)

// Option is an answer of an option set.
type Option struct {
	Code string `yaml:"code"`
	Text string `yaml:"text"`
}

// AttributeKind is what a tracked entity attribute means.
type AttributeKind string

// The kinds of attributes.
const (
	AttrPHN            AttributeKind = "phn"             // Patient.identifier PHN, the key of the upsert
	AttrESignetSubject AttributeKind = "esignet-subject" // Patient.identifier, qualified by issuer and relying party
	AttrNIC            AttributeKind = "nic"             // Patient.identifier NIC
	AttrPassport       AttributeKind = "passport"        // Patient.identifier PPN
	AttrIdentifier     AttributeKind = "identifier"      // Patient.identifier in the map's own system
	AttrFullName       AttributeKind = "full-name"       // Patient.name.text
	AttrGivenName      AttributeKind = "given-name"      // Patient.name.given
	AttrFamilyName     AttributeKind = "family-name"     // Patient.name.family
	AttrBirthDate      AttributeKind = "birth-date"      // Patient.birthDate
	AttrGender         AttributeKind = "gender"          // Patient.gender
	AttrPhone          AttributeKind = "phone"           // Patient.telecom
	AttrAddress        AttributeKind = "address"         // Patient.address
	AttrContactName    AttributeKind = "contact-name"    // Patient.contact.name
	AttrContactPhone   AttributeKind = "contact-phone"   // Patient.contact.telecom
	AttrCohabitant     AttributeKind = "cohabitant"      // Patient.contact.relationship
	AttrReminders      AttributeKind = "reminders"       // Consent to reminders
	AttrObservation    AttributeKind = "observation"     // Observation without encounter
	AttrNone           AttributeKind = "none"            // deliberately not sent
)

// StageKind is what the events of a stage are.
type StageKind string

// The kinds of stages.
const (
	StageVisit    StageKind = "visit"
	StageReferral StageKind = "referral" // each event is also a ServiceRequest and a Task
)

// Kind is what a data element means.
type Kind string

// The kinds of data elements.
const (
	KindQuantity       Kind = "quantity"        // Observation, Quantity in Unit
	KindCount          Kind = "count"           // Observation, valueInteger
	KindDate           Kind = "date"            // Observation, valueDateTime
	KindText           Kind = "text"            // Observation, valueString
	KindFinding        Kind = "finding"         // Observation, Present or Absent
	KindTest           Kind = "test"            // Observation, Positive or Negative
	KindQuestion       Kind = "question"        // Observation, Yes or No
	KindCoded          Kind = "coded"           // Observation, an option's code and text
	KindDueDate        Kind = "due-date"        // Observation IPS pregnancy-edd
	KindSystolic       Kind = "systolic"        // component of the one blood pressure
	KindDiastolic      Kind = "diastolic"       // component of the one blood pressure
	KindCondition      Kind = "condition"       // Condition when true
	KindMedication     Kind = "medication"      // MedicationStatement: active or not-taken
	KindCourse         Kind = "course"          // one MedicationStatement per enrollment
	KindImmunization   Kind = "immunization"    // Immunization: completed or not-done
	KindReferralReason Kind = "referral-reason" // ServiceRequest.reasonCode and Observation
	KindReferralTarget Kind = "referral-target" // ServiceRequest.performer, Task.owner and location
	KindNone           Kind = "none"            // deliberately not sent
)

// Category is the observation category (HL7 observation-category).
type Category string

// The categories that the mappers use.
const (
	VitalSigns Category = "vital-signs"
	Laboratory Category = "laboratory"
	Exam       Category = "exam"
	Survey     Category = "survey"
)

// Role marks the elements that plausibility rules compare.
type Role string

// The roles.
const (
	RoleLastPeriod   Role = "last-period"   // first day of the last menstrual period
	RoleDueDate      Role = "due-date"      // expected date of delivery
	RoleWeeks        Role = "weeks"         // completed weeks of the pregnancy
	RoleHaemoglobin  Role = "haemoglobin"   // g/dL
	RoleBloodSugar   Role = "blood-sugar"   // mg/dL
	RoleFundalHeight Role = "fundal-height" // cm
)

// Location is the map's zone. An invalid name, which Check reports, is UTC.
func (m *Map) Location() *time.Location {
	if loc, err := time.LoadLocation(m.Zone); err == nil {
		return loc
	}
	return time.UTC
}
