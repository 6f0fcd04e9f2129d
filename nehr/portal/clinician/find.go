package clinician

import (
	"cmp"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
)

// findPage is the form by which a patient is found.
type findPage struct {
	Number, Name, Birth, Phone string
	Problem, Of                string // Of is the part of the form that the problem is of
	Open                       string // handle of who is open
	Initials                   string
}

func (p *Portal) showFind(v *portal.Visit) error {
	return v.Show("find.html", v.T("find_title"), p.findPage(v))
}

func (p *Portal) findPage(v *portal.Visit) findPage {
	page := findPage{}
	if patient := kept(v, keptPatient); patient != "" {
		page.Open, page.Initials = handle(v, patient), masked(v)
	}
	return page
}

// numberForm is loose: which numbers there are, the record knows.
var numberForm = regexp.MustCompile(`^[0-9A-Z]{6,20}$`)

var unspace = strings.NewReplacer(" ", "", "-", "", "/", "", "\u00a0", "", "(", "", ")", "", ".", "")

// find looks one patient up: the one that is certain, or nobody (D-093).
func (p *Portal) find(v *portal.Visit) error {
	v.At("/find")
	page := p.findPage(v)
	again := func(of, key string) error {
		page.Of, page.Problem = of, v.T(key)
		return v.ShowStatus(http.StatusUnprocessableEntity, "find.html", v.T("find_title"), page)
	}
	if !p.lookups.Allow("find "+subjectHash(v.Session), v.Now()) {
		return &portal.StatusError{Status: http.StatusTooManyRequests}
	}
	var l access.Lookup
	of := "number"
	if v.R.PostFormValue("by") == "number" {
		page.Number = short(v.R.PostFormValue("number"), 40)
		if l.Number = strings.ToUpper(unspace.Replace(page.Number)); !numberForm.MatchString(l.Number) {
			return again(of, "find_number_form")
		}
	} else {
		of = "name"
		page.Name, page.Birth, page.Phone = short(v.R.PostFormValue("name"), 100), short(v.R.PostFormValue("birth"), 10), short(v.R.PostFormValue("phone"), 30)
		l.Name, l.Birth, l.Phones = tidy(page.Name), page.Birth, p.phones(page.Phone)
		if _, err := time.Parse(time.DateOnly, l.Birth); err != nil || l.Name == "" || l.Phones == nil {
			return again(of, "find_all_three")
		}
	}
	found, err := p.config.Gate.Find(v.R.Context(), actor(v), l)
	if denied, ok := errors.AsType[*access.DeniedError](err); errors.Is(err, access.ErrNotFound) || ok && denied.Reason == access.ReasonParameter {
		return again(of, "find_none")
	}
	if err != nil {
		return trouble(err)
	}
	if err := choose(v, *found, ""); err != nil {
		return err
	}
	v.Redirect("/gate")
	return nil
}

// choose makes a patient the one of this session.
func choose(v *portal.Visit, m access.Masked, task string) error {
	return keep(v, keptPatient, m.Patient, keptInitials, m.Initials, keptYear, m.Year, keptSex, m.Gender, keptTask, task, keptWords, "", keptCode, "")
}

// masked is how the patient of this session is shown before her record is open.
func masked(v *portal.Visit) string {
	parts := []string{cmp.Or(kept(v, keptInitials), "–")}
	if year := kept(v, keptYear); year != "" {
		parts = append(parts, year)
	}
	if sex := kept(v, keptSex); slices.Contains([]string{"female", "male", "other", "unknown"}, sex) {
		parts = append(parts, v.T("sex_"+sex))
	}
	return strings.Join(parts, ", ")
}

// leave says that who was found is not the one meant, or that her record is closed.
func (p *Portal) leave(v *portal.Visit) error {
	patient, err := patientOf(v)
	if err != nil {
		return err
	}
	if v.R.PostFormValue("why") == "not-mine" {
		if err := p.config.Gate.NotMine(v.R.Context(), actor(v), patient); err != nil {
			return trouble(err)
		}
	}
	if err := choose(v, access.Masked{}, ""); err != nil {
		return err
	}
	v.Redirect("/find")
	return nil
}

// phones are the forms that a record may have a number in; nil for none.
func (p *Portal) phones(typed string) []string {
	n := unspace.Replace(typed)
	if !regexp.MustCompile(`^\+?[0-9]{7,15}$`).MatchString(n) {
		return nil
	}
	forms := []string{n}
	if rest, ok := strings.CutPrefix(n, "0"); ok {
		forms = append(forms, p.config.DialCode+rest)
	}
	if rest, ok := strings.CutPrefix(n, p.config.DialCode); ok {
		forms = append(forms, "0"+rest)
	}
	if rest, ok := strings.CutPrefix(n, p.config.DialCode[1:]); ok && len(rest) >= 7 {
		forms = append(forms, p.config.DialCode+rest, "0"+rest)
	}
	return forms
}

// short bounds what a form gives back to who typed it.
func short(s string, most int) string {
	r := []rune(s)
	return string(r[:min(len(r), most)])
}
