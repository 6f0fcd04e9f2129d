package record_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/record"
	"github.com/nehrbridge/nehrbridge/nehr/validate"
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

// Nothing leaves unvalidated, a retraction neither: every resource that mapping
// makes can be retracted, and its bundle is valid.
func TestG2_EveryGoldenCaseCanBeRetracted(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "golden", "*", "want.json"))
	if err != nil || len(files) < 60 {
		t.Fatalf("%d golden cases (%v), want at least 60", len(files), err)
	}
	w := sandboxWorld(t, record.ByID)
	judge, err := validate.New(validate.Config{})
	if err != nil {
		t.Fatal(err)
	}
	overlaid, err := validate.New(validate.Config{Overlays: []string{validate.OverlayPassportOptional}})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := filepath.Base(filepath.Dir(file))
		t.Run(name, func(t *testing.T) {
			w := *w
			w.T = t
			w.writer = w.with(record.Config{Validate: func(b []byte) error {
				if judge.Validate(b).OK() {
					return nil
				}
				if o := overlaid.Validate(b); !o.OK() {
					return fmt.Errorf("%v", o.Issues)
				}
				return nil
			}})
			l := &ledger{w: &w}
			d := goldenDesired(t, file)
			owned := 0
			for _, e := range d.Entries {
				if e.Owned {
					owned++
				}
			}
			l.write(d)
			if r := l.write(record.Desired{Deleted: true}); r.Retracted != owned {
				t.Errorf("%d of %d were retracted", r.Retracted, owned)
			}
			l.write(d)
			// The number was wrong: the rest of the old Patient has to be valid too.
			l.write(renumbered(d))
			l.write(record.Desired{Deleted: true})
		})
	}
}

// renumbered is the same woman under another number.
func renumbered(d record.Desired) record.Desired {
	out := record.Desired{Bundle: d.Bundle}
	for _, e := range d.Entries {
		if e.Type == "Patient" {
			old := e.Identifier.Value
			e.Identifier.Value += "9"
			e.Resource = []byte(strings.Replace(string(e.Resource), `"`+old+`"`, `"`+e.Identifier.Value+`"`, 1))
		}
		out.Entries = append(out.Entries, e)
	}
	for i := range out.Entries {
		e := &out.Entries[i]
		if e.Type != "Patient" {
			continue
		}
		from := e.FullURL
		e.FullURL = entry(false, "Patient", e.Identifier.System, e.Identifier.Value, "").FullURL
		for j := range out.Entries {
			out.Entries[j].Resource = []byte(strings.ReplaceAll(string(out.Entries[j].Resource), from, e.FullURL))
		}
	}
	return out
}

// goldenDesired reads a golden bundle as what shall stand.
func goldenDesired(t *testing.T, file string) record.Desired {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var bundle struct {
		Entry []struct {
			FullURL  string          `json:"fullUrl"`
			Resource json.RawMessage `json:"resource"`
			Request  struct {
				URL string `json:"url"`
			} `json:"request"`
		} `json:"entry"`
	}
	if err := json.Unmarshal(b, &bundle); err != nil {
		t.Fatal(err)
	}
	var d record.Desired
	for _, e := range bundle.Entry {
		v := parse(t, string(e.Resource))
		// A condition names the identifier; of what is put by id, any will do.
		key := record.Identifier{}
		for _, i := range v.Get("identifier").Items() {
			id := record.Identifier{System: i.Get("system").Str(), Value: i.Get("value").Str()}
			if id.Value == "" {
				continue
			}
			query := strings.NewReplacer("%3A", ":", "%2F", "/").Replace(e.Request.URL)
			if key.Value == "" || strings.Contains(query, id.System+"%7C"+id.Value) {
				key = id
			}
		}
		v.Delete("id")
		d.Entries = append(d.Entries, record.Entry{
			FullURL: e.FullURL, Type: v.Get("resourceType").Str(), Resource: v.Encode(),
			Owned: !strings.Contains(e.Request.URL, "?"), Identifier: key,
		})
	}
	return d
}
