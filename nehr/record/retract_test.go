package record_test

import (
	"errors"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/record"
)

func (w *world) with(c record.Config) *record.Writer {
	w.Helper()
	c.Server = w.spy
	if c.Validate == nil {
		c.Validate = func([]byte) error { return nil }
	}
	writer, err := record.New(c)
	if err != nil {
		w.Fatal(err)
	}
	return writer
}

func TestG2_RetractionByDeletion(t *testing.T) {
	worlds(t, func(w *world) {
		w.writer = w.with(record.Config{Retract: record.Delete})
		l := &ledger{w: w}
		m := w.healthy()
		l.write(w.desired(m))
		condition, encounter, task := w.idOf(l, "Condition"), w.idOf(l, "Encounter"), w.idOf(l, "Task")
		m.cardiac = false
		if r := l.write(w.desired(m)); r.Retracted != 1 || r.Others[0].Action != record.Deleted {
			w.Errorf("got %+v", r)
		}
		if _, err := w.client.Read(w.ctx, "Condition", condition); !client.IsNotFound(err) {
			w.Errorf("the Condition stands (%v)", err)
		}
		l.write(w.desired(w.healthy()))
		if got := w.status("Condition", condition); got != "true confirmed" {
			w.Errorf("the Condition came back as %s", got)
		}
		// Another system's note refers to the visit: it cannot be deleted.
		// HAPI deletes it all the same in a transaction that deletes more of those that
		// refer to it.
		patient := w.idOf(l, "Patient")
		w.put("Observation", `{"resourceType":"Observation","status":"final","code":{"text":"note"},"subject":{"reference":"Patient/`+patient+`"},"encounter":{"reference":"Encounter/`+encounter+`"}}`)
		l.write(record.Desired{Deleted: true})
		if got := w.status("Encounter", encounter); got != "entered-in-error" {
			w.Errorf("the Encounter is %s", got)
		}
		if _, err := w.client.Read(w.ctx, "Task", task); !client.IsNotFound(err) {
			w.Errorf("the Task stands (%v)", err)
		}
	})
}

func TestDeletionLeavesWhatAPortalWrote(t *testing.T) {
	worlds(t, func(w *world) {
		w.writer = w.with(record.Config{Retract: record.Delete})
		l := &ledger{w: w}
		m := w.healthy()
		l.write(w.desired(m))
		request, task := w.idOf(l, "ServiceRequest"), w.idOf(l, "Task")
		w.portalAccepts(task)
		m.referral = ""
		l.write(w.desired(m))
		if v := w.read("Task", task); v.Get("status").Str() != "entered-in-error" || v.All("output.valueString")[0].Str() != "seen" {
			w.Errorf("got %s", v.Encode())
		}
		if got := w.status("ServiceRequest", request); got != "entered-in-error" {
			w.Errorf("the ServiceRequest is %s", got)
		}
	})
}

func (w *world) portalAccepts(task string) {
	w.Helper()
	v := w.read("Task", task)
	v.Delete("meta")
	v.Set("status", parse(w.T, `"accepted"`))
	v.Set("owner", parse(w.T, `{"display":"Specialist"}`))
	v.Set("output", parse(w.T, `[{"type":{"text":"reply"},"valueString":"seen"}]`))
	w.put("Task", string(v.Encode()))
}

// What a correction elsewhere in the visit does to a referral that a portal took.
func TestD080_AcceptedTaskStaysAccepted(t *testing.T) {
	worlds(t, func(w *world) {
		l := &ledger{w: w}
		m := w.healthy()
		l.write(w.desired(m))
		task := w.idOf(l, "Task")
		w.portalAccepts(task)
		m.cardiac, m.hb, m.phn = false, "9.5", "Q"
		l.write(w.desired(m))
		v := w.read("Task", task)
		if v.Get("status").Str() != "accepted" || v.Get("owner", "display").Str() != "Specialist" || len(v.All("output")) != 1 {
			w.Errorf("got %s", v.Encode())
		}
		if got, want := v.Get("for", "reference").Str(), "Patient/"+w.idOf(l, "Patient"); got != want {
			w.Errorf("the referral is for %s, want %s", got, want)
		}
		m.referral = ""
		l.write(w.desired(m))
		if v := w.read("Task", task); v.Get("status").Str() != "entered-in-error" || v.Get("owner", "display").Str() != "Specialist" || len(v.All("output")) != 1 {
			w.Errorf("a retracted referral keeps what the portal wrote: %s", v.Encode())
		}
	})
}

// A retraction is made from what stands, so it goes out under its version.
func TestRetractionMeetsAnotherWriter(t *testing.T) {
	worlds(t, func(w *world) {
		l := &ledger{w: w}
		m := w.healthy()
		l.write(w.desired(m))
		id := w.idOf(l, "Condition")
		raced := false
		w.spy.before = func() {
			if !raced {
				raced = true
				v := w.read("Condition", id)
				v.Delete("meta")
				v.Set("note", parse(w.T, `[{"text":"theirs"}]`))
				w.put("Condition", string(v.Encode()))
			}
		}
		m.cardiac = false
		_, err := l.try(w.writer, w.desired(m))
		if o, ok := errors.AsType[*client.OutcomeError](err); !ok || !o.Conflict() {
			w.Fatalf("got %v, want a conflict", err)
		}
		l.write(w.desired(m))
		v := w.read("Condition", id)
		if w.status("Condition", id) != "false entered-in-error" || v.All("note.text")[0].Str() != "theirs" {
			w.Errorf("got %s", v.Encode())
		}
	})
}

// What is retracted is found at the id that the server gave it.
func TestRetractionOnAServerThatChoosesIDs(t *testing.T) {
	worlds(t, func(w *world) {
		w.writer = w.with(record.Config{Mode: record.Conditional})
		l := &ledger{w: w}
		m := w.healthy()
		l.write(w.desired(m))
		id := w.idOf(l, "Condition")
		m.cardiac = false
		l.write(w.desired(m))
		if got := w.status("Condition", id); got != "false entered-in-error" {
			w.Errorf("got %s", got)
		}
		l.write(w.desired(w.healthy()))
		if got := w.idOf(l, "Condition"); got != id {
			w.Errorf("it came back as %s, was %s", got, id)
		}
		// The setting is changed: what stands is still found.
		w.writer = w.with(record.Config{Mode: record.ByID})
		l.write(record.Desired{Deleted: true})
		if got := w.status("Condition", id); got != "false entered-in-error" {
			w.Errorf("after the change of mode it is %s", got)
		}
	})
}
