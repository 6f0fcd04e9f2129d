package sandbox_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

var today = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// site is a running sandbox.
type site struct {
	*sandbox.Server
	t    *testing.T
	base string
}

func start(t *testing.T, cfg sandbox.Config) *site {
	t.Helper()
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return today }
	}
	s, err := sandbox.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	data, err := sandbox.Demo(sandbox.DemoConfig{Now: today})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Load(data); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return &site{s, t, server.URL}
}

// call sends a request as the administrator, without following redirects.
func (s *site) call(method, path, body string, header ...string) (*http.Response, []byte) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "ApiToken "+sandbox.DefaultToken)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp, b
}

// get wants 200 and JSON.
func (s *site) get(path string) map[string]any {
	s.t.Helper()
	return s.decode(http.StatusOK, "GET", path, "")
}

func (s *site) decode(status int, method, path, body string) map[string]any {
	s.t.Helper()
	resp, b := s.call(method, path, body)
	if resp.StatusCode != status {
		s.t.Fatalf("%s %s: got %d, want %d: %s", method, path, resp.StatusCode, status, b)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return m
}

func TestEveryAnswerSaysSandbox(t *testing.T) {
	s := start(t, sandbox.Config{})
	for _, path := range []string{"/", "/api/system/info", "/api/none", "/api/me", "/dhis-web-login/"} {
		resp, body := s.call("GET", path, "")
		if resp.Header.Get("X-Sandbox") != sandbox.Name {
			t.Errorf("%s: no X-Sandbox", path)
		}
		if path == "/" && !(bytes.Contains(body, []byte("This is not DHIS2")) && bytes.Contains(body, []byte("25 tracked entities"))) {
			t.Errorf("the first page does not say what it is: %s", body)
		}
	}
	if got := s.get("/api/system/info")["systemName"]; got != sandbox.Name {
		t.Errorf("systemName: got %v", got)
	}
	if resp, _ := s.call("GET", "/api/none", ""); resp.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown resource: got %d", resp.StatusCode)
	}
}

func TestSignIn(t *testing.T) {
	s := start(t, sandbox.Config{})
	basic := func(user, password string) string {
		r, _ := http.NewRequest("GET", "/", nil)
		r.SetBasicAuth(user, password)
		return r.Header.Get("Authorization")
	}
	for _, tc := range []struct {
		name, auth string
		want       int
	}{
		{"token", "ApiToken " + sandbox.DefaultToken, 200},
		{"scheme in other case", "apitoken " + sandbox.DefaultToken, 200},
		{"another token", "ApiToken d2p_other", 401},
		{"no token", "ApiToken ", 401},
		{"password", basic(sandbox.DefaultUsername, sandbox.DefaultPassword), 200},
		{"another password", basic(sandbox.DefaultUsername, "x"), 401},
		{"a user who cannot sign in", basic("midwife.one", ""), 401},
		{"bearer", "Bearer x", 401},
		{"nothing", "", 401},
	} {
		t.Run(tc.name, func(t *testing.T) {
			resp, body := s.call("GET", "/api/me", "", "Authorization", tc.auth)
			if resp.StatusCode != tc.want {
				t.Errorf("got %d, want %d", resp.StatusCode, tc.want)
			}
			if tc.want == 401 && !bytes.Contains(body, []byte(`"httpStatusCode":401`)) {
				t.Errorf("got %s", body)
			}
		})
	}
	resp, _ := s.call("GET", "/api/me", "", "Authorization", "", "Accept", "text/html")
	if resp.StatusCode != http.StatusFound || !strings.Contains(resp.Header.Get("Location"), "login") {
		t.Errorf("a browser: got %d to %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	s.RevokeToken(sandbox.DefaultToken)
	if resp, _ := s.call("GET", "/api/me", ""); resp.StatusCode != 401 {
		t.Errorf("a revoked token: got %d", resp.StatusCode)
	}
}

func TestConfigRefusals(t *testing.T) {
	for name, cfg := range map[string]sandbox.Config{
		"version": {Version: "2.39"}, "not a version": {Version: "two"}, "page size": {PageSize: 10, MaxPageSize: 5},
		"local zone": {Zone: time.Local}, "user": {Users: []sandbox.User{{}}},
	} {
		if _, err := sandbox.New(cfg); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	for _, v := range []string{"2.40", "2.41.3", "2.44-SNAPSHOT"} {
		if _, err := sandbox.New(sandbox.Config{Version: v}); err != nil {
			t.Errorf("%s: %v", v, err)
		}
	}
}

// TestShapes compares the lists of the releases.
func TestShapes(t *testing.T) {
	for _, tc := range []struct {
		version string
		members []string // of the list, sorted
		event   []string // spellings of followUp
		stored  bool     // storedBy
		named   bool     // orgUnitName
	}{
		{"2.40.2", []string{"instances", "page", "pageSize"}, []string{"followup"}, true, true},
		{"2.41.1", []string{"page", "pageSize", "pager", "trackedEntities"}, []string{"followUp", "followup"}, true, false},
		{"2.42.1", []string{"pager", "trackedEntities"}, []string{"followUp"}, true, false},
		{"2.43.0", []string{"pager", "trackedEntities"}, []string{"followUp"}, true, false},
		{"2.44-SNAPSHOT", []string{"pager", "trackedEntities"}, []string{"followUp"}, false, false},
	} {
		t.Run(tc.version, func(t *testing.T) {
			s := start(t, sandbox.Config{Version: tc.version})
			list := s.get("/api/tracker/trackedEntities?program=eozjj9UivfS&pageSize=3&page=2&fields=*")
			if got := keys(list); !slices.Equal(got, tc.members) {
				t.Errorf("list: got %v, want %v", got, tc.members)
			}
			if pager, ok := list["pager"].(map[string]any); ok {
				_, next := pager["nextPage"]
				_, total := pager["total"]
				if next != (tc.version >= "2.42") || total {
					t.Errorf("pager: got %v", pager)
				}
			}
			te := first(list[tc.members[len(tc.members)-1]], list["instances"])
			ev := first(first(te["enrollments"])["events"])
			var spellings []string
			for _, k := range keys(ev) {
				if strings.EqualFold(k, "followup") {
					spellings = append(spellings, k)
				}
			}
			if !slices.Equal(spellings, tc.event) {
				t.Errorf("event: got %v, want %v", spellings, tc.event)
			}
			if _, ok := ev["orgUnitName"]; ok != tc.named {
				t.Errorf("orgUnitName: got %t, want %t", ok, tc.named)
			}
			for name, o := range map[string]map[string]any{"tracked entity": te, "event": ev, "attribute": first(te["attributes"])} {
				if _, ok := o["storedBy"]; ok != tc.stored {
					t.Errorf("storedBy of %s: got %t, want %t", name, ok, tc.stored)
				}
			}
			for name, v := range te {
				if v == nil {
					t.Errorf("member %s is null: DHIS2 leaves null members out", name)
				}
			}
		})
	}
}

func keys(m map[string]any) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// first is the first element of the first list that is one.
func first(lists ...any) map[string]any {
	for _, l := range lists {
		if l, ok := l.([]any); ok && len(l) > 0 {
			return l[0].(map[string]any)
		}
	}
	return nil
}

func TestArraysHaveNoOrder(t *testing.T) {
	s := start(t, sandbox.Config{Seed: 3})
	order := func() string {
		te := s.get("/api/tracker/trackedEntities/SbxMother01?program=eozjj9UivfS&fields=attributes[attribute]")
		var b strings.Builder
		for _, a := range te["attributes"].([]any) {
			b.WriteString(a.(map[string]any)["attribute"].(string))
		}
		return b.String()
	}
	seen := map[string]bool{}
	for range 8 {
		seen[order()] = true
	}
	if len(seen) < 2 {
		t.Error("attributes always come in one order")
	}
}

func TestFieldFilters(t *testing.T) {
	s := start(t, sandbox.Config{})
	for _, tc := range []struct {
		fields string
		want   []string
	}{
		{"trackedEntity,updatedAt", []string{"trackedEntity", "updatedAt"}},
		{"trackedEntity,enrollments[enrollment,events[event]]", []string{"enrollments", "trackedEntity"}},
		{"*,!attributes,!enrollments,!relationships,!programOwners,!storedBy", []string{"createdAt", "createdBy", "deleted", "inactive", "orgUnit", "potentialDuplicate", "trackedEntity", "trackedEntityType", "updatedAt", "updatedBy"}},
		{"", []string{"attributes", "createdAt", "createdBy", "deleted", "inactive", "orgUnit", "potentialDuplicate", "storedBy", "trackedEntity", "trackedEntityType", "updatedAt", "updatedBy"}},
	} {
		te := s.get("/api/tracker/trackedEntities/SbxMother01?fields=" + tc.fields)
		if got := keys(te); !slices.Equal(got, tc.want) {
			t.Errorf("%q: got %v, want %v", tc.fields, got, tc.want)
		}
		if en := first(te["enrollments"]); en != nil && !slices.Equal(keys(en), []string{"enrollment", "events"}) {
			t.Errorf("%q: nested: got %v", tc.fields, keys(en))
		}
	}
	for _, wrong := range []string{"a[b", "a]b", "[", "a[b]]"} {
		if resp, _ := s.call("GET", "/api/tracker/trackedEntities/SbxMother01?fields="+wrong, ""); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: got %d", wrong, resp.StatusCode)
		}
	}
	if got := s.get("/api/42/system/info.json?fields=version"); len(got) != 1 {
		t.Errorf("versioned address: got %v", got)
	}
}

func TestMetadataLists(t *testing.T) {
	s := start(t, sandbox.Config{})
	if got := s.get("/api/dataElements?filter=id:eq:cw35l7X4hnV&paging=false&fields=id,valueType"); first(got["dataElements"])["valueType"] != "NUMBER" || got["pager"] != nil {
		t.Errorf("data element: got %v", got)
	}
	if got := s.get("/api/trackedEntityAttributes?pageSize=4"); len(got["trackedEntityAttributes"].([]any)) != 4 || got["pager"].(map[string]any)["total"] != 11.0 {
		t.Errorf("attributes: got %v", got)
	}
	if got := s.get("/api/programs?fields=*"); first(got["programs"])["id"] != "eozjj9UivfS" {
		t.Errorf("programs: got %v", got)
	}
	for _, wrong := range []string{"filter=id:like:a", "filter=id", "filter=id:in:a", "page=0", "pageSize=x", "fields=a["} {
		if resp, _ := s.call("GET", "/api/organisationUnits?"+wrong, ""); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: got %d", wrong, resp.StatusCode)
		}
	}
}

func TestEditsOfNothing(t *testing.T) {
	s := start(t, sandbox.Config{})
	no := dhis2.MustUID("Nobody00001")
	for name, err := range map[string]error{
		"value": s.SetValue(no, no, "x"), "attribute": s.SetAttribute(no, no, "x"), "complete": s.Complete(no),
		"enrollment status": s.SetEnrollmentStatus(no, dhis2.EnrollmentCompleted), "delete event": s.DeleteEvent(no),
		"delete enrollment": s.DeleteEnrollment(no), "delete": s.Delete(no), "purge": s.Purge(no),
		"add event": s.AddEvent(no, dhis2.Event{}), "add enrollment": s.AddEnrollment(no, dhis2.Enrollment{}),
	} {
		if !errors.Is(err, sandbox.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", name, err)
		}
	}
	if s.Put(dhis2.TrackedEntity{}) == nil {
		t.Error("a tracked entity without a UID was put")
	}
	if s.SetAttribute(dhis2.MustUID("SbxMother01"), no, "\xff") == nil {
		t.Error("a text that is not UTF-8 was taken")
	}
}
