package sandbox_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

const program = "program=eozjj9UivfS"

// uids are those of a list of tracked entities, in order.
func (s *site) uids(query string) []string {
	s.t.Helper()
	list := s.get("/api/tracker/trackedEntities?fields=trackedEntity&" + query)
	items, ok := list["trackedEntities"].([]any)
	if !ok {
		items = list["instances"].([]any)
	}
	out := []string{}
	for _, te := range items {
		out = append(out, te.(map[string]any)["trackedEntity"].(string))
	}
	return out
}

func (s *site) trackedEntity(uid string) *dhis2.TrackedEntity {
	s.t.Helper()
	_, body := s.call("GET", "/api/tracker/trackedEntities/"+uid+"?"+program+"&fields=*", "")
	te, err := dhis2.DecodeTrackedEntity(body)
	if err != nil {
		s.t.Fatal(err)
	}
	return te
}

func TestListRules(t *testing.T) {
	for _, tc := range []struct {
		name, query string
		want        int
	}{
		{"program and type", program + "&trackedEntityType=MxdEsVAegt5", 400},
		{"nothing", "", 400},
		{"unknown program", "program=Nobody00001", 400},
		{"damaged program", "program=x", 400},
		{"units with ACCESSIBLE", program + "&orgUnits=SbxClinic01&orgUnitMode=ACCESSIBLE", 400},
		{"units with ALL", program + "&orgUnits=SbxClinic01&orgUnitMode=ALL", 400},
		{"SELECTED without units", program + "&orgUnitMode=SELECTED", 400},
		{"unknown mode", program + "&orgUnitMode=SOME", 400},
		{"unknown unit", program + "&orgUnits=Nobody00001", 400},
		{"damaged UID", program + "&trackedEntities=x", 400},
		{"ALL as superuser", program + "&orgUnitMode=ALL", 200},
		{"page 0", program + "&page=0", 400},
		{"page size above the limit", program + "&pageSize=50001", 400},
		{"order by something", program + "&order=shoeSize:asc", 400},
		{"order in no direction", program + "&order=updatedAt:up", 400},
		{"damaged time", program + "&updatedAfter=yesterday", 400},
		{"within and after", program + "&updatedWithin=2d&updatedAfter=2026-01-01", 400},
		{"damaged duration", program + "&updatedWithin=2w", 400},
		{"damaged fields", program + "&fields=a[", 400},
		{"type", "trackedEntityType=MxdEsVAegt5", 200},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := start(t, sandbox.Config{})
			if resp, body := s.call("GET", "/api/tracker/trackedEntities?"+tc.query, ""); resp.StatusCode != tc.want {
				t.Errorf("got %d, want %d: %s", resp.StatusCode, tc.want, body)
			}
		})
	}
}

// TestScopes: what a user with a narrower scope meets.
func TestScopes(t *testing.T) {
	uid := dhis2.MustUID
	for _, tc := range []struct {
		name            string
		capture, search []string
		query           string
		want            int
		least           int // mothers, where 200
	}{
		{"capture only", []string{"SbxDistrct1"}, nil, "", 200, 12},
		{"search beyond capture counts as a search", []string{"SbxDistrct1"}, []string{"SbxCountry1"}, "", 409, 0},
		{"search within capture", []string{"SbxCountry1"}, []string{"SbxDistrct1"}, "", 200, 24},
		{"CAPTURE", []string{"SbxClinic01"}, []string{"SbxCountry1"}, "&orgUnitMode=CAPTURE", 200, 6},
		{"a unit outside both", []string{"SbxDistrct1"}, nil, "&orgUnits=SbxClinic03", 403, 0},
		{"a unit outside capture", []string{"SbxDistrct1"}, []string{"SbxCountry1"}, "&orgUnits=SbxClinic03", 409, 0},
		{"ALL without the authority", []string{"SbxCountry1"}, nil, "&orgUnitMode=ALL", 403, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := start(t, sandbox.Config{})
			u := sandbox.User{User: dhis2.User{ID: uid("SbxAdmin001"), Username: "admin"}, Tokens: []string{sandbox.DefaultToken}}
			for _, c := range tc.capture {
				u.Capture = append(u.Capture, uid(c))
			}
			for _, c := range tc.search {
				u.Search = append(u.Search, uid(c))
			}
			s.SetUser(u)
			resp, body := s.call("GET", "/api/tracker/trackedEntities?"+program+tc.query, "")
			if resp.StatusCode != tc.want {
				t.Fatalf("got %d, want %d: %s", resp.StatusCode, tc.want, body)
			}
			if tc.want == 409 && !strings.Contains(string(body), "attributes should be mentioned") {
				t.Errorf("got %s", body)
			}
			if tc.want == 200 {
				if got := len(s.uids(program + tc.query)); got < tc.least || got > 24 {
					t.Errorf("got %d mothers, want at least %d", got, tc.least)
				}
			}
		})
	}
	t.Run("ALL with the authority and a narrow capture scope", func(t *testing.T) {
		s := start(t, sandbox.Config{})
		s.SetUser(sandbox.User{User: dhis2.User{ID: uid("SbxAdmin001"), Username: "admin"}, Tokens: []string{sandbox.DefaultToken},
			Authorities: []string{"F_TRACKED_ENTITY_INSTANCE_SEARCH_IN_ALL_ORGUNITS"}, Capture: []dhis2.UID{uid("SbxClinic01")}})
		if resp, _ := s.call("GET", "/api/tracker/trackedEntities?"+program+"&orgUnitMode=ALL", ""); resp.StatusCode != 409 {
			t.Errorf("got %d, want 409", resp.StatusCode)
		}
		for _, path := range []string{"/api/tracker/trackedEntities/SbxMother02", "/api/users"} {
			if resp, _ := s.call("GET", path, ""); resp.StatusCode != 403 {
				t.Errorf("%s: got %d, want 403", path, resp.StatusCode)
			}
		}
	})
	t.Run("a program that is not shared", func(t *testing.T) {
		s := start(t, sandbox.Config{})
		s.SetUser(sandbox.User{User: dhis2.User{ID: uid("SbxAdmin001"), Username: "admin"}, Tokens: []string{sandbox.DefaultToken},
			Authorities: []string{"ALL"}, Programs: []dhis2.UID{}})
		for path, want := range map[string]int{
			"/api/tracker/trackedEntities?" + program: 403, "/api/tracker/trackedEntities/SbxMother01?" + program: 404,
			"/api/programs/eozjj9UivfS": 404, "/api/tracker/events/SbxEv010001": 404, "/api/tracker/enrollments/SbxEnr00001": 404,
		} {
			if resp, _ := s.call("GET", path, ""); resp.StatusCode != want {
				t.Errorf("%s: got %d, want %d", path, resp.StatusCode, want)
			}
		}
		if te := s.get("/api/tracker/trackedEntities/SbxMother01?fields=*"); len(te["enrollments"].([]any)) != 0 {
			t.Error("enrollments of a program that is not shared are shown")
		}
	})
}

// TestParametersByVersion: 2.40 ignores the later names.
func TestParametersByVersion(t *testing.T) {
	later, older := "&orgUnits=SbxClinic01", "&orgUnit=SbxClinic01&ouMode=SELECTED"
	for _, tc := range []struct {
		version, query string
		narrowed       bool
	}{
		{"2.40", later, false}, {"2.40", older, true}, {"2.41", later, true}, {"2.41", older, true}, {"2.42", later, true}, {"2.42", older, false},
	} {
		s := start(t, sandbox.Config{Version: tc.version})
		if got := len(s.uids(program+tc.query)) < 24; got != tc.narrowed {
			t.Errorf("%s %s: narrowed %t, want %t", tc.version, tc.query, got, tc.narrowed)
		}
	}
	s := start(t, sandbox.Config{Version: "2.40"})
	if got := s.uids("trackedEntity=SbxMother01%3BSbxMother02"); len(got) != 2 {
		t.Errorf("UIDs by semicolon: got %v", got)
	}
	if got := s.uids(program + "&skipPaging=true&page=0"); len(got) != 24 {
		t.Errorf("without paging: got %d", len(got))
	}
}

// TestPagingShifts: a row that changes between two pages hides another one.
func TestPagingShifts(t *testing.T) {
	s := start(t, sandbox.Config{})
	query := program + "&order=updatedAt:asc&pageSize=8&page="
	all := s.uids(program + "&order=updatedAt:asc")
	seen := s.uids(query + "1")
	if err := s.SetAttribute(dhis2.MustUID(seen[0]), dhis2.MustUID("VQl0wK3eqiw"), "Changed Sample"); err != nil {
		t.Fatal(err)
	}
	seen = append(seen, s.uids(query+"2")...)
	seen = append(seen, s.uids(query+"3")...)
	if slices.Contains(seen, all[8]) {
		t.Errorf("%s was not hidden by the shift", all[8])
	}
	if seen[len(seen)-1] != all[0] {
		t.Errorf("the changed row is not at the end: %v", seen)
	}
	totals := s.get("/api/tracker/trackedEntities?totalPages=true&pageSize=10&" + program)["pager"].(map[string]any)
	if totals["total"] != 24.0 || totals["pageCount"] != 3.0 {
		t.Errorf("totals: got %v", totals)
	}
	if got := s.uids(program + "&pageSize=24"); len(got) != 24 {
		t.Errorf("a full page: got %d", len(got))
	}
	if got := s.uids(program + "&page=99"); len(got) != 0 {
		t.Errorf("a page beyond the end: got %v", got)
	}
	if got := s.uids(program + "&paging=false"); len(got) != 24 {
		t.Errorf("without paging: got %d", len(got))
	}
	enrolled := s.uids(program + "&order=enrolledAt:desc,trackedEntity:asc")
	if len(enrolled) != 24 {
		t.Errorf("by enrolledAt: got %d", len(enrolled))
	}
}

// TestWallTime: bounds are compared as wall time, so that on the day the clock
// goes back a later change may seem earlier.
func TestWallTime(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	// 02:40 summer time; 25 October 2026 the hour from 02:00 comes twice.
	now := time.Date(2026, 10, 25, 0, 40, 0, 0, time.UTC)
	s := start(t, sandbox.Config{Zone: berlin, Now: func() time.Time { return now }})
	name := dhis2.MustUID("VQl0wK3eqiw")
	change := func(uid string) {
		t.Helper()
		if err := s.SetAttribute(dhis2.MustUID(uid), name, "Sample "+uid); err != nil {
			t.Fatal(err)
		}
	}
	change("SbxMother01")
	s.Advance(40 * time.Minute) // 02:20 winter time
	change("SbxMother02")
	if a, b := s.trackedEntity("SbxMother01").UpdatedAt, s.trackedEntity("SbxMother02").UpdatedAt; a != "2026-10-25T02:40:00.000" || b != "2026-10-25T02:20:00.000" {
		t.Errorf("got %s then %s", a, b)
	}
	got := s.uids(program + "&updatedAfter=2026-10-25T02:30:00.000")
	if !slices.Equal(got, []string{"SbxMother01"}) {
		t.Errorf("got %v: the later change must seem earlier", got)
	}
}

func TestBounds(t *testing.T) {
	s := start(t, sandbox.Config{}) // 2026-03-02T15:30 in Colombo
	if err := s.SetAttribute(dhis2.MustUID("SbxMother01"), dhis2.MustUID("VQl0wK3eqiw"), "Changed Sample"); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		query string
		found bool
	}{
		{"updatedAfter=2026-03-02T15:30:00.000", true},
		{"updatedAfter=2026-03-02T15:30:00.001", false},
		{"updatedAfter=2026-03-02T10:00:00.000Z", true},
		{"updatedAfter=" + url.QueryEscape("2026-03-02T11:00:00.000+01:00"), true},
		{"updatedAfter=2026-03-02T10:00:00.001Z", false},
		{"updatedAfter=2026-03-02", true},
		{"updatedAfter=2026-03-02&updatedBefore=2026-03-02", true},
		{"updatedAfter=2026-03-02&updatedBefore=2026-03-02T15:29:59.999", false},
	} {
		if got := slices.Contains(s.uids(program+"&"+tc.query), "SbxMother01"); got != tc.found {
			t.Errorf("%s: found %t, want %t", tc.query, got, tc.found)
		}
	}
}

// TestUpdatedWithin: until 2.42 computed in GMT, so in Colombo it reaches 5½
// hours too far.
func TestUpdatedWithin(t *testing.T) {
	for version, found := range map[string]bool{"2.42": true, "2.43": false} {
		s := start(t, sandbox.Config{Version: version})
		if err := s.SetAttribute(dhis2.MustUID("SbxMother01"), dhis2.MustUID("VQl0wK3eqiw"), "Changed Sample"); err != nil {
			t.Fatal(err)
		}
		s.Advance(2 * time.Hour)
		if got := len(s.uids(program+"&updatedWithin=1h")) == 1; got != found {
			t.Errorf("%s: a change two hours old: found %t, want %t", version, got, found)
		}
		if got := s.uids(program + "&updatedWithin=3h"); len(got) != 1 {
			t.Errorf("%s: within three hours: got %v", version, got)
		}
	}
}

// TestLateCommit: a row with an older updatedAt appears in a later poll.
func TestLateCommit(t *testing.T) {
	s := start(t, sandbox.Config{})
	late := dhis2.TrackedEntity{TrackedEntity: dhis2.MustUID("SbxLate0001"), TrackedEntityType: sandbox.ANCType, OrgUnit: dhis2.MustUID("SbxClinic01"),
		UpdatedAt:   "2026-03-02T15:00:00.000",
		Enrollments: []dhis2.Enrollment{{Enrollment: dhis2.MustUID("SbxLateEnr1"), Program: sandbox.ANCProgram}}}
	before := s.uids(program + "&updatedAfter=2026-03-02T14:59:00")
	if err := s.Put(late); err != nil {
		t.Fatal(err)
	}
	after := s.uids(program + "&updatedAfter=2026-03-02T14:59:00")
	if len(before) != 0 || !slices.Equal(after, []string{"SbxLate0001"}) {
		t.Errorf("got %v then %v", before, after)
	}
	if got := s.uids(program + "&updatedAfter=2026-03-02T15:01:00"); len(got) != 0 {
		t.Errorf("without overlap: got %v, the row must be missed", got)
	}
}
