package esignet_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// TestParsePublicKeys reads keys in every form in which a signer publishes them.
func TestParsePublicKeys(t *testing.T) {
	r, e := rsaKey(t, "issuer"), ecKey(t)
	ed, edPrivate, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spaced := publicJWK(r.Public(), object{"kid": "spaced"})
	n := spaced["n"].(string)
	spaced["n"] = n[:40] + " " + n[40:] + "\n"
	for name, test := range map[string]struct {
		doc string
		ids []string
	}{
		"a set":                                {string(marshal(t, object{"keys": []object{publicJWK(r.Public(), object{"kid": "a", "exp": 1}), publicJWK(e.Public(), object{"kid": "b"})}})), []string{"a", "b"}},
		"one JWK":                              {string(marshal(t, publicJWK(e.Public(), object{"kid": "b", "use": "sig", "alg": "ES256"}))), []string{"b"}},
		"Ed25519":                              {string(marshal(t, object{"kty": "OKP", "crv": "Ed25519", "kid": "c", "x": encode64(ed)})), []string{"c"}},
		"a blank inside n, as in samples":      {string(marshal(t, spaced)), []string{"spaced"}},
		"PEM public keys":                      {"text before\n" + pemKey(t, r.Public()) + pemKey(t, e.Public()), []string{"", ""}},
		"the identity system's list":           {string(marshal(t, object{"response": object{"allCertificates": []object{{"keyId": "k", "certificateData": pemKey(t, r.Public())}}}})), []string{"k"}},
		"unusable ones beside":                 {string(marshal(t, object{"keys": []any{object{"kty": "RSA"}, 5, nil, "x", publicJWK(r.Public(), object{"kid": "a"})}})), []string{"a"}},
		"a certificate with a negative serial": {"-----BEGIN CERTIFICATE-----\n" + negativeSerial(t) + "\n-----END CERTIFICATE-----\n", []string{""}},
	} {
		keys, err := esignet.ParsePublicKeys([]byte(test.doc))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var ids []string
		for _, k := range keys {
			ids = append(ids, k.ID)
		}
		if strings.Join(ids, " ") != strings.Join(test.ids, " ") || len(ids) != len(test.ids) {
			t.Errorf("%s: %q, want %q", name, ids, test.ids)
		}
	}
	keys, err := esignet.ParsePublicKeys([]byte(string(marshal(t, spaced))))
	if err != nil || !keys[0].Key.(*rsa.PublicKey).Equal(r.Public()) {
		t.Error("the key with a blank is another one")
	}
	for _, bad := range []string{"", "x", "{}", `{"keys":[]}`, `{"keys":null}`, `{"keys":{}}`, `{"kty":"RSA","n":"","e":""}`, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		`{"kty":"OKP","crv":"Ed25519","x":"AAAA"}`, `{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}`, `{"response":{"allCertificates":[{"certificateData":"AAAA"}]}}`} {
		if keys, err := esignet.ParsePublicKeys([]byte(bad)); err == nil {
			t.Errorf("%q gives %v", bad, keys)
		}
	}
	// A set of its own, for tokens that belong to no sign-in.
	p := newProvider(t)
	set := esignet.NewKeySet(p.server.URL+"/jwks", 0, 0, nil, nil)
	token := signJWS(t, p.signing, object{"alg": "RS256", "kid": p.kid}, []byte(`{"a":1}`))
	payload, err := set.Verify(t.Context(), esignet.StageToken, token, esignet.RS256)
	if err != nil || string(payload) != `{"a":1}` {
		t.Errorf("%s, %v", payload, err)
	}
	_, err = set.Verify(t.Context(), esignet.StageToken, token, esignet.PS256)
	wantError(t, err, esignet.StageToken, esignet.CodeAlgorithm)
	_, err = set.Verify(t.Context(), esignet.StageToken, token[:len(token)-4]+"AAAA", esignet.RS256)
	wantError(t, err, esignet.StageToken, esignet.CodeSignature)
	// EdDSA, for issuers that sign so.
	p.set(func() { p.keys = []object{{"kty": "OKP", "crv": "Ed25519", "kid": "e", "x": encode64(ed)}} })
	signed := encode64([]byte(`{"alg":"EdDSA","kid":"e"}`)) + "." + encode64([]byte(`{}`))
	token = signed + "." + encode64(ed25519.Sign(edPrivate, []byte(signed)))
	if _, err := esignet.NewKeySet(p.server.URL+"/jwks", 0, 0, nil, nil).Verify(t.Context(), esignet.StageToken, token, esignet.EdDSA); err != nil {
		t.Error(err)
	}
}
