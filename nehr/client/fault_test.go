package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/client"
)

// secret stands in every request and answer of these tests; no error may hold it.
const secret = "SECRET-PERSON"

const outcomeBody = `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"conflict","diagnostics":"` + secret + `","expression":["Patient.name"]}]}`

func newClient(t *testing.T, base string, change func(*client.Config)) *client.Client {
	t.Helper()
	config := client.Config{BaseURL: base, Timeout: 5 * time.Second}
	if change != nil {
		change(&config)
	}
	c, err := client.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answer makes a handler that gives one answer.
func answer(status int, contentType, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func hijack(t *testing.T, do func(net.Conn)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		do(conn)
		conn.Close()
	}
}

// class is what a caller decides by.
type class struct{ outcome, retryable, conflict, permanent, unknown bool }

func classOf(t *testing.T, err error) class {
	t.Helper()
	if o, ok := errors.AsType[*client.OutcomeError](err); ok {
		return class{true, o.Retryable(), o.Conflict(), o.Permanent(), o.Unknown()}
	}
	if u, ok := errors.AsType[*client.UnreachableError](err); ok {
		return class{false, u.Retryable(), u.Conflict(), u.Permanent(), u.Unknown()}
	}
	t.Fatalf("got %T (%v), want a typed error", err, err)
	return class{}
}

func TestFaults(t *testing.T) {
	const fhir, html = "application/fhir+json", "text/html"
	page := "<html><body>" + secret + "</body></html>"
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    class
	}{
		{"reset before an answer", hijack(t, func(c net.Conn) { c.(*net.TCPConn).SetLinger(0) }), class{retryable: true, unknown: true}},
		{"body cut", hijack(t, func(c net.Conn) {
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: 100\r\n\r\n{\"resourceType\":")
		}), class{retryable: true, unknown: true}},
		{"JSON cut at its end", answer(200, fhir, `{"resourceType":"Bundle","entry":[`), class{retryable: true, unknown: true}},
		{"HTML with 200", answer(200, html, page), class{retryable: true, unknown: true}},
		{"HTML with 404", answer(404, html, page), class{retryable: true, unknown: true}},
		{"HTML with 502", answer(502, html, page), class{outcome: true, retryable: true, unknown: true}},
		{"JSON of the wrong shape", answer(200, fhir, `{"name":"`+secret+`"}`), class{retryable: true, unknown: true}},
		{"another resource", answer(200, fhir, outcomeBody), class{retryable: true, unknown: true}},
		{"duplicate field", answer(200, fhir, `{"resourceType":"Bundle","resourceType":"Bundle"}`), class{retryable: true, unknown: true}},
		{"too large", answer(200, fhir, `{"resourceType":"Bundle","x":"`+strings.Repeat("x", 2000)+`"}`), class{retryable: true, unknown: true}},
		{"400", answer(400, fhir, outcomeBody), class{outcome: true, permanent: true}},
		{"401", answer(401, fhir, outcomeBody), class{outcome: true, retryable: true}},
		{"401 with HTML", answer(401, html, page), class{outcome: true, retryable: true}},
		{"403", answer(403, fhir, outcomeBody), class{outcome: true, retryable: true}},
		{"404", answer(404, fhir, outcomeBody), class{outcome: true, permanent: true}},
		{"409", answer(409, fhir, outcomeBody), class{outcome: true, conflict: true}},
		{"410", answer(410, fhir, outcomeBody), class{outcome: true, permanent: true}},
		{"412", answer(412, fhir, outcomeBody), class{outcome: true, conflict: true}},
		{"413", answer(413, html, page), class{outcome: true, permanent: true}},
		{"422", answer(422, fhir, outcomeBody), class{outcome: true, permanent: true}},
		{"429", answer(429, fhir, outcomeBody), class{outcome: true, retryable: true}},
		{"500", answer(500, fhir, outcomeBody), class{outcome: true, retryable: true, unknown: true}},
		{"501", answer(501, fhir, outcomeBody), class{outcome: true, permanent: true}},
		{"503 without a body", answer(503, fhir, ""), class{outcome: true, retryable: true, unknown: true}},
		{"504", answer(504, html, page), class{outcome: true, retryable: true, unknown: true}},
		{"redirect to another host", answer(302, html, "", "Location", "http://elsewhere.example/"+secret), class{retryable: true}},
		{"redirect without a place", answer(304, html, ""), class{retryable: true, unknown: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			web := httptest.NewServer(tt.handler)
			defer web.Close()
			c := newClient(t, web.URL, func(c *client.Config) { c.MaxResponse = 1000 })
			_, err := c.Transaction(t.Context(), []byte(`{"resourceType":"Bundle","id":"`+secret+`"}`))
			if err == nil {
				t.Fatal("no error")
			}
			if got := classOf(t, err); got != tt.want {
				t.Errorf("got %+v, want %+v (%v)", got, tt.want, err)
			}
			if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "127.0.0.1") {
				t.Errorf("the error quotes content or URL: %v", err)
			}
		})
	}
}

func TestRefusedIsNotSent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	c := newClient(t, "http://"+l.Addr().String()+"/fhir", nil)
	_, err = c.Read(t.Context(), "Patient", "1")
	if got, want := classOf(t, err), (class{retryable: true}); got != want {
		t.Errorf("got %+v, want %+v: %v", got, want, err)
	}
}

func TestSlow(t *testing.T) {
	release := make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-release }))
	defer web.Close()
	defer close(release)
	c := newClient(t, web.URL, func(c *client.Config) { c.Timeout = 30 * time.Millisecond })
	_, err := c.Transaction(t.Context(), []byte(`{}`))
	if got, want := classOf(t, err), (class{retryable: true, unknown: true}); got != want {
		t.Errorf("time-out: got %+v, want %+v: %v", got, want, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = newClient(t, web.URL, nil).Read(ctx, "Patient", "1")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v, want context.Canceled inside", err)
	}
}

func TestUntrustedCertificateIsNotSent(t *testing.T) {
	web := httptest.NewUnstartedServer(answer(200, "application/fhir+json", `{}`))
	web.Config.ErrorLog = quiet(t)
	web.StartTLS()
	defer web.Close()
	_, err := newClient(t, web.URL, nil).Transaction(t.Context(), []byte(`{}`))
	if got, want := classOf(t, err), (class{retryable: true}); got != want {
		t.Errorf("got %+v, want %+v: %v", got, want, err)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"7":                             7 * time.Second,
		"Sun, 01 Mar 2026 10:00:30 GMT": 30 * time.Second,
		"Sun, 01 Mar 2026 09:00:00 GMT": 0,
		"soon":                          0,
		"-5":                            0,
		"9223372036854775":              24 * time.Hour,
		"99999999999999999999":          24 * time.Hour,
		"-99999999999999999999":         0,
		"Fri, 01 Jan 2100 00:00:00 GMT": 24 * time.Hour,
	} {
		web := httptest.NewServer(answer(429, "application/fhir+json", outcomeBody, "Retry-After", header))
		c := newClient(t, web.URL, func(c *client.Config) { c.Now = func() time.Time { return now } })
		_, err := c.Transaction(t.Context(), []byte(`{}`))
		web.Close()
		o, ok := errors.AsType[*client.OutcomeError](err)
		if !ok || o.RetryAfter != want {
			t.Errorf("%q: got %v, want %v", header, o.RetryAfter, want)
		}
	}
}

func TestOutcomeKeepsIssuesForPeople(t *testing.T) {
	web := httptest.NewServer(answer(409, "application/fhir+json", outcomeBody))
	defer web.Close()
	_, err := newClient(t, web.URL, nil).Update(t.Context(), "Patient", "1", []byte(`{}`), "3")
	o, ok := errors.AsType[*client.OutcomeError](err)
	if !ok || len(o.Issues) != 1 || o.Issues[0].Diagnostics != secret || o.Issues[0].Expression[0] != "Patient.name" || string(o.Outcome) != outcomeBody {
		t.Errorf("got %+v", o)
	}
	if got, want := err.Error(), "update Patient: the FHIR server answered 409 Conflict (conflict)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNoIdentifierInURL(t *testing.T) {
	var seen []*http.Request
	var form url.Values
	var base string
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		seen = append(seen, r)
		if r.Method == http.MethodPost {
			form = r.PostForm
			answer(200, "application/fhir+json", `{"resourceType":"Bundle","type":"searchset","total":2,"link":[{"relation":"next","url":"`+base+`?_getpages=1"}],"entry":[{"resource":{"resourceType":"Patient","id":"1"}},{"resource":{"resourceType":"Organization","id":"9"},"search":{"mode":"include"}}]}`)(w, r)
			return
		}
		answer(200, "application/fhir+json", `{"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"resourceType":"Patient","id":"2"}}]}`)(w, r)
	}))
	defer web.Close()
	base = web.URL + "/fhir"
	c := newClient(t, base+"/", func(c *client.Config) { c.Token = "t"; c.UserAgent = "agent/1" })
	found, err := c.Search(t.Context(), "Patient", url.Values{"identifier": {client.Token("urn:a,b", secret)}})
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Resources) != 2 || found.Total != "2" || found.Resources[1].Get("id").Str() != "2" {
		t.Errorf("got %d resources of %s", len(found.Resources), found.Total)
	}
	if got, want := form.Get("identifier"), `urn:a\,b|`+secret; got != want {
		t.Errorf("identifier %q, want %q", got, want)
	}
	for _, r := range seen {
		if strings.Contains(r.URL.String(), secret) {
			t.Errorf("an identifier stands in the URL %s", r.URL)
		}
		if r.Header.Get("Authorization") != "Bearer t" || r.Header.Get("User-Agent") != "agent/1" {
			t.Errorf("headers %v", r.Header)
		}
	}
	if seen[0].URL.Path != "/fhir/Patient/_search" || seen[0].Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("searched at %s with Cache-Control %q", seen[0].URL.Path, seen[0].Header.Get("Cache-Control"))
	}
}

func TestNextPageElsewhere(t *testing.T) {
	web := httptest.NewServer(answer(200, "application/fhir+json", `{"resourceType":"Bundle","type":"searchset","link":[{"relation":"next","url":"http://elsewhere.example/fhir?p=2"}]}`))
	defer web.Close()
	_, err := newClient(t, web.URL, nil).Search(t.Context(), "Patient", url.Values{"name": {"x"}})
	if u, ok := errors.AsType[*client.UnreachableError](err); !ok || !strings.Contains(u.Reason, "outside") {
		t.Errorf("got %v", err)
	}
}

// TestUnservedSearchMayPass: a search that is not there says nothing about
// what was searched for: another base, or a page that the server has forgotten.
func TestUnservedSearchMayPass(t *testing.T) {
	const fhir = "application/fhir+json"
	for _, status := range []int{404, 405, 410} {
		first := true
		var web *httptest.Server
		web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if first && r.Method == http.MethodPost {
				answer(200, fhir, `{"resourceType":"Bundle","type":"searchset","link":[{"relation":"next","url":"`+web.URL+`/?page=2"}]}`)(w, r)
				return
			}
			answer(status, fhir, outcomeBody)(w, r)
		}))
		for _, where := range []string{"next page", "search"} {
			_, err := newClient(t, web.URL, nil).Search(t.Context(), "Patient", url.Values{"identifier": {"a|b"}})
			if got, want := classOf(t, err), (class{retryable: true}); got != want || !strings.Contains(err.Error(), where) {
				t.Errorf("%d: got %+v, want %+v of the %s: %v", status, got, want, where, err)
			}
			first = false
		}
		web.Close()
	}
}
