package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// TestD083_RestoreDrill: the ledger is lost and a backup is older than the
// record. What was written since is known to nobody, and yet the record is
// right afterwards: everything that DHIS2 says, and nothing that it says no more.
func TestD083_RestoreDrill(t *testing.T) {
	s := startServersFor(t, 8, startNEHR(t))
	s.env = append(s.env, "NEHRBRIDGE_DHIS2_POLL=1s")
	later, err := dhis2sandbox.Demo(dhis2sandbox.DemoConfig{Mothers: 20, Now: time.Date(2026, 3, 10, 6, 0, 0, 0, time.UTC)})
	mustDo(t, err)
	arrives := func(i int) { // one more mother
		te := later.TrackedEntities[i]
		te.UpdatedAt = ""
		mustDo(t, s.dhis2.Put(te))
	}
	s.sync(t)

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan int, 1)
	go func() {
		var out, errs strings.Builder
		ended <- run(ctx, []string{"sync"}, stdio{strings.NewReader(""), &out, &errs, s.env})
	}()
	copied := filepath.Join(t.TempDir(), "copy.db")
	s.command(t, exitDone, "backup", copied)

	// Since the backup: a correction, a new value, two new mothers.
	held := s.held(t)
	corrected, value := s.correctHaemoglobin(t, held)
	said, saidID := s.pick(t, held, "Observation", "Sx8XEKmdhFf", func(*fhirjson.Value) bool { return true })
	mustDo(t, s.dhis2.SetValue(said, dhis2.MustUID("Sx8XEKmdhFf"), ""))
	arrives(15)
	arrives(16)
	haemoglobin := func() string {
		return about(s.held(t), "Observation", corrected+"-cw35l7X4hnV").Get("valueQuantity", "value").Scalar()
	}
	await(t, "what came after the backup", func() bool {
		return haemoglobin() == value && len(s.patients(t)) == 9 && about(s.held(t), "Observation", saidID).Get("status").Str() == "entered-in-error"
	})
	mustDo(t, s.dhis2.SetValue(said, dhis2.MustUID("Sx8XEKmdhFf"), "true"))
	await(t, "what was said again", func() bool { return about(s.held(t), "Observation", saidID).Get("status").Str() == "final" })

	s.command(t, exitUsage, "restore", copied) // somebody works with it
	stop()
	if code := <-ended; code != exitDone {
		t.Fatalf("sync ended with code %d", code)
	}

	// While nobody works: of the two new mothers one is deleted, and one loses a
	// visit; a value that was said again is taken away.
	mustDo(t, s.dhis2.Delete(later.TrackedEntities[15].TrackedEntity))
	visit := later.TrackedEntities[16].Enrollments[0].Events[0].Event
	mustDo(t, s.dhis2.DeleteEvent(visit))
	mustDo(t, s.dhis2.SetValue(said, dhis2.MustUID("Sx8XEKmdhFf"), ""))

	s.command(t, exitDone, "restore", copied)
	if asides, _ := filepath.Glob(filepath.Join(s.data(), "nehrbridge.db.before-restore-*")); len(asides) != 1 {
		t.Errorf("kept aside: %v, want the database that was replaced", asides)
	}
	s.sync(t)
	fresh := &testServers{dhis2: s.dhis2, nehr: s.nehr, env: s.env}
	fresh.at(t, startNEHR(t))
	fresh.sync(t)
	if diff := gocmp.Diff(standing(fresh.held(t)), standing(s.held(t))); diff != "" {
		t.Errorf("the record differs from one that was written anew (-anew +restored):\n%s", diff)
	}
	if left := len(s.patients(t)); left != 8 {
		t.Errorf("%d Patients of tracked entities, want 8: the deleted one has lost its identifier", left)
	}
	s.noneOf(t, visit)
	if c, _ := s.sync(t); c.Written != 0 {
		t.Errorf("once more: %+v, want nothing left to write", c)
	}
}

// data is the folder of the test's ledger.
func (s *testServers) data() string {
	for _, v := range s.env {
		if path, ok := strings.CutPrefix(v, "NEHRBRIDGE_DATA_DIR="); ok {
			return path
		}
	}
	return ""
}

// at has the same DHIS2 written to another record, with a ledger of its own.
func (s *testServers) at(t *testing.T, nehr string) {
	t.Helper()
	c, err := client.New(client.Config{BaseURL: nehr})
	mustDo(t, err)
	s.nehr = c
	s.env = slices.DeleteFunc(slices.Clone(s.env), func(v string) bool {
		return strings.HasPrefix(v, "NEHRBRIDGE_NEHR_URL=") || strings.HasPrefix(v, "NEHRBRIDGE_DATA_DIR=")
	})
	s.env = append(s.env, "NEHRBRIDGE_NEHR_URL="+nehr, "NEHRBRIDGE_DATA_DIR="+t.TempDir())
}

// standing is what a record says, without what says of itself that it is an
// error.
func standing(held map[string]*fhirjson.Value) map[string]string {
	for name, r := range held {
		status := r.Get("status").Str()
		for _, c := range r.Get("verificationStatus", "coding").Items() {
			status = c.Get("code").Str()
		}
		if status == "entered-in-error" {
			delete(held, name)
		}
	}
	return content(held)
}

// TestRestoreRefuses what is no backup, a newer one, and that of other servers.
func TestRestoreRefuses(t *testing.T) {
	s := startServersFor(t, 2, startNEHR(t))
	s.sync(t)
	folder := t.TempDir()
	copied := filepath.Join(folder, "copy.db")
	s.command(t, exitDone, "backup", copied)
	broken := filepath.Join(folder, "broken")
	mustDo(t, os.WriteFile(broken, []byte("something else"), 0o600))
	newer := filepath.Join(folder, "newer.db")
	mustDo(t, os.WriteFile(newer, mustRead(t, copied), 0o600))
	db, err := database.Open(t.Context(), database.Config{URL: newer})
	mustDo(t, err)
	mustDo(t, db.Write(t.Context(), func(tx database.Tx) error {
		_, err := tx.Exec(`UPDATE schema_version SET version = 99`)
		return err
	}))
	mustDo(t, db.Close())
	for _, file := range []string{broken, newer, filepath.Join(folder, "none")} {
		s.command(t, exitUsage, "restore", file)
	}
	other := &testServers{dhis2: s.dhis2, nehr: s.nehr, env: s.env}
	other.at(t, startNEHR(t))
	other.command(t, exitUsage, "restore", copied)
	if _, err := os.Stat(filepath.Join(other.data(), "nehrbridge.db")); !os.IsNotExist(err) {
		t.Error("a refused restore has left a database")
	}
	other.command(t, exitDone, "restore", "--accept-servers", copied)
	other.command(t, exitUsage, "sync", "--once") // which asks again
	other.command(t, exitDone, "sync", "--once", "--accept-servers")
	if len(other.patients(t)) != len(s.patients(t)) {
		t.Errorf("%d Patients in the other record, want all %d", len(other.patients(t)), len(s.patients(t)))
	}
	if left, _ := filepath.Glob(filepath.Join(s.data(), "*restore*")); len(left) != 0 {
		t.Errorf("refused, and yet left: %v", left)
	}
	if c, _ := s.sync(t); c.Written != 0 {
		t.Errorf("after refused restores: %+v", c)
	}
}

func mustRead(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	mustDo(t, err)
	return data
}
