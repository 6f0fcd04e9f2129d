package esignet_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// TestAttackUserInfo carries out forgeries of userinfo.
func TestAttackUserInfo(t *testing.T) {
	other, opens := rsaKey(t, "attacker"), rsaKey(t, "opens")
	jku := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the client fetched a key from where the token said")
	}))
	t.Cleanup(jku.Close)
	strict := func(c *esignet.Config) { c.RequireUserInfoIssuer, c.RequireUserInfoAudience = true, true }
	decrypts := func(c *esignet.Config) { c.DecryptionKeys = esignet.SingleKey(importKey(t, opens)) }
	claims := func(lie func(object)) func(*provider) {
		return func(p *provider) { p.userinfo = func(_, c object) { lie(c) } }
	}
	header := func(lie func(p *provider, h object)) func(*provider) {
		return func(p *provider) { p.userinfo = func(h, _ object) { lie(p, h) } }
	}
	raw := func(mediaType, body string) func(*provider) {
		return func(p *provider) {
			p.override["/userinfo"] = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", mediaType)
				w.Write([]byte(body))
			}
		}
	}
	jwe := func(h object, content func(p *provider, jws string) string) func(*provider) {
		return func(p *provider) {
			p.wrap = func(jws string) string { return encryptJWE(t, &opens.PublicKey, h, []byte(content(p, jws))) }
		}
	}
	same := func(_ *provider, jws string) string { return jws }
	nested := object{"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT"}
	with := func(name string, value any) object {
		h := object{"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT"}
		h[name] = value
		return h
	}
	unsigned := `{"sub":"` + subjectOfTest + `","name":"canary"}`
	for _, test := range []struct {
		name   string
		lie    func(*provider)
		config func(*esignet.Config)
		want   esignet.Code
	}{
		{"unsigned: plain JSON", raw("application/json", unsigned), nil, esignet.CodeUnsigned},
		{"unsigned: plain JSON that says it is a JWT", raw("application/jwt", unsigned), nil, esignet.CodeMalformed},
		{"unsigned: alg none", header(func(_ *provider, h object) { h["alg"], h["key"] = "none", nil }), nil, esignet.CodeAlgorithm},
		{"unsigned: signature cut off", func(p *provider) { p.wrap = func(s string) string { return s[:strings.LastIndex(s, ".")+1] } }, nil, esignet.CodeSignature},
		{"another key under the right kid", header(func(_ *provider, h object) { h["key"] = other }), nil, esignet.CodeSignature},
		{"another key under another kid", header(func(_ *provider, h object) { h["key"], h["kid"] = other, "other" }), nil, esignet.CodeSignature},
		{"another key without kid", header(func(_ *provider, h object) { h["key"] = other; delete(h, "kid") }), nil, esignet.CodeSignature},
		{"HS256 with the public key", header(func(p *provider, h object) { h["alg"], h["key"] = "HS256", []byte(pemKey(t, p.identity.Public())) }), nil, esignet.CodeAlgorithm},
		{"embedded jwk", header(func(_ *provider, h object) { h["key"], h["jwk"] = other, publicJWK(other.Public(), nil) }), nil, esignet.CodeHeader},
		{"embedded jku", header(func(_ *provider, h object) { h["key"], h["jku"] = other, jku.URL }), nil, esignet.CodeHeader},
		{"embedded x5u", header(func(_ *provider, h object) { h["key"], h["x5u"] = other, jku.URL }), nil, esignet.CodeHeader},
		{"embedded x5c", header(func(_ *provider, h object) { h["key"], h["x5c"] = other, []string{selfSigned(t, other)} }), nil, esignet.CodeSignature},
		{"the payload changed", func(p *provider) {
			p.wrap = func(s string) string {
				parts := strings.Split(s, ".")
				return parts[0] + "." + encode64([]byte(strings.Replace(string(decode(t, parts[1])), "Test Person", "canary", 1))) + "." + parts[2]
			}
		}, nil, esignet.CodeSignature},
		{"another subject", claims(func(c object) { c["sub"] = "another" }), nil, esignet.CodeSubject},
		{"no subject", claims(func(c object) { delete(c, "sub") }), nil, esignet.CodeSubject},
		{"subject in another case", claims(func(c object) { c["sub"] = strings.ToLower(subjectOfTest) }), nil, esignet.CodeSubject},
		{"subject with a blank", claims(func(c object) { c["sub"] = subjectOfTest + " " }), nil, esignet.CodeSubject},
		{"another audience", claims(func(c object) { c["aud"] = "other" }), nil, esignet.CodeAudience},
		{"an empty audience", claims(func(c object) { c["aud"] = []string{} }), nil, esignet.CodeAudience},
		{"no audience where one is required", claims(func(c object) { delete(c, "aud") }), strict, esignet.CodeAudience},
		{"another issuer", claims(func(c object) { c["iss"] = "https://other.example.org" }), nil, esignet.CodeIssuer},
		{"an empty issuer", claims(func(c object) { c["iss"] = "" }), nil, esignet.CodeIssuer},
		{"no issuer where one is required", claims(func(c object) { delete(c, "iss") }), strict, esignet.CodeIssuer},
		{"expired", claims(func(c object) { c["exp"] = 1 }), nil, esignet.CodeTime},
		{"of the future", claims(func(c object) { c["iat"] = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC).Unix() }), nil, esignet.CodeTime},
		{"typ of a proof", header(func(_ *provider, h object) { h["typ"] = "dpop+jwt" }), nil, esignet.CodeHeader},
		{"a critical extension", header(func(_ *provider, h object) { h["crit"] = []string{"exp"} }), nil, esignet.CodeHeader},
		{"JWE where no key is configured", jwe(nested, same), nil, esignet.CodeDecrypt},
		{"JWE for another key", func(p *provider) {
			p.wrap = func(s string) string { return encryptJWE(t, &other.PublicKey, nested, []byte(s)) }
		}, decrypts, esignet.CodeDecrypt},
		{"JWE, compressed", jwe(with("zip", "DEF"), same), decrypts, esignet.CodeHeader},
		{"JWE by RSA1_5", jwe(with("alg", "RSA1_5"), same), decrypts, esignet.CodeAlgorithm},
		{"JWE by a shared secret", jwe(with("alg", "dir"), same), decrypts, esignet.CodeAlgorithm},
		{"JWE by A128CBC", jwe(with("enc", "A128CBC-HS256"), same), decrypts, esignet.CodeAlgorithm},
		{"JWE without a JWT in it", jwe(with("cty", "JSON"), same), decrypts, esignet.CodeHeader},
		{"JWE with a key in its header", jwe(with("jwk", publicJWK(other.Public(), nil)), same), decrypts, esignet.CodeHeader},
		{"encrypted, not signed", jwe(nested, func(*provider, string) string { return unsigned }), decrypts, esignet.CodeMalformed},
		{"encrypted, signed by another", jwe(nested, func(*provider, string) string {
			return signJWS(t, other, object{"alg": "RS256", "kid": "identity-1"}, []byte(unsigned))
		}), decrypts, esignet.CodeSignature},
		{"encrypted, alg none inside", jwe(nested, func(*provider, string) string { return signJWS(t, nil, object{"alg": "none"}, []byte(unsigned)) }), decrypts, esignet.CodeAlgorithm},
		{"encrypted twice", jwe(nested, func(_ *provider, s string) string { return encryptJWE(t, &opens.PublicKey, nested, []byte(s)) }), decrypts, esignet.CodeMalformed},
		{"JWE changed", func(p *provider) {
			p.wrap = func(s string) string {
				parts := strings.Split(encryptJWE(t, &opens.PublicKey, nested, []byte(s)), ".")
				content := decode(t, parts[3])
				content[len(content)/2] ^= 1
				parts[3] = encode64(content)
				return strings.Join(parts, ".")
			}
		}, decrypts, esignet.CodeDecrypt},
		{"JWE of empty parts", raw("application/jwt", "...."), decrypts, esignet.CodeMalformed},
		{"an HTML page", raw("text/html", "<script>canary</script>"), nil, esignet.CodeMalformed},
		{"no media type", raw("", "eyJ"), nil, esignet.CodeMalformed},
		{"huge", raw("application/jwt", strings.Repeat("A", 5<<20)), nil, esignet.CodeTooLarge},
		{"claims that are an array", func(p *provider) {
			p.wrap = func(string) string {
				return signJWS(t, p.identity, object{"alg": "RS256", "kid": "identity-1"}, []byte(`["canary"]`))
			}
		}, nil, esignet.CodeMalformed},
		{"sub twice", func(p *provider) {
			p.wrap = func(string) string {
				return signJWS(t, p.identity, object{"alg": "RS256", "kid": "identity-1"}, []byte(`{"sub":"`+subjectOfTest+`","sub":"`+subjectOfTest+`"}`))
			}
		}, nil, esignet.CodeMalformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newProvider(t)
			test.lie(p)
			who, err := p.complete(p.newClient(test.config), plainRequest)
			if who != nil {
				t.Fatal("an identity came of it")
			}
			e := forged(t, err)
			if e.Stage != esignet.StageUserInfo || e.Code != test.want {
				t.Fatalf("%v, want %s", err, test.want)
			}
		})
	}
}
