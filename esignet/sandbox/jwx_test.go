package sandbox_test

import (
	"crypto/x509"
	"net/url"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwe"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

// TestAnotherLibrary puts a second JOSE library on the other side: jwx signs
// the assertion, reads the key set, verifies the tokens and opens the JWE.
func TestAnotherLibrary(t *testing.T) {
	everyVersion(t, func(t *testing.T, v sandbox.Version) {
		enc := keyOnce()[3]
		encrypts := v == sandbox.V18 || v == sandbox.V20
		p := start(t, v, func(_ *sandbox.Config, c *sandbox.ClientRequest) {
			if encrypts {
				c.Additional, c.EncPublicKey = []byte(`{"userinfo_response_type":"JWE"}`), publicJWK(t, enc)
			}
		})
		code := p.signIn(sandbox.Person{})
		now := time.Now()
		assertion, err := jwt.NewBuilder().Issuer(p.id).Subject(p.id).IssuedAt(now).Expiration(now.Add(time.Minute)).JwtID(randomText()).Build()
		if err != nil {
			t.Fatal(err)
		}
		if err := assertion.Set("aud", p.endpoint("token_endpoint")); err != nil {
			t.Fatal(err)
		}
		assertion.Options().Enable(jwt.FlattenAudience) // 1.6 wants a string
		signed, err := jwt.Sign(assertion, jwt.WithKey(jwa.RS256(), p.key))
		if err != nil {
			t.Fatal(err)
		}
		form := p.goodForm(code)
		form.Set("client_assertion", string(signed))
		token := p.redeem(form)

		set, err := jwk.Fetch(t.Context(), p.endpoint("jwks_uri"))
		if err != nil {
			t.Fatal(err)
		}
		alg := jwa.PS256()
		if v == sandbox.V16 {
			alg = jwa.RS256()
		}
		for name, raw := range map[string]string{"id_token": token.ID, "access_token": token.Access} {
			msg, err := jws.Parse([]byte(raw))
			if err != nil {
				t.Fatal(err)
			}
			kid, _ := msg.Signatures()[0].ProtectedHeaders().KeyID()
			key, ok := set.LookupKeyID(kid)
			if !ok {
				t.Fatalf("%s: no key %q in the set", name, kid)
			}
			if _, err := jws.Verify([]byte(raw), jws.WithKey(alg, key)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}

		_, _, body := p.userinfo(token.Access)
		if encrypts {
			plain, err := jwe.Decrypt([]byte(body), jwe.WithKey(jwa.RSA_OAEP_256(), enc))
			if err != nil {
				t.Fatal(err)
			}
			body = string(plain)
		}
		var key any
		alg = jwa.RS256()
		if v == sandbox.V20 {
			alg = jwa.PS256()
			key, _ = set.Key(0)
		} else {
			cert, err := x509.ParseCertificate(p.server.UserinfoCertificate())
			if err != nil {
				t.Fatal(err)
			}
			key = cert.PublicKey
		}
		payload, err := jws.Verify([]byte(body), jws.WithKey(alg, key))
		if err != nil {
			t.Fatal(err)
		}
		var claims struct {
			Name string `json:"name"`
		}
		if err := json.Unmarshal(payload, &claims); err != nil || claims.Name != "Nilmini Udaharana" {
			t.Errorf("%+v, %v", claims, err)
		}
	})
}

// issued is the answer of the token endpoint.
type issued struct {
	ID     string `json:"id_token"`
	Access string `json:"access_token"`
	Error  string `json:"error"`
}

func (p *party) redeem(form url.Values) issued {
	p.t.Helper()
	res := p.post(p.endpoint("token_endpoint"), form, "")
	var token issued
	if err := json.UnmarshalRead(res.Body, &token); err != nil || res.StatusCode != 200 {
		p.t.Fatalf("%d %s %v", res.StatusCode, token.Error, err)
	}
	return token
}
