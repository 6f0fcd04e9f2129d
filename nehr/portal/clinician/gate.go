package clinician

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/config/qr"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
)

// gatePage is shown where nothing permits yet: the ways in.
type gatePage struct {
	Initials, Of string
	Asked        []asked
	Waits        bool // for her answer
	QR           qr.Code
	PatientPage  string
	Ask          askForm
	Emergency    emergencyForm
}

// asked is a request for her consent that this clinician's role has made.
type asked struct{ At, State, Why string }

type askForm struct {
	Classes                    []classChoice
	From, To, Days, Why        string
	Sensitive                  bool
	Problem                    string
	Ends                       []endChoice
	WhyWrong, DatesWrong, Wide bool
}

type (
	classChoice struct {
		Code    string
		Name    string
		Checked bool
	}
	endChoice struct {
		Days, Text string
		Chosen     bool
	}
)

type emergencyForm struct {
	Codes   []codeChoice
	Words   string
	Problem string
	SignIn  bool // the sign-in is too old, and what was typed is kept
	Open    bool
}

type codeChoice struct {
	Code, Name string
	Checked    bool
}

// freshFor is how old a sign-in may be for an emergency. The gate allows five minutes:
// what is about to be refused there is caught before, with what was typed kept.
const freshFor = 4*time.Minute + 30*time.Second

// longestKept bounds the words of an emergency that a session keeps, in characters.
const longestKept = 2000

// showGate lets in whom something permits, and shows the ways in to whom nothing does.
func (p *Portal) showGate(v *portal.Visit) error {
	in, err := p.lets(v)
	if err != nil {
		return err
	}
	if in {
		to := "/summary"
		if kept(v, keptTask) != "" {
			to = "/referral"
		}
		v.Redirect(to)
		return nil
	}
	return p.gate(v, http.StatusOK, askForm{}, emergencyForm{Words: kept(v, keptWords), Open: kept(v, keptWords) != ""})
}

// lets asks the gate, and nothing of the record.
func (p *Portal) lets(v *portal.Visit) (bool, error) {
	patient, err := patientOf(v)
	if err != nil {
		return false, err
	}
	_, err = p.config.Gate.Open(v.R.Context(), actor(v), patient, access.Treatment)
	if _, denied := errors.AsType[*access.DeniedError](err); denied {
		return false, nil
	}
	if err != nil {
		return false, trouble(err)
	}
	return true, nil
}

func (p *Portal) gate(v *portal.Visit, status int, ask askForm, emergency emergencyForm) error {
	v.At("/gate")
	patient := kept(v, keptPatient)
	page := gatePage{Initials: masked(v), Of: handle(v, patient), Ask: ask, Emergency: emergency, PatientPage: p.config.PatientURL + "/consents"}
	list, err := p.config.Gate.Consents(v.R.Context(), actor(v), patient)
	if err != nil {
		return trouble(err)
	}
	for _, c := range list {
		if len(page.Asked) == 5 {
			break
		}
		page.Asked = append(page.Asked, asked{v.Moment(c.At.In(v.Now().Location()).Format(time.RFC3339)), v.T("asked_" + string(c.State)), c.Why})
		page.Waits = page.Waits || c.State == access.Asked
	}
	if page.QR, err = qr.Draw(page.PatientPage, qr.Quiet); err != nil {
		return err
	}
	for _, c := range access.Classes {
		if c != access.Demographics {
			page.Ask.Classes = append(page.Ask.Classes, classChoice{string(c), v.T("class_" + string(c)), ask.Problem == "" || slices.Contains(v.R.PostForm["class"], string(c))})
		}
	}
	for _, days := range endDays {
		page.Ask.Ends = append(page.Ask.Ends, endChoice{days, v.T("ends_" + days), days == ask.Days || ask.Days == "" && days == "30"})
	}
	for _, c := range access.EmergencyCodes {
		page.Emergency.Codes = append(page.Emergency.Codes, codeChoice{string(c), v.T("emergency_" + string(c)), string(c) == kept(v, keptCode) || string(c) == v.R.PostFormValue("code")})
	}
	return v.ShowStatus(status, "gate.html", v.T("gate_title"), page)
}

// endDays are how long a consent may be asked for.
var endDays = []string{"1", "7", "30", "90"}

var daysOf = map[string]int{"1": 1, "7": 7, "30": 30, "90": 90}

// askConsent asks the patient; what she answers shows on the page of the gate.
func (p *Portal) askConsent(v *portal.Visit) error {
	v.At("/gate")
	patient, err := patientOf(v)
	if err != nil {
		return err
	}
	form := v.R.PostForm
	ask := askForm{From: short(form.Get("from"), 10), To: short(form.Get("to"), 10), Days: short(form.Get("days"), 3), Why: short(form.Get("why"), 500), Sensitive: form.Get("sensitive") == "yes"}
	again := func(key string) error {
		ask.Problem = v.T(key)
		return p.gate(v, http.StatusUnprocessableEntity, ask, emergencyForm{})
	}
	s := access.Scope{Sensitive: ask.Sensitive}
	for _, c := range form["class"] {
		if slices.Contains(access.Classes, access.Class(c)) && !slices.Contains(s.Types, access.Class(c)) {
			s.Types = append(s.Types, access.Class(c))
		}
	}
	if len(s.Types) == 0 {
		ask.Wide = true
		return again("ask_classes_wrong")
	}
	zone := v.Now().Location()
	var ok bool
	if s.From, ok = dateOf(ask.From, zone, 0); !ok {
		ask.DatesWrong = true
		return again("ask_dates_wrong")
	}
	if s.To, ok = dateOf(ask.To, zone, 24*time.Hour-time.Millisecond); !ok || s.From != nil && s.To != nil && s.To.Before(*s.From) {
		ask.DatesWrong = true
		return again("ask_dates_wrong")
	}
	days, known := daysOf[ask.Days]
	if !known {
		return again("ask_days_wrong")
	}
	s.Until = v.Now().Add(time.Duration(days) * 24 * time.Hour).UTC().Truncate(time.Second)
	if strings.TrimSpace(ask.Why) == "" {
		ask.WhyWrong = true
		return again("ask_why_wrong")
	}
	_, err = p.config.Gate.Request(v.R.Context(), actor(v), patient, s, tidy(ask.Why))
	if denied, ok := errors.AsType[*access.DeniedError](err); ok {
		if denied.Reason == access.ReasonTooMany {
			return again("ask_too_many")
		}
		return again("ask_refused")
	}
	if err != nil {
		return trouble(err)
	}
	v.Redirect("/gate")
	return nil
}

// dateOf reads a day that may be left open.
func dateOf(s string, zone *time.Location, add time.Duration) (*time.Time, bool) {
	if s == "" {
		return nil, true
	}
	t, err := time.ParseInLocation(time.DateOnly, s, zone)
	if err != nil {
		return nil, false
	}
	t = t.Add(add)
	return &t, true
}
