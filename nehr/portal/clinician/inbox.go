package clinician

import (
	"cmp"
	"net/http"

	"github.com/nehrbridge/nehrbridge/nehr/portal"
)

// addressed is a referral in the inbox: initials until the record is opened.
type addressed struct {
	Handle, Initials, Year, Made, State string
	Urgent, Over                        bool
}

func (p *Portal) inbox(v *portal.Visit) error {
	list, err := p.config.Gate.Inbox(v.R.Context(), actor(v))
	if err != nil {
		return trouble(err)
	}
	var open, over []addressed
	for _, a := range list {
		one := addressed{Handle: handle(v, a.Task), Initials: cmp.Or(a.Patient.Initials, "–"), Year: a.Patient.Year, Made: v.Date(a.Made),
			Urgent: a.Priority == "urgent" || a.Priority == "asap" || a.Priority == "stat"}
		switch step := stepOf(a.Status); step {
		case "done", "ended":
			one.State, one.Over = v.T("step_"+step), true
			over = append(over, one)
		default:
			one.State = v.T("step_" + step)
			open = append(open, one)
		}
	}
	return v.Show("inbox.html", v.T("inbox_title"), struct{ Open, Over []addressed }{open, over})
}

// stepOf is where a referral stands, by the state of its Task.
func stepOf(status string) string {
	switch status {
	case "accepted", "in-progress", "on-hold", "ready":
		return "accepted"
	case "completed":
		return "done"
	case "requested", "received":
		return "sent"
	}
	return "ended"
}

// openReferral makes the patient of a referral the one of this session.
func (p *Portal) openReferral(v *portal.Visit) error {
	v.At("/inbox")
	list, err := p.config.Gate.Inbox(v.R.Context(), actor(v))
	if err != nil {
		return trouble(err)
	}
	for _, a := range list {
		if handle(v, a.Task) == v.R.PostFormValue("referral") {
			if err := choose(v, a.Patient, a.Task); err != nil {
				return err
			}
			v.Redirect("/referral")
			return nil
		}
	}
	return &portal.StatusError{Status: http.StatusNotFound}
}
