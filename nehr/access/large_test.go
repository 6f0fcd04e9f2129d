package access_test

import (
	"context"
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
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// large is how many Observations there are of a mother of whom a page does not hold all.
const large = 120

func (w *world) large(id string) (refs []string) {
	w.t.Helper()
	w.put(fmt.Sprintf(`{"resourceType":"Patient","id":%q}`, id))
	refs = []string{"Patient/" + id}
	for from := 0; from < large; from += 60 {
		var some []string
		for n := range 60 {
			name := fmt.Sprintf("%s-%d", id, from+n)
			some = append(some, observation(name, id, "vital-signs", "85354-9", "2026-02-10", ""))
			refs = append(refs, "Observation/"+name)
		}
		w.put(some...)
	}
	return refs
}

// seesAll holds that she, and a clinician whom she allows it, see each resource once.
func (w *world) seesAll(id string) {
	t := w.t
	her := access.Actor{Kind: access.KindPatient, Person: "Patient/" + id}
	if _, err := w.gate.Standing(t.Context(), her, access.Party{Role: drPera.Role}, access.Scope{Until: w.now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	for _, a := range []access.Actor{her, drPera} {
		v, err := w.gate.Open(t.Context(), a, her.Person, purposeOf(a))
		if err != nil {
			t.Fatal(err)
		}
		r, err := v.Record(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", a.Kind, err)
		}
		times := map[string]int{}
		for _, x := range r.Resources {
			times[x.Get("id").Str()]++
		}
		for n := range large {
			if times[fmt.Sprintf("%s-%d", id, n)] != 1 {
				t.Fatalf("%s: Observation %d comes %d times", a.Kind, n, times[fmt.Sprintf("%s-%d", id, n)])
			}
		}
		if len(r.Resources) != large+1 {
			t.Errorf("%s: %d resources", a.Kind, len(r.Resources))
		}
		if n, err := v.Count(t.Context(), "Observation", nil); err != nil || n != large {
			t.Errorf("%s: counts %d, %v", a.Kind, n, err)
		}
	}
}

// TestLargeRecord: a record of more resources than a page of the NEHR holds is whole.
func TestLargeRecord(t *testing.T) {
	access.SmallPages(t)
	w := newWorld(t)
	w.large("large")
	w.seesAll("large")
}

// TestLargeRecordOnARealServer is TestLargeRecord with a FHIR server that is not ours.
func TestLargeRecordOnARealServer(t *testing.T) {
	base := os.Getenv("HAPI_URL")
	if base == "" {
		if os.Getenv("REQUIRE_ALL") == "1" {
			t.Fatal("HAPI_URL is not set, and REQUIRE_ALL=1 demands the run against a real server")
		}
		t.Skip("set HAPI_URL to the base of a FHIR server; ../shared/oracle/hapi/run.sh --port 8080 starts one at http://127.0.0.1:8080/fhir")
	}
	access.SmallPages(t)
	w := &world{t: t, now: today}
	var err error
	if w.client, err = client.New(client.Config{BaseURL: strings.TrimRight(base, "/")}); err != nil {
		t.Fatal(err)
	}
	if w.db, err = database.Open(t.Context(), database.Config{URL: filepath.Join(t.TempDir(), "access.db"), Migrations: []database.Migrations{access.Migrations()}}); err != nil {
		t.Fatal(err)
	}
	defer w.db.Close()
	if w.gate, err = access.New(access.Config{DB: w.db, NEHR: w.client, Now: func() time.Time { return w.now }}); err != nil {
		t.Fatal(err)
	}
	w.put(`{"resourceType":"Practitioner","id":"pera"}`, `{"resourceType":"Organization","id":"general","name":"general"}`,
		`{"resourceType":"PractitionerRole","id":"pera-general","practitioner":{"reference":"Practitioner/pera"},"organization":{"reference":"Organization/general"}}`)
	id := "l" + strings.ReplaceAll(uuid.NewString(), "-", "")[:12]
	refs := w.large(id)
	defer func() { w.delete(append(refs, w.found("Consent", "patient", "Patient/"+id)...)) }()
	w.seesAll(id)
}

// delete takes resources away again, what others refer to last.
func (w *world) delete(refs []string) {
	slices.Reverse(refs)
	for some := range slices.Chunk(refs, 250) {
		entries := fhirjson.List()
		for _, at := range some {
			entries.Append(fhirjson.Fields(fhirjson.F("request", fhirjson.Fields(fhirjson.F("method", fhirjson.Text("DELETE")), fhirjson.F("url", fhirjson.Text(at))))))
		}
		if _, err := w.client.Transaction(context.Background(), fhirjson.Fields(fhirjson.F("resourceType", fhirjson.Text("Bundle")), fhirjson.F("type", fhirjson.Text("transaction")), fhirjson.F("entry", entries)).Encode()); err != nil {
			w.t.Errorf("delete: %v", err)
		}
	}
}

// found are Type/id of what a search finds.
func (w *world) found(typ, parameter, value string) (refs []string) {
	found, err := w.client.Search(context.Background(), typ, map[string][]string{parameter: {value}, "_count": {"500"}})
	if err != nil {
		w.t.Errorf("search: %v", err)
		return nil
	}
	for _, r := range found.Resources {
		refs = append(refs, typ+"/"+r.Get("id").Str())
	}
	return refs
}
