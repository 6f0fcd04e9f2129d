package sandbox_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// newMother is a payload with everything nested.
const newMother = `{"trackedEntities":[{"trackedEntity":"SbxImport01","trackedEntityType":"MxdEsVAegt5","orgUnit":"SbxClinic01",
 "attributes":[{"attribute":"VQl0wK3eqiw","value":"Imported Sample"},{"attribute":"IrUmPkFMDU5","value":"SBX1IMPORT1"}],
 "enrollments":[{"enrollment":"SbxImpEnr01","program":"eozjj9UivfS","orgUnit":"SbxClinic01","enrolledAt":"2026-02-01",
  "events":[{"event":"SbxImpEvt01","programStage":"GX0z9IXFaso","orgUnit":"SbxClinic01","occurredAt":"2026-02-02","status":"COMPLETED",
   "dataValues":[{"dataElement":"cw35l7X4hnV","value":"10.50"},{"dataElement":"Sx8XEKmdhFf","value":"true"}]}]}]}]}`

func (s *site) imported(status int, query, body string) map[string]any {
	s.t.Helper()
	return s.decode(status, "POST", "/api/tracker?async=false"+query, body)
}

func stats(report map[string]any) string {
	st := report["stats"].(map[string]any)
	return fmt.Sprintf("%v created, %v updated, %v deleted, %v ignored", st["created"], st["updated"], st["deleted"], st["ignored"])
}

func codes(report map[string]any) []string {
	out := []string{}
	for _, e := range report["validationReport"].(map[string]any)["errorReports"].([]any) {
		out = append(out, e.(map[string]any)["errorCode"].(string))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestImportCreatesUpdatesDeletes(t *testing.T) {
	s := start(t, sandbox.Config{})
	report := s.imported(200, "", newMother)
	if got := stats(report); report["status"] != "OK" || got != "3 created, 0 updated, 0 deleted, 0 ignored" {
		t.Fatalf("create: got %v, %s", report["status"], got)
	}
	types := report["bundleReport"].(map[string]any)["typeReportMap"].(map[string]any)
	if ev := types["EVENT"].(map[string]any); first(ev["objectReports"])["uid"] != "SbxImpEvt01" || types["RELATIONSHIP"] == nil {
		t.Errorf("bundle report: got %v", types)
	}
	te := s.trackedEntity("SbxImport01")
	ev := eventOf(te, "SbxImpEvt01")
	if ev == nil || ev.OccurredAt != "2026-02-02T00:00:00.000" || ev.CompletedBy != "admin" || ev.TrackedEntity != te.TrackedEntity ||
		te.Enrollments[0].EnrolledAt != "2026-02-01T00:00:00.000" || te.Enrollments[0].Status != dhis2.EnrollmentActive || len(te.Attributes) != 2 {
		t.Errorf("got %+v", te)
	}
	if valueOf(te, "SbxImpEvt01", "cw35l7X4hnV") != "10.50" {
		t.Error("the value lost its digits")
	}

	// Only what is sent is touched; a blank value is deleted.
	report = s.imported(200, "", `{"events":[{"event":"SbxImpEvt01","programStage":"GX0z9IXFaso","enrollment":"SbxImpEnr01","orgUnit":"SbxClinic01","status":"ACTIVE","occurredAt":"2026-02-03T09:30:00",
	 "dataValues":[{"dataElement":"Sx8XEKmdhFf","value":null},{"dataElement":"gu4sr8eOZcT","value":"20"}]}],
	 "trackedEntities":[{"trackedEntity":"SbxImport01","trackedEntityType":"MxdEsVAegt5","orgUnit":"SbxClinic01","attributes":[{"attribute":"IrUmPkFMDU5","value":""}]}],
	 "enrollments":[{"enrollment":"SbxImpEnr01","trackedEntity":"SbxImport01","program":"eozjj9UivfS","orgUnit":"SbxClinic01","enrolledAt":"2026-02-01","status":"COMPLETED","followUp":true}]}`)
	if got := stats(report); got != "0 created, 3 updated, 0 deleted, 0 ignored" {
		t.Errorf("update: got %s", got)
	}
	te = s.trackedEntity("SbxImport01")
	ev = eventOf(te, "SbxImpEvt01")
	if valueOf(te, "SbxImpEvt01", "Sx8XEKmdhFf") != "" || valueOf(te, "SbxImpEvt01", "cw35l7X4hnV") != "10.50" ||
		valueOf(te, "SbxImpEvt01", "gu4sr8eOZcT") != "20" || ev.Status != dhis2.EventActive || ev.CompletedAt != "" ||
		ev.OccurredAt != "2026-02-03T09:30:00.000" || len(te.Attributes) != 1 || te.Enrollments[0].Status != dhis2.EnrollmentCompleted || !te.Enrollments[0].FollowUp {
		t.Errorf("after the update: got %+v", te)
	}

	report = s.imported(200, "&importStrategy=DELETE", `{"events":[{"event":"SbxImpEvt01"}]}`)
	if got := stats(report); got != "0 created, 0 updated, 1 deleted, 0 ignored" || eventOf(s.trackedEntity("SbxImport01"), "SbxImpEvt01") != nil {
		t.Errorf("delete the event: got %s", got)
	}
	if got := codes(s.imported(409, "", `{"events":[{"event":"SbxImpEvt01","status":"ACTIVE"}]}`)); !slices.Equal(got, []string{"E1082"}) {
		t.Errorf("change of a deleted event: got %v", got)
	}
	s.imported(200, "&importStrategy=DELETE", `{"enrollments":[{"enrollment":"SbxImpEnr01"}]}`)
	s.imported(200, "&importStrategy=DELETE", `{"trackedEntities":[{"trackedEntity":"SbxImport01"}]}`)
	if resp, _ := s.call("GET", "/api/tracker/trackedEntities/SbxImport01", ""); resp.StatusCode != http.StatusNotFound {
		t.Errorf("the deleted one: got %d", resp.StatusCode)
	}
}

func TestImportRefusals(t *testing.T) {
	event := func(rest string) string {
		return `{"events":[{"event":"SbxImpEvt09","programStage":"GX0z9IXFaso","enrollment":"SbxEnr00001","orgUnit":"SbxClinic01","occurredAt":"2026-02-02"` + rest + `}]}`
	}
	value := func(element, v string) string {
		return event(`,"dataValues":[{"dataElement":"` + element + `","value":"` + v + `"}]`)
	}
	attribute := func(a, v string) string {
		return `{"trackedEntities":[{"trackedEntity":"SbxMother01","trackedEntityType":"MxdEsVAegt5","orgUnit":"SbxClinic01","attributes":[{"attribute":"` + a + `","value":"` + v + `"}]}]}`
	}
	enrollment := func(te, program, unit, rest string) string {
		return `{"enrollments":[{"enrollment":"SbxImpEnr09","trackedEntity":"` + te + `","program":"` + program + `","orgUnit":"` + unit + `"` + rest + `}]}`
	}
	for _, tc := range []struct {
		name, query, body, code string
	}{
		{"exists", "&importStrategy=CREATE", attribute("VQl0wK3eqiw", "x"), "E1002"},
		{"does not exist", "&importStrategy=UPDATE", newMother, "E1063"},
		{"event exists", "&importStrategy=CREATE", `{"events":[{"event":"SbxEv010001"}]}`, "E1030"},
		{"event unknown", "&importStrategy=UPDATE", `{"events":[{"event":"Nobody00001"}]}`, "E1032"},
		{"enrollment unknown", "&importStrategy=DELETE", `{"enrollments":[{"enrollment":"Nobody00001"}]}`, "E1081"},
		{"deleted already", "", `{"trackedEntities":[{"trackedEntity":"SbxMother17"}]}`, "E1114"},
		{"type", "", strings.ReplaceAll(newMother, "MxdEsVAegt5", "Nobody00001"), "E1005"},
		{"unit", "", strings.ReplaceAll(newMother, "SbxClinic01", "Nobody00001"), "E1049"},
		{"attribute", "", attribute("Nobody00001", "x"), "E1006"},
		{"attribute type", "", attribute("Yie7mOY913J", "2026-02-30"), "E1007"},
		{"attribute option", "", attribute("p7zizFkC6Lv", "female"), "E1125"},
		{"attribute length", "", attribute("EOMGwaUTMrU", strings.Repeat("a", 1201)), "E1077"},
		{"program", "", enrollment("SbxMother01", "Nobody00001", "SbxClinic01", ""), "E1069"},
		{"tracked entity", "", enrollment("Nobody00001", "eozjj9UivfS", "SbxClinic01", `,"enrolledAt":"2026-01-01"`), "E1068"},
		{"no enrolledAt", "", enrollment("SbxMother01", "eozjj9UivfS", "SbxClinic01", ""), "E1025"},
		{"mandatory attribute", "", enrollment("SbxMother01", "eozjj9UivfS", "SbxClinic01", `,"enrolledAt":"2026-01-01","attributes":[{"attribute":"VQl0wK3eqiw","value":""}]`), "E1018"},
		{"stage", "", strings.ReplaceAll(event(""), "GX0z9IXFaso", "Nobody00001"), "E1013"},
		{"event's enrollment", "", strings.ReplaceAll(event(""), "SbxEnr00001", "Nobody00001"), "E1081"},
		{"no occurredAt", "", strings.ReplaceAll(event(""), `,"occurredAt":"2026-02-02"`, ""), "E1031"},
		{"no scheduledAt", "", strings.ReplaceAll(event(`,"status":"SCHEDULE"`), `,"occurredAt":"2026-02-02"`, ""), "E1050"},
		{"part of a tracked entity", "", `{"trackedEntities":[{"trackedEntity":"SbxMother01"}]}`, "E1121"},
		{"part of an enrollment", "", `{"enrollments":[{"enrollment":"SbxEnr00001","status":"COMPLETED"}]}`, "E1122"},
		{"part of an event", "", `{"events":[{"event":"SbxEv010001","status":"ACTIVE"}]}`, "E1123"},
		{"event's unit", "", strings.ReplaceAll(event(""), "SbxClinic01", "Nobody00001"), "E1011"},
		{"enrollment's unit", "", enrollment("SbxMother01", "eozjj9UivfS", "Nobody00001", `,"enrolledAt":"2026-01-01"`), "E1070"},
		{"enrolled tomorrow", "", enrollment("SbxMother01", "eozjj9UivfS", "SbxClinic01", `,"enrolledAt":"2026-03-03"`), "E1020"},
		{"enrolled already", "", enrollment("SbxMother01", "eozjj9UivfS", "SbxClinic01", `,"enrolledAt":"2026-01-01"`), "E1015"},
		{"another tracked entity", "", `{"enrollments":[{"enrollment":"SbxEnr00001","trackedEntity":"SbxMother02","program":"eozjj9UivfS","orgUnit":"SbxClinic01","enrolledAt":"2026-01-01"}]}`, "E1127"},
		{"another stage", "", `{"events":[{"event":"SbxEv010001","programStage":"` + sandbox.ANCReferral.String() + `","enrollment":"SbxEnr00001","orgUnit":"SbxClinic01","occurredAt":"2026-02-02"}]}`, "E1128"},
		{"another program", "", event(`,"program":"Nobody00001"`), "E1089"},
		{"a second registration", "", strings.ReplaceAll(event(""), "GX0z9IXFaso", sandbox.ANCRegistration.String()), "E1039"},
		{"unknown data element", "", value("Nobody00001", "1"), "E1304"},
		{"data element of another stage", "", value("vuDExM32SZ6", "2026-01-01"), "E1305"},
		{"value type", "", value("cw35l7X4hnV", "high"), "E1302"},
		{"TRUE_ONLY is never false", "", value("p7yWXAO6ag7", "false"), "E1302"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := start(t, sandbox.Config{})
			report := s.imported(409, tc.query, tc.body)
			if got := codes(report); !slices.Contains(got, tc.code) || report["status"] != "ERROR" {
				t.Errorf("got %v, want %s", got, tc.code)
			}
			if got := stats(report); !strings.HasPrefix(got, "0 created, 0 updated, 0 deleted, ") {
				t.Errorf("something was written: %s", got)
			}
		})
	}
	t.Run("unique attribute", func(t *testing.T) {
		s := start(t, sandbox.Config{})
		if err := s.SetAttribute(dhis2.MustUID("SbxMother02"), dhis2.MustUID("IrUmPkFMDU5"), "SBX1IMPORT1"); err != nil {
			t.Fatal(err)
		}
		if got := codes(s.imported(409, "", newMother)); !slices.Contains(got, "E1064") || !slices.Contains(got, "E5000") {
			t.Errorf("got %v, want E1064, and E5000 of what hangs on it", got)
		}
	})
	t.Run("authorities", func(t *testing.T) {
		s := start(t, sandbox.Config{})
		user := func(authorities ...string) {
			s.SetUser(sandbox.User{User: dhis2.User{ID: dhis2.MustUID("SbxAdmin001"), Username: "admin"}, Tokens: []string{sandbox.DefaultToken}, Authorities: authorities})
		}
		s.imported(200, "", newMother)
		const reopened = `{"events":[{"event":"SbxImpEvt01","programStage":"GX0z9IXFaso","enrollment":"SbxImpEnr01","orgUnit":"SbxClinic01","occurredAt":"2026-02-02","status":"ACTIVE"}]}`
		for _, tc := range []struct{ query, body, code, authority string }{
			{"", reopened, "E1083", "F_UNCOMPLETE_EVENT"},
			{"&importStrategy=DELETE", `{"enrollments":[{"enrollment":"SbxImpEnr01"}]}`, "E1103", "F_ENROLLMENT_CASCADE_DELETE"},
			{"&importStrategy=DELETE", `{"trackedEntities":[{"trackedEntity":"SbxMother01"}]}`, "E1100", "F_TEI_CASCADE_DELETE"},
		} {
			user()
			if got := codes(s.imported(409, tc.query, tc.body)); !slices.Equal(got, []string{tc.code}) {
				t.Errorf("without %s: got %v, want %s", tc.authority, got, tc.code)
			}
			user(tc.authority)
			s.imported(200, tc.query, tc.body)
		}
		s.SetUser(sandbox.User{User: dhis2.User{ID: dhis2.MustUID("SbxAdmin001"), Username: "admin"}, Tokens: []string{sandbox.DefaultToken}, Programs: []dhis2.UID{}})
		if got := codes(s.imported(409, "", strings.ReplaceAll(newMother, "SbxImp", "SbxOth"))); !slices.Contains(got, "E1091") {
			t.Errorf("a program that the user does not reach: got %v", got)
		}
	})
	t.Run("another type", func(t *testing.T) {
		s := start(t, sandbox.Config{})
		if err := s.Load(sandbox.Dataset{TypeAttributes: map[dhis2.UID][]dhis2.UID{dhis2.MustUID("SbxType0001"): {dhis2.MustUID("VQl0wK3eqiw")}}}); err != nil {
			t.Fatal(err)
		}
		if got := codes(s.imported(409, "", strings.ReplaceAll(attribute("VQl0wK3eqiw", "x"), "MxdEsVAegt5", "SbxType0001"))); !slices.Equal(got, []string{"E1126"}) {
			t.Errorf("got %v, want E1126", got)
		}
	})
	t.Run("compulsory data element", func(t *testing.T) {
		s := start(t, sandbox.Config{})
		p := sandbox.ANC()
		for i := range p.Stages[1].Elements {
			p.Stages[1].Elements[i].Compulsory = p.Stages[1].Elements[i].DataElement.ID == dhis2.MustUID("cw35l7X4hnV")
		}
		p.OnlyEnrollOnce = true
		if err := s.Load(sandbox.Dataset{Programs: []dhis2.Program{p}}); err != nil {
			t.Fatal(err)
		}
		if got := codes(s.imported(409, "", event(`,"status":"COMPLETED"`))); !slices.Equal(got, []string{"E1303"}) {
			t.Errorf("completed without it: got %v", got)
		}
		s.imported(200, "", event(""))
		if got := codes(s.imported(409, "", enrollment("SbxMother01", "eozjj9UivfS", "SbxClinic01", `,"enrolledAt":"2026-01-01","status":"COMPLETED"`))); !slices.Contains(got, "E1016") {
			t.Errorf("a second enrollment: got %v", got)
		}
	})
	t.Run("no capture scope", func(t *testing.T) {
		s := start(t, sandbox.Config{})
		s.SetUser(sandbox.User{User: dhis2.User{ID: dhis2.MustUID("SbxAdmin001"), Username: "admin"}, Tokens: []string{sandbox.DefaultToken},
			Capture: []dhis2.UID{dhis2.MustUID("SbxClinic04")}})
		if got := codes(s.imported(409, "", newMother)); !slices.Contains(got, "E1000") {
			t.Errorf("got %v, want E1000", got)
		}
	})
	for name, body := range map[string]string{"no JSON": "<xml/>", "nothing": "", "cut off": `{"events":[`, "wrong type": `{"events":{}}`} {
		t.Run(name, func(t *testing.T) {
			s := start(t, sandbox.Config{})
			s.decode(400, "POST", "/api/tracker?async=false", body)
		})
	}
	s := start(t, sandbox.Config{})
	s.decode(400, "POST", "/api/tracker?async=false&importStrategy=MERGE", newMother)
}

// TestImportModes: one bad object costs all, or with atomicMode=OBJECT only
// itself, and that answers 200.
func TestImportModes(t *testing.T) {
	s := start(t, sandbox.Config{})
	mixed := `{"trackedEntities":[
	 {"trackedEntity":"SbxMother01","trackedEntityType":"MxdEsVAegt5","orgUnit":"SbxClinic01","attributes":[{"attribute":"VQl0wK3eqiw","value":"Mixed Sample"}]},
	 {"trackedEntity":"SbxMother02","trackedEntityType":"MxdEsVAegt5","orgUnit":"SbxClinic01","attributes":[{"attribute":"Yie7mOY913J","value":"never"}]}]}`
	if got := stats(s.imported(409, "", mixed)); got != "0 created, 0 updated, 0 deleted, 2 ignored" {
		t.Errorf("all or nothing: got %s", got)
	}
	if report := s.imported(200, "&atomicMode=OBJECT&importMode=VALIDATE", mixed); stats(report) != "0 created, 1 updated, 0 deleted, 1 ignored" {
		t.Errorf("validation: got %s", stats(report))
	}
	name := func() string {
		for _, a := range s.trackedEntity("SbxMother01").Attributes {
			if a.Attribute == dhis2.MustUID("VQl0wK3eqiw") {
				return a.Value
			}
		}
		return ""
	}
	if name() == "Mixed Sample" {
		t.Error("validation wrote something")
	}
	if got := stats(s.imported(200, "&atomicMode=OBJECT", mixed)); got != "0 created, 1 updated, 0 deleted, 1 ignored" || name() != "Mixed Sample" {
		t.Errorf("object by object: got %s", got)
	}
	job := s.decode(200, "POST", "/api/tracker", newMother)["response"].(map[string]any)
	id := job["id"].(string)
	if !strings.HasSuffix(job["location"].(string), "/api/tracker/jobs/"+id) {
		t.Errorf("job: got %v", job)
	}
	if got := stats(s.get("/api/tracker/jobs/" + id + "/report")); got != "3 created, 0 updated, 0 deleted, 0 ignored" {
		t.Errorf("report of the job: got %s", got)
	}
	for path, want := range map[string]int{"jobs/" + id: 200, "jobs/none": 404, "jobs/none/report": 404} {
		if resp, _ := s.call("GET", "/api/tracker/"+path, ""); resp.StatusCode != want {
			t.Errorf("%s: got %d, want %d", path, resp.StatusCode, want)
		}
	}
	// Without UIDs the server gives them.
	report := s.imported(200, "", strings.NewReplacer(`"trackedEntity":"SbxImport01",`, "", `"enrollment":"SbxImpEnr01",`, "", `"event":"SbxImpEvt01",`, "", "SBX1IMPORT1", "SBX1IMPORT2").Replace(newMother))
	if got := stats(report); got != "3 created, 0 updated, 0 deleted, 0 ignored" {
		t.Errorf("without UIDs: got %s", got)
	}
}
