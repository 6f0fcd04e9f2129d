package access_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client"
)

// TestFindOnARealServer: a FHIR server that is not ours answers the searches of Find and
// Inbox as the sandbox does. Every id is of its own.
func TestFindOnARealServer(t *testing.T) {
	base := os.Getenv("HAPI_URL")
	if base == "" {
		if os.Getenv("REQUIRE_ALL") == "1" {
			t.Fatal("HAPI_URL is not set, and REQUIRE_ALL=1 demands the run against a real server")
		}
		t.Skip("set HAPI_URL to the base of a FHIR server; ../shared/oracle/hapi/run.sh --port 8080 starts one at http://127.0.0.1:8080/fhir")
	}
	w := &world{t: t}
	var err error
	if w.client, err = client.New(client.Config{BaseURL: strings.TrimRight(base, "/")}); err != nil {
		t.Fatal(err)
	}
	if w.db, err = database.Open(t.Context(), database.Config{URL: filepath.Join(t.TempDir(), "access.db"), Migrations: []database.Migrations{access.Migrations()}}); err != nil {
		t.Fatal(err)
	}
	defer w.db.Close()
	// The server's clock says when something was changed last.
	if w.gate, err = access.New(access.Config{DB: w.db, NEHR: w.client, Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	id := "f" + strings.ReplaceAll(uuid.NewString(), "-", "")[:12]
	number := strings.ToUpper(id)
	phone := fmt.Sprintf("+94%09d", uuid.New().ID()%1_000_000_000)
	who := access.Actor{Kind: access.KindClinician, Subject: "s", Person: "Practitioner/" + id, Role: "PractitionerRole/" + id, Facility: "Organization/" + id}
	task := func(suffix, status string) string {
		return fmt.Sprintf(`{"resourceType":"Task","id":"%s-%s","status":%q,"intent":"order","for":{"reference":"Patient/%[1]s"},"focus":{"reference":"ServiceRequest/%[1]s"},"authoredOn":"2026-02-10","owner":{"reference":"Organization/%[1]s"}}`, id, suffix, status)
	}
	w.put(`{"resourceType":"Organization","id":"`+id+`","name":"H"}`, `{"resourceType":"Practitioner","id":"`+id+`"}`,
		fmt.Sprintf(`{"resourceType":"Patient","id":%q,"identifier":[{"system":%q,"value":%q}],"name":[{"text":"Chandi Devi"}],"gender":"female","birthDate":"1990-02-03","telecom":[{"system":"phone","value":%q}]}`, id, phnSystem, number, phone),
		`{"resourceType":"ServiceRequest","id":"`+id+`","status":"active","intent":"order","subject":{"reference":"Patient/`+id+`"}}`,
		task("a", "requested"), task("b", "in-progress"), task("c", "completed"), task("d", "rejected"), task("e", "cancelled"))
	want := access.Masked{Patient: "Patient/" + id, Initials: "C. D.", Year: "1990", Gender: "female"}
	for name, l := range map[string]access.Lookup{"number": {Number: number}, "all three": {Name: "Chandi", Birth: "1990-02-03", Phones: []string{"0" + phone[3:], phone}}} {
		if got, err := w.gate.Find(t.Context(), who, l); err != nil || *got != want {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	if _, err := w.gate.Find(t.Context(), who, access.Lookup{Name: "Chandi", Birth: "1990-02-04", Phones: []string{phone}}); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("another day: %v", err)
	}
	list, err := w.gate.Inbox(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, one := range list {
		said = append(said, strings.TrimPrefix(one.Task, "Task/"+id+"-")+" "+one.Patient.Initials)
	}
	slices.Sort(said)
	if got := strings.Join(said, ", "); got != "a C. D., b C. D., c C. D., d C. D." {
		t.Errorf("the inbox has %s", got)
	}
}
