package access

import (
	"errors"
	"fmt"
)

// Reason says why a decision is what it is.
type Reason string

// The reasons. The first group permits.
const (
	ReasonOwn       Reason = "own"       // her own record
	ReasonConsent   Reason = "consent"   // a Consent permits
	ReasonReferral  Reason = "referral"  // a referral is addressed to the actor
	ReasonEmergency Reason = "emergency" // break-glass
	ReasonMasked    Reason = "masked"    // nothing of the record: initials and a year
	ReasonDirectory Reason = "directory" // no person's data: an organisation, a practitioner, a place

	ReasonNoRule    Reason = "no-rule"   // nothing permits
	ReasonDenied    Reason = "denied"    // a Consent denies
	ReasonSensitive Reason = "sensitive" // labelled, and no rule permits what is
	ReasonPolicy    Reason = "policy"    // withheld by policy, from her too
	ReasonForeign   Reason = "foreign"   // not of this patient
	ReasonUnknown   Reason = "unknown"   // no class of data has it
	ReasonActor     Reason = "actor"     // who asks is not fit to ask this
	ReasonParameter Reason = "parameter" // a search that could reach beyond
	ReasonFresh     Reason = "not-fresh" // the sign-in is too old
	ReasonText      Reason = "text"      // too few words of reason, or no code
	ReasonScope     Reason = "scope"     // wider than what was asked, or without an end
	ReasonState     Reason = "state"     // not open, answered already, withdrawn
	ReasonTooMany   Reason = "too-many"  // more open requests than one may have
	ReasonNotMine   Reason = "not-mine"  // found, and said to be another than the one meant
	ReasonUndecided Reason = "undecided" // the NEHR did not say which consents there are
)

// DeniedError is a refusal. It is in the log when it is returned.
type DeniedError struct{ Reason Reason }

func (e *DeniedError) Error() string { return "access refused: " + string(e.Reason) }

// LogError says that the access log did not take an entry: what was asked for
// is refused.
type LogError struct{ Err error }

func (e *LogError) Error() string {
	return fmt.Sprintf("access refused: the log does not take it: %v", e.Err)
}

// Unwrap gives the database's error.
func (e *LogError) Unwrap() error { return e.Err }

// ErrNotFound is the answer for what is not there and for what may not be seen
// alike: nobody learns from it that something exists.
var ErrNotFound = errors.New("not there, or not to be seen")
