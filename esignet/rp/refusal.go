package rp

import (
	"errors"
	"net/http"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// Code says why a call is refused, beside the codes of esignet.
type Code string

// The codes.
const (
	// CodeRoute: not called through a Route that is known.
	CodeRoute Code = "route"
	// CodeUser: the Route does not say, once and well formed, which user calls.
	CodeUser Code = "user"
	// CodeForbidden: this user may not register people in this program there.
	CodeForbidden Code = "forbidden"
	// CodeProgram: no claim map for this program.
	CodeProgram Code = "program"
	// CodeTransaction: the transaction is unknown, over, completed before, or another
	// user's: these are not told apart.
	CodeTransaction Code = "transaction"
	// CodeMalformed: not what the contract says.
	CodeMalformed Code = "malformed"
	// CodeTooLarge: a body of more than 16 KiB.
	CodeTooLarge Code = "too_large"
	// CodeLimit: too many calls.
	CodeLimit Code = "limit"
	// CodeUnavailable: DHIS2 or the database cannot be asked.
	CodeUnavailable Code = "unavailable"
	// CodeEvidence: no such evidence, or not for this user: these are not told apart.
	CodeEvidence Code = "evidence"
	// CodeTampered: the evidence was altered. Worth an alarm.
	CodeTampered Code = "tampered"
	// CodeInternal: a failure of this service.
	CodeInternal Code = "internal"
)

// Refusal is why a call is refused. Its texts hold nothing of a person.
type Refusal struct {
	Code   Code
	Detail string // for the log
	Err    error  // the cause where there is one that holds nothing of a person
}

func (r *Refusal) Error() string { return "rp: " + string(r.Code) + ": " + r.Detail }

// Unwrap gives the cause, if it is kept.
func (r *Refusal) Unwrap() error { return r.Err }

func refuse(code Code, detail string) *Refusal { return &Refusal{Code: code, Detail: detail} }

// answers are the status of each code, and the code of esignet whose sentences
// the person is told.
var answers = map[Code]struct {
	status int
	like   esignet.Code
}{
	CodeRoute:       {http.StatusUnauthorized, esignet.CodeClient},
	CodeUser:        {http.StatusUnauthorized, esignet.CodeClient},
	CodeForbidden:   {http.StatusForbidden, esignet.CodeClient},
	CodeProgram:     {http.StatusNotFound, esignet.CodeConfig},
	CodeTransaction: {http.StatusConflict, esignet.CodeState},
	CodeMalformed:   {http.StatusBadRequest, esignet.CodeRequest},
	CodeTooLarge:    {http.StatusRequestEntityTooLarge, esignet.CodeRequest},
	CodeLimit:       {http.StatusTooManyRequests, esignet.CodeBusy},
	CodeUnavailable: {http.StatusServiceUnavailable, esignet.CodeUnreachable},
	CodeEvidence:    {http.StatusNotFound, esignet.CodeState},
	CodeTampered:    {http.StatusInternalServerError, esignet.CodeSignature},
	CodeInternal:    {http.StatusInternalServerError, esignet.CodeServer},
}

// Problem is the body of a refusal.
type Problem struct {
	Error ProblemError `json:"error"`
}

// ProblemError says what is wrong, for the form to branch on and to show.
type ProblemError struct {
	Code    string        `json:"code"`            // one of Code, or of esignet.Code
	Stage   string        `json:"stage,omitempty"` // of esignet.Stage
	Message PersonMessage `json:"message"`
}

// PersonMessage is what the person is told; see esignet.Message.
type PersonMessage struct {
	Key  string            `json:"key"`
	Text map[string]string `json:"text"` // by language: en, si, ta
}

func message(m esignet.Message) PersonMessage { return PersonMessage{m.Key, m.Text} }

// problem is the answer to an error, whatever it is.
func problem(err error) (status int, p ProblemError) {
	if e, ok := errors.AsType[*esignet.Error](err); ok {
		status := http.StatusBadGateway
		switch e.Code {
		case esignet.CodeDenied:
			status = http.StatusUnprocessableEntity
		case esignet.CodeTimeout, esignet.CodeState, esignet.CodeGrant:
			status = http.StatusConflict
		case esignet.CodeUnreachable, esignet.CodeBusy:
			status = http.StatusServiceUnavailable
		}
		return status, ProblemError{string(e.Code), string(e.Stage), message(e.Message())}
	}
	r, ok := errors.AsType[*Refusal](err)
	if !ok {
		r = refuse(CodeInternal, "")
	}
	a := answers[r.Code]
	return a.status, ProblemError{Code: string(r.Code), Message: message((&esignet.Error{Code: a.like}).Message())}
}
