package record

import (
	"slices"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// What the state has and nobody desires any more (mapping.md section 4).

const eventSystem = nehr.SystemDHIS2Event

// join adds to the desired items those that the state alone knows, and tells
// the former what was written for them before.
func (w *Writer) join(d Desired, items []*item, before State) ([]*item, error) {
	desired := map[string]*item{}
	visits := map[Identifier]bool{}
	patients := 0
	for _, t := range items {
		desired[t.FullURL] = t
		visits[t.Identifier] = visits[t.Identifier] || t.Type == "Encounter" && t.Identifier.System == eventSystem
		if t.Type == "Patient" {
			patients++
		}
	}
	last := ""
	for _, r := range before.Resources {
		if r.Type == "Patient" {
			last = r.FullURL
		}
	}
	for i := range before.Resources {
		was := &before.Resources[i]
		t := desired[was.FullURL]
		if t == nil {
			f, ok := fateOf(was, d.Deleted, patients > 0 || was.FullURL != last, visits[was.Identifier])
			if !ok {
				continue
			}
			if _, ok := uuidOf(was.FullURL); !ok {
				return nil, &EntryError{Index: -1, Type: was.Type, Reason: "the state has a fullUrl that is not urn:uuid: with a UUID"}
			}
			t = &item{index: -1, fate: f, Entry: &Entry{FullURL: was.FullURL, Type: was.Type, Owned: was.Owned, Identifier: was.Identifier}}
			if was.Owned && w.mode == ByID {
				t.id = strings.TrimPrefix(was.FullURL, "urn:uuid:")
			}
			items = append(items, t)
		}
		t.was, t.before = was, was.Before
		if was.ID != "" && (was.Owned || t.fate != write || t.trusted) {
			// Where it stands is known, whatever identifiers it has by now.
			t.id = was.ID
		}
		if t.trusted {
			continue
		}
		for _, b := range was.Bodies {
			if err := t.remember(b); err != nil {
				return nil, err
			}
		}
	}
	return items, nil
}

// fateOf says what becomes of a resource that is desired no more; false: nothing,
// because it is shared with every other entity of the clinic.
// otherPatient: another record is hers, desired now or last.
func fateOf(was *Written, deleted, otherPatient, visited bool) (fate, bool) {
	switch {
	case was.Type == "Patient" && otherPatient:
		return move, true
	case was.Type == "Patient" && deleted:
		return leave, true
	case was.Type == "Patient":
		return keep, true
	case !was.Owned:
		return keep, false
	case was.Type == "Appointment" && visited:
		return fulfil, true
	}
	return retract, true
}

// reconcileMoves pairs a Patient who is desired no more with the one that is.
// When both are one record, because the registry gave it another number, there
// is nothing to move: what was said of the one was said of the other. Otherwise
// it gives the references that lead from the one to the other.
func reconcileMoves(items []*item) ([]*item, map[string]string) {
	var to *item
	for _, t := range items {
		if t.Type == "Patient" && t.fate == write {
			to = t
		}
	}
	moved := map[string]string{}
	return slices.DeleteFunc(items, func(t *item) bool {
		if t.fate != move || t.stands == nil || to == nil {
			return false
		}
		if t.id == to.id {
			to.written = append(to.written, t.written...)
			to.before = t.before
			to.was = t.was
			return true
		}
		moved["Patient/"+t.id] = to.FullURL
		if to.id != "" {
			moved["Patient/"+t.id] = "Patient/" + to.id
		}
		return false
	}), moved
}

// withdraw decides what is to be sent of a resource that is desired no more.
// What does not stand needs nothing.
func (w *Writer) withdraw(t *item, moved map[string]string) error {
	if t.stands == nil || t.fate == keep {
		return nil
	}
	switch t.fate {
	case move:
		t.next = release(t)
	case leave:
		t.next = forget(t)
	case fulfil:
		t.next, t.ours = fulfilled(t.stands, likeliest(t.written, t.stands), w.zone)
		replaceReferences(t.next, moved)
	case retract:
		t.remove = w.retract == Delete && !touched(t.stands)
		return t.enterInError(moved)
	}
	t.settleNext()
	return nil
}

// enterInError retracts what stands, with all that others added to it.
func (t *item) enterInError(moved map[string]string) error {
	unreadable := &EntryError{Index: -1, Type: t.Type, Reason: "what stands at the server cannot be read, so it cannot be retracted"}
	r, err := nehr.Decode(t.stands.Encode())
	if err != nil || !nehr.Retract(r) {
		return unreadable
	}
	body, err := nehr.Encode(r)
	if err != nil {
		return unreadable
	}
	if t.next, err = fhirjson.Parse(body); err != nil {
		return unreadable
	}
	replaceReferences(t.next, moved)
	t.settleNext()
	return nil
}

// fulfilled is an Appointment whose visit took place, and what of it this system
// says. Only what is proposed or cancelled may lack start and end (app-3): a
// visit that was planned for a day gets the whole day. A visit that took place
// has no reason for its cancellation (app-4).
func fulfilled(stands, written *fhirjson.Value, zone *time.Location) (next, ours *fhirjson.Value) {
	next, ours = stands.Clone(), written.Clone()
	if ours == nil {
		ours = fhirjson.Fields()
	}
	status := fhirjson.Text(string(nehr.AppointmentFulfilled))
	next.Set("status", status)
	ours.Set("status", status.Clone())
	next.Delete("cancelationReason")
	ours.Delete("cancelationReason")
	if next.Get("start") == nil || next.Get("end") == nil {
		start, end := window(stands, zone)
		for _, v := range []*fhirjson.Value{next, ours} {
			for name, instant := range map[string]string{"start": start, "end": end} {
				v.Delete(name)
				v.Delete("_" + name)
				if instant == "" {
					v.Set("_"+name, dataAbsent())
				} else {
					v.Set(name, fhirjson.Text(instant))
				}
			}
		}
	}
	strip(next)
	return next, ours
}

// window is the day of the first requested period, from its first second to its
// last; empty when no day was requested.
func window(appointment *fhirjson.Value, zone *time.Location) (start, end string) {
	for _, p := range appointment.Get("requestedPeriod").Items() {
		day := p.Get("start").Str()
		if len(day) < len(time.DateOnly) {
			continue
		}
		d, err := time.ParseInLocation(time.DateOnly, day[:len(time.DateOnly)], zone)
		if err != nil {
			continue
		}
		last := time.Date(d.Year(), d.Month(), d.Day(), 23, 59, 59, 0, zone)
		return d.Format(instantForm), last.Format(instantForm)
	}
	return "", ""
}

// instantForm has always an offset in digits, as FHIR's instant of this project has.
const instantForm = "2006-01-02T15:04:05-07:00"

// dataAbsent stands in the place of what a rule demands and nobody knows.
func dataAbsent() *fhirjson.Value {
	return fhirjson.Fields(fhirjson.F("extension", fhirjson.List(fhirjson.Fields(
		fhirjson.F("url", fhirjson.Text("http://hl7.org/fhir/StructureDefinition/data-absent-reason")),
		fhirjson.F("valueCode", fhirjson.Text("unknown")),
	))))
}
