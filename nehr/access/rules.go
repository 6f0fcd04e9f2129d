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
// A permit inside another provision is passed over. A root that says neither permit
// nor deny, as R4 has it, denies where policyRule is to opt out, and else permits
// nothing; the denials within it hold.
func RulesOf(consent *fhirjson.Value, patient string, zone *time.Location) []Rule {
	if consent.Get("resourceType").Str() != "Consent" || consent.Get("status").Str() != "active" || !is(patient, "Patient") {
		return nil
	}
	of := unversioned(consent.Get("patient", "reference").Str())
	if of != patient && !strings.HasSuffix(of, "/"+patient) { // an address of hers will do to deny
		return nil
	}
	if !slices.Contains(codings(consent.Get("scope", "coding")), Code{nehr.SystemConsentScope, "patient-privacy"}) {
		return nil
	}
	x := reading{consent: consent, zone: zone, source: "Consent/" + consent.Get("id").Str()}
	x.valid = of == patient && x.mayPermit(patient)
	x.root()
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

// root reads the outermost provision.
func (x *reading) root() {
	rule := Rule{Origin: FromConsent, Source: x.source}
	p := x.consent.Get("provision")
	kind := p.Get("type").Str()
	if kind == "" && x.optedOut() {
		kind = "deny"
		if p == nil { // of everything, to everybody
			x.rules = append(x.rules, rule)
			return
		}
	}
	x.provision(p, kind, rule, []Party{{}})
}

// optedOut tells whether the policy that the provisions are exceptions to is that
// nothing may be seen.
func (x *reading) optedOut() bool {
	return slices.ContainsFunc(codings(x.consent.Get("policyRule", "coding")), func(c Code) bool {
		return c.System == nehr.SystemActCode && (c.Code == "OPTOUT" || c.Code == "OPTOUTE")
	})
}

// provision reads one provision and those within it. around is what those around it
// limit, read as a denial, and to whom: what is within a permit can only deny, and
// what is not understood must not limit that.
func (x *reading) provision(p *fhirjson.Value, kind string, around Rule, to []Party) {
	if x.seen++; x.seen > maxProvisions {
		if x.seen == maxProvisions+1 { // what is not read may be any denial
			x.rules = append(x.rules, Rule{Origin: FromConsent, Source: x.source})
		}
		x.partial = true
		return
	}
	if p == nil {
		x.partial = true
		return
	}
	permits := kind == "permit" && x.valid
	if kind != "permit" && kind != "deny" {
		x.partial = true
	}
	if p.Get("modifierExtension") != nil {
		x.partial, permits = true, false
	}
	deny := around
	x.limit(p, &deny)
	found, within := x.parties(p, kind == "deny", to)
	rule := deny
	if permits {
		rule = around
		rule.Effect = Permit
		x.limit(p, &rule)
	}
	if x.actions(p, kind == "deny") && (permits || kind == "deny") {
		for _, party := range found {
			rule.Party = party
			x.rules = append(x.rules, rule)
		}
	}
	for _, inner := range p.Get("provision").Items() {
		switch inner.Get("type").Str() {
		case "permit": // an exception to a denial, or more than the permit around it
			x.partial = true
		case "deny", "":
			x.provision(inner, "deny", deny, within)
		default:
			x.partial = true
			if kind != "deny" {
				x.provision(inner, "deny", deny, within)
			}
		}
	}
}

// limit reads what a provision is about.
func (x *reading) limit(p *fhirjson.Value, rule *Rule) {
	x.period(p, rule)
	x.purposes(p, rule)
	x.classes(p, rule)
	x.codes(p, rule)
	x.labels(p, rule)
	x.dataPeriod(p, rule)
	x.data(p, rule)
}

// unversioned cuts a version from a reference.
func unversioned(ref string) string {
	ref, _, _ = strings.Cut(ref, "/_history/")
	return ref
}
