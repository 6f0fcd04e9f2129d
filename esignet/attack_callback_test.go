package esignet_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// TestAttackCallback carries out attacks on the way back from eSignet's pages.
func TestAttackCallback(t *testing.T) {
	for _, test := range []struct {
		name string
		lie  func(p *provider, q url.Values)
		want esignet.Code
	}{
		{"login CSRF: the state of the attacker's own attempt", func(_ *provider, q url.Values) { q.Set("state", strings.Repeat("A", 43)) }, esignet.CodeState},
		{"no state", func(_ *provider, q url.Values) { q.Del("state") }, esignet.CodeState},
		{"empty state", func(_ *provider, q url.Values) { q.Set("state", "") }, esignet.CodeState},
		{"state=null", func(_ *provider, q url.Values) { q.Set("state", "null") }, esignet.CodeState},
		{"state cut short", func(_ *provider, q url.Values) { q.Set("state", q.Get("state")[:42]) }, esignet.CodeState},
		{"two states", func(_ *provider, q url.Values) { q.Add("state", "canary") }, esignet.CodeMalformed},
		{"two codes", func(_ *provider, q url.Values) { q.Add("code", "canary") }, esignet.CodeMalformed},
		{"two issuers", func(p *provider, q url.Values) { q.Add("iss", p.server.URL) }, esignet.CodeMalformed},
		{"another issuer", func(_ *provider, q url.Values) { q.Set("iss", "https://canary.example.org") }, esignet.CodeIssuer},
		{"an empty issuer", func(_ *provider, q url.Values) { q.Set("iss", "") }, esignet.CodeIssuer},
		{"issuer with a slash", func(p *provider, q url.Values) { q.Set("iss", p.server.URL+"/") }, esignet.CodeIssuer},
		{"no issuer though promised", func(_ *provider, q url.Values) { q.Del("iss") }, esignet.CodeIssuer},
		{"neither code nor error", func(_ *provider, q url.Values) { q.Del("code") }, esignet.CodeMalformed},
		{"a huge code", func(_ *provider, q url.Values) { q.Set("code", strings.Repeat("c", 10_000)) }, esignet.CodeMalformed},
		{"a code with a line break", func(_ *provider, q url.Values) { q.Set("code", "a\r\nX: canary") }, esignet.CodeMalformed},
		{"code and error", func(_ *provider, q url.Values) { q.Set("error", "access_denied") }, esignet.CodeDenied},
		{"an error that is a script", func(_ *provider, q url.Values) {
			q.Set("error", "<script>canary</script>")
			q.Set("error_description", "<script>canary</script>")
		}, esignet.CodeServer},
		{"an error with a value in it", func(_ *provider, q url.Values) { q.Set("error", "Test Person") }, esignet.CodeServer},
		{"too late", func(p *provider, _ url.Values) { p.set(func() { p.now = p.now.Add(10*time.Minute + time.Second) }) }, esignet.CodeTimeout},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newProvider(t)
			c := p.newClient(nil)
			a, q := p.begin(c, plainRequest)
			test.lie(p, q)
			_, err := c.Complete(t.Context(), a, q)
			noValue(t, wantError(t, err, esignet.StageCallback, test.want))
			if p.count("/token") != 0 {
				t.Error("the code was presented in spite of it")
			}
		})
	}
	t.Run("the same answer a second time", func(t *testing.T) {
		p := newProvider(t)
		c := p.newClient(nil)
		a, q := p.begin(c, plainRequest)
		if _, err := c.Complete(t.Context(), a, q); err != nil {
			t.Fatal(err)
		}
		_, err := c.Complete(t.Context(), a, q)
		wantError(t, err, esignet.StageToken, esignet.CodeState)
		if p.count("/token") != 1 {
			t.Error("the code was presented twice")
		}
	})
	t.Run("the same answer after the attempt was kept twice", func(t *testing.T) {
		p := newProvider(t)
		c := p.newClient(nil)
		a, q := p.begin(c, plainRequest)
		copied := &esignet.Attempt{State: a.State, Nonce: a.Nonce, CodeVerifier: a.CodeVerifier, Began: a.Began, ACRValues: a.ACRValues}
		if _, err := c.Complete(t.Context(), a, q); err != nil {
			t.Fatal(err)
		}
		_, err := c.Complete(t.Context(), copied, q)
		wantError(t, err, esignet.StageToken, esignet.CodeGrant)
	})
	t.Run("a stolen code in another attempt", func(t *testing.T) {
		p := newProvider(t)
		c := p.newClient(nil)
		_, victim := p.begin(c, plainRequest)
		a, q := p.begin(c, plainRequest)
		q.Set("code", victim.Get("code"))
		_, err := c.Complete(t.Context(), a, q)
		wantError(t, err, esignet.StageToken, esignet.CodeGrant) // PKCE
	})
	t.Run("a stolen code, at a server without PKCE", func(t *testing.T) {
		p := newProvider(t)
		c := p.newClient(nil)
		_, victim := p.begin(c, plainRequest)
		a, q := p.begin(c, plainRequest)
		p.set(func() {
			p.codes[victim.Get("code")].Set("code_challenge", p.codes[q.Get("code")].Get("code_challenge"))
		})
		q.Set("code", victim.Get("code"))
		_, err := c.Complete(t.Context(), a, q)
		wantError(t, err, esignet.StageIDToken, esignet.CodeNonce)
	})
	t.Run("mixed-up issuer: the answer of an honest issuer to an attempt at a dishonest one", func(t *testing.T) {
		honest, dishonest := newProvider(t), newProvider(t)
		at := dishonest.newClient(nil)
		a, err := at.Authorize(t.Context(), plainRequest)
		if err != nil {
			t.Fatal(err)
		}
		// The dishonest issuer sends the browser on to the honest one, with the
		// client's own request.
		_, q := honest.begin(honest.newClient(nil), plainRequest)
		q.Set("state", a.State)
		_, err = at.Complete(t.Context(), a, q)
		wantError(t, err, esignet.StageCallback, esignet.CodeIssuer)
		if dishonest.count("/token") != 0 {
			t.Error("the dishonest issuer was given the code")
		}
	})
	t.Run("mixed-up issuer that promises no iss", func(t *testing.T) {
		honest, dishonest := newProvider(t), newProvider(t)
		dishonest.metadata = func(m object) { delete(m, "authorization_response_iss_parameter_supported") }
		at := dishonest.newClient(nil)
		a, err := at.Authorize(t.Context(), plainRequest)
		if err != nil {
			t.Fatal(err)
		}
		_, q := honest.begin(honest.newClient(nil), plainRequest)
		q.Set("state", a.State)
		_, err = at.Complete(t.Context(), a, q)
		wantError(t, err, esignet.StageCallback, esignet.CodeIssuer)
	})
	t.Run("the issuer's own tokens at another issuer's client", func(t *testing.T) {
		one, two := newProvider(t), newProvider(t)
		c := two.newClient(nil)
		a, q := two.begin(c, plainRequest)
		two.override["/token"] = func(w http.ResponseWriter, _ *http.Request) {
			two.reply(w, 200, object{"access_token": "x", "token_type": "Bearer", "id_token": signJWS(t, rsaKey(t, "elsewhere"), object{"alg": "PS256", "kid": one.kid},
				marshal(t, object{"iss": two.server.URL, "sub": "x", "aud": "demo-portal", "nonce": a.Nonce, "iat": two.now.Unix(), "exp": two.now.Unix() + 60}))})
		}
		_, err := c.Complete(t.Context(), a, q)
		wantError(t, err, esignet.StageIDToken, esignet.CodeSignature)
	})
}

// TestCallbackWithoutIssuer is the way of eSignet's wallet page, where allowed, and
// of versions that promise no iss.
func TestCallbackWithoutIssuer(t *testing.T) {
	p := newProvider(t)
	c := p.newClient(func(c *esignet.Config) { c.WalletLogin = true })
	a, q := p.begin(c, plainRequest)
	q.Del("iss")
	q.Set("nonce", "also in the query")
	q.Set("ui_locales", "si")
	if _, err := c.Complete(t.Context(), a, q); err != nil {
		t.Error(err)
	}
	p.metadata = func(m object) { delete(m, "authorization_response_iss_parameter_supported") }
	c = p.newClient(nil)
	a, q = p.begin(c, plainRequest)
	q.Del("iss")
	if _, err := c.Complete(t.Context(), a, q); err != nil {
		t.Error(err)
	}
}
