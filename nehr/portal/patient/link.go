package patient

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	charts "github.com/nehrbridge/nehrbridge/nehr/portal/chart"
)

// linkPage is the form by which she claims her record.
type linkPage struct{ Number, Problem string }

func (p *Portal) showLink(v *portal.Visit) error {
	if v.Session.Record != "" {
		v.Redirect("/home")
		return nil
	}
	return v.Show("link.html", v.T("link_title"), linkPage{})
}

// numberForm is loose: which numbers there are, the registry knows.
var numberForm = regexp.MustCompile(`^[0-9A-Z]{6,20}$`)

var unspace = strings.NewReplacer(" ", "", "-", "", "/", "", "\u00a0", "")

// link claims the record of a number with the code of its card. A number that is on no
// record, or on several, is refused as a wrong code is, and costs a try as it does; the
// code is used up only where there is a record to open.
func (p *Portal) link(v *portal.Visit) error {
	v.At("/link")
	ctx := v.R.Context()
	number := strings.ToUpper(unspace.Replace(v.R.PostFormValue("number")))
	code := unspace.Replace(v.R.PostFormValue("code"))
	again := func(key string) error {
		return v.ShowStatus(http.StatusUnprocessableEntity, "link.html", v.T("link_title"), linkPage{number, v.T(key)})
	}
	if !numberForm.MatchString(number) || code == "" || len(code) > 40 {
		if len(number) > 20 {
			number = ""
		}
		return again("link_form")
	}
	found, err := p.config.Directory.Find(ctx, nehr.SystemPHN, number)
	if err != nil {
		return trouble(err)
	}
	if len(found) != 1 {
		code = "" // fits nothing
	}
	err = p.config.Claims.Redeem(ctx, number, code, v.Source())
	switch {
	case p.config.TooMany != nil && errors.Is(err, p.config.TooMany):
		return again("link_tries")
	case err != nil || len(found) != 1:
		return again("link_wrong")
	}
	if err := p.links.add(ctx, v.Session, found[0]); err != nil {
		return trouble(err)
	}
	v.Session.Record = ""
	path, err := p.signedIn(v)
	if err != nil {
		return err
	}
	v.Redirect(path)
	return nil
}

// record is one to choose.
type record struct{ ID, Name, Birth string }

// showRecords lists the records that are hers, where there are several: one is shown at
// a time (D-095).
func (p *Portal) showRecords(v *portal.Visit) error {
	var list []record
	for _, id := range v.Session.Records[:min(len(v.Session.Records), 5)] {
		r, err := p.config.Gate.Record(v.R.Context(), readerOf(v, id), id)
		if err != nil {
			return trouble(err)
		}
		c := charts.Read(r, v.Lang, v.Now(), v.Now().Location())
		list = append(list, record{id, c.Name, v.Date(c.Patient.Get("birthDate").Str())})
	}
	if len(list) == 0 {
		v.Redirect("/link")
		return nil
	}
	return v.Show("records.html", v.T("records_title"), list)
}

// choose takes one of hers; another's is not there.
func (p *Portal) choose(v *portal.Visit) error {
	id := v.R.PostFormValue("record")
	if !slices.Contains(v.Session.Records, id) {
		return &portal.StatusError{Status: http.StatusNotFound}
	}
	v.Session.Record = id
	if err := v.Keep(); err != nil {
		return trouble(err)
	}
	v.Redirect("/home")
	return nil
}

// dispute takes a record that is not hers out of her sight.
func (p *Portal) dispute(v *portal.Visit) error {
	v.At("/profile")
	if err := p.links.dispute(v.R.Context(), v.Session, v.Session.Record); err != nil {
		return trouble(err)
	}
	v.Session.Record = ""
	if err := v.Keep(); err != nil {
		return trouble(err)
	}
	return v.Show("disputed.html", v.T("disputed_title"), nil)
}
