package mapper

import (
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// addReferral makes the ServiceRequest and the Task of a completed referral
// event (D-028, G6).
func (r *run) addReferral(v *visit) {
	key := nehr.Key{System: nehr.SystemDHIS2Event, Value: v.Event.Event.String()}
	lk := v.enrollment.plan.guide() == GuideLK
	target, targetElement := r.referralTarget(v)

	s := nehr.NewReferralRequest()
	s.Subject = r.subject
	s.Encounter = v.encounter
	s.OccurrenceDateTime = v.at
	s.AuthoredOn = v.at
	s.Requester = v.practitioner
	if s.Requester == nil && v.place != nil {
		s.Requester = v.place.organization
	}
	if s.Requester == nil {
		s.Requester = absentRef
	}
	url := nehr.FullURL("ServiceRequest", key)
	if f, ok := v.fact(KindReferralReason); ok {
		s.ReasonCode = []nehr.CodeableConcept{{Text: f.value.Text()}}
		r.trace.path(url, "reasonCode", v.source(f.UID))
	}

	t := nehr.NewReferralTask()
	t.Focus = nehr.Ref(url, "")
	t.For = r.subject
	t.Encounter = v.encounter
	t.AuthoredOn = v.at
	t.Requester = v.practitioner
	if t.Requester == nil { // the profile allows no Organization
		t.Requester = r.deviceRef()
	}
	t.Location = absentRef
	if target != nil {
		s.Performer = []nehr.Reference{*target.organization}
		t.Owner, t.Location = target.organization, target.location
		r.trace.path(url, "performer", v.source(targetElement))
		r.trace.path(nehr.FullURL("Task", key), "owner", v.source(targetElement))
		r.trace.path(nehr.FullURL("Task", key), "location", v.source(targetElement))
	}
	if !lk {
		s.Meta.Profile, t.Meta.Profile = nil, nil
	}
	for _, f := range v.facts { // what both are made of beside the event
		switch f.Kind {
		case KindReferralReason:
			s.Label(f.labels...)
		case KindReferralTarget:
			s.Label(f.labels...)
			t.Label(f.labels...)
		}
	}
	for _, res := range []nehr.Resource{s, t} {
		ref := r.add(res, key, v.enrollment.plan.labels, v.stage.labels)
		r.trace.entry(ref.Reference, v.source(dhis2.UID{}))
	}
}

// referralTarget is the facility that receives a referral: as an element of
// the stage says, or the map's table. nil: a shared queue, which gives nobody
// access.
func (r *run) referralTarget(v *visit) (*place, dhis2.UID) {
	if f, ok := v.fact(KindReferralTarget); ok {
		return r.place(f.value.UID()), f.UID
	}
	return r.place(v.enrollment.plan.Referral.Table[v.OrgUnit]), dhis2.UID{}
}
