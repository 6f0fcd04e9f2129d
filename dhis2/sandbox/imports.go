package sandbox

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// importer carries one POST /api/tracker.
type importer struct {
	s        *Server
	user     *User
	by       dhis2.User
	now      dhis2.Timestamp
	strategy string // CREATE, UPDATE, CREATE_AND_UPDATE, DELETE
	objects  []*object
	report   *importReport
}

// object is one tracked entity, enrollment or event of a payload, without what
// was nested in it. Parents stand before their children.
type object struct {
	kind   string // trackerType
	uid    dhis2.UID
	te     *dhis2.TrackedEntity
	en     *dhis2.Enrollment
	ev     *dhis2.Event
	exists bool
	failed bool
}

// The kinds of tracker objects, as reports name them.
const (
	kindTrackedEntity = "TRACKED_ENTITY"
	kindEnrollment    = "ENROLLMENT"
	kindEvent         = "EVENT"
	kindRelationship  = "RELATIONSHIP"
)

// importTracker is POST /api/tracker. An import that fails is answered with
// 409; one that leaves out single objects (atomicMode=OBJECT) with 200.
func (s *Server) importTracker(u *User, r *http.Request) (any, *problem) {
	q := r.URL.Query()
	body, err := io.ReadAll(io.LimitReader(r.Body, dhis2.MaxDocument+1))
	if err != nil {
		return nil, bad("the body could not be read")
	}
	im := &importer{s: s, user: u, by: u.snapshot(), now: s.stamp(), report: newImportReport(),
		strategy: orDefault(q.Get("importStrategy"), "CREATE_AND_UPDATE")}
	if !slices.Contains([]string{"CREATE", "UPDATE", "CREATE_AND_UPDATE", "DELETE"}, im.strategy) {
		return nil, bad("importStrategy is unknown")
	}
	if p := im.read(body); p != nil {
		return nil, p
	}
	im.run(q)
	if q.Get("async") != "false" {
		id := s.newUID().String()
		s.jobs[id] = im.report
		return map[string]any{
			"httpStatus": "OK", "httpStatusCode": 200, "status": "OK", "message": "Tracker job added",
			"response": map[string]any{"responseType": "TrackerJob", "id": id, "location": contextPath(r) + "/api/tracker/jobs/" + id},
		}, nil
	}
	if im.report.Status == "ERROR" {
		return nil, &problem{status: http.StatusConflict, body: im.report}
	}
	return im.report, nil
}

func (s *Server) importJob(_ *User, r *http.Request) (any, *problem) {
	if s.jobs[r.PathValue("id")] == nil {
		return nil, notFound("no such job")
	}
	return []any{map[string]any{"uid": r.PathValue("id"), "level": "INFO", "category": "TRACKER_IMPORT_JOB",
		"time": string(s.stamp()), "message": "Import complete", "completed": true}}, nil
}

func (s *Server) importJobReport(_ *User, r *http.Request) (any, *problem) {
	if report := s.jobs[r.PathValue("id")]; report != nil {
		return report, nil
	}
	return nil, notFound("no such job")
}

// read flattens the payload, nested or not.
func (im *importer) read(body []byte) *problem {
	var payload struct {
		TrackedEntities []dhis2.TrackedEntity `json:"trackedEntities"`
		Enrollments     []dhis2.Enrollment    `json:"enrollments"`
		Events          []dhis2.Event         `json:"events"`
	}
	if err := dhis2.Decode(body, &payload); err != nil {
		if e, ok := errors.AsType[*dhis2.DocumentError](err); ok {
			return bad("the body is not a tracker payload: " + e.Error())
		}
		return bad("the body is not a tracker payload")
	}
	identify := func(u *dhis2.UID) dhis2.UID {
		if u.IsZero() {
			*u = im.s.newUID()
		}
		return *u
	}
	event := func(ev dhis2.Event) {
		im.objects = append(im.objects, &object{kind: kindEvent, uid: identify(&ev.Event), ev: &ev})
	}
	enrollment := func(en dhis2.Enrollment) {
		events := en.Events
		en.Events = nil
		im.objects = append(im.objects, &object{kind: kindEnrollment, uid: identify(&en.Enrollment), en: &en})
		for _, ev := range events {
			inherit(&ev.Enrollment, en.Enrollment)
			inherit(&ev.TrackedEntity, en.TrackedEntity)
			inherit(&ev.Program, en.Program)
			event(ev)
		}
	}
	for _, te := range payload.TrackedEntities {
		enrollments := te.Enrollments
		te.Enrollments = nil
		im.objects = append(im.objects, &object{kind: kindTrackedEntity, uid: identify(&te.TrackedEntity), te: &te})
		for _, en := range enrollments {
			inherit(&en.TrackedEntity, te.TrackedEntity)
			enrollment(en)
		}
	}
	for _, en := range payload.Enrollments {
		enrollment(en)
	}
	for _, ev := range payload.Events {
		event(ev)
	}
	return nil
}

func inherit(u *dhis2.UID, from dhis2.UID) {
	if u.IsZero() {
		*u = from
	}
}

// run checks every object, then writes those that may be written.
func (im *importer) run(q url.Values) {
	failed := 0
	for _, o := range im.objects {
		im.check(o)
		if o.failed {
			failed++
		}
	}
	nothing := q.Get("importMode") == "VALIDATE"
	if failed > 0 && (q.Get("atomicMode") != "OBJECT" || failed == len(im.objects)) {
		im.report.Status = "ERROR"
		for _, o := range im.objects {
			o.failed = true
		}
	}
	for _, o := range im.objects {
		switch {
		case o.failed:
			im.report.count(o, ignored)
		case im.strategy == "DELETE":
			if !nothing {
				im.remove(o)
			}
			im.report.count(o, deleted)
		case o.exists:
			if !nothing {
				im.update(o)
			}
			im.report.count(o, updated)
		default:
			if !nothing {
				im.create(o)
			}
			im.report.count(o, created)
		}
	}
}

func (im *importer) create(o *object) {
	switch o.kind {
	case kindTrackedEntity:
		te := *o.te
		te.CreatedAt, te.UpdatedAt, te.CreatedBy, te.UpdatedBy = im.now, im.now, im.by, im.by
		for i := range te.Attributes {
			te.Attributes[i].CreatedAt, te.Attributes[i].UpdatedAt = im.now, im.now
		}
		// The checks leave nothing that put refuses.
		_ = im.s.put(te)
	case kindEnrollment:
		r := im.s.store.byUID[o.en.TrackedEntity]
		en := *o.en
		im.attributes(r, en.Attributes)
		en.Attributes = nil
		en.CreatedAt, en.UpdatedAt, en.CreatedBy, en.UpdatedBy = im.now, im.now, im.by, im.by
		setEnrollmentStatus(&en, dhis2.EnrollmentStatus(orDefault(string(en.Status), string(dhis2.EnrollmentActive))), im.now, im.by)
		en.OccurredAt = dhis2.Timestamp(orDefault(string(en.OccurredAt), string(en.EnrolledAt)))
		en.OccurredAt, en.EnrolledAt = im.printed(en.OccurredAt), im.printed(en.EnrolledAt)
		r.te.Enrollments = append(r.te.Enrollments, en)
		im.s.store.owner[en.Enrollment] = r
		r.touch(im.now, im.by)
	case kindEvent:
		r, en, err := im.s.store.findEnrollment(o.ev.Enrollment)
		if err != nil {
			return // its enrollment was in the payload and was not written
		}
		ev := *o.ev
		status := dhis2.EventStatus(orDefault(string(ev.Status), string(dhis2.EventActive)))
		ev.Status, ev.CompletedAt, ev.CompletedBy, ev.DataValues = "", "", "", nil
		ev.CreatedAt, ev.UpdatedAt, ev.CreatedBy, ev.UpdatedBy = im.now, im.now, im.by, im.by
		ev.TrackedEntity, ev.Program = r.te.TrackedEntity, en.Program
		ev.OccurredAt, ev.ScheduledAt = im.printed(ev.OccurredAt), im.printed(ev.ScheduledAt)
		setEventStatus(&ev, status, im.now, im.by)
		im.values(&ev, o.ev.DataValues)
		en.Events = append(en.Events, ev)
		im.s.store.owner[ev.Event] = r
		r.touch(im.now, im.by)
	}
}

func (im *importer) update(o *object) {
	switch o.kind {
	case kindTrackedEntity:
		r := im.s.store.byUID[o.uid]
		if !o.te.OrgUnit.IsZero() {
			r.te.OrgUnit = o.te.OrgUnit
		}
		im.attributes(r, o.te.Attributes)
		r.touch(im.now, im.by)
	case kindEnrollment:
		r, en, _ := im.s.store.findEnrollment(o.uid)
		if o.en.Status != "" && o.en.Status != en.Status {
			setEnrollmentStatus(en, o.en.Status, im.now, im.by)
		}
		replace(&en.EnrolledAt, im.printed(o.en.EnrolledAt))
		replace(&en.OccurredAt, im.printed(o.en.OccurredAt))
		en.FollowUp = o.en.NeedsFollowUp()
		im.attributes(r, o.en.Attributes)
		en.UpdatedAt, en.UpdatedBy = im.now, im.by
		r.touch(im.now, im.by)
	case kindEvent:
		r, _, ev, _ := im.s.store.findEvent(o.uid)
		replace(&ev.OccurredAt, im.printed(o.ev.OccurredAt))
		replace(&ev.ScheduledAt, im.printed(o.ev.ScheduledAt))
		if !o.ev.OrgUnit.IsZero() {
			ev.OrgUnit = o.ev.OrgUnit
		}
		if o.ev.Status != "" && o.ev.Status != ev.Status {
			setEventStatus(ev, o.ev.Status, im.now, im.by)
		}
		im.values(ev, o.ev.DataValues)
		ev.UpdatedAt, ev.UpdatedBy = im.now, im.by
		r.touch(im.now, im.by)
	}
}

func (im *importer) remove(o *object) {
	switch o.kind {
	case kindTrackedEntity:
		im.s.store.byUID[o.uid].delete(im.now, im.by)
	case kindEnrollment:
		r, en, _ := im.s.store.findEnrollment(o.uid)
		deleteEnrollment(en, im.now, im.by)
		r.touch(im.now, im.by)
	case kindEvent:
		r, _, ev, _ := im.s.store.findEvent(o.uid)
		deleteEvent(ev, im.now, im.by)
		r.touch(im.now, im.by)
	}
}

// attributes writes those that are sent: a blank one is deleted, one that is
// not sent stays.
func (im *importer) attributes(r *record, list []dhis2.Attribute) {
	for _, a := range list {
		setAttribute(&r.te, a.Attribute, a.Value, im.now)
	}
}

func (im *importer) values(ev *dhis2.Event, list []dhis2.DataValue) {
	for _, v := range list {
		setValue(ev, v.DataElement, v.Value, im.now, im.by)
	}
}

// printed is a time as it comes out again: wall time of the server, a date as
// its midnight.
func (im *importer) printed(t dhis2.Timestamp) dhis2.Timestamp {
	at, err := t.Parse(im.s.cfg.Zone)
	if err != nil {
		return ""
	}
	if len(t) == len("2006-01-02") {
		return t + "T00:00:00.000"
	}
	return dhis2.Timestamp(at.Time().In(im.s.cfg.Zone).Format(wall))
}

func replace(to *dhis2.Timestamp, by dhis2.Timestamp) {
	if by != "" {
		*to = by
	}
}

// newUID gives out a UID that is not in use.
func (s *Server) newUID() dhis2.UID {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	for {
		var b [11]byte
		for i := range b {
			n := len(letters)
			if i == 0 {
				n = 52
			}
			b[i] = letters[s.rand.IntN(n)]
		}
		u := dhis2.MustUID(string(b[:]))
		if s.store.byUID[u] == nil && s.store.owner[u] == nil {
			return u
		}
	}
}
