package sandbox_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// column is one member of each element of a list.
func (s *site) column(list, member, query string) []string {
	s.t.Helper()
	out := []string{}
	for _, o := range s.get("/api/tracker/" + list + "?" + query)[list].([]any) {
		text, _ := o.(map[string]any)[member].(string)
		out = append(out, text)
	}
	return out
}

func TestEventsList(t *testing.T) {
	s := start(t, sandbox.Config{})
	s.Advance(time.Minute)
	if err := s.SetValue(dhis2.MustUID("SbxEv010001"), dhis2.MustUID("TRkCMVFhrmr"), "2"); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteEvent(dhis2.MustUID("SbxEv010002")); err != nil {
		t.Fatal(err)
	}
	since := "updatedAfter=2026-03-02T15:31:00.000&" + program
	for query, want := range map[string][]string{
		since:                          {"SbxEv010001"},
		since + "&includeDeleted=true": {"SbxEv010001", "SbxEv010002"},
		since + "&updatedBefore=2026-03-02T15:30:59.999": {},
		since + "&programStage=GX0z9IXFaso":              {},
		since + "&programStage=LWJcStrI6kM":              {"SbxEv010001"},
		since + "&trackedEntity=SbxMother05":             {},
		since + "&orgUnit=SbxClinic02":                   {"SbxEv010001"},
		since + "&orgUnit=SbxClinic03":                   {},
	} {
		if got := s.column("events", "event", query); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", query, got, want)
		}
	}
	for _, order := range []string{"occurredAt", "scheduledAt", "createdAt", "updatedAt", "completedAt", "event", "status"} {
		up := s.column("events", order, program+"&paging=false&fields="+order+"&order="+order+":asc")
		down := s.column("events", order, program+"&paging=false&fields="+order+"&order="+order+":desc")
		if !slices.IsSorted(up) || len(up) < 50 || up[0] == up[len(up)-1] {
			t.Errorf("by %s: %d events are not in order", order, len(up))
		}
		slices.Reverse(down)
		if !slices.Equal(up, down) {
			t.Errorf("by %s: down is not the reverse of up", order)
		}
	}
	ev := s.get("/api/tracker/events/SbxEv010001")
	if ev["trackedEntity"] != "SbxMother01" || ev["relationships"] != nil || len(ev["dataValues"].([]any)) == 0 {
		t.Errorf("one event: got %v", ev)
	}
}

func TestEnrollmentsList(t *testing.T) {
	s := start(t, sandbox.Config{})
	s.Advance(time.Minute)
	if err := s.SetEnrollmentStatus(dhis2.MustUID("SbxEnr00001"), dhis2.EnrollmentCompleted); err != nil {
		t.Fatal(err)
	}
	since := "updatedAfter=2026-03-02T15:31:00.000&" + program
	for query, want := range map[string][]string{
		since:                                {"SbxEnr00001"},
		since + "&updatedBefore=2026-03-01":  {"SbxEnr00001"}, // not known here, ignored
		since + "&trackedEntity=SbxMother02": {},
		since + "&orgUnits=SbxClinic02":      {"SbxEnr00001"},
	} {
		if got := s.column("enrollments", "enrollment", query); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", query, got, want)
		}
	}
	for _, order := range []string{"enrolledAt", "createdAt", "updatedAt", "completedAt"} {
		up := s.column("enrollments", order, program+"&paging=false&fields="+order+"&order="+order+":asc")
		if !slices.IsSorted(up) || len(up) < 25 || up[0] == up[len(up)-1] {
			t.Errorf("by %s: %d enrollments are not in order", order, len(up))
		}
	}
	en := s.get("/api/tracker/enrollments/SbxEnr00001")
	if en["status"] != "COMPLETED" || en["events"] != nil || en["attributes"] != nil {
		t.Errorf("one enrollment: got %v", en)
	}
	for _, list := range []string{"enrollments", "events"} {
		for _, wrong := range []string{"fields=a[", "order=shoeSize", "trackedEntity=x", "program=x"} {
			if resp, _ := s.call("GET", "/api/tracker/"+list+"?"+wrong, ""); resp.StatusCode != http.StatusBadRequest {
				t.Errorf("%s?%s: got %d", list, wrong, resp.StatusCode)
			}
		}
	}
}
