package access

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// The profiles of IHE BALP that AuditEvents follow.
const (
	balp            = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
	profileRead     = balp + "PatientRead"
	profileQuery    = balp + "PatientQuery"
	profileCreate   = balp + "PatientCreate"
	profileUpdate   = balp + "PatientUpdate"
	profileDecision = balp + "AuthZconsent"
	profileDisclose = balp + "PrivacyDisclosure.Source"

	systemDCM         = "http://dicom.nema.org/resources/ontology/DCM"
	systemEventType   = "http://terminology.hl7.org/CodeSystem/audit-event-type"
	systemInteraction = "http://hl7.org/fhir/restful-interaction"
	systemEntityType  = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
	systemObjectRole  = "http://terminology.hl7.org/CodeSystem/object-role"
	systemSourceType  = "http://terminology.hl7.org/CodeSystem/security-source-type"
	systemAuthZ       = "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType"
	systemLifecycle   = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
	systemRoleClass   = "http://terminology.hl7.org/CodeSystem/v3-RoleClass"
	systemSecurity    = "http://terminology.hl7.org/CodeSystem/extra-security-role-type"

	dcmApplication = "110150"
	dcmDestination = "110152"
	dcmSource      = "110153"

	extensionEntry = "urn:nehrbridge:access-log"
)

// shape is how an action is told.
type shape struct {
	profile     string
	interaction string // of FHIR's REST; empty where it is none
	action      string // of AuditEvent
	type_       string // what is asked for, where the entry does not say
}

var shapes = map[Action]shape{
	ActionRecord:     {profileQuery, "search-system", "E", ""},
	ActionSearch:     {profileQuery, "search-type", "E", ""},
	ActionFind:       {profileQuery, "search-type", "E", "Patient"},
	ActionCount:      {profileQuery, "search-type", "E", ""},
	ActionConsents:   {profileQuery, "search-type", "E", "Consent"},
	ActionLog:        {profileQuery, "search-type", "E", "AuditEvent"},
	ActionRead:       {profileRead, "read", "R", ""},
	ActionHistory:    {profileRead, "history-instance", "R", ""},
	ActionBinary:     {profileRead, "read", "R", "Binary"},
	ActionCreate:     {profileCreate, "create", "C", ""},
	ActionUpdate:     {profileUpdate, "update", "U", ""},
	ActionAsk:        {profileCreate, "update", "C", "Consent"},
	ActionGrant:      {profileCreate, "update", "C", "Consent"},
	ActionHide:       {profileCreate, "update", "C", "Consent"},
	ActionAnswer:     {profileUpdate, "update", "U", "Consent"},
	ActionRevoke:     {profileUpdate, "update", "U", "Consent"},
	ActionDisclose:   {profileDisclose, "", "R", ""},
	ActionOpen:       {profileDecision, "", "E", ""},
	ActionBreakGlass: {profileDecision, "", "E", ""},
}

// auditID is the id of an entry's AuditEvent: the same entry is the same event,
// however often it is sent.
func auditID(e Entry) string { return "log-" + hex.EncodeToString(e.Hash)[:40] }

// audit writes an entry as an AuditEvent. bare writes whom and what it is about by
// identifiers in place of references, for a server that refuses references to what
// it does not have: somebody who asked for a patient that is none is logged, too.
func (g *Gate) audit(e Entry, bare bool) *fhirjson.Value {
	sh := shapes[e.Action]
	if !e.Permitted { // BALP's patterns of interactions are of those that succeed
		sh.profile, sh.action = profileDecision, "E"
	}
	x := auditing{g: g, e: e, bare: bare}
	typ, subtype := coding(systemEventType, "rest"), fhirjson.List(coding(systemInteraction, sh.interaction))
	var agents, entities *fhirjson.Value
	switch sh.profile {
	case profileDecision:
		typ, subtype = coding(systemDCM, "110113"), fhirjson.List(coding(systemAuthZ, "AuthZ-Consent"))
		agents, entities = x.decision()
	case profileDisclose:
		typ, subtype = coding(systemDCM, "110106"), fhirjson.List(coding(systemLifecycle, "disclose"))
		agents, entities = x.disclosure()
	case profileQuery:
		agents = x.ends(dcmSource, dcmDestination)
		entities = listOf(x.patient(), x.query(sh))
	case profileRead:
		agents = x.ends(dcmDestination, dcmSource)
		entities = listOf(x.patient(), x.object(sh))
	default:
		agents = x.ends(dcmSource, dcmDestination)
		entities = listOf(x.patient(), x.object(sh))
	}
	var profile *fhirjson.Value
	if x.whole(sh.profile) {
		profile = fhirjson.Fields(fhirjson.F("profile", fhirjson.List(fhirjson.Text(sh.profile))))
	}
	outcome, why := "0", ""
	if !e.Permitted {
		outcome, why = "8", string(e.Reason)
	}
	return fhirjson.Fields(
		fhirjson.F("resourceType", fhirjson.Text("AuditEvent")),
		fhirjson.F("id", fhirjson.Text(auditID(e))),
		fhirjson.F("meta", profile),
		fhirjson.F("extension", fhirjson.List(fhirjson.Fields(
			fhirjson.F("extension", fhirjson.List(
				fhirjson.Fields(fhirjson.F("url", text("number")), fhirjson.F("valueString", text(number(e.Seq)))),
				fhirjson.Fields(fhirjson.F("url", text("hash")), fhirjson.F("valueString", text(hex.EncodeToString(e.Hash)))),
				fhirjson.Fields(fhirjson.F("url", text("action")), fhirjson.F("valueString", text(string(e.Action)))),
			)),
			fhirjson.F("url", text(extensionEntry)),
		))),
		fhirjson.F("type", typ),
		fhirjson.F("subtype", subtype),
		fhirjson.F("action", text(sh.action)),
		fhirjson.F("recorded", fhirjson.Text(e.At.UTC().Format(atForm))),
		fhirjson.F("outcome", text(outcome)),
		fhirjson.F("outcomeDesc", text(why)),
		fhirjson.F("purposeOfEvent", x.purpose()),
		fhirjson.F("agent", agents),
		fhirjson.F("source", fhirjson.Fields(
			fhirjson.F("site", text(g.c.Address)),
			fhirjson.F("observer", x.self()),
			fhirjson.F("type", fhirjson.List(coding(systemSourceType, "4"))),
		)),
		fhirjson.F("entity", entities),
	)
}

// auditing is an entry on its way to an AuditEvent.
type auditing struct {
	g    *Gate
	e    Entry
	bare bool
}

// whole tells whether all is there that a profile demands: a denied access by
// whoever has no facility, or to which no consent says anything, is told in the
// same shape and claims no profile.
func (x auditing) whole(profile string) bool {
	if x.bare || x.e.Patient == "" || x.e.Person == "" {
		return false
	}
	return profile != profileDecision || x.e.Facility != "" && len(x.consents()) > 0
}

func (x auditing) self() *fhirjson.Value {
	return fhirjson.Fields(fhirjson.F("display", text(x.g.c.Source)))
}

// to refers to what there is, or is said to be.
func (x auditing) to(ref string) *fhirjson.Value {
	if !x.bare {
		return refer(ref)
	}
	typ, id, _ := reference(ref)
	return fhirjson.Fields(
		fhirjson.F("type", text(typ)),
		fhirjson.F("identifier", fhirjson.Fields(fhirjson.F("system", text(x.g.c.NEHR.Base()+"/"+typ)), fhirjson.F("value", text(id)))),
	)
}

func (x auditing) purpose() *fhirjson.Value {
	code := string(x.e.Purpose)
	if x.e.Reason == ReasonEmergency {
		code = "BTG"
	}
	if code == "" {
		return nil
	}
	return fhirjson.List(concept(nehr.SystemActReason, code))
}

func agent(system, code string, who *fhirjson.Value, requestor bool, more ...fhirjson.Member) *fhirjson.Value {
	a := fhirjson.Fields(
		fhirjson.F("type", concept(system, code)),
		fhirjson.F("who", who),
		fhirjson.F("requestor", fhirjson.Bool(requestor)),
	)
	for _, m := range more {
		a.Set(m.Name, m.Value)
	}
	return a
}

func network(address, kind string) fhirjson.Member {
	return fhirjson.F("network", fhirjson.Fields(fhirjson.F("address", text(address)), fhirjson.F("type", text(kind))))
}

// user is who asked.
func (x auditing) user() *fhirjson.Value {
	who := fhirjson.Fields(fhirjson.F("display", text("not known")))
	if x.e.Person != "" {
		who = x.to(x.e.Person)
	}
	a := agent(nehr.SystemParticipationType, "IRCP", who, true)
	if x.e.Subject != "" {
		a.Set("altId", text(x.e.Subject))
	}
	var policies []*fhirjson.Value
	for _, s := range x.e.Sources {
		policies = append(policies, fhirjson.Text(x.uri(s)))
	}
	a.Set("policy", listOf(policies...))
	a.Set("purposeOfUse", x.purpose())
	return a
}

// uri names a rule that decided.
func (x auditing) uri(source string) string {
	if _, _, ok := reference(source); ok {
		return x.g.c.NEHR.Base() + "/" + source
	}
	return "urn:nehrbridge:break-glass:" + source
}

// organization is for whom.
func (x auditing) organization() *fhirjson.Value {
	if x.e.Facility == "" {
		return nil
	}
	return agent(systemRoleClass, "PROV", x.to(x.e.Facility), false)
}

// ends are this system and the NEHR, as the roles of the interaction have them.
func (x auditing) ends(client, server string) *fhirjson.Value {
	agents := fhirjson.List(
		agent(systemDCM, client, x.self(), false, network(x.g.c.Address, "1")),
		agent(systemDCM, server, fhirjson.Fields(fhirjson.F("display", text("NEHR"))), false, network(x.g.c.NEHR.Base(), "5")),
		x.user(),
	)
	if o := x.organization(); o != nil {
		agents.Append(o)
	}
	return agents
}

func (x auditing) decision() (agents, entities *fhirjson.Value) {
	agents = fhirjson.List(
		agent(systemDCM, dcmApplication, x.self(), false, network(x.g.c.Address, "1")),
		x.user(),
		agent(systemSecurity, "authserver", x.self(), false),
	)
	if o := x.organization(); o != nil {
		agents.Append(o)
	}
	about := []*fhirjson.Value{x.patient()}
	for _, c := range x.consents() {
		about = append(about, fhirjson.Fields(fhirjson.F("what", x.to(c)), fhirjson.F("type", coding(systemResourceTypes, "Consent"))))
	}
	return agents, listOf(about...)
}

func (x auditing) consents() []string {
	var found []string
	for _, s := range x.e.Sources {
		if strings.HasPrefix(s, "Consent/") {
			found = append(found, s)
		}
	}
	return found
}

func (x auditing) disclosure() (agents, entities *fhirjson.Value) {
	agents = fhirjson.List(
		agent(systemDCM, dcmSource, x.self(), false, network(x.g.c.Address, "1")),
		agent(systemDCM, dcmDestination, fhirjson.Fields(fhirjson.F("display", text("whom it was given to"))), false, network("not known", "1")),
		x.user(),
	)
	entities = fhirjson.List(x.patient())
	if x.e.Type != "" {
		entities.Append(x.object(shapes[x.e.Action]))
	} else {
		entities.Append(fhirjson.Fields(
			fhirjson.F("type", coding(systemEntityType, "2")), fhirjson.F("role", coding(systemObjectRole, "3")), fhirjson.F("name", text("patient summary"))))
	}
	return agents, entities
}

func (x auditing) patient() *fhirjson.Value {
	if x.e.Patient == "" {
		return nil
	}
	return fhirjson.Fields(
		fhirjson.F("what", x.to(x.e.Patient)),
		fhirjson.F("type", coding(systemEntityType, "1")),
		fhirjson.F("role", coding(systemObjectRole, "1")),
	)
}

// object is the resource that was read or written.
func (x auditing) object(sh shape) *fhirjson.Value {
	typ := x.e.Type
	if typ == "" {
		typ = sh.type_
	}
	var what *fhirjson.Value
	if typ != "" && x.e.ID != "" {
		what = x.to(typ + "/" + x.e.ID)
	}
	if what == nil {
		what = fhirjson.Fields(fhirjson.F("type", text(typ)), fhirjson.F("display", text("new")))
	}
	return fhirjson.Fields(
		fhirjson.F("what", what),
		fhirjson.F("type", coding(systemEntityType, "2")),
		fhirjson.F("role", coding(systemObjectRole, "4")),
	)
}

// query is what was searched for: the names of the parameters without their
// values, which may be a person's.
func (x auditing) query(sh shape) *fhirjson.Value {
	typ := x.e.Type
	if typ == "" {
		typ = sh.type_
	}
	q := url.Values{"patient": {x.e.Patient}}
	for _, name := range x.e.Parameters {
		if name != "patient" && name != "subject" {
			q.Set(name, "")
		}
	}
	return fhirjson.Fields(
		fhirjson.F("type", coding(systemEntityType, "2")),
		fhirjson.F("role", coding(systemObjectRole, "24")),
		fhirjson.F("query", fhirjson.Text(base64.StdEncoding.EncodeToString([]byte(typ+"?"+q.Encode())))),
	)
}
