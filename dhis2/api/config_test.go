package api_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

func TestConfigNamesEveryWrongField(t *testing.T) {
	for _, tc := range []struct {
		name string
		cfg  api.Config
		want []string // nil is a sound one
	}{
		{"sound with a token", api.Config{BaseURL: "https://dhis2.example.org/anc/", Token: "d2p_x"}, nil},
		{"sound with a password", api.Config{BaseURL: "http://localhost:8080", Username: "u", Password: "p"}, nil},
		{"nothing", api.Config{}, []string{"BaseURL is empty", "no credentials"}},
		{"everything", api.Config{BaseURL: "ftp://x", Token: "a b", Username: "u", Timeout: -1, MaxResponse: -1, PageSize: 60_000, Batch: 1000, UserAgent: "a\nb"},
			[]string{"BaseURL is not", "both given", "Timeout", "MaxResponse", "PageSize", "Batch", "UserAgent"}},
		{"with /api", api.Config{BaseURL: "https://x.example/api/", Token: "t"}, []string{"ends in /api"}},
		{"credentials in the address", api.Config{BaseURL: "https://u:secret@x.example", Token: "t"}, []string{"holds credentials"}},
		{"a query", api.Config{BaseURL: "https://x.example?a=b", Token: "t"}, []string{"query"}},
		{"no password", api.Config{BaseURL: "https://x.example", Username: "u"}, []string{"Password is empty"}},
		{"a token with a line break", api.Config{BaseURL: "https://x.example", Token: "t\n"}, []string{"line break"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := api.New(tc.cfg)
			if tc.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil {
				t.Fatal("got no error")
			}
			for _, w := range tc.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("got %q, want it to say %q", err, w)
				}
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error quotes a credential: %q", err)
			}
		})
	}
}

// TestRequest looks at what goes over the wire, and that nothing is printed.
func TestRequest(t *testing.T) {
	var got *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		io.WriteString(w, `{"version":"2.42.1"}`)
	}))
	defer server.Close()
	printed := captureStderr(t, func() {
		for _, tc := range []struct {
			cfg  api.Config
			auth string
		}{
			{api.Config{Token: "d2p_abc"}, "ApiToken d2p_abc"},
			{api.Config{Username: "u", Password: "p:w"}, "Basic dTpwOnc="},
		} {
			tc.cfg.BaseURL = server.URL + "/anc"
			tc.cfg.UserAgent = "nehrbridge/1"
			if _, err := client(t, tc.cfg).SystemInfo(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got.Header.Get("Authorization") != tc.auth || got.Header.Get("Accept") != "application/json" ||
				got.Header.Get("X-Requested-With") != "XMLHttpRequest" || got.UserAgent() != "nehrbridge/1" ||
				got.URL.Path != "/anc/api/system/info" {
				t.Errorf("got %s %v", got.URL.Path, got.Header)
			}
		}
	})
	if printed != "" {
		t.Errorf("the client printed %q", printed)
	}
}

// TestSession: basic authentication keeps DHIS2's session, a token needs none.
func TestSession(t *testing.T) {
	var cookies []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookies = append(cookies, r.Header.Get("Cookie"))
		if r.Header.Get("Authorization") == "" {
			t.Error("a request without credentials")
		}
		http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: "s1", Path: "/"})
		io.WriteString(w, `{"version":"2.42.1"}`)
	}))
	defer server.Close()
	for _, cfg := range []api.Config{{BaseURL: server.URL, Username: "u", Password: "p"}, {BaseURL: server.URL, Token: "t"}} {
		c := client(t, cfg)
		for range 2 {
			if _, err := c.SystemInfo(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if want := []string{"", "JSESSIONID=s1", "", ""}; !slices.Equal(cookies, want) {
		t.Errorf("got cookies %q, want %q", cookies, want)
	}
}

func captureStderr(t *testing.T, f func()) string {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	old := os.Stderr
	os.Stderr = write
	log.SetOutput(write)
	func() {
		defer func() {
			os.Stderr = old
			log.SetOutput(old)
			write.Close()
		}()
		f()
	}()
	b, err := io.ReadAll(read)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestQueryNames compares the parameters of the releases.
func TestQueryNames(t *testing.T) {
	a, b := dhis2.MustUID("SbxMother01"), dhis2.MustUID("SbxMother02")
	q := api.Query{TrackedEntities: []dhis2.UID{a, b}, OrgUnits: []dhis2.UID{a, b}, OrgUnitMode: api.Descendants,
		UpdatedAfter:  time.Date(2026, 3, 1, 12, 0, 0, 1_500_000, time.FixedZone("", 19800)),
		UpdatedBefore: time.Date(2026, 3, 1, 12, 0, 0, 1_500_000, time.FixedZone("", 19800)),
		Order:         "updatedAt:asc", IncludeDeleted: true, Page: 3, PageSize: 10, Fields: "trackedEntity"}
	for _, tc := range []struct{ version, want string }{
		{"2.40.5", "fields=trackedEntity&includeDeleted=true&order=updatedAt%3Aasc&orgUnit=SbxMother01%3BSbxMother02&ouMode=DESCENDANTS&page=3&pageSize=10&trackedEntity=SbxMother01%3BSbxMother02"},
		{"2.41.0", "fields=trackedEntity&includeDeleted=true&order=updatedAt%3Aasc&orgUnitMode=DESCENDANTS&orgUnits=SbxMother01%2CSbxMother02&page=3&pageSize=10&trackedEntities=SbxMother01%2CSbxMother02"},
		{"2.44-SNAPSHOT", "fields=trackedEntity&includeDeleted=true&order=updatedAt%3Aasc&orgUnitMode=DESCENDANTS&orgUnits=SbxMother01%2CSbxMother02&page=3&pageSize=10&trackedEntities=SbxMother01%2CSbxMother02"},
	} {
		var query string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/api/system/info" {
				io.WriteString(w, `{"version":"`+tc.version+`"}`)
				return
			}
			query = r.URL.RawQuery
			io.WriteString(w, `{"page":3,"pageSize":10,"instances":[]}`)
		}))
		if _, err := client(t, api.Config{BaseURL: server.URL, Token: "t"}).TrackedEntities(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		server.Close()
		// Half a millisecond: the lower bound is rounded down, the upper up.
		want := tc.want + "&updatedAfter=2026-03-01T06%3A30%3A00.001Z&updatedBefore=2026-03-01T06%3A30%3A00.002Z"
		if query != want {
			t.Errorf("%s:\n got %s\nwant %s", tc.version, query, want)
		}
	}
}

func TestQueryRefusals(t *testing.T) {
	_, c := serve(t, sandboxDefaults)
	u := dhis2.MustUID("SbxMother01")
	many := []dhis2.UID{u, u}
	for _, tc := range []struct {
		name string
		call func() error
		want string
	}{
		{"nothing selected", trackedEntities(t, c, api.Query{}), "one of Program"},
		{"program and type", trackedEntities(t, c, api.Query{Program: u, TrackedEntityType: u}), "exclude each other"},
		{"too many", trackedEntities(t, c, api.Query{TrackedEntities: make([]dhis2.UID, 301)}), "at most 300"},
		{"mode without units", trackedEntities(t, c, api.Query{Program: u, OrgUnitMode: api.Children}), "needs OrgUnits"},
		{"mode with units", trackedEntities(t, c, api.Query{Program: u, OrgUnitMode: api.AllOrgUnits, OrgUnits: many}), "refuses OrgUnits"},
		{"unknown mode", trackedEntities(t, c, api.Query{Program: u, OrgUnitMode: "ANY"}), "unknown"},
		{"stage", trackedEntities(t, c, api.Query{Program: u, ProgramStage: u}), "events only"},
		{"page", trackedEntities(t, c, api.Query{Program: u, Page: -1}), "count from 1"},
		{"enrollments before", func() error {
			_, err := c.Enrollments(t.Context(), api.Query{UpdatedBefore: time.Now()})
			return err
		}, "not for enrollments"},
		{"events of many", func() error {
			_, err := c.Events(t.Context(), api.Query{TrackedEntities: many, OrgUnits: many, TrackedEntityType: u})
			return err
		}, "at most one for events"},
		{"no UID", func() error { _, err := c.TrackedEntity(t.Context(), dhis2.UID{}, u, ""); return err }, "without a UID"},
		{"no program", func() error { _, err := c.Program(t.Context(), dhis2.UID{}); return err }, "without a UID"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.call(); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want it to say %q", err, tc.want)
			}
		})
	}
}

func trackedEntities(t *testing.T, c *api.Client, q api.Query) func() error {
	return func() error { _, err := c.TrackedEntities(t.Context(), q); return err }
}

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]api.Version{
		"2.40": {Major: 2, Minor: 40}, "2.42.1": {Major: 2, Minor: 42, Patch: 1}, "2.42.5.2": {Major: 2, Minor: 42, Patch: 5},
		"2.44-SNAPSHOT": {Major: 2, Minor: 44}, "2.43.2-SNAPSHOT": {Major: 2, Minor: 43, Patch: 2},
	} {
		if got, err := api.ParseVersion(text); err != nil || got != want {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "2", "x.y", "2.-1", "2.40.x"} {
		if got, err := api.ParseVersion(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}
