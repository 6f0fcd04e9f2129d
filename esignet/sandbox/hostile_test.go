package sandbox_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/rs/zerolog"
	"golang.org/x/oauth2"

	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// tokenCall sends a token request and gives status, error and description.
func (p *party) tokenCall(form url.Values, proof string) (int, string, string) {
	p.t.Helper()
	res := p.post(p.endpoint("token_endpoint"), form, proof)
	var e struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.UnmarshalRead(res.Body, &e); err != nil && res.StatusCode != 200 && res.StatusCode != 413 {
		p.t.Fatalf("status %d: %v", res.StatusCode, err)
	}
	return res.StatusCode, e.Error, e.Description
}

func (p *party) goodForm(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "client_id": {p.id}, "redirect_uri": {callback},
		"code_verifier": {p.verifier}, "client_assertion_type": {jwtBearer}, "client_assertion": {p.assertion(nil)}}
}

// TestTokenAttacks: every forged token call is refused with the error of the
// version, and the code is still good for its owner afterwards, once.
func TestTokenAttacks(t *testing.T) {
	type errs struct{ v16, v17, v18 string } // error; v18 is that of 2.0, too
	client := errs{"invalid_assertion", "invalid_client", "invalid_client"}
	grant := errs{"invalid_transaction", "invalid_grant", "invalid_grant"}
	attacks := []struct {
		name   string
		want   errs
		change func(*party, url.Values)
	}{
		{"assertion with alg none", client, func(p *party, f url.Values) {
			f.Set("client_assertion", signJWS(p.t, claimsOf(p), "none", nil, nil))
		}},
		{"assertion with HS256 and the public key", client, func(p *party, f url.Values) {
			input := part(p.t, map[string]any{"alg": "HS256"}) + "." + part(p.t, claimsOf(p))
			der, err := x509.MarshalPKIXPublicKey(&p.key.PublicKey)
			if err != nil {
				p.t.Fatal(err)
			}
			mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
			mac.Write([]byte(input))
			f.Set("client_assertion", input+"."+raw64.EncodeToString(mac.Sum(nil)))
		}},
		{"assertion signed with a key of its own header", client, func(p *party, f url.Values) {
			f.Set("client_assertion", signJWS(p.t, claimsOf(p), "RS256", keyOnce()[3], map[string]any{"jwk": map[string]any{
				"kty": "RSA", "n": raw64.EncodeToString(keyOnce()[3].N.Bytes()), "e": "AQAB"}}))
		}},
		{"assertion with a crit header", client, func(p *party, f url.Values) {
			f.Set("client_assertion", signJWS(p.t, claimsOf(p), "RS256", p.key, map[string]any{"crit": []string{"x"}, "x": 1}))
		}},
		{"assertion of another client", client, func(p *party, f url.Values) {
			f.Set("client_assertion", p.assertion(func(c map[string]any) { c["iss"], c["sub"] = "other", "other" }))
		}},
		{"assertion for another server", client, func(p *party, f url.Values) {
			f.Set("client_assertion", p.assertion(func(c map[string]any) { c["aud"] = "https://other.example.org/token" }))
		}},
		{"expired assertion", client, func(p *party, f url.Values) {
			f.Set("client_assertion", p.assertion(func(c map[string]any) { c["exp"] = time.Now().Unix() - 60 }))
		}},
		{"assertion without jti", client, func(p *party, f url.Values) {
			f.Set("client_assertion", p.assertion(func(c map[string]any) { delete(c, "jti") }))
		}},
		{"assertion that is no JWT", client, func(p *party, f url.Values) { f.Set("client_assertion", "a.b.c") }},
		{"assertion cut off", client, func(p *party, f url.Values) {
			a := f.Get("client_assertion")
			f.Set("client_assertion", a[:len(a)-9])
		}},
		{"no assertion", client, func(p *party, f url.Values) { f.Del("client_assertion") }},
		{"client_secret in its place", errs{"invalid_assertion_type", "invalid_client", "invalid_client"}, func(p *party, f url.Values) {
			f.Del("client_assertion")
			f.Del("client_assertion_type")
			f.Set("client_secret", "secret")
		}},
		{"wrong verifier", errs{"pkce_failed", "invalid_request", "invalid_grant"}, func(p *party, f url.Values) {
			f.Set("code_verifier", oauth2.GenerateVerifier())
		}},
		{"no verifier", errs{"invalid_pkce_code_verifier", "invalid_request", "invalid_grant"}, func(p *party, f url.Values) { f.Del("code_verifier") }},
		{"the challenge as verifier", errs{"pkce_failed", "invalid_request", "invalid_grant"}, func(p *party, f url.Values) {
			f.Set("code_verifier", hashOf(p.verifier))
		}},
		{"another redirect URI", errs{"invalid_redirect_uri", "invalid_request", "invalid_request"}, func(p *party, f url.Values) {
			f.Set("redirect_uri", callback+"/")
		}},
		{"another client id", errs{"invalid_client_id", "invalid_request", "invalid_request"}, func(p *party, f url.Values) { f.Set("client_id", "other") }},
		{"guessed code", grant, func(p *party, f url.Values) { f.Set("code", strings.Repeat("A", 43)) }},
		{"code of 100 kB", grant, func(p *party, f url.Values) { f.Set("code", strings.Repeat("A", 100_000)) }},
		{"refresh token", errs{"invalid_grant_type", "unsupported_grant_type", "unsupported_grant_type"}, func(p *party, f url.Values) {
			f.Set("grant_type", "refresh_token")
		}},
		{"two codes", errs{"invalid_request", "invalid_request", "invalid_request"}, func(p *party, f url.Values) { f.Add("code", f.Get("code")) }},
	}
	everyVersion(t, func(t *testing.T, v sandbox.Version) {
		p := start(t, v, nil)
		code := p.signIn(sandbox.Person{})
		for _, a := range attacks {
			form := p.goodForm(code)
			a.change(p, form)
			want := map[sandbox.Version]string{sandbox.V16: a.want.v16, sandbox.V17: a.want.v17, sandbox.V18: a.want.v18, sandbox.V20: a.want.v18}[v]
			if status, got, _ := p.tokenCall(form, ""); got != want || status != 400 && !(v == sandbox.V16 && status == 500) {
				t.Errorf("%s: %d %s, want %s", a.name, status, got, want)
			}
		}
		form := p.goodForm(code)
		if status, e, _ := p.tokenCall(form, ""); status != 200 {
			t.Fatalf("the owner of the code, afterwards: %d %s", status, e)
		}
		if status, _, _ := p.tokenCall(p.goodForm(code), ""); status != 400 {
			t.Errorf("the code a second time: %d", status)
		}
		// The assertion that was spent, with a fresh code.
		again := form.Get("client_assertion")
		next := p.goodForm(p.signIn(sandbox.Person{}))
		next.Set("client_assertion", again)
		status, got, _ := p.tokenCall(next, "")
		if v == sandbox.V16 && status != 200 {
			t.Errorf("1.6 knows no replayed assertions: %d %s", status, got)
		}
		if v != sandbox.V16 && got != "invalid_client" {
			t.Errorf("replayed assertion: %d %s", status, got)
		}
		// A code that is too old.
		old := p.signIn(sandbox.Person{})
		p.server.Advance(time.Hour)
		if status, got, _ := p.tokenCall(p.goodForm(old), ""); status != 400 || got == "" {
			t.Errorf("a code an hour old: %d %s", status, got)
		}
	})
}

func claimsOf(p *party) map[string]any {
	now := time.Now().Unix()
	return map[string]any{"iss": p.id, "sub": p.id, "aud": p.endpoint("token_endpoint"), "iat": now, "exp": now + 60, "jti": randomText()}
}

// TestAuthorizeAttacks: what is wrong with a request stops on the page, and
// nothing goes to an address that is not registered.
func TestAuthorizeAttacks(t *testing.T) {
	set := oauth2.SetAuthURLParam
	attacks := []struct {
		name, want string
		params     []oauth2.AuthCodeOption
	}{
		{"unknown client", "invalid_client_id", []oauth2.AuthCodeOption{set("client_id", "nobody")}},
		{"another host", "invalid_redirect_uri", []oauth2.AuthCodeOption{set("redirect_uri", "https://evil.example.org/callback")}},
		{"a longer path", "invalid_redirect_uri", []oauth2.AuthCodeOption{set("redirect_uri", callback+"/../evil")}},
		{"user information", "invalid_redirect_uri", []oauth2.AuthCodeOption{set("redirect_uri", "https://rp.example.org@evil.example.org/callback")}},
		{"a fragment", "invalid_redirect_uri", []oauth2.AuthCodeOption{set("redirect_uri", callback+"#x")}},
		{"a query", "invalid_redirect_uri", []oauth2.AuthCodeOption{set("redirect_uri", callback+"?next=x")}},
		{"javascript", "invalid_redirect_uri", []oauth2.AuthCodeOption{set("redirect_uri", "javascript:alert(1)")}},
		{"no openid", "invalid_scope", []oauth2.AuthCodeOption{set("scope", "profile")}},
		{"implicit flow", "invalid_response_type", []oauth2.AuthCodeOption{set("response_type", "id_token")}},
		{"plain challenge", "unsupported_pkce_challenge_method", []oauth2.AuthCodeOption{set("code_challenge_method", "plain")}},
		{"bad claims", "invalid_claim", []oauth2.AuthCodeOption{set("claims", "{not json")}},
		{"claims with a duplicate member", "invalid_claim", []oauth2.AuthCodeOption{set("claims", `{"userinfo":{"name":null,"name":null},"id_token":{}}`)}},
		{"unknown request_uri", "", []oauth2.AuthCodeOption{set("request_uri", "urn:ietf:params:oauth:request_uri:AAAA")}},
		{"bad prompt", "invalid_prompt", []oauth2.AuthCodeOption{set("prompt", "later")}},
	}
	everyVersion(t, func(t *testing.T, v sandbox.Version) {
		p := start(t, v, nil)
		for _, a := range attacks {
			if a.want == "" {
				if v < sandbox.V18 {
					continue // not read beside other parameters
				}
				a.want = "invalid_request"
			}
			back, err := sandbox.Person{}.SignIn(t.Context(), p.authorizeURL(a.params...))
			if err != nil && strings.Contains(err.Error(), "stopped with "+a.want) {
				continue
			}
			if v == sandbox.V20 && err == nil && strings.HasPrefix(back.String(), callback+"?") && back.Query().Get("error") != "" &&
				back.Query().Get("code") == "" && back.Query().Get("error_description") == a.want {
				continue // 2.0 tells the relying party, at its registered address
			}
			t.Errorf("%s: %v %v, want %s", a.name, back, err, a.want)
		}
		// The same request again: the nonce is spent, up to 1.8.
		address := p.authorizeURL()
		if _, err := (sandbox.Person{}).SignIn(t.Context(), address); err != nil {
			t.Fatal(err)
		}
		if _, err := (sandbox.Person{}).SignIn(t.Context(), address); v != sandbox.V20 && (err == nil || !strings.Contains(err.Error(), "invalid_request")) {
			t.Errorf("the same request again: %v", err)
		}
	})
}

// TestPushedAttacks: a request_uri works once, for its client, for its time.
func TestPushedAttacks(t *testing.T) {
	for _, v := range []sandbox.Version{sandbox.V17, sandbox.V18, sandbox.V20} {
		t.Run(string(v), func(t *testing.T) {
			p := start(t, v, nil)
			if err := p.server.RegisterClient(sandbox.ClientRequest{ClientID: "other", PublicKey: publicJWK(t, keyOnce()[3]), RedirectURIs: []string{callback}}); err != nil {
				t.Fatal(err)
			}
			par := p.endpoint("pushed_authorization_request_endpoint")
			push := func(change func(url.Values), proof string) (int, string) {
				plain, err := url.Parse(p.authorizeURL())
				if err != nil {
					t.Fatal(err)
				}
				form := plain.Query()
				form.Set("client_assertion_type", jwtBearer)
				form.Set("client_assertion", p.assertion(nil))
				if change != nil {
					change(form)
				}
				res := p.post(par, form, proof)
				var doc struct {
					URI   string `json:"request_uri"`
					Error string `json:"error"`
				}
				if err := json.UnmarshalRead(res.Body, &doc); err != nil {
					t.Fatal(err)
				}
				return res.StatusCode, doc.URI + doc.Error
			}
			open := func(client, uri string) error {
				_, err := sandbox.Person{}.SignIn(t.Context(), p.endpoint("authorization_endpoint")+"?"+url.Values{"client_id": {client}, "request_uri": {uri}}.Encode())
				return err
			}
			_, uri := push(nil, "")
			if err := open(p.id, uri); err != nil {
				t.Fatal(err)
			}
			if err := open(p.id, uri); err == nil {
				t.Error("a request_uri worked twice")
			}
			_, uri = push(nil, "")
			if err := open("other", uri); err == nil {
				t.Error("a request_uri of another client worked")
			}
			if err := open(p.id, uri); err == nil {
				t.Error("a request_uri that another client tried is still good")
			}
			_, uri = push(nil, "")
			p.server.Advance(61 * time.Minute)
			if err := open(p.id, uri); err == nil {
				t.Error("a request_uri an hour old worked")
			}
			p.server.Advance(-61 * time.Minute)
			for name, change := range map[string]func(url.Values){
				"another redirect URI": func(f url.Values) { f.Set("redirect_uri", "https://evil.example.org/") },
				"a request_uri":        func(f url.Values) { f.Set("request_uri", uri) },
				"no assertion":         func(f url.Values) { f.Del("client_assertion") },
				"another client":       func(f url.Values) { f.Set("client_id", "other") },
			} {
				if status, e := push(change, ""); status != 400 || !strings.HasPrefix(e, "invalid_") {
					t.Errorf("%s: %d %s", name, status, e)
				}
			}
			// A proof that was used, one for another address, and no proof at all.
			proof := p.proof("POST", par, "", "")
			if status, e := push(nil, proof); status != 201 {
				t.Errorf("a good proof: %d %s", status, e)
			}
			for name, text := range map[string]string{"replayed": proof, "other address": p.proof("POST", p.endpoint("token_endpoint"), "", ""),
				"other method": p.proof("GET", par, "", ""), "garbage": "x.y.z"} {
				if status, e := push(nil, text); status != 400 || e != "invalid_dpop_proof" {
					t.Errorf("proof, %s: %d %s", name, status, e)
				}
			}
		})
	}
}

// opened is a new browser on the page of a new sign-in, whose address it gives.
func (p *party) opened() (browser *http.Client, page string) {
	p.t.Helper()
	browser = &http.Client{Jar: newJar(p.t)}
	res, err := browser.Get(p.authorizeURL())
	if err != nil {
		p.t.Fatal(err)
	}
	res.Body.Close()
	return browser, res.Request.URL.String()
}

// TestSecondBrowser: a dialogue belongs to the browser that began it, and its
// forms to its own pages.
func TestSecondBrowser(t *testing.T) {
	p := start(t, sandbox.V18, nil)
	first, login := p.opened()

	stolen, err := (&http.Client{Jar: newJar(t)}).Get(login)
	if err != nil {
		t.Fatal(err)
	}
	defer stolen.Body.Close()
	if page, _ := io.ReadAll(stolen.Body); stolen.StatusCode != 400 || !bytes.Contains(page, []byte("invalid_transaction")) {
		t.Errorf("a second browser: %d", stolen.StatusCode)
	}

	form := url.Values{"individualId": {"9900000001"}, "factor": {"OTP"}}
	req, err := http.NewRequest("POST", login+"/identify", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", "https://evil.example.org")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	forged, err := first.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	forged.Body.Close()
	if forged.StatusCode != 400 {
		t.Errorf("a form of another site: %d", forged.StatusCode)
	}
	same, err := first.PostForm(login+"/identify", form)
	if err != nil {
		t.Fatal(err)
	}
	defer same.Body.Close()
	if page, _ := io.ReadAll(same.Body); same.StatusCode != 200 || !bytes.Contains(page, []byte("challenge")) {
		t.Errorf("its own form: %d", same.StatusCode)
	}
}

// TestAttemptsOnPages: three wrong codes, then the person is blocked for ten
// minutes, in a new sign-in, too.
func TestAttemptsOnPages(t *testing.T) {
	p := start(t, sandbox.V18, nil)
	browser, login := p.opened()
	post := func(action string, form url.Values) string {
		res, err := browser.PostForm(login+"/"+action, form)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		page, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(page)
	}
	post("identify", url.Values{"individualId": {"9900000002"}, "factor": {"OTP"}})
	for range 3 {
		if page := post("verify", url.Values{"challenge": {"222222"}}); !strings.Contains(page, "not right") {
			t.Errorf("a wrong code: %.80s", page)
		}
	}
	if page := post("verify", url.Values{"challenge": {sandbox.OTP}}); !strings.Contains(page, "three attempts already") {
		t.Error("a fourth attempt, with the right code, was taken")
	}
	if _, err := (sandbox.Person{ID: "9900000002"}).SignIn(t.Context(), p.authorizeURL()); err == nil || !strings.Contains(err.Error(), "too many attempts") {
		t.Errorf("a new sign-in of the blocked person: %v", err)
	}
	p.server.Advance(601 * time.Second)
	if _, err := (sandbox.Person{ID: "9900000002"}).SignIn(t.Context(), p.authorizeURL()); err != nil {
		t.Errorf("ten minutes later: %v", err)
	}
	// Another code is not sent at once.
	if page := post("resend", nil); !strings.Contains(page, "ended or took too long") {
		t.Error("a dialogue ten minutes old goes on")
	}
}

// TestOversized: a body over the limit is refused, whatever the endpoint.
func TestOversized(t *testing.T) {
	everyVersion(t, func(t *testing.T, v sandbox.Version) {
		p := start(t, v, nil)
		form := p.goodForm("x")
		form.Set("client_assertion", strings.Repeat("A", 2<<20))
		if res := p.post(p.endpoint("token_endpoint"), form, ""); res.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("token: %d", res.StatusCode)
		}
		res, err := http.Post(p.url+"/v1/esignet/client-mgmt/client", "application/json", strings.NewReader(`{"request":"`+strings.Repeat("A", 2<<20)+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("client management: %d", res.StatusCode)
		}
	})
}

// TestMarkup: what a client calls itself is text on the pages, never markup.
func TestMarkup(t *testing.T) {
	p := start(t, sandbox.V18, func(_ *sandbox.Config, c *sandbox.ClientRequest) {
		c.Name, c.NameLangMap = `<script>alert(1)</script>"><img src=x>`, nil
	})
	res, err := (&http.Client{Jar: newJar(t)}).Get(p.authorizeURL())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(page, []byte("&lt;script&gt;alert")) || bytes.Contains(page, []byte("<script>alert")) || bytes.Contains(page, []byte("<img src=x")) {
		t.Error("the name of a client is markup")
	}
}

// TestLogIsSilentAboutPeople: the log names routes and codes, and no value of a
// person, no code and no token.
func TestLogIsSilentAboutPeople(t *testing.T) {
	everyVersion(t, func(t *testing.T, v sandbox.Version) {
		var log bytes.Buffer
		p := start(t, v, func(c *sandbox.Config, _ *sandbox.ClientRequest) { c.Log = zerolog.New(&log) })
		code := p.signIn(sandbox.Person{ID: "9900000003"})
		token, err := p.exchange(code)
		if err != nil {
			t.Fatal(err)
		}
		p.userinfo(token.AccessToken)
		p.getJSON("/v1/mock-identity-system/identity/9900000003")
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) < 6 {
			t.Fatalf("%d lines", len(lines))
		}
		for _, line := range lines {
			if !strings.Contains(line, `"sandbox":"`+sandbox.Name+`"`) {
				t.Errorf("a line without the mark: %s", line)
			}
		}
		for _, value := range []string{"9900000003", "Yalini", "yalini", "யாழினி", "+94", "1996-", code, token.AccessToken, p.state, p.nonce,
			sandbox.Subject("9900000003", "test-health")} {
			if strings.Contains(log.String(), value) {
				t.Errorf("the log holds %.12s…", value)
			}
		}
	})
}

// TestBounded: what is over is swept, and there is never more than the bound.
func TestBounded(t *testing.T) {
	const bound = 40
	p := start(t, sandbox.V18, func(c *sandbox.Config, _ *sandbox.ClientRequest) { c.MaxSessions = bound })
	for range 3 * bound {
		res, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Get(p.authorizeURL())
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	if n := p.server.Sessions(); n > 3*bound || n == 0 { // transactions, dialogues, nonces
		t.Errorf("%d things kept, bound %d", n, bound)
	}
	if _, err := p.exchange(p.signIn(sandbox.Person{})); err != nil {
		t.Fatalf("a full server serves the newest no more: %v", err)
	}
	p.server.Advance(25 * time.Hour)
	if n := p.server.Sessions(); n != 0 {
		t.Errorf("%d things kept a day later", n)
	}
}

// TestManagementToken: client management can be closed.
func TestManagementToken(t *testing.T) {
	p := start(t, sandbox.V20, func(c *sandbox.Config, _ *sandbox.ClientRequest) { c.ManagementToken = "invented-token" })
	call := func(method, path, token, body string) (int, string) {
		req, err := http.NewRequest(method, p.url+"/v1/esignet/client-mgmt/"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		doc, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(doc)
	}
	for _, token := range []string{"", "other-token"} {
		if status, _ := call("GET", "client/"+p.id, token, ""); status != 401 {
			t.Errorf("token %q: %d", token, status)
		}
	}
	if status, body := call("GET", "client/"+p.id, "invented-token", ""); status != 200 || !strings.Contains(body, `{"clientId":"test-portal","status":"ACTIVE"}`) {
		t.Errorf("%d %s", status, body)
	}
	// Deactivated, the client is unknown to the pages.
	status, body := call("PATCH", "client/"+p.id, "invented-token", fmt.Sprintf(`{"requestTime":%q,"request":{"status":"INACTIVE"}}`, time.Now().UTC().Format("2006-01-02T15:04:05.000Z")))
	if status != 200 || !strings.Contains(body, `"INACTIVE"`) {
		t.Errorf("%d %s", status, body)
	}
	if _, err := (sandbox.Person{}).SignIn(t.Context(), p.authorizeURL()); err == nil || !strings.Contains(err.Error(), "invalid_client_id") {
		t.Errorf("an inactive client: %v", err)
	}
}
