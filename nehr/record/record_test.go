package record_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/record"
)

func TestWriteTwiceChangesNothing(t *testing.T) {
	worlds(t, func(w *world) {
		first := w.write(w.mother("10.50", ""))
		w.counts(first, 6, 0, 0)
		second := w.write(w.mother("10.50", ""))
		w.counts(second, 0, 0, 6)
		if n := len(w.spy.transactions); n != 1 {
			w.Errorf("%d transactions were sent, want 1: nothing had changed", n)
		}
		for i, e := range second.Entries {
			if e.ID != first.Entries[i].ID || e.Version != "1" {
				w.Errorf("%s: id %s version %s, was %s", e.Type, e.ID, e.Version, first.Entries[i].ID)
			}
		}
		o := w.read("Observation", second.Entries[atObservation].ID)
		if got := o.Get("valueQuantity", "value").Scalar(); got != "10.50" {
			w.Errorf("the value stands as %s", got)
		}
		if got, want := o.Get("subject", "reference").Str(), "Patient/"+second.Entries[atPatient].ID; got != want {
			w.Errorf("subject %s, want %s", got, want)
		}
	})
}

func TestCorrectionChangesExactlyThatResource(t *testing.T) {
	worlds(t, func(w *world) {
		w.write(w.mother("10.50", ""))
		r := w.write(w.mother("11.50", ""))
		w.counts(r, 0, 1, 5)
		for i, e := range r.Entries {
			want := "1"
			if i == atObservation {
				want = "2"
			}
			if got := w.read(e.Type, e.ID).Get("meta", "versionId").Str(); got != want {
				w.Errorf("%s has version %s, want %s", e.Type, got, want)
			}
		}
		// The precision is part of the fact.
		w.counts(w.write(w.mother("11.5", "")), 0, 1, 5)
		r = w.write(w.mother("11.5", `,"birthDate":"1995-02-03"`))
		w.counts(r, 0, 1, 5)
		if r.Entries[atPatient].Action != record.Updated {
			w.Error("the birth date changed, but not the Patient")
		}
	})
}

func TestD036_NoIdentifierNothingSent(t *testing.T) {
	worlds(t, func(w *world) {
		for _, id := range []record.Identifier{{System: phn}, {System: phn, Value: " "}, {Value: "x"}, {}} {
			d := w.mother("10.5", "")
			d.Entries[atPatient].Identifier = id
			_, err := w.writer.Write(w.ctx, d)
			if k, ok := errors.AsType[*record.KeyError](err); !ok || k.Type != "Patient" || !k.Quarantined() {
				w.Errorf("%+v: got %v, want a KeyError", id, err)
			}
		}
		d := w.mother("10.5", "")
		d.Entries[atObservation].Resource = []byte(strings.Replace(string(d.Entries[atObservation].Resource), d.Entries[atPatient].FullURL, "Patient?identifier="+url.QueryEscape(phn)+"%7C", 1))
		if _, err := w.writer.Write(w.ctx, d); !errors.Is(err, client.ErrEmptyCondition) {
			w.Errorf("a conditional reference without a value: got %v", err)
		}
		d = w.mother("10.5", "")
		d.Entries[atPatient].Resource = []byte(`{"resourceType":"Patient"}`)
		if _, err := w.writer.Write(w.ctx, d); !errors.As(err, new(*record.EntryError)) {
			w.Errorf("a Patient that does not hold its identifier: got %v", err)
		}
		if n := len(w.spy.transactions); n != 0 {
			w.Errorf("%d transactions were sent", n)
		}
	})
}

func TestD037_MergeUnderIfMatch(t *testing.T) {
	worlds(t, func(w *world) {
		id := w.put("Patient", `{"resourceType":"Patient","identifier":[`+ident(phn, "P"+w.run)+`],"name":[{"text":"Registry"}],"deceasedBoolean":false}`)
		moved := false
		w.spy.before = func() { // another system writes between our look-up and our write
			if !moved {
				moved = true
				w.put("Patient", `{"resourceType":"Patient","id":"`+id+`","identifier":[`+ident(phn, "P"+w.run)+`],"name":[{"text":"Registry"}],"deceasedBoolean":false,"maritalStatus":{"text":"M"}}`)
			}
		}
		_, err := w.writer.Write(w.ctx, w.mother("10.5", ""))
		o, ok := errors.AsType[*client.OutcomeError](err)
		if !ok || !o.Conflict() {
			w.Fatalf("got %v, want a conflict", err)
		}
		if !strings.Contains(w.spy.transactions[0], `"ifMatch":"W/\"1\""`) {
			w.Errorf("the Patient was sent without If-Match: %s", w.spy.transactions[0])
		}
		r := w.write(w.mother("10.5", "")) // a fresh look-up
		w.counts(r, 5, 1, 0)
		p := w.read("Patient", id)
		if p.Get("maritalStatus", "text").Str() != "M" || p.Get("deceasedBoolean").Scalar() != "false" || p.All("name.text")[0].Str() != "Test "+w.run {
			w.Errorf("merged into %s", p.Encode())
		}
	})
}
