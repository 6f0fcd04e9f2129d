package mapper

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper/internal/telephone"
	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/phn"
)

// Config says how documents are mapped. The zero value of every field but
// Maps is its default.
type Config struct {
	// Maps are the UID maps; a tracked entity's enrollments choose among them
	// by program. At least one.
	Maps []*Map
	// Zone is the zone whose offset instants are written with. Defaults to
	// the zone of the server.
	Zone *time.Location
	// ServerZone overrides the zone that the server says its wall time has.
	// Defaults to systemInfo.serverTimeZoneId, else the map's zone.
	ServerZone *time.Location
	// Names says what becomes of a full name without structure. Defaults to
	// NamesAbsent.
	Names NamePolicy
	// Passport says what stands in the place of the passport number that the
	// national guide demands of everybody. Defaults to PassportAbsentReason.
	Passport PassportPolicy
	// Plausibility says whether implausible facts are also written as
	// DetectedIssue. Defaults to PlausibilityReport.
	Plausibility PlausibilityPolicy
	// PhoneRegion is the ISO 3166 country of numbers without country code.
	// Defaults to LK.
	PhoneRegion string
	// AppointmentMinutes is the length of a booked appointment, in minutes.
	// Defaults to 30.
	AppointmentMinutes int
	// PHNScheme demands that a PHN has the form of that scheme, such as
	// ndhgs2, and quarantines others. Defaults to none: any 4 to 32 letters,
	// digits or hyphens are taken.
	PHNScheme string
	// ESignetIssuer and ESignetRelyingParty qualify the subject identifiers
	// of eSignet, which are pairwise (D-044). Without them none is sent.
	ESignetIssuer, ESignetRelyingParty string
	// Write says how owned resources are written. Defaults to nehr.ByID.
	Write nehr.WriteMode
	// Explain records which UID made which element, for Result.Explain.
	Explain bool
}

// NamePolicy says what becomes of a full name without structure (D-033).
type NamePolicy string

// PassportPolicy says what stands in the place of a missing passport (G1).
type PassportPolicy string

// PlausibilityPolicy says what becomes of implausible facts (D-026).
type PlausibilityPolicy string

// The policies; the first of each is the default.
const (
	NamesAbsent    NamePolicy = "absent"     // family and given are data-absent
	NamesSplitLast NamePolicy = "split-last" // the last word is the family name: a guess

	PassportAbsentReason PassportPolicy = "absent-reason" // an identifier without number
	PassportOmit         PassportPolicy = "omit"          // none: for servers with the overlay of G1

	PlausibilityReport        PlausibilityPolicy = "report"
	PlausibilityDetectedIssue PlausibilityPolicy = "detected-issue"
)

// Mapper maps tracked entities. It is safe for concurrent use.
type Mapper struct {
	cfg     Config
	plans   []*plan
	subject string     // identifier system of eSignet subjects, "" if not configured
	scheme  phn.Scheme // nil: any
	form    phn.Scheme // the national form that issues are reported against
	zones   sync.Map   // name → *time.Location, so that a zone is loaded once
}

// New checks the configuration and compiles the maps. Every mistake is named.
func New(cfg Config) (*Mapper, error) {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	cfg = cfg.withDefaults()
	if len(cfg.Maps) == 0 {
		bad("Maps: no UID map is given")
	}
	if cfg.Names != NamesAbsent && cfg.Names != NamesSplitLast {
		bad("Names: want %s or %s", NamesAbsent, NamesSplitLast)
	}
	if cfg.Passport != PassportAbsentReason && cfg.Passport != PassportOmit {
		bad("Passport: want %s or %s", PassportAbsentReason, PassportOmit)
	}
	if cfg.Plausibility != PlausibilityReport && cfg.Plausibility != PlausibilityDetectedIssue {
		bad("Plausibility: want %s or %s", PlausibilityReport, PlausibilityDetectedIssue)
	}
	if !telephone.Known(cfg.PhoneRegion) {
		bad("PhoneRegion: want an ISO 3166 country such as LK")
	}
	if cfg.AppointmentMinutes < 1 || cfg.AppointmentMinutes > 24*60 {
		bad("AppointmentMinutes: want 1 to 1440")
	}
	m := &Mapper{cfg: cfg}
	m.form = phn.NDHGS2
	if cfg.PHNScheme != "" {
		var known bool
		if m.scheme, known = phn.Lookup(cfg.PHNScheme); !known {
			bad("PHNScheme: want one of %s", strings.Join(phn.Names(), ", "))
		}
		m.form = m.scheme
	}
	if cfg.ESignetIssuer != "" && cfg.ESignetRelyingParty != "" {
		// The subject is f(person, relying party) at one issuer: the three
		// together name a person (OpenID Connect Core 8, pairwise).
		m.subject = strings.TrimRight(cfg.ESignetIssuer, "/") + "#" + cfg.ESignetRelyingParty
	}
	programs := map[dhis2.UID]string{}
	for _, one := range cfg.Maps {
		for _, p := range one.Check() {
			bad("map %s: %s", one.Name, p)
		}
		if first, twice := programs[one.Program]; twice {
			bad("maps %s and %s are of the same program", first, one.Name)
		}
		programs[one.Program] = one.Name
		m.plans = append(m.plans, compile(one))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return m, nil
}

func (c Config) withDefaults() Config {
	if c.Names == "" {
		c.Names = NamesAbsent
	}
	if c.Passport == "" {
		c.Passport = PassportAbsentReason
	}
	if c.Plausibility == "" {
		c.Plausibility = PlausibilityReport
	}
	if c.PhoneRegion == "" {
		c.PhoneRegion = "LK"
	}
	if c.AppointmentMinutes == 0 {
		c.AppointmentMinutes = 30
	}
	return c
}

// Result is what a tracked entity becomes.
type Result struct {
	Bundle *nehr.Bundle
	Issues []Issue
	trace  *trace
}

// Map turns a tracked entity into a transaction bundle. ctx may be nil: what
// DHIS2 was not asked for is then data-absent. The error is a *Refusal where
// the document gives no bundle; the Result then holds the issues alone.
func (m *Mapper) Map(te *dhis2.TrackedEntity, ctx *dhis2.Context) (*Result, error) {
	if ctx == nil {
		ctx = &dhis2.Context{}
	}
	r := &run{Mapper: m, te: te, ctx: ctx}
	if m.cfg.Explain {
		r.trace = newTrace(te.TrackedEntity)
	}
	if err := r.read(); err != nil {
		return &Result{Issues: r.issues}, err
	}
	if err := r.write(); err != nil {
		return &Result{Issues: r.issues}, err
	}
	return &Result{Bundle: r.bundle(), Issues: r.issues, trace: r.trace}, nil
}

// run is the work on one document.
type run struct {
	*Mapper
	te     *dhis2.TrackedEntity
	ctx    *dhis2.Context
	issues []Issue
	trace  *trace

	// What read finds.
	plan         *plan // of the patient: the first map that has an enrollment
	server, zone *time.Location
	enrollments  []*enrollment
	attributes   []attributeValue // by index of plan.attributes; zero where none
	latest       dhis2.Timestamp
	newest       map[dhis2.UID]*dhis2.Event // of events with one UID the one that counts
	values       []*dhis2.DataValue         // room for latestValues

	// What write makes.
	subject       *nehr.Reference
	device        *nehr.Reference // nil without system info
	places        []*place
	practitioners []*practitioner
	frame         []nehr.Entry // Patient, Device
	facts         []nehr.Entry
	encounters    int
}

func (r *run) issue(i Issue) {
	i.TrackedEntity = r.te.TrackedEntity
	r.issues = append(r.issues, i)
}

// add puts an owned resource into the bundle.
func (r *run) add(res nehr.Resource, key nehr.Key, labels ...[]nehr.Coding) *nehr.Reference {
	url := nehr.FullURL(res.ResourceType(), key)
	base := res.Common()
	base.Identifier = append(base.Identifier, key.Identifier())
	for _, l := range labels {
		base.Label(l...)
	}
	r.facts = append(r.facts, nehr.Entry{FullURL: url, Resource: res, Key: key, Owned: true})
	return nehr.Ref(url, "")
}

// write makes the resources of what read has found.
func (r *run) write() error {
	key, err := r.patientKey()
	if err != nil {
		return err
	}
	r.subject = nehr.Ref(nehr.FullURL("Patient", key), "")
	r.addDevice()
	r.addPatient(key)
	for _, e := range r.enrollments {
		r.place(e.OrgUnit)
		r.addPregnancyStatus(e)
		for _, v := range e.visits {
			r.addVisit(v)
		}
		r.addCourses(e)
		for _, ev := range e.planned {
			r.addAppointment(e, ev)
		}
	}
	r.addAttributeObservations()
	r.addConsents()
	r.checkPlausibility()
	return nil
}

// bundle puts the entries in order: the person, the frame, the facts.
func (r *run) bundle() *nehr.Bundle {
	b := &nehr.Bundle{
		Identifier: nehr.Key{System: nehr.SystemDHIS2TrackedEntity, Value: r.te.TrackedEntity.String()},
		Entries:    make([]nehr.Entry, 0, len(r.frame)+2*len(r.places)+len(r.practitioners)+len(r.facts)),
		Write:      r.cfg.Write,
	}
	if at, err := r.latest.Parse(r.server); err == nil {
		b.Timestamp = at.Instant(r.zone)
	}
	// The national profile demands an Encounter and a timestamp.
	if r.plan.guide() == GuideLK && r.encounters > 0 && b.Timestamp != "" {
		b.Profile = nehr.ProfileLKTransaction
		b.Identifier.System = nehr.SystemHIMSTransaction
	}
	b.Entries = append(b.Entries, r.frame...)
	for _, p := range r.places {
		b.Entries = append(b.Entries, p.organizationEntry, p.locationEntry)
	}
	for _, p := range r.practitioners {
		b.Entries = append(b.Entries, p.entry)
	}
	b.Entries = append(b.Entries, r.facts...)
	return b
}

// zoneNamed loads a zone once; ok is false where this machine does not know
// the name.
func (m *Mapper) zoneNamed(name string) (*time.Location, bool) {
	if z, ok := m.zones.Load(name); ok {
		loc, ok := z.(*time.Location)
		return loc, ok && loc != nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return nil, false
	}
	m.zones.Store(name, loc)
	return loc, true
}
