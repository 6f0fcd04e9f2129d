package api_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// verdict is what a caller may decide by.
type verdict struct {
	status                                                   int
	retryable, unauthorized, forbidden, notFound, scope, big bool
}

func verdictOf(e *api.Error) verdict {
	return verdict{e.Status, e.Retryable(), e.Unauthorized(), e.Forbidden(), e.NotFound(), e.SearchScope(), e.TooLarge()}
}

// quoted stands in answers of the server, as DHIS2 quotes values in its words.
const quoted = "Nimali Secret"

func TestFaults(t *testing.T) {
	status := func(code int) sandbox.Fault { return sandbox.Fault{Kind: sandbox.FaultStatus, Status: code} }
	for _, tc := range []struct {
		name  string
		fault sandbox.Fault
		want  verdict
		says  string
	}{
		{"400", sandbox.Fault{Status: 400, Code: "E1003", Message: quoted}, verdict{status: 400}, "(E1003)"},
		{"401", sandbox.Fault{Status: 401, Message: quoted}, verdict{status: 401, unauthorized: true}, "token"},
		{"403", sandbox.Fault{Status: 403, Message: quoted}, verdict{status: 403, forbidden: true}, "sharing"},
		{"404", sandbox.Fault{Status: 404, Code: "E1005", Message: quoted}, verdict{status: 404, notFound: true}, "not there"},
		{"403 with a page", status(403), verdict{status: 403, retryable: true}, "proxy"},
		{"404 with a page", status(404), verdict{status: 404, retryable: true}, "proxy"},
		{"405 with a page", status(405), verdict{status: 405, retryable: true}, "proxy"},
		{"410 with a page", status(410), verdict{status: 410, retryable: true}, "proxy"},
		{"409 search scope", sandbox.Fault{Status: 409, Message: "At least 1 attributes should be mentioned " + quoted}, verdict{status: 409, scope: true}, "capture scope"},
		{"409 too many found", sandbox.Fault{Status: 409, Message: "maxteicountreached"}, verdict{status: 409, scope: true}, "capture scope"},
		{"409 other", sandbox.Fault{Status: 409, Code: "E1002", Message: quoted}, verdict{status: 409}, "refuses"},
		{"429", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 429, RetryAfter: 7 * time.Second}, verdict{status: 429, retryable: true}, "slow down"},
		{"500", status(500), verdict{status: 500, retryable: true}, "failed"},
		{"501", status(501), verdict{status: 501}, "unexpected"},
		{"502", status(502), verdict{status: 502, retryable: true}, "proxy"},
		{"503", status(503), verdict{status: 503, retryable: true}, "not ready"},
		{"504", status(504), verdict{status: 504, retryable: true}, "too long"},
		{"302 to the login page", sandbox.Fault{Kind: sandbox.FaultLogin}, verdict{status: 302, retryable: true, unauthorized: true}, "login page"},
		{"200 with the login page", sandbox.Fault{Kind: sandbox.FaultLoginPage}, verdict{status: 200, retryable: true, unauthorized: true}, "not JSON"},
		{"JSON that ends in the middle", sandbox.Fault{Kind: sandbox.FaultGarbage}, verdict{status: 200, retryable: true}, "cut off"},
		{"oversized", sandbox.Fault{Kind: sandbox.FaultHuge, Size: 1<<16 + 1}, verdict{status: 200, big: true}, "65536 bytes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, _ := serve(t, sandbox.Config{})
			server := httptest.NewServer(s.Handler())
			defer server.Close()
			c := client(t, api.Config{BaseURL: server.URL, Token: sandbox.DefaultToken, MaxResponse: 1 << 16})
			s.Inject(tc.fault)
			_, err := c.TrackedEntity(t.Context(), mother(1), sandbox.ANCProgram, "")
			e := apiError(t, err)
			if got := verdictOf(e); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
			if e.RetryAfter != tc.fault.RetryAfter {
				t.Errorf("RetryAfter: got %v, want %v", e.RetryAfter, tc.fault.RetryAfter)
			}
			if !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), e.Path) || e.Path != "/api/tracker/trackedEntities/SbxMother01" {
				t.Errorf("got %q, want it to say %q", err, tc.says)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				if strings.Contains(e.Error(), "Nimali") || strings.Contains(e.Error(), sandbox.DefaultToken) {
					t.Errorf("the error quotes the server or the token: %q", e)
				}
			}
			s.ClearFaults()
			if _, err := c.TrackedEntity(t.Context(), mother(1), sandbox.ANCProgram, "trackedEntity"); err != nil {
				t.Errorf("after the fault: %v", err)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	s, sound := serve(t, sandbox.Config{})
	base := sound.BaseURL()
	refused := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return "http://" + l.Addr().String()
	}()
	for _, tc := range []struct {
		name  string
		base  string
		fault *sandbox.Fault
		limit time.Duration
	}{
		{"refused", refused, nil, time.Minute},
		{"reset", base, &sandbox.Fault{Kind: sandbox.FaultReset}, time.Minute},
		{"cut body", base, &sandbox.Fault{Kind: sandbox.FaultCut}, time.Minute},
		{"slow", base, &sandbox.Fault{Kind: sandbox.FaultHang}, 50 * time.Millisecond},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s.ClearFaults()
			if tc.fault != nil {
				s.Inject(*tc.fault)
			}
			c := client(t, api.Config{BaseURL: tc.base, Token: sandbox.DefaultToken, Timeout: tc.limit})
			_, err := c.UsersByName(t.Context(), []string{"midwife.one"})
			e, ok := errors.AsType[*api.UnreachableError](err)
			if !ok || !e.Retryable() || e.Path != "/api/users" {
				t.Fatalf("got %v, want an *api.UnreachableError of /api/users", err)
			}
			if strings.Contains(err.Error(), "midwife") || strings.Contains(err.Error(), "filter") {
				t.Errorf("the error holds the query: %q", err)
			}
		})
	}
	t.Run("deadline of the caller", func(t *testing.T) {
		s.ClearFaults()
		s.Inject(sandbox.Fault{Kind: sandbox.FaultHang})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err := sound.SystemInfo(ctx)
		if _, ok := errors.AsType[*api.UnreachableError](err); !ok || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want an *api.UnreachableError with the deadline", err)
		}
	})
	t.Run("cancelled by the caller", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := sound.SystemInfo(ctx)
		if _, ok := errors.AsType[*api.UnreachableError](err); ok || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled and no *api.UnreachableError", err)
		}
	})
}

// raw serves one answer to everything.
func raw(t *testing.T, contentType, body string) *api.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return client(t, api.Config{BaseURL: server.URL, Token: "t"})
}

func TestWrongAnswers(t *testing.T) {
	for _, tc := range []struct {
		name, contentType, body string
	}{
		{"HTML without a content type", "", "\n <!doctype html><title>x</title>"},
		{"HTML called JSON", "application/json", "<html></html>"},
		{"JSON called HTML", "text/html", "{}"},
		{"an array", "application/json", "[]"},
		{"a wrong type", "application/json", `{"trackedEntity":"SbxMother01","deleted":"Nimali Secret"}`},
		{"a duplicate member", "application/json", `{"trackedEntity":"SbxMother01","trackedEntity":"SbxMother01"}`},
		{"another woman", "application/json", `{"trackedEntity":"SbxMother02"}`},
		{"nobody", "application/json", `{}`},
		{"nothing", "application/json", ``},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := raw(t, tc.contentType, tc.body)
			_, err := c.TrackedEntity(t.Context(), mother(1), sandbox.ANCProgram, "")
			if e := apiError(t, err); e.Status != 200 || !e.Retryable() {
				t.Errorf("got status %d, retryable %t", e.Status, e.Retryable())
			}
			if strings.Contains(err.Error(), "Nimali") {
				t.Errorf("the error quotes a value: %q", err)
			}
		})
	}
	t.Run("larger than a document", func(t *testing.T) {
		c := raw(t, "application/json", `{"trackedEntities":[`+strings.Repeat(" ", dhis2.MaxDocument)+`]}`)
		_, err := c.SystemInfo(t.Context())
		if e := apiError(t, err); !e.TooLarge() || e.Retryable() {
			t.Errorf("got %v, want too large", err)
		}
	})
	t.Run("a version that is none", func(t *testing.T) {
		_, err := raw(t, "application/json", `{"version":"next"}`).SystemInfo(t.Context())
		apiError(t, err)
	})
	t.Run("a program that is another", func(t *testing.T) {
		_, err := raw(t, "application/json", `{"id":"SbxProgram2"}`).Program(t.Context(), sandbox.ANCProgram)
		apiError(t, err)
	})
}

// TestBlind: what 2.43 answers to a user who reaches no program must not look
// like a list of nobody.
func TestBlind(t *testing.T) {
	s, c := serve(t, sandbox.Config{Version: "2.43.1"})
	q := api.Query{TrackedEntityType: sandbox.ANCType}
	if page, err := c.TrackedEntities(t.Context(), q); err != nil || len(page.Items) == 0 {
		t.Fatalf("with programs: got %v", err)
	}
	s.SetUser(sandbox.User{User: dhis2.User{ID: dhis2.MustUID("SbxAdmin001"), Username: "admin"},
		Tokens: []string{sandbox.DefaultToken}, Authorities: []string{"ALL"}, Programs: []dhis2.UID{}})
	_, err := c.TrackedEntities(t.Context(), q)
	if e := apiError(t, err); !e.Blind() || e.Retryable() {
		t.Errorf("got %v, want a blind answer", err)
	}
	for _, err := range c.AllTrackedEntities(t.Context(), q) {
		if e := apiError(t, err); !e.Blind() {
			t.Errorf("iterator: got %v, want a blind answer", err)
		}
	}
}

// TestRetryAfter reads both forms of the header.
func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"120": 2 * time.Minute, "0": 0, "-5": 0, "soon": 0, "": 0, "9999999": 24 * time.Hour,
		"99999999999999999999": 24 * time.Hour, "-99999999999999999999": 0, " 7 ": 7 * time.Second,
		now.Add(time.Hour).Format(http.TimeFormat):        time.Hour,
		now.Add(-time.Hour).Format(http.TimeFormat):       0,
		now.Add(1000 * time.Hour).Format(http.TimeFormat): 24 * time.Hour,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(http.StatusServiceUnavailable)
		}))
		_, err := client(t, api.Config{BaseURL: server.URL, Token: "t", Now: func() time.Time { return now }}).SystemInfo(t.Context())
		server.Close()
		if got := apiError(t, err).RetryAfter; got != want {
			t.Errorf("%q: got %v, want %v", header, got, want)
		}
	}
}

// TestUpgrade: a client that remembers an old version recovers by itself.
func TestUpgrade(t *testing.T) {
	_, c := serve(t, sandbox.Config{Version: "2.42"})
	proxy := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/system/info" && proxy != "" {
			w.Header().Set("Content-Type", "application/json")
			w.Write([]byte(`{"version":"` + proxy + `"}`))
			return
		}
		http.Redirect(w, r, c.BaseURL()+r.URL.RequestURI(), http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	follow := client(t, api.Config{BaseURL: server.URL, Token: sandbox.DefaultToken, Transport: following{}})
	proxy = "2.40"
	q := api.Query{Program: sandbox.ANCProgram, OrgUnits: []dhis2.UID{dhis2.MustUID("SbxDistrct1")}, OrgUnitMode: api.Descendants, TrackedEntities: []dhis2.UID{mother(0)}}
	// Names of 2.40 mean nothing to 2.42, which here sees no selection at all.
	if _, err := follow.TrackedEntities(t.Context(), api.Query{OrgUnits: q.OrgUnits, TrackedEntities: []dhis2.UID{mother(0)}}); err == nil {
		t.Fatal("a query of 2.40 was understood by 2.42")
	}
	proxy = "2.42"
	if _, err := follow.TrackedEntities(t.Context(), q); err != nil {
		t.Errorf("after a refusal the version was not asked for again: %v", err)
	}
}

// following follows redirects below the client, as a proxy does.
type following struct{}

func (following) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || resp.StatusCode != http.StatusTemporaryRedirect {
		return resp, err
	}
	resp.Body.Close()
	to, err := resp.Location()
	if err != nil {
		return nil, err
	}
	again := r.Clone(r.Context())
	again.URL, again.Host = to, to.Host
	return http.DefaultTransport.RoundTrip(again)
}

// TestSmallerPages: a server that gives smaller pages than asked for is read
// to its end, also where the last page is empty.
func TestSmallerPages(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("page") {
		case "":
			w.Write([]byte(`{"version":"2.42.1"}`))
		case "1", "2":
			w.Write([]byte(`{"pager":{"page":1,"pageSize":1},"trackedEntities":[{"trackedEntity":"SbxMother0` + r.URL.Query().Get("page") + `"}]}`))
		default:
			w.Write([]byte(`{"pager":{"page":3,"pageSize":1},"trackedEntities":[]}`))
		}
	}))
	defer server.Close()
	var got []dhis2.UID
	for te, err := range client(t, api.Config{BaseURL: server.URL, Token: "t"}).AllTrackedEntities(t.Context(), api.Query{Program: sandbox.ANCProgram}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, te.TrackedEntity)
	}
	if len(got) != 2 || got[0] != mother(1) || got[1] != mother(2) {
		t.Errorf("got %v", got)
	}
}
