package sandbox_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/oauth2"

	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

// party is a relying party made of x/oauth2, go-oidc and the JOSE of
// jose_test.go: nothing of it is shared with the sandbox, or with this
// project's own relying party.
type party struct {
	t        *testing.T
	server   *sandbox.Server
	url      string
	id       string
	key      *rsa.PrivateKey
	alg      string
	metadata map[string]any
	verifier string // of PKCE
	nonce    string
	state    string
}

const callback = "https://rp.example.org/callback"

var keyOnce = sync.OnceValue(func() []*rsa.PrivateKey {
	var keys []*rsa.PrivateKey
	for range 4 {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		keys = append(keys, key)
	}
	return keys
})

// start runs a sandbox with one registered relying party.
func start(t *testing.T, version sandbox.Version, change func(*sandbox.Config, *sandbox.ClientRequest)) *party {
	t.Helper()
	keys := keyOnce()
	cfg := sandbox.Config{Version: version, SigningKey: keys[0], UserinfoKey: keys[1]}
	p := &party{t: t, id: "test-portal", key: keys[2], alg: "RS256"}
	req := sandbox.ClientRequest{ClientID: p.id, Name: "Test portal", RelyingParty: "test-health", PublicKey: publicJWK(t, p.key),
		RedirectURIs: []string{callback}, ACRs: []string{"mosip:idp:acr:generated-code", "mosip:idp:acr:static-code"},
		NameLangMap: map[string]string{"eng": "Test portal", "sin": "පරීක්ෂණ ද්වාරය", "tam": "சோதனை வலைவாசல்"}}
	if change != nil {
		change(&cfg, &req)
	}
	server, err := sandbox.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.RegisterClient(req); err != nil {
		t.Fatal(err)
	}
	p.server = server
	web := httptest.NewServer(server.Handler())
	t.Cleanup(web.Close)
	p.url = web.URL
	p.metadata = p.getJSON("/.well-known/openid-configuration")
	return p
}

func (p *party) getJSON(path string) map[string]any {
	p.t.Helper()
	res, err := http.Get(p.url + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	var doc map[string]any
	if err := json.UnmarshalRead(res.Body, &doc); err != nil {
		p.t.Fatalf("%s: %v", path, err)
	}
	return doc
}

func (p *party) endpoint(name string) string {
	p.t.Helper()
	s, ok := p.metadata[name].(string)
	if !ok {
		p.t.Fatalf("the metadata have no %s", name)
	}
	return s
}

func (p *party) config() oauth2.Config {
	return oauth2.Config{ClientID: p.id, RedirectURL: callback, Scopes: []string{"openid", "profile"}, Endpoint: oauth2.Endpoint{
		AuthURL: p.endpoint("authorization_endpoint"), TokenURL: p.endpoint("token_endpoint"), AuthStyle: oauth2.AuthStyleInParams}}
}

func randomText() string { return oauth2.GenerateVerifier() }

// authorizeURL is the address of a new authorization request.
func (p *party) authorizeURL(extra ...oauth2.AuthCodeOption) string {
	c := p.config()
	p.verifier, p.nonce, p.state = oauth2.GenerateVerifier(), randomText(), randomText()
	opts := append([]oauth2.AuthCodeOption{oauth2.S256ChallengeOption(p.verifier), oidc.Nonce(p.nonce),
		oauth2.SetAuthURLParam("prompt", "consent"),
		oauth2.SetAuthURLParam("acr_values", "mosip:idp:acr:generated-code"),
		oauth2.SetAuthURLParam("claims", `{"userinfo":{"name":{"essential":true},"birthdate":null,"phone_number":null},"id_token":{}}`)}, extra...)
	return c.AuthCodeURL(p.state, opts...)
}

// assertion is a private_key_jwt (RFC 7523).
func (p *party) assertion(change func(map[string]any)) string {
	p.t.Helper()
	now := time.Now().Unix()
	claims := map[string]any{"iss": p.id, "sub": p.id, "aud": p.endpoint("token_endpoint"), "iat": now, "exp": now + 60, "jti": randomText()}
	if change != nil {
		change(claims)
	}
	return p.sign(claims, p.alg, p.key, nil)
}

func (p *party) sign(claims map[string]any, alg string, key any, header map[string]any) string {
	p.t.Helper()
	return signJWS(p.t, claims, alg, key, header)
}

// signIn gets a code from the pages.
func (p *party) signIn(person sandbox.Person, extra ...oauth2.AuthCodeOption) (code string) {
	p.t.Helper()
	back, err := person.SignIn(p.t.Context(), p.authorizeURL(extra...))
	if err != nil {
		p.t.Fatal(err)
	}
	q := back.Query()
	if q.Get("state") != p.state || q.Get("code") == "" {
		p.t.Fatalf("came back with %v", q)
	}
	if v := p.server.Version(); (q.Get("iss") != "") != (v != sandbox.V16) || q.Get("iss") != "" && q.Get("iss") != p.endpoint("issuer") {
		p.t.Errorf("iss %q", q.Get("iss"))
	}
	return q.Get("code")
}

func (p *party) exchange(code string) (*oauth2.Token, error) {
	c := p.config()
	return c.Exchange(p.t.Context(), code, oauth2.VerifierOption(p.verifier),
		oauth2.SetAuthURLParam("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
		oauth2.SetAuthURLParam("client_assertion", p.assertion(nil)))
}

// verifyIDToken lets go-oidc judge an id_token.
func (p *party) verifyIDToken(ctx context.Context, raw string) (*oidc.IDToken, error) {
	issuer := p.endpoint("issuer")
	if v := p.server.Version(); v == sandbox.V16 || v == sandbox.V17 {
		issuer += "/v1/esignet" // not that of the metadata
	}
	algs := []string{"PS256"}
	if p.server.Version() == sandbox.V16 {
		algs = []string{"RS256"}
	}
	keys := oidc.NewRemoteKeySet(ctx, p.endpoint("jwks_uri"))
	return oidc.NewVerifier(issuer, keys, &oidc.Config{ClientID: p.id, SupportedSigningAlgs: algs}).Verify(ctx, raw)
}

func (p *party) userinfo(token string) (status int, kind, body string) {
	p.t.Helper()
	req, err := http.NewRequest(http.MethodGet, p.endpoint("userinfo_endpoint"), nil)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	doc, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Content-Type"), string(doc)
}

// userinfoClaims verifies a userinfo JWS: with the certificate of the
// identity system, in 2.0 with the key set.
func (p *party) userinfoClaims(token string) (map[string]any, error) {
	if p.server.Version() == sandbox.V20 {
		return verifyJWS(token, "PS256", p.setKey(kidOf(p.t, token)))
	}
	cert, err := x509.ParseCertificate(p.server.UserinfoCertificate())
	if err != nil {
		p.t.Fatal(err)
	}
	return verifyJWS(token, "RS256", cert.PublicKey.(*rsa.PublicKey))
}

// setKey is a key of the key set by its name; nil when there is none.
func (p *party) setKey(kid string) *rsa.PublicKey {
	p.t.Helper()
	keys, _ := p.getJSON(strings.TrimPrefix(p.endpoint("jwks_uri"), p.url))["keys"].([]any)
	for _, k := range keys {
		if jwk, _ := k.(map[string]any); jwk["kid"] == kid {
			return publicKeyOf(p.t, jwk)
		}
	}
	return nil
}

func everyVersion(t *testing.T, f func(*testing.T, sandbox.Version)) {
	for _, v := range sandbox.Versions {
		t.Run(string(v), func(t *testing.T) { f(t, v) })
	}
}

// TestSignIn goes the whole way by HTTP alone, with an independent relying
// party: discovery, pages, code, token, id_token, userinfo.
func TestSignIn(t *testing.T) {
	everyVersion(t, func(t *testing.T, v sandbox.Version) {
		p := start(t, v, nil)
		code := p.signIn(sandbox.Person{Share: []string{"birthdate"}})
		token, err := p.exchange(code)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := token.Extra("id_token").(string)
		id, err := p.verifyIDToken(t.Context(), raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := id.VerifyAccessToken(token.AccessToken); err != nil {
			t.Error(err)
		}
		person := sandbox.People()[0]
		if want := sandbox.Subject(person.ID, "test-health"); id.Subject != want || id.Nonce != p.nonce {
			t.Errorf("sub %q, want %q; nonce %q, want %q", id.Subject, want, id.Nonce, p.nonce)
		}
		var more struct {
			ACR      string `json:"acr"`
			AuthTime int64  `json:"auth_time"`
			Name     string `json:"name"`
		}
		if err := id.Claims(&more); err != nil || more.ACR != "mosip:idp:acr:generated-code" || more.AuthTime == 0 || more.Name != "" {
			t.Errorf("%+v, %v", more, err)
		}

		status, kind, body := p.userinfo(token.AccessToken)
		if status != 200 || !strings.HasPrefix(kind, "application/jwt") {
			t.Fatalf("userinfo: %d %s", status, kind)
		}
		claims, err := p.userinfoClaims(body)
		if err != nil {
			t.Fatal(err)
		}
		if claims["sub"] != id.Subject || claims["name"] != "Nilmini Udaharana" || claims["birthdate"] != "1994/05/17" || claims["aud"] != p.id {
			t.Errorf("userinfo %v", claims)
		}
		for _, kept := range []string{"phone_number", "email", "picture", "address", "gender"} {
			if _, ok := claims[kept]; ok {
				t.Errorf("userinfo has %s, which was not shared", kept)
			}
		}

		// A code works once.
		if _, err := p.exchange(code); err == nil {
			t.Error("the code worked twice")
		}
	})
}

// TestEncryption decrypts and verifies what 1.8 and 2.0 encrypt.
func TestEncryption(t *testing.T) {
	enc := keyOnce()[3]
	for _, v := range []sandbox.Version{sandbox.V18, sandbox.V20} {
		t.Run(string(v), func(t *testing.T) {
			p := start(t, v, func(_ *sandbox.Config, c *sandbox.ClientRequest) {
				c.Additional = []byte(`{"userinfo_response_type":"JWE"}`)
				c.EncPublicKey = publicJWK(t, enc)
			})
			token, err := p.exchange(p.signIn(sandbox.Person{}))
			if err != nil {
				t.Fatal(err)
			}
			_, _, body := p.userinfo(token.AccessToken)
			header, plain := decryptJWE(t, body, enc)
			if header["cty"] != "JWT" || header["alg"] != "RSA-OAEP-256" || header["enc"] != "A256GCM" || header["zip"] != nil {
				t.Errorf("header %v", header)
			}
			if claims, err := p.userinfoClaims(plain); err != nil || claims["name"] != "Nilmini Udaharana" {
				t.Errorf("%v, %v", claims, err)
			}
		})
	}
}

// TestPushedAndBound signs in by a pushed request with DPoP-bound tokens
// (RFC 9126, RFC 9449).
func TestPushedAndBound(t *testing.T) {
	for _, v := range []sandbox.Version{sandbox.V17, sandbox.V18, sandbox.V20} {
		t.Run(string(v), func(t *testing.T) {
			p := start(t, v, func(_ *sandbox.Config, c *sandbox.ClientRequest) {
				c.Additional = []byte(`{"require_pushed_authorization_requests":true,"dpop_bound_access_tokens":true}`)
			})
			if _, err := (sandbox.Person{}).SignIn(t.Context(), p.authorizeURL()); v != sandbox.V20 && (err == nil || !strings.Contains(err.Error(), "invalid_request")) {
				t.Errorf("a plain request of a client that must push: %v", err)
			}
			plain, err := url.Parse(p.authorizeURL())
			if err != nil {
				t.Fatal(err)
			}
			form := plain.Query()
			form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
			form.Set("client_assertion", p.assertion(func(c map[string]any) { c["aud"] = p.endpoint("issuer") }))
			par := p.endpoint("pushed_authorization_request_endpoint")
			res := p.post(par, form, p.proof("POST", par, "", ""))
			var pushed struct {
				URI     string `json:"request_uri"`
				Expires int    `json:"expires_in"`
			}
			if err := json.UnmarshalRead(res.Body, &pushed); err != nil || res.StatusCode != 201 {
				t.Fatalf("%d %v", res.StatusCode, err)
			}
			back, err := sandbox.Person{}.SignIn(t.Context(), p.endpoint("authorization_endpoint")+"?"+
				url.Values{"client_id": {p.id}, "request_uri": {pushed.URI}}.Encode())
			if err != nil {
				t.Fatal(err)
			}
			exchange := url.Values{"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "redirect_uri": {callback},
				"code_verifier": {p.verifier}, "client_assertion_type": form["client_assertion_type"], "client_assertion": {p.assertion(nil)}}
			to := p.endpoint("token_endpoint")
			res = p.post(to, exchange, p.proof("POST", to, "", ""))
			nonce := res.Header.Get("DPoP-Nonce")
			if res.StatusCode != 400 || nonce == "" {
				t.Fatalf("first call: %d, nonce %q", res.StatusCode, nonce)
			}
			res = p.post(to, exchange, p.proof("POST", to, nonce, ""))
			var token struct {
				Access string `json:"access_token"`
				Type   string `json:"token_type"`
			}
			if err := json.UnmarshalRead(res.Body, &token); err != nil || token.Type != "DPoP" {
				t.Fatalf("%d %+v %v", res.StatusCode, token, err)
			}
			info := p.endpoint("userinfo_endpoint")
			call := func(nonce string) *http.Response {
				req, err := http.NewRequest("GET", info, nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Authorization", "DPoP "+token.Access)
				req.Header.Set("DPoP", p.proof("GET", info, nonce, token.Access))
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { res.Body.Close() })
				return res
			}
			if first := call(nonce); first.StatusCode != 401 || first.Header.Get("DPoP-Nonce") == "" {
				t.Errorf("userinfo took the nonce of the token endpoint: %d", first.StatusCode)
			} else if second := call(first.Header.Get("DPoP-Nonce")); second.StatusCode != 200 {
				t.Errorf("userinfo: %d %s", second.StatusCode, second.Header.Get("WWW-Authenticate"))
			}
			if status, _, _ := p.userinfo(token.Access); status != 401 {
				t.Errorf("a bound token as Bearer: %d", status)
			}
		})
	}
}

func (p *party) post(to string, form url.Values, proof string) *http.Response {
	p.t.Helper()
	req, err := http.NewRequest("POST", to, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if proof != "" {
		req.Header.Set("DPoP", proof)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { res.Body.Close() })
	return res
}

// proof is a DPoP proof by the key of the client.
func (p *party) proof(method, address, nonce, token string) string {
	p.t.Helper()
	claims := map[string]any{"htm": method, "htu": address, "iat": time.Now().Unix(), "jti": randomText()}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	if token != "" {
		claims["ath"] = hashOf(token)
	}
	return p.sign(claims, "PS256", p.key, map[string]any{"typ": "dpop+jwt", "jwk": jsontext.Value(publicJWK(p.t, p.key))})
}

// TestECClient authenticates with ES256, from 1.7 on.
func TestECClient(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, sandbox.V17, func(_ *sandbox.Config, c *sandbox.ClientRequest) { c.PublicKey = publicJWK(t, key) })
	code := p.signIn(sandbox.Person{})
	now := time.Now().Unix()
	claims := map[string]any{"iss": p.id, "sub": p.id, "aud": p.endpoint("token_endpoint"), "iat": now, "exp": now + 60, "jti": randomText()}
	res := p.post(p.endpoint("token_endpoint"), url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback},
		"code_verifier": {p.verifier}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion": {p.sign(claims, "ES256", key, nil)}}, "")
	if res.StatusCode != 200 {
		t.Errorf("status %d", res.StatusCode)
	}
}

// TestRotation: tokens of before and after verify with the key set; replaced
// keys have the old name.
func TestRotation(t *testing.T) {
	p := start(t, sandbox.V18, nil)
	before, err := p.exchange(p.signIn(sandbox.Person{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.server.RotateKeys(); err != nil {
		t.Fatal(err)
	}
	after, err := p.exchange(p.signIn(sandbox.Person{}))
	if err != nil {
		t.Fatal(err)
	}
	kids := map[string]bool{}
	for _, token := range []*oauth2.Token{before, after} {
		raw, _ := token.Extra("id_token").(string)
		if _, err := p.verifyIDToken(t.Context(), raw); err != nil {
			t.Error(err)
		}
		kids[kidOf(t, raw)] = true
	}
	if len(kids) != 2 {
		t.Errorf("kids %v", kids)
	}

	if err := p.server.ReplaceKeys(); err != nil {
		t.Fatal(err)
	}
	replaced, err := p.exchange(p.signIn(sandbox.Person{}))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := replaced.Extra("id_token").(string)
	first, _ := before.Extra("id_token").(string)
	if kidOf(t, raw) != kidOf(t, first) {
		t.Error("a replaced key has a new name")
	}
	if _, err := p.verifyIDToken(t.Context(), raw); err != nil {
		t.Error(err)
	}
	if _, err := p.verifyIDToken(t.Context(), first); err == nil {
		t.Error("a token of the old key verifies with the new one")
	}
}

func kidOf(t *testing.T, token string) string {
	t.Helper()
	head, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		t.Fatal(err)
	}
	var h struct {
		Kid string `json:"kid"`
	}
	if err := json.Unmarshal(raw, &h); err != nil {
		t.Fatal(err)
	}
	return h.Kid
}
