package sandbox_test

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// JOSE out of the standard library alone: the other side of every signature
// and encryption, which shares no line with the library that the sandbox uses.

var raw64 = base64.RawURLEncoding

// hashOf is base64url(SHA-256(text)).
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return raw64.EncodeToString(sum[:])
}

func part(t *testing.T, v any) string {
	t.Helper()
	doc, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw64.EncodeToString(doc)
}

// signJWS is RFC 7515 with RS256, PS256 or ES256 (RFC 7518, section 3).
func signJWS(t *testing.T, claims map[string]any, alg string, key any, header map[string]any) string {
	t.Helper()
	h := map[string]any{"alg": alg}
	for name, value := range header {
		h[name] = value
	}
	input := part(t, h) + "." + part(t, claims)
	sum := sha256.Sum256([]byte(input))
	var signature []byte
	var err error
	switch alg {
	case "RS256":
		signature, err = rsa.SignPKCS1v15(rand.Reader, key.(*rsa.PrivateKey), crypto.SHA256, sum[:])
	case "PS256":
		signature, err = rsa.SignPSS(rand.Reader, key.(*rsa.PrivateKey), crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	case "ES256":
		r, s, e := ecdsa.Sign(rand.Reader, key.(*ecdsa.PrivateKey), sum[:])
		if err = e; e == nil {
			signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}
	case "none":
	default:
		t.Fatalf("algorithm %q", alg)
	}
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + raw64.EncodeToString(signature)
}

// verifyJWS gives the claims of a JWS that key signed with exactly alg.
func verifyJWS(token, alg string, key *rsa.PublicKey) (map[string]any, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || key == nil {
		return nil, fmt.Errorf("%d parts, key %t", len(parts), key != nil)
	}
	header, err := unpack(parts[0])
	if err != nil {
		return nil, err
	}
	signature, err := raw64.DecodeString(parts[2])
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	switch {
	case header["alg"] != alg:
		return nil, fmt.Errorf("alg %v", header["alg"])
	case alg == "RS256":
		err = rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
	case alg == "PS256":
		err = rsa.VerifyPSS(key, crypto.SHA256, sum[:], signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	default:
		err = errors.New("no such algorithm")
	}
	if err != nil {
		return nil, err
	}
	return unpack(parts[1])
}

func unpack(part string) (map[string]any, error) {
	doc, err := raw64.DecodeString(part)
	if err != nil {
		return nil, err
	}
	var m map[string]any
	return m, json.Unmarshal(doc, &m)
}

// decryptJWE is RFC 7516 with RSA-OAEP-256 and A256GCM.
func decryptJWE(t *testing.T, token string, key *rsa.PrivateKey) (header map[string]any, plain string) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 5 {
		t.Fatalf("%d parts: %.60s", len(parts), token)
	}
	header, err := unpack(parts[0])
	if err != nil {
		t.Fatal(err)
	}
	var raw [5][]byte
	for i := 1; i < 5; i++ {
		if raw[i], err = raw64.DecodeString(parts[i]); err != nil {
			t.Fatal(err)
		}
	}
	content, err := rsa.DecryptOAEP(sha256.New(), nil, key, raw[1], nil)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(content)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := gcm.Open(nil, raw[2], append(raw[3], raw[4]...), []byte(parts[0]))
	if err != nil {
		t.Fatal(err)
	}
	return header, string(opened)
}

// publicJWK is the public half of a key (RFC 7517).
func publicJWK(t *testing.T, key any) []byte {
	t.Helper()
	var jwk map[string]string
	switch k := key.(type) {
	case *rsa.PrivateKey:
		jwk = map[string]string{"kty": "RSA", "n": raw64.EncodeToString(k.N.Bytes()), "e": raw64.EncodeToString(big.NewInt(int64(k.E)).Bytes())}
	case *ecdsa.PrivateKey:
		point, err := k.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		jwk = map[string]string{"kty": "EC", "crv": "P-256", "x": raw64.EncodeToString(point[1:33]), "y": raw64.EncodeToString(point[33:])}
	default:
		t.Fatalf("key %T", key)
	}
	doc, err := json.Marshal(jwk)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// publicKeyOf reads n and e of a JWK, and nothing else of it.
func publicKeyOf(t *testing.T, jwk map[string]any) *rsa.PublicKey {
	t.Helper()
	n, _ := jwk["n"].(string)
	e, _ := jwk["e"].(string)
	nb, err1 := raw64.DecodeString(n)
	eb, err2 := raw64.DecodeString(e)
	if err1 != nil || err2 != nil || len(nb) == 0 {
		t.Fatalf("key %v", jwk["kid"])
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(nb), E: int(new(big.Int).SetBytes(eb).Int64())}
}
