package main

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/dhis2"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	nehrsandbox "github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// servers of a test: a DHIS2 sandbox with invented mothers and an NEHR.
type testServers struct {
	dhis2   *dhis2sandbox.Server
	env     []string
	nehr    *client.Client
	mothers string // how their UIDs begin, before two digits; "SbxMother" where empty
}

func startDHIS2(t *testing.T, mothers int) (*dhis2sandbox.Server, string) {
	t.Helper()
	s, err := dhis2sandbox.New(dhis2sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	set, err := dhis2sandbox.Demo(dhis2sandbox.DemoConfig{Mothers: mothers, Now: time.Date(2026, 3, 10, 6, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Load(set); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	t.Cleanup(web.Close)
	return s, web.URL
}

func startNEHR(t *testing.T) string {
	t.Helper()
	s, err := nehrsandbox.New(nehrsandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() { web.Close(); s.Close() })
	return web.URL + "/fhir"
}

func startServersFor(t *testing.T, mothers int, nehr string) *testServers {
	t.Helper()
	d, address := startDHIS2(t, mothers)
	c, err := client.New(client.Config{BaseURL: nehr})
	if err != nil {
		t.Fatal(err)
	}
	return &testServers{dhis2: d, env: []string{
		"NEHRBRIDGE_DHIS2_URL=" + address, "NEHRBRIDGE_DHIS2_TOKEN=" + dhis2sandbox.DefaultToken, "NEHRBRIDGE_NEHR_URL=" + nehr,
		"NEHRBRIDGE_DATA_DIR=" + t.TempDir(),
	}, nehr: c}
}

// sync runs `nehrbridge sync --once` and gives the counts and what was logged.
func (s *testServers) sync(t *testing.T) (counts, string) {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"sync", "--once"}, stdio{strings.NewReader(""), &out, &errs, s.env}); code != 0 {
		t.Fatalf("sync --once: exit code %d\n%s", code, errs.String())
	}
	var c counts
	if err := json.Unmarshal(out.Bytes(), &c); err != nil {
		t.Fatal(err)
	}
	return c, errs.String()
}

// held is what the NEHR holds of these mothers: each resource by type and
// business identifier.
func (s *testServers) held(t *testing.T) map[string]*fhirjson.Value {
	t.Helper()
	held := map[string]*fhirjson.Value{}
	keep := func(r *fhirjson.Value) {
		name := r.Get("resourceType").Str() + "/" + r.Get("id").Str()
		held[name] = r
	}
	for _, p := range s.patients(t) {
		keep(p)
		for _, typ := range aboutHer {
			found, err := s.nehr.Search(t.Context(), typ, url.Values{"patient": {"Patient/" + p.Get("id").Str()}, "_count": {"200"}})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range found.Resources {
				keep(r)
			}
		}
	}
	return held
}

// patients are those of the sandbox's tracked entities, whoever else is there.
func (s *testServers) patients(t *testing.T) []*fhirjson.Value {
	t.Helper()
	var out []*fhirjson.Value
	for i := range 30 {
		uid := fmt.Sprintf("%s%02d", cmp.Or(s.mothers, "SbxMother"), i)
		found, err := s.nehr.Search(t.Context(), "Patient", url.Values{"identifier": {"urn:dhis2:trackedEntity|" + uid}})
		if err != nil {
			t.Fatal(err)
		}
		if len(found.Resources) > 1 {
			t.Fatalf("tracked entity %s is %d Patients", uid, len(found.Resources))
		}
		out = append(out, found.Resources...)
	}
	return out
}

func versions(held map[string]*fhirjson.Value) map[string]string {
	v := map[string]string{}
	for name, r := range held {
		v[name] = r.Get("meta", "versionId").Str()
	}
	return v
}

// TestSyncSandbox and TestSyncHAPI: run twice, the second run changes no
// version; a corrected value changes exactly that resource.
func TestSyncSandbox(t *testing.T) { testSync(t, startServersFor(t, 25, startNEHR(t))) }

func TestSyncHAPI(t *testing.T) {
	address := os.Getenv("HAPI_URL")
	if address == "" {
		needs(t, "a HAPI FHIR server: start ../shared/oracle/hapi/run.sh and set HAPI_URL")
	}
	testSync(t, startServersOfOwn(t, 12, address))
}

// needs skips a test that lacks a part of the surroundings, or fails it where
// everything must be there.
func needs(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("REQUIRE_ALL") == "1" {
		t.Fatalf("this test needs %s (REQUIRE_ALL=1)", what)
	}
	t.Skipf("this test needs %s", what)
}

func testSync(t *testing.T, s *testServers) {
	first, log := s.sync(t)
	if first.Entities < 5 || first.DeadLetters > 0 || first.Review > 0 || first.Written+first.Unchanged+first.Quarantined != first.Entities {
		t.Fatalf("first run: %+v", first)
	}
	before := s.held(t)
	if len(before) < 50 {
		t.Fatalf("the NEHR holds %d resources of the mothers", len(before))
	}
	for _, value := range []string{"Udaharana", "SBX2", "Mathiripuram"} {
		if strings.Contains(log, value) {
			t.Errorf("the log holds a value of a person (%s…)", value[:3])
		}
	}

	second, _ := s.sync(t)
	if second.Written != 0 || second.Retracted != 0 || second.DeadLetters != 0 {
		t.Errorf("second run: %+v after %+v: nothing changed in DHIS2", second, first)
	}
	if diff := gocmp.Diff(versions(before), versions(s.held(t))); diff != "" {
		t.Errorf("the second run changed versions (-first +second):\n%s", diff)
	}

	event, value := s.correctHaemoglobin(t, before)
	third, _ := s.sync(t)
	if third.Written != 1 {
		t.Errorf("after one corrected value: %+v, want one entity written", third)
	}
	var changed []string
	after := s.held(t)
	for name, v := range versions(after) {
		if v != before[name].Get("meta", "versionId").Str() {
			changed = append(changed, name)
		}
	}
	if len(changed) != 1 {
		t.Fatalf("changed: %v, want exactly the corrected Observation", changed)
	}
	got := after[changed[0]]
	if got.Get("valueQuantity", "value").Scalar() != value || !strings.Contains(string(got.Encode()), event+"-cw35l7X4hnV") {
		t.Errorf("the changed resource is not the corrected Observation of event %s", event)
	}
}

// correctHaemoglobin changes one haemoglobin value in DHIS2 to one that it did
// not have, and gives the event and the new value.
func (s *testServers) correctHaemoglobin(t *testing.T, held map[string]*fhirjson.Value) (event, value string) {
	t.Helper()
	for _, r := range held {
		for _, id := range r.Get("identifier").Items() {
			uid, found := strings.CutSuffix(id.Get("value").Str(), "-cw35l7X4hnV")
			if !found || r.Get("resourceType").Str() != "Observation" {
				continue
			}
			value = "10.50"
			if r.Get("valueQuantity", "value").Scalar() == value {
				value = "11.30"
			}
			// A server that keeps what earlier tests wrote may hold visits
			// that this DHIS2 has not.
			if s.dhis2.SetValue(dhis2.MustUID(uid), dhis2.MustUID("cw35l7X4hnV"), value) == nil {
				return uid, value
			}
		}
	}
	t.Fatal("no mother has a haemoglobin")
	return "", ""
}

// content is what a record says, without what a server adds: ids of shared
// resources, versions and times.
func content(held map[string]*fhirjson.Value) map[string]string {
	out := map[string]string{}
	for _, r := range held {
		r = r.Clone()
		r.Delete("meta")
		r.Strings(func(field, text string) string {
			if field == "reference" {
				typ, _, _ := strings.Cut(text, "/")
				return typ
			}
			return text
		})
		r.Delete("id")
		key := r.Get("resourceType").Str()
		for _, id := range r.Get("identifier").Items() {
			key += " " + id.Get("system").Str() + "|" + id.Get("value").Str()
		}
		out[key] = string(r.Canonical())
	}
	return out
}
