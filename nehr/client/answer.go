package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// Answer is what a server gave.
type Answer struct {
	Status   int             // 200, 201, 204
	Body     []byte          // JSON as received; nil when there was none
	Resource *fhirjson.Value // the same, decoded
	Version  string          // of the resource, from ETag, without W/ and quotes
	Location string          // of a create or update, as received
}

// judge tells an answer of a FHIR server from everything else.
func (c *Client) judge(operation string, res *resty.Response) (*Answer, error) {
	status, body := res.StatusCode(), bytes.TrimSpace(res.Body())
	var v *fhirjson.Value
	if len(body) > 0 {
		v, _ = fhirjson.Parse(body)
	}
	typ := v.Get("resourceType").Str()
	switch {
	case status >= 400:
		if typ == "" && len(body) > 0 && foreign(status) {
			return nil, &UnreachableError{Operation: operation, sent: true,
				Reason: fmt.Sprintf("status %d came with a body that is not FHIR: not the FHIR base, or a page in between", status)}
		}
		e := &OutcomeError{Operation: operation, Status: status, RetryAfter: c.retryAfter(res.Header())}
		if typ == "OperationOutcome" {
			e.Outcome, e.Issues = body, issues(v)
		}
		return nil, e
	case status >= 300 && status != http.StatusNotModified:
		return nil, &UnreachableError{Operation: operation, Reason: fmt.Sprintf("status %d: a redirect that leads nowhere", status)}
	case len(body) > 0 && typ == "":
		return nil, &UnreachableError{Operation: operation, sent: true, Reason: "the answer is not a FHIR resource: a log-in page, a proxy, or a cut answer"}
	}
	return &Answer{
		Status:   status,
		Body:     body,
		Resource: v,
		Version:  strings.Trim(strings.TrimPrefix(res.Header().Get("ETag"), "W/"), `"`),
		Location: res.Header().Get("Location"),
	}, nil
}

// foreign tells for which statuses a body that is not FHIR means that something
// else answered. Of the others the status alone says enough: gateways send them
// with a page of their own.
func foreign(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestTimeout,
		http.StatusRequestEntityTooLarge, http.StatusTooManyRequests:
		return false
	}
	return status < 500
}

// issues reads the issues of an OperationOutcome.
func issues(v *fhirjson.Value) []Issue {
	var found []Issue
	for _, i := range v.Get("issue").Items() {
		issue := Issue{
			Severity:    i.Get("severity").Str(),
			Code:        i.Get("code").Str(),
			Diagnostics: i.Get("diagnostics").Str(),
			Details:     i.Get("details", "text").Str(),
		}
		for _, e := range i.Get("expression").Items() {
			issue.Expression = append(issue.Expression, e.Str())
		}
		found = append(found, issue)
	}
	return found
}

// maxRetryAfter bounds what a server may ask for: more is a mistake.
const maxRetryAfter = 24 * time.Hour

// retryAfter reads seconds or a date (RFC 9110 section 10.2.3).
func (c *Client) retryAfter(h http.Header) time.Duration {
	s := strings.TrimSpace(h.Get("Retry-After"))
	n, err := strconv.Atoi(s)
	switch {
	case err == nil:
		return time.Duration(min(max(0, n), int(maxRetryAfter/time.Second))) * time.Second
	case errors.Is(err, strconv.ErrRange) && s[0] != '-':
		return maxRetryAfter
	}
	if at, err := http.ParseTime(s); err == nil {
		return min(max(0, at.Sub(c.now())), maxRetryAfter)
	}
	return 0
}

// unreachable says in words what went wrong on the way, without the URL that
// net/http puts into its errors, and whether the request may have arrived.
func unreachable(operation string, err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	u := &UnreachableError{Operation: operation, Err: err, sent: true}
	op, isOp := errors.AsType[*net.OpError](err)
	switch {
	case errors.Is(err, errRedirect):
		u.sent, u.Reason = false, errRedirect.Error()
	case isOp && op.Op == "dial":
		u.sent, u.Reason = false, "no connection: "+cause(op)
	case isTLS(err):
		u.sent, u.Reason = false, "the server's certificate was not accepted"
	case errors.Is(err, context.Canceled):
		u.Reason = "cancelled"
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		u.Reason = "no answer in time"
	case errors.Is(err, resty.ErrResponseBodyTooLarge):
		u.Reason = "the answer is larger than this client accepts"
	default:
		u.Reason = "the connection broke before the answer was whole"
	}
	return u
}

func cause(op *net.OpError) string {
	if op.Timeout() {
		return "no answer in time"
	}
	if _, ok := errors.AsType[*net.DNSError](op.Err); ok {
		return "the host's name is not known"
	}
	return "refused"
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[net.Error](err)
	return ok && t.Timeout()
}

func isTLS(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return true
	}
	_, ok := errors.AsType[tls.RecordHeaderError](err)
	return ok
}
