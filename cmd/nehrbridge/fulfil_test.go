package main

import (
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// TestD025_FulfilledDayIsOfTheServersZone: a visit planned for a day and then
// completed fulfils its Appointment, and that day is one of Asia/Colombo,
// where the server is, not of UTC.
func TestD025_FulfilledDayIsOfTheServersZone(t *testing.T) {
	s := startServersFor(t, 12, startNEHR(t))
	s.sync(t)
	for _, r := range s.held(t) {
		if r.Get("resourceType").Str() != "Appointment" || r.Get("status").Str() != "proposed" {
			continue
		}
		event := r.Get("identifier").Items()[0].Get("value").Str()
		if s.dhis2.SetEventStatus(dhis2.MustUID(event), dhis2.EventCompleted) != nil {
			continue
		}
		s.sync(t)
		got := about(s.held(t), "Appointment", event)
		if got.Get("status").Str() != "fulfilled" {
			continue // DHIS2 has no day for the visit: it stays as planned
		}
		start := got.Get("start").Str()
		if len(start) < 25 || start[10:] != "T00:00:00+05:30" {
			t.Errorf("start %q, want midnight with the offset +05:30", start)
		}
		return
	}
	t.Fatal("no planned day was fulfilled: the test looked at nothing")
}
