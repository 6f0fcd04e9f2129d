package main

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	gocmp "github.com/google/go-cmp/cmp"

	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

var demoUID = regexp.MustCompile(`Sbx(Mother|Enr|Ev)`)

// startServersOfOwn is startServersFor with mothers whom no other test has: a
// record that keeps what earlier tests wrote knows none of them.
func startServersOfOwn(t *testing.T, mothers int, nehr string) *testServers {
	t.Helper()
	letters := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "BCDFGHJKMPQRTVWXY"[rand.N(17)]
		}
		return string(b)
	}
	set, err := dhis2sandbox.Demo(dhis2sandbox.DemoConfig{Mothers: mothers, Now: time.Date(2026, 3, 10, 6, 0, 0, 0, time.UTC)})
	mustDo(t, err)
	text, err := json.Marshal(set.TrackedEntities)
	mustDo(t, err)
	own := letters(3)
	text = demoUID.ReplaceAll(text, []byte(own+"$1"))
	text = bytes.ReplaceAll(text, []byte(`"SBX2`), []byte(`"`+letters(4)))
	set.TrackedEntities = nil
	mustDo(t, json.Unmarshal(text, &set.TrackedEntities))
	d, err := dhis2sandbox.New(dhis2sandbox.Config{})
	mustDo(t, err)
	mustDo(t, d.Load(set))
	web := httptest.NewServer(d.Handler())
	t.Cleanup(web.Close)
	c, err := client.New(client.Config{BaseURL: nehr})
	mustDo(t, err)
	return &testServers{dhis2: d, nehr: c, mothers: own + "Mother", env: []string{
		"NEHRBRIDGE_DHIS2_URL=" + web.URL, "NEHRBRIDGE_DHIS2_TOKEN=" + dhis2sandbox.DefaultToken, "NEHRBRIDGE_NEHR_URL=" + nehr,
		"NEHRBRIDGE_DATA_DIR=" + t.TempDir(),
	}}
}

// lines reads JSON lines.
func lines[T any](t *testing.T, text string) []T {
	t.Helper()
	var out []T
	for line := range strings.Lines(text) {
		var v T
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		out = append(out, v)
	}
	return out
}

// onBoth runs a test on the sandbox, and on real HAPI where there is one.
func onBoth(t *testing.T, mothers int, test func(t *testing.T, s *testServers)) {
	t.Run("sandbox", func(t *testing.T) { test(t, startServersOfOwn(t, mothers, startNEHR(t))) })
	t.Run("HAPI", func(t *testing.T) {
		address := os.Getenv("HAPI_URL")
		if address == "" {
			needs(t, "a HAPI FHIR server: start ../shared/oracle/hapi/run.sh and set HAPI_URL")
		}
		test(t, startServersOfOwn(t, mothers, address))
	})
}

// planted are differences put into the record by hand, each at another mother.
type planted struct {
	value, deleted, orphan, patient string    // Type/id
	of                              [4]string // the mothers, in that order
	others                          []string  // what others wrote: to be left alone
}

// put writes a resource as another system would.
func (s *testServers) put(t *testing.T, r *fhirjson.Value) {
	t.Helper()
	if _, err := s.nehr.Update(t.Context(), r.Get("resourceType").Str(), r.Get("id").Str(), r.Encode(), ""); err != nil {
		t.Fatal(err)
	}
}

func (s *testServers) plant(t *testing.T) planted {
	t.Helper()
	held := s.held(t)
	var p planted
	byMother := map[string]map[string]*fhirjson.Value{} // one of each kind
	for _, name := range slices.Sorted(maps.Keys(held)) {
		r := held[name]
		mother := cmp.Or(r.Get("subject", "reference").Str(), r.Get("for", "reference").Str())
		kind := r.Get("resourceType").Str()
		switch {
		case kind == "Patient":
			mother = name
		case kind == "Observation" && strings.HasSuffix(r.Get("identifier").Items()[0].Get("value").Str(), "-cw35l7X4hnV"):
			kind = "haemoglobin"
		}
		if byMother[mother] == nil {
			byMother[mother] = map[string]*fhirjson.Value{}
		}
		byMother[mother][kind] = r
	}
	mothers := slices.Sorted(maps.Keys(byMother))
	// The record draws the Patients' ids, so who comes first differs from run to
	// run. Where DHIS2 knows no birth date, one that a registry adds is not ours
	// to take away, and so no difference.
	mothers = slices.DeleteFunc(mothers, func(m string) bool {
		return byMother[m]["haemoglobin"] == nil || byMother[m]["Patient"].Get("birthDate").Str() == ""
	})
	if len(mothers) < 4 {
		t.Fatalf("%d mothers with a haemoglobin and a birth date", len(mothers))
	}
	for i := range p.of {
		for _, id := range byMother[mothers[i]]["Patient"].Get("identifier").Items() {
			if id.Get("system").Str() == "urn:dhis2:trackedEntity" {
				p.of[i] = id.Get("value").Str()
			}
		}
	}

	wrong := byMother[mothers[0]]["haemoglobin"].Clone()
	wrong.Get("valueQuantity").Set("value", fhirjson.Literal("19.875"))
	s.put(t, wrong)
	p.value = "Observation/" + wrong.Get("id").Str()

	gone := byMother[mothers[1]]["haemoglobin"].Get("id").Str()
	if _, err := s.nehr.Delete(t.Context(), "Observation", gone); err != nil {
		t.Fatal(err)
	}
	p.deleted = "Observation/" + gone

	orphan := byMother[mothers[2]]["haemoglobin"].Clone()
	orphan.Set("id", fhirjson.Text("planted-"+p.of[2]))
	orphan.Get("identifier").Items()[0].Set("value", fhirjson.Text("PlantedEvnt-cw35l7X4hnV"))
	orphan.Delete("encounter")
	s.put(t, orphan)
	p.orphan = "Observation/planted-" + p.of[2]

	patient := byMother[mothers[3]]["Patient"].Clone()
	patient.Set("birthDate", fhirjson.Text("1901-02-03"))
	// Beside it, what a registry writes.
	patient.Set("maritalStatus", fhirjson.Fields(fhirjson.F("text", fhirjson.Text("married"))))
	s.put(t, patient)
	p.patient = mothers[3]

	lab := byMother[mothers[0]]["haemoglobin"].Clone()
	lab.Set("id", fhirjson.Text("lab-"+p.of[0]))
	lab.Get("identifier").Items()[0].Set("system", fhirjson.Text("urn:lab"))
	s.put(t, lab)
	p.others = append(p.others, "Observation/lab-"+p.of[0])
	for _, name := range slices.Sorted(maps.Keys(held)) {
		if r := held[name]; r.Get("resourceType").Str() == "Task" && r.Get("status").Str() == "requested" {
			taken := r.Clone()
			taken.Set("status", fhirjson.Text("accepted"))
			s.put(t, taken)
			p.others = append(p.others, name)
			break
		}
	}
	return p
}

// TestD079_DryRunFindsWhatWasPlanted and writes nothing: not to the record, not
// to the ledger, which is not even made.
func TestD079_DryRunFindsWhatWasPlanted(t *testing.T) {
	onBoth(t, 12, func(t *testing.T, s *testServers) {
		// Before anything was written: everything is to be created, and no ledger.
		first := lines[entityActions](t, s.command(t, exitDone, "sync", "--dry-run"))
		created := 0
		for _, e := range first {
			for _, a := range e.Actions {
				if a.Action == "created" {
					created++
				}
			}
		}
		if created < 50 {
			t.Errorf("%d resources would be created", created)
		}
		folder := s.data()
		if files, _ := os.ReadDir(folder); len(files) != 0 {
			t.Errorf("a rehearsal has made %v", files)
		}
		if len(s.patients(t)) != 0 {
			t.Error("a rehearsal has written to the record")
		}

		s.sync(t)
		// What is quarantined is said, and is no difference.
		for _, e := range lines[entityActions](t, s.command(t, exitDone, "sync", "--dry-run")) {
			if len(e.Actions) > 0 || e.Problem == nil || e.Problem.Class != "quarantine" {
				t.Errorf("nothing differs, and yet: %+v", e)
			}
		}
		p := s.plant(t)
		held := versions(s.held(t))
		ledger, err := os.ReadFile(filepath.Join(folder, "nehrbridge.db"))
		mustDo(t, err)
		got := map[string]string{}
		text := s.command(t, exitDone, "sync", "--dry-run")
		for _, e := range lines[entityActions](t, text) {
			for _, a := range e.Actions {
				got[e.TrackedEntity.String()+" "+a.Type+"/"+a.ID] = fmt.Sprintf("%s %v %t", a.Action, a.Fields, a.Unaccounted)
			}
		}
		want := map[string]string{
			p.of[0] + " " + p.value:   "updated [valueQuantity] false",
			p.of[1] + " " + p.deleted: "created [] false",
			p.of[2] + " " + p.orphan:  "retracted [status] true",
			p.of[3] + " " + p.patient: "updated [birthDate] false",
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("differences (-planted +found):\n%s", diff)
		}
		for _, value := range []string{"19.875", "1901-", "married"} {
			if strings.Contains(text, value) {
				t.Errorf("a value of the record is printed: %s", value)
			}
		}
		if out := s.command(t, exitDone, "sync", "--once", "--dry-run"); out != "" {
			t.Errorf("nothing changed in DHIS2, and --once would look at %s", out)
		}
		if diff := gocmp.Diff(held, versions(s.held(t))); diff != "" {
			t.Errorf("a rehearsal has written to the record:\n%s", diff)
		}
		if after, err := os.ReadFile(filepath.Join(folder, "nehrbridge.db")); err != nil || !bytes.Equal(after, ledger) {
			t.Errorf("a rehearsal has changed the ledger (%v)", err)
		}
	})
}

// TestD079_ReconcileFindsAndRepairs what was planted, exactly that, and leaves
// alone what others wrote.
func TestD079_ReconcileFindsAndRepairs(t *testing.T) {
	onBoth(t, 12, func(t *testing.T, s *testServers) {
		s.sync(t)
		clean := content(s.held(t))
		out := s.command(t, exitFound, "backfill", "--reconcile")
		counts := lastLine[reconcileCounts](t, out)
		if counts.Drifting != counts.Kinds[driftAside] {
			t.Errorf("nothing drifts but what is set aside: %s", out)
		}
		aside := counts.Drifting
		p := s.plant(t)
		before := s.held(t)

		out = s.command(t, exitFound, "backfill", "--reconcile")
		counts = lastLine[reconcileCounts](t, out)
		kinds := map[driftKind]int{driftDiffers: 2, driftMissing: 1, driftOrphan: 1, driftAside: aside}
		if diff := gocmp.Diff(kinds, counts.Kinds); diff != "" || counts.Drifting != 4+aside || counts.Repaired != 0 {
			t.Errorf("report (-want +got):\n%s\n%s", diff, out)
		}
		if diff := gocmp.Diff(versions(before), versions(s.held(t))); diff != "" {
			t.Fatalf("a report has written:\n%s", diff)
		}

		out = s.command(t, exitFound, "backfill", "--reconcile", "--repair") // the quarantined mother is left
		if counts = lastLine[reconcileCounts](t, out); counts.Repaired != 4 || counts.Left != aside {
			t.Errorf("repair: %s", out)
		}
		after := s.held(t)
		var changed []string
		for name, v := range versions(after) {
			if old := before[name]; old == nil || old.Get("meta", "versionId").Str() != v {
				changed = append(changed, name)
			}
		}
		slices.Sort(changed)
		mended := []string{p.value, p.deleted, p.orphan, p.patient}
		slices.Sort(mended)
		if diff := gocmp.Diff(mended, changed); diff != "" {
			t.Errorf("changed by the repair (-planted +changed):\n%s", diff)
		}
		if got := after[p.orphan].Get("status").Str(); got != "entered-in-error" {
			t.Errorf("the orphan is %s", got)
		}
		if after[p.patient].Get("maritalStatus", "text").Str() != "married" || after[p.patient].Get("birthDate").Str() == "1901-02-03" {
			t.Error("of the Patient the registry's field stays and the birth date comes back")
		}
		// Beside what others wrote and the retracted orphan, all is as it was.
		now := content(after)
		for key, text := range clean {
			if now[key] != text && !strings.Contains(now[key], "married") && !strings.Contains(now[key], `"accepted"`) {
				t.Errorf("%s is not as it was", key)
			}
		}
		out = s.command(t, exitFound, "backfill", "--reconcile")
		if counts = lastLine[reconcileCounts](t, out); counts.Drifting != aside {
			t.Errorf("after the repair: %s", out)
		}
	})
}

func lastLine[T any](t *testing.T, text string) T {
	t.Helper()
	all := strings.Split(strings.TrimSpace(text), "\n")
	return lines[T](t, all[len(all)-1])[0]
}
