package api

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Error says that the server answered, and not with what was asked for. It
// never holds a person's value: the server's own words are dropped, because
// DHIS2 quotes values in them.
type Error struct {
	Status     int           // of HTTP
	Method     string        // GET, POST
	Path       string        // of the request, without query; holds identifiers of documents only
	Code       string        // DHIS2's error code, such as E1005; "" where none was sent
	Message    string        // what it means and the cure, in words of this package
	RetryAfter time.Duration // what the server asked to wait; 0 where it did not
	Err        error         // the cause, such as a *dhis2.DocumentError; may be nil

	kind kind
}

type kind int

const (
	kindStatus kind = iota
	kindLogin
	kindSearchScope
	kindTooLarge
	kindMalformed
	kindBlind
	kindForeign
)

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: status %d", e.Method, e.Path, e.Status)
	if e.Code != "" {
		b.WriteString(" (" + e.Code + ")")
	}
	b.WriteString(": " + e.Message)
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// Retryable reports whether the same request may succeed later without
// anybody changing something: the server is overloaded, restarting, behind a
// proxy that answers for it, or the answer was damaged on its way.
func (e *Error) Retryable() bool {
	switch e.kind {
	case kindLogin, kindMalformed, kindForeign:
		return true
	case kindStatus:
		return e.Status == http.StatusRequestTimeout || e.Status == http.StatusTooManyRequests ||
			(e.Status >= 500 && e.Status != http.StatusNotImplemented)
	}
	return false
}

// Unauthorized reports whether the credentials were not accepted: 401, or a
// login page where an answer was expected.
func (e *Error) Unauthorized() bool {
	return e.kind == kindLogin || e.Status == http.StatusUnauthorized
}

// Forbidden reports whether DHIS2 said that the user may not see what was
// asked for.
func (e *Error) Forbidden() bool { return e.Status == http.StatusForbidden && e.kind == kindStatus }

// NotFound reports whether DHIS2 said that it does not have (or no longer
// shows) what was asked for. A deleted tracked entity is not found by its UID.
// A page of a proxy, or of a Tomcat that DHIS2 is being deployed to, says
// nothing of the kind, and is not NotFound.
func (e *Error) NotFound() bool { return e.Status == http.StatusNotFound && e.kind == kindStatus }

// SearchScope reports whether the query reaches outside the user's capture
// scope, which DHIS2 answers with 409.
func (e *Error) SearchScope() bool { return e.kind == kindSearchScope }

// Blind reports whether the server answered an empty list because the user
// reaches no program. Nothing may be concluded from its emptiness.
func (e *Error) Blind() bool { return e.kind == kindBlind }

// TooLarge reports whether the answer was larger than Config.MaxResponse.
func (e *Error) TooLarge() bool { return e.kind == kindTooLarge }

// UnreachableError says that no whole answer came: refused, reset, cut, or
// too late. Whether the server did something is unknown.
type UnreachableError struct {
	Method, Path string
	Err          error // the cause, without the URL
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("%s %s: no answer: %v", e.Method, e.Path, e.Err)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// Retryable is always true.
func (e *UnreachableError) Retryable() bool { return true }

// meaning holds the words for a status.
var meaning = map[int]string{
	http.StatusBadRequest:            "the server does not understand the request",
	http.StatusUnauthorized:          "the token or password is not accepted: it may have expired, make a new one",
	http.StatusForbidden:             "the user may not do this: check its authorities, organisation units and sharing",
	http.StatusNotFound:              "not there, deleted, or not visible to the user",
	http.StatusRequestTimeout:        "the server gave up waiting",
	http.StatusConflict:              "the server refuses the request as it stands",
	http.StatusRequestEntityTooLarge: "the request is too large for the server or its proxy",
	http.StatusRequestURITooLong:     "the address is too long for the server: lower the batch size",
	http.StatusUnprocessableEntity:   "an object lacks the identifier that was asked for",
	http.StatusTooManyRequests:       "too many requests: slow down",
	http.StatusInternalServerError:   "the server failed",
	http.StatusBadGateway:            "the proxy got no answer from DHIS2",
	http.StatusServiceUnavailable:    "the server is not ready",
	http.StatusGatewayTimeout:        "DHIS2 took too long for its proxy",
}

var errorCode = regexp.MustCompile(`^E[0-9]{4}$`)

// statusError makes the error of an answer that is not a success. Of the body
// only the error code is kept, and what its words tell about search scope.
func statusError(method, path string, status int, header http.Header, body []byte, now time.Time) *Error {
	e := &Error{Status: status, Method: method, Path: path, RetryAfter: RetryAfter(header, now)}
	if e.Message = meaning[status]; e.Message == "" {
		e.Message = "unexpected answer"
	}
	var web struct {
		Status    int    `json:"httpStatusCode"`
		ErrorCode string `json:"errorCode"`
		Message   string `json:"message"`
		Response  struct {
			Reports []struct {
				ErrorCode string `json:"errorCode"`
			} `json:"errorReports"`
		} `json:"response"`
	}
	if json.Unmarshal(body, &web) != nil || web.Status != status {
		if concludes(status) {
			e.kind, e.Message = kindForeign, "not DHIS2 but something before it answered: a proxy, or a server that is starting"
		}
		return e
	}
	if web.ErrorCode == "" && len(web.Response.Reports) > 0 { // of a metadata object
		web.ErrorCode = web.Response.Reports[0].ErrorCode
	}
	if errorCode.MatchString(web.ErrorCode) {
		e.Code = web.ErrorCode
	}
	words := strings.ToLower(web.Message)
	if status == http.StatusConflict && (strings.Contains(words, "attribute") || strings.Contains(words, "maxteicount")) {
		e.kind = kindSearchScope
		e.Message = "the query counts as a search outside the user's capture scope: give the user the root organisation unit for data capture"
	}
	return e
}

// concludes tells of which statuses a caller draws conclusions about what was
// asked for: they count only in DHIS2's own words (its WebMessage).
func concludes(status int) bool {
	switch status {
	case http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone:
		return true
	}
	return false
}

// RetryAfter reads how long a server asks to wait, in both forms of the header
// (RFC 9110 section 10.2.3): 0 where it does not, a day at most.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.Atoi(text); err == nil {
		return max(0, time.Duration(min(seconds, 24*3600))*time.Second)
	} else if errors.Is(err, strconv.ErrRange) && text[0] != '-' {
		return 24 * time.Hour
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(0, at.Sub(now)), 24*time.Hour)
	}
	return 0
}
