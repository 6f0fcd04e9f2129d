package registry

import "net/http"

// Code says why a call is refused.
type Code string

// The codes.
const (
	// CodeUser: nobody says who calls.
	CodeUser Code = "user"
	// CodeForbidden: this user may not register people in this program there.
	CodeForbidden Code = "forbidden"
	// CodeMalformed: not what the contract says.
	CodeMalformed Code = "malformed"
	// CodeTooLarge: a body of more than 16 KiB.
	CodeTooLarge Code = "too_large"
	// CodePHN: not a number of a form that is accepted.
	CodePHN Code = "phn"
	// CodeDemographics: name, birth date and telephone are not all given and well formed.
	CodeDemographics Code = "demographics"
	// CodeNarrow: more than ten records match.
	CodeNarrow Code = "narrow"
	// CodeSearch: the search is unknown, over, another user's, or was acted on: these
	// are not told apart.
	CodeSearch Code = "search"
	// CodeMatch: the search did not find that.
	CodeMatch Code = "match"
	// CodeRejected: it is not said of every match why it is not hers.
	CodeRejected Code = "rejected"
	// CodePoint: no number can be issued for this organisation unit.
	CodePoint Code = "point"
	// CodeReceipt: the receipt is unknown, over or another user's.
	CodeReceipt Code = "receipt"
	// CodeLocked: the user has asked too often; see Limits.
	CodeLocked Code = "locked"
	// CodeNEHR: the national record cannot be asked.
	CodeNEHR Code = "nehr_unreachable"
	// CodeAnswer: the national record answers something else than what it was asked.
	CodeAnswer Code = "nehr_answer"
	// CodeUnavailable: DHIS2 or the database cannot be asked.
	CodeUnavailable Code = "unavailable"
	// CodeInternal: a failure of this service.
	CodeInternal Code = "internal"
)

// Refusal is why a call is refused. Its texts hold nothing of a person.
type Refusal struct {
	Code   Code
	Detail string // for the log
	Err    error  // the cause where there is one that holds nothing of a person
}

func (r *Refusal) Error() string { return "phn: " + string(r.Code) + ": " + r.Detail }

// Unwrap gives the cause, if it is kept.
func (r *Refusal) Unwrap() error { return r.Err }

func refuse(code Code, detail string) *Refusal { return &Refusal{Code: code, Detail: detail} }

func unavailable(detail string, err error) *Refusal {
	return &Refusal{Code: CodeUnavailable, Detail: detail, Err: err}
}

// answers are the status of each code, and what the worker is told.
var answers = map[Code]struct {
	status  int
	message string
}{
	CodeUser:         {http.StatusUnauthorized, "setup"},
	CodeForbidden:    {http.StatusForbidden, "forbidden"},
	CodeMalformed:    {http.StatusBadRequest, "setup"},
	CodeTooLarge:     {http.StatusRequestEntityTooLarge, "setup"},
	CodePHN:          {http.StatusBadRequest, "number"},
	CodeDemographics: {http.StatusBadRequest, "demographics"},
	CodeNarrow:       {http.StatusUnprocessableEntity, "narrow"},
	CodeSearch:       {http.StatusConflict, "again"},
	CodeMatch:        {http.StatusConflict, "again"},
	CodeRejected:     {http.StatusUnprocessableEntity, "rejected"},
	CodePoint:        {http.StatusConflict, "point"},
	CodeReceipt:      {http.StatusConflict, "again"},
	CodeLocked:       {http.StatusTooManyRequests, "locked"},
	CodeNEHR:         {http.StatusServiceUnavailable, "record"},
	CodeAnswer:       {http.StatusBadGateway, "record"},
	CodeUnavailable:  {http.StatusServiceUnavailable, "unavailable"},
	CodeInternal:     {http.StatusInternalServerError, "unavailable"},
}
