package record

import (
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// The portals write into Task and Appointment: the state and answer of a
// referral, who took it, when a visit was booked. The merges below put what
// DHIS2 says into what stands and leave that alone (architecture.md, "Who owns
// which field").

// portalTask are the fields of a Task that only the portals write.
var portalTask = []string{"status", "statusReason", "businessStatus", "output", "executionPeriod", "note"}

// mergeTask keeps the course of a referral that a portal has taken up. A
// retraction or cancellation by DHIS2 goes over it: then there is no referral.
func mergeTask(stands, ours *fhirjson.Value) *fhirjson.Value {
	theirs := slices.Clone(portalTask)
	status := stands.Get("status").Str()
	if withdrawn(ours.Get("status").Str()) || status == "entered-in-error" {
		theirs = theirs[1:]
	}
	switch status {
	case "", "draft", "requested", "received", "entered-in-error":
		if ours.Get("owner") == nil {
			theirs = append(theirs, "owner")
		}
	default: // somebody took it: it is theirs, and so is the time of its last change
		theirs = append(theirs, "owner", "lastModified")
	}
	return over(stands, ours, theirs)
}

// portalAppointment are the fields of an Appointment that only the portals write.
var portalAppointment = []string{"comment", "patientInstruction", "slot"}

// booking are the fields that say when.
var booking = []string{"start", "end", "minutesDuration"}

// mergeAppointment keeps what was arranged at the server: a time that differs
// from the one that we wrote was booked with her, a state that differs was
// reached there. DHIS2's own change of state goes over theirs, and a cancelled,
// retracted or completed visit always does. Without knowing what we wrote, a
// booked time and a visit under way stay, unless nobody has written since we
// created it: the id is ours, so the first version is.
func mergeAppointment(stands, ours, written *fhirjson.Value) *fhirjson.Value {
	if written == nil && stands.Get("meta", "versionId").Str() == "1" {
		written = stands
	}
	theirs := slices.Clone(portalAppointment)
	switch {
	case stands.Get("status").Str() == "entered-in-error":
	case final(ours.Get("status").Str()):
		mine := written.Get("start") != nil && fhirjson.Equal(stands.Get("start"), written.Get("start"))
		if ours.Get("start") == nil && !mine {
			theirs = append(theirs, booking...)
		}
	default:
		if stands.Get("start") != nil && !fhirjson.Equal(stands.Get("start"), written.Get("start")) {
			theirs = append(theirs, booking...)
		}
		if reached(stands, ours, written) {
			theirs = append(theirs, "status", "cancelationReason")
		}
	}
	next := over(stands, ours, theirs)
	mergeParticipants(next, stands)
	return next
}

// reached tells whether the state that stands was set by others.
func reached(stands, ours, written *fhirjson.Value) bool {
	stood, status := stands.Get("status").Str(), ours.Get("status").Str()
	if written != nil {
		return stood != written.Get("status").Str() && status == written.Get("status").Str()
	}
	switch stood {
	case "arrived", "checked-in", "waitlist", "pending":
		return true
	case "booked":
		return status == "proposed"
	}
	return false
}

// final tells whether a state of an Appointment ends it.
func final(status string) bool {
	return withdrawn(status) || status == "fulfilled" || status == "noshow"
}

// withdrawn tells whether a status says that there is nothing (any more).
func withdrawn(status string) bool { return status == "entered-in-error" || status == "cancelled" }

// over is ours with some fields taken from what stands, where it has them, and
// with the labels, identifiers and extensions of others.
func over(stands, ours *fhirjson.Value, theirs []string) *fhirjson.Value {
	next := ours.Clone()
	for _, field := range theirs {
		if stands.Get(field) == nil && stands.Get("_"+field) == nil {
			continue
		}
		for _, name := range []string{field, "_" + field} {
			next.Set(name, stands.Get(name).Clone())
		}
	}
	keepLabels(next, stands)
	for _, t := range stands.Get("identifier").Items() {
		if !slices.ContainsFunc(next.Get("identifier").Items(), sameValue(t)) {
			setList(next, "identifier", append(slices.Clone(next.Get("identifier").Items()), t.Clone()))
		}
	}
	for _, t := range stands.Get("extension").Items() {
		same := func(o *fhirjson.Value) bool { return o.Get("url").Str() == t.Get("url").Str() }
		if !slices.ContainsFunc(next.Get("extension").Items(), same) {
			setList(next, "extension", append(slices.Clone(next.Get("extension").Items()), t.Clone()))
		}
	}
	return next
}

// mergeParticipants keeps whom the portals added, and what those whom we name
// answered. A Patient whom we do not name is no addition: it is the record that
// she was written to under a wrong number.
func mergeParticipants(next, stands *fhirjson.Value) {
	list := slices.Clone(next.Get("participant").Items())
	actor := func(p *fhirjson.Value) string { return p.Get("actor", "reference").Str() }
	for _, t := range stands.Get("participant").Items() {
		at := slices.IndexFunc(list, func(o *fhirjson.Value) bool { return actor(o) != "" && actor(o) == actor(t) })
		if at < 0 {
			if !strings.HasPrefix(actor(t), "Patient/") {
				list = append(list, t.Clone())
			}
			continue
		}
		list[at] = list[at].Clone()
		list[at].Set("status", t.Get("status").Clone())
	}
	setList(next, "participant", list)
}
