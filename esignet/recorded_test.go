package esignet_test

import (
	"cmp"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/golden/reference"
)

// exchange is one recorded exchange with a running eSignet; see README.md.
type exchange struct {
	Name    string `json:"name"`
	Request struct {
		Method  string            `json:"method"`
		Path    string            `json:"path"`
		Headers map[string]string `json:"headers"`
		Body    jsontext.Value    `json:"body"`
	} `json:"request"`
	Response struct {
		Status  int               `json:"status"`
		Headers map[string]string `json:"headers"`
		Body    jsontext.Value    `json:"body"`
		Raw     string            `json:"raw"`
	} `json:"response"`
}

// form gives the request's body as a form.
func (e exchange) form(t *testing.T) url.Values {
	t.Helper()
	var s string
	if json.Unmarshal(e.Request.Body, &s) != nil {
		return nil
	}
	v, err := url.ParseQuery(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// answer writes the response as it was recorded.
func (e exchange) answer(w http.ResponseWriter) {
	for name, value := range e.Response.Headers {
		w.Header().Set(name, value)
	}
	body := []byte(e.Response.Body)
	var text string
	if json.Unmarshal(body, &text) == nil {
		body = []byte(text) // JWTs; nothing for null
	}
	w.WriteHeader(e.Response.Status)
	w.Write(body)
}

// member gives a member of the response's body as a string.
func (e exchange) member(name string) string {
	var body map[string]jsontext.Value
	var value string
	if json.Unmarshal(e.Response.Body, &body) == nil {
		_ = json.Unmarshal(body[name], &value) // not a string: none
	}
	return value
}

// recording is what was recorded of one version.
type recording struct {
	dir        string
	version    string
	generation esignet.Generation
	exchanges  []exchange
	epochs     map[string]time.Time
	issuer     string
	userinfo   map[string]exchange // good answer by access token
	begun      map[string]begun    // by code challenge
	wrongCalls []string            // what the replaying server did not like
	now        time.Time
	next       exchange // answers the next call
	server     *httptest.Server
	assertKey  crypto.PublicKey // public key of client.jwk.json
}

// begun is what an authorization request asked for.
type begun struct {
	nonce, acr string
	claims     []string
}

var recordedVersions = []string{"1.6.1", "1.7.1", "1.8.0"}

func load(t *testing.T, version string) *recording {
	t.Helper()
	r := &recording{dir: filepath.Join(reference.Path(t, "data/esignet"), version), version: version, epochs: map[string]time.Time{}, userinfo: map[string]exchange{}, begun: map[string]begun{}}
	var err error
	if r.generation, err = esignet.ParseGeneration(version); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(r.dir, "[0-9]*.json"))
	if err != nil || len(names) < 100 {
		t.Fatalf("%d exchanges, %v", len(names), err)
	}
	for _, name := range names {
		var e exchange
		r.read(t, filepath.Base(name), &e)
		r.exchanges = append(r.exchanges, e)
	}
	var times map[string]struct {
		Epoch float64 `json:"epoch"`
	}
	r.read(t, "times.json", &times)
	for name, at := range times {
		r.epochs[name] = time.UnixMilli(int64(at.Epoch * 1000))
	}
	var metadata struct {
		Issuer string `json:"issuer"`
	}
	r.read(t, "openid-configuration.json", &metadata)
	r.issuer = metadata.Issuer
	for _, e := range r.exchanges {
		if strings.HasSuffix(e.Request.Path, "/oidc/userinfo") && e.Response.Status == 200 {
			_, token, _ := strings.Cut(e.Request.Headers["Authorization"], " ")
			r.userinfo[token] = e
		}
		r.begins(t, e)
	}
	keys := struct {
		Public jsontext.Value `json:"public"`
	}{}
	r.read(t, "client.jwk.json", &keys)
	r.assertKey = parsePublicJWK(t, keys.Public)
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { r.serve(t, w, q) }))
	t.Cleanup(r.server.Close)
	return r
}

func (r *recording) read(t *testing.T, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(r.dir, name))
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		t.Fatal(name, err)
	}
}

// begins notes what an authorization request asked for, by its challenge.
func (r *recording) begins(t *testing.T, e exchange) {
	var claims struct {
		UserInfo map[string]jsontext.Value `json:"userinfo"`
	}
	switch {
	case strings.HasSuffix(e.Request.Path, "/oauth-details"):
		var body struct {
			Request struct {
				Nonce     string         `json:"nonce"`
				ACR       string         `json:"acrValues"`
				Claims    jsontext.Value `json:"claims"`
				Challenge string         `json:"codeChallenge"`
			} `json:"request"`
		}
		if json.Unmarshal(e.Request.Body, &body) == nil && body.Request.Challenge != "" {
			_ = json.Unmarshal(body.Request.Claims, &claims)
			r.begun[body.Request.Challenge] = begun{body.Request.Nonce, body.Request.ACR, slices.Sorted(maps.Keys(claims.UserInfo))}
		}
	case strings.HasSuffix(e.Request.Path, "/oauth/par"):
		if f := e.form(t); f.Get("code_challenge") != "" {
			_ = json.Unmarshal([]byte(f.Get("claims")), &claims)
			r.begun[f.Get("code_challenge")] = begun{f.Get("nonce"), f.Get("acr_values"), slices.Sorted(maps.Keys(claims.UserInfo))}
		}
	}
}

// serve answers discovery and key set from their files, userinfo by its token and
// everything else by the exchange under test; it checks what it is asked by
// itself.
func (r *recording) serve(t *testing.T, w http.ResponseWriter, q *http.Request) {
	switch path := q.URL.Path; {
	case strings.HasSuffix(path, "/openid-configuration"):
		http.ServeFile(w, q, filepath.Join(r.dir, "openid-configuration.json"))
	case strings.HasSuffix(path, "/jwks.json"):
		http.ServeFile(w, q, filepath.Join(r.dir, "jwks.json"))
	case strings.HasSuffix(path, "/userinfo") && !strings.Contains(r.next.Request.Path, "userinfo"):
		_, token, _ := strings.Cut(q.Header.Get("Authorization"), " ")
		e, ok := r.userinfo[token]
		if !ok || !strings.Contains(q.Header.Get("Accept"), "application/jwt") {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		e.answer(w)
	default:
		if err := q.ParseForm(); err == nil && q.Form.Get("client_assertion") != "" {
			if why := r.assertion(q.Form); why != "" {
				r.wrongCalls = append(r.wrongCalls, r.next.Name+": "+why)
			}
		}
		r.next.answer(w)
	}
}

// assertion says what eSignet of this version would refuse of an assertion.
func (r *recording) assertion(form url.Values) string {
	_, claims, err := verifyJWS(form.Get("client_assertion"), r.assertKey)
	if err != nil {
		return err.Error()
	}
	text := func(name string) (s string) { _ = json.Unmarshal(claims[name], &s); return s }
	number := func(name string) (n int64) { _ = json.Unmarshal(claims[name], &n); return n }
	audience := r.issuer
	if r.generation == esignet.V1_6 {
		audience = r.issuer + "/v1/esignet/oauth/v2/token"
	}
	if text("iss") != form.Get("client_id") || text("sub") != text("iss") || text("aud") != audience || claims["nbf"] != nil || len(text("jti")) < 22 ||
		number("iat") != r.now.Unix() || number("exp") != r.now.Unix()+60 {
		return fmt.Sprintf("claims %s", claims)
	}
	return ""
}

// client makes a client as the recorded one was, at the time of an exchange.
func (r *recording) client(t *testing.T, clientID string, change func(*esignet.Config)) *esignet.Client {
	t.Helper()
	var key struct {
		Private jsontext.Value `json:"private"`
	}
	r.read(t, "client.jwk.json", &key)
	signing, err := esignet.ParseKey(key.Private, "")
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := os.ReadFile(filepath.Join(r.dir, "userinfo-signer.pem"))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := esignet.ParsePublicKeys(certificate)
	if err != nil {
		t.Fatal(err)
	}
	at := func(path string) string { return r.server.URL + "/v1/esignet" + path }
	config := esignet.Config{
		Issuer: r.issuer, Generation: r.generation, DiscoveryURL: at("/oidc/.well-known/openid-configuration"),
		Endpoints: esignet.Endpoints{Token: at("/oauth/v2/token"), UserInfo: at("/oidc/userinfo"), JWKS: at("/oauth/.well-known/jwks.json")},
		ClientID:  clientID, RedirectURI: "https://rp.example.org/callback", Keys: esignet.SingleKey(signing), IdentitySystemKeys: signer,
		Now: func() time.Time { return r.now },
	}
	if r.generation != esignet.V1_6 {
		config.Endpoints.PAR = at("/oauth/par")
	}
	if r.generation == esignet.V1_8 {
		r.read(t, "client-enc.jwk.json", &key)
		encryption, err := esignet.ParseKey(key.Private, "")
		if err != nil {
			t.Fatal(err)
		}
		config.DecryptionKeys = esignet.SingleKey(encryption)
	}
	if change != nil {
		change(&config)
	}
	c, err := esignet.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// attempt is the attempt that a recorded token call belongs to. paired tells that
// its authorization request was recorded too.
func (r *recording) attempt(t *testing.T, e exchange) (a *esignet.Attempt, clientID string, paired bool) {
	t.Helper()
	form := e.form(t)
	claims := payload(t, e.member("id_token"))
	_ = json.Unmarshal(claims["aud"], &clientID)
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	began, paired := r.begun[base64.RawURLEncoding.EncodeToString(sum[:])]
	if !paired {
		_ = json.Unmarshal(claims["nonce"], &began.nonce)
	}
	a = &esignet.Attempt{
		State: "state-of-the-test", Nonce: cmp.Or(began.nonce, "none was sent"), CodeVerifier: form.Get("code_verifier"),
		Began: r.now.Add(-30 * time.Second), ACRValues: strings.Fields(began.acr), Claims: began.claims,
	}
	if e.Response.Headers["content-type"] != "" && strings.EqualFold(e.member("token_type"), "DPoP") {
		var key struct {
			Private jsontext.Value `json:"private"`
		}
		r.read(t, "dpop.jwk.json", &key)
		a.DPoPKey = key.Private
	}
	return a, clientID, paired
}

// payload reads a JWT without looking at its signature.
func payload(t *testing.T, token string) map[string]jsontext.Value {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts", len(parts))
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]jsontext.Value
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func number(e exchange) string { return e.Name[:3] }

func sprint(v any) string { return fmt.Sprintf("%v %+v %#v", v, v, v) }
