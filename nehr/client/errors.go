package client

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Issue is one issue of an OperationOutcome (operationoutcome.html). Its texts
// may quote a resource, so they go to people who may see it, never to a log.
type Issue struct {
	Severity    string   // fatal, error, warning or information
	Code        string   // IssueType
	Diagnostics string   // for people
	Details     string   // details.text
	Expression  []string // FHIRPath of what it is about
}

// OutcomeError is a refusal by the server.
type OutcomeError struct {
	Operation string // "read Patient", "search Patient", "transaction": never an identifier
	Status    int    // HTTP status
	Issues    []Issue
	// RetryAfter is how long the server asks to wait, 0 when it does not say.
	RetryAfter time.Duration
	// Outcome is the body as received, for a dead letter; nil when it was not JSON.
	Outcome []byte
}

// Error gives operation, status and the codes of the issues, nothing that they say.
func (e *OutcomeError) Error() string {
	var codes []string
	for _, i := range e.Issues {
		if i.Code != "" && !slices.Contains(codes, i.Code) {
			codes = append(codes, i.Code)
		}
	}
	text := fmt.Sprintf("%s: the FHIR server answered %d %s", e.Operation, e.Status, http.StatusText(e.Status))
	if len(codes) > 0 {
		text += " (" + strings.Join(codes, ", ") + ")"
	}
	return text
}

// Unauthorized tells that the credentials were refused (401): nothing is wrong
// with what was sent, and everything else will be refused too.
func (e *OutcomeError) Unauthorized() bool { return e.Status == http.StatusUnauthorized }

// Forbidden tells that the client may not do this (403). It may be the rights
// of the client, or the protection of one person's record: others may pass.
func (e *OutcomeError) Forbidden() bool { return e.Status == http.StatusForbidden }

// Wait is how long the server asks to wait.
func (e *OutcomeError) Wait() time.Duration { return e.RetryAfter }

// Conflict tells that what was looked up is no longer so (409, 412): look it up
// again before trying again.
func (e *OutcomeError) Conflict() bool {
	return e.Status == http.StatusConflict || e.Status == http.StatusPreconditionFailed
}

// Retryable tells that the same request may succeed later.
func (e *OutcomeError) Retryable() bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	}
	return e.Status >= 500 || e.Unauthorized() || e.Forbidden()
}

// Permanent tells that the request will be refused for ever as it is.
func (e *OutcomeError) Permanent() bool { return !e.Retryable() && !e.Conflict() }

// Unknown tells that a write may have been carried out in spite of the error:
// a server or a proxy before it failed while it was at work.
func (e *OutcomeError) Unknown() bool {
	return e.Status >= 500 && e.Status != http.StatusNotImplemented
}

// NotFound tells that there is no such resource (404), or no more (410).
func (e *OutcomeError) NotFound() bool {
	return e.Status == http.StatusNotFound || e.Status == http.StatusGone
}

// UnreachableError tells that no FHIR server answered: the connection failed,
// the time ran out, or what answered is something else.
type UnreachableError struct {
	Operation string
	Reason    string // for people; holds no URL and no content
	Err       error  // the cause, nil when the answer itself was the cause
	sent      bool
}

// Error gives operation and reason.
func (e *UnreachableError) Error() string { return e.Operation + ": " + e.Reason }

// Unwrap gives the cause, for example context.Canceled.
func (e *UnreachableError) Unwrap() error { return e.Err }

// Retryable is true: a server that is not there now may be there later.
func (e *UnreachableError) Retryable() bool { return true }

// Permanent is false.
func (e *UnreachableError) Permanent() bool { return false }

// Conflict is false.
func (e *UnreachableError) Conflict() bool { return false }

// Unknown tells that the request may have been carried out all the same: it was
// sent, wholly or in part, and no answer of the FHIR server came back whole.
func (e *UnreachableError) Unknown() bool { return e.sent }

// IsNotFound tells whether err is a server's answer that a resource is not there.
func IsNotFound(err error) bool {
	e, ok := errors.AsType[*OutcomeError](err)
	return ok && e.NotFound()
}
