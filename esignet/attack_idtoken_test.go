package esignet_test

import (
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// TestAttackIDToken carries out forgeries of the id_token against a client that
// would take the genuine one.
func TestAttackIDToken(t *testing.T) {
	other := rsaKey(t, "attacker")
	jku := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the client fetched a key from where the token said")
	}))
	t.Cleanup(jku.Close)
	set := func(name string, value any) func(*provider, object, object) {
		return func(_ *provider, _, c object) { c[name] = value }
	}
	without := func(name string) func(*provider, object, object) {
		return func(_ *provider, _, c object) { delete(c, name) }
	}
	forge := func(header object) func(*provider, object, object) {
		return func(_ *provider, h, _ object) {
			h["key"] = other
			for name, value := range header {
				h[name] = value
			}
		}
	}
	after := func(name string, by time.Duration) func(*provider, object, object) {
		return func(p *provider, _, c object) { c[name] = p.now.Add(by).Unix() }
	}
	for _, test := range []struct {
		name string
		lie  func(p *provider, header, claims object)
		want esignet.Code
	}{
		{"no signature, alg none", func(_ *provider, h, _ object) { h["alg"], h["key"] = "none", nil }, esignet.CodeAlgorithm},
		{"no signature, alg nOnE", func(_ *provider, h, _ object) { h["alg"], h["key"] = "nOnE", nil }, esignet.CodeAlgorithm},
		{"no signature, alg kept", func(_ *provider, h, _ object) { h["key"] = nil }, esignet.CodeSignature},
		{"no alg", func(_ *provider, h, _ object) { delete(h, "alg") }, esignet.CodeAlgorithm},
		{"HS256 with the public key as PEM", func(p *provider, h, _ object) { h["alg"], h["key"] = "HS256", []byte(pemKey(t, p.signing.Public())) }, esignet.CodeAlgorithm},
		{"HS256 with the public key as DER", func(p *provider, h, _ object) {
			der, err := x509.MarshalPKIXPublicKey(p.signing.Public())
			if err != nil {
				t.Fatal(err)
			}
			h["alg"], h["key"] = "HS256", der
		}, esignet.CodeAlgorithm},
		{"an HMAC that says PS256", func(p *provider, h, _ object) { h["key"] = []byte(pemKey(t, p.signing.Public())) }, esignet.CodeSignature},
		{"RS256 where PS256 is expected, by the right key", func(_ *provider, h, _ object) { h["alg"] = "RS256" }, esignet.CodeAlgorithm},
		{"RS512", func(_ *provider, h, _ object) { h["alg"] = "RS512" }, esignet.CodeAlgorithm},
		{"another key under the known kid", forge(nil), esignet.CodeSignature},
		{"another key under an unknown kid", forge(object{"kid": "other"}), esignet.CodeSignature},
		{"another key, no kid", func(_ *provider, h, _ object) { h["key"] = other; delete(h, "kid") }, esignet.CodeSignature},
		{"the identity system's key", func(p *provider, h, _ object) { h["key"], h["kid"] = p.identity, "identity-1" }, esignet.CodeSignature},
		{"embedded jwk", forge(object{"jwk": publicJWK(other.Public(), nil)}), esignet.CodeHeader},
		{"embedded jku", forge(object{"jku": jku.URL}), esignet.CodeHeader},
		{"embedded x5u", forge(object{"x5u": jku.URL}), esignet.CodeHeader},
		{"embedded x5c", forge(object{"x5c": []string{selfSigned(t, other)}}), esignet.CodeSignature},
		{"genuine, with a jwk beside", func(p *provider, h, _ object) { h["jwk"] = publicJWK(p.signing.Public(), nil) }, esignet.CodeHeader},
		{"critical extension", func(_ *provider, h, _ object) { h["crit"], h["b64"] = []string{"b64"}, true }, esignet.CodeHeader},
		{"payload not encoded", func(_ *provider, h, _ object) { h["b64"] = false }, esignet.CodeHeader},
		{"typ of a DPoP proof", func(_ *provider, h, _ object) { h["typ"] = "dpop+jwt" }, esignet.CodeHeader},
		{"typ of an access token", func(_ *provider, h, _ object) { h["typ"] = "at+jwt" }, esignet.CodeHeader},
		{"a logout token", set("events", object{"http://schemas.openid.net/event/backchannel-logout": object{}}), esignet.CodeHeader},
		{"another issuer", set("iss", "https://other.example.org"), esignet.CodeIssuer},
		{"issuer with a path behind it", func(p *provider, _, c object) { c["iss"] = p.server.URL + "/v1/esignet" }, esignet.CodeIssuer},
		{"issuer with a slash behind it", func(p *provider, _, c object) { c["iss"] = p.server.URL + "/" }, esignet.CodeIssuer},
		{"no issuer", without("iss"), esignet.CodeIssuer},
		{"another audience", set("aud", "other"), esignet.CodeAudience},
		{"no audience", without("aud"), esignet.CodeAudience},
		{"empty audience", set("aud", []string{}), esignet.CodeAudience},
		{"two audiences without azp", set("aud", []string{"demo-portal", "other"}), esignet.CodeAudience},
		{"authorized for another", func(_ *provider, _, c object) { c["aud"], c["azp"] = []string{"demo-portal", "other"}, "other" }, esignet.CodeAudience},
		{"another nonce", set("nonce", "of-another-attempt"), esignet.CodeNonce},
		{"nonce null", set("nonce", nil), esignet.CodeNonce},
		{"no nonce", without("nonce"), esignet.CodeNonce},
		{"empty nonce", set("nonce", ""), esignet.CodeNonce},
		{"expired, by more than the skew", after("exp", -60*time.Second), esignet.CodeTime},
		{"no expiry", without("exp"), esignet.CodeTime},
		{"issued in the future, by more than the skew", after("iat", 61*time.Second), esignet.CodeTime},
		{"issued before the attempt", after("iat", -62*time.Second), esignet.CodeTime},
		{"no time of issue", without("iat"), esignet.CodeTime},
		{"not valid yet", after("nbf", 61*time.Second), esignet.CodeTime},
		{"expiry as text", set("exp", "2099-01-01"), esignet.CodeMalformed},
		{"expiry beyond all time", set("exp", 1e300), esignet.CodeMalformed},
		{"at_hash of another token", set("at_hash", encode64(make([]byte, 16))), esignet.CodeAccessTokenHash},
		{"signed in by other means", set("acr", "mosip:idp:acr:static-code"), esignet.CodeACR},
		{"no acr", without("acr"), esignet.CodeACR},
		{"acr that begins like the right one", set("acr", "mosip:idp:acr:generated-code-not"), esignet.CodeACR},
		{"no subject", without("sub"), esignet.CodeSubject},
		{"empty subject", set("sub", ""), esignet.CodeSubject},
		{"subject of 256 characters", set("sub", strings.Repeat("x", 256)), esignet.CodeSubject},
		{"subject with a line break", set("sub", "a\nb"), esignet.CodeSubject},
		{"subject as number", set("sub", 5), esignet.CodeMalformed},
		{"auth_time in the future", after("auth_time", 2*time.Minute), esignet.CodeAuthTime},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newProvider(t)
			p.idToken = func(h, c object) { test.lie(p, h, c) }
			_, err := p.complete(p.newClient(nil), plainRequest)
			e := wantError(t, err, esignet.StageIDToken, test.want)
			if p.count("/userinfo") != 0 {
				t.Error("userinfo was asked for in spite of it")
			}
			noValue(t, e)
		})
	}
	t.Run("PKCS1 signature under a PS256 header", func(t *testing.T) {
		p := newProvider(t)
		p.token = func(a object) {
			parts := strings.Split(a["id_token"].(string), ".")
			legacy := signJWS(t, p.signing, object{"alg": "RS256"}, decode(t, parts[1]))
			a["id_token"] = parts[0] + "." + parts[1] + legacy[strings.LastIndex(legacy, "."):]
		}
		_, err := p.complete(p.newClient(nil), plainRequest)
		wantError(t, err, esignet.StageIDToken, esignet.CodeSignature)
	})
	for _, member := range []string{"sub", "SUB"} {
		t.Run("a second subject as "+member, func(t *testing.T) {
			p := newProvider(t)
			p.token = func(a object) {
				body := string(decode(t, strings.Split(a["id_token"].(string), ".")[1]))
				a["id_token"] = signJWS(t, p.signing, object{"alg": "PS256", "kid": p.kid}, []byte(body[:len(body)-1]+`,"`+member+`":"another"}`))
			}
			_, err := p.complete(p.newClient(nil), plainRequest)
			wantError(t, err, esignet.StageIDToken, esignet.CodeMalformed)
		})
	}
	t.Run("the access token in its place", func(t *testing.T) {
		p := newProvider(t)
		p.token = func(a object) {
			a["id_token"] = signJWS(t, p.signing, object{"alg": "PS256", "kid": p.kid}, marshal(t, object{
				"iss": p.server.URL, "sub": subjectOfTest, "aud": "demo-portal", "iat": p.now.Unix(), "exp": p.now.Unix() + 60, "client_id": "demo-portal"}))
		}
		_, err := p.complete(p.newClient(nil), plainRequest)
		wantError(t, err, esignet.StageIDToken, esignet.CodeNonce)
	})
	t.Run("an id_token of an earlier attempt", func(t *testing.T) {
		p := newProvider(t)
		c := p.newClient(nil)
		var first string
		p.token = func(a object) { first = a["id_token"].(string) }
		if _, err := p.complete(c, plainRequest); err != nil {
			t.Fatal(err)
		}
		p.token = func(a object) { a["id_token"] = first }
		_, err := p.complete(c, plainRequest)
		wantError(t, err, esignet.StageIDToken, esignet.CodeNonce)
	})
	t.Run("signed in before max_age", func(t *testing.T) {
		p := newProvider(t)
		p.idToken = func(_, c object) { c["auth_time"] = p.now.Add(-2*time.Minute - time.Second).Unix() }
		request := plainRequest
		request.MaxAge = time.Minute
		_, err := p.complete(p.newClient(nil), request)
		wantError(t, err, esignet.StageIDToken, esignet.CodeAuthTime)
		p.idToken = func(_, c object) { delete(c, "auth_time") }
		_, err = p.complete(p.newClient(nil), request)
		wantError(t, err, esignet.StageIDToken, esignet.CodeAuthTime)
	})
	for _, token := range []struct{ name, value string }{
		{"of one part", "abc"}, {"of four parts", "a.b.c.d"}, {"of five parts", "a.b.c.d.e"}, {"of dots", strings.Repeat(".", 20000)},
		{"with padding", "e30=.e30.e30"}, {"with a header that is no object", "W10.e30.e30"}, {"with a huge header", strings.Repeat("e", 20<<10) + ".e30.e30"},
		{"with a null header", "bnVsbA.e30.e30"}, {"that is huge", strings.Repeat("e", 64<<10) + ".e30.e30"},
	} {
		t.Run("a token "+token.name, func(t *testing.T) {
			p := newProvider(t)
			p.token = func(a object) { a["id_token"] = token.value }
			_, err := p.complete(p.newClient(nil), plainRequest)
			if e := forged(t, err); e.Stage != esignet.StageIDToken {
				t.Error(e)
			}
		})
	}
}

// TestIDTokenSkew is the other side: what differs by less than the skew passes.
func TestIDTokenSkew(t *testing.T) {
	for name, lie := range map[string]func(p *provider, c object){
		"expired 59 s ago":        func(p *provider, c object) { c["exp"] = p.now.Add(-59 * time.Second).Unix() },
		"issued 60 s ahead":       func(p *provider, c object) { c["iat"] = p.now.Add(60 * time.Second).Unix() },
		"clock 60 s behind":       func(p *provider, c object) { c["iat"] = p.now.Add(-60 * time.Second).Unix() },
		"not valid for 60 s":      func(p *provider, c object) { c["nbf"] = p.now.Add(60 * time.Second).Unix() },
		"more acr than asked":     func(p *provider, c object) { c["acr"] = "mosip:idp:acr:biometrics mosip:idp:acr:generated-code" },
		"azp and audience array":  func(p *provider, c object) { c["aud"], c["azp"] = []string{"other", "demo-portal"}, "demo-portal" },
		"seconds with a fraction": func(p *provider, c object) { c["exp"] = float64(p.now.Unix()) + 30.5 },
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t)
			p.idToken = func(_, c object) { lie(p, c) }
			if _, err := p.complete(p.newClient(nil), plainRequest); err != nil {
				t.Fatal(err)
			}
		})
	}
}
