package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	nehrsandbox "github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// TestD078_ALedgerOnPostgreSQLGoesAway: a database server that is not there at
// the start, cuts its connections, or crashes between what the record has
// taken and what the ledger notes of it, costs time and nothing else: the
// agent lives on, says so, and goes on by itself.
func TestD078_ALedgerOnPostgreSQLGoesAway(t *testing.T) {
	cluster := postgrestest.Start(t, "synchronous_commit=on")
	ledger := cluster.Database(t)
	record, err := nehrsandbox.New(nehrsandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	direct := httptest.NewServer(record.Handler())
	t.Cleanup(func() { direct.Close(); record.Close() })
	nehr := newGate(t, record.Handler())
	s := startServersFor(t, 6, direct.URL+"/fhir")
	cluster.Stop(t)
	r := watching(t, append(s.env, "NEHRBRIDGE_NEHR_URL="+nehr.web.URL+"/fhir", "NEHRBRIDGE_DHIS2_POLL=1s", "NEHRBRIDGE_LEDGER_URL="+ledger)...)
	await(t, "the first complaint", func() bool { return strings.Contains(r.log.String(), "cannot begin, trying again") })
	cluster.Resume(t)
	await(t, "the mothers", func() bool { return len(s.patients(t)) >= 4 })

	done := func() bool {
		for _, left := range []string{"ready", "claimed", "waiting"} {
			if r.metric(`nehrbridge_ledger_`+left+`{consumer="record"}`) != "0" {
				return false
			}
		}
		return true
	}
	t.Run("connections cut", func(t *testing.T) {
		event, value := s.correctHaemoglobin(t, s.held(t))
		admin, err := pgx.Connect(t.Context(), cluster.URL("postgres"))
		if err != nil {
			t.Fatal(err)
		}
		defer admin.Close(context.Background())
		cut := 0
		await(t, "the corrected value", func() bool {
			if cut < 20 {
				cut += count(t, admin, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '`+ledgerName(ledger)+`'`)
			}
			return haemoglobinIs(s.held(t), event, value)
		})
		if cut == 0 {
			t.Error("no connection was cut")
		}
	})
	t.Run("crash in the middle", func(t *testing.T) {
		await(t, "an empty list", done)
		held := s.held(t)
		var once sync.Once
		arrived, crashed := make(chan struct{}), make(chan struct{})
		nehr.set(isTransaction,
			func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				once.Do(func() { close(arrived) })
				<-crashed
				next.ServeHTTP(w, r)
			})
		event, value := s.correctHaemoglobin(t, held)
		reached(t, arrived)
		cluster.Stop(t)
		close(crashed)
		await(t, "what was on its way", func() bool { return haemoglobinIs(s.held(t), event, value) })
		await(t, "the ledger in the metrics", func() bool { return r.metric("nehrbridge_ledger_up") == "0" })
		if status, _ := r.get("/healthz"); status != http.StatusOK {
			t.Errorf("/healthz: %d", status)
		}
		// What changes meanwhile in DHIS2 is not lost either.
		if err := s.dhis2.SetAttribute(dhis2.MustUID("SbxMother02"), dhis2.MustUID("EOMGwaUTMrU"), "another new address"); err != nil {
			t.Fatal(err)
		}
		after := versions(s.held(t))
		cluster.Resume(t)
		await(t, "what changed meanwhile", func() bool {
			for _, p := range s.patients(t) {
				if strings.Contains(string(p.Encode()), "another new address") {
					return true
				}
			}
			return false
		})
		await(t, "an empty list", done)
		nehr.heal()
		changed := 0
		for name, version := range versions(s.held(t)) {
			if after[name] != version {
				changed++
			}
		}
		if changed != 1 {
			t.Errorf("%d resources changed after the crash, want the Patient with the new address alone", changed)
		}
	})
	t.Run("the end while it is away", func(t *testing.T) {
		arrived, away := make(chan struct{}), make(chan struct{})
		var once sync.Once
		nehr.set(isTransaction,
			func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				once.Do(func() { close(arrived) })
				<-away
				next.ServeHTTP(w, r)
			})
		s.correctHaemoglobin(t, s.held(t))
		reached(t, arrived)
		cluster.Stop(t)
		close(away)
		if code := r.stop(); code != exitDone { // waits for 25 s
			t.Errorf("exit code %d", code)
		}
	})
	for _, secret := range []string{"user=postgres", cluster.Dir, "another new address", "SBX2"} {
		if strings.Contains(r.log.String(), secret) {
			t.Errorf("the log holds %s…", secret[:4])
		}
	}
}

// isTransaction chooses what writes: looking up is a batch.
func isTransaction(_ *http.Request, body []byte) bool {
	return bytes.Contains(body, []byte(`"type":"transaction"`))
}

func reached(t *testing.T, arrived <-chan struct{}) {
	t.Helper()
	select {
	case <-arrived:
	case <-time.After(30 * time.Second):
		t.Fatal("no transaction came")
	}
}

func haemoglobinIs(held map[string]*fhirjson.Value, event, value string) bool {
	return about(held, "Observation", event+"-cw35l7X4hnV").Get("valueQuantity", "value").Scalar() == value
}

// ledgerName is the database of an address that postgrestest gives.
func ledgerName(address string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(address, "postgres:///"), "?")
	return name
}
