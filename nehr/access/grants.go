package access

import (
	"context"
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// mostWhy bounds what a clinician writes to her, in characters.
const mostWhy = 500

// Request asks a patient for her consent, as a Consent with status proposed that
// permits nothing. It is for the clinician in her or his role, else in person.
// why is what she reads.
func (g *Gate) Request(ctx context.Context, a Actor, patient string, s Scope, why string) (id string, err error) {
	e := Entry{Action: ActionAsk, Purpose: Treatment, Patient: safe(patient), Type: "Consent"}
	party := Party{Person: a.Person}
	if a.Role != "" {
		party = Party{Role: a.Role}
	}
	why = trimmed(why)
	switch n := utf8.RuneCountInString(why); {
	case a.Kind != KindClinician || !is(a.Person, "Practitioner") || !party.sound():
		return "", g.no(ctx, a, e, ReasonActor)
	case !is(patient, "Patient"):
		e.Patient = ""
		return "", g.no(ctx, a, e, ReasonForeign)
	case n == 0 || n > mostWhy:
		return "", g.no(ctx, a, e, ReasonText)
	case !g.sound(s, Permit):
		return "", g.no(ctx, a, e, ReasonScope)
	}
	found, err := g.c.NEHR.Search(ctx, "Consent", hersOf("Consent", patient, "status", "proposed").params)
	if err != nil {
		return "", g.undone(ctx, a, e, err)
	}
	open := 0
	for _, c := range found.Resources {
		if x := g.show(c); x.Patient == patient && x.State == Asked && x.Party == party {
			open++
		}
	}
	if open >= g.c.Policy.OpenRequests {
		return "", g.no(ctx, a, e, ReasonTooMany)
	}
	return g.put(ctx, a, e, proposal{patient: patient, status: nehr.ConsentProposed, effect: Permit, party: party, scope: s, why: why}, "")
}

// Answer is hers to a request: no, or yes to what was asked or to less.
func (g *Gate) Answer(ctx context.Context, a Actor, id string, s Scope, approve bool) error {
	e := Entry{Action: ActionAnswer, Purpose: PatientRequest, Type: "Consent", ID: id}
	c, version, err := g.own(ctx, a, &e)
	if err != nil {
		return err
	}
	asked := g.show(c)
	if asked.State != Asked || asked.Effect != Permit || !asked.Readable {
		return g.no(ctx, a, e, ReasonState)
	}
	if !approve {
		return g.status(ctx, a, e, c, version, nehr.ConsentRejected)
	}
	if !g.sound(s, Permit) || !s.Within(asked.Scope) {
		return g.no(ctx, a, e, ReasonScope)
	}
	_, err = g.put(ctx, a, e, proposal{id: id, patient: a.Person, status: nehr.ConsentActive, effect: Permit, party: asked.Party, scope: s, why: asked.Why, consents: true}, version)
	return err
}

// Standing is a consent that she gives unasked: to a practitioner, a role or a
// facility, for as long as it says.
func (g *Gate) Standing(ctx context.Context, a Actor, to Party, s Scope) (id string, err error) {
	e := Entry{Action: ActionGrant, Purpose: PatientRequest, Type: "Consent", Patient: safe(a.Person)}
	switch {
	case a.Kind != KindPatient || !is(a.Person, "Patient"):
		return "", g.no(ctx, a, e, ReasonActor)
	case !to.sound() || !g.sound(s, Permit):
		return "", g.no(ctx, a, e, ReasonScope)
	}
	return g.put(ctx, a, e, proposal{patient: a.Person, status: nehr.ConsentActive, effect: Permit, party: to, scope: s, consents: true}, "")
}

// Hide denies: a class of data, an episode or a visit, to somebody or, with the
// zero Party, to everybody but herself. It overrides every permit.
func (g *Gate) Hide(ctx context.Context, a Actor, from Party, s Scope) (id string, err error) {
	e := Entry{Action: ActionHide, Purpose: PatientRequest, Type: "Consent", Patient: safe(a.Person)}
	switch {
	case a.Kind != KindPatient || !is(a.Person, "Patient"):
		return "", g.no(ctx, a, e, ReasonActor)
	case !from.isZero() && !from.sound() || !g.sound(s, Deny):
		return "", g.no(ctx, a, e, ReasonScope)
	}
	return g.put(ctx, a, e, proposal{patient: a.Person, status: nehr.ConsentActive, effect: Deny, party: from, scope: s, consents: true}, "")
}

// Revoke takes back a consent of hers, whether it permits, denies or waits. It
// acts on the next request.
func (g *Gate) Revoke(ctx context.Context, a Actor, id string) error {
	e := Entry{Action: ActionRevoke, Purpose: PatientRequest, Type: "Consent", ID: id}
	for try := 1; ; try++ {
		c, version, err := g.own(ctx, a, &e)
		if err != nil {
			return err
		}
		to := nehr.ConsentInactive
		switch c.Get("status").Str() {
		case "active":
		case "proposed":
			to = nehr.ConsentRejected
		default:
			return g.no(ctx, a, e, ReasonState)
		}
		err = g.status(ctx, a, e, c, version, to)
		// Somebody else has changed it meanwhile: what she wants stays the same.
		if o, ok := errors.AsType[*client.OutcomeError](err); ok && o.Conflict() && try < 3 {
			continue
		}
		return err
	}
}

// Consents are those that a patient gave, refused and is asked for, newest
// first; to a clinician those that permit her or him, or were asked by, or that
// her or his role or facility has.
func (g *Gate) Consents(ctx context.Context, a Actor, patient string) ([]Consent, error) {
	e := Entry{Action: ActionConsents, Purpose: PatientRequest, Type: "Consent", Patient: safe(patient)}
	switch {
	case !is(patient, "Patient"), a.Kind == KindPatient && a.Person != patient:
		return nil, g.no(ctx, a, e, ReasonForeign)
	case a.Kind == KindPatient:
		e.Reason = ReasonOwn
	case a.Kind == KindClinician && is(a.Person, "Practitioner"):
		e.Purpose, e.Reason = Treatment, ReasonConsent
	default:
		return nil, g.no(ctx, a, e, ReasonActor)
	}
	found, err := g.c.NEHR.Search(ctx, "Consent", hersOf("Consent", patient).params)
	if err != nil {
		return nil, g.undone(ctx, a, e, err)
	}
	var shown []Consent
	for _, c := range found.Resources {
		x := g.show(c)
		if x.Patient != patient || !isPrivacy(c) {
			continue
		}
		if a.Kind == KindClinician && (x.Effect != Permit || x.Party.isZero() || !x.Party.has(a)) {
			continue
		}
		shown = append(shown, x)
	}
	slices.SortStableFunc(shown, func(a, b Consent) int { return b.At.Compare(a.At) })
	e.Permitted, e.Count = true, len(shown)
	if err := g.record(ctx, a, e); err != nil {
		return nil, err
	}
	return shown, nil
}

// show reads a Consent, and ends a request that has waited too long.
func (g *Gate) show(c *fhirjson.Value) Consent {
	x := consentOf(c, g.c.Now(), g.c.Zone)
	if x.State == Asked && g.c.Now().Sub(x.At) > g.c.Policy.RequestLife {
		x.State = Ended
	}
	return x
}

// sound tells whether the party names one practitioner, role or facility.
func (p Party) sound() bool {
	n := 0
	for _, ref := range []string{p.Person, p.Role, p.Facility} {
		if ref != "" {
			n++
		}
	}
	same, ok := partyOf(p.reference())
	return n == 1 && ok && same == p
}

// sound tells whether a scope can be kept: classes that there are, a period that
// is one, an end that a permit must have.
func (g *Gate) sound(s Scope, effect Effect) bool {
	now := g.c.Now()
	for _, c := range s.Types {
		if !slices.Contains(Classes, c) && classOfType[string(c)] == "" {
			return false
		}
	}
	if s.From != nil && s.To != nil && s.To.Before(*s.From) {
		return false
	}
	if s.Episode != "" && !is(s.Episode, "EpisodeOfCare", "Encounter") && !enrollmentForm(s.Episode) {
		return false
	}
	if s.Until.IsZero() {
		return effect == Deny
	}
	return s.Until.After(now) && (effect == Deny || s.Until.Sub(now) <= g.c.Policy.LongestGrant)
}

// enrollmentForm is that of a UID of DHIS2: a letter and ten letters or digits.
func enrollmentForm(s string) bool {
	if len(s) != 11 {
		return false
	}
	for i, c := range s {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return true
}
