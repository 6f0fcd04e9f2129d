package record_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/record"
)

// visit is a desired state of a Patient with one Task or Appointment.
func (w *world) visit(typ, fields string, written []byte) record.Desired {
	p := entry(false, "Patient", phn, "P"+w.run, "")
	t := entry(true, typ, eventSys, typ+w.run, strings.ReplaceAll(fields, "{patient}", p.FullURL))
	t.Written = written
	return record.Desired{Entries: []record.Entry{p, t}}
}

func task(status, more string) string {
	return fmt.Sprintf(`,"status":"%s","intent":"order","for":{"reference":"{patient}"},"description":"referral"%s`, status, more)
}

func TestTaskThatAPortalTookStaysTaken(t *testing.T) {
	worlds(t, func(w *world) {
		first := w.write(w.visit("Task", task("requested", ""), nil))
		id := first.Entries[1].ID
		v := w.read("Task", id)
		v.Delete("meta")
		v.Set("status", parse(w.T, `"accepted"`))
		v.Set("owner", parse(w.T, `{"display":"Specialist"}`))
		v.Set("output", parse(w.T, `[{"type":{"text":"reply"},"valueString":"seen"}]`))
		w.put("Task", string(v.Encode()))
		// Without a change of DHIS2 nothing is written.
		w.counts(w.write(w.visit("Task", task("requested", `,"owner":{"display":"Queue"}`), nil)), 0, 0, 2)
		// With one, its own field changes and theirs stay.
		w.counts(w.write(w.visit("Task", strings.Replace(task("requested", ""), `"referral"`, `"corrected"`, 1), nil)), 0, 1, 1)
		last := w.spy.transactions[len(w.spy.transactions)-1]
		if !strings.Contains(last, `"ifMatch"`) {
			w.Errorf("a Task was written without If-Match: %s", last)
		}
		v = w.read("Task", id)
		if v.Get("status").Str() != "accepted" || v.Get("owner", "display").Str() != "Specialist" || v.All("output.valueString")[0].Str() != "seen" || v.Get("description").Str() != "corrected" {
			w.Errorf("got %s", v.Encode())
		}
		// A retraction goes over all of it, and can be taken back.
		w.write(w.visit("Task", task("entered-in-error", ""), nil))
		if got := w.read("Task", id).Get("status").Str(); got != "entered-in-error" {
			w.Errorf("a retracted Task has status %s", got)
		}
		w.write(w.visit("Task", task("requested", ""), nil))
		if got := w.read("Task", id).Get("status").Str(); got != "requested" {
			w.Errorf("a Task that came back has status %s", got)
		}
	})
}

func appointment(status, times string) string {
	return fmt.Sprintf(`,"status":"%s"%s,"participant":[{"actor":{"reference":"{patient}"},"status":"accepted"}]`, status, times)
}

func TestAppointment(t *testing.T) {
	const (
		day    = `,"requestedPeriod":[{"start":"2026-03-02","end":"2026-03-02"}]`
		nine   = `,"start":"2026-03-02T09:00:00+05:30","end":"2026-03-02T09:30:00+05:30"`
		eleven = `,"start":"2026-03-02T11:00:00+05:30","end":"2026-03-02T11:30:00+05:30"`
		two    = `,"start":"2026-03-02T14:00:00+05:30","end":"2026-03-02T14:30:00+05:30"`
	)
	tests := []struct {
		name                string
		first               string // what DHIS2 said first
		portal              string // what the portal made of it; empty: nothing
		then                string // what DHIS2 says now
		remember            bool   // whether the caller knows what was written
		wantStatus, wantDay string
	}{
		{"a booked time stays", appointment("proposed", day), appointment("booked", eleven), appointment("proposed", day), true, "booked", "T11:"},
		{"and without memory", appointment("proposed", day), appointment("booked", eleven), appointment("proposed", day), false, "booked", "T11:"},
		{"DHIS2 moves what nobody booked otherwise", appointment("booked", nine), "", appointment("booked", two), true, "booked", "T14:"},
		{"and without memory, as long as nobody touched it", appointment("booked", nine), "", appointment("booked", two), false, "booked", "T14:"},
		{"a time moved by the portal stays without memory", appointment("booked", nine), appointment("booked", eleven), appointment("booked", two), false, "booked", "T11:"},
		{"a time moved by the portal stays", appointment("booked", nine), appointment("booked", eleven), appointment("booked", nine), true, "booked", "T11:"},
		{"DHIS2 takes back the time", appointment("booked", nine), "", appointment("proposed", day), true, "proposed", ""},
		{"DHIS2 cancels", appointment("proposed", day), appointment("booked", eleven), appointment("cancelled", day), true, "cancelled", "T11:"},
		{"the visit took place", appointment("proposed", day), appointment("booked", eleven), appointment("fulfilled", nine), true, "fulfilled", "T09:"},
		{"called off at the portal", appointment("booked", nine), appointment("cancelled", nine), appointment("booked", nine), true, "cancelled", "T09:"},
		{"she has arrived", appointment("booked", nine), appointment("arrived", nine), appointment("booked", nine), false, "arrived", "T09:"},
		{"an enrollment came back", appointment("cancelled", day), "", appointment("proposed", day), true, "proposed", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			worlds(t, func(w *world) {
				first := w.write(w.visit("Appointment", tt.first, nil))
				id := first.Entries[1].ID
				if tt.portal != "" {
					patient := "Patient/" + first.Entries[0].ID
					fields := strings.ReplaceAll(strings.Replace(tt.portal, `"participant":[`, `"comment":"bring the book","participant":[{"actor":{"display":"Doctor"},"status":"tentative"},`, 1), "{patient}", patient)
					w.put("Appointment", `{"resourceType":"Appointment","id":"`+id+`","identifier":[`+ident(eventSys, "Appointment"+w.run)+`]`+fields+`}`)
				}
				var written []byte
				if tt.remember {
					written = first.Entries[1].Body
				}
				w.write(w.visit("Appointment", tt.then, written))
				a := w.read("Appointment", id)
				if got := a.Get("status").Str(); got != tt.wantStatus {
					t.Errorf("status %s, want %s", got, tt.wantStatus)
				}
				if got := a.Get("start").Str(); !strings.Contains(got, tt.wantDay) || tt.wantDay == "" && got != "" {
					t.Errorf("start %s, want %s", got, tt.wantDay)
				}
				if tt.portal != "" && (a.Get("comment").Str() == "" || len(a.All("participant")) != 2) {
					t.Errorf("what the portal added is gone: %s", a.Encode())
				}
				n := len(w.spy.transactions)
				w.write(w.visit("Appointment", tt.then, written))
				if len(w.spy.transactions) != n {
					t.Errorf("a second run with the same input wrote again: %s", w.spy.transactions[n])
				}
			})
		})
	}
}
