package login_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/esignet/login"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

var b64 = base64.RawURLEncoding

// privateOf gives the bare key of one of the tests.
func privateOf(t *testing.T, k *esignet.Key) *rsa.PrivateKey {
	t.Helper()
	text, err := k.PEM()
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return private.(*rsa.PrivateKey)
}

// forge makes a token with any header and claims: by RS256 with a key, by HS256
// with a secret, or unsigned.
func forge(t *testing.T, header, claims map[string]any, with any) string {
	t.Helper()
	part := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return b64.EncodeToString(raw)
	}
	signed := part(header) + "." + part(claims)
	sum := sha256.Sum256([]byte(signed))
	var signature []byte
	switch k := with.(type) {
	case *rsa.PrivateKey:
		var err error
		if header["alg"] == "PS256" {
			signature, err = rsa.SignPSS(rand.Reader, k, crypto.SHA256, sum[:], nil)
		} else {
			signature, err = rsa.SignPKCS1v15(nil, k, crypto.SHA256, sum[:])
		}
		if err != nil {
			t.Fatal(err)
		}
	case []byte:
		mac := hmac.New(sha256.New, k)
		mac.Write([]byte(signed))
		signature = mac.Sum(nil)
	}
	return signed + "." + b64.EncodeToString(signature)
}

// assertionOf is a good assertion of DHIS2, with changes.
func (w *world) assertionOf(t *testing.T, header, claims map[string]any, with any) string {
	t.Helper()
	h := map[string]any{"alg": "RS256", "kid": "1", "jku": w.dhis2URL + "/api/publicKeys/esignet/jwks.json"}
	maps.Copy(h, header)
	now := w.now().Unix()
	c := map[string]any{"iss": dhis2Client, "sub": dhis2Client, "aud": w.url + "/token", "iat": now, "exp": now + 60, "jti": rand.Text()}
	maps.Copy(c, claims)
	for name, v := range c {
		if v == nil {
			delete(c, name)
		}
	}
	return forge(t, h, c, with)
}

// verifierOf is a PKCE verifier of the tests' own requests.
const verifierOf = "a-verifier-of-at-least-forty-three-characters-0123456789"

// request is what DHIS2 sends to authorize, with changes.
func (w *world) request(changes url.Values) string {
	sum := sha256.Sum256([]byte(verifierOf))
	q := url.Values{"response_type": {"code"}, "client_id": {dhis2Client}, "scope": {"openid"}, "state": {"a-state"}, "nonce": {"a-nonce"},
		"redirect_uri": {w.dhis2URL + "/oauth2/code/esignet"}, "code_challenge": {b64.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	for name, v := range changes {
		if v == nil {
			q.Del(name)
		} else {
			q[name] = v
		}
	}
	return w.url + "/authorize?" + q.Encode()
}

// code gets a code of the façade by a request of the test's own.
func (w *world) code(t *testing.T) string {
	t.Helper()
	b := w.browser()
	page, status, body := w.get(b, w.request(nil))
	if status != 303 {
		t.Fatalf("authorize: %d %s", status, body)
	}
	back, _, _ := w.get(b, w.person(nurse, page))
	u, err := url.Parse(back)
	if err != nil || u.Query().Get("code") == "" || u.Query().Get("state") != "a-state" || u.Query().Get("iss") != w.url {
		t.Fatalf("back to %s: %v\n%s", back, err, w.log)
	}
	return u.Query().Get("code")
}

// redeem calls the token endpoint with a good request that is changed.
func (w *world) redeem(t *testing.T, code string, changes url.Values) (status int, body string) {
	t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {w.dhis2URL + "/oauth2/code/esignet"}, "client_id": {dhis2Client},
		"code_verifier": {verifierOf}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion": {w.assertionOf(t, nil, nil, privateOf(t, key(t, "dhis2")))}}
	for name, v := range changes {
		if v == nil {
			form.Del(name)
		} else {
			form[name] = v
		}
	}
	return post(t, w.url+"/token", form.Encode(), nil)
}

func post(t *testing.T, address, body string, header http.Header) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	maps.Copy(req.Header, header)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// TestAttackAuthorize: who is not the configured DHIS2 gets a page and no
// redirect; what DHIS2 would not send goes back to DHIS2 alone.
func TestAttackAuthorize(t *testing.T) {
	w := newWorld(t, sandbox.V18)
	evil := "https://evil.example/oauth2/code/esignet"
	for _, tt := range []struct {
		name    string
		changes url.Values
		raw     string // appended
		want    string // error at DHIS2; "" stays on a page
	}{
		{name: "another client", changes: url.Values{"client_id": {"somebody"}}},
		{name: "no client", changes: url.Values{"client_id": nil}},
		{name: "open redirect: another host", changes: url.Values{"redirect_uri": {evil}}},
		{name: "open redirect: a suffix", changes: url.Values{"redirect_uri": {w.dhis2URL + "/oauth2/code/esignet/../../evil"}}},
		{name: "open redirect: a query", changes: url.Values{"redirect_uri": {w.dhis2URL + "/oauth2/code/esignet?next=" + evil}}},
		{name: "open redirect: a user", changes: url.Values{"redirect_uri": {strings.Replace(w.dhis2URL, "http://", "http://evil@", 1) + "/oauth2/code/esignet"}}},
		{name: "open redirect: a fragment", changes: url.Values{"redirect_uri": {w.dhis2URL + "/oauth2/code/esignet#x"}}},
		{name: "open redirect: other case", changes: url.Values{"redirect_uri": {w.dhis2URL + "/OAuth2/code/esignet"}}},
		{name: "redirect_uri twice", raw: "&redirect_uri=" + url.QueryEscape(evil)},
		{name: "client_id twice", raw: "&client_id=somebody"},
		{name: "no redirect_uri", changes: url.Values{"redirect_uri": nil}},
		{name: "state twice", raw: "&state=other"},
		{name: "a query that is none", raw: "&%zz"},
		{name: "token in the redirect", changes: url.Values{"response_type": {"token"}}, want: "unsupported_response_type"},
		{name: "id_token in the redirect", changes: url.Values{"response_type": {"id_token"}}, want: "unsupported_response_type"},
		{name: "fragment mode", changes: url.Values{"response_mode": {"fragment"}}, want: "invalid_request"},
		{name: "form_post mode", changes: url.Values{"response_mode": {"form_post"}}, want: "invalid_request"},
		{name: "no openid", changes: url.Values{"scope": {"profile"}}, want: "invalid_scope"},
		{name: "no nonce", changes: url.Values{"nonce": nil}, want: "invalid_request"},
		{name: "no state", changes: url.Values{"state": nil}, want: "invalid_request"},
		{name: "a long state", changes: url.Values{"state": {strings.Repeat("x", 2000)}}, want: "invalid_request"},
		{name: "a state with a line end", changes: url.Values{"state": {"a\r\nSet-Cookie: x=y"}}, want: "invalid_request"},
		{name: "plain PKCE", changes: url.Values{"code_challenge_method": {"plain"}}, want: "invalid_request"},
		{name: "PKCE without method", changes: url.Values{"code_challenge_method": nil}, want: "invalid_request"},
		{name: "PKCE without challenge", changes: url.Values{"code_challenge": nil}, want: "invalid_request"},
		{name: "a request object", changes: url.Values{"request": {"e30.e30."}}, want: "request_not_supported"},
		{name: "a request at an address", changes: url.Values{"request_uri": {evil}}, want: "request_uri_not_supported"},
		{name: "silent sign-in", changes: url.Values{"prompt": {"none"}}, want: "login_required"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			location, status, body := w.get(w.browser(), w.request(tt.changes)+tt.raw)
			if tt.want == "" {
				if location != "" || status != 400 {
					t.Errorf("status %d, leads to %s", status, location)
				}
				if strings.Contains(body, "evil") {
					t.Error("the page repeats what was sent")
				}
				return
			}
			u, err := url.Parse(location)
			if err != nil || !strings.HasPrefix(location, w.dhis2URL+"/oauth2/code/esignet?") || u.Query().Get("error") != tt.want {
				t.Errorf("status %d, leads to %s, want the error %s", status, location, tt.want)
			}
		})
	}
	t.Run("an endless address", func(t *testing.T) {
		if location, status, _ := w.get(w.browser(), w.request(url.Values{"x": {strings.Repeat("x", 20<<10)}})); status != 414 || location != "" {
			t.Errorf("status %d, leads to %s", status, location)
		}
	})
	if n, _ := w.service.Sizes(); n != 0 {
		t.Errorf("%d attempts were begun", n)
	}
}

// TestAttackCallback: an answer of eSignet counts once, in the browser that began.
func TestAttackCallback(t *testing.T) {
	w := newWorld(t, sandbox.V18)
	w.link(nurse, "nurse")
	refused := func(t *testing.T, location string) {
		t.Helper()
		if location != w.url+"/stopped?why=expired" && location != w.url+"/stopped?why=unverified" {
			t.Errorf("leads to %s", location)
		}
	}
	t.Run("login CSRF: the attacker's answer in the victim's browser", func(t *testing.T) {
		attacker, victim := w.browser(), w.browser()
		_, page := w.begin(attacker)
		location, _, _ := w.get(victim, w.person(nurse, page))
		refused(t, location)
	})
	t.Run("stolen answer in a second browser that began itself", func(t *testing.T) {
		victim, thief := w.browser(), w.browser()
		_, page := w.begin(victim)
		w.begin(thief)
		location, _, _ := w.get(thief, w.person(nurse, page))
		refused(t, location)
	})
	t.Run("replayed answer", func(t *testing.T) {
		b := w.browser()
		_, page := w.begin(b)
		back := w.person(nurse, page)
		if first, _, _ := w.get(b, back); !strings.HasPrefix(first, w.dhis2URL) {
			t.Fatalf("the first leads to %s", first)
		}
		location, _, _ := w.get(b, back)
		refused(t, location)
	})
	t.Run("forged cookie", func(t *testing.T) {
		_, page := w.begin(w.browser())
		back := w.person(nurse, page)
		u, err := url.Parse(back)
		if err != nil {
			t.Fatal(err)
		}
		other := w.browser()
		at, err := url.Parse(w.url)
		if err != nil {
			t.Fatal(err)
		}
		other.Jar.SetCookies(at, []*http.Cookie{{Name: "esignet-login-" + u.Query().Get("state")[:12], Value: "guessed", Path: "/"}})
		location, _, _ := w.get(other, back)
		refused(t, location)
	})
	t.Run("answer after ten minutes", func(t *testing.T) {
		late := newWorld(t, sandbox.V16)
		b := late.browser()
		_, page := late.begin(b)
		back := late.person(nurse, page)
		late.advance(11 * time.Minute)
		if location, _, _ := late.get(b, back); location != late.url+"/stopped?why=expired" {
			t.Errorf("leads to %s", location)
		}
	})
	for name, change := range map[string]func(url.Values){
		"mixed-up issuer": func(q url.Values) { q.Set("iss", "https://other.example") },
		"no issuer":       func(q url.Values) { q.Del("iss") },
		"code twice":      func(q url.Values) { q.Add("code", "another") },
		"another code":    func(q url.Values) { q.Set("code", "another") },
		"no code":         func(q url.Values) { q.Del("code") },
		"a script as error": func(q url.Values) {
			q.Del("code")
			q.Set("error", "<script>alert(1)</script>")
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := w.browser()
			_, page := w.begin(b)
			back, err := url.Parse(w.person(nurse, page))
			if err != nil {
				t.Fatal(err)
			}
			q := back.Query()
			change(q)
			back.RawQuery = q.Encode()
			location, _, _ := w.get(b, back.String())
			if !strings.HasPrefix(location, w.url+"/stopped?why=") {
				t.Errorf("leads to %s", location)
			}
			if strings.Contains(w.log.String(), "script") {
				t.Error("the log repeats what was sent")
			}
		})
	}
	for _, m := range []sandbox.Misbehaviour{sandbox.UnsignedToken, sandbox.SymmetricToken, sandbox.OtherKeySameName, sandbox.EmbeddedKey, sandbox.WrongNonce,
		sandbox.WrongAudience, sandbox.WrongIssuer, sandbox.ExpiredToken, sandbox.UserinfoOtherSubject, sandbox.UserinfoOtherKey, sandbox.UserinfoUnsigned, sandbox.UserinfoPlain} {
		t.Run(string(m), func(t *testing.T) {
			w.esignet.Misbehave(m)
			defer w.esignet.Misbehave()
			if location := w.callback(w.browser(), nurse); !strings.HasPrefix(location, w.url+"/stopped?why=") {
				t.Errorf("leads to %s", location)
			}
		})
	}
	t.Run("a reason that is none", func(t *testing.T) {
		_, _, body := w.get(w.browser(), w.url+"/stopped?why="+url.QueryEscape("<script>alert(1)</script>"))
		if strings.Contains(body, "<script") || !strings.Contains(body, "no longer valid") {
			t.Errorf("page %s", body)
		}
	})
	t.Run("a code for the administrator that is none", func(t *testing.T) {
		b := w.browser()
		at, err := url.Parse(w.url)
		if err != nil {
			t.Fatal(err)
		}
		b.Jar.SetCookies(at, []*http.Cookie{{Name: "esignet-request", Value: "CALL-0771234567", Path: "/"}})
		if _, status, body := w.get(b, w.url+"/requested"); status != 404 || strings.Contains(body, "0771234567") {
			t.Errorf("status %d: %s", status, body)
		}
	})
}

// TestAttackToken: only DHIS2 redeems a code, once, in time, with what belongs to
// it.
func TestAttackToken(t *testing.T) {
	w := newWorld(t, sandbox.V18)
	w.link(nurse, "nurse")
	own, stranger := privateOf(t, key(t, "dhis2")), privateOf(t, key(t, "a stranger"))
	public, err := x509.MarshalPKIXPublicKey(own.Public())
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	fetched := 0
	evil := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { fetched++ }))
	defer evil.Close()
	strangerJWK, err := key(t, "a stranger").PublicJWK(esignet.UseSignature)
	if err != nil {
		t.Fatal(err)
	}
	now := w.now().Unix()
	kept := w.code(t)
	for _, tt := range []struct {
		name      string
		assertion string
	}{
		{"alg none", w.assertionOf(t, map[string]any{"alg": "none"}, nil, nil)},
		{"HS256 with the public key", w.assertionOf(t, map[string]any{"alg": "HS256"}, nil, publicPEM)},
		{"PS256 by DHIS2's own key", w.assertionOf(t, map[string]any{"alg": "PS256"}, nil, own)},
		{"another key under the kid", w.assertionOf(t, nil, nil, stranger)},
		{"another key at its own jku", w.assertionOf(t, map[string]any{"jku": evil.URL + "/jwks.json"}, nil, stranger)},
		{"another key in the header", w.assertionOf(t, map[string]any{"jwk": json.RawMessage(strangerJWK)}, nil, stranger)},
		{"another key at x5u", w.assertionOf(t, map[string]any{"x5u": evil.URL + "/cert.pem"}, nil, stranger)},
		{"an extension that must be understood", w.assertionOf(t, map[string]any{"crit": []string{"exp"}}, nil, own)},
		{"another kind of token", w.assertionOf(t, map[string]any{"typ": "dpop+jwt"}, nil, own)},
		{"for eSignet", w.assertionOf(t, nil, map[string]any{"aud": w.esignetURL + "/v1/esignet/oauth/v2/token"}, own)},
		{"for two", w.assertionOf(t, nil, map[string]any{"aud": []string{w.url + "/token", w.esignetURL}}, own)},
		{"for nobody", w.assertionOf(t, nil, map[string]any{"aud": nil}, own)},
		{"another issuer", w.assertionOf(t, nil, map[string]any{"iss": "somebody"}, own)},
		{"another subject", w.assertionOf(t, nil, map[string]any{"sub": "somebody"}, own)},
		{"expired", w.assertionOf(t, nil, map[string]any{"exp": now - 120}, own)},
		{"without end", w.assertionOf(t, nil, map[string]any{"exp": nil}, own)},
		{"good for a day", w.assertionOf(t, nil, map[string]any{"exp": now + 86400}, own)},
		{"an end beyond all clocks", w.assertionOf(t, nil, map[string]any{"exp": 1e300}, own)},
		{"of the future", w.assertionOf(t, nil, map[string]any{"iat": now + 600}, own)},
		{"not yet good", w.assertionOf(t, nil, map[string]any{"nbf": now + 600}, own)},
		{"without a jti", w.assertionOf(t, nil, map[string]any{"jti": nil}, own)},
		{"a jti without end", w.assertionOf(t, nil, map[string]any{"jti": strings.Repeat("x", 300)}, own)},
		{"claims that are a list", strings.Replace(w.assertionOf(t, nil, nil, own), ".", ".W10.", 1)},
		{"no token", "not.a.token"},
		{"endless", strings.Repeat("x", 20<<10)},
		{"empty", ""},
	} {
		t.Run("assertion: "+tt.name, func(t *testing.T) {
			status, body := w.redeem(t, kept, url.Values{"client_assertion": {tt.assertion}})
			if status != 401 || body != `{"error":"invalid_client"}` {
				t.Errorf("status %d %s", status, body)
			}
		})
	}
	if fetched != 0 {
		t.Errorf("an address of an assertion was fetched %d times", fetched)
	}
	for name, changes := range map[string]url.Values{
		"a secret beside the assertion": {"client_secret": {"unused"}},
		"another client id":             {"client_id": {"somebody"}},
		"another kind of assertion":     {"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}},
		"no assertion":                  {"client_assertion": nil, "client_assertion_type": nil},
	} {
		t.Run(name, func(t *testing.T) {
			if status, body := w.redeem(t, kept, changes); status != 401 {
				t.Errorf("status %d %s", status, body)
			}
		})
	}
	t.Run("basic authentication", func(t *testing.T) {
		form := url.Values{"grant_type": {"authorization_code"}, "code": {kept}}
		if status, body := post(t, w.url+"/token", form.Encode(), http.Header{"Authorization": {"Basic ZGhpczI6dW51c2Vk"}}); status != 401 {
			t.Errorf("status %d %s", status, body)
		}
	})
	// None of this spent the code: DHIS2 still gets its tokens.
	assertion := w.assertionOf(t, nil, nil, own)
	status, answer := w.redeem(t, kept, url.Values{"client_assertion": {assertion}})
	if status != 200 {
		t.Fatalf("status %d %s\n%s", status, answer, w.log)
	}
	var tokens struct {
		Access string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(answer), &tokens); err != nil {
		t.Fatal(err)
	}
	t.Run("replayed assertion", func(t *testing.T) {
		if status, body := w.redeem(t, w.code(t), url.Values{"client_assertion": {assertion}}); status != 401 {
			t.Errorf("status %d %s", status, body)
		}
	})
	t.Run("replayed code takes the token back", func(t *testing.T) {
		if status := w.userinfo(t, "Bearer "+tokens.Access); status != 200 {
			t.Fatalf("userinfo: %d", status)
		}
		if status, body := w.redeem(t, kept, nil); status != 400 || body != `{"error":"invalid_grant"}` {
			t.Errorf("status %d %s", status, body)
		}
		if status := w.userinfo(t, "Bearer "+tokens.Access); status != 401 {
			t.Errorf("userinfo after the replay: %d", status)
		}
	})
	for name, changes := range map[string]url.Values{
		"another redirect_uri":  {"redirect_uri": {"https://evil.example/"}},
		"no redirect_uri":       {"redirect_uri": nil},
		"another code_verifier": {"code_verifier": {strings.Repeat("x", 43)}},
		"no code_verifier":      {"code_verifier": nil},
		"a guessed code":        {"code": {"guessed"}},
		"no code":               {"code": nil},
	} {
		t.Run(name, func(t *testing.T) {
			code := w.code(t)
			if status, body := w.redeem(t, code, changes); status != 400 || body != `{"error":"invalid_grant"}` {
				t.Errorf("status %d %s", status, body)
			}
			if changes["code"] != nil || name == "no code" {
				return
			}
			if status, _ := w.redeem(t, code, nil); status != 400 {
				t.Errorf("the code is good after that: %d", status)
			}
		})
	}
	t.Run("PKCE added later", func(t *testing.T) {
		b := w.browser()
		page, _, _ := w.get(b, w.request(url.Values{"code_challenge": nil, "code_challenge_method": nil}))
		back, _, _ := w.get(b, w.person(nurse, page))
		u, err := url.Parse(back)
		if err != nil {
			t.Fatal(err)
		}
		if status, _ := w.redeem(t, u.Query().Get("code"), nil); status != 400 {
			t.Errorf("status %d", status)
		}
	})
	t.Run("code after a minute", func(t *testing.T) {
		code := w.code(t)
		w.advance(61 * time.Second)
		if status, _ := w.redeem(t, code, nil); status != 400 {
			t.Errorf("status %d", status)
		}
	})
	t.Run("another grant", func(t *testing.T) {
		if status, body := w.redeem(t, w.code(t), url.Values{"grant_type": {"client_credentials"}}); status != 400 || !strings.Contains(body, "unsupported_grant_type") {
			t.Errorf("status %d %s", status, body)
		}
	})
	for name, body := range map[string]string{
		"a parameter twice": "grant_type=authorization_code&code=a&code=b", "no form": "%zz", "an endless body": "x=" + strings.Repeat("x", 70<<10),
	} {
		t.Run(name, func(t *testing.T) {
			if status, answer := post(t, w.url+"/token", body, nil); status != 400 || answer != `{"error":"invalid_request"}` {
				t.Errorf("status %d %s", status, answer)
			}
		})
	}
	t.Run("JSON for a form", func(t *testing.T) {
		if status, _ := post(t, w.url+"/token", "{}", http.Header{"Content-Type": {"application/json"}}); status != 400 {
			t.Errorf("status %d", status)
		}
	})
	for name, header := range map[string]string{
		"userinfo without a token": "", "userinfo with a guess": "Bearer guess", "userinfo with another scheme": "Basic " + tokens.Access,
		"userinfo with an endless token": "Bearer " + strings.Repeat("x", 10<<10),
	} {
		t.Run(name, func(t *testing.T) {
			if status := w.userinfo(t, header); status != 401 {
				t.Errorf("status %d", status)
			}
		})
	}
	t.Run("token after its time", func(t *testing.T) {
		_, answer := w.redeem(t, w.code(t), nil)
		if err := json.Unmarshal([]byte(answer), &tokens); err != nil {
			t.Fatal(err)
		}
		w.advance(3 * time.Minute)
		if status := w.userinfo(t, "Bearer "+tokens.Access); status != 401 {
			t.Errorf("status %d", status)
		}
	})
	// Nothing of all this is in the log.
	log := w.log.String()
	for _, secret := range []string{kept, assertion, tokens.Access, verifierOf, sandbox.Subject(nurse, relyingParty), "a-state", "a-nonce"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret[:min(12, len(secret))])
		}
	}
}

func (w *world) userinfo(t *testing.T, authorization string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", w.url+"/userinfo", nil)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

// TestAttackDHIS2Down: while DHIS2's key set cannot be reached nobody is let in,
// and the code stays.
func TestAttackDHIS2Down(t *testing.T) {
	w := newWorld(t, sandbox.V18, func(c *login.Config, _ *sandbox.Config, _ *string) {
		c.DHIS2.KeySetURL = "http://127.0.0.1:1/jwks.json"
	})
	w.link(nurse, "nurse")
	if status, body := w.redeem(t, w.code(t), nil); status != 503 || body != `{"error":"temporarily_unavailable"}` {
		t.Errorf("status %d %s", status, body)
	}
}

// TestAttackFlood: beyond what there is room for, people are turned away and
// nothing grows.
func TestAttackFlood(t *testing.T) {
	w := newWorld(t, sandbox.V18, func(c *login.Config, _ *sandbox.Config, _ *string) { c.MaxAttempts = 3 })
	turned := 0
	for range 8 {
		if _, status, _ := w.get(w.browser(), w.request(nil)); status == 503 {
			turned++
		}
	}
	if n, _ := w.service.Sizes(); n != 3 || turned != 5 {
		t.Errorf("%d attempts, %d turned away", n, turned)
	}
	w.advance(11 * time.Minute)
	if _, status, _ := w.get(w.browser(), w.request(nil)); status != 303 {
		t.Errorf("status %d after the others have expired", status)
	}
	if n, _ := w.service.Sizes(); n != 1 {
		t.Errorf("%d attempts", n)
	}
}
