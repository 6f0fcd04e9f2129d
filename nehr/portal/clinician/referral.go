package clinician

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	"github.com/nehrbridge/nehrbridge/nehr/portal/authored"
	charts "github.com/nehrbridge/nehrbridge/nehr/portal/chart"
)

// referralPage is one referral with what can be done about it.
type referralPage struct {
	*chart
	Reason                         charts.Phrase
	Made, From, Step, Visit, Place string
	Answer                         []charts.Answer
	Declined                       string
	CanAccept, CanFinish           bool
	Problem, ProblemOf             string
	Why, When, Findings, Advice    string // what was typed
}

// referralOf finds the Task that was chosen in the record that is open.
func (p *Portal) referralOf(v *portal.Visit) (*chart, *fhirjson.Value, error) {
	if kept(v, keptTask) == "" {
		return nil, nil, elsewhere{"/inbox"}
	}
	c, err := p.opened(v)
	if err != nil {
		return nil, nil, err
	}
	task := c.items[kept(v, keptTask)]
	if task == nil || !slices.Contains([]string{actor(v).Person, actor(v).Role, actor(v).Facility}, task.Get("owner", "reference").Str()) {
		return nil, nil, elsewhere{"/inbox"}
	}
	return c, task, nil
}

func (p *Portal) referral(v *portal.Visit) error {
	c, task, err := p.referralOf(v)
	if err != nil {
		return err
	}
	return v.Show("referral.html", v.T("referral"), c.referralPage(v, task))
}

func (c *chart) referralPage(v *portal.Visit, task *fhirjson.Value) referralPage {
	page := referralPage{chart: c, Made: v.Date(task.Get("authoredOn").Str()), Step: stepOf(task.Get("status").Str())}
	page.CanAccept, page.CanFinish = page.Step == "sent", page.Step == "accepted"
	page.From = charts.NameOf(c.items[task.Get("requester", "reference").Str()])
	request := c.items[task.Get("focus", "reference").Str()]
	for _, r := range c.Chart.Referrals {
		if request != nil && r.Request() == referenceOf(request) {
			page.Reason, page.Answer, page.Declined = r.Reason, r.Answer, r.Why
		}
	}
	if visit := c.items["Appointment/"+visitID(task)]; visit != nil && visit.Get("status").Str() == "booked" {
		page.Visit = v.Moment(visit.Get("start").Str())
	}
	for _, e := range c.Record.Resources {
		if referenceOf(e) == task.Get("encounter", "reference").Str() {
			place := e.Get("serviceProvider")
			page.Place = cmp.Or(place.Get("display").Str(), charts.NameOf(c.items[place.Get("reference").Str()]))
		}
	}
	return page
}

// visitID is the id of the visit that is booked for a referral: one for each, so that a
// form that is sent twice books once.
func visitID(task *fhirjson.Value) string {
	sum := sha256.Sum256([]byte("referral visit " + task.Get("id").Str()))
	return "visit-" + hex.EncodeToString(sum[:16])
}

// moves are the states of a Task that each answer may follow.
var moves = map[string][]string{
	"accept":   {"requested", "received"},
	"decline":  {"requested", "received", "accepted", "ready", "in-progress", "on-hold"},
	"schedule": {"accepted", "ready", "in-progress", "on-hold"},
	"complete": {"accepted", "ready", "in-progress", "on-hold"},
}

// answerReferral writes an answer into the Task of a referral: its state, reason and
// output are the portals' own, which the agent leaves alone when it writes the same Task
// anew (nehr/record). It is logged before it is written, and written under the version
// that was read.
func (p *Portal) answerReferral(v *portal.Visit) error {
	v.At("/referral")
	c, task, err := p.referralOf(v)
	if err != nil {
		return err
	}
	form := v.R.PostForm
	page := c.referralPage(v, task)
	page.Why, page.When = short(form.Get("why"), 500), short(form.Get("when"), 20)
	page.Findings, page.Advice = short(form.Get("findings"), mostLetter), short(form.Get("advice"), mostLetter)
	again := func(of, key string) error {
		page.ProblemOf, page.Problem = of, v.T(key)
		return v.ShowStatus(http.StatusUnprocessableEntity, "referral.html", v.T("referral"), page)
	}
	do := form.Get("do")
	if !slices.Contains(moves[do], task.Get("status").Str()) {
		return &portal.StatusError{Status: http.StatusConflict, Text: "changed_meanwhile"}
	}
	now := v.Now().Truncate(time.Second)
	switch do {
	case "accept":
		task.Set("status", fhirjson.Text("accepted"))
	case "decline":
		why := tidy(page.Why)
		if why == "" {
			return again("decline", "decline_why_wrong")
		}
		problem, err := p.tellBack(v, c, task, v.T("declined_note")+": "+why)
		if err != nil {
			return err
		}
		if problem != "" {
			return again("decline", problem)
		}
		task.Set("status", fhirjson.Text("rejected"))
		task.Set("statusReason", concept(why))
	case "schedule":
		when, err := time.ParseInLocation("2006-01-02T15:04", page.When, now.Location())
		if err != nil || !when.After(now) || when.After(now.AddDate(1, 0, 0)) {
			return again("schedule", "schedule_when_wrong")
		}
		if err := p.book(v, c, task, when); err != nil {
			return err
		}
		task.Set("status", fhirjson.Text("in-progress"))
		task.Set("businessStatus", concept("Scheduled"))
		task.Set("executionPeriod", fhirjson.Fields(fhirjson.F("start", fhirjson.Text(when.Format(time.RFC3339)))))
	case "complete":
		findings, advice := lines(page.Findings), lines(page.Advice)
		if findings == "" || advice == "" {
			return again("complete", "complete_words_wrong")
		}
		problem, err := p.tellBack(v, c, task, v.T("letter_findings")+": "+findings+"\n"+v.T("letter_advice")+": "+advice)
		if err != nil {
			return err
		}
		if problem != "" {
			return again("complete", problem)
		}
		task.Set("status", fhirjson.Text("completed"))
		task.Set("output", fhirjson.List(output("Findings", findings), output("Advice", advice)))
	}
	task.Set("lastModified", fhirjson.Text(now.Format(time.RFC3339)))
	if err := p.write(v, c, task); err != nil {
		return err
	}
	switch do {
	case "decline":
		v.Redirect("/inbox")
	case "complete":
		// With the referral the way to the record may be over: the letter is shown now.
		return p.showLetter(v, c, task)
	default:
		v.Redirect("/referral")
	}
	return nil
}

// mostLetter bounds each part of a letter: both are one note.
const mostLetter = 2400

// tellBack signs what ends a referral as a note of its writer, while the referral still
// lets one write: so that it stands under that name, and who referred her reads it in
// DHIS2. It gives the key of what is to be said where the record does not have it yet. The
// same words of the same writer are one note, however often their form is sent.
func (p *Portal) tellBack(v *portal.Visit, c *chart, task *fhirjson.Value, words string) (problem string, err error) {
	if p.config.Desk == nil {
		return "", nil
	}
	ctx := v.R.Context()
	sum := sha256.Sum256([]byte(strings.Join([]string{"end of a referral", task.Get("id").Str(), actor(v).Person, words}, "\x00")))
	id := hex.EncodeToString(sum[:16])
	_, err = p.config.Desk.Draft(ctx, c.View, id, authored.Content{Kind: authored.Note, Day: v.Now().Format(time.DateOnly), Text: words,
		Referral: task.Get("focus", "reference").Str()})
	if _, wrong := errors.AsType[*authored.ContentError](err); wrong {
		return "complete_words_wrong", nil
	}
	if err != nil && !errors.Is(err, authored.ErrState) { // signed before
		return "", entryTrouble(err)
	}
	e, err := p.config.Desk.Sign(ctx, c.View, id)
	switch {
	case err != nil:
		return "", entryTrouble(err)
	case e.State == authored.Signed:
		return "", nil
	case e.State == authored.Failed:
		return e.Problem, nil
	}
	return "letter_waits", nil
}

// write logs and puts a resource of the open record under the version that was read.
func (p *Portal) write(v *portal.Visit, c *chart, r *fhirjson.Value) error {
	action, version := access.ActionUpdate, r.Get("meta", "versionId").Str()
	if version == "" {
		action = access.ActionCreate
	}
	if err := c.View.Audit(v.R.Context(), action, referenceOf(r)); err != nil {
		return trouble(err)
	}
	if _, err := p.config.Writer.Update(v.R.Context(), r.Get("resourceType").Str(), r.Get("id").Str(), r.Encode(), version); err != nil {
		return trouble(err)
	}
	return nil
}

// book puts the visit of a referral into the record, or moves it.
func (p *Portal) book(v *portal.Visit, c *chart, task *fhirjson.Value, when time.Time) error {
	id := visitID(task)
	visit := c.items["Appointment/"+id]
	if visit == nil {
		visit = fhirjson.Fields(
			fhirjson.F("resourceType", fhirjson.Text("Appointment")), fhirjson.F("id", fhirjson.Text(id)),
			fhirjson.F("status", fhirjson.Text("booked")),
			fhirjson.F("serviceType", fhirjson.List(concept("Visit for a referral"))),
			fhirjson.F("basedOn", fhirjson.List(fhirjson.Fields(fhirjson.F("reference", fhirjson.Text(task.Get("focus", "reference").Str()))))),
		)
	}
	visit.Set("status", fhirjson.Text("booked"))
	visit.Set("start", fhirjson.Text(when.Format(time.RFC3339)))
	visit.Set("end", fhirjson.Text(when.Add(visitLasts).Format(time.RFC3339)))
	visit.Set("participant", fhirjson.List(
		fhirjson.Fields(fhirjson.F("actor", fhirjson.Fields(fhirjson.F("reference", fhirjson.Text(c.ID)))), fhirjson.F("status", fhirjson.Text("needs-action"))),
		fhirjson.Fields(fhirjson.F("actor", fhirjson.Fields(fhirjson.F("reference", fhirjson.Text(v.Session.Role)),
			fhirjson.F("display", fhirjson.Text(cmp.Or(kept(v, keptPlace), kept(v, keptName), "–"))))), fhirjson.F("status", fhirjson.Text("accepted"))),
	))
	return p.write(v, c, visit)
}

// visitLasts is how long a visit is booked for.
const visitLasts = 30 * time.Minute

func concept(text string) *fhirjson.Value {
	return fhirjson.Fields(fhirjson.F("text", fhirjson.Text(text)))
}

func output(name, text string) *fhirjson.Value {
	return fhirjson.Fields(fhirjson.F("type", concept(name)), fhirjson.F("valueString", fhirjson.Text(text)))
}

// lines tidies a text of several lines.
func lines(s string) string {
	var list []string
	for line := range strings.Lines(strings.ReplaceAll(s, "\r", "\n")) {
		if line = tidy(line); line != "" {
			list = append(list, line)
		}
	}
	return strings.Join(list, "\n")
}

// letterPage is what goes back to who referred her.
type letterPage struct {
	*chart
	referralPage
	Today, Writer, Facility string
}

func (p *Portal) letter(v *portal.Visit) error {
	c, task, err := p.referralOf(v)
	if err != nil {
		return err
	}
	if stepOf(task.Get("status").Str()) != "done" {
		return elsewhere{"/referral"}
	}
	return p.showLetter(v, c, task)
}

func (p *Portal) showLetter(v *portal.Visit, c *chart, task *fhirjson.Value) error {
	page := c.referralPage(v, task)
	page.Answer = charts.AnswerOf(task)
	return v.Show("letter.html", v.T("letter_title"), letterPage{chart: c, referralPage: page, Today: v.Moment(task.Get("lastModified").Str()),
		Writer: kept(v, keptName), Facility: kept(v, keptPlace)})
}
