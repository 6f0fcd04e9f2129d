package client_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

func quiet(t *testing.T) *log.Logger {
	t.Helper()
	return log.New(io.Discard, "", 0)
}

func newSandbox(t *testing.T, config sandbox.Config) *httptest.Server {
	t.Helper()
	s, err := sandbox.New(config)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() { web.Close(); s.Close() })
	return web
}

func TestInteractions(t *testing.T) {
	web := newSandbox(t, sandbox.Config{Token: "open"})
	c := newClient(t, web.URL+"/fhir", func(c *client.Config) { c.Token = "open" })
	ctx := t.Context()
	if _, err := c.Capabilities(ctx); err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"resourceType":"Patient","id":"p1","identifier":[{"system":"urn:s","value":"a b&c|d"}]}`)
	a, err := c.Update(ctx, "Patient", "p1", body, "")
	if err != nil || a.Status != 201 || a.Version != "1" {
		t.Fatalf("update: %+v, %v", a, err)
	}
	// D-043: the separators of the query and of the token are both encoded.
	a, err = c.Create(ctx, "Patient", []byte(`{"resourceType":"Patient"}`), url.Values{"identifier": {client.Token("urn:s", "a b&c|d")}})
	if err != nil || a.Status != 200 || a.Resource.Get("id").Str() != "p1" {
		t.Fatalf("conditional create of what stands: %+v, %v", a, err)
	}
	if _, err := c.Update(ctx, "Patient", "p1", []byte(`{"resourceType":"Patient","id":"p1","gender":"female"}`), "9"); err == nil {
		t.Error("a stale version was written")
	} else if o, ok := errors.AsType[*client.OutcomeError](err); !ok || !o.Conflict() {
		t.Errorf("got %v, want a conflict", err)
	}
	if a, err = c.Update(ctx, "Patient", "p1", []byte(`{"resourceType":"Patient","id":"p1","gender":"female"}`), "1"); err != nil || a.Version != "2" {
		t.Errorf("update with the right version: %+v, %v", a, err)
	}
	if a, err = c.Read(ctx, "Patient", "p1"); err != nil || a.Resource.Get("gender").Str() != "female" {
		t.Errorf("read: %v", err)
	}
	if _, err := c.Delete(ctx, "Patient", "p1"); err != nil {
		t.Error(err)
	}
	if _, err := c.Read(ctx, "Patient", "p1"); !client.IsNotFound(err) {
		t.Errorf("got %v, want not found", err)
	}
	if _, err := newClient(t, web.URL+"/fhir", nil).Capabilities(ctx); err == nil {
		t.Error("no token was let in")
	} else if o, ok := errors.AsType[*client.OutcomeError](err); !ok || !o.Unauthorized() {
		t.Errorf("got %v, want unauthorized", err)
	}
}

// TestSearchPage reads one page and follows no link.
func TestSearchPage(t *testing.T) {
	c := newClient(t, newSandbox(t, sandbox.Config{}).URL+"/fhir", nil)
	for _, id := range []string{"a", "b", "c"} {
		if _, err := c.Update(t.Context(), "Patient", id, []byte(`{"resourceType":"Patient","id":"`+id+`","gender":"female"}`), ""); err != nil {
			t.Fatal(err)
		}
	}
	for count, more := range map[string]bool{"2": true, "3": false} {
		found, err := c.SearchPage(t.Context(), "Patient", url.Values{"gender": {"female"}, "_count": {count}})
		if err != nil || found.Total != "3" || strconv.Itoa(len(found.Resources)) != count || found.More != more {
			t.Errorf("_count=%s: %+v, %v", count, found, err)
		}
	}
	if _, err := c.SearchPage(t.Context(), "patient", nil); err == nil {
		t.Error("a type that is none")
	}
}

// A search that misses what was just written leads to writing it twice. HAPI
// repeats its answer to an equal search for a minute unless told otherwise.
func TestLookUpSeesWhatWasJustWritten(t *testing.T) {
	see := func(t *testing.T, c *client.Client) {
		id := uuid.NewString()
		by := url.Values{"identifier": {client.Token("urn:nehrbridge:test", id)}}
		batch := []byte(`{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient?` + by.Encode() + `"}}]}`)
		for _, want := range []int{0, 1} {
			found, err := c.Search(t.Context(), "Patient", by)
			if err != nil || len(found.Resources) != want {
				t.Errorf("by _search: %d, %v; want %d", len(found.Resources), err, want)
			}
			a, err := c.Transaction(t.Context(), batch)
			if err != nil || len(a.Resource.All("entry.resource.entry")) != want {
				t.Errorf("by batch: %s, %v; want %d", a.Body, err, want)
			}
			body := `{"resourceType":"Patient","id":"` + id + `","identifier":[{"system":"urn:nehrbridge:test","value":"` + id + `"}]}`
			if _, err := c.Update(t.Context(), "Patient", id, []byte(body), ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Run("sandbox", func(t *testing.T) { see(t, newClient(t, newSandbox(t, sandbox.Config{}).URL+"/fhir", nil)) })
	t.Run("server", func(t *testing.T) {
		base := os.Getenv("HAPI_URL")
		if base == "" {
			if os.Getenv("REQUIRE_ALL") == "1" {
				t.Fatal("HAPI_URL is not set, and REQUIRE_ALL=1 demands the run against a real server")
			}
			t.Skip("set HAPI_URL to the base of a FHIR server; ../shared/oracle/hapi/run.sh --port 8080 starts one at http://127.0.0.1:8080/fhir")
		}
		see(t, newClient(t, base, nil))
	})
}

func TestD036_EmptyCondition(t *testing.T) {
	c := newClient(t, "http://127.0.0.1:1/fhir", nil)
	for _, params := range []url.Values{
		{},
		{"identifier": {""}},
		{"identifier": {"urn:s|"}},
		{"identifier": {"urn:s| "}},
		{"identifier": {"urn:s|a", "|"}},
		{"identifier": {}},
	} {
		if _, err := c.Create(t.Context(), "Patient", []byte(`{}`), params); !errors.Is(err, client.ErrEmptyCondition) {
			t.Errorf("%v: got %v, want ErrEmptyCondition before anything is sent", params, err)
		}
	}
}

func TestD043_ConditionIsPercentEncoded(t *testing.T) {
	got, err := client.Condition(url.Values{"identifier": {client.Token("http://x/y", "a b|ශ්,&")}})
	if err != nil {
		t.Fatal(err)
	}
	if want := `identifier=http%3A%2F%2Fx%2Fy%7Ca%20b%5C%7C%E0%B7%81%E0%B7%8A%5C%2C%26`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestNamesThatAreNone(t *testing.T) {
	c := newClient(t, "http://127.0.0.1:1/fhir", nil)
	for _, id := range []string{"", "a/b", "a?b", "..%2f", secret + " x", strings.Repeat("a", 65)} {
		_, err := c.Read(t.Context(), "Patient", id)
		if err == nil || errors.As(err, new(*client.UnreachableError)) {
			t.Errorf("id %q was sent: %v", id, err)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error quotes the id: %v", err)
		}
	}
	if _, err := c.Search(t.Context(), "Patient/1", nil); err == nil || errors.As(err, new(*client.UnreachableError)) {
		t.Errorf("a path was taken for a type: %v", err)
	}
}

func TestConfig(t *testing.T) {
	dir := t.TempDir()
	junk := filepath.Join(dir, "junk.pem")
	if err := os.WriteFile(junk, []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, config := range map[string]client.Config{
		"no URL":            {},
		"relative":          {BaseURL: "/fhir"},
		"other scheme":      {BaseURL: "ftp://h/fhir"},
		"password in URL":   {BaseURL: "https://u:p@h/fhir"},
		"query":             {BaseURL: "https://h/fhir?x=1"},
		"missing CA":        {BaseURL: "https://h", CAFile: filepath.Join(dir, "none")},
		"CA that is none":   {BaseURL: "https://h", CAFile: junk},
		"cert without key":  {BaseURL: "https://h", CertFile: junk},
		"cert that is none": {BaseURL: "https://h", CertFile: junk, KeyFile: junk},
	} {
		if _, err := client.New(config); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestCAFile(t *testing.T) {
	web := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer(200, "application/fhir+json", `{"resourceType":"CapabilityStatement"}`)(w, r)
	}))
	defer web.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, web.URL, func(c *client.Config) { c.CAFile = ca })
	if _, err := c.Capabilities(t.Context()); err != nil {
		t.Errorf("the server's own CA was not taken: %v", err)
	}
}

func TestMutualTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewUnstartedServer(answer(200, "application/fhir+json", `{"resourceType":"CapabilityStatement"}`))
	web.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	web.Config.ErrorLog = quiet(t)
	web.StartTLS()
	defer web.Close()
	dir := t.TempDir()
	file := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ca, cert, private := file("ca", "CERTIFICATE", web.Certificate().Raw), file("cert", "CERTIFICATE", der), file("key", "PRIVATE KEY", keyDER)
	with := newClient(t, web.URL, func(c *client.Config) { c.CAFile, c.CertFile, c.KeyFile = ca, cert, private })
	if _, err := with.Capabilities(t.Context()); err != nil {
		t.Errorf("with a certificate: %v", err)
	}
	without := newClient(t, web.URL, func(c *client.Config) { c.CAFile = ca })
	if _, err := without.Capabilities(t.Context()); err == nil {
		t.Error("the server took no certificate for one")
	}
}

func TestRedirectToTheSameHost(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old/metadata" {
			http.Redirect(w, r, "/new/metadata", http.StatusPermanentRedirect)
			return
		}
		answer(200, "application/fhir+json", `{"resourceType":"CapabilityStatement"}`)(w, r)
	}))
	defer web.Close()
	if _, err := newClient(t, web.URL+"/old", nil).Capabilities(t.Context()); err != nil {
		t.Error(err)
	}
}
