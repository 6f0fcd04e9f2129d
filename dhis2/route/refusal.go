package route

import (
	"errors"
	"net/http"
)

// Code says why a call is refused. A service has codes of its own beside these.
type Code string

// The codes of the gate.
const (
	// CodeRoute: not called through a Route that is known.
	CodeRoute Code = "route"
	// CodeUser: the Route does not say, once and well formed, which user calls.
	CodeUser Code = "user"
	// CodeForbidden: this user may not do that there.
	CodeForbidden Code = "forbidden"
	// CodeMalformed: not what the contract says.
	CodeMalformed Code = "malformed"
	// CodeTooLarge: a body of more bytes than are read.
	CodeTooLarge Code = "too_large"
	// CodeLimit: too many calls.
	CodeLimit Code = "limit"
	// CodeUnavailable: DHIS2 or the database cannot be asked.
	CodeUnavailable Code = "unavailable"
	// CodeInternal: a failure of the service.
	CodeInternal Code = "internal"
)

// Refusal is why a call is refused. Its texts hold nothing of a person.
type Refusal struct {
	Code  Code
	Stage string // where in a longer way; empty without one
	// Answer is what the caller gets; of the codes above it may be left out.
	Answer Answer
	Detail string // for the log
	Err    error  // the cause where there is one that holds nothing of a person
	Alarm  bool   // forged or altered: worth more than a line in the log
}

func (r *Refusal) Error() string { return string(r.Code) + ": " + r.Detail }

// Unwrap gives the cause, if it is kept.
func (r *Refusal) Unwrap() error { return r.Err }

// Refuse makes a refusal with a code of the gate.
func Refuse(code Code, detail string) *Refusal { return &Refusal{Code: code, Detail: detail} }

// Answer is the HTTP status of a refusal and what the person is told.
type Answer struct {
	Status  int
	Message Message
}

// Message is a sentence for the person.
type Message struct {
	Key  string            `json:"key"`  // stable, for forms that have texts of their own
	Text map[string]string `json:"text"` // by language: en, si, ta
}

// Problem is the body of a refusal.
type Problem struct {
	Error ProblemError `json:"error"`
}

// ProblemError says what is wrong, for the form to branch on and to show.
type ProblemError struct {
	Code    string  `json:"code"`
	Stage   string  `json:"stage,omitempty"`
	Message Message `json:"message"`
}

// Problem is the body that says so.
func (r *Refusal) Problem() Problem {
	return Problem{ProblemError{Code: string(r.Code), Stage: r.Stage, Message: r.answer().Message}}
}

func (r *Refusal) answer() Answer {
	if r.Answer.Status != 0 {
		return r.Answer
	}
	if a, known := answers[r.Code]; known {
		return a
	}
	return answers[CodeInternal]
}

// refusalOf is a refusal for any error; what has no type is a failure of the
// service, whose text is not told.
func refusalOf(err error) *Refusal {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r
	}
	return Refuse(CodeInternal, "an error without a type")
}

var answers = func() map[Code]Answer {
	setup := Message{"setup", map[string]string{
		"en": "This service is not set up correctly. Please tell your administrator.",
		"si": "මෙම සේවාව නිවැරදිව සකසා නැත. කරුණාකර ඔබේ පරිපාලකට දන්වන්න.",
		"ta": "இந்தச் சேவை சரியாக அமைக்கப்படவில்லை. உங்கள் நிர்வாகியிடம் தெரிவிக்கவும்.",
	}}
	forbidden := Message{"forbidden", map[string]string{
		"en": "You may not do this here. If you should, please tell your administrator.",
		"si": "ඔබට මෙය මෙහි කිරීමට අවසර නැත. අවසර තිබිය යුතු නම්, කරුණාකර ඔබේ පරිපාලකට දන්වන්න.",
		"ta": "இதை இங்கே செய்ய உங்களுக்கு அனுமதி இல்லை. இருக்க வேண்டும் எனில், உங்கள் நிர்வாகியிடம் தெரிவிக்கவும்.",
	}}
	busy := Message{"busy", map[string]string{
		"en": "Too many requests at once. Please wait a little and try again.",
		"si": "එකවර ඉල්ලීම් වැඩියි. කරුණාකර මඳක් රැඳී සිට නැවත උත්සාහ කරන්න.",
		"ta": "ஒரே நேரத்தில் அதிக கோரிக்கைகள். சற்றுப் பொறுத்து மீண்டும் முயலவும்.",
	}}
	unavailable := Message{"unavailable", map[string]string{
		"en": "The service cannot be reached now. Please try again later, or fill in the form by hand.",
		"si": "සේවාවට දැනට සම්බන්ධ විය නොහැක. පසුව නැවත උත්සාහ කරන්න, නැතහොත් පෝරමය අතින් පුරවන්න.",
		"ta": "சேவையை இப்போது அணுக முடியவில்லை. பின்னர் மீண்டும் முயலவும், அல்லது படிவத்தைக் கையால் நிரப்பவும்.",
	}}
	return map[Code]Answer{
		CodeRoute:       {http.StatusUnauthorized, setup},
		CodeUser:        {http.StatusUnauthorized, setup},
		CodeForbidden:   {http.StatusForbidden, forbidden},
		CodeMalformed:   {http.StatusBadRequest, setup},
		CodeTooLarge:    {http.StatusRequestEntityTooLarge, setup},
		CodeLimit:       {http.StatusTooManyRequests, busy},
		CodeUnavailable: {http.StatusServiceUnavailable, unavailable},
		CodeInternal:    {http.StatusInternalServerError, unavailable},
	}
}()
