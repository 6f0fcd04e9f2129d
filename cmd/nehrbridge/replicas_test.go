package main

import (
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// replica is one of several agents at one ledger.
type replica struct {
	agent   *agent
	runner  *changes.Runner
	carried []dhis2.UID
}

// newReplicas makes agents that share a ledger on PostgreSQL; the first of
// them has looked for changes.
func newReplicas(t testing.TB, n int, database, dhis2Address, nehr string) []*replica {
	t.Helper()
	replicas := make([]*replica, n)
	for i := range replicas {
		s, err := config.Load("", []string{
			"NEHRBRIDGE_DHIS2_URL=" + dhis2Address, "NEHRBRIDGE_DHIS2_TOKEN=" + dhis2sandbox.DefaultToken,
			"NEHRBRIDGE_NEHR_URL=" + nehr, "NEHRBRIDGE_DATA_DIR=" + t.TempDir(), "NEHRBRIDGE_LEDGER_URL=" + database,
		})
		if err != nil {
			t.Fatal(err)
		}
		g, err := newAgent(t.Context(), s, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = g.close() })
		poller, _, err := g.prepare(t.Context(), changes.PollConfig{})
		if err != nil {
			t.Fatal(err)
		}
		r := &replica{agent: g}
		r.runner, err = changes.NewRunner(changes.RunConfig{Ledger: g.ledger, Consumer: g.consume, Done: func(try changes.Try) {
			if try.Err != nil {
				t.Error(try.Err)
			}
			r.carried = append(r.carried, try.TrackedEntity)
		}})
		if err != nil {
			t.Fatal(err)
		}
		replicas[i] = r
		if i == n-1 {
			for _, program := range g.served {
				if _, err := poller.Sweep(t.Context(), program); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return replicas
}

// drainAll has all replicas work until nothing is left.
func drainAll(t testing.TB, replicas []*replica) {
	t.Helper()
	var all sync.WaitGroup
	for _, r := range replicas {
		all.Go(func() {
			if _, err := r.runner.Once(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// TestReplicasShareTheWork: of three agents at one ledger on PostgreSQL each
// does a part, none does what another did, and nothing is written twice.
func TestReplicasShareTheWork(t *testing.T) {
	const mothers = 150
	cluster := postgrestest.Start(t)
	s, err := benchDHIS2(mothers, 0)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	defer web.Close()
	record := newMemoryNEHR()
	nehr := httptest.NewServer(record)
	defer nehr.Close()
	replicas := newReplicas(t, 3, cluster.Database(t), web.URL, nehr.URL+"/fhir")
	drainAll(t, replicas)

	by := map[dhis2.UID]int{}
	for i, r := range replicas {
		for _, uid := range r.carried {
			if other, twice := by[uid]; twice {
				t.Errorf("replicas %d and %d both carried %s", other, i, uid)
			}
			by[uid] = i
		}
		t.Logf("replica %d carried %d of %d", i, len(r.carried), mothers)
		if len(r.carried) < mothers/10 {
			t.Errorf("replica %d carried %d of %d: that is no fair part", i, len(r.carried), mothers)
		}
	}
	if len(by) != mothers {
		t.Errorf("%d of %d were carried", len(by), mothers)
	}
	var owned []string // the shared ones are merged, and may be written by each
	for _, name := range record.rewritten() {
		if typ, _, _ := strings.Cut(name, "/"); typ == "Encounter" || typ == "Observation" || typ == "Condition" {
			owned = append(owned, name)
		}
	}
	if len(owned) > 0 {
		t.Errorf("written more than once: %v", owned)
	}
}

// BenchmarkReplicas is the rate of one and of three agents at one ledger on
// PostgreSQL; they share the processors with each other and with the servers.
// One operation is a round of 300 mothers.
func BenchmarkReplicas(b *testing.B) {
	const mothers = 300
	for _, n := range []int{1, 3} {
		b.Run(map[int]string{1: "one", 3: "three"}[n], func(b *testing.B) {
			cluster := postgrestest.Start(b)
			p := startPeers(b, mothers)
			var took time.Duration
			rounds := 0
			for b.Loop() {
				b.StopTimer()
				replicas := newReplicas(b, n, cluster.Database(b), p.DHIS2, p.Forgets)
				began := time.Now()
				b.StartTimer()
				drainAll(b, replicas)
				took += time.Since(began)
				rounds++
			}
			b.ReportMetric(float64(rounds*mothers)/took.Seconds(), "entities/s")
		})
	}
}
