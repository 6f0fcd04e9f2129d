package access

import (
	"time"

	"github.com/nehrbridge/nehrbridge/nehr"
)

// Policy is what the operator decides, for everybody.
type Policy struct {
	// WithheldFromPatient are labels of what she does not see herself. Defaults to
	// NOPAT of v3-ActCode: not without the professional who treats her.
	WithheldFromPatient []Code
	// Sensitive are labels that need an explicit permission, beside R and V of
	// v3-Confidentiality and the codes of v3-ActCode, which always do.
	Sensitive []Code
	// EmergencyOverridesDeny lets break-glass see what she denied. By default what
	// she denied stays denied, and the page says that something is withheld.
	EmergencyOverridesDeny bool
	// EmergencySensitive lets break-glass see what is labelled as sensitive.
	EmergencySensitive bool
	// SharedQueues are organisations that are no facility: a referral to one
	// gives nobody access.
	SharedQueues []string
	// AfterReferral is how long a completed referral still permits; 0 not at all.
	AfterReferral time.Duration
	// ReferralLife is how long a referral that nobody ends permits, from when it was
	// made. Defaults to a year.
	ReferralLife time.Duration
	// LongestGrant bounds Scope.Until of a permit. Defaults to 5 years.
	LongestGrant time.Duration
	// BreakGlassPerDay bounds how often one clinician may break the glass in 24
	// hours. Defaults to 20.
	BreakGlassPerDay int
	// OpenRequests bounds how many requests of one clinician wait for one patient's
	// answer. Defaults to 3.
	OpenRequests int
	// RequestLife is how long a request waits for her answer. Defaults to 7 days.
	RequestLife time.Duration
}

// withDefaults fills in what is not said.
func (p Policy) withDefaults() Policy {
	if p.WithheldFromPatient == nil {
		p.WithheldFromPatient = []Code{{nehr.SystemActCode, "NOPAT"}}
	}
	if p.ReferralLife == 0 {
		p.ReferralLife = 365 * 24 * time.Hour
	}
	if p.BreakGlassPerDay == 0 {
		p.BreakGlassPerDay = 20
	}
	if p.OpenRequests == 0 {
		p.OpenRequests = 3
	}
	if p.LongestGrant == 0 {
		p.LongestGrant = 5 * 365 * 24 * time.Hour
	}
	if p.RequestLife == 0 {
		p.RequestLife = 7 * 24 * time.Hour
	}
	return p
}

// withholds tells whether a label keeps something from the patient herself.
func (p Policy) withholds(label Code) bool {
	return meet(p.WithheldFromPatient, []Code{label})
}

// sensitive tells whether one of the labels needs an explicit permission: of
// v3-Confidentiality R and V, of v3-ActCode every code (HIV, PSY, SEX, …), and
// what the policy names. A label without a system could be any.
func (p Policy) sensitive(labels []Code) bool {
	for _, l := range labels {
		switch l.System {
		case nehr.SystemConfidentiality:
			if l.Code != "U" && l.Code != "L" && l.Code != "M" && l.Code != "N" {
				return true
			}
		case nehr.SystemActCode, "":
			return true
		}
	}
	return meet(p.Sensitive, labels)
}
