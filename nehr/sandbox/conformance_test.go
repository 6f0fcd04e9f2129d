package sandbox_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// The suite below says what this project expects of a FHIR R4 server. It runs
// against the sandbox, and against a real server when HAPI_URL names one, so
// that the sandbox cannot drift into behaviour that no server has. Every
// resource it makes has an id and identifiers of its own: it can run again on a
// server that holds data.

func TestConformance(t *testing.T) {
	t.Run("sandbox", func(t *testing.T) {
		s, err := sandbox.New(sandbox.Config{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		web := httptest.NewServer(s.Handler())
		t.Cleanup(web.Close)
		conform(t, web.URL+"/fhir")
	})
	t.Run("server", func(t *testing.T) {
		conform(t, serverBase(t))
	})
}

// serverBase is the base of the real server, where one is named.
func serverBase(t *testing.T) string {
	t.Helper()
	base := os.Getenv("HAPI_URL")
	if base == "" {
		if os.Getenv("REQUIRE_ALL") == "1" {
			t.Fatal("HAPI_URL is not set, and REQUIRE_ALL=1 demands the run against a real server")
		}
		t.Skip("set HAPI_URL to the base of a FHIR server; ../shared/oracle/hapi/run.sh --port 8080 starts one at http://127.0.0.1:8080/fhir")
	}
	return strings.TrimRight(base, "/")
}

// peer is the server under test, spoken to without any client of ours.
type peer struct {
	t    *testing.T
	base string
}

type reply struct {
	status int
	header http.Header
	body   *fhirjson.Value
	raw    string
}

func (p peer) do(method, path, body string, header ...string) reply {
	p.t.Helper()
	target := p.base + path
	if strings.HasPrefix(path, "http") {
		target = path
	}
	r, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	// HAPI answers a search that it answered within the last minute from memory.
	r.Header.Set("Cache-Control", "no-cache")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	a := reply{status: res.StatusCode, header: res.Header, raw: string(raw)}
	if len(bytes.TrimSpace(raw)) > 0 {
		if a.body, err = fhirjson.Parse(raw); err != nil {
			p.t.Fatalf("%s %s: answer is not JSON: %v", method, path, err)
		}
	}
	return a
}

// expect fails unless the status is one of those named; errors must carry an
// OperationOutcome.
func (p peer) expect(r reply, status ...int) reply {
	p.t.Helper()
	if !slices.Contains(status, r.status) {
		p.t.Fatalf("got status %d, want %v: %.600s", r.status, status, r.raw)
	}
	if r.status >= 400 && r.body.Get("resourceType").Str() != "OperationOutcome" {
		p.t.Fatalf("status %d without an OperationOutcome: %.300s", r.status, r.raw)
	}
	return r
}

func (p peer) search(typ string, params ...string) reply {
	p.t.Helper()
	form := url.Values{}
	for i := 0; i < len(params); i += 2 {
		form.Add(params[i], params[i+1])
	}
	return p.do("POST", "/"+typ+"/_search", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

// ids of the matches of a searchset, sorted.
func (r reply) ids() []string {
	found := []string{}
	for _, e := range r.body.Get("entry").Items() {
		found = append(found, e.Get("resource", "id").Str())
	}
	slices.Sort(found)
	return found
}

func (r reply) version() string { return r.body.Get("meta", "versionId").Str() }

const system = "http://example.org/conformance"

func patient(id, identifier, more string) string {
	at := ""
	if id != "" {
		at = `"id":"` + id + `",`
	}
	return fmt.Sprintf(`{"resourceType":"Patient",%s"identifier":[{"system":"%s","value":"%s"}]%s}`, at, system, identifier, more)
}

func observation(id, subject, more string) string {
	return fmt.Sprintf(`{"resourceType":"Observation","id":"%s","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"718-7"}]},"subject":{"reference":"%s"}%s}`, id, subject, more)
}

func bundle(kind string, entries ...string) string {
	return `{"resourceType":"Bundle","type":"` + kind + `","entry":[` + strings.Join(entries, ",") + `]}`
}

func entry(fullURL, method, target, resource, more string) string {
	e := `{`
	if fullURL != "" {
		e += `"fullUrl":"` + fullURL + `",`
	}
	if resource != "" {
		e += `"resource":` + resource + `,`
	}
	return e + `"request":{"method":"` + method + `","url":"` + target + `"` + more + `}}`
}

func where(identifier string) string {
	return "identifier=" + url.QueryEscape(system+"|"+identifier)
}

func conform(t *testing.T, base string) {
	for _, c := range []struct {
		name string
		run  func(peer)
	}{
		{"create, read, versions", lifeOfAResource},
		{"update by client id", clientIDs},
		{"identical update makes no version", identical},
		{"meta", metaRules},
		{"If-Match", ifMatch},
		{"If-None-Exist", ifNoneExist},
		{"conditional update", conditionalUpdate},
		{"delete", deletion},
		{"history", histories},
		{"references", integrity},
		{"search", searches},
		{"search by date", dates},
		{"paging", paging},
		{"transaction", transactions},
		{"transaction undone", undone},
		{"transaction order and conditions", transactionConditions},
		{"batch", batches},
		{"everything", everything},
		{"bad input", badInput},
		{"capabilities", capabilities},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(peer{t, base}) })
	}
}
