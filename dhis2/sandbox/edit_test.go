package sandbox_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// TestBumps: every change below a tracked entity moves its updatedAt.
func TestBumps(t *testing.T) {
	uid := dhis2.MustUID
	mother := "SbxMother00"
	for _, tc := range []struct {
		name   string
		change func(*site, *dhis2.TrackedEntity) error
		check  func(*dhis2.TrackedEntity) bool
	}{
		{"value", func(s *site, te *dhis2.TrackedEntity) error {
			return s.SetValue(uid("SbxEv010000"), uid("vuDExM32SZ6"), "2025-10-01")
		}, func(te *dhis2.TrackedEntity) bool { return valueOf(te, "SbxEv010000", "vuDExM32SZ6") == "2025-10-01" }},
		{"value cleared", func(s *site, te *dhis2.TrackedEntity) error {
			return s.SetValue(uid("SbxEv010000"), uid("vuDExM32SZ6"), "")
		},
			func(te *dhis2.TrackedEntity) bool { return valueOf(te, "SbxEv010000", "vuDExM32SZ6") == "" }},
		{"value added", func(s *site, te *dhis2.TrackedEntity) error {
			return s.SetValue(uid("SbxEv010000"), uid("BqkEw3MQDNI"), "3")
		},
			func(te *dhis2.TrackedEntity) bool { return valueOf(te, "SbxEv010000", "BqkEw3MQDNI") == "3" }},
		{"attribute", func(s *site, te *dhis2.TrackedEntity) error {
			return s.SetAttribute(uid(mother), uid("gGAQeOr1Pgu"), "")
		},
			func(te *dhis2.TrackedEntity) bool {
				return !slices.ContainsFunc(te.Attributes, func(a dhis2.Attribute) bool { return a.Attribute == uid("gGAQeOr1Pgu") })
			}},
		{"uncomplete", func(s *site, te *dhis2.TrackedEntity) error { return s.Uncomplete(uid("SbxEv010000")) },
			func(te *dhis2.TrackedEntity) bool {
				ev := eventOf(te, "SbxEv010000")
				return ev.Status == dhis2.EventActive && ev.CompletedAt == "" && ev.CompletedBy == "" && ev.OccurredAt != ""
			}},
		{"complete", func(s *site, te *dhis2.TrackedEntity) error { return s.Complete(uid("SbxEv030000")) },
			func(te *dhis2.TrackedEntity) bool {
				ev := eventOf(te, "SbxEv030000")
				return ev.Status == dhis2.EventCompleted && ev.CompletedBy == "admin" && ev.OccurredAt == "2026-03-02T00:00:00.000"
			}},
		{"another day", func(s *site, te *dhis2.TrackedEntity) error { return s.SetOccurredAt(uid("SbxEv010000"), "2025-09-30") },
			func(te *dhis2.TrackedEntity) bool {
				return eventOf(te, "SbxEv010000").OccurredAt == "2025-09-30T00:00:00.000"
			}},
		{"another time", func(s *site, te *dhis2.TrackedEntity) error {
			return s.SetOccurredAt(uid("SbxEv010000"), "2025-09-30T03:15:00Z")
		}, func(te *dhis2.TrackedEntity) bool {
			return eventOf(te, "SbxEv010000").OccurredAt == "2025-09-30T08:45:00.000"
		}},
		{"no day", func(s *site, te *dhis2.TrackedEntity) error { return s.SetOccurredAt(uid("SbxEv010000"), "") },
			func(te *dhis2.TrackedEntity) bool { return eventOf(te, "SbxEv010000").OccurredAt == "" }},
		{"enrollment completed", func(s *site, te *dhis2.TrackedEntity) error {
			return s.SetEnrollmentStatus(te.Enrollments[0].Enrollment, dhis2.EnrollmentCompleted)
		}, func(te *dhis2.TrackedEntity) bool {
			return te.Enrollments[0].Status == dhis2.EnrollmentCompleted && te.Enrollments[0].CompletedAt != ""
		}},
		{"event deleted", func(s *site, te *dhis2.TrackedEntity) error { return s.DeleteEvent(uid("SbxEv020000")) },
			func(te *dhis2.TrackedEntity) bool { return eventOf(te, "SbxEv020000") == nil }},
		{"enrollment deleted", func(s *site, te *dhis2.TrackedEntity) error {
			return s.DeleteEnrollment(te.Enrollments[0].Enrollment)
		}, func(te *dhis2.TrackedEntity) bool { return len(te.Enrollments) == 0 }},
		{"enrollment added", func(s *site, te *dhis2.TrackedEntity) error { return s.AddEnrollment(uid(mother), anotherEnrollment) },
			func(te *dhis2.TrackedEntity) bool { return len(te.Enrollments) == 2 }},
		{"event added", func(s *site, te *dhis2.TrackedEntity) error {
			return s.AddEvent(te.Enrollments[0].Enrollment, dhis2.Event{Event: uid("SbxNewEvent"), ProgramStage: sandbox.ANCVisit})
		}, func(te *dhis2.TrackedEntity) bool {
			ev := eventOf(te, "SbxNewEvent")
			return ev != nil && ev.TrackedEntity == uid(mother) && ev.Program == sandbox.ANCProgram && ev.CreatedBy.Username == "admin"
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := start(t, sandbox.Config{})
			before := s.trackedEntity(mother)
			if tc.check(before) {
				t.Fatal("the change is there before it was made")
			}
			s.Advance(90 * time.Second)
			if err := tc.change(s, before); err != nil {
				t.Fatal(err)
			}
			after := s.trackedEntity(mother)
			if !tc.check(after) {
				t.Error("the change is not shown")
			}
			if after.UpdatedAt != "2026-03-02T15:31:30.000" || after.UpdatedBy.Username != "admin" {
				t.Errorf("updatedAt: got %s by %s", after.UpdatedAt, after.UpdatedBy.Username)
			}
		})
	}
}

var anotherEnrollment = dhis2.Enrollment{Enrollment: dhis2.MustUID("SbxNewEnrol"), Program: sandbox.ANCProgram, OrgUnit: dhis2.MustUID("SbxClinic01")}

func eventOf(te *dhis2.TrackedEntity, uid string) *dhis2.Event {
	for _, en := range te.Enrollments {
		for i := range en.Events {
			if en.Events[i].Event.String() == uid {
				return &en.Events[i]
			}
		}
	}
	return nil
}

func valueOf(te *dhis2.TrackedEntity, event, element string) string {
	if ev := eventOf(te, event); ev != nil {
		for _, v := range ev.DataValues {
			if v.DataElement.String() == element {
				return v.Value
			}
		}
	}
	return ""
}

func TestDeletion(t *testing.T) {
	s := start(t, sandbox.Config{})
	mother := dhis2.MustUID("SbxMother00")
	s.Advance(time.Minute)
	if err := s.Delete(mother); err != nil {
		t.Fatal(err)
	}
	if resp, _ := s.call("GET", "/api/tracker/trackedEntities/SbxMother00", ""); resp.StatusCode != http.StatusNotFound {
		t.Errorf("by UID: got %d, want 404", resp.StatusCode)
	}
	list := s.get("/api/tracker/trackedEntities?fields=*&includeDeleted=true&trackedEntities=SbxMother00&" + program)
	te := first(list["trackedEntities"])
	if te["deleted"] != true || len(te["attributes"].([]any)) != 0 || te["updatedAt"] != "2026-03-02T15:31:00.000" {
		t.Errorf("includeDeleted: got %v", te)
	}
	en := first(te["enrollments"])
	if en["deleted"] != true || len(en["attributes"].([]any)) != 0 || first(en["events"])["deleted"] != true {
		t.Error("deletion does not reach enrollments and events")
	}
	for _, path := range []string{"events/SbxEv010000", "enrollments/SbxEnr00000"} {
		if resp, _ := s.call("GET", "/api/tracker/"+path, ""); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: got %d", path, resp.StatusCode)
		}
	}
	if err := s.Purge(mother); err != nil {
		t.Fatal(err)
	}
	if got := s.uids(program + "&includeDeleted=true"); slices.Contains(got, "SbxMother00") || len(got) != 24 {
		t.Errorf("after the purge: got %d", len(got))
	}
}

func TestTypeAttributes(t *testing.T) {
	s := start(t, sandbox.Config{})
	if err := s.Load(sandbox.Dataset{TypeAttributes: map[dhis2.UID][]dhis2.UID{sandbox.ANCType: {dhis2.MustUID("VQl0wK3eqiw")}}}); err != nil {
		t.Fatal(err)
	}
	te := s.get("/api/tracker/trackedEntities/SbxMother01?fields=attributes[attribute]")
	if got := fmt.Sprint(te["attributes"]); got != "[map[attribute:VQl0wK3eqiw]]" {
		t.Errorf("without program=: got %s", got)
	}
}

// TestSandboxNote: a note marks nothing as updated, as in DHIS2.
func TestSandboxNote(t *testing.T) {
	s := start(t, sandbox.Config{})
	before := s.trackedEntity("SbxMother00")
	s.Advance(time.Minute)
	if err := s.AddNote(dhis2.MustUID("SbxEv010000"), "called her"); err != nil {
		t.Fatal(err)
	}
	after := s.trackedEntity("SbxMother00")
	if ev := eventOf(after, "SbxEv010000"); len(ev.Notes) != 1 || ev.Notes[0].Value != "called her" || ev.Notes[0].StoredAt != "2026-03-02T15:31:00.000" {
		t.Errorf("got %+v", ev.Notes)
	}
	if after.UpdatedAt != before.UpdatedAt || eventOf(after, "SbxEv010000").UpdatedAt != eventOf(before, "SbxEv010000").UpdatedAt {
		t.Error("a note moved updatedAt")
	}
}

// TestSandboxHeldEnrollment: an enrollment is visible before its tracked entity
// is marked, as an event is.
func TestSandboxHeldEnrollment(t *testing.T) {
	s := start(t, sandbox.Config{})
	before := s.trackedEntity("SbxMother00").UpdatedAt
	s.HoldBumps()
	if err := s.AddEnrollment(dhis2.MustUID("SbxMother00"), anotherEnrollment); err != nil {
		t.Fatal(err)
	}
	te := s.trackedEntity("SbxMother00")
	if te.UpdatedAt != before || len(te.Enrollments) != 2 {
		t.Errorf("held: got %s with %d enrollments", te.UpdatedAt, len(te.Enrollments))
	}
	s.ReleaseBumps()
	if got := s.trackedEntity("SbxMother00").UpdatedAt; got != "2026-03-02T15:30:00.000" {
		t.Errorf("released: got %s", got)
	}
}

func TestEditsOfNothing(t *testing.T) {
	s := start(t, sandbox.Config{})
	no := dhis2.MustUID("Nobody00001")
	for name, err := range map[string]error{
		"value": s.SetValue(no, no, "x"), "attribute": s.SetAttribute(no, no, "x"), "complete": s.Complete(no),
		"enrollment status": s.SetEnrollmentStatus(no, dhis2.EnrollmentCompleted), "delete event": s.DeleteEvent(no),
		"delete enrollment": s.DeleteEnrollment(no), "delete": s.Delete(no), "purge": s.Purge(no),
		"note": s.AddNote(no, "x"), "day": s.SetOccurredAt(no, ""), "add event": s.AddEvent(no, dhis2.Event{}), "add enrollment": s.AddEnrollment(no, dhis2.Enrollment{}),
	} {
		if !errors.Is(err, sandbox.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", name, err)
		}
	}
	if s.Put(dhis2.TrackedEntity{}) == nil {
		t.Error("a tracked entity without a UID was put")
	}
	if s.SetOccurredAt(dhis2.MustUID("SbxEv010001"), "yesterday") == nil {
		t.Error("a day that is none was taken")
	}
	if s.SetAttribute(dhis2.MustUID("SbxMother01"), no, "\xff") == nil || s.AddNote(dhis2.MustUID("SbxEv010001"), "\xff") == nil {
		t.Error("a text that is not UTF-8 was taken")
	}
}

// TestHeldBumps: the event is visible first, the tracked entity moves later or
// never.
func TestHeldBumps(t *testing.T) {
	uid, since := dhis2.MustUID, "updatedAfter=2026-03-02T15:30:00.000&"+program
	for _, lost := range []bool{false, true} {
		s := start(t, sandbox.Config{})
		s.HoldBumps()
		if err := s.SetValue(uid("SbxEv010001"), uid("TRkCMVFhrmr"), "2"); err != nil {
			t.Fatal(err)
		}
		s.imported(200, "", `{"events":[{"event":"SbxEv010002","programStage":"`+sandbox.ANCRegistration.String()+`","enrollment":"SbxEnr00002","orgUnit":"SbxClinic01","status":"ACTIVE","occurredAt":"2026-01-01"}]}`)
		if got := s.uids(since); len(got) != 0 {
			t.Errorf("held: got %v", got)
		}
		if got := s.column("events", "event", since); !slices.Equal(got, []string{"SbxEv010001", "SbxEv010002"}) {
			t.Errorf("events: got %v", got)
		}
		s.Advance(time.Second)
		var want []string
		if lost {
			s.LoseBumps()
		} else {
			s.ReleaseBumps()
			want = []string{"SbxMother01", "SbxMother02"}
		}
		if got := s.uids("updatedAfter=2026-03-02T15:30:01.000&" + program); !slices.Equal(got, want) && len(got)+len(want) > 0 {
			t.Errorf("lost %t: got %v, want %v", lost, got, want)
		}
		if err := s.SetValue(uid("SbxEv010003"), uid("TRkCMVFhrmr"), "2"); err != nil {
			t.Fatal(err)
		}
		if got := s.uids("order=updatedAt:desc&" + program); got[0] != "SbxMother03" && !slices.Contains(got[:3], "SbxMother03") {
			t.Errorf("afterwards: got %v", got[:3])
		}
	}
}

// TestHiddenAttributes: a right that is lost looks like a value that is gone.
func TestHiddenAttributes(t *testing.T) {
	name := dhis2.MustUID("VQl0wK3eqiw")
	for version, shown := range map[string]bool{"2.42": true, "2.43": false} {
		s := start(t, sandbox.Config{Version: version})
		s.SetUser(sandbox.User{User: dhis2.User{ID: dhis2.MustUID("SbxAdmin001"), Username: "admin"}, Tokens: []string{sandbox.DefaultToken},
			HiddenAttributes: []dhis2.UID{name}})
		te := s.trackedEntity("SbxMother01")
		for where, list := range map[string][]dhis2.Attribute{"tracked entity": te.Attributes, "enrollment": te.Enrollments[0].Attributes} {
			got := slices.ContainsFunc(list, func(a dhis2.Attribute) bool { return a.Attribute == name })
			if got != shown || len(list) < 5 {
				t.Errorf("%s, %s: shown %t, want %t", version, where, got, shown)
			}
		}
	}
}
