package authored_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/portal/authored"
	"github.com/nehrbridge/nehrbridge/nehr/validate"
)

// TestOnARealServer writes, amends and withdraws each kind of entry on a FHIR server that
// is not ours. Every id is of its own: it can run again on a server with data.
func TestOnARealServer(t *testing.T) {
	base := os.Getenv("HAPI_URL")
	if base == "" {
		if os.Getenv("REQUIRE_ALL") == "1" {
			t.Fatal("HAPI_URL is not set, and REQUIRE_ALL=1 demands the run against a real server")
		}
		t.Skip("set HAPI_URL to the base of a FHIR server; ../shared/oracle/hapi/run.sh --port 8080 starts one at http://127.0.0.1:8080/fhir")
	}
	w := &world{t: t, now: time.Now().In(colombo)}
	var err error
	w.client, err = client.New(client.Config{BaseURL: strings.TrimRight(base, "/")})
	w.must(err)
	w.db, err = database.Open(t.Context(), database.Config{URL: filepath.Join(t.TempDir(), "portal.db"), Migrations: []database.Migrations{access.Migrations(), authored.Migrations}})
	w.must(err)
	defer w.db.Close()
	w.gate, err = access.New(access.Config{DB: w.db, NEHR: w.client, Zone: colombo, Now: func() time.Time { return w.now }})
	w.must(err)
	judge, err := validate.New(validate.Config{})
	w.must(err)
	w.desk, err = authored.New(authored.Config{DB: w.db, Key: make([]byte, 32), Gate: w.gate, Zone: colombo, National: true, Now: func() time.Time { return w.now },
		Validate: func(b []byte) error {
			if o := judge.Validate(b); !o.OK() {
				return fmt.Errorf("%+v", o.Issues)
			}
			return nil
		},
		Linked: func(context.Context, access.Actor) (bool, error) { return true, nil }, Failed: func(err error) { w.failed = append(w.failed, err) }})
	w.must(err)
	id := "w" + strings.ReplaceAll(uuid.NewString(), "-", "")[:12]
	w.put(fmt.Sprintf(`{"resourceType":"Patient","id":%q,"name":[{"text":"x"}]}`, id), fmt.Sprintf(`{"resourceType":"Organization","id":%q,"name":"x"}`, id),
		fmt.Sprintf(`{"resourceType":"Practitioner","id":%q}`, id),
		fmt.Sprintf(`{"resourceType":"PractitionerRole","id":%q,"practitioner":{"reference":"Practitioner/%[1]s"},"organization":{"reference":"Organization/%[1]s"}}`, id),
		fmt.Sprintf(`{"resourceType":"ServiceRequest","id":%q,"status":"active","intent":"order","subject":{"reference":"Patient/%[1]s"},"authoredOn":"2026-02-20"}`, id))
	her := access.Actor{Kind: access.KindPatient, Issuer: "i", Subject: "s", Person: "Patient/" + id}
	doctor := access.Actor{Kind: access.KindClinician, Issuer: "i", Subject: "d", Person: "Practitioner/" + id, Role: "PractitionerRole/" + id, Facility: "Organization/" + id}
	_, err = w.gate.Standing(t.Context(), her, access.Party{Role: doctor.Role}, access.Scope{Until: w.now.Add(time.Hour)})
	w.must(err)
	v, err := w.gate.Open(t.Context(), doctor, her.Person, access.Treatment)
	w.must(err)
	day := w.now.Format(time.DateOnly)
	for name, c := range map[string]authored.Content{"observation": haemoglobin("9.80"), "note": note("Rest."), "document": document("Scan", []byte("a picture"))} {
		t.Run(name, func(t *testing.T) {
			c.Day, c.Referral = day, "ServiceRequest/"+id
			entry, err := w.desk.NewID()
			w.must(err)
			_, err = w.desk.Draft(t.Context(), v, entry, c)
			w.must(err)
			w.sign(v, entry, authored.Signed)
			c.Text, c.File = "More words", authored.File{}
			_, err = w.desk.Amendment(t.Context(), v, entry, c, "A slip")
			w.must(err)
			w.sign(v, entry, authored.Amended)
			e, err := w.desk.Withdraw(t.Context(), v, entry, "The wrong woman")
			w.must(err)
			if e.State != authored.Withdrawn || e.Version != 3 {
				t.Errorf("withdrawn: %+v; %v", e, w.failed)
			}
		})
	}
	r, err := v.Record(t.Context())
	w.must(err)
	said := map[string]int{}
	for _, x := range r.Resources {
		switch typ := x.Get("resourceType").Str(); typ {
		case "Observation", "DocumentReference", "Encounter":
			said[typ+" "+x.Get("status").Str()]++
			if ref := x.All("content.attachment.url"); len(ref) == 1 {
				b, err := v.Binary(t.Context(), ref[0].Str()[strings.LastIndex(ref[0].Str(), "/")+1:])
				if err != nil || string(b.Data) != "a picture" {
					t.Errorf("the content of a document: %v", err)
				}
			}
		}
	}
	want := map[string]int{"Observation entered-in-error": 1, "DocumentReference entered-in-error": 2, "DocumentReference superseded": 2, "Encounter finished": 1}
	for k, n := range want {
		if said[k] != n {
			t.Errorf("%d of %s, want %d: %v", said[k], k, n, said)
		}
	}
}
