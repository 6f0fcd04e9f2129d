package mapper

import (
	"strings"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Severity is FHIR's issue-severity.
type Severity string

// Severities of issues.
const (
	Error       Severity = "error"       // something was refused
	Warning     Severity = "warning"     // a fact is missing or doubtful
	Information Severity = "information" // worth knowing
)

// Rule names what an issue is about; stable, for filters and dashboards.
type Rule string

// The rules.
const (
	RuleForeignEvent        Rule = "foreign-event"        // an event or enrollment of another tracked entity
	RuleIncompleteEvent     Rule = "incomplete-event"     // an event that lacks what every fact needs
	RuleDuplicateEvent      Rule = "duplicate-event"      // one event twice in a document
	RuleDuplicateEnrollment Rule = "duplicate-enrollment" // one enrollment twice in a document
	RuleNoProgram           Rule = "no-program"           // an enrollment that names no program
	RuleNoEnrollmentUID     Rule = "no-enrollment"        // an enrollment without UID: what is keyed by it is left out
	RuleNoEnrolledAt        Rule = "no-enrolled-at"       // an enrollment without date
	RuleUnmappedStage       Rule = "unmapped-stage"       //
	RuleUnmappedElement     Rule = "unmapped-element"     //
	RuleUnmappedAttribute   Rule = "unmapped-attribute"   //
	RuleUnmappedOption      Rule = "unmapped-option"      // an answer that the map's table lacks
	RuleAttributeConflict   Rule = "attribute-conflict"   // two values of one attribute; the later one was taken
	RuleValueType           Rule = "value-type"           // a value that its type does not allow
	RuleDuplicateElement    Rule = "duplicate-element"    // one element twice in an event; the later one was taken
	RulePHNForm             Rule = "phn-form"             // a PHN that misses the national form
	RuleNICForm             Rule = "nic-form"             // a NIC of no known form: not sent
	RuleIdentifierForm      Rule = "identifier-form"      // an identifier that cannot be one: not sent
	RuleSubject             Rule = "esignet-subject"      // not sent: issuer and relying party are not configured
	RuleBirthDate           Rule = "birth-date"           //
	RuleGender              Rule = "gender"               //
	RulePhone               Rule = "phone"                // a number that could not be normalised
	RuleUser                Rule = "user"                 // nobody, or somebody else than who completed it
	RuleZone                Rule = "zone"                 // the server's zone is not known here
	RuleNoUnit              Rule = "no-unit"              // a number whose unit the map does not know: not sent
	RuleContradiction       Rule = "contradiction"        // a disease true once and false later
	RuleDueDateLMP          Rule = "edd-lmp"              // plausibility (D-026) from here on
	RuleWeeksLMP            Rule = "weeks-lmp"            //
	RuleDueDateEnrollment   Rule = "edd-enrollment"       //
	RuleLMPEvent            Rule = "lmp-event"            //
	RuleAge                 Rule = "age"                  //
	RuleBloodPressure       Rule = "blood-pressure"       //
	RuleHaemoglobin         Rule = "haemoglobin"          //
	RuleBloodSugar          Rule = "blood-sugar"          //
	RuleFundalHeight        Rule = "fundal-height"        //
	RuleWeeks               Rule = "weeks"                //
	RuleLateOccurrence      Rule = "occurred-completed"   //
)

// Issue is something that a person should know about one document: what was
// refused, doubtful or left out, and where. It never holds a value.
type Issue struct {
	Severity      Severity
	Rule          Rule
	TrackedEntity dhis2.UID
	Enrollment    dhis2.UID
	Event         dhis2.UID
	Attribute     dhis2.UID
	Element       dhis2.UID
	Name          string          // of the attribute or data element, from the map
	Type          dhis2.ValueType // what the map says
	Text          string          // what was expected, what was done
}

// String is the one line that people read on stderr.
func (i Issue) String() string {
	var b strings.Builder
	b.WriteString(string(i.Severity))
	b.WriteString(" ")
	b.WriteString(string(i.Rule))
	part := func(word string, value string) {
		if value != "" {
			b.WriteString(" ")
			b.WriteString(word)
			b.WriteString(" ")
			b.WriteString(value)
		}
	}
	part("tracked entity", i.TrackedEntity.String())
	part("enrollment", i.Enrollment.String())
	part("event", i.Event.String())
	part("attribute", i.Attribute.String())
	part("data element", i.Element.String())
	if i.Name != "" {
		b.WriteString(" (" + i.Name + ")")
	}
	part("of type", string(i.Type))
	b.WriteString(": ")
	b.WriteString(i.Text)
	return b.String()
}

// Refusal says why a document gives no bundle at all.
type Refusal struct {
	TrackedEntity dhis2.UID
	Reason        RefusalReason
	Text          string
}

// RefusalReason classifies refusals for callers that branch.
type RefusalReason string

// The reasons.
const (
	Quarantined RefusalReason = "quarantined"  // no usable key: nothing can be sent (D-036)
	Deleted     RefusalReason = "deleted"      // what was written has to be retracted
	OtherType   RefusalReason = "other-type"   // of a tracked entity type that no map names
	NotEnrolled RefusalReason = "not-enrolled" // in no mapped program
)

func (r *Refusal) Error() string {
	return "tracked entity " + r.TrackedEntity.String() + ": " + string(r.Reason) + ": " + r.Text
}
