package esignet_test

import (
	"crypto"
	"crypto/rsa"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwe"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// jwx is an independent JOSE library on the other side.
var jwx = peer{
	sign: func(t testing.TB, key any, header object, payload []byte) string {
		t.Helper()
		headers := jws.NewHeaders()
		for name, value := range header {
			if name == "x5c" { // it reads certificates before it writes them
				return signJWS(t, key, header, payload)
			}
			if err := headers.Set(name, value); err != nil {
				t.Fatal(err)
			}
		}
		alg, ok := jwa.LookupSignatureAlgorithm(header["alg"].(string))
		if !ok {
			t.Fatalf("alg %v", header["alg"])
		}
		signed, err := jws.Sign(payload, jws.WithKey(alg, key, jws.WithProtectedHeaders(headers)))
		if err != nil {
			t.Fatal(err)
		}
		return string(signed)
	},
	verify: func(token string, key crypto.PublicKey) (header, payload map[string]jsontext.Value, err error) {
		message, err := jws.Parse([]byte(token))
		if err != nil {
			return nil, nil, err
		}
		protected := message.Signatures()[0].ProtectedHeaders()
		alg, _ := protected.Algorithm()
		content, err := jws.Verify([]byte(token), jws.WithKey(alg, key))
		if err != nil {
			return nil, nil, err
		}
		raw, err := json.Marshal(protected)
		if err == nil {
			err = json.Unmarshal(raw, &header)
		}
		if err == nil {
			err = json.Unmarshal(content, &payload)
		}
		return header, payload, err
	},
	encrypt: func(t testing.TB, key *rsa.PublicKey, header object, content []byte) string {
		t.Helper()
		headers := jwe.NewHeaders()
		for _, name := range []string{"cty", "kid"} {
			if err := headers.Set(name, header[name]); err != nil {
				t.Fatal(err)
			}
		}
		out, err := jwe.Encrypt(content, jwe.WithKey(jwa.RSA_OAEP_256(), key), jwe.WithContentEncryption(jwa.A256GCM()), jwe.WithProtectedHeaders(headers))
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	},
}

// TestSignInJWX signs in with jwx on the other side of every signature and
// encryption.
func TestSignInJWX(t *testing.T) { signIns(t, jwx) }

// TestKeysJWX reads published and private keys with jwx and compares their
// thumbprints and signatures.
func TestKeysJWX(t *testing.T) {
	for _, algorithm := range []string{esignet.RS256, esignet.PS256, esignet.ES256} {
		k, err := esignet.NewKey(algorithm, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.SelfSign("clinic", time.Now().Add(-time.Hour), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		published, err := esignet.SingleKey(k).JWKS(time.Now(), esignet.UseSignature)
		if err != nil {
			t.Fatal(err)
		}
		set, err := jwk.Parse(published)
		if err != nil || set.Len() != 1 {
			t.Fatalf("%v, %s", err, published)
		}
		public, _ := set.Key(0)
		print, err := public.Thumbprint(crypto.SHA256)
		if err != nil || encode64(print) != k.ID() {
			t.Errorf("thumbprint %s, kid %s, %v", encode64(print), k.ID(), err)
		}
		one, _ := public.X509CertThumbprint()
		two, _ := public.X509CertThumbprintS256()
		if x5t, s256 := k.Thumbprints(); one != x5t || two != s256 {
			t.Errorf("x5t %s, x5t#S256 %s", one, two)
		}
		token, err := k.Sign("JWT", []byte(`{"a":1}`))
		if err != nil {
			t.Fatal(err)
		}
		if content, err := jws.Verify([]byte(token), jws.WithKeySet(set)); err != nil || string(content) != `{"a":1}` {
			t.Errorf("%s, %v", content, err)
		}
		secret, err := k.PrivateJWK()
		if err != nil {
			t.Fatal(err)
		}
		private, err := jwk.ParseKey(secret)
		if err != nil {
			t.Fatal(err)
		}
		alg, _ := jwa.LookupSignatureAlgorithm(algorithm)
		theirs, err := jws.Sign([]byte(`{"b":2}`), jws.WithKey(alg, private))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := verifyJWS(string(theirs), k.Public()); err != nil {
			t.Error(err)
		}
	}
}
