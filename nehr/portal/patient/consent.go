package patient

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
)

// consentView is a consent as the page shows it.
type consentView struct {
	ID, Who, Facility, Why string
	At, Until, From, To    string
	Classes                []classView
	All                    bool // it names no classes: everything
	Sensitive, Deny        bool
	Readable               bool
	State                  string
	Ends                   []end
	Time                   string // the pregnancy or visit that it is about, where it is about one
}

type classView struct{ Code, Name string }

// end is an end that she can choose, none later than what was asked for.
type end struct {
	Value string // days, or 0 for what was asked
	Text  string
}

type consentsPage struct {
	Asked, Active, Past []consentView
	Problem             string
	Done                string
}

func (p *Portal) consents(v *portal.Visit) error { return p.showConsents(v, http.StatusOK, "", "") }

func (p *Portal) showConsents(v *portal.Visit, status int, problem, done string) error {
	list, err := p.config.Gate.Consents(v.R.Context(), reader(v), v.Session.Record)
	if err != nil {
		return trouble(err)
	}
	page := consentsPage{Problem: problem, Done: done}
	for _, c := range list {
		if c.Patient != v.Session.Record {
			continue
		}
		view := p.consentView(v, c)
		switch c.State {
		case access.Asked:
			page.Asked = append(page.Asked, view)
		case access.Active:
			page.Active = append(page.Active, view)
		default:
			page.Past = append(page.Past, view)
		}
	}
	return v.ShowStatus(status, "consents.html", v.T("consents"), page)
}

func (p *Portal) consentView(v *portal.Visit, c access.Consent) consentView {
	name := func(reference string) string {
		if reference == "" {
			return ""
		}
		known, _ := p.config.Directory.Name(v.R.Context(), reference) // nameless where it cannot be read
		return known
	}
	view := consentView{ID: c.ID, Why: c.Why, Sensitive: c.Scope.Sensitive, Deny: c.Effect == access.Deny, Readable: c.Readable,
		State: v.T("state_" + string(c.State)), All: len(c.Scope.Types) == 0, Facility: name(c.Party.Facility)}
	view.Who = cmp.Or(name(c.Party.Person), name(c.Party.Role), v.T("a_clinician"))
	if c.Party == (access.Party{}) {
		view.Who = v.T("everybody")
	}
	show := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return v.Moment(t.Format(time.RFC3339))
	}
	view.At, view.Until = show(c.At), show(c.Scope.Until)
	if c.Scope.From != nil {
		view.From = v.Date(c.Scope.From.Format(time.RFC3339))
	}
	if c.Scope.To != nil {
		view.To = v.Date(c.Scope.To.Format(time.RFC3339))
	}
	switch {
	case c.Scope.Episode == "":
	case typeOf(c.Scope.Episode) == "Encounter":
		view.Time = v.T("one_visit")
	default:
		view.Time = v.T("one_pregnancy")
	}
	classes := c.Scope.Types
	if view.All {
		classes = access.Classes
	}
	for _, class := range classes {
		if class != access.Demographics {
			view.Classes = append(view.Classes, classView{string(class), v.T("class_" + string(class))})
		}
	}
	if c.State == access.Asked {
		view.Ends = append(view.Ends, end{"0", v.Tf("until_asked", view.Until)})
		for _, days := range []int{1, 7, 30} {
			if p.now().AddDate(0, 0, days).Before(c.Scope.Until) {
				view.Ends = append(view.Ends, end{strconv.Itoa(days), v.T("until_" + strconv.Itoa(days))})
			}
		}
	}
	return view
}

// find gives a consent of hers; another's is not there, whoever knows its id.
func (p *Portal) find(v *portal.Visit) (access.Consent, error) {
	list, err := p.config.Gate.Consents(v.R.Context(), reader(v), v.Session.Record)
	if err != nil {
		return access.Consent{}, trouble(err)
	}
	id := v.R.PostFormValue("id")
	at := slices.IndexFunc(list, func(c access.Consent) bool { return c.ID == id && c.Patient == v.Session.Record })
	if at < 0 {
		return access.Consent{}, &portal.StatusError{Status: http.StatusNotFound}
	}
	return list[at], nil
}

// answer approves what was asked for, or less, or denies it.
func (p *Portal) answer(v *portal.Visit) error {
	v.At("/consents")
	c, err := p.find(v)
	if err != nil {
		return err
	}
	if c.State != access.Asked {
		return p.showConsents(v, http.StatusConflict, v.T("answered_already"), "")
	}
	form := v.R.PostForm
	approve := form.Get("answer") == "approve"
	scope := c.Scope
	switch {
	case approve:
		var ok bool
		if scope, ok = p.narrower(c.Scope, form["class"], form.Get("until"), form.Get("sensitive") == "yes"); !ok {
			return p.showConsents(v, http.StatusUnprocessableEntity, v.T("choose_something"), "")
		}
		from, to, ok := days(v, form.Get("from"), form.Get("to"))
		if from != nil {
			scope.From = from
		}
		if to != nil {
			scope.To = to
		}
		if !ok || !scope.Within(c.Scope) {
			return p.showConsents(v, http.StatusUnprocessableEntity, v.T("dates_wrong"), "")
		}
	case form.Get("answer") != "deny":
		return &portal.StatusError{Status: http.StatusBadRequest}
	}
	if err := p.config.Gate.Answer(v.R.Context(), reader(v), c.ID, scope, approve); err != nil {
		return trouble(err)
	}
	done := "done_denied"
	if approve {
		done = "done_approved"
	}
	return p.showConsents(v, http.StatusOK, "", v.T(done))
}

// narrower is what was asked for, cut down to what she chose; false where she chose
// nothing, or something that was not asked for.
func (p *Portal) narrower(asked access.Scope, classes []string, until string, sensitive bool) (access.Scope, bool) {
	s := asked
	s.Types = nil
	offered := asked.Types
	if len(offered) == 0 {
		offered = access.Classes
	}
	for _, class := range classes {
		if !slices.Contains(offered, access.Class(class)) || slices.Contains(s.Types, access.Class(class)) {
			return s, false
		}
		s.Types = append(s.Types, access.Class(class))
	}
	s.Sensitive = asked.Sensitive && sensitive
	switch until {
	case "0":
	case "1", "7", "30":
		days, _ := strconv.Atoi(until) // one of these three
		if chosen := p.now().AddDate(0, 0, days); chosen.Before(asked.Until) {
			s.Until = chosen
		}
	default:
		return s, false
	}
	return s, len(s.Types) > 0 && s.Within(asked)
}

// revoke takes a consent back at once.
func (p *Portal) revoke(v *portal.Visit) error {
	v.At("/consents")
	c, err := p.find(v)
	if err != nil {
		return err
	}
	if c.State != access.Active {
		return p.showConsents(v, http.StatusConflict, v.T("answered_already"), "")
	}
	if err := p.config.Gate.Revoke(v.R.Context(), reader(v), c.ID); err != nil {
		return trouble(err)
	}
	return p.showConsents(v, http.StatusOK, "", v.T("done_revoked"))
}
