package esignet_test

import (
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// The subject is unique only within issuer and relying party: the issuer that is
// handed on is the configured one, whatever a generation writes into iss.
func TestD044_SubjectIsQualifiedByTheIssuer(t *testing.T) {
	for _, written := range []string{"", "/v1/esignet"} {
		p := newProvider(t)
		p.idToken = func(_, c object) { c["iss"] = p.server.URL + written }
		who, err := p.complete(p.newClient(func(c *esignet.Config) {
			if written != "" {
				c.Generation = esignet.V1_7
			}
		}), plainRequest)
		if err != nil {
			t.Fatal(err)
		}
		if who.Issuer != p.server.URL || who.IDToken.Issuer != p.server.URL+written {
			t.Errorf("issuer %s, iss %s", who.Issuer, who.IDToken.Issuer)
		}
	}
}

// Nothing of userinfo is believed that is not signed by a key that is trusted, for
// the one who signed in: TestAttackUserInfo carries out every way around it. Here:
// the recorded answer of another person, whole and genuine.
func TestD051_UserInfoOfAnotherPerson(t *testing.T) {
	p := newProvider(t)
	p.userinfo = func(_, c object) { c["sub"] = "F1AXd1le2QL8sAqfnvdNL1w3L8ZkgAmJdMZ7xSVT9DE" }
	_, err := p.complete(p.newClient(nil), plainRequest)
	if e := wantError(t, err, esignet.StageUserInfo, esignet.CodeSubject); !e.Forged() {
		t.Error("not told from an ordinary failure")
	}
}

func TestD052_StateIsOfTheAttempt(t *testing.T) {
	p := newProvider(t)
	c := p.newClient(nil)
	mine, _ := p.begin(c, plainRequest)
	_, attackers := p.begin(c, plainRequest)
	_, err := c.Complete(t.Context(), mine, attackers)
	wantError(t, err, esignet.StageCallback, esignet.CodeState)
}

func TestD053_NonceIsOfTheAttempt(t *testing.T) {
	p := newProvider(t)
	c := p.newClient(nil)
	a, q := p.begin(c, plainRequest)
	a.Nonce = strings.Repeat("A", 43)
	_, err := c.Complete(t.Context(), a, q)
	wantError(t, err, esignet.StageIDToken, esignet.CodeNonce)
}

// Errors of every stage are grepped for what the servers answered and the client
// sent by noValue, in all attack tests; here the things that hold secrets print
// nothing of them.
func TestD054_SecretsDoNotPrint(t *testing.T) {
	p := newProvider(t)
	who, err := p.complete(p.newClient(nil), plainRequest)
	if err != nil {
		t.Fatal(err)
	}
	if out := sprint(who.Claims); strings.Contains(out, "Test Person") || strings.Contains(out, "1994") {
		t.Error(out)
	}
	k := testKey(t, esignet.ES256)
	secret, err := k.PrivateJWK()
	if err != nil {
		t.Fatal(err)
	}
	var jwk struct {
		D string `json:"d"`
	}
	if err := json.Unmarshal(secret, &jwk); err != nil || jwk.D == "" {
		t.Fatal(err)
	}
	if out := sprint(k); strings.Contains(out, jwk.D) || !strings.Contains(out, k.ID()) {
		t.Error(out)
	}
}

// PKCE goes with every request, PAR where the server offers it, DPoP where the
// client is registered so; none can be switched off by the server.
func TestD055_PKCEAndPARByDiscovery(t *testing.T) {
	p := newProvider(t)
	p.metadata = func(m object) { m["code_challenge_methods_supported"] = []string{"plain"} }
	_, err := p.newClient(nil).Authorize(t.Context(), plainRequest)
	wantError(t, err, esignet.StageDiscovery, esignet.CodeConfig)

	p = newProvider(t)
	p.metadata = func(m object) { delete(m, "code_challenge_methods_supported") } // up to 1.6
	if _, err := p.complete(p.newClient(nil), plainRequest); err != nil {
		t.Error(err)
	}
	if p.count("/par") != 1 {
		t.Error("not pushed though offered")
	}

	p = newProvider(t)
	p.metadata = func(m object) {
		m["require_pushed_authorization_requests"] = true
		delete(m, "pushed_authorization_request_endpoint")
	}
	_, err = p.newClient(nil).Authorize(t.Context(), plainRequest)
	wantError(t, err, esignet.StageDiscovery, esignet.CodeConfig)
}

// Every code has a sentence for the person in three languages and one for the
// operator that says what to do.
func TestD057_EveryOutcomeHasASentence(t *testing.T) {
	codes := []esignet.Code{
		esignet.CodeConfig, esignet.CodeUnreachable, esignet.CodeServer, esignet.CodeBusy, esignet.CodeTooLarge, esignet.CodeMalformed, esignet.CodeDenied, esignet.CodeTimeout,
		esignet.CodeState, esignet.CodeRequest, esignet.CodeClient, esignet.CodeGrant, esignet.CodePKCE, esignet.CodeDPoP, esignet.CodeToken, esignet.CodeAlgorithm,
		esignet.CodeHeader, esignet.CodeSignature, esignet.CodeDecrypt, esignet.CodeUnsigned, esignet.CodeIssuer, esignet.CodeAudience, esignet.CodeNonce, esignet.CodeTime,
		esignet.CodeAccessTokenHash, esignet.CodeSubject, esignet.CodeACR, esignet.CodeAuthTime, esignet.CodeExists, esignet.CodeUnsupported,
	}
	keys := map[string]bool{}
	for _, code := range codes {
		e := &esignet.Error{Code: code, Stage: esignet.StageToken, Detail: "detail"}
		m := e.Message()
		keys[m.Key] = true
		en, si, ta := m.In("en"), m.In("si"), m.In("ta-LK", "en")
		if en == "" || si == en || ta == en || si == ta || m.In("xx", "fr") != en {
			t.Errorf("%s: %q %q %q", code, en, si, ta)
		}
		if !strings.HasPrefix(e.Operator(), "esignet: token: detail: ") || !strings.HasSuffix(e.Operator(), ".") {
			t.Errorf("%s: %q", code, e.Operator())
		}
	}
	if len(keys) != 7 {
		t.Errorf("keys %v", keys)
	}
}

func TestD058_RedirectURIIsExact(t *testing.T) {
	for _, good := range []string{"https://rp.example.org/callback", "https://rp.example.org", "https://rp.example.org:8443/a/b", "http://127.0.0.1:8080/callback", "http://localhost:3000/cb", "http://[::1]:8080/cb"} {
		if err := esignet.CheckRedirectURI(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "/callback", "rp.example.org/callback", "http://rp.example.org/callback", "https://rp.example.org/plugin.html#userInfo", "https://rp.example.org/callback#",
		"https://rp.example.org/callback?", "https://rp.example.org/callback?next=/", "http://localhost:8080/**", "https://*.example.org/callback", "https://rp.example.org/{id}",
		"https://user@rp.example.org/callback", "https://user:pw@rp.example.org/", "javascript:alert(1)", "data:text/html,x", "https://", "https://rp.example.org/a b",
		"https://rp.example.org\\@other.example.org/", "io.mosip.app://oauth", "http://localhost.example.org/cb", "http://127.0.0.1.example.org/", "https://rp.example.org:99999999/cb", "//rp.example.org/cb",
	} {
		if esignet.CheckRedirectURI(bad) == nil {
			t.Errorf("%q passes", bad)
		}
		_, err := esignet.New(esignet.Config{Issuer: "https://esignet.example.org", ClientID: "c", RedirectURI: bad, Keys: esignet.SingleKey(testKey(t, esignet.ES256))})
		wantError(t, err, esignet.StageConfig, esignet.CodeConfig)
	}
}

// Client id, redirect URI and addresses come from the configuration: no request
// has a field for them, so no caller can have an assertion signed for another.
func TestD059_NoCallerChoosesTheClient(t *testing.T) {
	var names []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[esignet.AuthorizationRequest]()) {
		names = append(names, f.Name)
	}
	want := []string{"Scopes", "Claims", "ClaimsLocales", "UILocales", "ACRValues", "Prompt", "Display", "MaxAge"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	// Nor does the answer in the browser.
	p := newProvider(t)
	c := p.newClient(nil)
	a, q := p.begin(c, plainRequest)
	q.Set("client_id", "another")
	q.Set("redirect_uri", "https://other.example.org/")
	q.Set("token_endpoint", "https://other.example.org/token")
	if _, err := c.Complete(t.Context(), a, q); err != nil {
		t.Error(err) // the provider notes a wrong client id or redirect URI
	}
}

// The provider of these tests refuses an assertion whose jti it saw or that has
// less than 128 bits, or that lives longer than 60 s: TestSignIn fails then. Here:
// no two calls share one.
func TestD060_AssertionsAreShortAndUnique(t *testing.T) {
	p := newProvider(t)
	c := p.newClient(nil)
	for range 25 {
		if _, err := p.complete(c, plainRequest); err != nil {
			t.Fatal(err)
		}
	}
	if len(p.seen) != 50 { // PAR and token call of each
		t.Errorf("%d different jti in 50 calls", len(p.seen))
	}
}

// Nothing is essential that was not said to be, and no scope is asked for that
// brings claims nobody named.
func TestD065_NothingIsAskedForByDefault(t *testing.T) {
	p := newProvider(t)
	p.metadata = func(m object) { delete(m, "pushed_authorization_request_endpoint") }
	a, err := p.newClient(nil).Authorize(t.Context(), esignet.AuthorizationRequest{})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(a.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"claims", "claims_locales", "max_age", "prompt", "acr_values"} {
		if u.Query().Has(name) {
			t.Errorf("%s is asked for", name)
		}
	}
	if u.Query().Get("scope") != "openid" {
		t.Error(u.Query().Get("scope"))
	}
}

// The recorded answers for a person with values in three languages.
func TestD066_NamesInThreeLanguages(t *testing.T) {
	for _, version := range recordedVersions {
		t.Run(version, func(t *testing.T) {
			r := load(t, version)
			claimsOf := func(name string) *esignet.Claims {
				i := slices.IndexFunc(r.exchanges, func(e exchange) bool { return e.Name == name })
				var token string
				if i < 0 || json.Unmarshal(r.exchanges[i].Response.Body, &token) != nil {
					t.Fatal(name)
				}
				c, err := esignet.ParseClaims(decode(t, strings.Split(token, ".")[1]))
				if err != nil {
					t.Fatal(err)
				}
				return c
			}
			all := claimsOf("140-locales-en-si-ta-userinfo")
			en, l1, _ := all.Text("name", "en")
			si, l2, _ := all.Text("name", "si", "en")
			ta, l3, _ := all.Text("name", "ta-LK")
			if en != "Nilu Perera Testcase" || l1 != "en" || l2 != "si" || l3 != "ta" || si == en || ta == en || si == ta || si == "" || ta == "" {
				t.Errorf("languages %q %q %q", l1, l2, l3)
			}
			if fr, l, ok := all.Text("name", "fr", "ta"); !ok || l != "ta" || fr != ta {
				t.Errorf("the second choice: %q", l)
			}
			address := all.Address("si", "en")
			if len(address) < 4 || address["locality"] == "" || address["locality"] == all.Address("en")["locality"] {
				t.Errorf("address has %d members", len(address))
			}
			if !slices.Contains(all.Names(), "name") || slices.ContainsFunc(all.Names(), func(n string) bool { return strings.Contains(n, "#") || n == "sub" }) {
				t.Error(all.Names())
			}
			alone, l, _ := claimsOf("141-locales-si-userinfo").Text("name", "en", "si")
			if alone != si || l != "" {
				t.Error("the bare name is the Sinhala one")
			}
			// No value in the language asked for: absent, not an empty name.
			none := claimsOf("143-locales-fr-no-match-userinfo")
			if _, _, ok := none.Text("name"); ok {
				t.Error("a name out of nothing")
			}
			if slices.Contains(none.Names(), "gender") {
				t.Error("an empty gender counts as given")
			}
		})
	}
}

// What copies the demo's settings does not start: http, wildcards, no key, weak
// keys, other people's issuers.
func TestD088_UnsafeSettingsAreRefused(t *testing.T) {
	good := esignet.Config{Issuer: "https://esignet.example.org", ClientID: "c", RedirectURI: "https://rp.example.org/cb", Keys: esignet.SingleKey(testKey(t, esignet.ES256))}
	if c, err := esignet.New(good); err != nil || c.Issuer() != good.Issuer || c.ClientID() != "c" || len(good.Warnings()) != 0 {
		t.Fatalf("%v, %v", err, good.Warnings())
	}
	for name, change := range map[string]func(*esignet.Config){
		"http issuer":           func(c *esignet.Config) { c.Issuer = "http://esignet.example.org" },
		"no issuer":             func(c *esignet.Config) { c.Issuer = "" },
		"issuer with user":      func(c *esignet.Config) { c.Issuer = "https://a:b@esignet.example.org" },
		"http token endpoint":   func(c *esignet.Config) { c.Endpoints.Token = "http://esignet:8088/token" },
		"http identity keys":    func(c *esignet.Config) { c.IdentitySystemURL = "http://ida/keys" },
		"no discovery, no keys": func(c *esignet.Config) { c.DiscoveryURL = "none" },
		"algorithm none":        func(c *esignet.Config) { c.Algorithms = []string{"none"} },
		"algorithm HS256":       func(c *esignet.Config) { c.UserInfoAlgorithms = []string{"HS256"} },
		"no algorithm":          func(c *esignet.Config) { c.Algorithms = []string{} },
		"any issuer":            func(c *esignet.Config) { c.TokenIssuers = []string{""} },
		"no key":                func(c *esignet.Config) { c.Keys = nil },
		"EC decryption key":     func(c *esignet.Config) { c.DecryptionKeys = c.Keys },
		"a skew of an hour":     func(c *esignet.Config) { c.Skew = 3600e9 },
		"a negative time":       func(c *esignet.Config) { c.Timeout = -1 },
		"a day for an attempt":  func(c *esignet.Config) { c.AttemptFor = 86400e9 },
		"unknown generation":    func(c *esignet.Config) { c.Generation = "3.0" },
		"DPoP in 1.6":           func(c *esignet.Config) { c.Generation, c.DPoP = esignet.V1_6, true },
		"no client":             func(c *esignet.Config) { c.ClientID = "" },
	} {
		c := good
		change(&c)
		_, err := esignet.New(c)
		if e := wantError(t, err, esignet.StageConfig, esignet.CodeConfig); strings.Contains(e.Error(), "%!") {
			t.Errorf("%s: %v", name, e)
		}
	}
	_, err := esignet.New(esignet.Config{})
	if e := wantError(t, err, esignet.StageConfig, esignet.CodeConfig); strings.Count(e.Error(), ";") < 3 {
		t.Errorf("not everything is named at once: %v", e)
	}
	weak := good
	weak.InsecureHTTP, weak.InsecurePlainUserInfo, weak.WalletLogin, weak.Algorithms = true, true, true, []string{esignet.RS256}
	if got := weak.Warnings(); len(got) != 4 {
		t.Errorf("warnings %q", got)
	}
	weak.Issuer = "http://esignet:8088"
	if _, err := esignet.New(weak); err != nil {
		t.Error(err)
	}
	weak = good
	weak.Generation, weak.UserInfoAlgorithms = esignet.V2_0, []string{esignet.RS256}
	if got := weak.Warnings(); len(got) != 1 {
		t.Errorf("warnings %q", got)
	}
}
