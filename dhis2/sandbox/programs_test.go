package sandbox_test

import (
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// TestTwoPrograms: program= narrows the enrollments; a user who may not read a
// program does not see that anybody is in it.
func TestTwoPrograms(t *testing.T) {
	s := start(t, sandbox.Config{})
	other := sandbox.ANC()
	other.ID = dhis2.MustUID("SbxProgram2")
	other.Attributes = other.Attributes[:2]
	if err := s.Load(sandbox.Dataset{Programs: []dhis2.Program{other}}); err != nil {
		t.Fatal(err)
	}
	if err := s.AddEnrollment(dhis2.MustUID("SbxMother01"), dhis2.Enrollment{Enrollment: dhis2.MustUID("SbxOtherEnr"), Program: other.ID}); err != nil {
		t.Fatal(err)
	}
	count := func(query string) int {
		return len(s.get("/api/tracker/trackedEntities/SbxMother01?fields=*" + query)["enrollments"].([]any))
	}
	if all, anc, second := count(""), count("&"+program), count("&program=SbxProgram2"); all != 2 || anc != 1 || second != 1 {
		t.Errorf("got %d enrollments in all, %d and %d by program", all, anc, second)
	}
	if got := s.uids("program=SbxProgram2"); len(got) != 1 || got[0] != "SbxMother01" {
		t.Errorf("the second program: got %v", got)
	}
	if te := s.get("/api/tracker/trackedEntities/SbxMother01?fields=attributes&program=SbxProgram2"); len(te["attributes"].([]any)) != 2 {
		t.Errorf("attributes of the second program: got %v", te)
	}
	s.SetUser(sandbox.User{User: dhis2.User{ID: dhis2.MustUID("SbxAdmin001"), Username: "admin"}, Tokens: []string{sandbox.DefaultToken},
		Programs: []dhis2.UID{sandbox.ANCProgram}})
	if got := count(""); got != 1 {
		t.Errorf("a program that is not shared: got %d enrollments", got)
	}
}

// TestPutMergesAttributes: an export repeats values at both places; the later
// one stays, the enrollment is where it is printed.
func TestPutMergesAttributes(t *testing.T) {
	name, nic := dhis2.MustUID("VQl0wK3eqiw"), dhis2.MustUID("M6NNPC3hNrb")
	s := start(t, sandbox.Config{})
	te := dhis2.TrackedEntity{TrackedEntity: dhis2.MustUID("SbxMerged01"), TrackedEntityType: sandbox.ANCType, OrgUnit: dhis2.MustUID("SbxClinic01"),
		Attributes: []dhis2.Attribute{{Attribute: name, Value: "Old Sample", UpdatedAt: "2026-01-01T10:00:00.000"}, {Attribute: nic, Value: "new", UpdatedAt: "2026-02-01T10:00:00.000"}},
		Enrollments: []dhis2.Enrollment{{Enrollment: dhis2.MustUID("SbxMergEnr1"), Program: sandbox.ANCProgram, Attributes: []dhis2.Attribute{
			{Attribute: name, Value: "New Sample", UpdatedAt: "2026-01-02T10:00:00.000"}, {Attribute: nic, Value: "old", UpdatedAt: "2026-01-01T10:00:00.000"}, {Attribute: dhis2.MustUID("gGAQeOr1Pgu")}}}}}
	if err := s.Put(te); err != nil {
		t.Fatal(err)
	}
	got := s.trackedEntity("SbxMerged01")
	values := map[dhis2.UID]string{}
	for _, a := range got.Enrollments[0].Attributes {
		values[a.Attribute] = a.Value
	}
	if len(values) != 2 || values[name] != "New Sample" || values[nic] != "new" || len(got.Attributes) != 2 {
		t.Errorf("got %v", values)
	}
	if got.UpdatedAt != "2026-03-02T15:30:00.000" || got.CreatedAt != got.UpdatedAt {
		t.Errorf("times that were not given: got %s, %s", got.CreatedAt, got.UpdatedAt)
	}
	// What was put is a copy: the caller's document does not change the row.
	te.Enrollments[0].Status = dhis2.EnrollmentCancelled
	if s.trackedEntity("SbxMerged01").Enrollments[0].Status != dhis2.EnrollmentActive {
		t.Error("the row shares memory with the caller's document")
	}
	if s.Put(dhis2.TrackedEntity{TrackedEntity: te.TrackedEntity, TrackedEntityType: te.TrackedEntityType, Enrollments: []dhis2.Enrollment{{}}}) == nil {
		t.Error("an enrollment without a UID was put")
	}
	if s.Put(dhis2.TrackedEntity{TrackedEntity: te.TrackedEntity, TrackedEntityType: te.TrackedEntityType,
		Enrollments: []dhis2.Enrollment{{Enrollment: dhis2.MustUID("SbxMergEnr1"), Program: sandbox.ANCProgram, Events: []dhis2.Event{{}}}}}) == nil {
		t.Error("an event without a UID was put")
	}
}
