package clinician

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	charts "github.com/nehrbridge/nehrbridge/nehr/portal/chart"
)

// chart is the record that is open in a session, as far as it may be seen now.
type chart struct {
	*charts.Chart
	// View is the way to what is not in the chart, and to writing.
	View   *access.View
	Record *access.Record
	// ID is the patient, "Patient/…": never for a page. Of is the handle that stands in
	// a hidden field of each form about her.
	ID, Of string
	Sex    string
	// By says what lets the clinician in, and until when.
	By    by
	items map[string]*fhirjson.Value
}

// by is what lets somebody in, for people to read.
type by struct {
	Reason access.Reason
	Until  string
	Scope  []access.Class // of a consent; none: all
	From   string         // of a consent: the clinical dates that are seen
	To     string
	Why    string // what was asked for
}

// sure tells that a form is about the patient who is open: another may have been opened
// since, in another window.
func sure(v *portal.Visit) bool {
	of := v.R.PostFormValue("of")
	return of != "" && subtle.ConstantTimeCompare([]byte(of), []byte(handle(v, kept(v, keptPatient)))) == 1
}

// otherPatient is the answer to a form that is about somebody else than who is open.
var otherPatient = &portal.StatusError{Status: http.StatusConflict, Text: "other_patient"}

// patientOf is who was found in this session; without one the page to find her comes
// first.
func patientOf(v *portal.Visit) (string, error) {
	patient := kept(v, keptPatient)
	if patient == "" {
		return "", elsewhere{"/find"}
	}
	if v.R.Method == http.MethodPost && !sure(v) {
		return "", otherPatient
	}
	return patient, nil
}

// opened gives the record that is open in this session, decided and logged anew. Where
// nobody was found, or nothing permits, the page for that comes first. A form must have
// the handle of the patient (chart.Of) in its field "of".
func (p *Portal) opened(v *portal.Visit) (*chart, error) {
	patient, err := patientOf(v)
	if err != nil {
		return nil, err
	}
	view, err := p.config.Gate.Open(v.R.Context(), actor(v), patient, access.Treatment)
	if _, denied := errors.AsType[*access.DeniedError](err); denied {
		return nil, elsewhere{"/gate"}
	}
	if err != nil {
		return nil, trouble(err)
	}
	record, err := view.Record(v.R.Context())
	if _, denied := errors.AsType[*access.DeniedError](err); denied {
		return nil, elsewhere{"/gate"}
	}
	if err != nil {
		return nil, trouble(err)
	}
	now := v.Now()
	c := &chart{Chart: charts.Read(record, v.Lang, now, now.Location()), View: view, Record: record, ID: patient, Of: handle(v, patient),
		By: by{Reason: record.Decision.Reason}, items: map[string]*fhirjson.Value{}}
	c.Sex = c.Patient.Get("gender").Str()
	for _, r := range record.Resources {
		c.items[r.Get("resourceType").Str()+"/"+r.Get("id").Str()] = r
	}
	return c, p.tell(v, c)
}

// tell finds what to say of the consent or the emergency that lets the clinician in.
func (p *Portal) tell(v *portal.Visit, c *chart) error {
	switch c.By.Reason {
	case access.ReasonConsent:
		list, err := p.config.Gate.Consents(v.R.Context(), actor(v), c.ID)
		if err != nil {
			return trouble(err)
		}
		for _, one := range list {
			if one.State != access.Active {
				continue
			}
			for _, source := range c.Record.Decision.Sources {
				if source == "Consent/"+one.ID {
					c.By.Until, c.By.Scope, c.By.Why = v.Moment(one.Scope.Until.Format(time.RFC3339)), one.Scope.Types, one.Why
					if one.Scope.From != nil {
						c.By.From = v.Date(one.Scope.From.In(v.Now().Location()).Format(time.DateOnly))
					}
					if one.Scope.To != nil {
						c.By.To = v.Date(one.Scope.To.In(v.Now().Location()).Format(time.DateOnly))
					}
					return nil
				}
			}
		}
	case access.ReasonEmergency:
		list, err := p.config.Gate.BreakGlasses(v.R.Context(), actor(v))
		if err != nil {
			return trouble(err)
		}
		for _, one := range list {
			if one.Patient == c.ID {
				c.By.Until = v.Moment(one.Until.In(v.Now().Location()).Format(time.RFC3339))
				break
			}
		}
	}
	return nil
}
