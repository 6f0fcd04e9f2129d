package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

func TestFaultsAnswer(t *testing.T) {
	for _, tc := range []struct {
		name        string
		fault       sandbox.Fault
		status      int
		contentType string
		holds       string
	}{
		{"a proxy's page", sandbox.Fault{Status: 502}, 502, "text/html; charset=utf-8", "<h1>502 Bad Gateway</h1>"},
		{"a message of DHIS2", sandbox.Fault{Status: 409, Code: "E1002", Message: "words"}, 409, "application/json", `"errorCode":"E1002"`},
		{"to the login page", sandbox.Fault{Kind: sandbox.FaultLogin}, 302, "", "dhis-web-login"},
		{"the login page", sandbox.Fault{Kind: sandbox.FaultLoginPage}, 200, "text/html; charset=utf-8", "Sign in"},
		{"garbage", sandbox.Fault{Kind: sandbox.FaultGarbage}, 200, "application/json", `{"trackedEntity":"`},
		{"huge", sandbox.Fault{Kind: sandbox.FaultHuge, Size: 5000}, 200, "application/json", "xxx"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := start(t, sandbox.Config{})
			s.Inject(tc.fault)
			resp, body := s.call("GET", "/api/me", "")
			if resp.StatusCode != tc.status || (tc.contentType != "" && resp.Header.Get("Content-Type") != tc.contentType) ||
				!bytes.Contains(append(body, resp.Header.Get("Location")...), []byte(tc.holds)) || resp.Header.Get("X-Sandbox") == "" {
				t.Errorf("got %d %v %.100s", resp.StatusCode, resp.Header, body)
			}
			if tc.fault.Size > 0 && len(body) != tc.fault.Size {
				t.Errorf("got %d bytes, want %d", len(body), tc.fault.Size)
			}
		})
	}
}

// TestFaultsOfTheNetwork: no whole answer comes.
func TestFaultsOfTheNetwork(t *testing.T) {
	s := start(t, sandbox.Config{})
	get := func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, "GET", s.base+"/api/system/info", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "ApiToken "+sandbox.DefaultToken)
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		_, err = io.ReadAll(resp.Body)
		return err
	}
	s.Inject(sandbox.Fault{Kind: sandbox.FaultReset, Times: 1})
	if err := get(t.Context()); !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
		t.Errorf("reset: got %v", err)
	}
	s.Inject(sandbox.Fault{Kind: sandbox.FaultCut, Times: 1})
	if err := get(t.Context()); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut: got %v", err)
	}
	s.Inject(sandbox.Fault{Kind: sandbox.FaultHang, Times: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if err := get(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("hang: got %v", err)
	}
	if err := get(t.Context()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestSandboxLostAnswer: what was asked for happened, and nobody was told.
func TestSandboxLostAnswer(t *testing.T) {
	s := start(t, sandbox.Config{})
	s.Inject(sandbox.Fault{Kind: sandbox.FaultLoseAnswer, Method: "POST", Times: 1})
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.base+"/api/tracker?async=false", strings.NewReader(newMother))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "ApiToken "+sandbox.DefaultToken)
	if resp, err := http.DefaultTransport.RoundTrip(req); err == nil {
		t.Fatalf("got an answer: %d", resp.StatusCode)
	}
	if s.trackedEntity("SbxImport01") == nil {
		t.Error("the import did not happen")
	}
}

// TestSandboxSlowAnswer: the true answer comes late, or to nobody.
func TestSandboxSlowAnswer(t *testing.T) {
	s := start(t, sandbox.Config{})
	s.Inject(sandbox.Fault{Kind: sandbox.FaultSlow, Delay: time.Millisecond, Times: 1})
	if s.get("/api/me")["username"] != "admin" {
		t.Error("the answer is not the true one")
	}
	s.Inject(sandbox.Fault{Kind: sandbox.FaultSlow, Delay: time.Hour, Times: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", s.base+"/api/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := http.DefaultTransport.RoundTrip(req); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the client's own time-out", err)
	}
}

// TestFaultsAreChosen: by path and method, after some requests, a number of
// times.
func TestFaultsAreChosen(t *testing.T) {
	s := start(t, sandbox.Config{})
	status := func(method, path string) int {
		resp, _ := s.call(method, path, "")
		return resp.StatusCode
	}
	s.Inject(sandbox.Fault{Method: "GET", Path: "/api/me", Status: 503, RetryAfter: 30 * time.Second, Skip: 1, Times: 2})
	for i, want := range []int{200, 503, 503, 200} {
		if got := status("GET", "/api/me"); got != want {
			t.Errorf("request %d: got %d, want %d", i, got, want)
		}
	}
	s.Inject(sandbox.Fault{Path: "/api/system", Status: 429, RetryAfter: 30 * time.Second})
	resp, _ := s.call("GET", "/api/system/info", "")
	if got := resp.Header.Get("Retry-After"); resp.StatusCode != 429 || got != strconv.Itoa(30) {
		t.Errorf("got %d, Retry-After %q", resp.StatusCode, got)
	}
	if got := status("GET", "/api/me"); got != 200 {
		t.Errorf("another path: got %d", got)
	}
	s.ClearFaults()
	if got := status("GET", "/api/system/info"); got != 200 {
		t.Errorf("cleared: got %d", got)
	}
}

// TestManyAtOnce: readers and writers at the same time; -race looks at it.
func TestManyAtOnce(t *testing.T) {
	s := start(t, sandbox.Config{})
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			for range 10 {
				if resp, _ := s.call("GET", "/api/tracker/trackedEntities?fields=*&pageSize=5&"+program, ""); resp.StatusCode != 200 {
					t.Errorf("got %d", resp.StatusCode)
				}
			}
		})
		group.Go(func() {
			for n := range 10 {
				if err := s.SetValue(dhis2.MustUID("SbxEv010000"), dhis2.MustUID("TRkCMVFhrmr"), strconv.Itoa(n+i)); err != nil {
					t.Error(err)
				}
				s.Advance(time.Second)
			}
		})
	}
	group.Wait()
}
