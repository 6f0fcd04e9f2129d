package esignet

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// The parsers of what others send: whatever comes, each ends in a typed error or in
// something that keeps its promises.

func FuzzMetadata(f *testing.F) {
	f.Add([]byte(`{"issuer":"https://e.example.org","authorization_endpoint":"https://e.example.org/a","token_endpoint":"https://e.example.org/t","userinfo_endpoint":"https://e.example.org/u","jwks_uri":"https://e.example.org/j"}`))
	f.Add([]byte(`{"issuer":"https://e.example.org","code_challenge_methods_supported":["plain"]}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseMetadata(b, "https://e.example.org")
		if err != nil {
			typed(t, err)
			return
		}
		if err := m.resolve(&Config{}); err != nil {
			typed(t, err)
			return
		}
		for _, address := range []string{m.Authorization, m.Token, m.UserInfo, m.JWKS} {
			if checkAddress(address, false) != nil {
				t.Errorf("%q passes", address)
			}
		}
	})
}

func FuzzKeySet(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`))
	f.Add([]byte(`{"response":{"allCertificates":[{"certificateData":"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n","keyId":"k"}]}}`))
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, err := ParsePublicKeys(b)
		if (err == nil) == (len(keys) == 0) {
			t.Errorf("%d keys, %v", len(keys), err)
		}
		for _, k := range keys {
			if !usable(k.Key) {
				t.Errorf("a key that is not usable: %T", k.Key)
			}
		}
	})
}

func FuzzToken(f *testing.F) {
	f.Add("eyJhbGciOiJQUzI1NiJ9.e30.AAAA")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("eyJhbGciOiJSU0EtT0FFUC0yNTYiLCJlbmMiOiJBMjU2R0NNIiwiY3R5IjoiSldUIn0.AA.AA.AA.AA")
	k, err := NewKey(RS256, 0)
	if err != nil {
		f.Fatal(err)
	}
	ring := SingleKey(k)
	f.Fuzz(func(t *testing.T, token string) {
		c, err := parseJWS(StageIDToken, token, []string{PS256, ES256})
		if err != nil {
			typed(t, err)
		} else if c.header.Algorithm != PS256 && c.header.Algorithm != ES256 || c.verifiedBy(k.Public()) || !strings.HasPrefix(token, c.signed+".") {
			t.Errorf("%q passes", token)
		}
		if _, err := decrypt(StageUserInfo, token, ring, time.Now()); err == nil {
			t.Errorf("%q opens", token)
		} else {
			typed(t, err)
		}
	})
}

func FuzzIDTokenClaims(f *testing.F) {
	f.Add([]byte(`{"iss":"https://e.example.org","sub":"s","aud":"c","nonce":"n","iat":1795349304,"exp":1795349404,"acr":"a","auth_time":1795349304}`))
	f.Add([]byte(`{"iss":null,"aud":["c","d"],"azp":"c","exp":1e9}`))
	client := fuzzClient(f)
	attempt := &Attempt{Nonce: "n", Began: client.config.Now(), ACRValues: []string{"a"}, MaxAge: 60}
	f.Fuzz(func(t *testing.T, b []byte) {
		var claims jwtClaims
		if !object(b, &claims) {
			return
		}
		if err := client.checkIDToken(attempt, claims); err != nil {
			typed(t, err)
		} else if *claims.Issuer != "https://e.example.org" || *claims.Nonce != "n" || claims.Subject == "" {
			t.Errorf("%s passes", b)
		}
	})
}

func FuzzUserInfo(f *testing.F) {
	f.Add([]byte(`{"sub":"s","iss":"https://e.example.org","aud":"c","name#eng":"A","address":{"locality#si":"B"}}`))
	f.Add([]byte(`{"sub":"s","exp":"x"}`))
	client := fuzzClient(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		claims, err := client.checkUserInfo(b, "s")
		if err != nil {
			typed(t, err)
			return
		}
		for _, name := range claims.Names() {
			if _, ok := claims.Value(name, "si", "en"); !ok {
				t.Errorf("%q has a name and no value", name)
			}
			claims.Text(name, "si")
		}
		claims.Address("ta")
	})
}

func FuzzTokenAnswer(f *testing.F) {
	f.Add(200, []byte(`{"id_token":"a.b.c","access_token":"x","token_type":"Bearer","expires_in":3600}`))
	f.Add(400, []byte(`{"error":"invalid_request","error_description":"pkce_failed"}`))
	f.Add(500, []byte(`<html>`))
	f.Fuzz(func(t *testing.T, status int, b []byte) {
		a := &answer{status: status, header: http.Header{"Www-Authenticate": {string(b)}}, body: b}
		access, id, err := readTokens(a, false)
		if err != nil {
			typed(t, err)
		} else if access == "" || id == "" || status != 200 {
			t.Errorf("%d %s passes", status, b)
		}
		typed(t, a.userInfoRefusal())
		a.wantsNonce()
	})
}

func fuzzClient(f *testing.F) *Client {
	k, err := NewKey(ES256, 0)
	if err != nil {
		f.Fatal(err)
	}
	c, err := New(Config{
		Issuer: "https://e.example.org", ClientID: "c", RedirectURI: "https://rp.example.org/cb", Keys: SingleKey(k), Now: func() time.Time { return time.Unix(1795349304, 0) },
	})
	if err != nil {
		f.Fatal(err)
	}
	return c
}

// typed wants an error of this package whose server code has a code's form.
func typed(t *testing.T, err error) {
	t.Helper()
	e, ok := err.(*Error)
	if !ok {
		t.Fatalf("%T %v", err, err)
	}
	if e.Server != "" && !serverCode.MatchString(e.Server) || e.Code == "" || cures[e.Code] == "" {
		t.Errorf("%+v", e)
	}
}
