package esignet_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// TestSignIn completes sign-ins in every way that a generation offers.
func TestSignIn(t *testing.T) { signIns(t, standardLibrary) }

// signIns signs in with a JOSE implementation on the other side.
func signIns(t *testing.T, jose peer) {
	decryption := testKey(t, esignet.RS256, "decryption")
	for _, test := range []struct {
		name     string
		provider func(*provider)
		config   func(*provider, *esignet.Config)
		calls    []string
	}{
		{name: "pushed, bearer", calls: []string{"/.well-known/openid-configuration", "/par", "/token", "/jwks", "/userinfo"}},
		{name: "not pushed", provider: func(p *provider) { p.metadata = func(m object) { delete(m, "pushed_authorization_request_endpoint") } }},
		{name: "tokens of 1.7", provider: func(p *provider) { p.idToken = func(_, c object) { c["iss"] = p.server.URL + "/v1/esignet" } },
			config: func(_ *provider, c *esignet.Config) { c.Generation = esignet.V1_7 }},
		{name: "encrypted userinfo", provider: func(p *provider) { p.encrypt = &rsaKey(t, "opens").PublicKey },
			config: func(_ *provider, c *esignet.Config) {
				ring, err := esignet.NewKeyRing(esignet.RingKey{Key: decryption}, esignet.RingKey{Key: importKey(t, rsaKey(t, "opens"))})
				if err != nil {
					t.Fatal(err)
				}
				c.DecryptionKeys = ring
			}},
		{name: "userinfo without iss and aud, as MOSIP's own identity system writes it", provider: func(p *provider) {
			p.userinfo = func(_, c object) { delete(c, "iss"); delete(c, "aud") }
		}},
		{name: "userinfo signed by the issuer", provider: func(p *provider) {
			p.userinfo = func(h, _ object) { h["key"], h["alg"], h["kid"] = p.signing, "PS256", p.kid }
		}},
		{name: "x5c with a negative serial beside the signature", provider: func(p *provider) {
			p.userinfo = func(h, _ object) { h["x5c"] = []string{negativeSerial(t)} }
		}},
		{name: "identity system's keys at an address", provider: func(p *provider) {
			p.override["/keys.json"] = func(w http.ResponseWriter, _ *http.Request) {
				p.reply(w, 200, object{"response": object{"allCertificates": []object{{"keyId": "identity-1", "certificateData": pemKey(t, p.identity.Public())}}}})
			}
		}, config: func(p *provider, c *esignet.Config) {
			c.IdentitySystemKeys, c.IdentitySystemURL = nil, p.server.URL+"/keys.json"
		}},
		{name: "bound by DPoP", provider: func(p *provider) { p.dpop, p.nonce = true, "n1" },
			config: func(_ *provider, c *esignet.Config) { c.DPoP = true },
			// Each endpoint refuses once, for the nonce of its own.
			calls: []string{"/.well-known/openid-configuration", "/par", "/token", "/token", "/jwks", "/userinfo", "/userinfo"}},
		{name: "bound by DPoP with RSA only", provider: func(p *provider) {
			p.dpop = true
			p.metadata = func(m object) { m["dpop_signing_alg_values_supported"] = []string{"RS256", "PS256"} }
		}, config: func(_ *provider, c *esignet.Config) { c.DPoP = true }},
		{name: "ES256 of 2.0", provider: func(p *provider) {
			k := ecKey(t)
			p.signing, p.alg = k, "ES256"
			p.keys = []object{publicJWK(k.Public(), object{"kid": p.kid, "use": "sig", "alg": "ES256"})}
			p.userinfo = func(h, c object) { h["alg"], c["iss"] = "PS256", p.server.URL }
		}, config: func(_ *provider, c *esignet.Config) { c.Generation = esignet.V2_0 }},
		{name: "unusable keys beside the good one", provider: func(p *provider) {
			p.keys = slices.Concat([]object{{"kty": "EC", "n": nil, "e": nil, "kid": p.kid}, {"kty": "oct", "k": "AAAA"}, {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
				{"kty": "RSA", "use": "enc", "n": "AQAB", "e": "AQAB"}}, p.keys)
		}},
		{name: "claims as plain JSON, where allowed", provider: func(p *provider) {
			p.override["/userinfo"] = func(w http.ResponseWriter, _ *http.Request) {
				p.reply(w, 200, object{"sub": subjectOfTest, "name": "Test Person", "birthdate": "1994/05/17"})
			}
		}, config: func(_ *provider, c *esignet.Config) { c.InsecurePlainUserInfo = true }},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newProvider(t)
			p.jose = jose
			if test.provider != nil {
				test.provider(p)
			}
			c := p.newClient(func(c *esignet.Config) {
				if test.config != nil {
					test.config(p, c)
				}
			})
			who, err := p.complete(c, plainRequest)
			if err != nil {
				t.Fatal(err)
			}
			name, _, _ := who.Claims.Text("name")
			if who.Subject != subjectOfTest || who.Issuer != p.server.URL || who.ClientID != "demo-portal" || name != "Test Person" || !who.AuthTime.Equal(p.now) {
				t.Errorf("%+v, name %q", who.IDToken, name)
			}
			if diff := cmp.Diff([]string{"birthdate", "name"}, who.Claims.Names()); diff != "" {
				t.Error(diff)
			}
			if test.calls != nil {
				if diff := cmp.Diff(test.calls, p.calls); diff != "" {
					t.Errorf("calls (-want +got):\n%s", diff)
				}
				// The next one asks for no more than the protocol needs.
				before := len(p.calls)
				if _, err := p.complete(c, plainRequest); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]string{"/par", "/token", "/userinfo"}, p.calls[before:]); diff != "" {
					t.Errorf("calls of the second sign-in (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// TestAttemptKept stores an attempt as JSON between its two halves, as a service
// does, and completes it elsewhere.
func TestAttemptKept(t *testing.T) {
	p := newProvider(t)
	p.dpop, p.nonce = true, "n1"
	dpop := func(c *esignet.Config) { c.DPoP = true }
	request := plainRequest
	request.MaxAge = 5 * time.Minute
	a, query := p.begin(p.newClient(dpop), request)
	kept, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var back esignet.Attempt
	if err := json.Unmarshal(kept, &back); err != nil {
		t.Fatal(err)
	}
	if back.MaxAge != a.MaxAge || !back.Began.Equal(a.Began) || back.State != a.State || !slices.Equal(back.ACRValues, a.ACRValues) || !back.ResponseIssuer {
		t.Errorf("%s", kept)
	}
	if _, err := p.newClient(dpop).Complete(t.Context(), &back, query); err != nil {
		t.Fatal(err)
	}
}

// TestAuthorize shows what the browser carries, and that nothing of it repeats.
func TestAuthorize(t *testing.T) {
	p := newProvider(t)
	p.metadata = func(m object) { delete(m, "pushed_authorization_request_endpoint") }
	c := p.newClient(nil)
	request := esignet.AuthorizationRequest{
		Scopes: []string{"profile"}, UILocales: []string{"si", "en"}, ACRValues: []string{"a", "b"}, Prompt: "consent", Display: "popup", MaxAge: 2 * time.Minute,
		Claims: []esignet.ClaimRequest{{Name: "name", Essential: true}, {Name: "phone_number"}, {Name: "birthdate", Purpose: "To find her record"}, {Name: "gender", Values: []string{"x"}}},
	}
	a, err := c.Authorize(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(a.URL)
	if err != nil {
		t.Fatal(err)
	}
	got := u.Query()
	for _, secret := range []string{"state", "nonce", "code_challenge"} {
		if len(got.Get(secret)) != 43 {
			t.Errorf("%s has %d characters", secret, len(got.Get(secret)))
		}
		got.Del(secret)
	}
	want := url.Values{
		"client_id": {"demo-portal"}, "redirect_uri": {"https://rp.example.org/callback"}, "response_type": {"code"}, "scope": {"openid profile"},
		"code_challenge_method": {"S256"}, "claims_locales": {"si ta en"}, "ui_locales": {"si en"}, "acr_values": {"a b"}, "prompt": {"consent"},
		"display": {"popup"}, "max_age": {"120"},
		"claims": {`{"userinfo":{"birthdate":{"purpose":"To find her record"},"gender":{"values":["x"]},"name":{"essential":true},"phone_number":null},"id_token":{}}`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(a.URL, a.CodeVerifier) {
		t.Error("the verifier goes with the browser")
	}
	seen := map[string]bool{}
	for range 200 {
		a, err := c.Authorize(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{a.State, a.Nonce, a.CodeVerifier} {
			if seen[s] {
				t.Fatal("a secret twice")
			}
			seen[s] = true
		}
	}
	for _, wrong := range []esignet.AuthorizationRequest{
		{Prompt: "none"}, {Prompt: "login consent"}, {Display: "huge"}, {MaxAge: time.Millisecond}, {MaxAge: -time.Second}, {ACRValues: []string{"a b"}}, {UILocales: []string{""}},
		{Claims: []esignet.ClaimRequest{{Name: "name"}, {Name: "name"}}}, {Claims: []esignet.ClaimRequest{{Name: "sub"}}}, {Claims: []esignet.ClaimRequest{{Name: `a"b`}}},
		{Claims: []esignet.ClaimRequest{{Name: "name", Purpose: "ab"}}}, {Claims: []esignet.ClaimRequest{{Name: "name", Purpose: "100 % sure"}}}, {Scopes: []string{"openid"}},
	} {
		_, err := c.Authorize(t.Context(), wrong)
		wantError(t, err, esignet.StageAuthorize, esignet.CodeConfig)
	}
}
