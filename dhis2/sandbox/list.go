package sandbox

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

func (s *Server) listTrackedEntities(u *User, r *http.Request) (any, *problem) {
	q := r.URL.Query()
	fields := []string{"createdAt", "createdAtClient", "updatedAt", "updatedAtClient", "trackedEntity", "inactive"}
	if q.Get("program") != "" {
		fields = append(fields, "enrolledAt")
	}
	typ := q.Get("trackedEntityType")
	named, p := s.uids(q, "trackedEntities", "trackedEntity")
	switch {
	case p != nil:
		return nil, p
	case typ != "" && q.Get("program") != "":
		return nil, bad("`program` and `trackedEntityType` cannot be specified simultaneously")
	case typ == "" && q.Get("program") == "" && len(named) == 0:
		return nil, bad("Either `program`, `trackedEntityType` or `trackedEntities` should be specified")
	}
	lq, p := s.readList(u, q, fields, "orgUnits", "orgUnit")
	if p != nil {
		return nil, p
	}
	if len(named) == 0 {
		if p := searchLimit(lq.scope, lq.program); p != nil {
			return nil, p
		}
	}
	tree, ok := parseFields(orDefault(q.Get("fields"), "*,!relationships,!enrollments,!events,!programOwners"))
	if !ok {
		return nil, bad("fields: brackets do not match")
	}
	base := contextPath(r) + "/api/tracker/trackedEntities"
	if s.minor >= 43 && typ != "" && !slices.ContainsFunc(s.meta.programs, func(p dhis2.Program) bool { return u.reads(p.ID) }) {
		// Nobody is told that nothing could be looked at.
		return map[string]any{"pager": map[string]any{"page": 0, "pageSize": 0, "total": 0}, "trackedEntities": []any{}}, nil
	}
	var rows []*record
	for _, rec := range s.store.records {
		if lq.covers(rec.te.UpdatedAt, rec.te.Deleted) && lq.scope.within(rec.te.OrgUnit) &&
			(typ == "" || rec.te.TrackedEntityType.String() == typ) &&
			(len(named) == 0 || slices.Contains(named, rec.te.TrackedEntity)) &&
			(lq.program == nil || rec.enrolledIn(lq.program.ID, lq.includeDeleted)) {
			rows = append(rows, rec)
		}
	}
	sortBy(rows, lq.order, func(rec *record, field string) string {
		switch field {
		case "createdAt", "createdAtClient":
			return string(rec.te.CreatedAt)
		case "updatedAt", "updatedAtClient":
			return string(rec.te.UpdatedAt)
		case "inactive":
			return strconv.FormatBool(rec.te.Inactive)
		case "enrolledAt":
			for _, en := range rec.te.Enrollments {
				if en.Program == lq.program.ID {
					return string(en.EnrolledAt)
				}
			}
			return ""
		}
		return rec.te.TrackedEntity.String()
	}, func(rec *record) int { return rec.seq })
	v := view{user: u, program: lq.program, deleted: lq.includeDeleted, fields: tree}
	return answer(s, &lq, base, q, "trackedEntities", rows, func(rec *record) any {
		return tree.apply(s.trackedEntityDoc(rec, v))
	}), nil
}

// enrolledIn reports whether the record belongs to a program.
func (r *record) enrolledIn(program dhis2.UID, deleted bool) bool {
	return slices.ContainsFunc(r.te.Enrollments, func(en dhis2.Enrollment) bool {
		return en.Program == program && (deleted || !en.Deleted)
	})
}

func (s *Server) trackedEntity(u *User, r *http.Request) (any, *problem) {
	q := r.URL.Query()
	id, err := dhis2.ParseUID(r.PathValue("uid"))
	if err != nil {
		return nil, bad("Value is not a valid UID")
	}
	missing := notFound("TrackedEntity with id " + id.String() + " could not be found.")
	rec := s.store.byUID[id]
	if rec == nil || rec.te.Deleted {
		return nil, missing
	}
	v := view{user: u}
	if text := q.Get("program"); text != "" {
		pid, _ := dhis2.ParseUID(text)
		if v.program = s.meta.program(pid); v.program == nil {
			return nil, bad("Program is specified but does not exist")
		}
		if !u.reads(pid) {
			return nil, missing
		}
	}
	if !s.accessible(u, rec.te.OrgUnit) {
		return nil, forbidden("User has no access to TrackedEntity: " + id.String())
	}
	return filtered(s.trackedEntityDoc(rec, v), orDefault(q.Get("fields"), "*,!relationships,!enrollments,!events,!programOwners"))
}

// row is an enrollment or an event with its tracked entity.
type row[T any] struct {
	rec  *record
	item *T
}

func (s *Server) listEnrollments(u *User, r *http.Request) (any, *problem) {
	q := r.URL.Query()
	lq, p := s.readList(u, q, []string{"createdAt", "createdAtClient", "updatedAt", "updatedAtClient", "enrolledAt", "completedAt"}, "orgUnits", "orgUnit")
	if p != nil {
		return nil, p
	}
	named, p := s.uids(q, "trackedEntity")
	if p != nil {
		return nil, p
	}
	lq.before = "" // DHIS2 has no updatedBefore here and ignores it
	var rows []row[dhis2.Enrollment]
	for _, rec := range s.store.records {
		for i := range rec.te.Enrollments {
			en := &rec.te.Enrollments[i]
			if lq.covers(en.UpdatedAt, en.Deleted) && lq.scope.within(en.OrgUnit) && u.reads(en.Program) &&
				(lq.program == nil || en.Program == lq.program.ID) && (len(named) == 0 || slices.Contains(named, rec.te.TrackedEntity)) {
				rows = append(rows, row[dhis2.Enrollment]{rec, en})
			}
		}
	}
	sortBy(rows, lq.order, func(x row[dhis2.Enrollment], field string) string {
		switch field {
		case "updatedAt", "updatedAtClient":
			return string(x.item.UpdatedAt)
		case "enrolledAt":
			return string(x.item.EnrolledAt)
		case "completedAt":
			return string(x.item.CompletedAt)
		}
		return string(x.item.CreatedAt)
	}, func(x row[dhis2.Enrollment]) int { return x.rec.seq })
	tree, ok := parseFields(orDefault(q.Get("fields"), "*,!relationships,!events,!attributes"))
	if !ok {
		return nil, bad("fields: brackets do not match")
	}
	v := view{user: u, deleted: lq.includeDeleted, fields: tree}
	return answer(s, &lq, contextPath(r)+"/api/tracker/enrollments", q, "enrollments", rows, func(x row[dhis2.Enrollment]) any {
		return tree.apply(s.enrollmentDoc(x.rec, x.item, v))
	}), nil
}

func (s *Server) enrollment(u *User, r *http.Request) (any, *problem) {
	id, _ := dhis2.ParseUID(r.PathValue("uid"))
	rec, en, err := s.store.findEnrollment(id)
	if err != nil || en.Deleted || !u.reads(en.Program) {
		return nil, notFound("Enrollment with id " + id.String() + " could not be found.")
	}
	return filtered(s.enrollmentDoc(rec, en, view{user: u}), orDefault(r.URL.Query().Get("fields"), "*,!relationships,!events,!attributes"))
}

func (s *Server) listEvents(u *User, r *http.Request) (any, *problem) {
	q := r.URL.Query()
	lq, p := s.readList(u, q, []string{"createdAt", "createdAtClient", "updatedAt", "updatedAtClient", "occurredAt", "scheduledAt", "completedAt", "event", "status"}, "orgUnit")
	if p != nil {
		return nil, p
	}
	named, p := s.uids(q, "trackedEntity")
	if p != nil {
		return nil, p
	}
	stage := q.Get("programStage")
	var rows []row[dhis2.Event]
	for _, rec := range s.store.records {
		for i := range rec.te.Enrollments {
			en := &rec.te.Enrollments[i]
			for j := range en.Events {
				ev := &en.Events[j]
				if lq.covers(ev.UpdatedAt, ev.Deleted) && lq.scope.within(ev.OrgUnit) && u.reads(en.Program) &&
					(lq.program == nil || en.Program == lq.program.ID) && (stage == "" || ev.ProgramStage.String() == stage) &&
					(len(named) == 0 || slices.Contains(named, rec.te.TrackedEntity)) {
					rows = append(rows, row[dhis2.Event]{rec, ev})
				}
			}
		}
	}
	sortBy(rows, lq.order, func(x row[dhis2.Event], field string) string {
		switch field {
		case "updatedAt", "updatedAtClient":
			return string(x.item.UpdatedAt)
		case "occurredAt":
			return string(x.item.OccurredAt)
		case "scheduledAt":
			return string(x.item.ScheduledAt)
		case "completedAt":
			return string(x.item.CompletedAt)
		case "event":
			return x.item.Event.String()
		case "status":
			return string(x.item.Status)
		}
		return string(x.item.CreatedAt)
	}, func(x row[dhis2.Event]) int { return x.rec.seq })
	tree, ok := parseFields(orDefault(q.Get("fields"), "*,!relationships"))
	if !ok {
		return nil, bad("fields: brackets do not match")
	}
	return answer(s, &lq, contextPath(r)+"/api/tracker/events", q, "events", rows, func(x row[dhis2.Event]) any {
		return tree.apply(s.eventDoc(x.item))
	}), nil
}

func (s *Server) event(u *User, r *http.Request) (any, *problem) {
	id, _ := dhis2.ParseUID(r.PathValue("uid"))
	_, en, ev, err := s.store.findEvent(id)
	if err != nil || ev.Deleted || !u.reads(en.Program) {
		return nil, notFound("Event with id " + id.String() + " could not be found.")
	}
	return filtered(s.eventDoc(ev), orDefault(r.URL.Query().Get("fields"), "*,!relationships"))
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
