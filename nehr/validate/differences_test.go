package validate

import (
	"regexp"
	"slices"
)

// difference is a named rule by which ours and HL7's validator differ on
// purpose. The table in README.md has to say the same; a test compares.
type difference struct {
	name   string
	reason string
	// rules are ours that the oracle does not have (ours refuses).
	rules []string
	// messages are the oracle's that ours does not have (ours accepts): message
	// ids, or expressions for the text where the id says too little.
	ids      []string
	messages []*regexp.Regexp
}

// differences are all exceptions of TestDifferential.
var differences = []difference{
	{
		name:   "duplicate-property",
		reason: "A property that stands twice is read differently by different programs; HL7's parser lets resourceType pass.",
		rules:  []string{"duplicate-property"},
	},
	{
		name:   "bundle-reference",
		reason: "A transaction whose urn: reference has no entry is refused by servers; HL7's validator only warns.",
		rules:  []string{"bundle-reference"},
	},
	{
		name:   "transaction-request",
		reason: "A PUT or POST without a resource, or whose url names another type or id than the resource, is refused by servers; HL7's validator does not look.",
		rules:  []string{"transaction-request"},
	},
	{
		name:   "blank-value",
		reason: "A code, date, URI or fixed text of nothing but white space says nothing; HL7's parser drops it and judges the rest.",
		rules:  []string{"blank-value"},
	},
	{
		name:   "empty-profile",
		reason: "FHIR's JSON has no empty arrays; HL7's wrapper reads meta before it looks.",
		rules:  []string{"empty-profile"},
	},
	{
		name:     "incomplete-code-system",
		reason:   "The archive holds only a part of these code systems, so that ours cannot tell a wrong code from one that it does not have.",
		messages: []*regexp.Regexp{regexp.MustCompile(`^Unknown code '(http://dicom\.nema\.org/resources/ontology/DCM|http://terminology\.hl7\.org/CodeSystem/(v2-0131|v2-0203|v2-0443|v3-ActCode|v3-ActReason|v3-AddressUse|v3-Confidentiality|v3-DataOperation|v3-DocumentCompletion|v3-EntityNamePartQualifier|v3-EntityNamePartQualifierR2|v3-EntityNameUse|v3-ObservationValue|v3-ParticipationFunction|v3-ParticipationMode|v3-RoleClass|v3-RoleCode|v3-RouteOfAdministration|v3-TimingEvent|contractsignertypecodes))#`)},
	},
}

func looser(id, message string) string {
	for _, d := range differences {
		if id != "" && slices.Contains(d.ids, id) {
			return d.name
		}
		for _, m := range d.messages {
			if m.MatchString(message) {
				return d.name
			}
		}
	}
	return ""
}

func stricter(rule string) string {
	for _, d := range differences {
		if slices.Contains(d.rules, rule) {
			return d.name
		}
	}
	return ""
}
