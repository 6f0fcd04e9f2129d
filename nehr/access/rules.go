package access

import (
	"slices"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// The systems of what a provision says.
const (
	// SystemClass holds the classes of data ([Class]) as codes.
	SystemClass         = "urn:nehrbridge:data-class"
	systemResourceTypes = "http://hl7.org/fhir/resource-types"
	systemEnrollment    = "urn:dhis2:enrollment"
	systemConsentAction = "http://terminology.hl7.org/CodeSystem/consentaction"
)

// maxProvisions bounds the exceptions of exceptions that are read.
const maxProvisions = 200

// never is a class that nothing has: a limit that is there but not understood.
const never Class = "-"

// RulesOf reads a Consent of a patient as rules; none where it does not hold.
//
// What it says and this program does not understand makes a permit narrower and
// a deny wider, never the other way round: a permit needs somebody that it names,
// an end, and her own name (or that of a RelatedPerson) as the one who consents.
// A permit inside another provision is passed over.
func RulesOf(consent *fhirjson.Value, patient string, zone *time.Location) []Rule {
	if consent.Get("resourceType").Str() != "Consent" || consent.Get("status").Str() != "active" ||
		consent.Get("patient", "reference").Str() != patient || !is(patient, "Patient") {
		return nil
	}
	if !slices.Contains(codings(consent.Get("scope", "coding")), Code{nehr.SystemConsentScope, "patient-privacy"}) {
		return nil
	}
	x := reading{consent: consent, zone: zone, source: "Consent/" + consent.Get("id").Str()}
	x.valid = x.mayPermit(patient)
	x.provision(consent.Get("provision"), Rule{Origin: FromConsent, Source: x.source}, "")
	return x.rules
}

// reading is a Consent on its way to rules.
type reading struct {
	consent *fhirjson.Value
	zone    *time.Location
	source  string
	valid   bool // it may permit
	seen    int
	partial bool // something in it was not understood
	rules   []Rule
}

// mayPermit tells whether a Consent is fit to permit: who consents is she, or
// somebody related to her, nobody says that it is not verified, and nothing in
// it changes what it means.
func (x *reading) mayPermit(patient string) bool {
	c := x.consent
	if c.Get("modifierExtension") != nil || c.Get("implicitRules") != nil {
		return false
	}
	for _, v := range c.Get("verification").Items() {
		if v.Get("verified").Kind() != fhirjson.True {
			return false
		}
	}
	return slices.ContainsFunc(c.Get("performer").Items(), func(p *fhirjson.Value) bool {
		ref := p.Get("reference").Str()
		return ref == patient || is(ref, "RelatedPerson")
	})
}

// provision reads one provision and those within it. What it does not say is as
// in the one around it.
func (x *reading) provision(p *fhirjson.Value, rule Rule, around string) {
	x.seen++
	if p == nil || x.seen > maxProvisions {
		x.partial = true
		return
	}
	kind := p.Get("type").Str()
	if kind == "" {
		kind = around
	}
	switch kind {
	case "permit":
		rule.Effect = Permit
	case "deny":
		rule.Effect = Deny
	default:
		x.partial = true
		return
	}
	if around != "" {
		if kind == "permit" { // an exception to a deny, or more than the permit around it
			x.partial = true
			return
		}
		rule.Scope.Sensitive = false // means another thing in a deny
	}
	deny := rule.Effect == Deny
	if p.Get("modifierExtension") != nil {
		x.partial = true
		if !deny {
			return
		}
	}
	x.period(p, &rule)
	x.purposes(p, &rule)
	x.classes(p, &rule)
	x.codes(p, &rule)
	x.labels(p, &rule)
	x.dataPeriod(p, &rule)
	x.data(p, &rule)
	holds := x.actions(p, deny)
	parties := x.parties(p, rule)
	if holds && (deny || x.valid) {
		for _, party := range parties {
			rule.Party = party
			x.rules = append(x.rules, rule)
		}
	}
	for _, inner := range p.Get("provision").Items() {
		for _, party := range parties {
			rule.Party = party
			x.provision(inner, rule, kind)
		}
	}
}

func (x *reading) period(p *fhirjson.Value, rule *Rule) {
	v := p.Get("period")
	if v == nil {
		return
	}
	from, _, ok := interval(v.Get("start").Str(), x.zone)
	if ok && from.After(rule.From) {
		rule.From = from
	} else if !ok && v.Get("start") != nil {
		x.partial = true
		if rule.Effect == Permit {
			rule.From = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
		}
	}
	_, until, ok := interval(v.Get("end").Str(), x.zone)
	if ok && (rule.Scope.Until.IsZero() || until.Before(rule.Scope.Until)) {
		rule.Scope.Until = until
	} else if !ok && v.Get("end") != nil {
		x.partial = true
		if rule.Effect == Permit {
			rule.Scope.Until = time.Unix(0, 0)
		}
	}
}

func (x *reading) purposes(p *fhirjson.Value, rule *Rule) {
	items := p.Get("purpose").Items()
	if len(items) == 0 {
		return
	}
	rule.Purposes = []Purpose{}
	known := true
	for _, c := range codings(p.Get("purpose")) {
		if c.System != nehr.SystemActReason || c.Code == "" {
			known = false
			continue
		}
		rule.Purposes = append(rule.Purposes, Purpose(c.Code))
	}
	if known {
		return
	}
	x.partial = true
	if rule.Effect == Deny {
		rule.Purposes = nil
	} else if len(rule.Purposes) == 0 {
		rule.Purposes = []Purpose{"-"}
	}
}

func (x *reading) classes(p *fhirjson.Value, rule *Rule) {
	if len(p.Get("class").Items()) == 0 {
		return
	}
	var types []Class
	known := true
	for _, c := range codings(p.Get("class")) {
		switch {
		case c.System == SystemClass && slices.Contains(Classes, Class(c.Code)),
			c.System == systemResourceTypes && classOfType[c.Code] != "":
			types = append(types, Class(c.Code))
		default:
			known = false
		}
	}
	if !known {
		x.partial = true
		if rule.Effect == Deny {
			return
		}
	}
	if len(types) == 0 {
		types = []Class{never}
	}
	rule.Scope.Types = types
}

func (x *reading) codes(p *fhirjson.Value, rule *Rule) {
	items := p.Get("code").Items()
	if len(items) == 0 {
		return
	}
	var found []Code
	for _, concept := range items {
		these := codings(concept.Get("coding"))
		if len(these) == 0 {
			x.partial = true
			if rule.Effect == Deny {
				return
			}
			these = []Code{{}}
		}
		found = append(found, these...)
	}
	rule.Codes = found
}

// labels reads which labels a provision is about. N beside others means that it
// is about what has none, too.
func (x *reading) labels(p *fhirjson.Value, rule *Rule) {
	found := codings(p.Get("securityLabel"))
	if len(found) == 0 {
		return
	}
	confidential := func(code string) bool { return slices.Contains(found, Code{nehr.SystemConfidentiality, code}) }
	if rule.Effect == Permit {
		rule.Scope.Sensitive = confidential("V")
		if !confidential("N") {
			rule.Labels = found
		}
		return
	}
	switch {
	case confidential("N"): // all of it
	case confidential("R"):
		rule.Scope.Sensitive = true
	default:
		rule.Labels = found
	}
}

func (x *reading) dataPeriod(p *fhirjson.Value, rule *Rule) {
	v := p.Get("dataPeriod")
	if v == nil {
		return
	}
	for _, side := range []struct {
		name string
		set  func(start, end time.Time)
	}{
		{"start", func(start, _ time.Time) {
			if rule.Scope.From == nil || start.After(*rule.Scope.From) {
				rule.Scope.From = &start
			}
		}},
		{"end", func(_, end time.Time) {
			if rule.Scope.To == nil || end.Before(*rule.Scope.To) {
				rule.Scope.To = &end
			}
		}},
	} {
		if v.Get(side.name) == nil {
			continue
		}
		start, end, ok := interval(v.Get(side.name).Str(), x.zone)
		if ok {
			side.set(start, end)
			continue
		}
		x.partial = true
		if rule.Effect == Permit {
			rule.Scope.Types = []Class{never}
		}
	}
}

func (x *reading) data(p *fhirjson.Value, rule *Rule) {
	items := p.Get("data").Items()
	if len(items) == 0 {
		return
	}
	var found []string
	for _, d := range items {
		ref := d.Get("reference", "reference").Str()
		id := d.Get("reference", "identifier")
		switch {
		case is(ref, firstOf(ref)):
			found = append(found, ref)
		case id.Get("system").Str() == systemEnrollment && id.Get("value").Str() != "":
			found = append(found, id.Get("value").Str())
		default:
			x.partial = true
			if rule.Effect == Deny {
				return
			}
		}
	}
	switch len(found) {
	case 0:
		rule.Scope.Episode = "-"
	case 1:
		rule.Scope.Episode = found[0]
	default:
		rule.Scope.Episode, rule.Episodes = "", found
	}
}

// actions tells whether a provision is about seeing.
func (x *reading) actions(p *fhirjson.Value, deny bool) bool {
	items := p.Get("action").Items()
	if len(items) == 0 {
		return true
	}
	for _, a := range items {
		for _, c := range codings(a.Get("coding")) {
			if c.System != systemConsentAction {
				x.partial = true
				if deny {
					return true
				}
				continue
			}
			if c.Code == "access" || c.Code == "use" || c.Code == "disclose" {
				return true
			}
		}
	}
	return false
}

// parties are whom a provision names; the one of the provision around it when it
// names nobody.
func (x *reading) parties(p *fhirjson.Value, rule Rule) []Party {
	items := p.Get("actor").Items()
	if len(items) == 0 {
		return []Party{rule.Party}
	}
	var found []Party
	for _, a := range items {
		party, ok := partyOf(a.Get("reference", "reference").Str())
		ref := a.Get("reference", "reference").Str()
		switch {
		case ok && rule.Effect == Permit && !recipient(a.Get("role")):
			x.partial = true
		case ok:
			found = append(found, party)
		case rule.Effect == Deny && !is(ref, "Patient", "RelatedPerson", "Device"):
			x.partial = true
			found = append(found, Party{}) // a team or group: who is in it is not known
		default:
			x.partial = true
		}
	}
	return found
}

// recipient tells whether the role of an actor is that of who gets to see.
func recipient(role *fhirjson.Value) bool {
	if role == nil {
		return true
	}
	return slices.ContainsFunc(codings(role.Get("coding")), func(c Code) bool {
		return c.System == nehr.SystemParticipationType && (c.Code == "IRCP" || c.Code == "PRCP")
	})
}

// consentOf reads a Consent for people to see.
func consentOf(c *fhirjson.Value, now time.Time, zone *time.Location) Consent {
	patient := c.Get("patient", "reference").Str()
	out := Consent{ID: c.Get("id").Str(), Patient: patient}
	out.At, _, _ = interval(c.Get("dateTime").Str(), zone)
	for _, e := range c.Get("extension").Items() {
		if e.Get("url").Str() == extensionWhy {
			out.Why = e.Get("valueString").Str()
		}
	}
	// Read it as if it held, whatever its state: that is what she is asked for.
	x := reading{consent: c, zone: zone, valid: true}
	x.provision(c.Get("provision"), Rule{}, "")
	if len(x.rules) > 0 {
		r := x.rules[0]
		out.Effect, out.Party, out.Purpose, out.Scope = r.Effect, r.Party, r.Purposes, r.Scope
		out.Readable = len(x.rules) == 1 && !x.partial && len(r.Codes) == 0 && len(r.Labels) == 0 && len(r.Episodes) == 0
	}
	over := !out.Scope.Until.IsZero() && !now.Before(out.Scope.Until)
	switch c.Get("status").Str() {
	case "proposed":
		out.State = Asked
	case "active":
		out.State = Active
	case "rejected":
		out.State = Refused
	default:
		out.State = Withdrawn
	}
	if over && (out.State == Asked || out.State == Active) {
		out.State = Ended
	}
	return out
}

// isPrivacy tells whether a Consent is about who may see, and not about something
// else that she consents to, such as reminders, which names codes.
func isPrivacy(c *fhirjson.Value) bool {
	return slices.Contains(codings(c.Get("scope", "coding")), Code{nehr.SystemConsentScope, "patient-privacy"}) &&
		len(c.Get("provision", "code").Items()) == 0
}

// extensionWhy holds what a clinician wrote when asking.
const extensionWhy = "urn:nehrbridge:consent-reason"

// trimmed cuts what people type around words.
func trimmed(s string) string { return strings.Join(strings.Fields(s), " ") }
