package esignet_test

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// TestAttackKeys carries out attacks by way of key sets and key files.
func TestAttackKeys(t *testing.T) {
	t.Run("a flood of unknown kids fetches the key set once in 30 s", func(t *testing.T) {
		p := newProvider(t)
		n := 0
		p.idToken = func(h, _ object) { n++; h["key"], h["kid"] = rsaKey(t, "attacker"), fmt.Sprint("kid-", n) }
		c := p.newClient(nil)
		for range 20 {
			_, err := p.complete(c, plainRequest)
			wantError(t, err, esignet.StageIDToken, esignet.CodeSignature)
		}
		if got := p.count("/jwks"); got != 1 {
			t.Errorf("%d fetches", got)
		}
		p.set(func() { p.now = p.now.Add(31 * time.Second) })
		for range 20 {
			_, err := p.complete(c, plainRequest)
			wantError(t, err, esignet.StageIDToken, esignet.CodeSignature)
		}
		if got := p.count("/jwks"); got != 2 {
			t.Errorf("%d fetches after 31 s", got)
		}
	})
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	good := rsaKey(t, "issuer")
	for name, keys := range map[string][]object{
		"a key of 1024 bits":            {publicJWK(small.Public(), object{"kid": "issuer-1"})},
		"the exponent 1":                {publicJWK(&rsa.PublicKey{N: good.N, E: 1}, object{"kid": "issuer-1"})},
		"an even modulus":               {publicJWK(&rsa.PublicKey{N: new(big.Int).Sub(good.N, big.NewInt(1)), E: 65537}, object{"kid": "issuer-1"})},
		"a modulus of 20000 bits":       {publicJWK(&rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 20000, 1), E: 65537}, object{"kid": "issuer-1"})},
		"a key for encryption only":     {publicJWK(good.Public(), object{"kid": "issuer-1", "use": "enc"})},
		"a key for another algorithm":   {publicJWK(good.Public(), object{"kid": "issuer-1", "alg": "RS512"})},
		"a key for other operations":    {publicJWK(good.Public(), object{"kid": "issuer-1", "key_ops": []string{"wrapKey"}})},
		"a secret":                      {{"kty": "oct", "kid": "issuer-1", "k": "AAAA"}},
		"a point that is not on P-256":  {{"kty": "EC", "crv": "P-256", "kid": "issuer-1", "x": encode64(make([]byte, 32)), "y": encode64(make([]byte, 32))}},
		"no key at all":                 {},
		"the good key beyond a hundred": append(repeat(object{"kty": "RSA", "n": "AQAB", "e": "AQAB"}, 100), publicJWK(good.Public(), object{"kid": "issuer-1"})),
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t)
			p.keys = keys
			_, err := p.complete(p.newClient(nil), plainRequest)
			noValue(t, wantError(t, err, esignet.StageKeys, esignet.CodeMalformed))
		})
	}
	t.Run("a key bound to RS256 beside a PS256 token", func(t *testing.T) {
		p := newProvider(t)
		p.keys = []object{publicJWK(good.Public(), object{"kid": "issuer-1", "alg": "RS256"})}
		_, err := p.complete(p.newClient(nil), plainRequest)
		wantError(t, err, esignet.StageIDToken, esignet.CodeSignature)
	})
	t.Run("a key file that others can read", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "key.pem")
		data, err := testKey(t, esignet.ES256).PEM()
		if err != nil {
			t.Fatal(err)
		}
		for _, mode := range []os.FileMode{0o644, 0o640, 0o604, 0o660, 0o777, 0o601} {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			if _, err := esignet.LoadKey(path, ""); err == nil || !strings.Contains(err.Error(), "0600") || strings.Contains(err.Error(), "BEGIN") {
				t.Errorf("%04o: %v", mode, err)
			}
		}
	})
}

func repeat(o object, n int) (out []object) {
	for range n {
		out = append(out, o)
	}
	return out
}

// TestKeyRotation follows an issuer through every change of its keys.
func TestKeyRotation(t *testing.T) {
	for name, rotate := range map[string]func(p *provider){
		"under another kid":  func(p *provider) { p.kid = "issuer-2" },
		"under the same kid": func(*provider) {}, // two installations of one day
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t)
			c := p.newClient(nil)
			if _, err := p.complete(c, plainRequest); err != nil {
				t.Fatal(err)
			}
			p.set(func() {
				rotate(p)
				p.signing = rsaKey(t, "issuer after rotation")
				p.keys = []object{publicJWK(p.signing.Public(), object{"kid": p.kid, "use": "sig"})}
				p.now = p.now.Add(time.Minute)
			})
			if _, err := p.complete(c, plainRequest); err != nil {
				t.Fatal(err)
			}
			if got := p.count("/jwks"); got != 2 {
				t.Errorf("%d fetches", got)
			}
		})
	}
	t.Run("of the identity system", func(t *testing.T) {
		p := newProvider(t)
		p.override["/keys.json"] = func(w http.ResponseWriter, _ *http.Request) {
			p.reply(w, 200, object{"keys": []object{publicJWK(p.identity.Public(), object{"kid": "identity-1"})}})
		}
		c := p.newClient(func(c *esignet.Config) { c.IdentitySystemKeys, c.IdentitySystemURL = nil, p.server.URL+"/keys.json" })
		if _, err := p.complete(c, plainRequest); err != nil {
			t.Fatal(err)
		}
		p.set(func() { p.identity, p.now = rsaKey(t, "identity after rotation"), p.now.Add(time.Minute) })
		if _, err := p.complete(c, plainRequest); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("while the key set is down, the last one serves for a day", func(t *testing.T) {
		p := newProvider(t)
		c := p.newClient(nil)
		if _, err := p.complete(c, plainRequest); err != nil {
			t.Fatal(err)
		}
		down := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
		p.set(func() {
			p.override["/jwks"], p.override["/.well-known/openid-configuration"] = down, down
			p.now = p.now.Add(24 * time.Hour)
		})
		for range 3 {
			if _, err := p.complete(c, plainRequest); err != nil {
				t.Fatal(err)
			}
		}
		if got := p.count("/jwks"); got != 2 {
			t.Errorf("%d fetches: a dead server is not asked at every sign-in", got)
		}
		p.set(func() { p.now = p.now.Add(2 * time.Hour) })
		_, err := p.newClient(nil).Authorize(t.Context(), plainRequest)
		wantError(t, err, esignet.StageDiscovery, esignet.CodeServer)
		_, err = c.Authorize(t.Context(), plainRequest)
		wantError(t, err, esignet.StageDiscovery, esignet.CodeServer)
	})
	t.Run("many at once fetch once", func(t *testing.T) {
		p := newProvider(t)
		c := p.newClient(nil)
		type begun struct {
			a *esignet.Attempt
			q map[string][]string
		}
		var all []begun
		for range 8 {
			a, q := p.begin(c, plainRequest)
			all = append(all, begun{a, q})
		}
		var wg sync.WaitGroup
		for _, b := range all {
			wg.Go(func() {
				if _, err := c.Complete(t.Context(), b.a, b.q); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := p.count("/jwks"); got != 1 {
			t.Errorf("%d fetches", got)
		}
	})
}
