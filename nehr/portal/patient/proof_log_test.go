package patient_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/portal/patient"
)

// TestAttackLogDown: while the log of accesses takes no entry no page and no download
// shows anything of her, nothing is given or taken back, and each page says that it is
// not her fault; when the log is back, so are the pages.
func TestAttackLogDown(t *testing.T) {
	var logged *database.DB
	var gate *access.Gate
	full := "CREATE TRIGGER full BEFORE INSERT ON access_log BEGIN SELECT RAISE(ABORT, 'full'); END"
	w := startAt(t, nil, func(w *world) patient.Gate {
		var err error
		if logged, err = database.Open(t.Context(), database.Config{URL: filepath.Join(t.TempDir(), "log.db"), Migrations: []database.Migrations{access.Migrations()}}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = logged.Close() })
		if gate, err = access.New(access.Config{DB: logged, NEHR: w.nehr, Now: w.clock.Now}); err != nil {
			t.Fatal(err)
		}
		return patient.Through(gate)
	})
	w.own(w.record, her)
	b := w.visitor()
	b.signIn(her)
	herself := access.Actor{Kind: access.KindPatient, Issuer: w.issuer, Subject: "x", Person: w.record, SignedIn: w.clock.Now()}
	doctor := access.Party{Role: w.specialist().Role}
	given, err := gate.Standing(t.Context(), herself, doctor, access.Scope{Until: w.clock.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	token := b.token("/consents", "/consents/revoke")
	sql := func(statement string) {
		t.Helper()
		if err := logged.Write(t.Context(), func(tx database.Tx) error { _, err := tx.Exec(statement); return err }); err != nil {
			t.Fatal(err)
		}
	}
	sql(full)
	for _, path := range pages {
		t.Run(path, func(t *testing.T) {
			p := b.get(path)
			// The list of her links is not of the record: she can end one all the same.
			if p.status != http.StatusServiceUnavailable && path != "/share" {
				t.Errorf("%d", p.status)
			}
			for _, never := range []string{"Nilmini", "150/98", "Diabetes", "Practitioner", given, "trigger", "full"} {
				if strings.Contains(p.body, never) {
					t.Errorf("shows %q", never)
				}
			}
		})
	}
	t.Run("revoke", func(t *testing.T) {
		if p := b.post("/consents/revoke", map[string][]string{"token": {token}, "id": {given}}); p.status != http.StatusServiceUnavailable {
			t.Errorf("%d", p.status)
		}
	})
	sql("DROP TRIGGER full")
	if p := b.get("/results"); p.status != http.StatusOK || !strings.Contains(p.body, "150/98") {
		t.Errorf("when the log is back: %d", p.status)
	}
	if list, err := gate.Consents(t.Context(), herself, w.record); err != nil || len(list) != 1 || list[0].State != access.Active {
		t.Errorf("what could not be logged was done: %+v, %v", list, err)
	}
}
