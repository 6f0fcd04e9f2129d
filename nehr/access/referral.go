package access

import (
	"slices"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// referralRule reads a Task or ServiceRequest as a permit to whom it is addressed
// to: its own episode, as long as it is under way. One that names nobody, a
// shared queue, or something that is no facility, role or practitioner gives
// nobody anything, and nobody gets something from a referral of her own making.
func referralRule(r *fhirjson.Value, f *Frame, p Policy, zone *time.Location) (Rule, bool) {
	if IsCorrection(r) {
		return Rule{}, false // whoever puts it right is not treating her
	}
	if !authorizes(r) {
		return Rule{}, false
	}
	typ := r.Get("resourceType").Str()
	to := r.Get("owner").Items()
	if typ == "ServiceRequest" {
		to = r.Get("performer").Items()
	}
	if len(to) != 1 { // several: a queue
		return Rule{}, false
	}
	ref := to[0].Get("reference").Str()
	party, ok := partyOf(ref)
	if !ok || slices.Contains(p.SharedQueues, ref) {
		return Rule{}, false
	}
	made, _, ok := interval(r.Get("authoredOn").Str(), zone)
	if !ok {
		if made, _, ok = interval(r.Get("meta", "lastUpdated").Str(), zone); !ok {
			return Rule{}, false
		}
	}
	until := made.Add(p.ReferralLife)
	switch r.Get("status").Str() {
	case "requested", "received", "accepted", "ready", "in-progress", "on-hold", "active":
	case "completed":
		changed, _, ok := interval(r.Get("lastModified").Str(), zone)
		if !ok {
			changed, _, ok = interval(r.Get("meta", "lastUpdated").Str(), zone)
		}
		if !ok || p.AfterReferral <= 0 {
			return Rule{}, false
		}
		if end := changed.Add(p.AfterReferral); end.Before(until) {
			until = end
		}
	default: // draft, cancelled, rejected, failed, revoked, entered-in-error, unknown
		return Rule{}, false
	}
	if v := r.Get("restriction", "period", "end"); v != nil {
		_, end, ok := interval(v.Str(), zone)
		if !ok {
			return Rule{}, false
		}
		if end.Before(until) {
			until = end
		}
	}
	rule := Rule{
		Effect: Permit, Origin: FromReferral, Source: typ + "/" + r.Get("id").Str(),
		Party: party, Scope: Scope{Until: until},
		Episodes: f.episodes(r, made),
		Except:   []string{unversioned(r.Get("requester", "reference").Str())},
		// Days begin at different times in different zones, and clocks differ; what was
		// made in a year to come was not made.
		From: made.Add(-24 * time.Hour),
	}
	// The request and its task are one referral.
	for _, other := range append(r.Get("focus").Items(), r.Get("basedOn").Items()...) {
		if ref := other.Get("reference").Str(); is(ref, "ServiceRequest", "Task") {
			rule.Episodes = append(slices.Clip(rule.Episodes), ref)
		}
	}
	return rule, true
}

// overRequests are the requests whose Tasks have all ended: a referral that its facility
// declined or completed is over, though the request still stands as it was written. What
// a completed one still permits, its Task says.
func overRequests(referrals []*fhirjson.Value) map[string]bool {
	over, waits := map[string]bool{}, map[string]bool{}
	for _, r := range referrals {
		if r.Get("resourceType").Str() != "Task" || IsCorrection(r) {
			continue
		}
		switch r.Get("status").Str() {
		case "rejected", "cancelled", "failed", "completed":
			over[r.Get("focus", "reference").Str()] = true
		case "entered-in-error":
		default:
			waits[r.Get("focus", "reference").Str()] = true
		}
	}
	for request := range waits {
		delete(over, request)
	}
	return over
}

// partyOf makes a party of one reference.
func partyOf(ref string) (Party, bool) {
	switch {
	case is(ref, "Organization", "Location"):
		return Party{Facility: ref}, true
	case is(ref, "PractitionerRole"):
		return Party{Role: ref}, true
	case is(ref, "Practitioner"):
		return Party{Person: ref}, true
	}
	return Party{}, false
}
