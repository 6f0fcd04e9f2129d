package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	nehrsandbox "github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// watchedNEHR is a record whose look-ups and writes are counted, and that can
// be broken.
type watchedNEHR struct {
	*nehrsandbox.Server
	url      string
	requests atomic.Int64
}

func startWatchedNEHR(t *testing.T) *watchedNEHR {
	t.Helper()
	s, err := nehrsandbox.New(nehrsandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	w := &watchedNEHR{Server: s}
	web := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.TrimSuffix(r.URL.Path, "/") == "/fhir" { // batches and transactions: no look goes without
			w.requests.Add(1)
		}
		s.Handler().ServeHTTP(rw, r)
	}))
	t.Cleanup(func() { web.Close(); s.Close() })
	w.url = web.URL + "/fhir"
	return w
}

// TestUnchangedIsNotLookedUp: what was made of the very same document, context,
// map and settings asks nothing of the record; a change of any does.
func TestUnchangedIsNotLookedUp(t *testing.T) {
	record := startWatchedNEHR(t)
	s := startServersFor(t, 6, record.url)
	first, _ := s.sync(t)
	requests := func(f func()) int64 {
		before := record.requests.Load()
		f()
		return record.requests.Load() - before
	}

	// The sandbox prints its arrays in another order each time.
	g := s.agent(t)
	if n, err := g.ledger.MarkProgram(t.Context(), g.served[0], false); err != nil || n != first.Entities {
		t.Fatalf("marked %d of %d: %v", n, first.Entities, err)
	}
	var again counts
	if n := requests(func() { again, _ = s.sync(t) }); n != 0 || again.Unchanged != first.Written+first.Unchanged {
		t.Errorf("nothing changed: %d requests to the record, counts %+v after %+v; want none and all unchanged", n, again, first)
	}

	// Another setting: everything is looked at, and what it decides is written.
	s.env = append(s.env, "NEHRBRIDGE_MAPPING_NAMES=split-last")
	c, log := s.sync(t)
	if c.Written != first.Written || !strings.Contains(log, "looked at again") {
		t.Errorf("another setting: counts %+v, want %d written again", c, first.Written)
	}
	if n := requests(func() { s.sync(t) }); n != 0 {
		t.Errorf("the same setting again: %d requests to the record, want none", n)
	}

	// Another value.
	mustDo(t, s.dhis2.SetAttribute(dhis2.MustUID("SbxMother01"), dhis2.MustUID("IrUmPkFMDU5"), "SBX2TEST001"))
	if n := requests(func() { c, _ = s.sync(t) }); n == 0 || c.Written != 1 {
		t.Errorf("one mother changed: %d requests to the record and counts %+v, want one written", n, c)
	}

	// Touched: another time of change, and the same as before. Twice, since what
	// is remembered then has to be right too.
	for range 2 {
		s.dhis2.Advance(time.Second)
		mustDo(t, s.dhis2.SetAttribute(dhis2.MustUID("SbxMother01"), dhis2.MustUID("IrUmPkFMDU5"), "SBX2TEST001"))
		if n := requests(func() { c, _ = s.sync(t) }); n != 0 || c.Unchanged != 1 {
			t.Errorf("one mother touched: %d requests to the record and counts %+v, want none and one unchanged", n, c)
		}
	}
}

// TestD078_DeadLettersComeBackWithACorrectedMap: what the record refused
// because of the map is tried again by itself when the map is corrected, and
// when the entity changes.
func TestD078_DeadLettersComeBackWithACorrectedMap(t *testing.T) {
	record := startWatchedNEHR(t)
	s := startServersFor(t, 6, record.url)
	maps := filepath.Join(t.TempDir(), "province.yaml")
	write := func(display string) {
		t.Helper()
		overlay := "extends: lk-anc\nstages:\n  - uid: GX0z9IXFaso\n    elements:\n" +
			"      - {uid: cw35l7X4hnV, code: {system: loinc, code: 718-7, display: \"" + display + "\"}}\n"
		mustDo(t, os.WriteFile(maps, []byte(overlay), 0o600))
	}
	s.env = append(s.env, "NEHRBRIDGE_MAPS="+maps)
	write("Wrong words")
	refused := func(r *http.Request, body []byte) bool {
		return nehrsandbox.Transactions(r, body) && strings.Contains(string(body), "Wrong words")
	}
	record.Break(1, nehrsandbox.Fault{Kind: nehrsandbox.FailBefore, Status: http.StatusUnprocessableEntity, Match: refused})
	s.command(t, exitFound, "sync", "--once")
	letters := func() int {
		return strings.Count(s.command(t, exitDone, "dead-letters", "list", "--class", "dead-letter"), "\n")
	}
	before := letters()
	if before == 0 {
		t.Fatal("nothing was refused")
	}
	// The same map does not knock again.
	n := record.requests.Load()
	s.dhis2.Advance(1 << 40) // more than the overlap: nothing changed in DHIS2 either
	s.sync(t)
	if record.requests.Load() != n || letters() != before {
		t.Errorf("the same map: %d dead letters after %d, and the record was asked", letters(), before)
	}
	write("Hemoglobin [Mass/volume] in Blood")
	if c, _ := s.sync(t); c.Written < before || letters() != 0 {
		t.Errorf("the corrected map: counts %+v and %d dead letters, want %d written and none left", c, letters(), before)
	}
}

// TestD079_NoHashAfterACrash: a process that dies after it has sent leaves no
// hash behind that would hide what it has changed.
func TestD079_NoHashAfterACrash(t *testing.T) {
	s := startServersFor(t, 4, startNEHR(t))
	s.sync(t)
	event, value := s.correctHaemoglobin(t, s.held(t))
	uid := s.whose(t, about(s.held(t), "Observation", event+"-cw35l7X4hnV"))

	g := s.agent(t)
	mustDo(t, g.ledger.MarkDirty(t.Context(), changes.Change{TrackedEntity: uid}))
	claims, err := g.ledger.Claim(t.Context(), 1)
	if err != nil || len(claims) != 1 || claims[0].Hash == "" {
		t.Fatalf("%d claims, want one with the hash of what was written: %v", len(claims), err)
	}
	if _, err := g.consume(t.Context(), claims[0]); err != nil {
		t.Fatal(err)
	}
	got := about(s.held(t), "Observation", event+"-cw35l7X4hnV")
	if got.Get("valueQuantity", "value").Scalar() != value {
		t.Fatal("the change was not written")
	}
	// It dies here. The next one must not believe what was written before.
	mustDo(t, g.ledger.Release(t.Context(), claims[0]))
	if claims, err = g.ledger.Claim(t.Context(), 1); err != nil || len(claims) != 1 || claims[0].Hash != "" {
		t.Errorf("after the crash: hash %q, want none (%v)", claims[0].Hash, err)
	}
}

// agent is one with the settings of the test's servers, ready to work.
func (s *testServers) agent(t *testing.T) *agent {
	t.Helper()
	settings, err := config.Load("", s.env)
	if err != nil {
		t.Fatal(err)
	}
	g, err := newAgent(t.Context(), settings, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.close() })
	if _, _, err := g.prepare(t.Context(), changes.PollConfig{}); err != nil {
		t.Fatal(err)
	}
	return g
}

// whose is the tracked entity of a resource about a Patient.
func (s *testServers) whose(t *testing.T, r *fhirjson.Value) dhis2.UID {
	t.Helper()
	for _, p := range s.patients(t) {
		if r.Get("subject", "reference").Str() != "Patient/"+p.Get("id").Str() {
			continue
		}
		for _, id := range p.Get("identifier").Items() {
			if id.Get("system").Str() == "urn:dhis2:trackedEntity" {
				return dhis2.MustUID(id.Get("value").Str())
			}
		}
	}
	t.Fatal("the resource is about none of the mothers")
	return dhis2.UID{}
}
