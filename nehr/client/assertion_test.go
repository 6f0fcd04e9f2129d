package client_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/nehrbridge/nehrbridge/nehr/client"
)

// keyFile writes a key in each form that is read.
func keyFile(t *testing.T, form string, key crypto.Signer) string {
	t.Helper()
	var b []byte
	var err error
	block := func(typ string, der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der})
	}
	switch form {
	case "PKCS#8":
		b, err = x509.MarshalPKCS8PrivateKey(key)
		b = block("PRIVATE KEY", b)
	case "PKCS#1":
		b = block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key.(*rsa.PrivateKey)))
	case "SEC1":
		b, err = x509.MarshalECPrivateKey(key.(*ecdsa.PrivateKey))
		b = block("EC PRIVATE KEY", b)
	case "JWK":
		b, err = json.Marshal(jose.JSONWebKey{Key: key, KeyID: "jwk-kid"})
	case "public JWK":
		b, err = json.Marshal(jose.JSONWebKey{Key: key.Public(), KeyID: "jwk-kid"})
	}
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func newKeys(t *testing.T) (*rsa.PrivateKey, *ecdsa.PrivateKey) {
	t.Helper()
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return r, e
}

func TestOAuthPrivateKeyJWT(t *testing.T) {
	r, e := newKeys(t)
	thumbprint := func(k crypto.Signer) string {
		public := jose.JSONWebKey{Key: k.Public()}
		b, err := public.Thumbprint(crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	tests := []struct {
		form string
		key  crypto.Signer
		kid  string // configured
		alg  jose.SignatureAlgorithm
		want string // kid
	}{
		{"PKCS#8", r, "", jose.RS384, thumbprint(r)},
		{"PKCS#1", r, "named", jose.RS384, "named"},
		{"JWK", r, "", jose.RS384, "jwk-kid"},
		{"PKCS#8", e, "", jose.ES384, thumbprint(e)},
		{"SEC1", e, "named", jose.ES384, "named"},
		{"JWK", e, "named", jose.ES384, "named"},
	}
	for _, tt := range tests {
		t.Run(tt.form+string(tt.alg), func(t *testing.T) {
			a := newAuthority(t)
			c := a.client(client.OAuth{KeyFile: keyFile(t, tt.form, tt.key), KeyID: tt.kid})
			a.reads(c)
			a.revoke()
			a.reads(c)
			seen := map[string]bool{}
			for _, r := range a.requests {
				if _, _, ok := r.BasicAuth(); ok || r.Form.Has("client_secret") || r.Form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
					t.Errorf("asked with %v", r.Form)
				}
				token, err := jwt.ParseSigned(r.Form.Get("client_assertion"), []jose.SignatureAlgorithm{tt.alg})
				if err != nil {
					t.Fatal(err)
				}
				var claims jwt.Claims
				if err := token.Claims(tt.key.Public(), &claims); err != nil {
					t.Fatal(err)
				}
				head := token.Headers[0]
				if head.KeyID != tt.want || head.ExtraHeaders["typ"] != "JWT" {
					t.Errorf("header %+v, want kid %s", head, tt.want)
				}
				life := claims.Expiry.Time().Sub(claims.IssuedAt.Time())
				if claims.Issuer != "bridge" || claims.Subject != "bridge" || len(claims.Audience) != 1 || claims.Audience[0] != a.web.URL+"/token" || life <= 0 || life > time.Minute || !claims.IssuedAt.Time().Equal(a.now) {
					t.Errorf("claims %+v", claims)
				}
				if len(claims.ID) < 22 || seen[claims.ID] { // 128 bits in base64url
					t.Errorf("jti %q is short or was used before", claims.ID)
				}
				seen[claims.ID] = true
			}
			if len(seen) != 2 {
				t.Errorf("%d assertions, want 2", len(seen))
			}
		})
	}
}
