package esignet_test

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
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
	"github.com/go-json-experiment/json/jsontext"
)

// The other side of every signature and encryption, written by RFC 7515 to 7518
// on the standard library alone, so that no fault of a JOSE library cancels out.
// It signs and encrypts what an attacker would, too.

// peer is a JOSE implementation on the other side.
type peer struct {
	sign    func(t testing.TB, key any, header object, payload []byte) string
	verify  func(token string, key crypto.PublicKey) (header, payload map[string]jsontext.Value, err error)
	encrypt func(t testing.TB, key *rsa.PublicKey, header object, content []byte) string
}

var standardLibrary = peer{sign: signJWS, verify: verifyJWS, encrypt: encryptJWE}

var p256 = elliptic.P256()

type object = map[string]any

func encode64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decode64(s string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(s) }

// number64 encodes an integer as JWK does (RFC 7518 section 6.3.1.1).
func number64(n *big.Int) string { return encode64(n.Bytes()) }

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// signJWS makes a compact JWS with any header, by the alg in it; key is a private
// key, the bytes of a secret, or nil for none.
func signJWS(t testing.TB, key any, header object, payload []byte) string {
	t.Helper()
	signed := encode64(marshal(t, header)) + "." + encode64(payload)
	sum := sha256.Sum256([]byte(signed))
	var signature []byte
	var err error
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if header["alg"] == "PS256" {
			signature, err = rsa.SignPSS(rand.Reader, k, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		} else {
			signature, err = rsa.SignPKCS1v15(nil, k, crypto.SHA256, sum[:])
		}
	case *ecdsa.PrivateKey:
		var r, s *big.Int
		if r, s, err = ecdsa.Sign(rand.Reader, k, sum[:]); err == nil {
			signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}
	case []byte:
		m := hmac.New(sha256.New, k)
		m.Write([]byte(signed))
		signature = m.Sum(nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + encode64(signature)
}

// verifyJWS checks a compact JWS and gives header and payload.
func verifyJWS(token string, key crypto.PublicKey) (header, payload map[string]jsontext.Value, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, nil, fmt.Errorf("%d parts", len(parts))
	}
	var raw [3][]byte
	for i, p := range parts {
		if raw[i], err = base64.RawURLEncoding.DecodeString(p); err != nil {
			return nil, nil, err
		}
	}
	if err := errors.Join(json.Unmarshal(raw[0], &header), json.Unmarshal(raw[1], &payload)); err != nil {
		return nil, nil, err
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	alg := strings.Trim(string(header["alg"]), `"`)
	switch k := key.(type) {
	case *rsa.PublicKey:
		if alg == "PS256" {
			err = rsa.VerifyPSS(k, crypto.SHA256, sum[:], raw[2], nil)
		} else if alg == "RS256" {
			err = rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], raw[2])
		} else {
			err = fmt.Errorf("alg %s of an RSA key", alg)
		}
	case *ecdsa.PublicKey:
		if alg != "ES256" || len(raw[2]) != 64 || !ecdsa.Verify(k, sum[:], new(big.Int).SetBytes(raw[2][:32]), new(big.Int).SetBytes(raw[2][32:])) {
			err = errors.New("the ES256 signature fails")
		}
	default:
		err = fmt.Errorf("key %T", key)
	}
	return header, payload, err
}

// encryptJWE makes a compact JWE by RSA-OAEP-256 and A256GCM, with any header.
func encryptJWE(t testing.TB, key *rsa.PublicKey, header object, content []byte) string {
	t.Helper()
	cek, nonce := make([]byte, 32), make([]byte, 12)
	rand.Read(cek)
	rand.Read(nonce)
	wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, key, cek, nil)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(cek)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	first := encode64(marshal(t, header))
	sealed := gcm.Seal(nil, nonce, content, []byte(first))
	body, tag := sealed[:len(sealed)-16], sealed[len(sealed)-16:]
	return strings.Join([]string{first, encode64(wrapped), encode64(nonce), encode64(body), encode64(tag)}, ".")
}

// publicJWK gives a public key as JWK members.
func publicJWK(key crypto.PublicKey, more object) object {
	out := object{}
	switch k := key.(type) {
	case *rsa.PublicKey:
		out["kty"], out["n"], out["e"] = "RSA", number64(k.N), number64(big.NewInt(int64(k.E)))
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			panic(err)
		}
		out["kty"], out["crv"], out["x"], out["y"] = "EC", "P-256", encode64(point[1:33]), encode64(point[33:])
	}
	for name, value := range more {
		out[name] = value
	}
	return out
}

// parsePublicJWK reads the members of a public JWK.
func parsePublicJWK(t testing.TB, raw []byte) crypto.PublicKey {
	t.Helper()
	var j struct {
		KeyType string `json:"kty"`
		N       string `json:"n"`
		E       string `json:"e"`
		X       string `json:"x"`
		Y       string `json:"y"`
	}
	if err := json.Unmarshal(raw, &j); err != nil {
		t.Fatal(err)
	}
	bytes := func(s string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if j.KeyType == "RSA" {
		return &rsa.PublicKey{N: new(big.Int).SetBytes(bytes(j.N)), E: int(new(big.Int).SetBytes(bytes(j.E)).Int64())}
	}
	k, err := ecdsa.ParseUncompressedPublicKey(p256, append(append([]byte{4}, bytes(j.X)...), bytes(j.Y)...))
	if err != nil {
		t.Fatal(err)
	}
	return k
}
