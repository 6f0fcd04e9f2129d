package esignet_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// TestAttackToken carries out attacks on and by the token endpoint, DPoP's part
// included.
func TestAttackToken(t *testing.T) {
	t.Run("a redirect that would carry code and assertion away", func(t *testing.T) {
		p := newProvider(t)
		thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
		t.Cleanup(thief.Close)
		for _, status := range []int{302, 303, 307, 308} {
			for path, stage := range map[string]esignet.Stage{"/token": esignet.StageToken, "/userinfo": esignet.StageUserInfo} {
				p.override = map[string]http.HandlerFunc{path: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, thief.URL, status) }}
				_, err := p.complete(p.newClient(nil), plainRequest)
				noValue(t, wantError(t, err, stage, esignet.CodeMalformed))
			}
		}
	})
	t.Run("a bearer token in answer to a proof", func(t *testing.T) {
		p := newProvider(t)
		p.dpop = true
		p.token = func(a object) { a["token_type"] = "Bearer" }
		_, err := p.complete(p.newClient(func(c *esignet.Config) { c.DPoP = true }), plainRequest)
		wantError(t, err, esignet.StageToken, esignet.CodeDPoP)
	})
	t.Run("a token type nobody knows", func(t *testing.T) {
		p := newProvider(t)
		p.token = func(a object) { a["token_type"] = "N_A" }
		_, err := p.complete(p.newClient(nil), plainRequest)
		wantError(t, err, esignet.StageToken, esignet.CodeMalformed)
	})
	t.Run("a server that always wants another nonce", func(t *testing.T) {
		p := newProvider(t)
		p.dpop, p.nonce = true, "n"
		calls := 0
		p.override["/token"] = func(w http.ResponseWriter, r *http.Request) {
			calls++
			w.Header().Set("DPoP-Nonce", fmt.Sprint("nonce-", calls))
			p.reply(w, 400, object{"error": "use_dpop_nonce"})
		}
		_, err := p.complete(p.newClient(func(c *esignet.Config) { c.DPoP = true }), plainRequest)
		wantError(t, err, esignet.StageToken, esignet.CodeDPoP)
		if calls != 2 {
			t.Errorf("%d calls", calls)
		}
	})
	t.Run("a nonce that would break a header", func(t *testing.T) {
		p := newProvider(t)
		p.dpop = true
		calls := 0
		p.override["/token"] = func(w http.ResponseWriter, _ *http.Request) {
			calls++
			w.Header()["DPoP-Nonce"] = []string{"a b"}
			p.reply(w, 400, object{"error": "use_dpop_nonce"})
		}
		_, err := p.complete(p.newClient(func(c *esignet.Config) { c.DPoP = true }), plainRequest)
		wantError(t, err, esignet.StageToken, esignet.CodeDPoP)
		if calls != 1 {
			t.Errorf("%d calls with a nonce that is none", calls)
		}
	})
	t.Run("DPoP: replayed proofs, other keys, other endpoints", func(t *testing.T) {
		// The provider refuses a jti it saw, an htu or ath that is not the call's and a
		// key that is not the attempt's; the nonce of one endpoint is none at another.
		p := newProvider(t)
		p.dpop, p.nonce = true, "n"
		c := p.newClient(func(c *esignet.Config) { c.DPoP = true })
		for range 3 {
			if _, err := p.complete(c, plainRequest); err != nil {
				t.Fatal(err)
			}
		}
		// A stolen access token is of no use to who lacks the attempt's key.
		var stolen string
		p.token = func(a object) { stolen = a["access_token"].(string) }
		if _, err := p.complete(c, plainRequest); err != nil {
			t.Fatal(err)
		}
		_, err := c.UserInfo(t.Context(), &esignet.Tokens{AccessToken: stolen, IDToken: &esignet.IDToken{Subject: subjectOfTest}})
		wantError(t, err, esignet.StageUserInfo, esignet.CodeToken)
	})
	t.Run("an attempt without its DPoP key", func(t *testing.T) {
		p := newProvider(t)
		p.dpop = true
		c := p.newClient(func(c *esignet.Config) { c.DPoP = true })
		a, q := p.begin(c, plainRequest)
		a.DPoPKey = nil
		_, err := c.Complete(t.Context(), a, q)
		wantError(t, err, esignet.StageToken, esignet.CodeDPoP)
		a, q = p.begin(c, plainRequest)
		a.DPoPKey = []byte(`{"kty":"RSA","n":"AQAB","e":"AQAB"}`)
		_, err = c.Complete(t.Context(), a, q)
		wantError(t, err, esignet.StageToken, esignet.CodeConfig)
	})
	t.Run("values of a person in a refusal", func(t *testing.T) {
		for _, body := range []object{
			{"error": "Test Person", "error_description": "canary"}, {"error": "invalid_grant", "error_description": "code-canary is Test Person's"},
			{"error": "invalid_request", "error_description": "Property 'claims' threw exception: canary"}, {"error": []string{"canary"}},
		} {
			p := newProvider(t)
			p.override["/token"] = func(w http.ResponseWriter, _ *http.Request) { p.reply(w, 400, body) }
			_, err := p.complete(p.newClient(nil), plainRequest)
			if e := forged(t, err); e.Stage != esignet.StageToken {
				t.Error(e)
			}
		}
	})
	t.Run("a pushed request's reference that leads elsewhere", func(t *testing.T) {
		for _, ref := range []string{"", "https://canary.example.org/request", "urn:ietf:params:oauth:request_uri:", "urn:ietf:params:oauth:request_uri:a&redirect_uri=x", "urn:other:x"} {
			p := newProvider(t)
			p.override["/par"] = func(w http.ResponseWriter, _ *http.Request) {
				p.reply(w, 201, object{"request_uri": ref, "expires_in": 60})
			}
			_, err := p.newClient(nil).Authorize(t.Context(), plainRequest)
			noValue(t, wantError(t, err, esignet.StagePAR, esignet.CodeMalformed))
		}
	})
}
