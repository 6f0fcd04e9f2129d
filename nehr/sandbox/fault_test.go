package sandbox_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

func broken(t *testing.T) (*sandbox.Server, *client.Client) {
	t.Helper()
	s, err := sandbox.New(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() { web.Close(); s.Close() })
	c, err := client.New(client.Config{BaseURL: web.URL + "/fhir", Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

func one(id string) []byte {
	return fmt.Appendf(nil, `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Basic","id":"%[1]s","code":{"text":"x"}},"request":{"method":"PUT","url":"Basic/%[1]s"}}]}`, id)
}

// What a client sees of each fault, and whether the request was carried out.
func TestFaults(t *testing.T) {
	tests := []struct {
		fault              sandbox.Fault
		status             int // 0: no FHIR server answered
		retryAfter         time.Duration
		unknown, conflict  bool
		carriedOut, noFail bool
	}{
		{fault: sandbox.Fault{Kind: sandbox.Slow, Delay: time.Millisecond}, carriedOut: true, noFail: true},
		{fault: sandbox.Fault{Kind: sandbox.Slow, Delay: time.Minute}, unknown: true},
		{fault: sandbox.Fault{Kind: sandbox.TooManyRequests, RetryAfter: 90 * time.Second}, status: 429, retryAfter: 90 * time.Second},
		{fault: sandbox.Fault{Kind: sandbox.TooManyRequests}, status: 429, retryAfter: time.Second},
		{fault: sandbox.Fault{Kind: sandbox.FailBefore}, status: 503, unknown: true},
		{fault: sandbox.Fault{Kind: sandbox.FailBefore, Status: 500, RetryAfter: time.Second}, status: 500, retryAfter: time.Second, unknown: true},
		{fault: sandbox.Fault{Kind: sandbox.FailAfter}, status: 502, unknown: true, carriedOut: true},
		{fault: sandbox.Fault{Kind: sandbox.CutBody}, unknown: true, carriedOut: true},
		{fault: sandbox.Fault{Kind: sandbox.Conflict}, status: 409, conflict: true},
		{fault: sandbox.Fault{Kind: sandbox.PreconditionFailed}, status: 412, conflict: true},
		{fault: sandbox.Fault{Kind: sandbox.HTML}, unknown: true},
		{fault: sandbox.Fault{Kind: sandbox.Reset}, unknown: true},
		{fault: sandbox.Fault{Kind: sandbox.LoseAnswer}, unknown: true, carriedOut: true},
		{fault: sandbox.Fault{Kind: sandbox.Garbage}, unknown: true, carriedOut: true},
		{fault: sandbox.Fault{Kind: sandbox.WrongShape}, unknown: true, carriedOut: true},
		{fault: sandbox.Fault{Kind: sandbox.WrongType}, carriedOut: true, noFail: true},
		{fault: sandbox.Fault{Kind: sandbox.Reorder}, carriedOut: true, noFail: true},
		{fault: sandbox.Fault{Kind: sandbox.DropEntry}, carriedOut: true, noFail: true},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.fault.Kind, tt.status, tt.fault.Delay), func(t *testing.T) {
			t.Parallel()
			s, c := broken(t)
			tt.fault.Times, tt.fault.Match = 1, sandbox.Transactions
			s.Break(1, tt.fault)
			_, err := c.Transaction(t.Context(), one("a"))
			o, isOutcome := errors.AsType[*client.OutcomeError](err)
			u, isUnreachable := errors.AsType[*client.UnreachableError](err)
			switch {
			case tt.noFail:
				if err != nil {
					t.Errorf("got %v", err)
				}
			case tt.status != 0:
				if !isOutcome || o.Status != tt.status || o.RetryAfter != tt.retryAfter || o.Unknown() != tt.unknown || o.Conflict() != tt.conflict {
					t.Errorf("got %v", err)
				}
			case !isUnreachable || u.Unknown() != tt.unknown:
				t.Errorf("got %v", err)
			}
			if n := s.Struck()[tt.fault.Kind]; n != 1 {
				t.Errorf("struck %d times", n)
			}
			if _, err := c.Read(t.Context(), "Basic", "a"); client.IsNotFound(err) == tt.carriedOut {
				t.Errorf("carried out: want %v, reading it gives %v", tt.carriedOut, err)
			}
			if _, err := c.Transaction(t.Context(), one("a")); err != nil {
				t.Errorf("the second time: %v", err)
			}
		})
	}
}

// What a client that takes an answer as it comes would be told: the writer
// must look at every entry (nehr/record).
func TestFaultsOfAnswersThatSucceed(t *testing.T) {
	const two = `{"resourceType":"Bundle","type":"transaction","entry":[
		{"resource":{"resourceType":"Basic","id":"a","code":{"text":"x"}},"request":{"method":"PUT","url":"Basic/a"}},
		{"resource":{"resourceType":"Basic","id":"b","code":{"text":"x"}},"request":{"method":"PUT","url":"Basic/b"}}]}`
	for kind, want := range map[sandbox.FaultKind]string{
		"":                 "Bundle a b ",
		sandbox.WrongType:  "Bundle a b ",
		sandbox.Reorder:    "Bundle b a ",
		sandbox.DropEntry:  "Bundle a ",
		sandbox.WrongShape: "OperationOutcome ",
	} {
		t.Run(string(kind), func(t *testing.T) {
			s, _ := broken(t)
			if kind != "" {
				s.Break(1, sandbox.Fault{Kind: kind, Times: 1})
			}
			web := httptest.NewServer(s.Handler())
			t.Cleanup(web.Close)
			resp, err := http.Post(web.URL+"/fhir", "application/fhir+json", strings.NewReader(two))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			v, err := fhirjson.Parse(body)
			if err != nil {
				t.Fatal(err)
			}
			got := v.Get("resourceType").Str() + " "
			for _, l := range v.All("entry.response.location") {
				_, rest, _ := strings.Cut(l.Str(), "Basic/")
				id, _, _ := strings.Cut(rest, "/")
				got += id + " "
			}
			if plain := strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain"); got != want || resp.StatusCode != 200 || plain != (kind == sandbox.WrongType) {
				t.Errorf("got %d %q of %s, want %q", resp.StatusCode, got, resp.Header.Get("Content-Type"), want)
			}
			// A read has no entries: nothing is distorted, nothing panics.
			s.Break(1, sandbox.Fault{Kind: sandbox.Reorder, Times: 1})
			if resp, err := http.Get(web.URL + "/fhir/Basic/a"); err != nil || resp.StatusCode != 200 {
				t.Errorf("a read: got %v", err)
			}
		})
	}
}

// A seed replays.
func TestFaultsBySeed(t *testing.T) {
	history := func(seed uint64) (all string) {
		s, c := broken(t)
		s.Break(seed, sandbox.Fault{Kind: sandbox.Conflict, Probability: 0.3}, sandbox.Fault{Kind: sandbox.HTML, Probability: 0.3, Match: func(r *http.Request, _ []byte) bool { return r.Method == http.MethodGet }})
		for range 30 {
			_, err := c.Read(t.Context(), "Basic", "nobody")
			all += fmt.Sprint(err, "\n")
		}
		if n := s.Struck(); n[sandbox.Conflict] == 0 || n[sandbox.HTML] == 0 || n[sandbox.Conflict]+n[sandbox.HTML] == 30 {
			t.Errorf("struck %v of 30", n)
		}
		s.Break(0)
		if _, err := c.Read(t.Context(), "Basic", "nobody"); !client.IsNotFound(err) {
			t.Errorf("a server that is well again gives %v", err)
		}
		return all
	}
	first := history(7)
	if history(7) != first {
		t.Error("the same seed gave another history")
	}
	if history(8) == first {
		t.Error("another seed gave the same history")
	}
}
