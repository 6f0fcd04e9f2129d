package mapper

import "github.com/nehrbridge/nehrbridge/nehr"

// Outcome is the issues as a FHIR OperationOutcome, without values of persons.
// Without issues it says so, since FHIR demands one.
func Outcome(issues []Issue) *nehr.OperationOutcome {
	o := &nehr.OperationOutcome{}
	for _, i := range issues {
		code := "business-rule"
		switch i.Rule {
		case RuleValueType:
			code = "value"
		case RuleUnmappedStage, RuleUnmappedElement, RuleUnmappedAttribute, RuleUnmappedOption, RuleNoUnit:
			code = "not-supported"
		case RuleForeignEvent, RuleIncompleteEvent:
			code = "invalid"
		}
		o.Issue = append(o.Issue, nehr.OutcomeIssue{
			Severity: nehr.IssueSeverity(i.Severity), Code: code,
			Details: &nehr.CodeableConcept{Text: string(i.Rule)}, Diagnostics: i.String(),
		})
	}
	if len(o.Issue) == 0 {
		o.Issue = []nehr.OutcomeIssue{{Severity: nehr.SeverityInformation, Code: "informational", Diagnostics: "no issues"}}
	}
	return o
}
