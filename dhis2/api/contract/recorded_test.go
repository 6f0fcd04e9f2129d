package contract_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api/contract"
	"github.com/nehrbridge/nehrbridge/golden/reference"
)

// recorded reads a document of the reference implementation.
func recorded(t *testing.T, name string) []byte { return reference.Read(t, "data/dhis2/"+name) }

// TestContractRecorded asks the documents that a real 2.42.1 answered.
func TestContractRecorded(t *testing.T) {
	const attributes, values = "program= shows the program's attributes at the tracked entity", "fields=* shows enrollments with their events and values"
	for _, tc := range []struct {
		file, program string
		lacks         []string
	}{
		{"tracked-entity-lk-anc.json", "eozjj9UivfS", nil},
		{"tracked-entity-lk-anc-consistent.json", "eozjj9UivfS", nil},
		// It was read without program=, and its events hold no value yet: a
		// server that answers so is not what is relied on.
		{"tracked-entity-who-anc.json", "WSGAb5XwJ3Y", []string{attributes, values}},
	} {
		t.Run(tc.file, func(t *testing.T) {
			info, document := recorded(t, "system-info.json"), recorded(t, tc.file)
			te, err := dhis2.DecodeTrackedEntity(document)
			if err != nil {
				t.Fatal(err)
			}
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				switch r.URL.Path {
				case "/api/system/info":
					w.Write(info)
				case entities + "/" + te.TrackedEntity.String():
					w.Write(document)
				default:
					w.WriteHeader(http.StatusNotImplemented)
				}
			}))
			t.Cleanup(web.Close)
			report := run(t, contract.Config{Server: client(t, web.URL, "none"), Program: dhis2.MustUID(tc.program),
				Sample: []dhis2.UID{te.TrackedEntity}, Recorded: true})
			// What a system information and a document can tell.
			told := []string{"the release is one of 2.40 to 2.44", "the system has an id", "the zone of its wall time is known",
				"it tells its time", "its calendar is ISO 8601", "timestamps are wall time without an offset", attributes, values}
			for _, r := range report.Results {
				want := contract.NotAsked
				if slices.Contains(told, r.Name) {
					want = contract.Met
				}
				if slices.Contains(tc.lacks, r.Name) {
					want = contract.Broken
				}
				if r.Outcome != want {
					t.Errorf("%s: got %s, want %s: %s", r.Name, r.Outcome, want, r.Reason)
				}
			}
		})
	}
}
