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
