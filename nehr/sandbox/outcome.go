package sandbox

import (
	"fmt"
	"net/http"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// fault is a refusal: an HTTP status and one issue of an OperationOutcome.
type fault struct {
	status int
	code   string // IssueType, http://hl7.org/fhir/R4/valueset-issue-type.html
	text   string
	detail *fhirjson.Value // a whole OperationOutcome, where a validator gave one
}

// Error is the text of the issue; it names types and ids, never content.
func (f *fault) Error() string { return f.text }

func refuse(status int, code, format string, args ...any) *fault {
	return &fault{status: status, code: code, text: fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) *fault {
	return refuse(http.StatusBadRequest, "invalid", format, args...)
}

// outcome makes an OperationOutcome of one issue.
func outcome(severity, code, text string) *fhirjson.Value {
	return fhirjson.Fields(
		fhirjson.F("resourceType", fhirjson.Text("OperationOutcome")),
		fhirjson.F("issue", fhirjson.List(fhirjson.Fields(
			fhirjson.F("severity", fhirjson.Text(severity)),
			fhirjson.F("code", fhirjson.Text(code)),
			fhirjson.F("diagnostics", fhirjson.Text(text)),
		))),
	)
}

func (f *fault) outcome() *fhirjson.Value {
	if f.detail != nil {
		return f.detail
	}
	return outcome("error", f.code, f.text)
}

// asFault makes every error a fault; what is none is the server's own failure.
func asFault(err error) *fault {
	if f, ok := err.(*fault); ok {
		return f
	}
	return refuse(http.StatusInternalServerError, "exception", "the sandbox failed: %v", err)
}
