package access

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// own reads the Consent of the patient that an entry names. One of another is as
// if it were not there, and stands in the other's log.
func (g *Gate) own(ctx context.Context, a Actor, e *Entry) (c *fhirjson.Value, version string, err error) {
	if !idForm.MatchString(e.ID) {
		e.ID = ""
		return nil, "", g.no(ctx, a, *e, ReasonUnknown)
	}
	if a.Kind != KindPatient || !is(a.Person, "Patient") {
		return nil, "", g.no(ctx, a, *e, ReasonActor)
	}
	e.Patient = a.Person
	answer, err := g.c.NEHR.Read(ctx, "Consent", e.ID)
	if client.IsNotFound(err) {
		if err := g.no(ctx, a, *e, ReasonUnknown); !isDenied(err) {
			return nil, "", err
		}
		return nil, "", ErrNotFound
	}
	if err != nil {
		return nil, "", g.undone(ctx, a, *e, err)
	}
	c = answer.Resource
	if owner := local(c.Get("patient", "reference").Str(), g.c.NEHR.Base()); owner != a.Person || !isPrivacy(c) || c.Get("id").Str() != e.ID {
		if is(owner, "Patient") {
			e.Patient = owner
		}
		if err := g.no(ctx, a, *e, ReasonForeign); !isDenied(err) {
			return nil, "", err
		}
		return nil, "", ErrNotFound
	}
	if version = answer.Version; version == "" {
		version = c.Get("meta", "versionId").Str()
	}
	return c, version, nil
}

func isDenied(err error) bool {
	_, ok := errors.AsType[*DeniedError](err)
	return ok
}

// put logs and writes a Consent.
func (g *Gate) put(ctx context.Context, a Actor, e Entry, p proposal, ifMatch string) (string, error) {
	if p.id == "" {
		var err error
		if p.id, err = g.id(); err != nil {
			return "", err
		}
	}
	p.at = g.c.Now().UTC().Truncate(time.Millisecond)
	e.ID = p.id
	return p.id, g.write(ctx, a, e, p.resource(), ifMatch)
}

// status logs and changes where a Consent stands, and nothing else of it.
func (g *Gate) status(ctx context.Context, a Actor, e Entry, c *fhirjson.Value, version string, to nehr.ConsentStatus) error {
	c.Set("status", fhirjson.Text(string(to)))
	return g.write(ctx, a, e, c, version)
}

// write logs first: what the log does not take is not done. What was logged and
// then failed is logged as that.
func (g *Gate) write(ctx context.Context, a Actor, e Entry, c *fhirjson.Value, ifMatch string) error {
	e.Permitted, e.Reason = true, ReasonOwn
	if a.Kind == KindClinician {
		e.Reason = ReasonState // it asks, and permits nothing yet
	}
	e.Sources, e.Count = []string{"Consent/" + e.ID}, 1
	if err := g.record(ctx, a, e); err != nil {
		return err
	}
	if _, err := g.c.NEHR.Update(ctx, "Consent", e.ID, c.Encode(), ifMatch); err != nil {
		return g.undone(ctx, a, e, err)
	}
	return nil
}

// no logs a refusal and gives it.
func (g *Gate) no(ctx context.Context, a Actor, e Entry, why Reason) error {
	e.Permitted, e.Reason, e.Count = false, why, 0
	if err := g.record(ctx, a, e); err != nil {
		return err
	}
	return &DeniedError{Reason: why}
}

// undone logs that something failed, and gives the error.
func (g *Gate) undone(ctx context.Context, a Actor, e Entry, err error) error {
	if logged := g.no(ctx, a, e, ReasonUndecided); !isDenied(logged) {
		return logged
	}
	return err
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
