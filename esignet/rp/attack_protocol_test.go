package rp_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

// thief sees every request that the relying party sends to eSignet.
type thief struct {
	mu   sync.Mutex
	seen []stolen
}

type stolen struct {
	method, url string
	header      http.Header
	body        []byte
}

func (th *thief) RoundTrip(r *http.Request) (*http.Response, error) {
	s := stolen{method: r.Method, url: r.URL.String(), header: r.Header.Clone()}
	if r.Body != nil {
		var err error
		if s.body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(s.body))
	}
	th.mu.Lock()
	th.seen = append(th.seen, s)
	th.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

// last is the last request to an address that ends so.
func (th *thief) last(t *testing.T, end string) stolen {
	t.Helper()
	th.mu.Lock()
	defer th.mu.Unlock()
	for i := len(th.seen) - 1; i >= 0; i-- {
		if strings.HasSuffix(th.seen[i].url, end) {
			return th.seen[i]
		}
	}
	t.Fatalf("nothing was sent to %s", end)
	return stolen{}
}

// again sends what was stolen once more, changed.
func (s stolen) again(t *testing.T, change func(http.Header, url.Values)) int {
	t.Helper()
	form, err := url.ParseQuery(string(s.body))
	if err != nil {
		t.Fatal(err)
	}
	header := s.header.Clone()
	if change != nil {
		change(header, form)
	}
	r, err := http.NewRequest(s.method, s.url, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

// TestAttackReplay sends again what the relying party sent: each assertion, proof,
// code and reference is worth one call.
func TestAttackReplay(t *testing.T) {
	eye := &thief{}
	h := newHouse(t, sandbox.V18, setup{
		sandbox: func(_ *sandbox.Config, r *sandbox.ClientRequest) {
			r.Additional = []byte(`{"dpop_bound_access_tokens":true}`)
		},
		client: func(c *esignet.Config) { c.DPoP, c.Transport = true, eye },
	})
	s := h.start(midwife)
	authorize, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	response := h.signIn(s, her)
	t.Run("a second use of request_uri", func(t *testing.T) {
		if _, err := her.SignIn(t.Context(), authorize.String()); err == nil {
			t.Error("eSignet took the reference of a pushed request twice")
		}
	})
	t.Run("D055 the browser carries no parameter that could be changed", func(t *testing.T) {
		q := authorize.Query()
		q.Del("client_id")
		q.Del("request_uri")
		if len(q) != 0 || authorize.Query().Get("request_uri") == "" {
			t.Errorf("the address holds %d more parameters than client_id and request_uri", len(q))
		}
	})
	if r := h.complete(midwife, s, response); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	token, info, push := eye.last(t, "/token"), eye.last(t, "/userinfo"), eye.last(t, "/par")
	t.Run("the whole token request", func(t *testing.T) {
		if status := token.again(t, nil); status == 200 {
			t.Error("code, assertion and proof were taken twice")
		}
	})
	t.Run("the assertion with another code", func(t *testing.T) {
		other := h.start(midwife)
		code, _ := url.ParseQuery(h.signIn(other, her))
		if status := token.again(t, func(_ http.Header, f url.Values) { f.Set("code", code.Get("code")) }); status == 200 {
			t.Error("the assertion was taken twice")
		}
	})
	t.Run("the assertion at the pushed request", func(t *testing.T) {
		if status := push.again(t, nil); status < 400 {
			t.Errorf("a pushed request was taken twice: %d", status)
		}
	})
	t.Run("the proof at userinfo", func(t *testing.T) {
		if status := info.again(t, nil); status == 200 {
			t.Error("a DPoP proof was taken twice")
		}
	})
	t.Run("the bound token without its proof, and as a bearer token", func(t *testing.T) {
		if status := info.again(t, func(h http.Header, _ url.Values) { h.Del("DPoP") }); status == 200 {
			t.Error("without proof")
		}
		if status := info.again(t, func(h http.Header, _ url.Values) {
			h.Del("DPoP")
			h.Set("Authorization", "Bearer "+strings.TrimPrefix(h.Get("Authorization"), "DPoP "))
		}); status == 200 {
			t.Error("as a bearer token")
		}
	})
	t.Run("D060 assertions live 60 s at most, each with a jti of its own", func(t *testing.T) {
		jtis := map[string]bool{}
		n := 0
		for _, s := range eye.seen {
			form, _ := url.ParseQuery(string(s.body))
			if a := form.Get("client_assertion"); a != "" {
				c := claimsOf(t, a)
				if jti, _ := c["jti"].(string); len(jti) < 22 || jtis[jti] {
					t.Error("a jti twice, or shorter than 128 bits")
				} else {
					jtis[jti] = true
				}
				if life := c["exp"].(float64) - c["iat"].(float64); life > 60 {
					t.Errorf("an assertion lives %v s", life)
				}
				n++
			}
		}
		if n < 4 {
			t.Errorf("%d assertions seen", n)
		}
	})
	h.quietAbout(t)
}

// TestAttackEncrypted takes userinfo as JWE, by the right key and by another.
func TestAttackEncrypted(t *testing.T) {
	opens := testKey()("opens")
	public, err := opens.PublicJWK(esignet.UseEncryption)
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, sandbox.V18, setup{
		sandbox: func(_ *sandbox.Config, r *sandbox.ClientRequest) {
			r.Additional, r.EncPublicKey = []byte(`{"userinfo_response_type":"JWE"}`), public
		},
		client: func(c *esignet.Config) { c.DecryptionKeys = esignet.SingleKey(opens) },
	})
	h.verify(her)
	for way, code := range map[sandbox.Misbehaviour]string{sandbox.UserinfoOtherEncKey: "decrypt", sandbox.UserinfoCompressed: "header", sandbox.UserinfoOtherKey: "signature",
		sandbox.UserinfoOtherSubject: "subject"} {
		t.Run(string(way), func(t *testing.T) {
			h.clock.advance(time.Minute)
			h.esignet.Misbehave(way)
			s := h.start(midwife)
			h.complete(midwife, s, h.signIn(s, her)).want(t, 502, code)
		})
	}
	h.quiet(t)
}

// TestAttackRedirect: no redirect URI but an exact one, and no open redirector: no
// call of the service ever redirects.
func TestAttackRedirect(t *testing.T) {
	for _, uri := range []string{callback + "#userInfo", callback + "?x=y", "http://dhis2.example.org/callback", "https://*.example.org/callback", "https://dhis2.example.org/**",
		"https://user@dhis2.example.org/callback", "javascript:alert(1)", "//dhis2.example.org/callback"} {
		if err := esignet.CheckRedirectURI(uri); err == nil {
			t.Errorf("D058 taken: %s", uri)
		}
	}
	h := newHouse(t, sandbox.V18, setup{})
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, path := range []string{"//attacker.example/", "/rp/start?next=https://attacker.example/", "/rp//attacker.example", "/rp/../..//attacker.example/x", "/rp/evidence/..%2f..%2fattacker.example",
		"/rp/complete?redirect_uri=https://attacker.example/&code=x&state=y", "/%2f%2fattacker.example"} {
		for _, method := range []string{"GET", "POST"} {
			r, err := http.NewRequest(method, h.url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if to := res.Header.Get("Location"); strings.Contains(to, "attacker") && !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") {
				t.Errorf("%s %s leads to another server", method, path)
			}
			if res.StatusCode == 200 {
				t.Errorf("%s %s: 200", method, path)
			}
		}
	}
	r := h.send("POST", "/rp/start", "", nil)
	for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Access-Control-Allow-Origin": ""} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
}
