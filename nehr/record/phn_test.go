package record_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/record"
)

// about are the ids of what refers to a Patient and is not entered in error.
func (w *world) about(patient string) (found []string) {
	w.Helper()
	for typ, param := range map[string]string{"Encounter": "subject", "Observation": "subject", "Condition": "subject", "ServiceRequest": "subject", "Task": "patient", "Appointment": "patient"} {
		r, err := w.client.Search(w.ctx, typ, url.Values{param: {"Patient/" + patient}})
		if err != nil {
			w.Fatal(err)
		}
		for _, v := range r.Resources {
			found = append(found, typ+"/"+v.Get("id").Str())
		}
	}
	return found
}

func (w *world) identifiers(v interface{ Encode() []byte }) string {
	var all []string
	for _, i := range parse(w.T, string(v.Encode())).All("identifier") {
		all = append(all, strings.TrimSuffix(i.Get("system").Str()+"|"+i.Get("value").Str(), w.run))
	}
	return strings.Join(all, " ")
}

// A corrected number: her facts follow it, and the old record keeps none.
func TestD080_ChangedPHN(t *testing.T) {
	worlds(t, func(w *world) {
		l := &ledger{w: w}
		m := w.healthy()
		m.patient = `,"birthDate":"1990-01-01","telecom":[{"system":"phone","value":"+94111"}]`
		l.write(w.desired(m))
		before := w.idOf(l, "Patient")
		// Another system adds to the record meanwhile.
		v := w.read("Patient", before)
		v.Delete("meta")
		v.Get("telecom").Append(parse(w.T, `{"system":"phone","value":"+94999"}`))
		v.Set("maritalStatus", parse(w.T, `{"text":"M"}`))
		w.put("Patient", string(v.Encode()))
		m.phn = "Q"
		r := l.write(w.desired(m))
		if r.Created != 1 || r.Updated != 5 || r.Retracted != 0 || len(r.Others) != 1 || r.Others[0].Action != record.Released {
			w.Errorf("got %+v", r)
		}
		after := w.idOf(l, "Patient")
		if got := w.about(before); len(got) != 0 {
			w.Errorf("the old record still has %s", got)
		}
		if got := w.about(after); len(got) != 5 {
			w.Errorf("the new record has %s, want 5 facts", got)
		}
		old := w.read("Patient", before)
		if got := w.identifiers(old); got != phn+"|P" {
			w.Errorf("the old record has the identifiers %s", got)
		}
		for _, field := range []string{"name", "gender", "birthDate"} {
			if old.Get(field) != nil {
				w.Errorf("the old record still has our %s", field)
			}
		}
		if len(old.All("telecom")) != 1 || old.All("telecom.value")[0].Str() != "+94999" || old.Get("maritalStatus", "text").Str() != "M" {
			w.Errorf("what others wrote must stay: %s", old.Encode())
		}
		if got := w.identifiers(w.read("Patient", after)); !strings.Contains(got, "urn:dhis2:trackedEntity|T") || !strings.Contains(got, phn+"|Q") {
			w.Errorf("the new record has %s", got)
		}
		n := len(w.spy.transactions)
		l.write(w.desired(m))
		if len(w.spy.transactions) != n {
			w.Errorf("sent again: %s", w.spy.transactions[n])
		}
		m.phn = "P" // it was right before
		l.write(w.desired(m))
		if got := w.about(before); len(got) != 5 || w.idOf(l, "Patient") != before {
			w.Errorf("moved back, the first record has %s", got)
		}
	})
}

// The wrong number was another woman's, whom the registry knows: she gets back
// what was hers.
func TestD080_ChangedPHNGivesBackAnothersRecord(t *testing.T) {
	worlds(t, func(w *world) {
		other := w.put("Patient", `{"resourceType":"Patient","active":true,"identifier":[`+ident(phn, "P"+w.run)+`,`+ident(nic, "other"+w.run)+`],"name":[{"text":"Another"}],"gender":"female","birthDate":"1980-12-31","address":[{"text":"There"}]}`)
		want := w.read("Patient", other)
		l := &ledger{w: w}
		m := w.healthy()
		m.patient = `,"birthDate":"1990-01-01","address":[{"text":"Here"}]`
		d := w.desired(m)
		d.Entries[0].Resource = []byte(strings.Replace(string(d.Entries[0].Resource), `"identifier":[`, `"identifier":[`+ident(nic, "mine"+w.run)+`,`, 1))
		l.write(d)
		m.phn, m.hb = "Q", "" // and a value is cleared by the way
		l.write(w.desired(m))
		got := w.read("Patient", other)
		for _, field := range []string{"name", "gender", "birthDate", "address", "active"} {
			if string(got.Get(field).Canonical()) != string(want.Get(field).Canonical()) {
				w.Errorf("%s is %s, was %s", field, got.Get(field).Encode(), want.Get(field).Encode())
			}
		}
		if ids := w.identifiers(got); ids != phn+"|P "+nic+"|other" {
			w.Errorf("identifiers are %s", ids)
		}
		if left := w.about(other); len(left) != 0 {
			w.Errorf("her record still has %s", left)
		}
	})
}

// The Appointment of a woman whose number is corrected has no other woman
// beside her, whatever the portal wrote into it.
func TestD080_ChangedPHNInAppointmentAndTask(t *testing.T) {
	worlds(t, func(w *world) {
		l := &ledger{w: w}
		m := w.healthy()
		m.completed, m.planned = false, appointment("proposed", dayWindow)
		l.write(w.desired(m))
		id := w.idOf(l, "Appointment")
		v := w.read("Appointment", id)
		v.Delete("meta")
		v.Set("comment", parse(w.T, `"bring the book"`))
		v.Get("participant").Append(parse(w.T, `{"actor":{"display":"Doctor"},"status":"accepted"}`))
		w.put("Appointment", string(v.Encode()))
		m.phn = "Q"
		l.write(w.desired(m))
		a := w.read("Appointment", id)
		var actors []string
		for _, p := range a.All("participant.actor") {
			actors = append(actors, p.Get("reference").Str()+p.Get("display").Str())
		}
		if want := "Patient/" + w.idOf(l, "Patient") + " Doctor"; strings.Join(actors, " ") != want {
			w.Errorf("participants %s, want %s", actors, want)
		}
		if a.Get("comment").Str() == "" {
			w.Error("the portal's comment is gone")
		}
	})
}

// Two women, one number: nobody's facts are written to the other (D-038). When
// the number is corrected, the one who waited is written.
func TestD038_TwoTrackedEntitiesOneNumberUntilCorrected(t *testing.T) {
	worlds(t, func(w *world) {
		first, second := &ledger{w: w}, &ledger{w: w}
		m := w.healthy()
		first.write(w.desired(m))
		n := w.healthy()
		n.entity = "U"
		_, err := second.try(w.writer, w.desired(n))
		if r, ok := errors.AsType[*record.ReviewError](err); !ok || !r.Review() {
			w.Fatalf("got %v, want a review", err)
		}
		if second.stored != 0 {
			w.Error("a state was stored for what was never sent")
		}
		m.phn = "Q"
		first.write(w.desired(m))
		d := w.desired(n)
		for i := range d.Entries { // her own visits
			if d.Entries[i].Owned {
				d.Entries = d.Entries[:i]
				break
			}
		}
		second.write(d)
		if got := w.identifiers(w.read("Patient", w.idOf(second, "Patient"))); !strings.Contains(got, "trackedEntity|U") || strings.Contains(got, "trackedEntity|T") {
			w.Errorf("her record has %s", got)
		}
	})
}

// The registry gives her number to another of its records: she is written there,
// and the first record is given back.
func TestRegistryMovesTheNumber(t *testing.T) {
	worlds(t, func(w *world) {
		l := &ledger{w: w}
		l.write(w.desired(w.healthy()))
		before := w.idOf(l, "Patient")
		v := w.read("Patient", before)
		v.Delete("meta")
		v.Set("identifier", parse(w.T, `[`+ident("urn:dhis2:trackedEntity", "T"+w.run)+`]`))
		w.put("Patient", string(v.Encode()))
		after := w.put("Patient", `{"resourceType":"Patient","identifier":[`+ident(phn, "P"+w.run)+`],"name":[{"text":"Registry"}]}`)
		l.write(w.desired(w.healthy()))
		if got := w.idOf(l, "Patient"); got != after {
			w.Fatalf("written to %s, want %s", got, after)
		}
		if got := w.identifiers(w.read("Patient", before)); got != "" {
			w.Errorf("the first record has %s", got)
		}
		if left := w.about(before); len(left) != 0 || len(w.about(after)) != 5 {
			w.Errorf("the first record still has %s", left)
		}
		// If that was wrong too, the registry's name is not lost.
		m := w.healthy()
		m.phn = "Q"
		l.write(w.desired(m))
		if got := strings.Join(scalars(w.read("Patient", after).All("name.text")), " "); got != "Registry" {
			w.Errorf("the second record has the name %q", got)
		}
	})
}

// The registry corrects the number of the record itself: one record, nothing to move.
func TestRegistryCorrectsTheNumber(t *testing.T) {
	worlds(t, func(w *world) {
		l := &ledger{w: w}
		m := w.healthy()
		m.patient = `,"telecom":[{"system":"phone","value":"+94111"}]`
		l.write(w.desired(m))
		id := w.idOf(l, "Patient")
		v := w.read("Patient", id)
		v.Delete("meta")
		v.Set("identifier", parse(w.T, `[`+ident("urn:dhis2:trackedEntity", "T"+w.run)+`,`+ident(phn, "Q"+w.run)+`]`))
		w.put("Patient", string(v.Encode()))
		m.phn, m.patient = "Q", ""
		r := l.write(w.desired(m))
		p := w.read("Patient", id)
		if w.idOf(l, "Patient") != id || len(r.Others) != 0 || len(p.All("telecom")) != 0 || len(p.All("name")) != 1 {
			w.Errorf("got %+v and %s", r, p.Encode())
		}
	})
}

// Her number was mistyped, and the write with it never arrived; then the woman
// whose number it is was written. Taking the mistake back takes nothing of hers.
func TestD038_WhatNeverArrivedIsNotTakenFromAnother(t *testing.T) {
	tests := map[string]func(*world) string{
		"another tracked entity": func(w *world) string {
			other := &ledger{w: w}
			n := w.healthy()
			n.entity, n.event, n.phn = "U", "F", "Q"
			other.write(w.desired(n))
			return w.idOf(other, "Patient")
		},
		"the registry": func(w *world) string {
			return w.put("Patient", `{"resourceType":"Patient","identifier":[`+ident(phn, "Q"+w.run)+`],"name":[{"text":"Test `+w.run+`"}],"gender":"female"}`)
		},
	}
	for name, writes := range tests {
		t.Run(name, func(t *testing.T) {
			worlds(t, func(w *world) {
				l := &ledger{w: w}
				m := w.healthy()
				l.write(w.desired(m))
				healthy := w.spy.Server
				w.spy.Server = unsent{healthy}
				m.phn = "Q"
				if _, err := l.try(w.writer, w.desired(m)); err == nil {
					w.Fatal("the server took what it never got")
				}
				w.spy.Server = healthy
				id := writes(w)
				m.phn = "P"
				l.write(w.desired(m))
				if v := w.read("Patient", id); v.Get("meta", "versionId").Str() != "1" {
					w.Errorf("another woman's record was changed: %s", v.Encode())
				}
			})
		})
	}
}

// unsent loses every transaction on its way to the server.
type unsent struct{ record.Server }

func (u unsent) Transaction(ctx context.Context, bundle []byte) (*client.Answer, error) {
	if strings.Contains(string(bundle), `"type":"batch"`) {
		return u.Server.Transaction(ctx, bundle)
	}
	return nil, errors.New("lost on the way")
}

// A search whose index lags does not find her by her number. Her record is known,
// and has the number: it is neither released nor written a second time.
func TestSearchThatLagsDoesNotMoveHer(t *testing.T) {
	worlds(t, func(w *world) {
		l := &ledger{w: w}
		l.write(w.desired(w.healthy()))
		id, server, n := w.idOf(l, "Patient"), w.spy.Server, len(w.spy.transactions)
		w.spy.Server = lagging{server}
		l.write(w.desired(w.healthy()))
		if len(w.spy.transactions) != n || w.idOf(l, "Patient") != id {
			w.Errorf("sent: %s", w.spy.transactions[n:])
		}
	})
}

// lagging finds no Patient by identifier.
type lagging struct{ record.Server }

func (s lagging) Search(ctx context.Context, typ string, p url.Values) (*client.Found, error) {
	if typ == "Patient" && p.Has("identifier") {
		return &client.Found{}, nil
	}
	return s.Server.Search(ctx, typ, p)
}
