package login_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/esignet/login"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

// The rows of the table of faults that the façade answers for, held against what it
// really sends and takes. TestAttack… carry out the attacks.

// asked is the authorization request at eSignet of a release that does not push it.
func (w *world) asked(b *http.Client) (dhis2, esignet url.Values) {
	w.t.Helper()
	authorize, page := w.begin(b)
	for address, to := range map[string]*url.Values{authorize: &dhis2, page: &esignet} {
		u, err := url.Parse(address)
		if err != nil {
			w.t.Fatal(err)
		}
		*to = u.Query()
	}
	return dhis2, esignet
}

// DHIS2 knows a person by one value of issuer, relying party and subject: a change
// of any of them, or of where one ends, is another person.
func TestD044_OneOpenIDForEach(t *testing.T) {
	seen := map[string]bool{}
	for _, parts := range [][3]string{
		{"https://e.example", "health", "s"}, {"https://e.example", "health", "t"}, {"https://e.example", "education", "s"}, {"https://f.example", "health", "s"},
		{"https://e.example", "healths", ""}, {"https://e.exampleh", "ealth", "s"}, {"https://e.example", "heal", "ths"}, {"", "https://e.examplehealth", "s"},
	} {
		id := login.OpenID(parts[0], parts[1], parts[2])
		if seen[id] || strings.Contains(id, "example") || id != login.OpenID(parts[0], parts[1], parts[2]) {
			t.Errorf("%q has %q", parts, id)
		}
		seen[id] = true
	}
}

// State, nonce, challenge and cookie are of 256 bits, of one sign-in, and none of
// them is one that DHIS2 has made; DHIS2 gets its own back.
func TestD052_D053_NothingOfASignInIsKnownBefore(t *testing.T) {
	w := newWorld(t, sandbox.V16)
	seen := map[string]bool{}
	for range 20 {
		b := w.browser()
		dhis2, esignet := w.asked(b)
		at, err := url.Parse(w.url)
		if err != nil {
			t.Fatal(err)
		}
		values := []string{esignet.Get("state"), esignet.Get("nonce"), esignet.Get("code_challenge")}
		for _, c := range b.Jar.Cookies(at) {
			if strings.HasPrefix(c.Name, "esignet-login-") {
				values = append(values, c.Value)
			}
		}
		if len(values) != 4 {
			t.Fatalf("%d values", len(values))
		}
		for _, v := range append(values, dhis2.Get("state"), dhis2.Get("nonce")) {
			if len(v) < 40 || seen[v] {
				t.Fatalf("%q is short, or was there before", v)
			}
			seen[v] = true
		}
	}
}

// PKCE by S256 goes to eSignet with every sign-in, whatever DHIS2 does, and the
// request is pushed where that is offered.
func TestD055_PKCEAndPush(t *testing.T) {
	for _, version := range sandbox.Versions {
		w := newWorld(t, version)
		dhis2, esignet := w.asked(w.browser())
		switch {
		case version != sandbox.V16:
			if esignet.Get("request_uri") == "" || esignet.Has("state") || esignet.Has("redirect_uri") {
				t.Errorf("%s: not pushed: %v", version, esignet)
			}
		case esignet.Get("code_challenge_method") != "S256" || len(esignet.Get("code_challenge")) != 43 || esignet.Get("code_challenge") == dhis2.Get("code_challenge"):
			t.Errorf("%s: challenge %q", version, esignet.Get("code_challenge"))
		}
	}
}

// No window hears anything from the façade's pages: they hold no script, stand in no
// frame and keep no opener; answers go by redirect alone.
func TestD056_PagesSpeakToNobody(t *testing.T) {
	w := newWorld(t, sandbox.V18)
	b := w.browser()
	requested := w.callback(b, nurse)
	for _, address := range []string{requested, w.url + "/stopped?why=revoked", w.url + "/authorize?client_id=nobody"} {
		res, err := b.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		_, _, body := w.get(b, address)
		policy := res.Header.Get("Content-Security-Policy")
		if strings.Contains(body, "<script") || strings.Contains(body, "postMessage") || !strings.Contains(policy, "default-src 'none'") ||
			!strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "script-src") || res.Header.Get("Cross-Origin-Opener-Policy") != "same-origin" {
			t.Errorf("%s: %s, %s", address, policy, res.Header.Get("Cross-Origin-Opener-Policy"))
		}
	}
}

// The redirect URI at eSignet is exact, without fragment and query; an address that
// cannot be one is refused when the service is made.
func TestD058_RedirectURIIsExact(t *testing.T) {
	w := newWorld(t, sandbox.V16)
	if _, esignet := w.asked(w.browser()); esignet.Get("redirect_uri") != w.url+"/callback" {
		t.Errorf("redirect_uri %q", esignet.Get("redirect_uri"))
	}
	good := login.Config{
		URL: "https://login.example.org/signin", RelyingParty: relyingParty, Keys: esignet.SingleKey(key(t, "façade id_token")), Links: w.links,
		ESignet: esignet.Config{Issuer: "https://esignet.example.org", ClientID: "c", Keys: esignet.SingleKey(key(t, "façade client"))},
		DHIS2:   login.DHIS2{ClientID: "dhis2", RedirectURI: "https://dhis2.example.org/oauth2/code/esignet", KeySetURL: "https://dhis2.example.org/api/publicKeys/esignet/jwks.json"},
	}
	if _, err := login.New(good); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"https://login.example.org/*", "https://*.example.org/signin", "https://login.example.org/signin#userInfo", "https://login.example.org/signin?a=b",
		"http://login.example.org/signin", "https://user@login.example.org/signin", "login.example.org", ""} {
		own, dhis2 := good, good
		own.URL, dhis2.DHIS2.RedirectURI = wrong, wrong
		for what, cfg := range map[string]login.Config{"URL": own, "DHIS2.RedirectURI": dhis2} {
			if _, err := login.New(cfg); err == nil || !strings.Contains(err.Error(), what) {
				t.Errorf("%s %q: %v", what, wrong, err)
			}
		}
	}
}

// spy keeps the assertions that are sent to eSignet.
type spy struct {
	mu         sync.Mutex
	assertions []string
}

func (s *spy) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(body)
		if err != nil {
			return nil, err
		}
		form, err := url.ParseQuery(string(text))
		if err != nil {
			return nil, err
		}
		if a := form.Get("client_assertion"); a != "" {
			s.mu.Lock()
			s.assertions = append(s.assertions, a)
			s.mu.Unlock()
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

// The façade's own assertions at eSignet live 60 s at most, and their names are of
// 128 bits and never repeat. TestAttackToken holds DHIS2's to the same.
func TestD060_Assertions(t *testing.T) {
	s := &spy{}
	w := newWorld(t, sandbox.V18, func(c *login.Config, _ *sandbox.Config, _ *string) { c.ESignet.Transport = s })
	for range 3 {
		w.callback(w.browser(), nurse)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[string]bool{}
	for _, a := range s.assertions {
		payload, err := b64.DecodeString(strings.Split(a, ".")[1])
		if err != nil {
			t.Fatal(err)
		}
		var c struct {
			ID   string  `json:"jti"`
			From float64 `json:"iat"`
			To   float64 `json:"exp"`
		}
		if err := json.Unmarshal(payload, &c); err != nil {
			t.Fatal(err)
		}
		if len(c.ID) < 22 || seen[c.ID] || c.To-c.From <= 0 || c.To-c.From > 60 {
			t.Errorf("an assertion of %v s with a jti of %d characters", c.To-c.From, len(c.ID))
		}
		seen[c.ID] = true
	}
	if len(seen) != 6 { // a push and a code for each
		t.Errorf("%d assertions seen, want 6", len(seen))
	}
}

// Nothing is asked of DHIS2's users but who they are, unless a setting says so; what
// it says may be declined.
func TestD065_NothingIsAskedForByDefault(t *testing.T) {
	none := newWorld(t, sandbox.V16, func(c *login.Config, _ *sandbox.Config, _ *string) { c.Request = esignet.AuthorizationRequest{} })
	if _, q := none.asked(none.browser()); q.Get("scope") != "openid" || q.Has("claims") || q.Has("max_age") {
		t.Errorf("scope %q, claims %q", q.Get("scope"), q.Get("claims"))
	}
	none.link(nurse, "nurse")
	b := none.browser()
	if next, _, _ := none.get(b, none.callback(b, nurse)); next != none.dhis2URL+"/dhis-web-dashboard/" {
		t.Errorf("without claims DHIS2 sends to %s", next)
	}
	named := newWorld(t, sandbox.V16)
	_, q := named.asked(named.browser())
	var claims struct {
		UserInfo map[string]*struct {
			Essential bool `json:"essential"`
		} `json:"userinfo"`
	}
	if err := json.Unmarshal([]byte(q.Get("claims")), &claims); err != nil || len(claims.UserInfo) != 1 {
		t.Fatalf("%q: %v", q.Get("claims"), err)
	}
	if name, asked := claims.UserInfo["name"]; !asked || name != nil && name.Essential {
		t.Errorf("claims %q", q.Get("claims"))
	}
}

// An e-mail address links nobody: who shares one with a linked user, and whoever
// changes his own at eSignet to hers, stays outside.
func TestD074_EMailLinksNobody(t *testing.T) {
	w := newWorld(t, sandbox.V18)
	w.link(nurse, "nurse")
	people := sandbox.People()
	hers := people[slices.IndexFunc(people, func(p sandbox.Identity) bool { return p.ID == nurse })]
	thief := people[slices.IndexFunc(people, func(p sandbox.Identity) bool { return p.ID == "9900000012" })]
	thief.Email, thief.FullName, thief.Phone = hers.Email, hers.FullName, hers.Phone
	if err := w.esignet.AddIdentity(thief); err != nil {
		t.Fatal(err)
	}
	if got := w.callback(w.browser(), thief.ID); got != w.url+"/requested" {
		t.Errorf("sent to %s", got)
	}
	// And she is herself whatever her address becomes.
	hers.Email = "another@example.org"
	if err := w.esignet.AddIdentity(hers); err != nil {
		t.Fatal(err)
	}
	b := w.browser()
	if next, _, _ := w.get(b, w.callback(b, nurse)); next != w.dhis2URL+"/dhis-web-dashboard/" {
		t.Errorf("DHIS2 sends to %s", next)
	}
}

// What would make the façade unsafe is refused when it is made.
func TestD088_UnsafeSettingsAreRefused(t *testing.T) {
	w := newWorld(t, sandbox.V18)
	elliptic, err := esignet.NewKey(esignet.ES256, 0)
	if err != nil {
		t.Fatal(err)
	}
	good := func() login.Config {
		return login.Config{
			URL: "https://login.example.org", RelyingParty: relyingParty, Keys: esignet.SingleKey(key(t, "façade id_token")), Links: w.links,
			ESignet: esignet.Config{Issuer: "https://esignet.example.org", ClientID: "c", Keys: esignet.SingleKey(key(t, "façade client"))},
			DHIS2:   login.DHIS2{ClientID: "dhis2", RedirectURI: "https://dhis2.example.org/oauth2/code/esignet", KeySetURL: "https://dhis2.example.org/keys"},
		}
	}
	if _, err := login.New(good()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*login.Config){
		"no relying party":              func(c *login.Config) { c.RelyingParty = "" },
		"no links":                      func(c *login.Config) { c.Links = nil },
		"no client of DHIS2":            func(c *login.Config) { c.DHIS2.ClientID = "" },
		"no key set of DHIS2":           func(c *login.Config) { c.DHIS2.KeySetURL = "" },
		"a key that DHIS2 cannot check": func(c *login.Config) { c.Keys = esignet.SingleKey(elliptic) },
		"codes of an hour":              func(c *login.Config) { c.CodeFor = 60 * 60e9 },
		"tokens of a day":               func(c *login.Config) { c.TokenFor = 24 * 60 * 60e9 },
		"eSignet by http":               func(c *login.Config) { c.ESignet.Issuer = "http://esignet.example.org" },
		"HMAC":                          func(c *login.Config) { c.ESignet.Algorithms = []string{"HS256"} },
		"no signature":                  func(c *login.Config) { c.ESignet.UserInfoAlgorithms = []string{"none"} },
	} {
		cfg := good()
		change(&cfg)
		if _, err := login.New(cfg); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
