package record

import (
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// fate is what is to become of a resource.
type fate int

const (
	write   fate = iota // it is desired
	retract             // it is no longer true
	fulfil              // an Appointment whose visit took place
	move                // a Patient whose facts belong to another: she has another number
	leave               // the Patient of an entity that was deleted
	keep                // a Patient of whom nothing is said this time
)

// difference decides what is to be sent of one entry: nothing when what stands
// says all of it already. moved leads from a Patient who was found to be another
// woman to the right one.
func (w *Writer) difference(t *item, moved map[string]string) error {
	if t.trusted {
		return nil
	}
	if t.fate != write {
		return w.withdraw(t, moved)
	}
	stands := t.stands
	if stands != nil && len(moved) > 0 && (t.Type == "Task" || t.Type == "Appointment") {
		// What the portals wrote follows her as well: else the other woman would
		// stay beside her as a participant of her appointment.
		stands = stands.Clone()
		replaceReferences(stands, moved)
	}
	switch {
	case stands == nil && t.remembered():
		t.next = t.ours.Clone()
		return nil
	case stands == nil: // what is desired is sent, and not looked at again
		t.next = t.ours
		return nil
	case !t.Owned:
		if err := t.checkPatient(); err != nil {
			return err
		}
		t.noteBefore()
		t.next = mergeShared(stands, t.ours, nil)
		for _, said := range t.written {
			t.next = mergeShared(t.next, t.ours, said)
		}
	case t.Type == "Task":
		t.next = mergeTask(stands, t.ours)
	case t.Type == "Appointment":
		t.next = mergeAppointment(stands, t.ours, likeliest(t.written, stands))
	case says(stands, t.ours): // most often, and then there is nothing to copy
		return nil
	default:
		t.next = t.ours.Clone()
		keepLabels(t.next, stands)
	}
	t.settleNext()
	return nil
}

// settleNext drops what is to be sent when it stands already, else gives it the
// id that it stands under.
func (t *item) settleNext() {
	if says(t.stands, t.next) {
		t.next = nil
		return
	}
	t.next.Delete("id")
	t.next.SetFirst(1, "id", fhirjson.Text(t.id))
}

// likeliest is, of what may have been written, that which stands most probably:
// with the same state and the same time. Of equals it is the last.
func likeliest(written []*fhirjson.Value, stands *fhirjson.Value) (best *fhirjson.Value) {
	most := -1
	for _, w := range written {
		alike := 0
		for _, field := range []string{"status", "start"} {
			if fhirjson.Equal(w.Get(field), stands.Get(field)) {
				alike++
			}
		}
		if alike >= most {
			best, most = w, alike
		}
	}
	return best
}

// remembered tells whether what was written has to be known to merge the entry
// the next time.
func (t *item) remembered() bool { return !t.Owned || t.Type == "Appointment" }
