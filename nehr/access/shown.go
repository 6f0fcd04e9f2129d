package access

import (
	"slices"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// consentOf reads a Consent for people to see.
func consentOf(c *fhirjson.Value, now time.Time, zone *time.Location) Consent {
	patient := unversioned(c.Get("patient", "reference").Str())
	out := Consent{ID: c.Get("id").Str(), Patient: patient}
	out.At, _, _ = interval(c.Get("dateTime").Str(), zone)
	for _, e := range c.Get("extension").Items() {
		if e.Get("url").Str() == extensionWhy {
			out.Why = e.Get("valueString").Str()
		}
	}
	// Read it as if it held, whatever its state: that is what she is asked for.
	x := reading{consent: c, zone: zone, valid: true}
	x.root()
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
