package dhis2

import (
	"cmp"
	"slices"
)

// Sort puts the arrays of a document, which are sets that DHIS2 prints in any
// order, into one order: two reads of the same facts are then equal.
func (te *TrackedEntity) Sort() {
	sortAttributes(te.Attributes)
	for i := range te.Enrollments {
		en := &te.Enrollments[i]
		sortAttributes(en.Attributes)
		for j := range en.Events {
			ev := &en.Events[j]
			slices.SortFunc(ev.DataValues, func(a, b DataValue) int {
				return cmp.Or(cmp.Compare(a.DataElement.text, b.DataElement.text), cmp.Compare(a.UpdatedAt, b.UpdatedAt),
					cmp.Compare(a.CreatedAt, b.CreatedAt), cmp.Compare(a.Value, b.Value))
			})
			sortNotes(ev.Notes)
		}
		slices.SortStableFunc(en.Events, func(a, b Event) int {
			return cmp.Or(cmp.Compare(a.Event.text, b.Event.text), cmp.Compare(a.UpdatedAt, b.UpdatedAt))
		})
		sortNotes(en.Notes)
	}
	slices.SortStableFunc(te.Enrollments, func(a, b Enrollment) int {
		return cmp.Or(cmp.Compare(a.Enrollment.text, b.Enrollment.text), cmp.Compare(a.UpdatedAt, b.UpdatedAt))
	})
	slices.SortFunc(te.ProgramOwners, func(a, b ProgramOwner) int {
		return cmp.Or(cmp.Compare(a.Program.text, b.Program.text), cmp.Compare(a.OrgUnit.text, b.OrgUnit.text))
	})
	slices.SortStableFunc(te.Relationships, func(a, b Relationship) int { return cmp.Compare(a.Relationship.text, b.Relationship.text) })
}

func sortAttributes(list []Attribute) {
	slices.SortFunc(list, func(a, b Attribute) int {
		return cmp.Or(cmp.Compare(a.Attribute.text, b.Attribute.text), cmp.Compare(a.UpdatedAt, b.UpdatedAt),
			cmp.Compare(a.CreatedAt, b.CreatedAt), cmp.Compare(a.Value, b.Value))
	})
}

func sortNotes(list []Note) {
	slices.SortStableFunc(list, func(a, b Note) int { return cmp.Compare(a.Note.text, b.Note.text) })
}
