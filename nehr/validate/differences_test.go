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
	// unknownCode: codes of systems that the table does not have whole.
	unknownCode bool
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
		name:   "empty-list",
		reason: "FHIR's JSON has no empty arrays; HL7's parser looks for them among objects, not among strings and numbers.",
		rules:  []string{"empty-list"},
	},
	{
		name:   "json",
		reason: "What is not valid UTF-8 or not JSON by RFC 8259 is refused at once; HL7's parser replaces broken bytes, and a name or finding with them.",
		rules:  []string{"json"},
	},
	{
		name:     "profile-version",
		reason:   "A base definition that is named with its version, 4.0.1, is the one at hand; the wrapper of HL7's validator does not find it.",
		messages: []*regexp.Regexp{regexp.MustCompile(`^Profile reference 'http://hl7\.org/fhir/StructureDefinition/\w+\|4\.0\.1'`)},
	},
	{
		name:        "incomplete-code-system",
		reason:      "The archive holds the codes of value sets that are bound, not whole code systems: of some it has a part, of others nothing. There ours cannot tell a wrong code from one that it does not have.",
		unknownCode: true,
	},
}

// unknownCode is how the oracle says that a code system has no such code.
var unknownCode = regexp.MustCompile(`^Unknown code '(.*)#[^#]*'$`)

func looser(id, message string) string {
	for _, d := range differences {
		if id != "" && slices.Contains(d.ids, id) {
			return d.name
		}
		if m := unknownCode.FindStringSubmatch(message); d.unknownCode && m != nil {
			r := load()
			if at, ok := r.systems[m[1]]; !ok || !r.table.Systems[at].Complete {
				return d.name
			}
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
