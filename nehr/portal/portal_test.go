package portal_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
)

func config(t testing.TB) portal.Config {
	t.Helper()
	db, err := database.Open(t.Context(), database.Config{URL: filepath.Join(t.TempDir(), "portal.db"), Migrations: []database.Migrations{portal.Migrations}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	key, err := esignet.NewKey("ES256", 0)
	if err != nil {
		t.Fatal(err)
	}
	return portal.Config{Name: "test", URL: "https://portal.example/mother/", DB: db, RelyingParty: "health", ACRs: []string{"mosip:idp:acr:generated-code"}, Zone: time.UTC,
		ESignet:  esignet.Config{Issuer: "https://esignet.example", ClientID: "portal", Keys: esignet.SingleKey(key)},
		SignedIn: func(*portal.Visit) (string, error) { return "/home", nil },
		Pages: fstest.MapFS{"landing.html": {Data: []byte(`{{define "landing.html"}}{{template "head" .}}{{if .Body.Over}}OVER{{end}}{{template "foot" .}}{{end}}`)},
			"privacy.html": {Data: []byte(`{{define "privacy.html"}}{{template "head" .}}{{template "foot" .}}{{end}}`)}}}
}

func serve(f *portal.Frame, method, path string, head ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "https://portal.example"+path, nil)
	for i := 0; i+1 < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	w := httptest.NewRecorder()
	f.Handler().ServeHTTP(w, r)
	return w
}

// TestHTTPS: over https cookies have the __Host- name and are Secure, the portal may lie
// below a path, and browsers are told to come by https alone.
func TestHTTPS(t *testing.T) {
	f, err := portal.New(config(t))
	if err != nil {
		t.Fatal(err)
	}
	w := serve(f, http.MethodGet, "/mother/?lang=ta")
	cookie := w.Header().Get("Set-Cookie")
	for _, want := range []string{"__Host-test-language=ta", "Path=/;", "HttpOnly", "Secure", "SameSite=Lax"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("cookie %s without %s", cookie, want)
		}
	}
	if w.Header().Get("Location") != "/mother/" || w.Header().Get("Strict-Transport-Security") == "" {
		t.Errorf("%v", w.Header())
	}
	if w := serve(f, http.MethodGet, "/mother/", "Accept-Language", "fr, si-LK;q=0.8"); !strings.Contains(w.Body.String(), `<html lang="si"`) {
		t.Error("the browser's language is not taken")
	}
	if w := serve(f, http.MethodGet, "/mother/", "Cookie", "test-session="+strings.Repeat("A", 43)); strings.Contains(w.Body.String(), "OVER") {
		t.Error("a cookie without __Host- counts")
	}
	for path, kind := range map[string]string{"/mother/portal.css": "text/css", "/mother/icon.svg": "image/svg+xml", "/mother/look.js": "text/javascript", "/mother/fonts/tamil-400.woff2": "font/woff2"} {
		if w := serve(f, http.MethodGet, path); w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), kind) {
			t.Errorf("%s: %d %s", path, w.Code, w.Header().Get("Content-Type"))
		}
	}
	if w := serve(f, http.MethodGet, "/mother/look.js"); w.Body.Len() > 3<<10 {
		t.Errorf("the script has %d bytes", w.Body.Len())
	}
	for _, path := range []string{"/mother/nothing", "/mother/fonts/", "/mother/layout.html", "/mother/pages/error.html"} {
		if w := serve(f, http.MethodGet, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// TestAPageThatFails: a panic and an error become a page without a cause, and the next
// page works.
func TestAPageThatFails(t *testing.T) {
	f, err := portal.New(config(t))
	if err != nil {
		t.Fatal(err)
	}
	f.Open("GET /panic", func(*portal.Visit) error { panic("secret cause") })
	f.Open("GET /error", func(*portal.Visit) error { return fmt.Errorf("secret cause") })
	f.Open("GET /limit", func(*portal.Visit) error { return &portal.StatusError{Status: http.StatusTooManyRequests} })
	for path, status := range map[string]int{"/mother/panic": 500, "/mother/error": 500, "/mother/limit": 429, "/mother/": 200} {
		w := serve(f, http.MethodGet, path)
		if w.Code != status || strings.Contains(w.Body.String(), "secret cause") {
			t.Errorf("%s: %d", path, w.Code)
		}
		if status == 429 && w.Header().Get("Retry-After") == "" {
			t.Error("429 without Retry-After")
		}
	}
}

// TestRateLimit: one source that comes too often is asked to wait, another is not.
func TestRateLimit(t *testing.T) {
	c := config(t)
	now := time.Now()
	c.PerMinute, c.Now = 40, func() time.Time { return now }
	c.Source = func(r *http.Request) string { return r.Header.Get("X-Source") }
	f, err := portal.New(c)
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for range 12 {
		last = serve(f, http.MethodGet, "/mother/", "X-Source", "a").Code
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the twelfth at once: %d", last)
	}
	if w := serve(f, http.MethodGet, "/mother/", "X-Source", "b"); w.Code != http.StatusOK {
		t.Errorf("another source: %d", w.Code)
	}
	now = now.Add(2 * time.Second)
	if w := serve(f, http.MethodGet, "/mother/", "X-Source", "a"); w.Code != http.StatusOK {
		t.Errorf("later: %d", w.Code)
	}
}

// TestConfigNamesAllThatIsWrong at once.
func TestConfigNamesAllThatIsWrong(t *testing.T) {
	_, err := portal.New(portal.Config{URL: "http://portal.example", ExitURL: "javascript:alert(1)", Idle: time.Hour, Absolute: time.Minute})
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{"Name", "URL", "DB", "RelyingParty", "ACRs", "SignedIn", "Pages", "Zone", "Idle", "ExitURL"} {
		if !strings.Contains(err.Error(), want+":") && !strings.Contains(err.Error(), want+" and") {
			t.Errorf("%s is not named: %v", want, err)
		}
	}
}

// TestShowDate: days stay days in every zone, instants become those of the zone, and
// what is known in part is shown in part.
func TestShowDate(t *testing.T) {
	colombo, err := time.LoadLocation("Asia/Colombo")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ fhir, lang, want string }{
		{"2026-01-06", "en", "6 Jan 2026"}, {"2026-01-06", "si", "6 ජන 2026"}, {"2026-01-06", "ta", "6 ஜன. 2026"},
		{"2026-01-06", "xx", "6 Jan 2026"}, {"2026-01", "en", "Jan 2026"}, {"2026", "en", "2026"},
		{"2026-01-05T20:00:00Z", "en", "6 Jan 2026"}, {"2026-01-06T00:10:00.5+05:30", "en", "6 Jan 2026"},
		{"soon", "en", "soon"}, {"", "en", ""},
	} {
		if got := portal.ShowDate(c.fhir, c.lang, colombo); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.fhir, c.lang, got, c.want)
		}
	}
}
