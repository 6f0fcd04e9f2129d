package patient

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/config/qr"
	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	charts "github.com/nehrbridge/nehrbridge/nehr/portal/chart"
	"github.com/nehrbridge/nehrbridge/nehr/portal/words"
	"github.com/nehrbridge/nehrbridge/nehr/summary"
)

// Links is what the pages need of *summary.Links.
type Links interface {
	Create(ctx context.Context, owner string, n summary.NewLink) (*summary.Made, error)
	List(ctx context.Context, owner string) ([]summary.Shared, error)
	Revoke(ctx context.Context, owner, id string) error
	Refresh(ctx context.Context, owner, link string, content []byte) error
}

// sharePage is what she may take out, and what she has given.
type sharePage struct {
	ByLink        bool // links can be made here
	Problem, Done string
	Wrong         string // the field that the problem is about
	Label, Ends   string // as she has filled in
	LongTerm      bool
	Choices       []end
	Active, Past  []sharedView
	CanRefresh    bool // a long-term link is in force
}

// sharedView is a link as the page shows it. The link itself is not kept anywhere.
type sharedView struct {
	ID, Label, State     string
	Made, Until, Renewed string
	Passcode, LongTerm   bool
	Opened               int
	Openings             []opening
}

type opening struct{ At, Who string }

// linkEnds are how long a link may last (hours), the first as it is offered.
var linkEnds = []int{24, 1, 7 * 24, 30 * 24, 90 * 24}

func (p *Portal) share(v *portal.Visit) error { return p.showShare(v, http.StatusOK, sharePage{}) }

func (p *Portal) showShare(v *portal.Visit, status int, page sharePage) error {
	v.At("/share")
	page.ByLink = p.config.Links != nil
	if page.ByLink {
		list, err := p.config.Links.List(v.R.Context(), v.Session.Record)
		if err != nil {
			return trouble(err)
		}
		for _, s := range list {
			view, active := p.sharedView(v, s)
			if active {
				page.Active = append(page.Active, view)
				page.CanRefresh = page.CanRefresh || s.LongTerm
			} else {
				page.Past = append(page.Past, view)
			}
		}
		for _, hours := range linkEnds {
			value := strconv.Itoa(hours)
			page.Choices = append(page.Choices, end{value, v.T("share_ends_" + value)})
		}
	}
	return v.ShowStatus(status, "share.html", v.T("share"), page)
}

func (p *Portal) sharedView(v *portal.Visit, s summary.Shared) (view sharedView, active bool) {
	at := func(t time.Time) string { return v.Moment(t.Format(time.RFC3339)) }
	view = sharedView{ID: s.ID, Label: s.Label, Made: at(s.Made), Until: at(s.Until), Passcode: s.Passcode, LongTerm: s.LongTerm, Opened: s.Opened}
	if s.Refreshed.After(s.Made) {
		view.Renewed = at(s.Refreshed)
	}
	for _, o := range s.Openings {
		view.Openings = append(view.Openings, opening{at(o.At), o.Recipient})
	}
	state := "share_active"
	switch {
	case !s.Revoked.IsZero():
		state = "share_revoked"
	case !p.now().Before(s.Until):
		state = "share_over"
	case s.Passcode && s.TriesLeft == 0:
		state = "share_locked"
	}
	view.State = v.T(state)
	return view, state == "share_active"
}

// summarise makes the summary of her record in the language of the page.
func (p *Portal) summarise(v *portal.Visit) (*summary.Summary, *access.Record, error) {
	r, err := p.record(v)
	if err != nil {
		return nil, nil, err
	}
	held := summary.Withheld{Any: r.Withheld.Any}
	for _, c := range r.Withheld.Classes {
		held.Classes = append(held.Classes, string(c))
	}
	now := v.Now()
	made, err := summary.Document(summary.Record{Resources: r.Resources, Withheld: held, At: r.At}, summary.Options{
		At: now, Zone: now.Location(), Language: v.Lang, Display: func(system, code string) string {
			w, known := words.For(system, code)
			if !known {
				return ""
			}
			return w.In(v.Lang)
		}})
	if errors.Is(err, summary.ErrBirthDate) {
		return nil, nil, &portal.StatusError{Status: http.StatusUnprocessableEntity, Text: "share_no_birth"}
	}
	if err != nil {
		return nil, nil, err
	}
	return made, r, nil
}

// disclose makes the summary for somebody else, once the gate has noted that it is taken
// out.
func (p *Portal) disclose(v *portal.Visit) (*summary.Summary, error) {
	made, r, err := p.summarise(v)
	if err != nil {
		return nil, err
	}
	if r.Stale {
		return nil, &portal.StatusError{Status: http.StatusServiceUnavailable}
	}
	if err := p.config.Gate.Disclose(v.R.Context(), reader(v), v.Session.Record); err != nil {
		return nil, trouble(err)
	}
	return made, nil
}

// summarySection is one with its narrative, of which nehr/summary has escaped each text.
type summarySection struct {
	Title     string
	Narrative template.HTML
	Withheld  bool
}

// summary shows the document for people, to read and to print.
func (p *Portal) summary(v *portal.Visit) error {
	made, r, err := p.summarise(v)
	if err != nil {
		return err
	}
	page := struct {
		Stale            bool
		At               time.Time
		Withheld         access.Withheld
		Name, Birth, PHN string
		Sections         []summarySection
	}{Stale: r.Stale, At: r.At, Withheld: r.Withheld}
	for _, res := range r.Resources {
		if res.Get("resourceType").Str() == "Patient" && "Patient/"+res.Get("id").Str() == v.Session.Record {
			page.Name, page.Birth, page.PHN = charts.NameOf(res), v.Date(res.Get("birthDate").Str()), numberOf(res)
		}
	}
	for _, s := range made.Sections {
		page.Sections = append(page.Sections, summarySection{s.Title, template.HTML(s.Narrative), s.Withheld}) //nolint:gosec // see summarySection
	}
	return v.Show("summary.html", made.Title, page)
}

// summaryFile gives the document as FHIR.
func (p *Portal) summaryFile(v *portal.Visit) error {
	made, err := p.disclose(v)
	if err != nil {
		return err
	}
	v.File("application/fhir+json", "my-summary.json")
	_, _ = v.W.Write(made.Bundle.Encode()) // the browser may have left
	return nil
}

// linkProblems are what she can put right, with the field that it is about.
var linkProblems = []struct {
	err         error
	text, field string
}{{summary.ErrLabel, "share_bad_label", "label"}, {summary.ErrPasscode, "share_bad_passcode", "passcode"}, {summary.ErrContent, "share_too_large", ""}}

// makeLink seals today's summary behind a new link, and shows the link this once.
func (p *Portal) makeLink(v *portal.Visit) error {
	v.At("/share")
	form := v.R.PostForm
	page := sharePage{Label: strings.TrimSpace(form.Get("label")), Ends: form.Get("ends"), LongTerm: form.Get("kind") == "long"}
	if len(page.Label) > 500 { // not to give back what nobody wrote
		page.Label = page.Label[:0]
		page.Problem, page.Wrong = v.T("share_bad_label"), "label"
		return p.showShare(v, http.StatusUnprocessableEntity, page)
	}
	hours := 0
	for _, h := range linkEnds {
		if page.Ends == strconv.Itoa(h) {
			hours = h
		}
	}
	if hours == 0 || form.Get("kind") != "long" && form.Get("kind") != "once" {
		return &portal.StatusError{Status: http.StatusBadRequest}
	}
	made, err := p.disclose(v)
	if err != nil {
		return err
	}
	until := p.now().Add(time.Duration(hours) * time.Hour)
	link, err := p.config.Links.Create(v.R.Context(), v.Session.Record, summary.NewLink{Content: made.Bundle.Encode(), Until: until,
		Label: page.Label, Passcode: strings.TrimSpace(form.Get("passcode")), LongTerm: page.LongTerm})
	for _, problem := range linkProblems {
		if errors.Is(err, problem.err) {
			page.Problem, page.Wrong = v.T(problem.text), problem.field
			return p.showShare(v, http.StatusUnprocessableEntity, page)
		}
	}
	if err != nil {
		return trouble(err)
	}
	drawn, err := qr.Draw(link.Link, qr.Quiet)
	if err != nil {
		return err
	}
	return v.Show("link-made.html", v.T("share_made"), struct {
		Label, Until, Link string
		Code               qr.Code
		Passcode, LongTerm bool
	}{page.Label, v.Moment(until.Format(time.RFC3339)), link.Link, drawn, strings.TrimSpace(form.Get("passcode")) != "", page.LongTerm})
}

// revokeLink ends a link of hers; another's is not there.
func (p *Portal) revokeLink(v *portal.Visit) error {
	v.At("/share")
	switch err := p.config.Links.Revoke(v.R.Context(), v.Session.Record, v.R.PostFormValue("id")); {
	case errors.Is(err, summary.ErrGone):
		return &portal.StatusError{Status: http.StatusNotFound}
	case err != nil:
		return trouble(err)
	}
	return p.showShare(v, http.StatusOK, sharePage{Done: v.T("share_done_revoked")})
}

// refreshLink puts today's summary behind a long-term link that she shows again.
func (p *Portal) refreshLink(v *portal.Visit) error {
	v.At("/share")
	made, err := p.disclose(v)
	if err != nil {
		return err
	}
	switch err := p.config.Links.Refresh(v.R.Context(), v.Session.Record, strings.TrimSpace(v.R.PostFormValue("link")), made.Bundle.Encode()); {
	case errors.Is(err, summary.ErrLink), errors.Is(err, summary.ErrGone):
		return p.showShare(v, http.StatusUnprocessableEntity, sharePage{Problem: v.T("share_not_known"), Wrong: "link"})
	case err != nil:
		return trouble(err)
	}
	return p.showShare(v, http.StatusOK, sharePage{Done: v.T("share_done_refreshed")})
}

// numberOf is her health number, as the record has it.
func numberOf(patient *fhirjson.Value) string {
	for _, id := range patient.Get("identifier").Items() {
		if id.Get("system").Str() == nehr.SystemPHN {
			return id.Get("value").Str()
		}
	}
	return ""
}
