package sandbox

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// TestTextsComplete: every text is there in every language, with the same
// places to fill in, and Sinhala and Tamil are written in their scripts.
func TestTextsComplete(t *testing.T) {
	scripts := [3][2]rune{{}, {0x0d80, 0x0dff}, {0x0b80, 0x0bff}}
	same := map[string]bool{"brand": true, "pin": true}
	for key, texts := range pageTexts {
		for i, text := range texts {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s: nothing in %s", key, languages[i].Code)
			}
			if strings.Count(text, "%s") != strings.Count(texts[0], "%s") {
				t.Errorf("%s in %s: other places to fill in", key, languages[i].Code)
			}
			inScript := strings.ContainsFunc(text, func(r rune) bool { return r >= scripts[i][0] && r <= scripts[i][1] })
			if i > 0 && !same[key] && !inScript {
				t.Errorf("%s in %s: %q", key, languages[i].Code, text)
			}
		}
	}
	for _, claim := range claimsSupported {
		if pageText("claim_"+claim, "en") == "" {
			t.Errorf("claim %s has no name", claim)
		}
	}
}

func TestMatchRedirect(t *testing.T) {
	tests := []struct {
		pattern, uri string
		want         bool
	}{
		{"https://a.example/cb", "https://a.example/cb", true},
		{"https://a.example/cb", "https://a.example/cb/", false},
		{"http://localhost:8080/**", "http://localhost:8080/a/b", true},
		{"http://localhost:8080/**", "http://localhost:8080/**", true},
		{"http://localhost:8080/**", "http://localhost:80801/a", false},
		{"https://a.example/*", "https://a.example/x", true},
		{"https://a.example/*", "https://a.example/x/y", false},
		{"https://a.example/a*/c", "https://a.example/abc/c", true},
		{"https://a.example/**/end", "https://a.example/x/y/end", true},
		{"https://a.example/**/end", "https://a.example/x/y/ends", false},
		{"https://*.example/cb", "https://a.example/cb", true},
		{"https://*.example/cb", "https://evil/.example/cb", false},
		{"app://cb", "app://cb", true},
		{strings.Repeat("*a", 200), strings.Repeat("a", 2000) + "b", false},
	}
	for _, tt := range tests {
		if got := matchRedirect(tt.pattern, tt.uri); got != tt.want {
			t.Errorf("%.40s matches %.40s: %t", tt.pattern, tt.uri, got)
		}
	}
}

func TestShelf(t *testing.T) {
	now := time.Unix(1000, 0)
	s := newShelf[int](3)
	for i := range 5 {
		s.put(fmt.Sprint(i), i, now, now.Add(time.Minute))
	}
	if _, old := s.get("1", now); s.len() != 3 || old {
		t.Errorf("%d kept, the oldest among them: %t", s.len(), old)
	}
	if v, ok := s.take("3", now); !ok || v != 3 {
		t.Error("3 is gone")
	}
	if _, ok := s.take("3", now); ok {
		t.Error("3 was taken twice")
	}
	if _, ok := s.get("4", now.Add(time.Minute)); ok {
		t.Error("4 lives on at its end")
	}
	s.put("4", 44, now, now.Add(2*time.Minute)) // its life is longer now
	s.sweep(now.Add(90 * time.Second))
	if v, ok := s.get("4", now.Add(90*time.Second)); !ok || v != 44 || s.len() != 1 {
		t.Errorf("4 is %d, %t; %d kept", v, ok, s.len())
	}
	for i := range 10_000 { // taken at once: no keys are left behind
		key := fmt.Sprint("x", i)
		s.put(key, i, now, now.Add(time.Hour))
		s.take(key, now)
	}
	if len(s.order) > 100 {
		t.Errorf("%d keys of nothing", len(s.order))
	}
}

func TestLocalized(t *testing.T) {
	texts := []Text{{"eng", "Yalini"}, {"tam", "யாழினி"}}
	tests := []struct {
		v       Version
		locales string
		want    map[string]string
	}{
		{V16, "en ta", map[string]string{"name#eng": "Yalini", "name#tam": "யாழினி"}},
		{V16, "en fr", map[string]string{"name#eng": "Yalini"}},
		{V16, "fr", map[string]string{}},
		{V17, "en fr", map[string]string{"name": "Yalini"}},
		{V18, "fr", map[string]string{"name": ""}},
		{V18, "ta-LK", map[string]string{"name": "யாழினி"}},
		{V20, "en ta", map[string]string{"name#en": "Yalini", "name#ta": "யாழினி"}},
	}
	for _, tt := range tests {
		s := &Server{v: tt.v}
		var locales []string
		for _, l := range strings.Fields(tt.locales) {
			locales = append(locales, toISO3(l))
		}
		got := map[string]string{}
		pairs := s.localized("name", texts, locales, true)
		for i := 0; i < len(pairs); i += 2 {
			got[pairs[i].(string)] = pairs[i+1].(string)
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s %q: %v, want %v", tt.v, tt.locales, got, tt.want)
		}
	}
}

// TestDeterministic: with the same clock, random source and keys, the same
// calls give the same answers to the byte.
func TestDeterministic(t *testing.T) {
	run := func() string {
		s, err := New(Config{Version: V16, URL: "http://127.0.0.1:8088", Now: func() time.Time { return time.Unix(1_800_000_000, 0) },
			Rand: &counter{}, SigningKey: testKey(0), UserinfoKey: testKey(1)})
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		for _, path := range []string{"/.well-known/jwks.json", base + "/csrf/token", "/.well-known/openid-configuration", "/"} {
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1:8088"+path, nil))
			out.WriteString(w.Body.String())
		}
		return out.String()
	}
	if a, b := run(), run(); a != b {
		t.Errorf("two runs differ:\n%.400s\n%.400s", a, b)
	}
}

// counter is a random source that is none.
type counter struct{ n byte }

func (c *counter) Read(b []byte) (int, error) {
	for i := range b {
		c.n++
		b[i] = c.n
	}
	return len(b), nil
}

// TestWrongConfig names every wrong field at once.
func TestWrongConfig(t *testing.T) {
	_, err := New(Config{Version: "3.0", URL: "ftp://x", MaxSessions: -1, Identities: []Identity{{ID: "x"}}})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, field := range []string{"Version", "URL", "MaxSessions", "Identities[0]"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not named: %v", field, err)
		}
	}
}

// fuzzServer is a server with one client, for the fuzz tests.
func fuzzServer(v Version) *Server {
	s, err := New(Config{Version: v, SigningKey: testKey(0), UserinfoKey: testKey(1)})
	if err != nil {
		panic(err)
	}
	jwk := object("kty", "RSA", "n", b64.EncodeToString(testKey(2).N.Bytes()), "e", "AQAB")
	if err := s.RegisterClient(ClientRequest{ClientID: "rp", PublicKey: jwk, RedirectURIs: []string{"https://rp.example.org/cb", "https://rp.example.org/w/**"}}); err != nil {
		panic(err)
	}
	return s
}

// FuzzAuthorize throws anything at the authorization endpoint: the answer is a
// page or a redirect to a registered address, never a failure of the server.
func FuzzAuthorize(f *testing.F) {
	f.Add("client_id=rp&redirect_uri=https://rp.example.org/cb&response_type=code&scope=openid&claims=%7B%22userinfo%22%3A%7B%7D%7D")
	f.Add("client_id=rp&redirect_uri=https://rp.example.org/w/../../x&response_type=code&scope=openid+profile&nonce=n&ui_locales=si")
	f.Add("request_uri=urn:x&client_id=rp")
	f.Add("%zz&;&=&claims={")
	servers := []*Server{fuzzServer(V16), fuzzServer(V18), fuzzServer(V20)}
	f.Fuzz(func(t *testing.T, query string) {
		for _, s := range servers {
			path := "/authorize"
			if s.v >= V20 {
				path = "/oauth2/authorize"
			}
			r := httptest.NewRequest("GET", "http://127.0.0.1"+path, nil)
			r.URL.RawQuery = query
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, r)
			location := w.Header().Get("Location")
			switch w.Code {
			case http.StatusBadRequest:
			case http.StatusSeeOther, http.StatusFound:
				if !strings.HasPrefix(location, "/login/") && !strings.HasPrefix(location, "https://rp.example.org/") {
					t.Errorf("%s: to %q", s.v, location)
				}
			default:
				t.Errorf("%s: %d", s.v, w.Code)
			}
		}
	})
}

// FuzzClaims: what is read as a claims parameter is JSON, and gives only
// claims that the client is registered for.
func FuzzClaims(f *testing.F) {
	f.Add(`{"userinfo":{"name":{"essential":true},"x":null},"id_token":{"acr":{"values":["mosip:idp:acr:generated-code"]}}}`)
	f.Add(`{"userinfo":{"name":1}}`)
	f.Add(`{"userinfo":{"verified_claims":[{"verification":{"trust_framework":null},"claims":{"name":null}}]},"id_token":null}`)
	s := fuzzServer(V18)
	c := s.clients["rp"]
	f.Fuzz(func(t *testing.T, doc string) {
		asked, ok := s.readClaims(jsontext.Value(doc))
		if !ok {
			return
		}
		if doc != "" && !jsontext.Value(doc).IsValid() {
			t.Errorf("read though it is no JSON: %q", doc)
		}
		essential, voluntary := wantedClaims(c, "openid profile", asked)
		for _, claim := range append(essential, voluntary...) {
			if pageText("claim_"+claim, "en") == "" {
				t.Errorf("claim %q", claim)
			}
		}
		for _, acr := range wantedACRs(c, "", asked) {
			if acrFactors[acr] == "" {
				t.Errorf("acr %q", acr)
			}
		}
	})
}

// FuzzClientRequest: whatever client management is sent, the answer is an
// envelope with a response or an error, status 200.
func FuzzClientRequest(f *testing.F) {
	f.Add(`{"clientId":"a","clientName":"b","publicKey":{"kty":"RSA","n":"AQAB","e":"AQAB"},"redirectUris":["https://x/"]}`)
	f.Add(`{"publicKey":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},"additionalConfig":{"purpose":{"type":"verify","title":{}}}}`)
	f.Add(`{"publicKey":{"kty":"RSA","n":[1]},"userClaims":null}`)
	s := fuzzServer(V18)
	f.Fuzz(func(t *testing.T, request string) {
		body := fmt.Sprintf(`{"requestTime":%q,"request":%s}`, time.Now().UTC().Format(stampFormat), request)
		for _, call := range []string{"POST client", "PUT oauth-client/rp", "PATCH client/rp"} {
			method, path, _ := strings.Cut(call, " ")
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, httptest.NewRequest(method, "http://127.0.0.1"+base+"/client-mgmt/"+path, strings.NewReader(body)))
			var e struct {
				Response jsontext.Value   `json:"response"`
				Errors   []map[string]any `json:"errors"`
			}
			if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || w.Code != 200 || (e.Response.Kind() == 'n') == (len(e.Errors) == 0) {
				t.Errorf("%s: %d %s", call, w.Code, w.Body)
			}
		}
	})
}

// FuzzToken throws assertions and proofs at the token endpoint: none is ever
// worth a token.
func FuzzToken(f *testing.F) {
	f.Add("eyJhbGciOiJub25lIn0.e30.", "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IlBTMjU2IiwiandrIjp7fX0.e30.AA")
	f.Add("", "x")
	f.Add(`{"payload":"e30","signatures":[]}`, `{"payload":"e30"}`)
	s := fuzzServer(V18)
	c := s.clients["rp"]
	f.Fuzz(func(t *testing.T, assertion, proof string) {
		now := time.Now()
		if s.checkAssertion(url.Values{"client_assertion": {assertion}}, c, []string{"x"}, now) {
			t.Error("an assertion without the key passed")
		}
		if p, ok := s.readProof(proof, "POST", "http://127.0.0.1/token", now); ok && p.jkt == "" {
			t.Error("a proof without a key passed")
		}
	})
}

// BenchmarkSignIn is one sign-in with its token and userinfo, by the calls.
func BenchmarkSignIn(b *testing.B) {
	s := fuzzServer(V18)
	c := s.clients["rp"]
	for b.Loop() {
		now := time.Now()
		t, f := s.begin(authRequest{ClientID: "rp", Scope: "openid profile", ResponseType: "code", RedirectURI: "https://rp.example.org/cb", Nonce: s.draw()}, now, false)
		if f != nil {
			b.Fatal(f.code)
		}
		if _, _, f := s.sendOTP(t, "9900000001", now); f != nil {
			b.Fatal(f.code)
		}
		if f := s.authenticate(t, "9900000001", "OTP", OTP, now); f != nil {
			b.Fatal(f.code)
		}
		if _, f := s.issueCode(t, []string{"name"}, now); f != nil {
			b.Fatal(f.code)
		}
		if _, _, err := s.redeem(t, c, "http://127.0.0.1", "", now); err != nil {
			b.Fatal(err)
		}
	}
}
