package main

import (
	"context"
	"errors"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/route"
)

// fieldsOfPlace are those that say where a tracked entity belongs.
const fieldsOfPlace = "trackedEntity,orgUnit,deleted,programOwners[orgUnit,program],enrollments[program,orgUnit,deleted]"

// place finds the program that shows a tracked entity, deleted ones too, if the user
// may register people in it where the entity belongs. DHIS2 is asked as this
// service, which sees more than the user: so who may not, gets no other answer than
// where there is nothing.
func (m *routeMapping) place(ctx context.Context, who route.Caller, r transactionRequest) (dhis2.UID, error) {
	none := refuseMapping(codeEntity, 404, "not there, or not for this user")
	var away error
	for _, one := range m.maps {
		if !r.Program.IsZero() && one.Program != r.Program {
			continue
		}
		page, err := m.dhis2.TrackedEntities(ctx, api.Query{Program: one.Program, TrackedEntities: []dhis2.UID{r.TrackedEntity}, IncludeDeleted: true, Fields: fieldsOfPlace})
		if err != nil {
			if refusal, ok := errors.AsType[*route.Refusal](notShown(err)); ok && refusal.Code != codeEntity {
				away = refusal
			}
			continue
		}
		for i := range page.Items {
			if te := &page.Items[i]; te.TrackedEntity == r.TrackedEntity {
				err := m.authority.MayCapture(ctx, who.User, one.Program, ownerOf(te, one.Program))
				if refusal, ok := errors.AsType[*route.Refusal](err); ok && refusal.Code == route.CodeForbidden {
					return dhis2.UID{}, none
				}
				return one.Program, err
			}
		}
	}
	if away != nil {
		return dhis2.UID{}, away
	}
	return dhis2.UID{}, none
}

// ownerOf is the organisation unit that owns an entity in a program, else that of its
// enrollment, else its own.
func ownerOf(te *dhis2.TrackedEntity, program dhis2.UID) dhis2.UID {
	for _, o := range te.ProgramOwners {
		if o.Program == program && !o.OrgUnit.IsZero() {
			return o.OrgUnit
		}
	}
	for _, e := range te.Enrollments {
		if e.Program == program && !e.OrgUnit.IsZero() {
			return e.OrgUnit
		}
	}
	return te.OrgUnit
}

// Bounds of a caller's document: each organisation unit is asked for at DHIS2, each
// enrollment at the authority.
const (
	maxUnits       = 50
	maxEnrollments = 10
)

// mapDocument maps what a caller has, who may register people wherever it says that
// it belongs.
func (m *routeMapping) mapDocument(ctx context.Context, who route.Caller, document jsontext.Value) (any, error) {
	// The cause is not kept: it may quote what was sent.
	te, err := dhis2.DecodeTrackedEntity(document)
	if err != nil {
		return nil, route.Refuse(route.CodeMalformed, "the document is no tracked entity")
	}
	bare := unitsOf(te)
	if len(te.Enrollments) > maxEnrollments || countUnits(bare) > maxUnits {
		return nil, route.Refuse(route.CodeTooLarge, "more enrollments or organisation units than a person has")
	}
	enrolled := false
	for _, e := range te.Enrollments {
		if !slices.ContainsFunc(m.programs(), func(p dhis2.UID) bool { return p == e.Program }) {
			continue
		}
		enrolled = true
		if err := m.authority.MayCapture(ctx, who.User, e.Program, e.OrgUnit); err != nil {
			return nil, err
		}
	}
	if !enrolled {
		r := refuseMapping(codeNotMapped, 422, "in no mapped program")
		r.Stage = "not-enrolled"
		return nil, r
	}
	// The staff are those that the document names: nobody is looked up for a caller.
	surroundings, err := m.contexts.Context(ctx, bare)
	if err != nil {
		return nil, awayDHIS2(err)
	}
	return m.transaction(te, surroundings)
}

func (m *routeMapping) programs() (all []dhis2.UID) {
	for _, one := range m.maps {
		all = append(all, one.Program)
	}
	return all
}

// unitsOf is a document that refers to the same organisation units, and to no user.
func unitsOf(te *dhis2.TrackedEntity) *dhis2.TrackedEntity {
	bare := &dhis2.TrackedEntity{TrackedEntity: te.TrackedEntity, OrgUnit: te.OrgUnit}
	for _, e := range te.Enrollments {
		one := dhis2.Enrollment{OrgUnit: e.OrgUnit, Program: e.Program}
		for _, v := range e.Events {
			event := dhis2.Event{OrgUnit: v.OrgUnit}
			for _, d := range v.DataValues {
				event.DataValues = append(event.DataValues, dhis2.DataValue{DataElement: d.DataElement, Value: d.Value})
			}
			one.Events = append(one.Events, event)
		}
		bare.Enrollments = append(bare.Enrollments, one)
	}
	return bare
}

// countUnits counts what may be organisation units in a document of unitsOf.
func countUnits(te *dhis2.TrackedEntity) int {
	units := map[string]bool{te.OrgUnit.String(): true}
	for _, e := range te.Enrollments {
		units[e.OrgUnit.String()] = true
		for _, v := range e.Events {
			units[v.OrgUnit.String()] = true
			for _, d := range v.DataValues {
				if uid, err := dhis2.ParseUID(d.Value); err == nil {
					units[uid.String()] = true
				}
			}
		}
	}
	return len(units)
}
