package mapper

import (
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper/internal/telephone"
	"github.com/nehrbridge/nehrbridge/nehr"
)

type practitioner struct {
	uid   dhis2.UID
	ref   *nehr.Reference
	entry nehr.Entry
}

// practitioner gives the Practitioner who is responsible for an event: the
// user who completed it, else who updated it, else who created it. Where
// DHIS2 names nobody there is nobody (D-040, D-041, D-106, G7).
func (r *run) practitioner(v *visit) *nehr.Reference {
	user, ok := r.responsible(v)
	if !ok {
		r.issue(Issue{Severity: Information, Rule: RuleUser, Event: v.Event.Event,
			Text: "DHIS2 names nobody who completed, updated or created the event: the performer is the organisation"})
		return nil
	}
	uid := user.Identity()
	for _, p := range r.practitioners {
		if p.uid == uid {
			return p.ref
		}
	}
	user = r.describe(user)
	key := nehr.Key{System: nehr.SystemDHIS2User, Value: uid.String()}
	lk := r.plan.guide() == GuideLK
	p := nehr.NewPractitionerIPS()
	if lk {
		p = nehr.NewPractitionerLK()
	}
	p.Identifier = append(p.Identifier, key.Identifier())
	n := nehr.HumanName{Family: firstOf(user.Surname)}
	if given := firstOf(user.FirstName); given != "" {
		n.Given = nehr.Strings{given}
	}
	n.Text = firstOf(user.DisplayName, user.FirstName+" "+user.Surname)
	p.Name = []nehr.HumanName{completeName(n, lk)}
	p.Telecom = r.workTelecom(user, lk)
	ref := nehr.Ref(nehr.FullURL("Practitioner", key), "")
	r.trace.entry(ref.Reference, source{user: uid})
	r.practitioners = append(r.practitioners, &practitioner{uid, ref, nehr.Entry{FullURL: ref.Reference, Resource: p, Key: key}})
	return ref
}

// responsible finds the user of an event. completedBy is a user name only;
// who has it is looked up among the users that the event names and those of
// the context.
func (r *run) responsible(v *visit) (dhis2.User, bool) {
	if name := v.CompletedBy; name != "" {
		is := func(u dhis2.User) bool { return u.Username == name && !u.Identity().IsZero() }
		if is(v.UpdatedBy) {
			return v.UpdatedBy, true
		}
		if is(v.CreatedBy) {
			return v.CreatedBy, true
		}
		if is(v.AssignedUser) {
			return v.AssignedUser, true
		}
		for i := range v.DataValues {
			if u := v.DataValues[i].UpdatedBy; is(u) {
				return u, true
			}
			if u := v.DataValues[i].CreatedBy; is(u) {
				return u, true
			}
		}
		for _, u := range r.ctx.Users {
			if is(u) {
				return u, true
			}
		}
		r.issue(Issue{Severity: Information, Rule: RuleUser, Event: v.Event.Event,
			Text: "the user who completed the event is not known: taken is who updated, else who created it"})
	}
	for _, u := range []dhis2.User{v.UpdatedBy, v.CreatedBy} {
		if !u.Identity().IsZero() {
			return u, true
		}
	}
	return dhis2.User{}, false
}

// describe prefers what the context says of a user to the snapshot in the
// event, in which members are often missing.
func (r *run) describe(u dhis2.User) dhis2.User {
	for i := range r.ctx.Users {
		if c := r.ctx.Users[i]; c.Identity() == u.Identity() {
			u.FirstName = firstOf(c.FirstName, u.FirstName)
			u.Surname = firstOf(c.Surname, u.Surname)
			u.DisplayName = firstOf(c.DisplayName, u.DisplayName)
			u.PhoneNumber = firstOf(c.PhoneNumber, u.PhoneNumber)
			u.Email = firstOf(c.Email, u.Email)
			break
		}
	}
	return u
}

// workTelecom is how to reach a user; the national guide demands one.
func (r *run) workTelecom(u dhis2.User, lk bool) []nehr.ContactPoint {
	var out []nehr.ContactPoint
	if phone := firstOf(u.PhoneNumber); phone != "" {
		number, _ := telephone.E164(phone, r.cfg.PhoneRegion)
		out = append(out, nehr.ContactPoint{System: nehr.ContactPhone, Value: number, Use: nehr.ContactWork})
	}
	if mail := firstOf(u.Email); mail != "" {
		out = append(out, nehr.ContactPoint{System: nehr.ContactEmail, Value: mail, Use: nehr.ContactWork})
	}
	if len(out) == 0 && lk {
		out = append(out, nehr.ContactPoint{System: nehr.ContactPhone, ValueExt: absentUnknown})
	}
	return out
}
