package lint

import "github.com/nehrbridge/nehrbridge/dhis2"

// Severity says how much a finding matters.
type Severity string

// The severities, the worst first.
const (
	Error       Severity = "error"       // facts would be lost or wrong
	Warning     Severity = "warning"     // a person must look
	Information Severity = "information" // good to know
)

// Rule names what was compared.
type Rule string

// The rules.
const (
	ProgramMissing    Rule = "program-missing"     // the server has no such program, or hides it
	EntityType        Rule = "tracked-entity-type" // the program registers another type
	AttributeMissing  Rule = "attribute-missing"   // named in the map, not in the program
	AttributeUnmapped Rule = "attribute-unmapped"  // in the program, not named in the map
	StageMissing      Rule = "stage-missing"       // named in the map, not in the program
	StageUnmapped     Rule = "stage-unmapped"      // in the program, not named in the map
	ElementMissing    Rule = "element-missing"     // named in the map, not in the stage
	ElementUnmapped   Rule = "element-unmapped"    // in the stage, not named in the map
	NotSent           Rule = "not-sent"            // named as kind none
	TypeChanged       Rule = "type-changed"        // another value type that the kind still takes
	KindUnfit         Rule = "kind-unfit"          // a value type that the kind does not take
	TrueOnly          Rule = "true-only"           // the map relies on TRUE_ONLY
	OptionSet         Rule = "option-set"          // another option set, or one where there was none
	OptionUnmapped    Rule = "option-unmapped"     // an option that the map has no text for
	OptionMissing     Rule = "option-missing"      // an option that only the map has
	OptionText        Rule = "option-text"         // the server calls the option otherwise
	ReplyOnce         Rule = "reply-once"          // the stage of the replies takes one only
	ReplyDemands      Rule = "reply-demands"       // it demands what a reply does not have
)

// Finding is one difference. It holds metadata only, never a person's value.
type Finding struct {
	Severity  Severity  `json:"severity"`
	Rule      Rule      `json:"rule"`
	Stage     dhis2.UID `json:"stage,omitzero"`
	Attribute dhis2.UID `json:"attribute,omitzero"`
	Element   dhis2.UID `json:"element,omitzero"`
	Name      string    `json:"name,omitzero"` // of the attribute, element or stage
	Message   string    `json:"message"`       // what differs and the cure
}

// Coverage counts the data elements of a stage on the server, or, without a
// stage, the attributes of the program.
type Coverage struct {
	Stage    dhis2.UID `json:"stage,omitzero"`
	Name     string    `json:"name"`
	Elements int       `json:"elements"` // on the server
	Sent     int       `json:"sent"`     // become something
	NotSent  int       `json:"notSent"`  // named as kind none
	Unmapped int       `json:"unmapped"` // not named
}

// Report is the comparison of one map with a server.
type Report struct {
	Map      string     `json:"map"`
	Program  dhis2.UID  `json:"program"`
	Findings []Finding  `json:"findings"`
	Coverage []Coverage `json:"coverage"`
}

// Count is the number of findings of a severity.
func (r Report) Count(s Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}
