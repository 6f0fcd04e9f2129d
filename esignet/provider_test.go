package esignet_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// provider is an issuer and its identity system that a test can make lie. It
// checks what it is asked as strictly as eSignet 1.8 does, and notes what it did
// not like.
type provider struct {
	t      testing.TB
	server *httptest.Server
	mu     sync.Mutex

	signing  crypto.Signer // of id_tokens
	identity crypto.Signer // of userinfo
	kid, alg string
	keys     []object // published
	now      time.Time
	client   *esignet.Key // whose assertions are taken
	clientID string
	dpop     bool   // demanded
	nonce    string // DPoP nonce; empty: none demanded
	encrypt  *rsa.PublicKey

	// What a test changes.
	metadata func(object)
	idToken  func(header, claims object)
	token    func(object)
	userinfo func(header, claims object)
	override map[string]http.HandlerFunc // by path; called instead
	wrap     func(jws string) string     // of userinfo

	jose peer // makes and checks its tokens

	pushed   map[string]url.Values
	codes    map[string]url.Values // authorization request by code
	tokens   map[string]string     // thumbprint of the key, or "", by access token
	seen     map[string]bool       // jti
	calls    []string              // paths, in order
	problems []string
	claims   object
	acr      string
	authTime time.Time
}

var rsaPool sync.Map

// rsaKey gives an RSA key of the test run by name; making one takes long.
func rsaKey(t testing.TB, name string) *rsa.PrivateKey {
	t.Helper()
	if k, ok := rsaPool.Load(name); ok {
		return k.(*rsa.PrivateKey)
	}
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	stored, _ := rsaPool.LoadOrStore(name, k)
	return stored.(*rsa.PrivateKey)
}

func ecKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(p256, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

const subjectOfTest = "F9EmtRBhRey832ftKhyT6Hbh5DMXGIPr-YkH6tV3gtE"

func newProvider(t testing.TB) *provider {
	t.Helper()
	p := &provider{
		t: t, jose: standardLibrary, signing: rsaKey(t, "issuer"), identity: rsaKey(t, "identity"), kid: "issuer-1", alg: "PS256", now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
		client: testKey(t, esignet.RS256), clientID: "demo-portal", pushed: map[string]url.Values{}, codes: map[string]url.Values{}, tokens: map[string]string{},
		seen: map[string]bool{}, override: map[string]http.HandlerFunc{}, acr: "mosip:idp:acr:generated-code",
		claims: object{"name": "Test Person", "birthdate": "1994/05/17"},
	}
	p.keys = []object{publicJWK(p.signing.Public(), object{"kid": p.kid, "use": "sig"})}
	p.server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.server.Close)
	t.Cleanup(func() {
		for _, problem := range p.problems {
			t.Errorf("the issuer would not take: %s", problem)
		}
	})
	return p
}

// config is a client that signs in at the provider as it is.
func (p *provider) config() esignet.Config {
	return esignet.Config{
		Issuer: p.server.URL, ClientID: p.clientID, RedirectURI: "https://rp.example.org/callback", Keys: esignet.SingleKey(p.client),
		IdentitySystemKeys: []esignet.PublicKey{{ID: "identity-1", Key: p.identity.Public()}},
		Now:                func() time.Time { p.mu.Lock(); defer p.mu.Unlock(); return p.now },
	}
}

func (p *provider) newClient(change func(*esignet.Config)) *esignet.Client {
	p.t.Helper()
	config := p.config()
	if change != nil {
		change(&config)
	}
	c, err := esignet.New(config)
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

var plainRequest = esignet.AuthorizationRequest{
	Claims: []esignet.ClaimRequest{{Name: "name", Essential: true}, {Name: "birthdate"}}, ACRValues: []string{"mosip:idp:acr:generated-code"},
}

// begin starts an attempt and lets the person consent: the query that comes back
// is what the browser would bring.
func (p *provider) begin(c *esignet.Client, request esignet.AuthorizationRequest) (*esignet.Attempt, url.Values) {
	p.t.Helper()
	a, err := c.Authorize(p.t.Context(), request)
	if err != nil {
		p.t.Fatal(err)
	}
	return a, p.consent(a.URL)
}

// consent plays eSignet's pages for an address.
func (p *provider) consent(address string) url.Values {
	p.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		p.t.Fatal(err)
	}
	q := u.Query()
	if ref := q.Get("request_uri"); ref != "" {
		q = p.pushed[ref]
		delete(p.pushed, ref)
	}
	if q.Get("state") == "" || q.Get("nonce") == "" || q.Get("code_challenge_method") != "S256" || q.Get("redirect_uri") == "" {
		p.t.Fatalf("authorization request %v", q)
	}
	code := "code-" + q.Get("nonce")[:20]
	p.mu.Lock()
	defer p.mu.Unlock()
	p.codes[code] = q
	p.authTime = p.now
	return url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {p.server.URL}}
}

// complete runs a whole sign-in.
func (p *provider) complete(c *esignet.Client, request esignet.AuthorizationRequest) (*esignet.Identity, error) {
	p.t.Helper()
	a, query := p.begin(c, request)
	return c.Complete(p.t.Context(), a, query)
}

func (p *provider) problem(what string) { p.problems = append(p.problems, what) }

func (p *provider) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, r.URL.Path)
	if h := p.override[r.URL.Path]; h != nil {
		h(w, r)
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		m := object{
			"issuer": p.server.URL, "authorization_endpoint": p.server.URL + "/authorize", "token_endpoint": p.server.URL + "/token",
			"userinfo_endpoint": p.server.URL + "/userinfo", "jwks_uri": p.server.URL + "/jwks", "pushed_authorization_request_endpoint": p.server.URL + "/par",
			"dpop_signing_alg_values_supported": []string{"RS256", "PS256", "ES256"}, "code_challenge_methods_supported": []string{"S256"},
			"authorization_response_iss_parameter_supported": true, "token_endpoint_auth_methods_supported": []string{"private_key_jwt"},
		}
		if p.metadata != nil {
			p.metadata(m)
		}
		p.reply(w, 200, m)
	case "/jwks":
		p.reply(w, 200, object{"keys": p.keys})
	case "/par":
		form := p.authenticated(w, r)
		if form == nil {
			return
		}
		ref := "urn:ietf:params:oauth:request_uri:" + form.Get("state")
		p.pushed[ref] = form
		p.reply(w, 201, object{"request_uri": ref, "expires_in": 60})
	case "/token":
		p.serveToken(w, r)
	case "/userinfo":
		p.serveUserInfo(w, r)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (p *provider) reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(marshal(p.t, body))
}

// authenticated checks a client assertion as eSignet 1.8 does; nil after it
// answered with a refusal.
func (p *provider) authenticated(w http.ResponseWriter, r *http.Request) url.Values {
	if err := r.ParseForm(); err != nil {
		p.problem(err.Error())
	}
	form := r.PostForm
	header, claims, err := p.jose.verify(form.Get("client_assertion"), p.client.Public())
	text := func(name string) (s string) { _ = json.Unmarshal(claims[name], &s); return s }
	number := func(name string) (n int64) { _ = json.Unmarshal(claims[name], &n); return n }
	switch {
	case err != nil:
	case string(header["kid"]) != `"`+p.client.ID()+`"` || string(header["typ"]) != `"JWT"` || header["jwk"] != nil:
		err = errors.New("assertion header")
	case text("iss") != p.clientID || text("sub") != p.clientID || form.Get("client_id") != p.clientID:
		err = errors.New("assertion of another client")
	case text("aud") != p.server.URL || number("exp") > p.now.Unix()+60 || number("exp") <= p.now.Unix() || claims["nbf"] != nil:
		err = errors.New("assertion audience or life")
	case len(text("jti")) < 22 || p.seen[text("jti")]:
		err = errors.New("assertion jti too short or used before")
	case form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer":
		err = errors.New("assertion type")
	}
	if err != nil {
		p.problem(r.URL.Path + ": " + err.Error())
		p.reply(w, 400, object{"error": "invalid_client"})
		return nil
	}
	p.seen[text("jti")] = true
	return form
}

// proven checks a DPoP proof and gives the thumbprint; false after a refusal.
func (p *provider) proven(w http.ResponseWriter, r *http.Request, accessToken string) (string, bool) {
	proof := r.Header.Get("DPoP")
	if proof == "" {
		return "", !p.dpop
	}
	var header struct {
		Type string         `json:"typ"`
		JWK  map[string]any `json:"jwk"`
	}
	first, _, _ := strings.Cut(proof, ".")
	if json.Unmarshal(decode(p.t, first), &header) != nil || header.Type != "dpop+jwt" || header.JWK["d"] != nil || header.JWK["kid"] != nil {
		p.problem("proof header")
		return "", false
	}
	key := parsePublicJWK(p.t, marshal(p.t, header.JWK))
	_, claims, err := p.jose.verify(proof, key)
	text := func(name string) (s string) { _ = json.Unmarshal(claims[name], &s); return s }
	if err != nil || text("htm") != r.Method || text("htu") != p.server.URL+r.URL.Path || len(text("jti")) < 22 || p.seen[text("jti")] {
		p.problem("proof " + r.URL.Path)
		p.reply(w, 400, object{"error": "invalid_dpop_proof"})
		return "", false
	}
	p.seen[text("jti")] = true
	sum := sha256.Sum256([]byte(accessToken))
	if accessToken != "" && text("ath") != encode64(sum[:]) {
		p.problem("proof ath")
	}
	if want := p.nonce + r.URL.Path; p.nonce != "" && text("nonce") != want {
		w.Header().Set("DPoP-Nonce", want)
		if r.URL.Path == "/userinfo" {
			w.Header().Set("WWW-Authenticate", `DPoP error="use_dpop_nonce"`)
			w.WriteHeader(401)
		} else {
			p.reply(w, 400, object{"error": "use_dpop_nonce", "error_description": "Authorization server requires nonce in DPoP proof"})
		}
		return "", false
	}
	return thumbprint(p.t, header.JWK), true
}

// thumbprint is RFC 7638's.
func thumbprint(t testing.TB, jwk object) string {
	members := object{}
	for _, name := range []string{"crv", "e", "kty", "n", "x", "y"} {
		if jwk[name] != nil {
			members[name] = jwk[name]
		}
	}
	sum := sha256.Sum256(marshal(t, members))
	return encode64(sum[:])
}

func (p *provider) serveToken(w http.ResponseWriter, r *http.Request) {
	jkt, ok := p.proven(w, r, "")
	if !ok {
		return
	}
	form := p.authenticated(w, r)
	if form == nil {
		return
	}
	asked, known := p.codes[form.Get("code")]
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	switch {
	case form.Get("grant_type") != "authorization_code" || form.Get("redirect_uri") != asked.Get("redirect_uri") && known:
		p.reply(w, 400, object{"error": "invalid_request"})
		return
	case !known, encode64(sum[:]) != asked.Get("code_challenge"), asked.Get("dpop_jkt") != "" && asked.Get("dpop_jkt") != jkt:
		p.reply(w, 400, object{"error": "invalid_grant"})
		return
	}
	delete(p.codes, form.Get("code"))
	access := "access-" + form.Get("code")
	p.tokens[access] = jkt
	half := sha256.Sum256([]byte(access))
	header := object{"alg": p.alg, "kid": p.kid}
	claims := object{
		"iss": p.server.URL, "sub": subjectOfTest, "aud": p.clientID, "iat": p.now.Unix(), "exp": p.now.Unix() + 1200, "auth_time": p.authTime.Unix(),
		"nonce": asked.Get("nonce"), "acr": p.acr, "at_hash": encode64(half[:16]),
	}
	if p.idToken != nil {
		p.idToken(header, claims)
	}
	answer := object{"id_token": p.sign(p.signing, header, claims), "access_token": access, "token_type": "Bearer", "expires_in": 3600}
	if jkt != "" {
		answer["token_type"] = "DPoP"
	}
	if p.token != nil {
		p.token(answer)
	}
	p.reply(w, 200, answer)
}

// sign signs with the key, or with what a test put under "key" into the header.
func (p *provider) sign(key any, header, claims object) string {
	if other, ok := header["key"]; ok {
		key = other
		header = maps.Clone(header)
		delete(header, "key")
	}
	return p.jose.sign(p.t, key, header, marshal(p.t, claims))
}

func (p *provider) serveUserInfo(w http.ResponseWriter, r *http.Request) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	want, known := p.tokens[token]
	jkt, ok := p.proven(w, r, token)
	switch {
	case r.Header.Get("DPoP") != "" && !ok:
		return
	case !known || jkt != want || (scheme == "DPoP") != (want != ""):
		w.Header().Set("WWW-Authenticate", `error="invalid_token"`)
		w.WriteHeader(401)
		return
	case !strings.Contains(r.Header.Get("Accept"), "application/jwt"):
		w.WriteHeader(406)
		return
	}
	header := object{"alg": "RS256", "kid": "identity-1"}
	claims := object{"sub": subjectOfTest, "iss": p.server.URL + "/v1/esignet", "aud": p.clientID}
	maps.Copy(claims, p.claims)
	if p.userinfo != nil {
		p.userinfo(header, claims)
	}
	signed := p.sign(p.identity, header, claims)
	if p.encrypt != nil {
		signed = p.jose.encrypt(p.t, p.encrypt, object{"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT", "kid": "foreign"}, []byte(signed))
	}
	if p.wrap != nil {
		signed = p.wrap(signed)
	}
	w.Header().Set("Content-Type", "application/jwt;charset=UTF-8")
	w.Write([]byte(signed))
}

func (p *provider) count(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(p.calls), func(c string) bool { return c != path }))
}

// set changes the provider between requests.
func (p *provider) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

// wantError holds an error against a code and a stage.
func wantError(t testing.TB, err error, stage esignet.Stage, code esignet.Code) *esignet.Error {
	t.Helper()
	got, ok := errors.AsType[*esignet.Error](err)
	if !ok || got.Code != code || got.Stage != stage {
		t.Fatalf("%v, want %s at %s", err, code, stage)
	}
	return got
}

func decode(t testing.TB, s string) []byte {
	t.Helper()
	b, err := decode64(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
