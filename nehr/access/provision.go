package access

import (
	"slices"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

func text(s string) *fhirjson.Value {
	if s == "" {
		return nil
	}
	return fhirjson.Text(s)
}

func coding(system, code string) *fhirjson.Value {
	return fhirjson.Fields(fhirjson.F("system", text(system)), fhirjson.F("code", text(code)))
}

func concept(system, code string) *fhirjson.Value {
	return fhirjson.Fields(fhirjson.F("coding", fhirjson.List(coding(system, code))))
}

func refer(ref string) *fhirjson.Value {
	if ref == "" {
		return nil
	}
	return fhirjson.Fields(fhirjson.F("reference", fhirjson.Text(ref)))
}

func instant(t time.Time) *fhirjson.Value {
	if t.IsZero() {
		return nil
	}
	return fhirjson.Text(t.UTC().Format("2006-01-02T15:04:05.000Z"))
}

// listOf makes an array of what is there, and nothing of nothing: FHIR has no
// empty arrays.
func listOf(items ...*fhirjson.Value) *fhirjson.Value {
	items = slices.DeleteFunc(items, func(v *fhirjson.Value) bool { return v == nil })
	if len(items) == 0 {
		return nil
	}
	return fhirjson.List(items...)
}

// between makes a Period.
func between(from, to time.Time) *fhirjson.Value {
	if from.IsZero() && to.IsZero() {
		return nil
	}
	return fhirjson.Fields(fhirjson.F("start", instant(from)), fhirjson.F("end", instant(to)))
}

// proposal is a Consent as this package writes them.
type proposal struct {
	id, patient string
	status      nehr.ConsentStatus
	effect      Effect
	party       Party
	scope       Scope
	at          time.Time
	why         string
	consents    bool // she has said so herself
}

// resource writes the Consent. RulesOf reads it back as it was.
func (p proposal) resource() *fhirjson.Value {
	rule := "OPTIN"
	if p.effect == Deny {
		rule = "OPTOUT"
	}
	var why, performer *fhirjson.Value
	if p.why != "" {
		why = fhirjson.List(fhirjson.Fields(fhirjson.F("url", fhirjson.Text(extensionWhy)), fhirjson.F("valueString", fhirjson.Text(p.why))))
	}
	if p.consents {
		performer = fhirjson.List(refer(p.patient))
	}
	return fhirjson.Fields(
		fhirjson.F("resourceType", fhirjson.Text("Consent")),
		fhirjson.F("id", fhirjson.Text(p.id)),
		fhirjson.F("extension", why),
		fhirjson.F("status", fhirjson.Text(string(p.status))),
		fhirjson.F("scope", concept(nehr.SystemConsentScope, "patient-privacy")),
		fhirjson.F("category", fhirjson.List(concept(nehr.SystemLOINC, "59284-0"))),
		fhirjson.F("patient", refer(p.patient)),
		fhirjson.F("dateTime", instant(p.at)),
		fhirjson.F("performer", performer),
		fhirjson.F("policyRule", concept(nehr.SystemActCode, rule)),
		fhirjson.F("provision", p.provision()),
	)
}

func (p proposal) provision() *fhirjson.Value {
	kind, s := "permit", p.scope
	if p.effect == Deny {
		kind = "deny"
	}
	var actors, labels, purposes, classes, data *fhirjson.Value
	if who := p.party.reference(); who != "" {
		actors = fhirjson.List(fhirjson.Fields(
			fhirjson.F("role", concept(nehr.SystemParticipationType, "IRCP")),
			fhirjson.F("reference", refer(who)),
		))
	}
	confidentiality := func(codes ...string) {
		labels = fhirjson.List()
		for _, c := range codes {
			labels.Append(coding(nehr.SystemConfidentiality, c))
		}
	}
	switch {
	case s.Sensitive && p.effect == Permit:
		confidentiality("N", "R", "V")
	case s.Sensitive:
		confidentiality("R", "V")
	}
	if p.effect == Permit {
		purposes = fhirjson.List(coding(nehr.SystemActReason, string(Treatment)))
	}
	for _, c := range s.Types {
		if classes == nil {
			classes = fhirjson.List()
		}
		system := SystemClass
		if classOfType[string(c)] != "" {
			system = systemResourceTypes
		}
		classes.Append(coding(system, string(c)))
	}
	if s.Episode != "" {
		to := refer(s.Episode)
		if _, _, ok := reference(s.Episode); !ok {
			to = fhirjson.Fields(fhirjson.F("identifier", fhirjson.Fields(
				fhirjson.F("system", fhirjson.Text(systemEnrollment)), fhirjson.F("value", fhirjson.Text(s.Episode)))))
		}
		data = fhirjson.List(fhirjson.Fields(fhirjson.F("meaning", fhirjson.Text("related")), fhirjson.F("reference", to)))
	}
	var from, to time.Time
	// What is denied is denied at once, also by who has a clock that is behind.
	begins := p.at
	if p.effect == Deny {
		begins = time.Time{}
	}
	if s.From != nil {
		from = *s.From
	}
	if s.To != nil {
		to = *s.To
	}
	return fhirjson.Fields(
		fhirjson.F("type", fhirjson.Text(kind)),
		fhirjson.F("period", between(begins, s.Until)),
		fhirjson.F("actor", actors),
		fhirjson.F("action", fhirjson.List(concept(systemConsentAction, "access"))),
		fhirjson.F("securityLabel", labels),
		fhirjson.F("purpose", purposes),
		fhirjson.F("class", classes),
		fhirjson.F("dataPeriod", between(from, to)),
		fhirjson.F("data", data),
	)
}

// reference is the one reference that says who the party is. A role is a person
// at a facility; FHIR reads several actors as any of them.
func (p Party) reference() string {
	switch {
	case p.Role != "":
		return p.Role
	case p.Person != "":
		return p.Person
	}
	return p.Facility
}
