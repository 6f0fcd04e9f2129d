package main

import (
	"os"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// TestD001_D077_D080_Corrections changes DHIS2 in each way that makes facts
// untrue, and demands that the record says so: no active wrong fact is left,
// and nothing else is touched.
func TestD001_D077_D080_Corrections(t *testing.T) {
	t.Run("sandbox", func(t *testing.T) { testCorrections(t, startServersFor(t, 12, startNEHR(t))) })
	t.Run("HAPI", func(t *testing.T) {
		address := os.Getenv("HAPI_URL")
		if address == "" {
			needs(t, "a HAPI FHIR server: start ../shared/oracle/hapi/run.sh and set HAPI_URL")
		}
		testCorrections(t, startServersOfOwn(t, 12, address))
	})
}

// about finds what was made of an event's data element, or of an event where
// element is empty.
func about(held map[string]*fhirjson.Value, typ, identifier string) *fhirjson.Value {
	for _, r := range held {
		for _, id := range r.Get("identifier").Items() {
			if r.Get("resourceType").Str() == typ && id.Get("value").Str() == identifier {
				return r
			}
		}
	}
	return nil
}

// pick finds a resource of a type whose identifier ends in a data element, and
// gives the event.
func (s *testServers) pick(t *testing.T, held map[string]*fhirjson.Value, typ, element string, usable func(*fhirjson.Value) bool) (dhis2.UID, string) {
	t.Helper()
	for _, r := range held {
		for _, id := range r.Get("identifier").Items() {
			event, ok := strings.CutSuffix(id.Get("value").Str(), "-"+element)
			if ok && r.Get("resourceType").Str() == typ && usable(r) && s.has(event) {
				return dhis2.MustUID(event), id.Get("value").Str()
			}
		}
	}
	t.Fatalf("no %s was made of %s", typ, element)
	return dhis2.UID{}, ""
}

// has reports whether the DHIS2 of the test has an event: a server that keeps
// what earlier tests wrote may hold others.
func (s *testServers) has(event string) bool {
	return s.dhis2.SetEventStatus(dhis2.MustUID(event), dhis2.EventCompleted) == nil
}

func testCorrections(t *testing.T, s *testServers) {
	s.sync(t)
	final := func(r *fhirjson.Value) bool { return r.Get("status").Str() == "final" }
	active := func(r *fhirjson.Value) bool {
		return r.Get("verificationStatus", "coding").Items()[0].Get("code").Str() == "confirmed"
	}
	held := s.held(t)

	t.Run("cleared value", func(t *testing.T) {
		event, id := s.pick(t, held, "Observation", "Sx8XEKmdhFf", final)
		mustDo(t, s.dhis2.SetValue(event, dhis2.MustUID("Sx8XEKmdhFf"), ""))
		if c, _ := s.sync(t); c.Retracted != 1 {
			t.Errorf("counts %+v, want one retracted", c)
		}
		if got := about(s.held(t), "Observation", id).Get("status").Str(); got != "entered-in-error" {
			t.Errorf("status %q, want entered-in-error", got)
		}
	})
	t.Run("said again", func(t *testing.T) {
		event, id := s.pick(t, s.held(t), "Observation", "Sx8XEKmdhFf", func(r *fhirjson.Value) bool { return !final(r) })
		mustDo(t, s.dhis2.SetValue(event, dhis2.MustUID("Sx8XEKmdhFf"), "true"))
		s.sync(t)
		got := about(s.held(t), "Observation", id)
		if got.Get("status").Str() != "final" || got.Get("valueCodeableConcept", "coding").Items()[0].Get("code").Str() != "52101004" {
			t.Errorf("status %q, want final and Present", got.Get("status").Str())
		}
	})
	t.Run("true to false", func(t *testing.T) {
		for _, element := range []string{"D5khklwbOPt", "plTkCmySMzT", "R4EnBNPKblS", "MQ2Hi22F8Uj"} {
			event, id := s.pick(t, s.held(t), "Condition", element, active)
			mustDo(t, s.dhis2.SetValue(event, dhis2.MustUID(element), "false"))
			s.sync(t)
			got := about(s.held(t), "Condition", id)
			if got.Get("verificationStatus", "coding").Items()[0].Get("code").Str() != "entered-in-error" || got.Get("clinicalStatus") != nil {
				t.Errorf("%s: the disease still stands", element)
			}
		}
	})
	t.Run("un-completed event", func(t *testing.T) {
		event, _ := s.pick(t, s.held(t), "Observation", "cw35l7X4hnV", final)
		mustDo(t, s.dhis2.Uncomplete(event))
		s.sync(t)
		s.noneOf(t, event)
		mustDo(t, s.dhis2.Complete(event))
		s.sync(t)
		if got := about(s.held(t), "Encounter", event.String()).Get("status").Str(); got != "finished" {
			t.Errorf("completed again: the Encounter is %q", got)
		}
	})
	t.Run("deleted event", func(t *testing.T) {
		event, _ := s.pick(t, s.held(t), "Observation", "cw35l7X4hnV", final)
		mustDo(t, s.dhis2.DeleteEvent(event))
		s.sync(t)
		s.noneOf(t, event)
	})
	t.Run("deleted tracked entity", func(t *testing.T) {
		before := s.patients(t)
		uid := ""
		for _, id := range before[0].Get("identifier").Items() {
			if id.Get("system").Str() == "urn:dhis2:trackedEntity" {
				uid = id.Get("value").Str()
			}
		}
		id := before[0].Get("id").Str()
		mustDo(t, s.dhis2.Delete(dhis2.MustUID(uid)))
		s.sync(t)
		found, err := s.nehr.Read(t.Context(), "Patient", id)
		if err != nil {
			t.Fatalf("the Patient is gone: %v", err)
		}
		text := string(found.Resource.Encode())
		if strings.Contains(text, "urn:dhis2:trackedEntity") || !strings.Contains(text, "identifier/phn") {
			t.Error("of a deleted tracked entity the DHIS2 identifier goes and the health number stays")
		}
		if len(s.patients(t)) != len(before)-1 {
			t.Errorf("%d Patients of tracked entities after, %d before", len(s.patients(t)), len(before))
		}
	})
}

// noneOf demands that no fact of an event stands as true.
func (s *testServers) noneOf(t *testing.T, event dhis2.UID) {
	t.Helper()
	seen := 0
	for name, r := range s.held(t) {
		for _, id := range r.Get("identifier").Items() {
			if v := id.Get("value").Str(); v != event.String() && !strings.HasPrefix(v, event.String()+"-") {
				continue
			}
			seen++
			status := r.Get("status").Str()
			for _, c := range r.Get("verificationStatus", "coding").Items() {
				status = c.Get("code").Str()
			}
			if status != "entered-in-error" {
				t.Errorf("%s of event %s is %q, want entered-in-error", name, event, status)
			}
		}
	}
	if seen < 2 {
		t.Errorf("%d resources of event %s were looked at", seen, event)
	}
}

func mustDo(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
