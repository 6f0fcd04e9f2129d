package record_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/record"
)

// lookUps notes which types are looked up.
type lookUps struct {
	record.Server
	types []string
}

func (l *lookUps) Search(ctx context.Context, typ string, p url.Values) (*client.Found, error) {
	l.types = append(l.types, typ)
	return l.Server.Search(ctx, typ, p)
}

func (l *lookUps) Transaction(ctx context.Context, bundle []byte) (*client.Answer, error) {
	v, err := fhirjson.Parse(bundle)
	if err == nil && v.Get("type").Str() == "batch" {
		for _, e := range v.Get("entry").Items() {
			typ, _, _ := strings.Cut(e.Get("request", "url").Str(), "?")
			l.types = append(l.types, typ)
		}
	}
	return l.Server.Transaction(ctx, bundle)
}

// trusting is a world whose mother was written on a basis, and what is looked up
// from then on.
func trusting(w *world) (*ledger, mother, func(record.Desired) (record.Result, []string)) {
	l, m := &ledger{w: w}, w.healthy()
	seen := &lookUps{Server: w.spy.Server}
	w.spy.Server = seen
	on := func(d record.Desired) (record.Result, []string) {
		w.Helper()
		seen.types = nil
		r := l.write(d)
		slices.Sort(seen.types)
		return r, slices.Compact(seen.types)
	}
	on(onBasis(w.desired(m), "1"))
	return l, m, on
}

func onBasis(d record.Desired, basis string) record.Desired {
	d.Basis = basis
	return d
}

func (w *world) lookedUp(got []string, want ...string) {
	w.Helper()
	if !slices.Equal(got, want) {
		w.Errorf("looked up %v, want %v", got, want)
	}
}

var everyType = []string{"Condition", "Encounter", "Observation", "Patient", "Practitioner", "ServiceRequest", "Task"}

func TestOnlyWhatDiffersIsLookedUp(t *testing.T) {
	worlds(t, func(w *world) {
		l, m, write := trusting(w)
		m.hb = "11.50"
		r, types := write(onBasis(w.desired(m), "1"))
		w.counts(r, 0, 1, 6)
		w.lookedUp(types, "Observation", "Patient")
		if got := w.read("Observation", w.idOf(l, "Observation")).Get("valueQuantity", "value").Scalar(); got != "11.50" {
			t.Errorf("the record says %s", got)
		}
		if s := l.state(); len(s.Resources) != 7 {
			t.Errorf("%d resources are known, want 7", len(s.Resources))
		}
		if _, types = write(onBasis(w.desired(m), "1")); len(types) != 1 || types[0] != "Patient" {
			t.Errorf("looked up %v of what is as it was", types)
		}
		// A fact that is no longer true is looked up and taken back.
		m.cardiac = false
		r, types = write(onBasis(w.desired(m), "1"))
		w.lookedUp(types, "Condition", "Patient")
		if r.Retracted != 1 {
			t.Errorf("%d retracted, want 1", r.Retracted)
		}
		// The whole of her is taken back, whatever was trusted.
		if r, _ = write(record.Desired{Deleted: true, Basis: "1"}); r.Retracted != 4 {
			t.Errorf("%d retracted with her, want 4", r.Retracted)
		}
	})
}

func TestOnAnotherBasisAllIsLookedUp(t *testing.T) {
	worlds(t, func(w *world) {
		_, m, write := trusting(w)
		_, types := write(onBasis(w.desired(m), "2"))
		w.lookedUp(types, everyType...)
		_, types = write(onBasis(w.desired(m), "2"))
		w.lookedUp(types, "Patient")
		_, types = write(onBasis(w.desired(m), "")) // on none
		w.lookedUp(types, everyType...)
	})
}

// What others have changed is found by those who look for it.
func TestDoubtedFindsWhatOthersChanged(t *testing.T) {
	worlds(t, func(w *world) {
		l, m, _ := trusting(w)
		id := w.idOf(l, "Observation")
		stands := w.read("Observation", id)
		stands.Set("status", fhirjson.Text("preliminary"))
		stands.Delete("meta")
		w.put("Observation", string(stands.Encode()))
		p, err := w.writer.Plan(w.ctx, onBasis(w.desired(m), "1"), l.state())
		if err != nil || !p.Empty() || !p.Trusted() {
			t.Fatalf("%v: trusted %v", err, p.Trusted())
		}
		p, err = w.writer.Plan(w.ctx, onBasis(w.desired(m), "1"), l.state().Doubted())
		if err != nil || len(p.Changes()) != 1 || p.Trusted() || p.Changes()[0].ID != id {
			t.Fatalf("%v: %+v", err, p.Changes())
		}
		if before := l.state(); before.Doubted().Equal(before) || before.Resources[1].Said == 0 {
			t.Error("a state that is doubted is the state itself")
		}
	})
}

// Her facts follow her when the registry gives her number to another record,
// although none of them changed its words.
func TestNothingIsTrustedOfAPatientWhoMoved(t *testing.T) {
	w := sandboxWorld(t, record.ByID)
	l, m, write := trusting(w)
	old := w.read("Patient", w.idOf(l, "Patient"))
	number := m.phn + w.run
	moved := strings.Replace(string(old.Encode()), `"value":"`+number+`"`, `"value":"X`+number+`"`, 1)
	w.put("Patient", moved)
	hers := w.put("Patient", `{"resourceType":"Patient","identifier":[`+ident(phn, number)+`]}`)
	_, types := write(onBasis(w.desired(m), "1"))
	w.lookedUp(types, everyType...)
	for _, typ := range ownedTypes[:3] {
		if got := w.read(typ, w.idOf(l, typ)).Get("subject", "reference").Str(); got != "Patient/"+hers {
			t.Errorf("%s is about %s", typ, got)
		}
	}
}

// A state that was about to be written trusts nothing of it.
func TestPendingIsNotTrusted(t *testing.T) {
	w := sandboxWorld(t, record.ByID)
	l, m, _ := trusting(w)
	m.hb = "11.50"
	cut := errors.New("the process ends here")
	_, _, err := w.writer.Replace(w.ctx, onBasis(w.desired(m), "1"), l.state(), func(_ context.Context, s record.State) error {
		l.keep(s)
		return cut
	})
	if !errors.Is(err, cut) {
		t.Fatal(err)
	}
	for _, r := range l.state().Resources {
		if (r.Said == 0) != (r.Type == "Observation" || r.Type == "Patient") {
			t.Errorf("%s: hash %d", r.Type, r.Said)
		}
	}
}

// The form before had no hashes, and is read as it was.
func TestStateOfTheFormBefore(t *testing.T) {
	w := sandboxWorld(t, record.ByID)
	l, m, write := trusting(w)
	b, err := record.EncodeState(l.state().Doubted())
	if err != nil {
		t.Fatal(err)
	}
	b[0] = 1
	l.bytes = b
	_, types := write(onBasis(w.desired(m), "1"))
	w.lookedUp(types, everyType...)
	_, types = write(onBasis(w.desired(m), "1"))
	w.lookedUp(types, "Patient")
}
