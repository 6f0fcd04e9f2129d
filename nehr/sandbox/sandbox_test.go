package sandbox_test

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	_ "modernc.org/sqlite"

	"github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// What stands here is the sandbox's own: what no server promises, or what it
// does otherwise than HAPI (README.md).

func serve(t *testing.T, config sandbox.Config) (peer, *sandbox.Server) {
	t.Helper()
	s, err := sandbox.New(config)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() { web.Close(); s.Close() })
	prefix := config.Prefix
	if prefix == "" {
		prefix = "/fhir"
	}
	return peer{t, web.URL + prefix}, s
}

// A browser is shown a page, by type and number alone; a program is told where
// the base is.
func TestFirstPage(t *testing.T) {
	p, _ := serve(t, sandbox.Config{})
	p.do("PUT", "/Patient/her", `{"resourceType":"Patient","id":"her","name":[{"text":"Mathiri Udaharana"}]}`)
	p.do("PUT", "/Basic/gone", `{"resourceType":"Basic","id":"gone","code":{"text":"x"}}`)
	p.do("DELETE", "/Basic/gone", "")
	page := func(accept, path string) (*http.Response, string) {
		req, err := http.NewRequestWithContext(t.Context(), "GET", strings.TrimSuffix(p.base, "/fhir")+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", accept)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(body)
	}
	resp, body := page("text/html,*/*", "/")
	if resp.StatusCode != 200 || resp.Header.Get("X-Sandbox") != sandbox.Banner {
		t.Errorf("got %d", resp.StatusCode)
	}
	for _, want := range []string{`<html lang="en">`, "This is not a national record", `Patient</th><td>1<`, "/fhir/metadata"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(body, "Basic") || strings.Contains(body, "Mathiri") {
		t.Error("the page shows what was deleted, or a person")
	}
	if resp, body := page("text/css", "/sandbox.css"); resp.StatusCode != 200 || !strings.Contains(body, ".banner") {
		t.Errorf("stylesheet: got %d", resp.StatusCode)
	}
	if resp, body := page("application/fhir+json", "/"); resp.StatusCode != 404 || !strings.Contains(body, "OperationOutcome") {
		t.Errorf("a program: got %d %s", resp.StatusCode, body)
	}
}

func TestEveryAnswerSaysSandbox(t *testing.T) {
	p, _ := serve(t, sandbox.Config{})
	for _, r := range []reply{
		p.do("GET", "/metadata", ""),
		p.do("GET", "/Patient/none", ""),
		p.do("GET", "/NoType", ""),
		p.do("POST", "", `{`),
		p.do("GET", strings.TrimSuffix(p.base, "/fhir")+"/", ""),
		p.do("PATCH", "/Patient/1", `{}`),
	} {
		if got := r.header.Get("X-Sandbox"); got != sandbox.Banner {
			t.Errorf("status %d with X-Sandbox %q", r.status, got)
		}
		if r.status >= 400 && r.body.Get("resourceType").Str() != "OperationOutcome" {
			t.Errorf("status %d without an OperationOutcome", r.status)
		}
	}
	if d := p.do("GET", "/metadata", "").body.Get("rest").Items()[0].Get("documentation").Str(); !strings.Contains(d, "sandbox") {
		t.Errorf("the CapabilityStatement does not say that this is a sandbox: %q", d)
	}
}

func TestBearerToken(t *testing.T) {
	p, _ := serve(t, sandbox.Config{Token: "open"})
	r := p.expect(p.do("GET", "/metadata", ""), 401)
	if !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Bearer") {
		t.Errorf("WWW-Authenticate %q", r.header.Get("WWW-Authenticate"))
	}
	p.expect(p.do("GET", "/metadata", "", "Authorization", "Bearer wrong"), 401)
	p.expect(p.do("GET", "/metadata", "", "Authorization", "Bearer open"), 200)
}

func TestStrictInput(t *testing.T) {
	p, s := serve(t, sandbox.Config{MaxBody: 10_000})
	tests := []struct {
		name, body string
		status     int
	}{
		{"duplicate field", `{"resourceType":"Patient","gender":"male","gender":"female"}`, 400},
		{"invalid UTF-8", "{\"resourceType\":\"Patient\",\"language\":\"\xff\"}", 400},
		{"deep", `{"resourceType":"Patient","x":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`, 400},
		{"too large", `{"resourceType":"Patient","x":"` + strings.Repeat("x", 20_000) + `"}`, 413},
		{"two documents", `{"resourceType":"Patient"}{"resourceType":"Patient"}`, 400},
		{"no type", `{}`, 400},
		{"array", `[]`, 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := peer{t, p.base}
			p.expect(p.do("POST", "/Patient", tt.body), tt.status)
		})
	}
	for _, body := range []string{
		bundle("transaction", entry("", "PUT", "Patient/a", patient("b", "x", ""), "")),
		bundle("transaction", entry("", "PATCH", "Patient/a", patient("a", "x", ""), "")),
		bundle("transaction", entry("", "PUT", "Patient", patient("a", "x", ""), "")),
		bundle("transaction", entry("", "PUT", "Patient/a/b", patient("a", "x", ""), "")),
		bundle("transaction", entry("", "POST", "Nothing", patient("a", "x", ""), "")),
		bundle("transaction", entry("", "PUT", "Observation/a", observation("a", "urn:uuid:"+uuid.NewString(), ""), "")),
		bundle("transaction", entry("", "PUT", "Observation/a", observation("a", "NoType/1", ""), "")),
	} {
		p.expect(p.do("POST", "", body), 400)
	}
	stats, err := s.Stats(t.Context())
	if err != nil || len(stats) != 0 {
		t.Errorf("something was stored: %v, %v", stats, err)
	}
}

func TestHTTPDetails(t *testing.T) {
	p, _ := serve(t, sandbox.Config{Prefix: "/r4/"})
	p = peer{t, strings.TrimSuffix(p.base, "/")}
	p.expect(p.do("PUT", "/Patient/a", patient("a", "x", "")), 201)
	p.expect(p.do("GET", "/Patient/a", "", "Accept", "application/fhir+xml"), 406)
	p.expect(p.do("GET", "/Patient/a?_format=xml", ""), 406)
	p.expect(p.do("GET", "/Patient/a?_format=json&_pretty=true", ""), 200)
	if r := p.do("GET", "/Patient/a", "", "If-None-Match", `W/"1"`); r.status != 304 || r.raw != "" {
		t.Errorf("If-None-Match gave %d %s", r.status, r.raw)
	}
	if r := p.expect(p.do("PUT", "/Patient/b", patient("b", "y", ""), "Prefer", "return=minimal"), 201); r.raw != "" {
		t.Errorf("return=minimal gave %s", r.raw)
	}
	p.expect(p.do("POST", "/Patient/_search", "identifier=x"), 400)
	p.expect(p.do("GET", "?_getpages=gone", ""), 410)
	p.expect(p.do("GET", "", ""), 400)
	p.expect(p.do("DELETE", "/Patient", ""), 405)
	p.expect(p.do("POST", "/Patient/$validate", patient("", "x", "")), 501)
	for _, q := range []string{"_count=x", "_count=-1", "_summary=text", "_total=some", "_sort=nothing", "_sort=organization", "name:phonetic=x", "identifier:in=x", "gender:missing=maybe", "_include=x"} {
		p.expect(p.do("GET", "/Patient?"+q, ""), 400)
	}
	// The server's own base in a reference is cut off.
	r := p.expect(p.do("PUT", "/Observation/o", observation("o", p.base+"/Patient/a", "")), 201)
	if got := r.body.Get("subject", "reference").Str(); got != "Patient/a" {
		t.Errorf("reference %q", got)
	}
	p.expect(p.do("DELETE", "/Observation?_id=o", ""), 200)
	p.expect(p.do("GET", "/Observation/o/_history/2", ""), 410)
}

func TestSearchDetails(t *testing.T) {
	p, _ := serve(t, sandbox.Config{})
	p.expect(p.do("PUT", "/Patient/a", patient("a", "x", `,"name":[{"text":"50%_අම්මා"}],"gender":"female","active":true`)), 201)
	p.expect(p.do("PUT", "/Patient/b", `{"resourceType":"Patient","id":"b","identifier":[{"value":"bare"}],"name":[{"text":"500 Other"}],"birthDate":"1990-02-30"}`), 201)
	p.finds(sorted("a"), "Patient", "name", "50%")
	p.finds(sorted("a"), "Patient", "name:contains", "_අම්")
	p.finds(sorted("b"), "Patient", "name:exact", "500 Other")
	p.finds([]string{}, "Patient", "name:exact", "500 other")
	p.finds(sorted("a"), "Patient", "active", "true")
	p.finds(sorted("b"), "Patient", "gender:missing", "true")
	p.finds(sorted("a"), "Patient", "gender:missing", "false")
	p.finds(sorted("b"), "Patient", "gender:not", "female")
	p.finds(sorted("b"), "Patient", "identifier", "|bare")
	p.finds(sorted("a"), "Patient", "identifier", system+"|")
	p.finds([]string{}, "Patient", "birthdate", "1990")
	// Sorting by a string, a date that some lack, and descending.
	r := p.expect(p.do("GET", "/Patient?_sort=-name", ""), 200)
	var order []string
	for _, e := range r.body.Get("entry").Items() {
		order = append(order, e.Get("resource", "id").Str())
	}
	if diff := cmp.Diff([]string{"b", "a"}, order); diff != "" {
		t.Error(diff)
	}
	p.expect(p.do("PUT", "/Observation/o", observation("o", "Patient/a", `,"effectivePeriod":{"start":"2026-03-01"},"meta":{"profile":["http://p"],"security":[{"code":"R"}]}`)), 201)
	p.finds(sorted("o"), "Observation", "date", "ge2030")
	p.finds([]string{}, "Observation", "date", "lt2026-03-01")
	p.finds(sorted("o"), "Observation", "date", "sa2026-02")
	p.finds(sorted("o"), "Observation", "date", "ap2026-03")
	p.finds(sorted("o"), "Observation", "date", "ne2026-03")
	p.finds([]string{}, "Observation", "date", "eb2030")
	p.finds(sorted("o"), "Observation", "_profile", "http://p", "_security", "R")
	p.finds(sorted("o"), "Observation", "subject:Patient", "a")
}

// verdict is a validator's error with an OperationOutcome of its own.
type verdict struct{}

func (verdict) Error() string { return "no name" }

func (verdict) OperationOutcome() []byte {
	return []byte(`{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"required","expression":["Patient.name"]}]}`)
}

func TestValidator(t *testing.T) {
	p, _ := serve(t, sandbox.Config{Validate: func(b []byte) error {
		switch {
		case strings.Contains(string(b), `"Patient"`) && !strings.Contains(string(b), `"name"`):
			return verdict{}
		case strings.Contains(string(b), "cancelled"):
			return errors.New("plain")
		}
		return nil
	}})
	good, bad := patient("a", "x", `,"name":[{"text":"N"}]`), patient("a", "x", "")
	r := p.expect(p.do("PUT", "/Patient/a", bad), 422)
	if r.body.All("issue.expression")[0].Str() != "Patient.name" {
		t.Errorf("the validator's own outcome is lost: %s", r.raw)
	}
	p.expect(p.do("POST", "", bundle("transaction", entry("", "PUT", "Patient/a", bad, ""))), 422)
	p.expect(p.do("PUT", "/Patient/a", good), 201)
	p.expect(p.do("PUT", "/Observation/o", strings.Replace(observation("o", "Patient/a", ""), "final", "cancelled", 1)), 422)
	if r := p.expect(p.do("POST", "/Patient/$validate", bad), 200); r.body.All("issue.severity")[0].Str() != "error" {
		t.Errorf("got %s", r.raw)
	}
	inside := `{"resourceType":"Parameters","parameter":[{"name":"resource","resource":` + good + `}]}`
	if r := p.expect(p.do("POST", "/$validate", inside), 200); r.body.All("issue.severity")[0].Str() != "information" {
		t.Errorf("got %s", r.raw)
	}
	p.expect(p.do("POST", "/Observation/$validate", good), 400)
}

func TestFileIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?.db")
	clock := time.Date(2026, 3, 1, 10, 0, 0, 123_456_789, time.UTC)
	config := sandbox.Config{Path: path, Now: func() time.Time { return clock }, BaseURL: "https://nehr.example/fhir"}
	s, err := sandbox.New(config)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	p := peer{t, web.URL + "/fhir"}
	r := p.expect(p.do("PUT", "/Patient/a", patient("a", "x", "")), 201)
	if got, want := r.header.Get("Location"), "https://nehr.example/fhir/Patient/a/_history/1"; got != want {
		t.Errorf("Location %q, want %q", got, want)
	}
	p.expect(p.do("DELETE", "/Patient/a", ""), 200)
	p.expect(p.do("PUT", "/Patient/b", patient("b", "x", "")), 201)
	web.Close()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	p, s = serve(t, config)
	stats, err := s.Stats(t.Context())
	if diff := cmp.Diff(map[string]sandbox.Stats{"Patient": {Resources: 1, Versions: 3}}, stats); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if got := p.do("GET", "/Patient/b", "").body.Get("meta", "lastUpdated").Str(); got != "2026-03-01T10:00:00.123Z" {
		t.Errorf("lastUpdated %s", got)
	}
}

func TestPathThatIsNoDatabase(t *testing.T) {
	if _, err := sandbox.New(sandbox.Config{Path: t.TempDir()}); err == nil {
		t.Error("a folder was opened as a database")
	}
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "newer.db")
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if _, err := sandbox.New(sandbox.Config{Path: path}); err == nil || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("got %v, want a refusal that names the version", err)
	}
}

func TestConcurrentWriters(t *testing.T) {
	p, s := serve(t, sandbox.Config{})
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for range 10 {
				p.do("POST", "/Patient", patient("", "one", ""), "If-None-Exist", where("one"))
				p.do("PUT", fmt.Sprintf("/Patient/p%d", i), patient(fmt.Sprintf("p%d", i), "many", `,"gender":"female"`))
			}
		})
	}
	group.Wait()
	stats, err := s.Stats(t.Context())
	if diff := cmp.Diff(map[string]sandbox.Stats{"Patient": {Resources: 9, Versions: 9}}, stats); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func FuzzBody(f *testing.F) {
	s, err := sandbox.New(sandbox.Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	h := s.Handler()
	f.Add(bundle("transaction", entry("urn:uuid:1", "PUT", "Patient/a", patient("a", "x", ""), "")))
	f.Add(bundle("batch", entry("", "GET", "Patient?name=x", "", ""), entry("", "DELETE", "Patient/a", "", "")))
	f.Add(`{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Observation?date=ge2020&_sort=-date"}},null,{"resource":[]}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest("POST", "/fhir", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/fhir+json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
	})
}
