package access

import (
	"slices"
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
