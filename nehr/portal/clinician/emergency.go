package clinician

import (
	"errors"
	"net/http"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
)

// breakGlass opens a record without consent, in an emergency. A sign-in that is too old
// is to be renewed first: what was typed is kept in the session meanwhile.
func (p *Portal) breakGlass(v *portal.Visit) error {
	v.At("/gate")
	patient, err := patientOf(v)
	if err != nil {
		return err
	}
	code, words := v.R.PostFormValue("code"), short(tidy(v.R.PostFormValue("words")), longestKept)
	form := emergencyForm{Words: words, Open: true}
	if v.Now().Sub(v.Session.SignedIn) > freshFor {
		form.SignIn = true
		if err := keep(v, keptWords, words, keptCode, short(code, 20), keptGoOn, "/gate"); err != nil {
			return err
		}
		return p.gate(v, http.StatusUnprocessableEntity, askForm{}, form)
	}
	_, err = p.config.Gate.BreakGlass(v.R.Context(), actor(v), patient, access.EmergencyCode(code), words)
	if denied, ok := errors.AsType[*access.DeniedError](err); ok {
		switch denied.Reason {
		case access.ReasonText:
			form.Problem = v.T("emergency_words_wrong")
		case access.ReasonTooMany:
			form.Problem = v.T("emergency_too_many")
		default:
			form.Problem = v.T("emergency_refused")
		}
		return p.gate(v, http.StatusUnprocessableEntity, askForm{}, form)
	}
	if err != nil {
		return trouble(err)
	}
	if err := keep(v, keptWords, "", keptCode, ""); err != nil {
		return err
	}
	v.Redirect("/summary")
	return nil
}

// emergencyView is one of the clinician's own emergencies.
type emergencyView struct {
	At, Until, Kind, Words string
	Open                   string // handle, while it holds
}

// emergencies is the clinician's own history of them. Whose records they were is not
// shown: that is over with the emergency.
func (p *Portal) emergencies(v *portal.Visit) error {
	list, err := p.config.Gate.BreakGlasses(v.R.Context(), actor(v))
	if err != nil {
		return trouble(err)
	}
	var views []emergencyView
	for _, b := range list {
		zone := v.Now().Location()
		one := emergencyView{At: v.Moment(b.At.In(zone).Format(time.RFC3339)), Until: v.Moment(b.Until.In(zone).Format(time.RFC3339)), Kind: v.T("emergency_" + string(b.Code)), Words: b.Text}
		if b.Until.After(v.Now()) && b.Role == v.Session.Role {
			one.Open = handle(v, "emergency "+b.ID)
		}
		views = append(views, one)
	}
	return v.Show("emergencies.html", v.T("emergencies_title"), views)
}

// openEmergency goes back to the record of an emergency that still holds.
func (p *Portal) openEmergency(v *portal.Visit) error {
	list, err := p.config.Gate.BreakGlasses(v.R.Context(), actor(v))
	if err != nil {
		return trouble(err)
	}
	for _, b := range list {
		if b.Until.After(v.Now()) && handle(v, "emergency "+b.ID) == v.R.PostFormValue("emergency") {
			if err := choose(v, access.Masked{Patient: b.Patient}, ""); err != nil {
				return err
			}
			v.Redirect("/summary")
			return nil
		}
	}
	return &portal.StatusError{Status: http.StatusNotFound}
}
