package patient

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	charts "github.com/nehrbridge/nehrbridge/nehr/portal/chart"
)

// Kinds of handles of the forms for permissions.
const (
	partyHandle   = "party"
	episodeHandle = "episode"
)

// grantPage is the form of a permission that she gives unasked, and of hiding.
type grantPage struct {
	Problem    string
	Facilities []choice
	People     []choice
	Classes    []classView
	Ends       []end
	Times      []choice // pregnancies and visits
}

// grantEnds are how long a permission may last (days), the first as it is offered.
var grantEnds = []int{30, 1, 7, 90, 180, 365}

func (p *Portal) showGive(v *portal.Visit) error { return p.giveForm(v, http.StatusOK, "") }
func (p *Portal) showHide(v *portal.Visit) error { return p.hideForm(v, http.StatusOK, "") }

func (p *Portal) giveForm(v *portal.Visit, status int, problem string) error {
	page, err := p.grantPage(v, problem)
	if err != nil {
		return err
	}
	for _, days := range grantEnds {
		page.Ends = append(page.Ends, end{strconv.Itoa(days), v.T("until_" + strconv.Itoa(days))})
	}
	return v.ShowStatus(status, "give.html", v.T("give"), page)
}

func (p *Portal) hideForm(v *portal.Visit, status int, problem string) error {
	page, err := p.grantPage(v, problem)
	if err != nil {
		return err
	}
	return v.ShowStatus(status, "hide.html", v.T("hide"), page)
}

// grantPage gathers whom and what she can choose: those who are in her record or in her
// log, and never an id that somebody writes.
func (p *Portal) grantPage(v *portal.Visit, problem string) (grantPage, error) {
	page := grantPage{Problem: problem}
	r, err := p.record(v)
	if err != nil {
		return page, err
	}
	entries, err := p.config.Gate.Log(v.R.Context(), reader(v), access.Filter{Limit: 1000})
	if err != nil {
		return page, trouble(err)
	}
	names := namesIn(r)
	asked := 0
	for _, e := range entries {
		for _, ref := range []string{e.Person, e.Facility} {
			if _, known := names[ref]; known || ref == "" || asked >= 40 {
				continue
			}
			asked++
			// Whose name cannot be read cannot be chosen: she would not know who it is.
			names[ref], _ = p.config.Directory.Name(v.R.Context(), ref)
		}
	}
	taken := map[string]bool{}
	for _, list := range []struct {
		to    *[]choice
		types []string
	}{{&page.Facilities, []string{"Organization", "Location"}}, {&page.People, []string{"Practitioner"}}} {
		for _, typ := range list.types {
			for ref, name := range names {
				if name != "" && typeOf(ref) == typ && !(typ == "Location" && taken[name]) {
					*list.to = append(*list.to, choice{v.Handle(partyHandle, ref), cut(name, 120)})
				}
			}
			for _, c := range *list.to {
				taken[c.Text] = true
			}
		}
		slices.SortFunc(*list.to, func(a, b choice) int { return cmp.Compare(a.Text, b.Text) })
	}
	for _, class := range access.Classes {
		if class != access.Demographics {
			page.Classes = append(page.Classes, classView{string(class), v.T("class_" + string(class))})
		}
	}
	page.Times = episodesOf(v, r)
	return page, nil
}

func typeOf(reference string) string {
	for i := range len(reference) {
		if reference[i] == '/' {
			return reference[:i]
		}
	}
	return ""
}

// episodesOf are the pregnancies and visits of a record, the latest first: a pregnancy
// by its enrollment, which the gate knows it by.
func episodesOf(v *portal.Visit, r *access.Record) []choice {
	type dated struct {
		date string
		choice
	}
	var pregnancies, visits []dated
	for _, res := range r.Resources {
		if charts.Gone(res) {
			continue
		}
		switch res.Get("resourceType").Str() {
		case "Encounter":
			date := res.Get("period", "start").Str()
			said := v.T("no_date")
			if date != "" {
				said = v.Date(date)
			}
			var kind string
			if types := res.Get("type").Items(); len(types) > 0 {
				kind = phraseOf(v.Lang, types[0], "").Text
			}
			visits = append(visits, dated{date, choice{v.Handle(episodeHandle, "Encounter/"+res.Get("id").Str()), v.Tf("hide_visit", said, kind)}})
		case "Observation":
			for _, id := range res.Get("identifier").Items() {
				uid, ok := enrollmentOf(id.Get("system").Str(), id.Get("value").Str())
				date := res.Get("effectiveDateTime").Str()
				if ok && date != "" {
					pregnancies = append(pregnancies, dated{date, choice{v.Handle(episodeHandle, uid), v.Tf("hide_pregnancy", v.Date(date))}})
				}
			}
		}
	}
	var list []choice
	for _, group := range [][]dated{pregnancies, visits} {
		slices.SortStableFunc(group, func(a, b dated) int { return charts.Newest(a.date, b.date) })
		for _, d := range group {
			list = append(list, d.choice)
		}
	}
	return list
}

// enrollmentOf is the enrollment that the Observation of a pregnancy's status names, as
// the mapper writes it.
func enrollmentOf(system, value string) (string, bool) {
	const suffix = "-pregnancy-status"
	if system != nehr.SystemDHIS2Observation || len(value) != 11+len(suffix) || value[11:] != suffix {
		return "", false
	}
	return value[:11], true
}

// party is whom a handle of the form names.
func party(v *portal.Visit, handle string) (access.Party, bool) {
	ref, ok := v.Named(partyHandle, handle)
	switch typeOf(ref) {
	case "Organization", "Location":
		return access.Party{Facility: ref}, ok
	case "Practitioner":
		return access.Party{Person: ref}, ok
	}
	return access.Party{}, false
}

// classesOf are the classes that she ticked, each once; false for one that there is not.
func classesOf(ticked []string) ([]access.Class, bool) {
	var list []access.Class
	for _, t := range ticked {
		if c := access.Class(t); !slices.Contains(access.Classes, c) || slices.Contains(list, c) {
			return nil, false
		} else {
			list = append(list, c)
		}
	}
	return list, true
}

// days reads the time of data that a form has, as two dates; false where they are no
// dates or the wrong way round. An empty one does not limit.
func days(v *portal.Visit, from, to string) (start, end *time.Time, ok bool) {
	zone := v.Now().Location()
	if from != "" {
		t, err := time.ParseInLocation(time.DateOnly, from, zone)
		if err != nil {
			return nil, nil, false
		}
		start = &t
	}
	if to != "" {
		t, err := time.ParseInLocation(time.DateOnly, to, zone)
		if err != nil {
			return nil, nil, false
		}
		t = t.AddDate(0, 0, 1).Add(-time.Millisecond) // with that day
		end = &t
	}
	return start, end, start == nil || end == nil || !end.Before(*start)
}

// give permits somebody whom she chose, unasked.
func (p *Portal) give(v *portal.Visit) error {
	v.At("/consents/give")
	form := v.R.PostForm
	to, known := party(v, form.Get("who"))
	classes, sound := classesOf(form["class"])
	from, until, dated := days(v, form.Get("from"), form.Get("to"))
	n, err := strconv.Atoi(form.Get("until"))
	switch {
	case form.Get("who") != "" && !known:
		return &portal.StatusError{Status: http.StatusNotFound}
	case err != nil, !sound, !slices.Contains(grantEnds, n):
		return &portal.StatusError{Status: http.StatusBadRequest}
	case !known:
		return p.giveForm(v, http.StatusUnprocessableEntity, v.T("give_who_missing"))
	case len(classes) == 0:
		return p.giveForm(v, http.StatusUnprocessableEntity, v.T("give_what_missing"))
	case !dated:
		return p.giveForm(v, http.StatusUnprocessableEntity, v.T("dates_wrong"))
	}
	scope := access.Scope{Types: classes, Sensitive: form.Get("sensitive") == "yes", From: from, To: until, Until: p.now().AddDate(0, 0, n)}
	if _, err := p.config.Gate.Standing(v.R.Context(), reader(v), to, scope); err != nil {
		return trouble(err)
	}
	v.At("/consents")
	return p.showConsents(v, http.StatusOK, "", v.T("done_approved"))
}

// hide denies a part of her record to everybody, or to somebody whom she chose.
func (p *Portal) hide(v *portal.Visit) error {
	v.At("/consents/hide")
	form := v.R.PostForm
	var from access.Party
	if form.Get("who") != "everybody" {
		var known bool
		if from, known = party(v, form.Get("who")); !known && form.Get("who") != "" {
			return &portal.StatusError{Status: http.StatusNotFound}
		} else if !known {
			return p.hideForm(v, http.StatusUnprocessableEntity, v.T("give_who_missing"))
		}
	}
	var scope access.Scope
	what := form.Get("what")
	if classes, ok := classesOf([]string{what}); ok && what != string(access.Demographics) {
		scope.Types = classes
	} else if episode, ok := v.Named(episodeHandle, what); ok {
		scope.Episode = episode
	} else if what != "" {
		return &portal.StatusError{Status: http.StatusNotFound}
	} else {
		return p.hideForm(v, http.StatusUnprocessableEntity, v.T("hide_what_missing"))
	}
	_, err := p.config.Gate.Hide(v.R.Context(), reader(v), from, scope)
	if _, denied := errors.AsType[*access.DeniedError](err); denied {
		return &portal.StatusError{Status: http.StatusBadRequest}
	}
	if err != nil {
		return trouble(err)
	}
	v.At("/consents")
	return p.showConsents(v, http.StatusOK, "", v.T("done_hidden"))
}
