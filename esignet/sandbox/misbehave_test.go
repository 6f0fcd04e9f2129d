package sandbox_test

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

// outcome is one sign-in as the relying party saw it.
type outcome struct {
	redirect    url.Values
	tokenErr    error
	header      map[string]any // of the id_token
	claims      map[string]any // of the id_token, unverified
	verified    error          // by go-oidc
	hashErr     error          // at_hash
	status      int            // of userinfo
	kind        string
	userinfo    map[string]any // unverified
	userinfoErr error          // of its signature
	raw         string
}

// run signs in once and notes what came.
func (p *party) run() outcome {
	p.t.Helper()
	back, err := sandbox.Person{}.SignIn(p.t.Context(), p.authorizeURL())
	if err != nil {
		p.t.Fatal(err)
	}
	o := outcome{redirect: back.Query()}
	token, err := p.exchange(back.Query().Get("code"))
	if err != nil {
		o.tokenErr = err
		return o
	}
	raw, _ := token.Extra("id_token").(string)
	parts := strings.Split(raw, ".")
	if o.header, err = unpack(parts[0]); err != nil {
		p.t.Fatal(err)
	}
	if o.claims, err = unpack(parts[1]); err != nil {
		p.t.Fatal(err)
	}
	id, err := p.verifyIDToken(p.t.Context(), raw)
	o.verified = err
	if err == nil {
		o.hashErr = id.VerifyAccessToken(token.AccessToken)
	}
	o.status, o.kind, o.raw = p.userinfo(token.AccessToken)
	if parts := strings.Split(o.raw, "."); len(parts) == 3 && o.status == 200 {
		if o.userinfo, err = unpack(parts[1]); err != nil {
			p.t.Fatal(err)
		}
		_, o.userinfoErr = p.userinfoClaims(o.raw)
	}
	return o
}

// TestMisbehaviour shows each misbehaviour, in 1.8 and those that concern it
// in 2.0, and that the next sign-in is in order again.
func TestMisbehaviour(t *testing.T) {
	fails := func(o outcome) bool { return o.verified != nil }
	shown := map[sandbox.Misbehaviour]func(*party, outcome) bool{
		sandbox.WrongAudience:  func(_ *party, o outcome) bool { return fails(o) && o.claims["aud"] == "another-client" },
		sandbox.WrongIssuer:    func(_ *party, o outcome) bool { return fails(o) && o.claims["iss"] == "https://other-issuer.invalid" },
		sandbox.WrongNonce:     func(p *party, o outcome) bool { return o.claims["nonce"] != p.nonce && o.claims["nonce"] != nil },
		sandbox.NoNonce:        func(_ *party, o outcome) bool { _, has := o.claims["nonce"]; return !has },
		sandbox.WrongTokenHash: func(_ *party, o outcome) bool { return o.verified == nil && o.hashErr != nil },
		sandbox.ExpiredToken:   func(_ *party, o outcome) bool { return fails(o) && at(o.claims["exp"]).Before(time.Now()) },
		sandbox.FutureToken:    func(_ *party, o outcome) bool { return at(o.claims["iat"]).After(time.Now().Add(50 * time.Minute)) },
		sandbox.WrongACR:       func(_ *party, o outcome) bool { return o.claims["acr"] == "mosip:idp:acr:password" },
		sandbox.StaleSignIn: func(_ *party, o outcome) bool {
			return at(o.claims["auth_time"]).Before(time.Now().Add(-23 * time.Hour))
		},
		sandbox.UnsignedToken:    func(_ *party, o outcome) bool { return fails(o) && o.header["alg"] == "none" },
		sandbox.SymmetricToken:   func(_ *party, o outcome) bool { return fails(o) && o.header["alg"] == "HS256" },
		sandbox.UnknownKey:       func(p *party, o outcome) bool { return fails(o) && p.setKey(o.header["kid"].(string)) == nil },
		sandbox.OtherKeySameName: func(p *party, o outcome) bool { return fails(o) && p.setKey(o.header["kid"].(string)) != nil },
		sandbox.EmbeddedKey:      func(_ *party, o outcome) bool { return fails(o) && o.header["jwk"] != nil },
		sandbox.SwappedAlgorithm: func(_ *party, o outcome) bool { return fails(o) && o.header["alg"] == "RS256" },

		sandbox.UserinfoOtherSubject:  func(_ *party, o outcome) bool { return o.userinfoErr == nil && o.userinfo["sub"] != o.claims["sub"] },
		sandbox.UserinfoOtherAudience: func(_ *party, o outcome) bool { return o.userinfoErr == nil && o.userinfo["aud"] == "another-client" },
		sandbox.UserinfoOtherIssuer: func(_ *party, o outcome) bool {
			return o.userinfoErr == nil && o.userinfo["iss"] == "https://other-issuer.invalid"
		},
		sandbox.UserinfoOtherKey: func(_ *party, o outcome) bool { return o.userinfo != nil && o.userinfoErr != nil },
		sandbox.UserinfoUnsigned: func(_ *party, o outcome) bool { return o.userinfoErr != nil && strings.HasSuffix(o.raw, ".") },
		sandbox.UserinfoPlain:    func(_ *party, o outcome) bool { return o.kind == "application/json" && strings.HasPrefix(o.raw, "{") },
		sandbox.UserinfoRefused:  func(_ *party, o outcome) bool { return o.status == 401 },
		sandbox.UserinfoHuge:     func(_ *party, o outcome) bool { return len(o.raw) > 12<<20 },
		sandbox.UserinfoNoIssuer: func(_ *party, o outcome) bool {
			_, iss := o.userinfo["iss"]
			_, aud := o.userinfo["aud"]
			return o.userinfoErr == nil && !iss && !aud
		},
		sandbox.UserinfoEmptyName:   func(_ *party, o outcome) bool { return o.userinfo["name"] == "" },
		sandbox.UserinfoNoEssential: func(_ *party, o outcome) bool { _, has := o.userinfo["name"]; return !has && o.userinfo["sub"] != nil },

		sandbox.RedirectOtherState:  func(p *party, o outcome) bool { return o.redirect.Get("state") == "another-state" },
		sandbox.RedirectNullState:   func(p *party, o outcome) bool { return o.redirect.Get("state") == "null" },
		sandbox.RedirectOtherIssuer: func(p *party, o outcome) bool { return o.redirect.Get("iss") == "https://other-issuer.invalid" },
		sandbox.RedirectNoIssuer:    func(p *party, o outcome) bool { return !o.redirect.Has("iss") && o.redirect.Has("code") },

		sandbox.TokenServerError: func(_ *party, o outcome) bool {
			return o.tokenErr != nil && strings.Contains(o.tokenErr.Error(), "unknown_error")
		},
		sandbox.TokenHTML: func(_ *party, o outcome) bool {
			return o.tokenErr != nil && strings.Contains(o.tokenErr.Error(), "502")
		},
		sandbox.DiscoveryIssuerOther: func(p *party, o outcome) bool {
			return p.getJSON("/.well-known/openid-configuration")["issuer"] == "https://other-issuer.invalid"
		},
		sandbox.NegativeSerial: func(p *party, o outcome) bool {
			key := p.getJSON("/.well-known/jwks.json")["keys"].([]any)[0].(map[string]any)
			der, err := base64.StdEncoding.DecodeString(key["x5c"].([]any)[0].(string))
			if err != nil {
				t.Fatal(err)
			}
			_, err = x509.ParseCertificate(der)
			return err != nil && strings.Contains(err.Error(), "serial")
		},
		sandbox.BrokenKeyInSet: func(p *party, o outcome) bool {
			keys := p.getJSON("/.well-known/jwks.json")["keys"].([]any)
			return len(keys) == 2 && keys[0].(map[string]any)["n"] == nil
		},
		sandbox.ForgetNonces: func(p *party, o outcome) bool {
			address := p.authorizeURL()
			for range 2 {
				if _, err := (sandbox.Person{}).SignIn(t.Context(), address); err != nil {
					return false
				}
			}
			return true
		},
	}
	encrypted := map[sandbox.Misbehaviour]bool{sandbox.UserinfoOtherEncKey: true, sandbox.UserinfoCompressed: true}
	p := start(t, sandbox.V18, nil)
	for _, way := range sandbox.Misbehaviours {
		if encrypted[way] {
			continue // TestMisbehaviourOfEncryption
		}
		t.Run(string(way), func(t *testing.T) {
			check := shown[way]
			if check == nil {
				t.Fatal("not shown by this test")
			}
			p.t = t
			good := p.run()
			if good.tokenErr != nil || good.verified != nil || good.hashErr != nil || good.userinfoErr != nil || good.status != 200 || check(p, good) {
				t.Fatalf("before: %v %v %v %v %d", good.tokenErr, good.verified, good.hashErr, good.userinfoErr, good.status)
			}
			p.server.Misbehave(way)
			if o := p.run(); !check(p, o) {
				t.Errorf("nothing to be seen: %v %v %v %d %s", o.tokenErr, o.verified, o.claims, o.status, o.kind)
			}
			p.server.Misbehave()
		})
	}
}

func at(seconds any) time.Time {
	f, _ := seconds.(float64)
	return time.Unix(int64(f), 0)
}

// TestMisbehaviourOfEncryption shows the two ways to spoil a JWE.
func TestMisbehaviourOfEncryption(t *testing.T) {
	enc := keyOnce()[3]
	p := start(t, sandbox.V20, func(_ *sandbox.Config, c *sandbox.ClientRequest) {
		c.Additional, c.EncPublicKey = []byte(`{"userinfo_response_type":"JWE"}`), publicJWK(t, enc)
	})
	token := func() string {
		tok, err := p.exchange(p.signIn(sandbox.Person{}))
		if err != nil {
			t.Fatal(err)
		}
		_, _, body := p.userinfo(tok.AccessToken)
		return body
	}
	p.server.Misbehave(sandbox.UserinfoCompressed)
	if header, err := unpack(strings.Split(token(), ".")[0]); err != nil || header["zip"] != "DEF" {
		t.Errorf("header %v, %v", header, err)
	}
	p.server.Misbehave(sandbox.UserinfoOtherEncKey)
	parts := strings.Split(token(), ".")
	sealed, err := raw64.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rsa.DecryptOAEP(sha256.New(), nil, enc, sealed, nil); err == nil {
		t.Error("the registered key opens it")
	}
	p.server.Misbehave()
	decryptJWE(t, token(), enc)
}

// TestMarkedEverywhere: every answer says that it is a sandbox, and no answer
// goes to another machine.
func TestMarkedEverywhere(t *testing.T) {
	everyVersion(t, func(t *testing.T, v sandbox.Version) {
		p := start(t, v, nil)
		for _, path := range []string{"/", "/.well-known/openid-configuration", "/.well-known/jwks.json", "/authorize", "/oauth2/authorize",
			"/v1/esignet/oidc/userinfo", "/v1/esignet/oauth/v2/token", "/oauth2/token", "/login/none", "/sandbox/sandbox.css", "/nowhere"} {
			res, err := http.Get(p.url + path)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if got := res.Header.Get("X-Sandbox"); got != sandbox.Name+" "+string(v) {
				t.Errorf("%s: X-Sandbox %q", path, got)
			}
		}
		req, err := http.NewRequest("GET", p.url+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "idp.example.org"
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("for another host: %d", res.StatusCode)
		}
	})
	if _, err := sandbox.New(sandbox.Config{URL: "https://idp.example.org"}); err == nil {
		t.Error("a server for another machine without the permission")
	}
}
