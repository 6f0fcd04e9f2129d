package sandbox_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

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

func TestSandboxPages(t *testing.T) {
	s := start(t, sandbox.Config{Version: "2.43"})
	for _, tc := range []struct {
		path, contentType string
		holds             []string
	}{
		{"/", "text/html", []string{`<html lang="en">`, "<title>" + sandbox.Name, "This is not DHIS2", "DHIS2 2.43", "25 tracked entities", "eozjj9UivfS</code></td><td>24<", "Asia/Colombo"}},
		{"/dhis-web-login/", "text/html", []string{`<html lang="en">`, "<h1>Sign in</h1>", "This is not DHIS2"}},
		{"/sandbox.css", "text/css", []string{".banner"}},
	} {
		resp, body := s.call("GET", tc.path, "")
		if resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), tc.contentType) {
			t.Errorf("%s: got %d %s", tc.path, resp.StatusCode, resp.Header.Get("Content-Type"))
		}
		for _, want := range tc.holds {
			if !bytes.Contains(body, []byte(want)) {
				t.Errorf("%s does not say %q", tc.path, want)
			}
		}
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
