package validate

// Severity of an Issue, as FHIR's issue-severity names it.
type Severity string

// The severities. Fatal: the text could not be read to its end. Error: it
// breaks a rule. The others do not make a resource invalid.
const (
	Fatal       Severity = "fatal"
	Error       Severity = "error"
	Warning     Severity = "warning"
	Information Severity = "information"
)

// Issue is one finding. It never holds the value of a string of the resource.
type Issue struct {
	Severity Severity
	// Code is FHIR's issue-type: structure, required, value, invariant,
	// code-invalid, not-found, informational, too-long.
	Code string
	// Location is a FHIRPath, such as
	// Bundle.entry[3].resource.code.coding[0].system. It is empty where the
	// text could not be parsed; Diagnostics then names line and column.
	Location string
	// Rule is the invariant's key, or the name of a rule in the README.
	Rule string
	// Profile is the URL of the definition that demands it, if one was at hand.
	Profile string
	// Diagnostics says in a sentence what was expected.
	Diagnostics string
}

// Outcome is what Validate found, in the order of the document.
type Outcome struct {
	Issues []Issue
}

// Errors counts the issues that make the resource invalid.
func (o *Outcome) Errors() int {
	n := 0
	for i := range o.Issues {
		if s := o.Issues[i].Severity; s == Error || s == Fatal {
			n++
		}
	}
	return n
}

// OK says that no issue is an error or fatal.
func (o *Outcome) OK() bool { return o.Errors() == 0 }
