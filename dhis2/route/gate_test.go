package route_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/dhis2/route"
)

const (
	secret = "a secret of the Route, for tests only, 1"
	other  = "a secret of the Route, for tests only, 2"
)

// house is a service behind a gate that tells who asked and what came.
type house struct {
	gate    *route.Gate
	handler http.Handler
	log     bytes.Buffer
	now     time.Time
	reached int
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{now: time.Now()}
	var err error
	h.gate, err = route.New(route.Config{Service: "test", Routes: []route.Route{{Name: "one", Secret: secret}, {Name: "two", Secret: other}},
		MaxBody: 100, Log: zerolog.New(&h.log), Now: func() time.Time { return h.now }})
	if err != nil {
		t.Fatal(err)
	}
	h.handler = h.gate.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.reached++
		who, ok := route.CallerOf(r.Context())
		if !ok {
			t.Error("nobody asks")
		}
		if left, ok := r.Context().Deadline(); !ok || time.Until(left) > 19*time.Second {
			t.Error("the work has no bound")
		}
		body, err := io.ReadAll(r.Body)
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		_, _ = io.WriteString(w, who.Route+" "+who.User+" "+string(body))
	}))
	return h
}

func (h *house) send(body string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/x", strings.NewReader(body))
	r.Header = header
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w
}

func header(authorization []string, users ...string) http.Header {
	return http.Header{"Authorization": authorization, "X-Forwarded-User": users}
}

func TestGate(t *testing.T) {
	h := newHouse(t)
	w := h.send("hello", header([]string{"ApiToken " + secret}, midwife))
	if w.Code != 200 || w.Body.String() != "one midwife.one hello" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"} {
		if w.Header().Get(name) != want {
			t.Errorf("%s: %q", name, w.Header().Get(name))
		}
	}
	if w := h.send("", header([]string{"bearer " + other}, midwife)); w.Body.String() != "two midwife.one " {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := h.send(strings.Repeat("a", 101), header([]string{"ApiToken " + secret}, midwife)); w.Code != 413 {
		t.Errorf("a body that is too long: %d", w.Code)
	}
}

// TestAttackGate: who has no secret, or names no user, reaches nothing behind it.
func TestAttackGate(t *testing.T) {
	h := newHouse(t)
	for name, test := range map[string]struct {
		header http.Header
		code   string
	}{
		"no header":         {http.Header{"X-Forwarded-User": {midwife}}, "route"},
		"no secret":         {header([]string{"ApiToken "}, midwife), "route"},
		"half of a secret":  {header([]string{"ApiToken " + secret[:20]}, midwife), "route"},
		"more than it":      {header([]string{"ApiToken " + secret + "x"}, midwife), "route"},
		"another scheme":    {header([]string{"Basic " + secret}, midwife), "route"},
		"two":               {header([]string{"ApiToken " + secret, "ApiToken " + secret}, midwife), "route"},
		"no user":           {header([]string{"ApiToken " + secret}), "user"},
		"two users":         {header([]string{"ApiToken " + secret}, midwife, "admin"), "user"},
		"a list of users":   {header([]string{"ApiToken " + secret}, midwife+",admin"), "user"},
		"no name of a user": {header([]string{"ApiToken " + secret}, "a b"), "user"},
	} {
		w := h.send("", test.header)
		var p route.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != 401 || p.Error.Code != test.code {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		for _, l := range []string{"en", "si", "ta"} {
			if p.Error.Message.Text[l] == "" {
				t.Errorf("%s: no sentence in %s", name, l)
			}
		}
	}
	if h.reached != 0 {
		t.Errorf("%d calls came through", h.reached)
	}
	for _, value := range []string{midwife, "admin", secret[:20]} {
		if strings.Contains(h.log.String(), value) {
			t.Errorf("the log holds %q", value)
		}
	}
	var page bytes.Buffer
	h.gate.WriteMetrics(&page)
	if !strings.Contains(page.String(), `nehrbridge_test_calls_total{call="gate", result="route"} 6`) {
		t.Errorf("%s", &page)
	}
}

// TestAttackFlood: one user who calls without end takes nothing from others.
func TestAttackFlood(t *testing.T) {
	h := newHouse(t)
	refused := 0
	for range 30 {
		if w := h.send("", header([]string{"ApiToken " + secret}, midwife)); w.Code == 429 {
			refused++
			if w.Header().Get("Retry-After") != "1" {
				t.Error("no word on when to come back")
			}
		}
	}
	if refused != 10 {
		t.Errorf("%d of 30 calls at once were refused, want 10", refused)
	}
	if w := h.send("", header([]string{"ApiToken " + secret}, "midwife.two")); w.Code != 200 {
		t.Errorf("a colleague is shut out: %d", w.Code)
	}
	h.now = h.now.Add(time.Second)
	if w := h.send("", header([]string{"ApiToken " + secret}, midwife)); w.Code != 200 {
		t.Errorf("a second later: %d", w.Code)
	}
}

func TestNew_names(t *testing.T) {
	_, err := route.New(route.Config{Routes: []route.Route{{Name: "a", Secret: "short"}, {Name: "a", Secret: secret}, {Name: "b", Secret: secret}}})
	for _, want := range []string{"the service needs a name", "Route a: its secret must have 32", "each Route needs a name of its own", "Route b: another Route has this secret too"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}
