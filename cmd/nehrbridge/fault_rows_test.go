package main

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// devices are the resources that say which DHIS2 the facts came from.
func (b *faultBench) devices(t *testing.T) []*fhirjson.Value {
	t.Helper()
	found, err := b.nehr.Search(t.Context(), "Device", nil)
	mustDo(t, err)
	return found.Resources
}

// TestD103_TheDeviceIsThereWheneverItIsReferredTo: a record that is down when
// the agent starts, and one that loses the Device while the same agent goes
// on, get it with the first mother.
func TestD103_TheDeviceIsThereWheneverItIsReferredTo(t *testing.T) {
	b := newFaultBench(t, 3)
	g := b.agent(t)
	b.nehrGate.set(nil, refuse(503))
	if _, err := b.look(t, g); err == nil {
		t.Fatal("the record was not down")
	}
	b.nehrGate.heal()
	b.now = b.now.Add(time.Hour)
	if err := b.carry(t, g); err != nil {
		t.Fatal(err)
	}
	refersTo := func() {
		t.Helper()
		devices := b.devices(t)
		if len(devices) != 1 {
			t.Fatalf("%d Devices", len(devices))
		}
		referring := 0
		for name, r := range b.held(t) {
			for _, ref := range append(r.All("device.reference"), r.All("meta.source")...) {
				if strings.HasPrefix(ref.Str(), "Device/") {
					if referring++; ref.Str() != "Device/"+devices[0].Get("id").Str() {
						t.Errorf("%s refers to a Device that is not there", name)
					}
				}
			}
		}
		if referring < 10 {
			t.Errorf("%d resources refer to the Device", referring)
		}
	}
	refersTo()

	fresh := newFaultBench(t, 3)
	b.nehrGate.swap(fresh.nehrGate.next)
	b.nehr = fresh.nehr
	b.markAll(t, true)
	if err := b.carry(t, g); err != nil {
		t.Fatal(err)
	}
	refersTo()
}

// TestD085_NoValueOfAPersonLeaves: through a run in which every server fails
// in every way, and names people in its words, neither the log at its finest
// level nor a message of the ledger holds what a mother is called, her
// numbers, or what was found.
func TestD085_NoValueOfAPersonLeaves(t *testing.T) {
	b := newFaultBench(t, 6)
	b.timeout = 2 * time.Second
	values := b.values(t)
	if len(values) < 40 {
		t.Fatalf("%d values of people", len(values))
	}
	for i, row := range faultTable {
		if row.do == nil || row.name == "too slow" {
			continue
		}
		column := faultColumns[4+i%5] // what is asked of one mother
		column.gate(b).set(column.match, row.do)
		_, _ = b.look(t, b.agent(t))
		column.gate(b).heal()
		b.now = b.now.Add(time.Hour)
	}
	text := b.log.String()
	if err := b.db.Read(t.Context(), func(tx database.Tx) error {
		return tx.Each(`SELECT cause, message FROM ledger_failure`, nil, func(scan func(...any) error) error {
			var cause, message string
			err := scan(&cause, &message)
			text += cause + " " + message + "\n"
			return err
		})
	}); err != nil {
		t.Fatal(err)
	}
	if len(text) < 5000 {
		t.Fatalf("%d bytes of log were looked at", len(text))
	}
	noValues(t, text)
	for _, value := range values {
		if strings.Contains(text, value) {
			t.Errorf("the log holds a value of a person (%d characters)", len(value))
		}
	}
}

// values are what DHIS2 holds of the mothers, as far as it can be told from
// other words: names, numbers, addresses, what was found.
func (b *faultBench) values(t *testing.T) (out []string) {
	t.Helper()
	c, err := api.New(api.Config{BaseURL: b.dhis2Gate.web.URL, Token: defaultToken})
	mustDo(t, err)
	keep := func(value string) {
		// Years, days and small numbers stand in every line of a log.
		if value = strings.TrimSpace(value); len(value) >= 6 && value != "female" && !strings.HasPrefix(value, "20") {
			out = append(out, value)
		}
	}
	for te, err := range c.AllTrackedEntities(t.Context(), api.Query{Program: dhis2.MustUID("eozjj9UivfS")}) {
		mustDo(t, err)
		for _, a := range te.Attributes {
			keep(a.Value)
		}
		for _, en := range te.Enrollments {
			for _, a := range en.Attributes {
				keep(a.Value)
			}
			for _, ev := range en.Events {
				for _, v := range ev.DataValues {
					keep(v.Value)
				}
			}
		}
	}
	return out
}

// TestD087_ARecordThatAnswersAnybody: whoever reaches it can read it. The
// agent says so, once, and goes on.
func TestD087_ARecordThatAnswersAnybody(t *testing.T) {
	const warning = "the national record answers who does not sign in"
	t.Run("open", func(t *testing.T) {
		s := startServersFor(t, 3, startNEHR(t))
		if _, log := s.sync(t); strings.Count(log, warning) != 1 {
			t.Errorf("the log does not say it once:\n%s", log)
		}
	})
	t.Run("closed", func(t *testing.T) {
		b := newFaultBench(t, 3)
		mustDo(t, b.db.Close())
		if code, _, log := b.once(t); code != exitDone || strings.Contains(log, warning) {
			t.Errorf("exit code %d:\n%s", code, log)
		}
	})
	t.Run("a page of a proxy is no answer", func(t *testing.T) {
		b := newFaultBench(t, 3)
		mustDo(t, b.db.Close())
		b.nehrGate.set(func(r *http.Request, _ []byte) bool { return r.Header.Get("Authorization") == "" }, say(200, "text/html", page))
		if code, _, log := b.once(t); code != exitDone || strings.Contains(log, warning) {
			t.Errorf("exit code %d:\n%s", code, log)
		}
	})
	t.Run("nobody is asked for", func(t *testing.T) {
		b := newFaultBench(t, 3)
		mustDo(t, b.db.Close())
		if code, _, log := b.once(t); code != exitDone {
			t.Fatal(log)
		}
		asked := 0
		for _, r := range b.nehrGate.requests() {
			if bytes.Contains(r.body, []byte("_summary=count")) {
				asked++
			}
		}
		if asked != 1 {
			t.Errorf("asked %d times without credentials for a count, want once", asked)
		}
	})
}
