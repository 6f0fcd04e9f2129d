package validate

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// MarshalJSON writes the outcome as a FHIR OperationOutcome. One without issues
// says so in an issue of severity information, since FHIR demands one.
func (o Outcome) MarshalJSON() ([]byte, error) {
	type text struct {
		Text string `json:"text"`
	}
	type issue struct {
		Severity    Severity `json:"severity"`
		Code        string   `json:"code"`
		Details     text     `json:"details"`
		Diagnostics string   `json:"diagnostics,omitempty"`
		Expression  []string `json:"expression,omitempty"`
	}
	out := struct {
		ResourceType string  `json:"resourceType"`
		Issue        []issue `json:"issue"`
	}{ResourceType: "OperationOutcome"}
	for _, i := range o.Issues {
		x := issue{Severity: i.Severity, Code: i.Code, Details: text{i.Diagnostics}, Diagnostics: i.Rule}
		if i.Profile != "" {
			x.Diagnostics += " (" + i.Profile + ")"
		}
		if i.Location != "" {
			x.Expression = []string{i.Location}
		}
		out.Issue = append(out.Issue, x)
	}
	if len(out.Issue) == 0 {
		out.Issue = []issue{{Severity: Information, Code: "informational", Details: text{"No issues."}}}
	}
	return json.Marshal(out, json.Deterministic(true), jsontext.EscapeForHTML(false))
}
