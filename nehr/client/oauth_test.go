package client_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/client"
)

// authority is an authorization server and the FHIR server that trusts it. A
// token is good until another is revoked or it expires by the test's clock.
type authority struct {
	*testing.T
	mu       sync.Mutex
	now      time.Time
	life     int // expires_in, seconds; 0: not said
	issued   int
	good     map[string]time.Time
	requests []*http.Request // to the token endpoint, forms parsed
	refuse   http.HandlerFunc
	web      *httptest.Server
	fhir     int // requests to the FHIR server
}

func newAuthority(t *testing.T) *authority {
	a := &authority{T: t, now: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC), life: 300, good: map[string]time.Time{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", a.token)
	mux.HandleFunc("GET /fhir/Basic/{id}", func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.fhir++
		until, ok := a.good[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
		if !ok || !a.now.Before(until) {
			answer(http.StatusUnauthorized, "application/fhir+json", `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"login"}]}`)(w, r)
			return
		}
		answer(http.StatusOK, "application/fhir+json", `{"resourceType":"Basic","id":"x"}`)(w, r)
	})
	a.web = httptest.NewServer(mux)
	t.Cleanup(a.web.Close)
	return a
}

func (a *authority) token(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := r.ParseForm(); err != nil {
		a.Error(err)
	}
	a.requests = append(a.requests, r)
	if a.refuse != nil {
		a.refuse(w, r)
		return
	}
	a.issued++
	token := fmt.Sprint("token-", a.issued)
	a.good[token] = a.now.Add(time.Hour)
	body := map[string]any{"access_token": token, "token_type": "bearer"}
	if a.life > 0 {
		a.good[token] = a.now.Add(time.Duration(a.life) * time.Second)
		body["expires_in"] = a.life
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(body); err != nil {
		a.Error(err)
	}
}

func (a *authority) pass(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.now = a.now.Add(d)
}

func (a *authority) clock() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.now
}

func (a *authority) revoke() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.good)
}

func (a *authority) client(o client.OAuth) *client.Client {
	a.Helper()
	o.TokenURL = a.web.URL + "/token"
	o.ClientID = "bridge"
	return newClient(a.T, a.web.URL+"/fhir", func(c *client.Config) { c.OAuth, c.Now = &o, a.clock })
}

func (a *authority) reads(c *client.Client) {
	a.Helper()
	if _, err := c.Read(a.Context(), "Basic", "x"); err != nil {
		a.Fatal(err)
	}
}

func (a *authority) tokens(want int) {
	a.Helper()
	if a.issued != want {
		a.Errorf("%d tokens were fetched, want %d", a.issued, want)
	}
}

func TestOAuthKeepsItsToken(t *testing.T) {
	a := newAuthority(t)
	c := a.client(client.OAuth{ClientSecret: secret, Scopes: []string{"system/*.cruds"}})
	a.reads(c)
	a.reads(c)
	a.tokens(1)
	r := a.requests[0]
	id, password, _ := r.BasicAuth()
	if id != "bridge" || password != secret || r.Form.Get("grant_type") != "client_credentials" || r.Form.Get("scope") != "system/*.cruds" || r.Form.Has("client_secret") {
		t.Errorf("asked with %v", r.Form)
	}
	a.pass(260 * time.Second) // 40 s are left
	a.reads(c)
	a.tokens(1)
	a.pass(15 * time.Second) // 25 s are left: a request under way would outlive it
	a.reads(c)
	a.tokens(2)
	if a.fhir != 4 {
		t.Errorf("the FHIR server was asked %d times, want 4: a token must not expire on the way", a.fhir)
	}
}

func TestOAuthFetchesAnewOnceWhenRefused(t *testing.T) {
	a := newAuthority(t)
	a.life = 0
	c := a.client(client.OAuth{ClientSecret: secret})
	a.reads(c)
	a.revoke()
	a.reads(c)
	a.tokens(2)
	if a.fhir != 3 {
		t.Errorf("the FHIR server was asked %d times, want 3", a.fhir)
	}
	// A server that refuses whatever it is given is not asked for ever.
	a.web.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			a.token(w, r)
			return
		}
		a.fhir++
		w.WriteHeader(http.StatusUnauthorized)
	})
	a.fhir = 0
	_, err := c.Read(t.Context(), "Basic", "x")
	if o, ok := errors.AsType[*client.OutcomeError](err); !ok || !o.Unauthorized() || !o.Retryable() {
		t.Errorf("got %v", err)
	}
	if a.fhir != 2 {
		t.Errorf("asked %d times, want 2", a.fhir)
	}
}

func TestOAuthManyAtOnceFetchOne(t *testing.T) {
	a := newAuthority(t)
	c := a.client(client.OAuth{ClientSecret: secret})
	var failed atomic.Int32
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := c.Read(context.WithoutCancel(t.Context()), "Basic", "x"); err != nil {
				failed.Add(1)
			}
		})
	}
	all.Wait()
	a.tokens(1)
	if failed.Load() != 0 {
		t.Errorf("%d of 16 failed", failed.Load())
	}
}

func TestOAuthRefusals(t *testing.T) {
	tests := []struct {
		name         string
		refuse       http.HandlerFunc
		status       int // 0: no authorization server answered
		code         string
		retryAfter   time.Duration
		unauthorized bool
	}{
		{"unknown client", answer(401, "application/json", `{"error":"invalid_client","error_description":"`+secret+`"}`), 401, "invalid_client", 0, true},
		{"wrong scope", answer(400, "application/json", `{"error":"invalid_scope"}`), 400, "invalid_scope", 0, true},
		{"a code that is none", answer(400, "application/json", `{"error":"`+secret+` 1"}`), 400, "", 0, true},
		{"busy", answer(429, "text/plain", secret, "Retry-After", "7"), 429, "", 7 * time.Second, false},
		{"down", answer(503, "text/html", secret), 503, "", 0, false},
		{"redirect", answer(302, "text/html", "", "Location", "/elsewhere"), 302, "", 0, false},
		{"page", answer(200, "text/html", "<html>"+secret), 0, "", 0, false},
		{"no token", answer(200, "application/json", `{"note":"`+secret+`"}`), 0, "", 0, false},
		{"another kind", answer(200, "application/json", `{"access_token":"`+secret+`","token_type":"mac"}`), 0, "", 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newAuthority(t)
			a.refuse = tt.refuse
			_, err := a.client(client.OAuth{ClientSecret: secret}).Read(t.Context(), "Basic", "x")
			refused, ok := errors.AsType[*client.TokenError](err)
			if tt.status != 0 {
				if !ok || refused.Status != tt.status || refused.Code != tt.code || refused.RetryAfter != tt.retryAfter || refused.Unauthorized() != tt.unauthorized {
					t.Errorf("got %#v", err)
				}
			}
			var behaviour interface {
				Retryable() bool
				Permanent() bool
				Conflict() bool
				Unknown() bool
			}
			if !errors.As(err, &behaviour) || !behaviour.Retryable() || behaviour.Permanent() || behaviour.Conflict() || behaviour.Unknown() {
				t.Errorf("%v must be tried again, and nothing was written", err)
			}
			if strings.Contains(fmt.Sprint(err), secret) {
				t.Errorf("the error quotes the answer: %v", err)
			}
			if a.fhir != 0 {
				t.Error("the FHIR server was asked without a token")
			}
		})
	}
	t.Run("refused connection", func(t *testing.T) {
		a := newAuthority(t)
		c := a.client(client.OAuth{ClientSecret: secret})
		a.web.Close()
		_, err := c.Read(t.Context(), "Basic", "x")
		if u, ok := errors.AsType[*client.UnreachableError](err); !ok || u.Unknown() || strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("got %v", err)
		}
	})
}

func TestOAuthSettings(t *testing.T) {
	r, _ := newKeys(t)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const url = "https://auth.example/token"
	for name, o := range map[string]client.OAuth{
		"no endpoint":     {ClientID: "a", ClientSecret: "b"},
		"user in the URL": {TokenURL: "https://a:b@auth.example/", ClientID: "a", ClientSecret: "b"},
		"no client":       {TokenURL: url, ClientSecret: "b"},
		"no credential":   {TokenURL: url, ClientID: "a"},
		"two credentials": {TokenURL: url, ClientID: "a", ClientSecret: "b", KeyFile: keyFile(t, "JWK", r)},
		"no such file":    {TokenURL: url, ClientID: "a", KeyFile: filepath.Join(t.TempDir(), "none")},
		"a public key":    {TokenURL: url, ClientID: "a", KeyFile: keyFile(t, "public JWK", r)},
		"1024 bits":       {TokenURL: url, ClientID: "a", KeyFile: keyFile(t, "PKCS#8", small)},
		"P-256":           {TokenURL: url, ClientID: "a", KeyFile: keyFile(t, "PKCS#8", p256)},
	} {
		if _, err := client.New(client.Config{BaseURL: "https://nehr.example/fhir", OAuth: &o}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	o := &client.OAuth{TokenURL: url, ClientID: "a", ClientSecret: "b"}
	if _, err := client.New(client.Config{BaseURL: "https://nehr.example/fhir", OAuth: o, Token: "t"}); err == nil {
		t.Error("a token and OAuth: accepted")
	}
}
