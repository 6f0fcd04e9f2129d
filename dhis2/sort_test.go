package dhis2_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// TestSort: DHIS2 prints sets, in any order; sorted, two prints are equal.
func TestSort(t *testing.T) {
	document := func() *dhis2.TrackedEntity {
		value := func(element, text string) dhis2.DataValue {
			return dhis2.DataValue{DataElement: dhis2.MustUID(element), Value: text}
		}
		return &dhis2.TrackedEntity{
			TrackedEntity: dhis2.MustUID("Entity00001"),
			Attributes: []dhis2.Attribute{
				{Attribute: dhis2.MustUID("Attribute01"), Value: "a"}, {Attribute: dhis2.MustUID("Attribute01"), Value: "b"},
				{Attribute: dhis2.MustUID("Attribute02"), Value: "c"},
			},
			Enrollments: []dhis2.Enrollment{
				{Enrollment: dhis2.MustUID("Enrolment01"), Events: []dhis2.Event{
					{Event: dhis2.MustUID("Event000001"), DataValues: []dhis2.DataValue{value("Element0001", "1"), value("Element0002", "2")}},
					{Event: dhis2.MustUID("Event000002"), Notes: []dhis2.Note{{Note: dhis2.MustUID("Note0000001")}, {Note: dhis2.MustUID("Note0000002")}}},
				}},
				{Enrollment: dhis2.MustUID("Enrolment02")},
			},
			ProgramOwners: []dhis2.ProgramOwner{{Program: dhis2.MustUID("Program0001")}, {Program: dhis2.MustUID("Program0002")}},
			Relationships: []dhis2.Relationship{{Relationship: dhis2.MustUID("Relation001")}, {Relationship: dhis2.MustUID("Relation002")}},
		}
	}
	want, got := document(), document()
	slices.Reverse(got.Attributes)
	slices.Reverse(got.ProgramOwners)
	slices.Reverse(got.Relationships)
	slices.Reverse(got.Enrollments[0].Events[0].DataValues)
	slices.Reverse(got.Enrollments[0].Events[1].Notes)
	slices.Reverse(got.Enrollments[0].Events)
	slices.Reverse(got.Enrollments)
	want.Sort()
	got.Sort()
	if diff := cmp.Diff(want, got, unexported); diff != "" {
		t.Errorf("a document in another order (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(document(), want, unexported); diff != "" {
		t.Errorf("sorting changed more than the order (-before +after):\n%s", diff)
	}
}
