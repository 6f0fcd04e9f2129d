package record_test

import (
	"testing"
)

func TestAppointmentOfACompletedVisitIsFulfilled(t *testing.T) {
	worlds(t, func(w *world) {
		l := &ledger{w: w}
		m := w.healthy()
		m.completed, m.planned = false, appointment("proposed", dayWindow)
		l.write(w.desired(m))
		id := w.idOf(l, "Appointment")
		m.completed = true
		if r := l.write(w.desired(m)); r.Fulfilled != 1 || r.Retracted != 0 {
			w.Errorf("got %+v", r)
		}
		a := w.read("Appointment", id)
		if a.Get("status").Str() != "fulfilled" || a.Get("start").Str() != "2026-03-02T00:00:00+00:00" || a.Get("end").Str() != "2026-03-02T23:59:59+00:00" {
			w.Errorf("got %s", a.Encode())
		}
		n := len(w.spy.transactions)
		l.write(w.desired(m))
		if len(w.spy.transactions) != n {
			w.Errorf("sent again: %s", w.spy.transactions[n])
		}
		m.completed = false // it was not yet
		l.write(w.desired(m))
		if a := w.read("Appointment", id); a.Get("status").Str() != "proposed" || a.Get("start") != nil {
			w.Errorf("un-completed: %s", a.Encode())
		}
		m.completed = true
		l.write(w.desired(m))
		m.completed, m.planned = false, "" // deleted
		l.write(w.desired(m))
		if got := w.status("Appointment", id); got != "entered-in-error" {
			w.Errorf("deleted: %s", got)
		}
	})
}

// A time that was booked at the portal is the time of the visit, and stays hers
// when DHIS2 takes the visit back.
func TestFulfilledAppointmentKeepsTheBookedTime(t *testing.T) {
	worlds(t, func(w *world) {
		l := &ledger{w: w}
		m := w.healthy()
		m.completed, m.planned = false, appointment("proposed", dayWindow)
		l.write(w.desired(m))
		id := w.idOf(l, "Appointment")
		v := w.read("Appointment", id)
		v.Delete("meta")
		v.Set("status", parse(w.T, `"booked"`))
		v.Set("start", parse(w.T, `"2026-03-02T11:00:00+05:30"`))
		v.Set("end", parse(w.T, `"2026-03-02T11:30:00+05:30"`))
		w.put("Appointment", string(v.Encode()))
		m.completed = true
		l.write(w.desired(m))
		if a := w.read("Appointment", id); a.Get("status").Str() != "fulfilled" || a.Get("start").Str() != "2026-03-02T11:00:00+05:30" {
			w.Errorf("got %s", a.Encode())
		}
		m.completed = false
		l.write(w.desired(m))
		if a := w.read("Appointment", id); a.Get("start").Str() != "2026-03-02T11:00:00+05:30" {
			w.Errorf("got %s", a.Encode())
		}
	})
}
