package access

import (
	"context"
	"slices"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// sight is a decision and what it was made of.
type sight struct {
	v        *View
	at       time.Time
	rules    []Rule
	frame    *Frame
	framed   []*fhirjson.Value // that the frame was made of
	decision Decision
	body     []byte
}

// look asks the queries together with what decides, and decides whether anything
// may be seen. A refusal is logged and returned; a permission is logged at once
// where there is nothing more to ask (no queries), else by the caller, who knows
// then what is shown.
func (v *View) look(ctx context.Context, e Entry, queries ...*query) (*sight, error) {
	s := &sight{v: v, at: v.g.c.Now()}
	if _, _, ok := reference(v.patient); !ok || firstOf(v.patient) != "Patient" {
		return nil, v.refuse(ctx, e, ReasonForeign, nil)
	}
	if v.actor.Kind != KindClinician { // whom no rule concerns
		if s.decision = s.decide(nil); !s.decision.Permitted {
			return nil, v.refuse(ctx, e, s.decision.Reason, nil)
		}
		body, err := v.g.batch(ctx, queries...)
		if err != nil {
			return nil, err
		}
		s.body = body
		if len(queries) == 0 {
			return s, v.permit(ctx, e, s, nil)
		}
		return s, nil
	}
	if d := s.decide(nil); d.Reason == ReasonActor { // nothing is asked for whom nothing could permit
		return nil, v.refuse(ctx, e, d.Reason, nil)
	}
	rules := []*query{hersOf("Consent", v.patient, "status", "active"), hersOf("Task", v.patient), hersOf("ServiceRequest", v.patient)}
	places := []*query{}
	if len(queries) > 0 {
		places = append(places, hersOf("Encounter", v.patient), hersOf("Observation", v.patient, "code", "http://loinc.org|"+pregnancyStatus))
	}
	all := slices.Concat(rules, places, queries)
	if err := v.together(ctx, all); err != nil {
		return nil, err
	}
	for _, q := range all[3 : 3+len(places)] {
		s.framed = append(s.framed, v.hers(q.found)...)
	}
	s.frame = NewFrame(s.framed, v.g.c.Zone)
	if err := s.read(ctx, all[0].found, append(v.hers(all[1].found), v.hers(all[2].found)...)); err != nil {
		return nil, err
	}
	if s.decision = s.decide(nil); !s.decision.Permitted {
		return nil, v.refuse(ctx, e, s.decision.Reason, s.decision.Sources)
	}
	if len(queries) == 0 {
		return s, v.permit(ctx, e, s, nil)
	}
	return s, nil
}

// asked is how many queries, the first of them, are for what decides.
const asked = 3

// together asks queries in one request, equal ones once. Where the server gives an
// answer in pages, so that it is not of one moment, what decides is asked again after
// the last page: what she revokes meanwhile is not shown.
func (v *View) together(ctx context.Context, all []*query) error {
	var unique []*query
	by := map[string]*query{}
	for _, q := range all {
		if t := q.target(); by[t] == nil {
			by[t] = q
			unique = append(unique, q)
		}
	}
	body, err := v.g.batch(ctx, unique...)
	if err != nil {
		return err
	}
	if body == nil && len(all) > asked {
		decides := make([]*query, asked)
		for i, q := range all[:asked] {
			decides[i] = &query{typ: q.typ, params: q.params}
		}
		if _, err := v.g.batch(ctx, decides...); err != nil {
			return err
		}
		for i, q := range decides {
			all[i].found, by[q.target()].found = q.found, q.found
		}
	}
	for _, q := range all {
		q.found = by[q.target()].found
	}
	return nil
}

// hers drops what is not the patient's, whatever the server found.
func (v *View) hers(found []*fhirjson.Value) []*fhirjson.Value {
	var hers []*fhirjson.Value
	for _, r := range found {
		if belongs(r, v.patient, v.g.c.NEHR.Base()) {
			hers = append(hers, r)
		}
	}
	return hers
}

// read makes the rules.
func (s *sight) read(ctx context.Context, consents, referrals []*fhirjson.Value) error {
	g := s.v.g
	if err := s.related(ctx, consents); err != nil {
		return err
	}
	for _, c := range consents {
		s.rules = append(s.rules, RulesOf(c, s.v.patient, g.c.Zone)...)
	}
	over := overRequests(referrals)
	for _, r := range referrals {
		if over["ServiceRequest/"+r.Get("id").Str()] && r.Get("resourceType").Str() == "ServiceRequest" {
			continue
		}
		if rule, ok := referralRule(r, s.frame, g.c.Policy, g.c.Zone); ok {
			rule.Except = append(rule.Except, madeBy(r, referrals)...)
			s.rules = append(s.rules, rule)
		}
	}
	emergencies, err := g.emergencyRules(ctx, s.v.actor, s.v.patient)
	if err != nil {
		return &LogError{Err: err}
	}
	s.rules = append(s.rules, emergencies...)
	return nil
}

func (s *sight) decide(d *Data) Decision {
	return Decide(Request{Actor: s.v.actor, Patient: s.v.patient, Purpose: s.v.purpose, At: s.at, Data: d}, s.rules, s.v.g.c.Policy)
}

// sees decides on one resource.
func (s *sight) sees(r *fhirjson.Value) (Class, Decision) {
	typ := r.Get("resourceType").Str()
	if directory[typ] && (typ != "Device" || r.Get("patient") == nil) {
		return "", Decision{Permitted: s.decision.Permitted, Reason: ReasonDirectory}
	}
	if !belongs(r, s.v.patient, s.v.g.c.NEHR.Base()) || IsCorrection(r) && s.v.actor.Kind != KindPatient {
		return "", Decision{Reason: ReasonForeign} // what she asks about others is as if it were not there
	}
	d := DataOf(r, s.frame, s.v.g.c.Zone)
	return d.Class, s.decide(&d)
}
