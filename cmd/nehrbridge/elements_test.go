package main

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// TestD080_EveryElementSetCorrectedClearedRestored: every data element of the
// Sri Lankan map is said, said otherwise, cleared and said again, and each
// time the record holds what DHIS2 says now: no more, no less.
func TestD080_EveryElementSetCorrectedClearedRestored(t *testing.T) {
	t.Run("sandbox", func(t *testing.T) { testElements(t, startServersFor(t, 6, startNEHR(t)), true) })
	t.Run("HAPI", func(t *testing.T) {
		address := os.Getenv("HAPI_URL")
		if address == "" {
			needs(t, "a HAPI FHIR server: start ../shared/oracle/hapi/run.sh and set HAPI_URL")
		}
		testElements(t, startServersOfOwn(t, 6, address), false)
	})
}

// saidValues are a value of each type and another one.
var saidValues = map[dhis2.ValueType][2]string{
	"BOOLEAN": {"true", "false"}, "TRUE_ONLY": {"true", ""}, "INTEGER": {"2", "3"}, "INTEGER_POSITIVE": {"21", "23"},
	"NUMBER": {"10.5", "11.25"}, "DATE": {"2026-01-05", "2026-01-07"}, "TEXT": {"first said", "then said"}, "LONG_TEXT": {"first said", "then said"},
}

// stated is a data element in an event.
type stated struct {
	event, element dhis2.UID
	kind           mapper.Kind
	typ            dhis2.ValueType
}

func testElements(t *testing.T, s *testServers, compare bool) {
	lk, err := config.Maps(nil)
	mustDo(t, err)
	m := lk[slices.IndexFunc(lk, func(m *mapper.Map) bool { return m.Name == "lk-anc" })]
	all := s.oneEventOfEachStage(t, m)

	step := func(value func(stated) string) map[stated]map[string]string {
		t.Helper()
		for _, e := range all {
			mustDo(t, s.dhis2.SetValue(e.event, e.element, value(e)))
		}
		if c, log := s.sync(t); c.DeadLetters+c.Review > 0 {
			t.Fatalf("%+v\n%s", c, log)
		}
		held := active(s.held(t))
		if compare {
			fresh := &testServers{dhis2: s.dhis2, env: slices.Clone(s.env)}
			nehr := startNEHR(t)
			fresh.env = append(fresh.env, "NEHRBRIDGE_NEHR_URL="+nehr, "NEHRBRIDGE_DATA_DIR="+t.TempDir())
			fresh.nehr = newRecordClient(t, nehr)
			fresh.sync(t)
			want, got := content(active(fresh.held(t))), content(held)
			maps.DeleteFunc(got, func(key, _ string) bool { return strings.HasPrefix(key, "Patient ") }) // holds what it learned
			maps.DeleteFunc(want, func(key, _ string) bool { return strings.HasPrefix(key, "Patient ") })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the record is not what a new one would hold (-new +this):\n%.3000s", diff)
			}
		}
		out := map[stated]map[string]string{}
		for key, text := range content(held) {
			for _, e := range all {
				if strings.Contains(key, e.element.String()) && (strings.Contains(key, e.event.String()) || e.kind == mapper.KindCourse) {
					if out[e] == nil {
						out[e] = map[string]string{}
					}
					out[e][key] = text
				}
			}
		}
		return out
	}
	said := step(func(e stated) string { return saidValues[e.typ][0] })
	otherwise := step(func(e stated) string { return saidValues[e.typ][1] })
	cleared := step(func(stated) string { return "" })
	again := step(func(e stated) string { return saidValues[e.typ][0] })
	looked := 0
	for _, e := range all {
		name := e.event.String() + "-" + e.element.String() + " (" + string(e.kind) + ")"
		if e.kind == mapper.KindSystolic || e.kind == mapper.KindDiastolic || e.kind == mapper.KindReferralReason {
			continue // in resources together with others: compared as a whole above
		}
		looked++
		if len(said[e]) == 0 {
			t.Errorf("%s: said, and not in the record", name)
		}
		if cmp.Equal(said[e], otherwise[e]) && e.kind != mapper.KindCourse { // of other visits too
			t.Errorf("%s: said otherwise, and the record is the same", name)
		}
		if len(cleared[e]) > 0 && e.kind != mapper.KindCourse {
			t.Errorf("%s: cleared, and the record still says it", name)
		}
		if diff := cmp.Diff(said[e], again[e]); diff != "" && e.kind != mapper.KindCourse {
			t.Errorf("%s: said again, and the record differs:\n%s", name, diff)
		}
	}
	if looked < 35 {
		t.Errorf("%d elements were looked at", looked)
	}
}

// active are the resources that stand as true.
func active(held map[string]*fhirjson.Value) map[string]*fhirjson.Value {
	out := map[string]*fhirjson.Value{}
	for name, r := range held {
		wrong := r.Get("status").Str() == "entered-in-error"
		for _, c := range r.Get("verificationStatus", "coding").Items() {
			wrong = wrong || c.Get("code").Str() == "entered-in-error"
		}
		if !wrong {
			out[name] = r
		}
	}
	return out
}

// oneEventOfEachStage finds a mother with a completed event in every stage,
// and gives each data element that the map sends from one of them.
func (s *testServers) oneEventOfEachStage(t *testing.T, m *mapper.Map) []stated {
	t.Helper()
	c, err := api.New(api.Config{BaseURL: strings.TrimPrefix(s.env[0], "NEHRBRIDGE_DHIS2_URL="), Token: defaultToken})
	mustDo(t, err)
	for te, err := range c.AllTrackedEntities(t.Context(), api.Query{Program: m.Program, Fields: mapper.Fields}) {
		mustDo(t, err)
		var out []stated
		stages := map[dhis2.UID]bool{}
		for _, en := range te.Enrollments {
			for _, ev := range en.Events {
				i := slices.IndexFunc(m.Stages, func(st mapper.Stage) bool { return st.UID == ev.ProgramStage })
				if i < 0 || ev.Status != dhis2.EventCompleted || stages[ev.ProgramStage] {
					continue
				}
				stages[ev.ProgramStage] = true
				for _, e := range m.Stages[i].Elements {
					if e.Kind != mapper.KindNone {
						out = append(out, stated{ev.Event, e.UID, e.Kind, e.Type})
					}
				}
			}
		}
		if len(stages) == len(m.Stages) {
			return out
		}
	}
	t.Fatal("no mother has a completed event in every stage")
	return nil
}

func newRecordClient(t *testing.T, base string) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{BaseURL: base})
	mustDo(t, err)
	return c
}
