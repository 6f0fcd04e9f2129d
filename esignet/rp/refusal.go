package rp

import (
	"errors"
	"net/http"

	"github.com/nehrbridge/nehrbridge/dhis2/route"
	"github.com/nehrbridge/nehrbridge/esignet"
)

// The codes of refusals, beside those of route and of esignet.
const (
	// CodeProgram: no claim map for this program.
	CodeProgram route.Code = "program"
	// CodeTransaction: the transaction is unknown, over, completed before, or another
	// user's: these are not told apart.
	CodeTransaction route.Code = "transaction"
	// CodeEvidence: no such evidence, or not for this user: these are not told apart.
	CodeEvidence route.Code = "evidence"
	// CodeTampered: the evidence was altered. Worth an alarm.
	CodeTampered route.Code = "tampered"
	// CodeNoPhone: no sign-in on her own phone for this program.
	CodeNoPhone route.Code = "no_phone"
	// CodePending: she has not signed in on her phone yet; ask again.
	CodePending route.Code = "pending"
	// CodeNumber: not the number that the phone shows: it may be a stranger's.
	CodeNumber route.Code = "number"
)

// answers are the status of each code, and the code of esignet whose sentences
// the person is told.
var answers = map[route.Code]struct {
	status int
	like   esignet.Code
}{
	CodeProgram:     {http.StatusNotFound, esignet.CodeConfig},
	CodeTransaction: {http.StatusConflict, esignet.CodeState},
	CodeEvidence:    {http.StatusNotFound, esignet.CodeState},
	CodeTampered:    {http.StatusInternalServerError, esignet.CodeSignature},
	CodeNoPhone:     {http.StatusNotFound, esignet.CodeConfig},
	CodePending:     {http.StatusConflict, esignet.CodeState},
	CodeNumber:      {http.StatusConflict, esignet.CodeState},
}

// refuse makes a refusal with a code of this package or of route.
func refuse(code route.Code, detail string) *route.Refusal {
	r := route.Refuse(code, detail)
	if a, own := answers[code]; own {
		r.Answer = route.Answer{Status: a.status, Message: message(a.like)}
		r.Alarm = code == CodeTampered
	}
	return r
}

// failed is refuse with the cause.
func failed(code route.Code, detail string, err error) *route.Refusal {
	r := refuse(code, detail)
	r.Err = err
	return r
}

func message(code esignet.Code) route.Message {
	m := (&esignet.Error{Code: code}).Message()
	return route.Message{Key: m.Key, Text: m.Text}
}

// refusalOf is the refusal of an error of eSignet; any other error stays.
func refusalOf(err error) error {
	e, ok := errors.AsType[*esignet.Error](err)
	if !ok {
		return err
	}
	status := http.StatusBadGateway
	switch e.Code {
	case esignet.CodeDenied:
		status = http.StatusUnprocessableEntity
	case esignet.CodeTimeout, esignet.CodeState, esignet.CodeGrant:
		status = http.StatusConflict
	case esignet.CodeUnreachable, esignet.CodeBusy:
		status = http.StatusServiceUnavailable
	}
	return &route.Refusal{Code: route.Code(e.Code), Stage: string(e.Stage), Answer: route.Answer{Status: status, Message: message(e.Code)},
		Detail: e.Operator(), Alarm: e.Forged()}
}

// asRefusal is a refusal for any error, to be kept.
func asRefusal(err error) *route.Refusal {
	if r, ok := errors.AsType[*route.Refusal](refusalOf(err)); ok {
		return r
	}
	return refuse(route.CodeInternal, "an error without a type")
}
