package access_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// TestLog is what both databases must do.
func TestLog(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		exerciseLog(t, func(t *testing.T) string { return filepath.Join(t.TempDir(), "access.db") })
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		cluster := postgrestest.Start(t)
		exerciseLog(t, func(t *testing.T) string { return cluster.Database(t) })
	})
}

func exerciseLog(t *testing.T, url func(*testing.T) string) {
	t.Run("chain", func(t *testing.T) {
		w := newWorldOn(t, url(t))
		w.grant(access.Scope{})
		v := w.open(drPera, "Patient/asha")
		if _, err := v.Record(t.Context()); err != nil {
			t.Fatal(err)
		}
		entries := w.log(asha)
		var did []string
		for _, e := range slices.Backward(entries) {
			did = append(did, fmt.Sprintf("%d %s %s %v %s", e.Seq, e.Person, e.Action, e.Permitted, e.Reason))
		}
		want := []string{
			"1 Patient/asha grant true own",
			"2 Practitioner/pera open true consent",
			"3 Practitioner/pera record true consent",
			"4 Patient/asha log true own",
		}
		if !slices.Equal(did, want) {
			t.Errorf("got %q\nwant %q", did, want)
		}
		e := entries[1]
		if e.Role != drPera.Role || e.Facility != drPera.Facility || e.Patient != "Patient/asha" || e.Purpose != access.Treatment || e.Count != 12 || len(e.Classes) == 0 || len(e.Sources) != 1 {
			t.Errorf("the entry of his reading: %+v", e)
		}
		if e.Subject == "" || e.Session == "" || strings.Contains(fmt.Sprint(e), "sub-of") || strings.Contains(fmt.Sprint(e), "session-p") {
			t.Error("subject and session are not kept as hashes")
		}
		verdict, err := w.gate.Verify(t.Context())
		if err != nil || verdict.Broken != 0 || verdict.Entries != 4 || !bytes.Equal(verdict.Hash, entries[0].Hash) {
			t.Errorf("verify: %+v, %v", verdict, err)
		}
	})
	for _, test := range []struct {
		name, sql string
		broken    int64
	}{
		{"changed", "UPDATE access_log SET entry = replace(entry, 'pera', 'nobo') WHERE seq = 3", 3},
		{"moved to another patient", "UPDATE access_log SET patient = 'Patient/beni' WHERE seq = 3", 3},
		{"taken out", "DELETE FROM access_log WHERE seq = 2", 2},
		{"cut off", "DELETE FROM access_log WHERE seq > 3", 4},
		{"put in", "INSERT INTO access_log SELECT 99, at, patient, entry, hash FROM access_log WHERE seq = 2", 6},
		{"hashed anew", "UPDATE access_log SET hash = '" + strings.Repeat("0", 64) + "' WHERE seq = 5", 5},
		{"emptied", "DELETE FROM access_log", 1},
	} {
		t.Run("verify finds what was "+test.name, func(t *testing.T) {
			w := newWorldOn(t, url(t))
			w.grant(access.Scope{})
			v := w.open(drPera, "Patient/asha")
			for range 3 {
				if _, err := v.Read(t.Context(), "Observation", "asha-bp-2"); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.db.Write(t.Context(), func(tx database.Tx) error {
				_, err := tx.Exec(test.sql)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			verdict, err := w.gate.Verify(t.Context())
			if err != nil || verdict.Broken != test.broken {
				t.Errorf("got %+v, %v; want broken at %d", verdict, err, test.broken)
			}
		})
	}
	t.Run("two processes make one chain", func(t *testing.T) {
		address := url(t)
		w := newWorldOn(t, address)
		second, err := database.Open(context.Background(), database.Config{URL: address, Migrations: []database.Migrations{access.Migrations()}})
		if err != nil {
			t.Fatal(err)
		}
		defer second.Close()
		config := w.config
		config.DB = second
		other, err := access.New(config)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		failed := make(chan error, 200)
		for i := range 100 {
			gate := w.gate
			if i%2 == 1 {
				gate = other
			}
			all.Go(func() {
				if _, err := gate.Open(context.Background(), asha, "Patient/asha", access.PatientRequest); err != nil {
					failed <- err
				}
			})
		}
		all.Wait()
		close(failed)
		for err := range failed {
			t.Error(err)
		}
		verdict, err := w.gate.Verify(t.Context())
		if err != nil || verdict.Broken != 0 || verdict.Entries != 100 {
			t.Errorf("verify: %+v, %v", verdict, err)
		}
	})
	t.Run("survives", func(t *testing.T) {
		address := url(t)
		w := newWorldOn(t, address)
		w.open(asha, "Patient/asha")
		before, err := w.gate.Verify(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w.db.Close()
		again := newWorldOn(t, address)
		again.open(asha, "Patient/asha")
		after, err := again.gate.Verify(t.Context())
		if err != nil || after.Broken != 0 || after.Entries != before.Entries+1 {
			t.Errorf("before %+v, after %+v, %v", before, after, err)
		}
	})
}

func TestLogFilter(t *testing.T) {
	w := newWorld(t)
	w.grant(access.Scope{})
	w.now = today.Add(time.Minute)
	w.open(drPera, "Patient/asha")
	w.now = today.Add(2 * time.Minute)
	_, err := w.gate.Open(t.Context(), drSilva, "Patient/asha", access.Treatment)
	denied(t, err, access.ReasonNoRule)
	drSilva := drSilva
	drSilva.SignedIn = w.now
	if _, err := w.gate.BreakGlass(t.Context(), drSilva, "Patient/asha", access.EmergencyObstetric, "she bleeds and cannot be asked now"); err != nil {
		t.Fatal(err)
	}
	w.open(drSilva, "Patient/asha")
	for _, test := range []struct {
		name   string
		filter access.Filter
		want   int
	}{
		{"others", access.Filter{}, 4},
		{"denied", access.Filter{DeniedOnly: true}, 1},
		{"emergencies", access.Filter{Emergency: true}, 2},
		{"one person", access.Filter{Person: drPera.Person}, 1},
		{"a facility", access.Filter{Facility: drSilva.Facility}, 3},
		{"an action", access.Filter{Action: access.ActionOpen}, 3},
		{"from", access.Filter{From: today.Add(2 * time.Minute)}, 3},
		{"to", access.Filter{To: today.Add(time.Minute)}, 1},
		{"two", access.Filter{Limit: 2}, 2},
		{"before", access.Filter{Before: 3}, 1},
	} {
		entries, err := w.gate.Log(t.Context(), asha, test.filter)
		if err != nil || len(entries) != test.want {
			t.Errorf("%s: %d entries, %v; want %d", test.name, len(entries), err, test.want)
		}
	}
	if entries, err := w.gate.Log(t.Context(), beni, access.Filter{}); err != nil || len(entries) != 0 {
		t.Errorf("another patient sees %d entries, %v", len(entries), err)
	}
	_, err = w.gate.Log(t.Context(), drPera, access.Filter{})
	denied(t, err, access.ReasonActor)
}

func TestD098_Export(t *testing.T) {
	entries := []access.Entry{{
		Seq: 7, At: today, Actor: access.KindClinician, Person: "=HYPERLINK(\"http://evil\")", Role: "+1", Facility: "-2", Action: "@SUM(A1)",
		Sources: []string{"\t=1"}, Type: "＝1", ID: " =1", Code: "|cmd", Purpose: "a\"b,\nc", Permitted: true, Reason: access.ReasonConsent, Classes: []access.Class{access.Vitals}, Count: 3,
	}}
	var out bytes.Buffer
	if err := access.WriteCSV(&out, entries); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != 2 || len(rows[0]) != len(rows[1]) {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, cell := range rows[1] {
		trimmed := strings.TrimLeft(cell, " ")
		if trimmed != "" && strings.ContainsAny(trimmed[:1], "=+-@\t|") || strings.HasPrefix(trimmed, "＝") {
			t.Errorf("%s: a spreadsheet would calculate %q", rows[0][i], cell)
		}
	}
	if rows[1][5] != "a\"b,\nc" || rows[1][1] != "2026-03-02T09:00:00Z" {
		t.Errorf("values are changed: %q", rows[1])
	}
	out.Reset()
	if err := access.WriteJSON(&out, entries); err != nil {
		t.Fatal(err)
	}
	var back []map[string]string
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || len(back) != 1 || back[0]["who"] != entries[0].Person || back[0]["how many"] != "3" {
		t.Errorf("%v, %v", back, err)
	}
}

func BenchmarkAppend(b *testing.B) {
	w := newWorld(b)
	for _, together := range []int{1, 16, 100} {
		b.Run(fmt.Sprint(together), func(b *testing.B) {
			var mu sync.Mutex
			var took []time.Duration
			for b.Loop() {
				var all sync.WaitGroup
				for range together {
					all.Go(func() {
						start := time.Now()
						if _, err := w.gate.Open(context.Background(), asha, "Patient/asha", access.PatientRequest); err != nil {
							b.Error(err)
						}
						d := time.Since(start)
						mu.Lock()
						took = append(took, d)
						mu.Unlock()
					})
				}
				all.Wait()
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
			b.ReportMetric(float64(b.N*together)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

func BenchmarkRecord(b *testing.B) {
	w := newWorld(b)
	var more []string
	for i := range 186 {
		more = append(more, observation(fmt.Sprint("asha-more-", i), "asha", "vital-signs", "85354-9", "2026-02-10", `,"encounter":{"reference":"Encounter/asha-visit-2"}`))
	}
	w.put(more...)
	w.grant(access.Scope{})
	// The answers of the NEHR are kept, so that the gate is measured without it.
	config := w.config
	config.NEHR = &replay{NEHR: w.client, answers: map[string][]byte{}}
	gate, err := access.New(config)
	if err != nil {
		b.Fatal(err)
	}
	for _, a := range []access.Actor{asha, drPera} {
		b.Run(string(a.Kind), func(b *testing.B) {
			v, err := gate.Open(context.Background(), a, "Patient/asha", purposeOf(a))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				r, err := v.Record(context.Background())
				if err != nil || len(r.Resources) < 198 {
					b.Fatal(len(r.Resources), err)
				}
			}
		})
	}
}

// replay gives the answer to a request that it has had before.
type replay struct {
	access.NEHR
	answers map[string][]byte
}

func (r *replay) Transaction(ctx context.Context, bundle []byte) (*client.Answer, error) {
	body := r.answers[string(bundle)]
	if body == nil {
		a, err := r.NEHR.Transaction(ctx, bundle)
		if err != nil {
			return nil, err
		}
		body = a.Body
		r.answers[string(bundle)] = body
	}
	v, err := fhirjson.Parse(body)
	return &client.Answer{Status: 200, Body: body, Resource: v}, err
}
