package api_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// TestSetAttributeLeavesTheRest: an update replaces what it names and what
// stands beside the attributes, so that is sent as it was read.
func TestSetAttributeLeavesTheRest(t *testing.T) {
	var asked, sent, query string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodGet {
			asked = r.URL.Query().Get("program")
			_, _ = io.WriteString(w, `{"trackedEntity":"SbxMother01","trackedEntityType":"MxdEsVAegt5","orgUnit":"SbxClinic02","inactive":true,
				"potentialDuplicate":true,"geometry":{"type":"Point","coordinates":[80.6,7.3]}}`)
			return
		}
		body, _ := io.ReadAll(r.Body)
		sent, query = string(body), r.URL.RawQuery
		_, _ = io.WriteString(w, `{"status":"OK","stats":{"updated":1}}`)
	}))
	defer server.Close()
	c, err := api.New(api.Config{BaseURL: server.URL, Token: "t"})
	if err != nil {
		t.Fatal(err)
	}
	report, err := c.SetAttribute(t.Context(), mother(1), sandbox.ANCProgram, dhis2.MustUID("IrUmPkFMDU5"), "45A1DRK7HX4")
	if err != nil || !report.Complete() || asked != sandbox.ANCProgram.String() || !strings.Contains(query, "importStrategy=UPDATE") || strings.Contains(query, "45A1") {
		t.Fatalf("%+v, %v; asked in program %q, sent with %s", report, err, asked, query)
	}
	var got, want any
	for text, to := range map[string]*any{sent: &got, `{"trackedEntities":[{"trackedEntity":"SbxMother01","trackedEntityType":"MxdEsVAegt5","orgUnit":"SbxClinic02",
		"inactive":true,"potentialDuplicate":true,"geometry":{"type":"Point","coordinates":[80.6,7.3]},
		"attributes":[{"attribute":"IrUmPkFMDU5","value":"45A1DRK7HX4"}]}]}`: &want} {
		if err := json.Unmarshal([]byte(text), to); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSetAttributeRefusals(t *testing.T) {
	s, c := serve(t, sandbox.Config{})
	if _, err := c.SetAttribute(t.Context(), dhis2.MustUID("SbxNothing1"), sandbox.ANCProgram, dhis2.MustUID("IrUmPkFMDU5"), "x"); !apiError(t, err).NotFound() {
		t.Error(err)
	}
	if _, err := c.SetAttribute(t.Context(), mother(1), sandbox.ANCProgram, dhis2.MustUID("IrUmPkFMDU5"), ""); err == nil {
		t.Error("no value is written")
	}
	report, err := c.SetAttribute(t.Context(), mother(1), sandbox.ANCProgram, dhis2.MustUID("IrUmPkFMDU5"), strings.Repeat(quoted, 100))
	if err != nil || !report.Has("E1077") {
		t.Errorf("%+v, %v", report, err)
	}
	s.Inject(sandbox.Fault{Kind: sandbox.FaultLoseAnswer, Method: "POST"})
	if _, err := c.SetAttribute(t.Context(), mother(1), sandbox.ANCProgram, dhis2.MustUID("IrUmPkFMDU5"), quoted); err == nil || strings.Contains(err.Error(), quoted) {
		t.Errorf("%v", err)
	}
}

func TestReadsAttribute(t *testing.T) {
	s, c := serve(t, sandbox.Config{Version: "2.43"})
	name := dhis2.MustUID("VQl0wK3eqiw")
	for hidden, want := range map[dhis2.UID]bool{dhis2.MustUID("IrUmPkFMDU5"): true, name: false} {
		s.SetUser(sandbox.User{User: dhis2.User{ID: dhis2.MustUID("SbxAdmin001"), Username: "admin"}, Tokens: []string{sandbox.DefaultToken},
			Authorities: []string{"ALL"}, HiddenAttributes: []dhis2.UID{hidden}})
		if got, err := c.ReadsAttribute(t.Context(), name); err != nil || got != want {
			t.Errorf("with %s hidden: %t, %v", hidden, got, err)
		}
	}
}

// TestNotes: both ways to leave a note, and that its UID makes it one.
func TestNotes(t *testing.T) {
	for _, version := range sandbox.Versions {
		_, c := serve(t, sandbox.Config{Version: version})
		te, err := c.TrackedEntity(t.Context(), mother(1), sandbox.ANCProgram, "")
		if err != nil {
			t.Fatal(err)
		}
		en := te.Enrollments[0]
		first, second := dhis2.Note{Note: dhis2.MustUID("ApiNote0001"), Value: quoted}, dhis2.Note{Note: dhis2.MustUID("ApiNote0002"), Value: quoted}
		if err := errors.Join(c.AddEnrollmentNote(t.Context(), en.Enrollment, first), c.AddEventNote(t.Context(), en.Events[0].Event, second)); err != nil {
			t.Fatalf("%s: %v", version, err)
		}
		again := c.AddEnrollmentNote(t.Context(), en.Enrollment, first)
		if refused, ok := errors.AsType[*api.Error](again); version >= "2.42" != (ok && refused.Status == http.StatusBadRequest) {
			t.Errorf("%s: again: %v", version, again)
		}
		stands, err := c.Enrollment(t.Context(), en.Enrollment, "enrollment,deleted,notes[note,value]")
		if err != nil || len(stands.Notes) != 1 || stands.Notes[0].Note != first.Note || stands.Notes[0].Value != quoted {
			t.Errorf("%s: %+v, %v", version, stands, err)
		}
		event, err := c.Event(t.Context(), en.Events[0].Event, "")
		if err != nil || len(event.Notes) != 1 || event.Notes[0].Note != second.Note {
			t.Errorf("%s: %+v, %v", version, event, err)
		}
		if err := c.AddEventNote(t.Context(), dhis2.MustUID("SbxNothing1"), second); !apiError(t, err).NotFound() {
			t.Errorf("%s: on nothing: %v", version, err)
		}
		if err := c.AddEventNote(t.Context(), en.Events[0].Event, dhis2.Note{Value: quoted}); err == nil || strings.Contains(err.Error(), quoted) {
			t.Errorf("%s: a note without a UID: %v", version, err)
		}
	}
}
