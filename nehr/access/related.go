package access

import (
	"context"
	"slices"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// related takes those out of Consents who consent for her and are not related to her
// now: another's guardian, or one who was. Only where somebody else than she consents
// is there anything to ask.
func (s *sight) related(ctx context.Context, consents []*fhirjson.Value) error {
	guardian := func(p *fhirjson.Value) bool { return is(p.Get("reference").Str(), "RelatedPerson") }
	if !slices.ContainsFunc(consents, func(c *fhirjson.Value) bool {
		return slices.ContainsFunc(c.Get("performer").Items(), guardian)
	}) {
		return nil
	}
	q := hersOf("RelatedPerson", s.v.patient)
	if _, err := s.v.g.batch(ctx, q); err != nil {
		return err
	}
	hers := map[string]bool{}
	for _, r := range s.v.hers(q.found) {
		hers["RelatedPerson/"+r.Get("id").Str()] = r.Get("active").Scalar() != "false" && s.within(r.Get("period"))
	}
	for _, c := range consents {
		performers := fhirjson.List()
		for _, p := range c.Get("performer").Items() {
			if !guardian(p) || hers[p.Get("reference").Str()] {
				performers.Append(p)
			}
		}
		c.Set("performer", performers)
	}
	return nil
}

// within tells whether a Period holds now. One that cannot be read does not.
func (s *sight) within(period *fhirjson.Value) bool {
	for _, side := range []string{"start", "end"} {
		v := period.Get(side)
		if v == nil {
			continue
		}
		start, end, ok := interval(v.Str(), s.v.g.c.Zone)
		if !ok || side == "start" && s.at.Before(start) || side == "end" && s.at.After(end) {
			return false
		}
	}
	return true
}

// madeBy are who made a referral that does not say so itself: the requesters of the
// request that its task carries out, or of the task of a request.
func madeBy(r *fhirjson.Value, referrals []*fhirjson.Value) (made []string) {
	if r.Get("requester", "reference").Str() != "" {
		return nil
	}
	own := r.Get("resourceType").Str() + "/" + r.Get("id").Str()
	for _, o := range referrals {
		other := o.Get("resourceType").Str() + "/" + o.Get("id").Str()
		if by := unversioned(o.Get("requester", "reference").Str()); by != "" && (linked(r, other) || linked(o, own)) {
			made = append(made, by)
		}
	}
	return made
}

// linked tells whether a referral is about or based on another.
func linked(r *fhirjson.Value, other string) bool {
	return slices.ContainsFunc(append(r.Get("focus").Items(), r.Get("basedOn").Items()...), func(v *fhirjson.Value) bool {
		return unversioned(v.Get("reference").Str()) == other
	})
}

// authorizes tells whether a referral is one to act by: an order, or her own directive,
// that nothing in it turns into something else. A proposal, a plan and an option give
// no authority to act (CodeSystem request-intent).
func authorizes(r *fhirjson.Value) bool {
	if r.Get("doNotPerform").Scalar() == "true" || r.Get("modifierExtension") != nil || r.Get("implicitRules") != nil {
		return false
	}
	switch r.Get("intent").Str() {
	case "order", "original-order", "reflex-order", "filler-order", "instance-order", "directive":
		return true
	}
	return false
}
