package login

import (
	"context"
	stdjson "encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/esignet"
)

// The parsers of what browsers, DHIS2 and strangers send: whatever comes, it is
// refused by the protocol's words or is what it has to be.

const (
	fuzzURL    = "https://login.example.org/signin"
	fuzzDHIS2  = "https://dhis2.example.org"
	fuzzClient = "dhis2"
)

// answering is a transport that answers one text by path, and fails for others.
type answering map[string]string

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	status, text := http.StatusNotFound, ""
	if known, ok := a[r.URL.Path]; ok {
		status, text = http.StatusOK, known
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
}

// fuzzService is a façade with a DHIS2 whose key the test holds, and an eSignet
// that answers metadata alone.
func fuzzService(f *testing.F) (*Service, *esignet.Key) {
	f.Helper()
	key, err := esignet.NewKey(esignet.RS256, 0)
	if err != nil {
		f.Fatal(err)
	}
	set, err := esignet.SingleKey(key).JWKS(time.Now(), esignet.UseSignature)
	if err != nil {
		f.Fatal(err)
	}
	db, err := database.Open(f.Context(), database.Config{URL: filepath.Join(f.TempDir(), "links.db"), Migrations: []database.Migrations{Migrations()}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { db.Close() })
	const issuer = "https://esignet.example.org"
	metadata := `{"issuer":"` + issuer + `","authorization_endpoint":"` + issuer + `/authorize","token_endpoint":"` + issuer + `/token","userinfo_endpoint":"` + issuer +
		`/userinfo","jwks_uri":"` + issuer + `/jwks","code_challenge_methods_supported":["S256"],"token_endpoint_auth_methods_supported":["private_key_jwt"]}`
	s, err := New(Config{
		URL: fuzzURL, RelyingParty: "ministry", Keys: esignet.SingleKey(key), Links: NewLinks(db, nil), PerSecond: 1 << 30, MaxAttempts: 50,
		ESignet: esignet.Config{Issuer: issuer, ClientID: "facade", Keys: esignet.SingleKey(key), Transport: answering{"/.well-known/openid-configuration": metadata}},
		DHIS2: DHIS2{ClientID: fuzzClient, RedirectURI: fuzzDHIS2 + "/oauth2/code/esignet", KeySetURL: fuzzDHIS2 + "/api/publicKeys/esignet/jwks.json",
			Transport: answering{"/api/publicKeys/esignet/jwks.json": string(set)}},
	})
	if err != nil {
		f.Fatal(err)
	}
	return s, key
}

// FuzzAuthorize sends any query: it stays here, goes to DHIS2's one address, or to
// eSignet with what DHIS2 may ask for.
func FuzzAuthorize(f *testing.F) {
	s, _ := fuzzService(f)
	good := "response_type=code&client_id=dhis2&scope=openid&state=a&nonce=b&redirect_uri=" + url.QueryEscape(fuzzDHIS2+"/oauth2/code/esignet")
	for _, seed := range []string{good, good + "&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", good + "&prompt=none",
		good + "&state=c", good + "&request_uri=https://evil.example", strings.Replace(good, "dhis2.example.org", "evil.example", 1), "%zz", ";", "state=%0d%0a",
		strings.Replace(good, "state=a", "state=%00", 1), good + "&response_mode=fragment"} {
		f.Add(seed)
	}
	handler := s.Handler()
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest("GET", "/signin/authorize", nil)
		r.URL.RawQuery = query
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		location := answer.Header().Get("Location")
		switch {
		case location == "":
			if answer.Code != 400 && answer.Code != 414 && answer.Code != 503 {
				t.Errorf("status %d for %q", answer.Code, query)
			}
		case strings.HasPrefix(location, fuzzDHIS2+"/oauth2/code/esignet?"):
			u, err := url.Parse(location)
			if err != nil || u.Query().Get("error") == "" || u.Query().Get("iss") != fuzzURL || u.Query().Get("code") != "" {
				t.Errorf("%q leads to %q", query, location)
			}
		case strings.HasPrefix(location, "https://esignet.example.org/authorize?"):
			p, err := parameters(query)
			if err != nil || p["client_id"] != fuzzClient || p["response_type"] != "code" || !opaque(p["state"]) || !opaque(p["nonce"]) ||
				p["code_challenge"] != "" && p["code_challenge_method"] != "S256" {
				t.Errorf("%q passes", query)
			}
		default:
			t.Errorf("%q leads to %q", query, location)
		}
	})
}

// FuzzTokenBody sends any form: without an assertion of DHIS2 nothing is given, and
// the answer is one of RFC 6749.
func FuzzTokenBody(f *testing.F) {
	s, key := fuzzService(f)
	now := time.Now()
	assertion, err := key.Sign("JWT", []byte(`{"iss":"dhis2","sub":"dhis2","aud":"`+fuzzURL+`/token","jti":"one","exp":`+fuzzTime(now.Add(time.Minute))+`}`))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"grant_type=authorization_code&code=x&client_id=dhis2&client_assertion_type=" + url.QueryEscape(assertionType) + "&client_assertion=" + assertion,
		"grant_type=refresh_token", "code=a&code=b", "client_secret=x", "%", "", strings.Repeat("a=&", 100), "client_assertion=e30.e30.", "\x00=\xff"} {
		f.Add(seed)
	}
	handler := s.Handler()
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest("POST", "/signin/token", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		var refusal map[string]string
		if err := stdjson.Unmarshal(answer.Body.Bytes(), &refusal); err != nil || len(refusal) != 1 || refusal["error"] == "" {
			t.Errorf("%q is answered %d %q", body, answer.Code, answer.Body)
		}
		if answer.Code != 400 && answer.Code != 401 {
			t.Errorf("%q: status %d", body, answer.Code)
		}
	})
}

func fuzzTime(at time.Time) string {
	text, _ := stdjson.Marshal(at.Unix()) // a number
	return string(text)
}

// FuzzAssertion signs any claims with DHIS2's key: only the right ones are taken,
// and once.
func FuzzAssertion(f *testing.F) {
	s, key := fuzzService(f)
	now := time.Now()
	s.cfg.Now = func() time.Time { return now }
	at := fuzzTime(now.Add(time.Minute))
	for _, seed := range []string{
		`{"iss":"dhis2","sub":"dhis2","aud":"` + fuzzURL + `/token","jti":"j","exp":` + at + `}`,
		`{"iss":"dhis2","sub":"dhis2","aud":["` + fuzzURL + `/token"],"jti":"k","exp":` + at + `,"iat":1e999}`,
		`{"iss":"dhis2","sub":"dhis2","aud":"` + fuzzURL + `/token","jti":"l","exp":1e308,"nbf":-1}`,
		`{"iss":"dhis2","iss":"other","sub":"dhis2","aud":[],"jti":"","exp":"1"}`, `[]`, `null`, `{}`, "{\"jti\":\"\\u0000\"}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		token, err := key.Sign("JWT", []byte(payload))
		if err != nil {
			t.Skip("the key signs no such thing")
		}
		if s.checkAssertion(context.Background(), token) != nil {
			return
		}
		// The standard library reads it as it was sent.
		var c struct {
			Iss, Sub, Jti string
			Aud           any
			Exp           float64
		}
		if err := stdjson.Unmarshal([]byte(payload), &c); err != nil {
			t.Fatalf("%q passes: %v", payload, err)
		}
		list, _ := c.Aud.([]any)
		aimed := c.Aud == fuzzURL+"/token" || len(list) == 1 && list[0] == fuzzURL+"/token"
		if c.Iss != fuzzClient || c.Sub != fuzzClient || c.Jti == "" || !aimed || c.Exp < float64(now.Unix()-61) || c.Exp > float64(now.Unix()+361) {
			t.Errorf("%q passes", payload)
		}
		if s.checkAssertion(context.Background(), token) == nil {
			t.Errorf("%q passes twice", payload)
		}
	})
}

// FuzzBearer reads any header: a token is printable, without blanks, and stood
// alone.
func FuzzBearer(f *testing.F) {
	for _, seed := range []string{"Bearer abc", "bearer abc", "Bearer  abc", "Bearer", "Basic YTpi", "Bearer a b", "Bearer \x00", "Bearer " + strings.Repeat("a", maxBearer+1), "DPoP x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := &http.Request{Header: http.Header{"Authorization": {header}}}
		token, ok := bearer(r)
		if !ok {
			return
		}
		if !strings.EqualFold(header, "Bearer "+token) || token == "" || len(token) > maxBearer || strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c > '~' }) {
			t.Errorf("%q gives %q", header, token)
		}
		r.Header.Add("Authorization", header)
		if _, ok := bearer(r); ok {
			t.Errorf("%q passes twice", header)
		}
	})
}
