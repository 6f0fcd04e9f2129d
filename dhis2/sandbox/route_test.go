package sandbox_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// behind is a service that a Route leads to. It remembers what it was asked.
type behind struct {
	*httptest.Server
	asked chan *http.Request
	body  chan string // of the same requests
}

func startBehind(t *testing.T, h http.HandlerFunc) *behind {
	b := &behind{asked: make(chan *http.Request, 9), body: make(chan string, 9)}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		b.asked <- r
		b.body <- string(body)
		h(w, r)
	}))
	t.Cleanup(b.Close)
	return b
}

var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("ETag", `"7"`)
	w.Header().Set("Set-Cookie", "session=theirs")
	w.Header().Set("Location", "http://elsewhere.example/")
	w.Header().Set("X-Inner", "theirs")
	w.WriteHeader(http.StatusTeapot)
	io.WriteString(w, "from behind")
})

var (
	midwife = sandbox.User{User: dhis2.User{ID: dhis2.MustUID("RouteUser01"), Username: "route.midwife"}, Tokens: []string{"d2p_midwife"}}
	asMidw  = []string{"Authorization", "ApiToken d2p_midwife"}
)

// routed is a sandbox with one route to a service.
func routed(t *testing.T, version string, rt sandbox.Route) *site {
	t.Helper()
	s := start(t, sandbox.Config{Version: version, RemoteServersAllowed: []string{"http://127.0.0.1:*"}, RouteSecond: 20 * time.Millisecond})
	s.SetUser(midwife)
	rt.ID, rt.Name = dhis2.MustUID("SbxRoute001"), "a route"
	if err := s.Load(sandbox.Dataset{Routes: []sandbox.Route{rt}}); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSandboxRoutePassesARequestOn(t *testing.T) {
	b := startBehind(t, echo)
	s := routed(t, "2.42", sandbox.Route{Code: "service", URL: b.URL + "/in?fixed=1", Headers: map[string]string{"X-Route": "plain"},
		Auth: &sandbox.RouteAuth{Type: sandbox.AuthHeaders, Headers: map[string]string{"X-Secret": "hidden"}}})
	resp, body := s.call("POST", "/api/routes/service/run?a=one&b=two+words", "the body", "Content-Type", "application/json",
		"Accept", "application/fhir+json", "If-Match", `W/"1"`, "Cookie", "JSESSIONID=mine", "X-Forwarded-User", "somebody.else", "X-Own", "mine")
	if resp.StatusCode != http.StatusTeapot || string(body) != "from behind" {
		t.Fatalf("got %d %s", resp.StatusCode, body)
	}
	for name, want := range map[string]string{"Content-Type": "text/plain", "ETag": `"7"`, "Set-Cookie": "", "Location": "", "X-Inner": ""} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("answer: %s: got %q, want %q", name, got, want)
		}
	}
	got := <-b.asked
	if got.Method != "POST" || got.URL.Path != "/in" || got.URL.RawQuery != "fixed=1&a=one&b=two%20words" {
		t.Errorf("asked %s %s", got.Method, got.URL)
	}
	if text := <-b.body; text != "the body" || len(got.TransferEncoding) != 1 {
		t.Errorf("body %q, transfer encoding %q, want it in chunks", text, got.TransferEncoding)
	}
	for name, want := range map[string]string{"Content-Type": "application/json", "Accept": "application/fhir+json", "If-Match": `W/"1"`,
		"X-Route": "plain", "X-Secret": "hidden", "X-Forwarded-User": "admin", "Authorization": "", "Cookie": "", "X-Own": ""} {
		if have := got.Header.Values(name); strings.Join(have, ",") != want {
			t.Errorf("asked with %s: got %q, want %q", name, have, want)
		}
	}
}

func TestSandboxRouteSubPathsAndPlaceholders(t *testing.T) {
	b := startBehind(t, echo)
	for _, tc := range []struct {
		name, version, url, path string
		status                   int
		want                     string
	}{
		{"below", "2.42", "/base/**", "/run/Patient/_search.json?x=1", 418, "/base/Patient/_search.json?x=1"},
		{"blank", "2.42", "/base/**", "/run/a%20b", 418, "/base/a%20b"},
		{"at the base", "2.42", "/base/**", "/run", 418, "/base/"},
		{"numbered", "2.41", "/base/**", "/run/x", 418, "/base/x"},
		{"not allowed", "2.42", "/base", "/run/x", 502, ""},
		{"parameter", "2.43", "/{kind}/x", "/run?_kind=a/b&y=1", 418, "/a%2Fb/x?y=1"},
		{"parameter missing", "2.43", "/{kind}/x", "/run", 502, ""},
		{"what a value may not hold", "2.42", "/in", "/run?q=a%26b%3Dc", 418, "/in?q=a&b=c"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := routed(t, tc.version, sandbox.Route{URL: b.URL + tc.url})
			api := "/api/routes/SbxRoute001"
			if tc.name == "numbered" {
				api = "/api/41/routes/SbxRoute001"
			}
			resp, body := s.call("GET", api+tc.path, "")
			if resp.StatusCode != tc.status {
				t.Fatalf("got %d %s, want %d", resp.StatusCode, body, tc.status)
			}
			if tc.status == 418 {
				if got := (<-b.asked).RequestURI; got != tc.want {
					t.Errorf("asked for %s, want %s", got, tc.want)
				}
			}
		})
	}
}

func TestSandboxRouteSignsIn(t *testing.T) {
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id, secret, _ := r.BasicAuth(); id != "client" || secret != "secret" || r.FormValue("grant_type") != "client_credentials" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"access_token":"short-lived","token_type":"Bearer","expires_in":60}`)
	}))
	t.Cleanup(tokens.Close)
	for _, tc := range []struct {
		auth          sandbox.RouteAuth
		header, query string
	}{
		{sandbox.RouteAuth{Type: sandbox.AuthBasic, Username: "u", Password: "p"}, "Basic dTpw", ""},
		{sandbox.RouteAuth{Type: sandbox.AuthToken, Token: "t"}, "ApiToken t", ""},
		{sandbox.RouteAuth{Type: sandbox.AuthHeaders, Headers: map[string]string{"Authorization": "Bearer fixed"}}, "Bearer fixed", ""},
		{sandbox.RouteAuth{Type: sandbox.AuthQuery, QueryParams: map[string]string{"key": "k"}}, "", "key=k"},
		{sandbox.RouteAuth{Type: sandbox.AuthOAuth2, ClientID: "client", ClientSecret: "secret", TokenURI: tokens.URL}, "Bearer short-lived", ""},
	} {
		t.Run(tc.auth.Type, func(t *testing.T) {
			b := startBehind(t, echo)
			s := routed(t, "2.42", sandbox.Route{URL: b.URL, Auth: &tc.auth})
			s.call("GET", "/api/routes/SbxRoute001/run", "")
			got := <-b.asked
			if got.Header.Get("Authorization") != tc.header || got.URL.RawQuery != tc.query {
				t.Errorf("got %q and %q", got.Header.Get("Authorization"), got.URL.RawQuery)
			}
			doc := s.get("/api/routes/SbxRoute001")
			if got := doc["auth"].(map[string]any); got["type"] != tc.auth.Type || got["password"] != nil || got["token"] != nil ||
				got["headers"] != nil || got["queryParams"] != nil || got["clientSecret"] != nil {
				t.Errorf("a secret comes out again: %v", got)
			}
		})
	}
	s := routed(t, "2.42", sandbox.Route{URL: tokens.URL, Auth: &sandbox.RouteAuth{Type: sandbox.AuthOAuth2, ClientID: "wrong", TokenURI: tokens.URL}})
	if resp, _ := s.call("GET", "/api/routes/SbxRoute001/run", ""); resp.StatusCode != http.StatusBadGateway {
		t.Errorf("refused credentials: got %d, want 502", resp.StatusCode)
	}
}

func TestSandboxRouteFailures(t *testing.T) {
	released := make(chan struct{})
	b := startBehind(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-released:
		case <-r.Context().Done():
		}
	})
	s := routed(t, "2.42", sandbox.Route{URL: b.URL, ResponseTimeoutSeconds: 1})
	resp, body := s.call("GET", "/api/routes/SbxRoute001/run", "")
	if resp.StatusCode != http.StatusGatewayTimeout || len(body) != 0 {
		t.Errorf("too slow: got %d %q, want 504 without a body", resp.StatusCode, body)
	}
	close(released)
	resp, _ = s.call("GET", "/api/routes/SbxRoute001/run", "")
	if resp.StatusCode != http.StatusOK {
		t.Errorf("in time: got %d", resp.StatusCode)
	}
	b.Close()
	if got := s.decode(http.StatusBadGateway, "GET", "/api/routes/SbxRoute001/run", ""); got["httpStatus"] != "Bad Gateway" {
		t.Errorf("refused: got %v", got)
	}
	// The caller goes away first: nobody is left to answer.
	ctx, cancel := context.WithCancel(t.Context())
	waiting := startBehind(t, func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	s = routed(t, "2.42", sandbox.Route{URL: waiting.URL, ResponseTimeoutSeconds: 60})
	req, _ := http.NewRequestWithContext(ctx, "GET", s.base+"/api/routes/SbxRoute001/run", nil)
	req.Header.Set("Authorization", "ApiToken "+sandbox.DefaultToken)
	if _, err := http.DefaultTransport.RoundTrip(req); err == nil {
		t.Error("an answer came to a caller that went away")
	}
}

// TestSandboxRouteSharing: who may read a route may run it, whatever its
// authorities say; who has one of them may run it, whatever its sharing says.
func TestSandboxRouteSharing(t *testing.T) {
	for _, tc := range []struct {
		name       string
		route      sandbox.Route
		authority  string
		read, runs bool
	}{
		{"private", sandbox.Route{}, "", false, false},
		{"public", sandbox.Route{Sharing: sandbox.Sharing{Public: "r-------"}}, "", true, true},
		{"public, with authorities", sandbox.Route{Sharing: sandbox.Sharing{Public: "r-------"}, Authorities: []string{"F_ELSE"}}, "", true, true},
		{"to the user", sandbox.Route{Sharing: sandbox.Sharing{Users: map[string]sandbox.Grant{"RouteUser01": {ID: midwife.ID, Access: "r-------"}}}}, "", true, true},
		{"to her group", sandbox.Route{Sharing: sandbox.Sharing{UserGroups: map[string]sandbox.Grant{"RouteGroup1": {Access: "r-------"}}}}, "", true, true},
		{"to another", sandbox.Route{Sharing: sandbox.Sharing{Users: map[string]sandbox.Grant{"Nobody00001": {Access: "rw------"}}}}, "", false, false},
		{"by authority", sandbox.Route{Authorities: []string{"F_OTHER", "F_RUN_IT"}}, "F_RUN_IT", false, true},
		{"without it", sandbox.Route{Authorities: []string{"F_RUN_IT"}}, "F_OTHER", false, false},
		{"disabled", sandbox.Route{Disabled: true, Sharing: sandbox.Sharing{Public: "r-------"}}, "", true, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := startBehind(t, echo)
			tc.route.URL = b.URL
			s := routed(t, "2.42", tc.route)
			u := midwife
			u.Groups, u.Authorities = []dhis2.UID{dhis2.MustUID("RouteGroup1")}, []string{tc.authority}
			s.SetUser(u)
			want := map[bool]int{true: 418, false: 403}[tc.runs]
			if tc.route.Disabled {
				want = 404
			}
			if resp, body := s.call("GET", "/api/routes/SbxRoute001/run", "", asMidw...); resp.StatusCode != want {
				t.Errorf("run: got %d %s, want %d", resp.StatusCode, body, want)
			}
			if resp, _ := s.call("GET", "/api/routes/SbxRoute001", "", asMidw...); (resp.StatusCode == 200) != tc.read {
				t.Errorf("read: got %d", resp.StatusCode)
			}
			_, list := s.call("GET", "/api/routes", "", asMidw...)
			if strings.Contains(string(list), "SbxRoute001") != tc.read {
				t.Errorf("list: got %s", list)
			}
			if resp, _ := s.call("GET", "/api/routes/SbxRoute001/run", "", "Authorization", "ApiToken wrong"); resp.StatusCode != 401 {
				t.Errorf("a wrong token: got %d", resp.StatusCode)
			}
		})
	}
}

func TestSandboxRouteLife(t *testing.T) {
	b := startBehind(t, echo)
	s := start(t, sandbox.Config{RemoteServersAllowed: []string{"http://127.0.0.1:*", "https://*.example.org"}})
	created := s.decode(http.StatusCreated, "POST", "/api/routes", `{"name":"PHN","code":"phn","url":"`+b.URL+`/phn","auth":{"type":"http-basic","username":"u","password":"p"}}`)
	uid := created["response"].(map[string]any)["uid"].(string)
	got := s.get("/api/routes/" + uid)
	want := map[string]any{"public": "--------", "owner": "SbxAdmin001", "external": false, "users": map[string]any{}, "userGroups": map[string]any{}}
	if diff := cmp.Diff(want, got["sharing"]); diff != "" || got["responseTimeoutSeconds"] != 5.0 || got["disabled"] != false {
		t.Errorf("a new route is private and waits 5 s: %v\n%s", got, diff)
	}
	if resp, _ := s.call("GET", "/api/routes/phn", ""); resp.StatusCode != 404 {
		t.Errorf("read by code: got %d, want 404: codes are for run", resp.StatusCode)
	}
	// A PUT replaces the whole: what is not sent again is gone, secrets too.
	s.decode(http.StatusOK, "PUT", "/api/routes/"+uid, `{"name":"PHN","code":"phn","url":"`+b.URL+`/phn","responseTimeoutSeconds":20}`)
	s.call("GET", "/api/routes/phn/run", "")
	if asked := <-b.asked; asked.Header.Get("Authorization") != "" {
		t.Error("the credentials outlived the PUT that left them out")
	}
	s.decode(http.StatusOK, "DELETE", "/api/routes/"+uid, "")
	if resp, _ := s.call("GET", "/api/routes/phn/run", ""); resp.StatusCode != 404 {
		t.Errorf("run after the deletion: got %d", resp.StatusCode)
	}
	if got := s.get("/api/routes")["routes"].([]any); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

func TestSandboxRouteRefusals(t *testing.T) {
	s := routed(t, "2.42", sandbox.Route{Code: "taken", URL: "http://127.0.0.1:1"})
	for _, tc := range []struct {
		name, method, path, body string
		as                       []string
		status                   int
	}{
		{"no name", "POST", "", `{"url":"http://127.0.0.1:2"}`, nil, 409},
		{"no url", "POST", "", `{"name":"n"}`, nil, 409},
		{"code taken", "POST", "", `{"name":"n","code":"taken","url":"http://127.0.0.1:2"}`, nil, 409},
		{"UID taken", "POST", "", `{"id":"SbxRoute001","name":"n","url":"http://127.0.0.1:2"}`, nil, 409},
		{"scheme", "POST", "", `{"name":"n","url":"ftp://127.0.0.1:2"}`, nil, 409},
		{"not permitted", "POST", "", `{"name":"n","url":"http://internal.example/"}`, nil, 409},
		{"malformed", "POST", "", `{"name":"n","url":"nonsense"}`, nil, 409},
		{"time-out", "POST", "", `{"name":"n","url":"http://127.0.0.1:2","responseTimeoutSeconds":61}`, nil, 409},
		{"kind of credentials", "POST", "", `{"name":"n","url":"http://127.0.0.1:2","auth":{"type":"ntlm"}}`, nil, 400},
		{"not JSON", "POST", "", `{`, nil, 400},
		{"no right to create", "POST", "", `{"name":"n","url":"http://127.0.0.1:2"}`, asMidw, 403},
		{"no right to read", "GET", "/SbxRoute001", "", asMidw, 403},
		{"no right to change", "PUT", "/SbxRoute001", `{"name":"n","url":"http://127.0.0.1:2"}`, asMidw, 403},
		{"no right to delete", "DELETE", "/SbxRoute001", "", asMidw, 403},
		{"unknown", "GET", "/Nobody00001", "", nil, 404},
		{"unknown to change", "PUT", "/Nobody00001", `{}`, nil, 404},
		{"unknown to delete", "DELETE", "/Nobody00001", "", nil, 404},
		{"unknown to run", "GET", "/Nobody00001/run", "", nil, 404},
	} {
		if resp, body := s.call(tc.method, "/api/routes"+tc.path, tc.body, tc.as...); resp.StatusCode != tc.status {
			t.Errorf("%s: got %d %s, want %d", tc.name, resp.StatusCode, body, tc.status)
		}
	}
	u := midwife
	u.Authorities = []string{"F_ROUTE_PRIVATE_ADD"}
	s.SetUser(u)
	if resp, _ := s.call("POST", "/api/routes", `{"name":"n","url":"http://127.0.0.1:2","sharing":{"public":"r-------"}}`, asMidw...); resp.StatusCode != 409 {
		t.Errorf("a public route by who may make private ones: got %d", resp.StatusCode)
	}
	if resp, _ := s.call("POST", "/api/routes", `{"name":"n","url":"http://127.0.0.1:2"}`, asMidw...); resp.StatusCode != 201 {
		t.Errorf("a private route: got %d", resp.StatusCode)
	}
}

// TestSandboxRouteRemoteServers: 2.42 brought route.remote_servers_allowed,
// whose default keeps plain http out, on creation and again at each run.
func TestSandboxRouteRemoteServers(t *testing.T) {
	b := startBehind(t, echo)
	body := `{"name":"n","code":"c","url":"` + b.URL + `"}`
	for version, want := range map[string]int{"2.41": 201, "2.42": 409, "2.44": 409} {
		s := start(t, sandbox.Config{Version: version})
		if resp, text := s.call("POST", "/api/routes", body); resp.StatusCode != want {
			t.Errorf("%s: got %d %s, want %d", version, resp.StatusCode, text, want)
		}
	}
	s := start(t, sandbox.Config{RemoteServersAllowed: []string{"http://127.0.0.1:*"}})
	s.decode(http.StatusCreated, "POST", "/api/routes", body)
	s.SetRemoteServersAllowed("https://*")
	if resp, text := s.call("GET", "/api/routes/c/run", ""); resp.StatusCode != http.StatusServiceUnavailable || len(text) != 0 {
		t.Errorf("narrowed later: got %d %s, want 503 without a body", resp.StatusCode, text)
	}
	if err := s.Load(sandbox.Dataset{Routes: []sandbox.Route{{Name: "n", URL: b.URL}}}); err == nil {
		t.Error("Load: a route that may not be was taken")
	}
}
