package esignet

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// PublicKey is a key that signatures are checked with.
type PublicKey struct {
	// ID is the kid it is published under; empty for one from a certificate, which
	// is then tried for every kid.
	ID string
	// Algorithm binds it to one algorithm; empty allows all of its type.
	Algorithm string
	Key       crypto.PublicKey // *rsa.PublicKey, *ecdsa.PublicKey (P-256), ed25519.PublicKey
}

// fits tells whether a token with this header may be checked by the key.
func (k PublicKey) fits(h header) bool {
	if k.Algorithm != "" && k.Algorithm != h.Algorithm {
		return false
	}
	return k.ID == "" || h.KeyID == "" || k.ID == h.KeyID
}

const (
	maxKeys    = 100 // keys of one set that are read
	minRSABits = 2048
	maxRSABits = 8192 // beyond, a check costs too much for a key that somebody else chose
)

var errNoKeys = errors.New("no usable public key: neither a key set, nor a JWK, nor PEM, nor a certificate, nor a certificate list of the identity system")

// ParsePublicKeys reads the keys that a signer publishes: a JWK Set (RFC 7517
// section 5), one JWK, PEM with certificates or public keys, one certificate as
// DER, or what MOSIP's identity systems answer at keys.json: {"response":{"allCertificates":
// [{"certificateData":"PEM","keyId":"kid"}]}}. Entries that cannot be used are
// passed over, one usable must be left. Certificates are read for their key
// alone: neither their dates nor their issuer count, and a negative serial number
// does no harm.
func ParsePublicKeys(data []byte) ([]PublicKey, error) {
	var keys []PublicKey
	switch trimmed := bytes.TrimSpace(data); {
	case len(trimmed) > 0 && trimmed[0] == '{':
		keys = parseKeyDocument(trimmed)
	case len(data) > 0 && data[0] == 0x30: // a DER sequence
		keys = parsePEMKeys(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: data}), "")
	default:
		keys = parsePEMKeys(trimmed, "")
	}
	if len(keys) == 0 {
		return nil, errNoKeys
	}
	return keys, nil
}

func parseKeyDocument(data []byte) (keys []PublicKey) {
	var doc struct {
		Keys     []jsontext.Value `json:"keys"`
		KeyType  string           `json:"kty"`
		Response struct {
			AllCertificates []struct {
				CertificateData string `json:"certificateData"`
				KeyID           string `json:"keyId"`
			} `json:"allCertificates"`
		} `json:"response"`
	}
	if json.Unmarshal(data, &doc) != nil {
		return nil
	}
	if doc.KeyType != "" {
		doc.Keys = append(doc.Keys, data)
	}
	for _, raw := range doc.Keys[:min(len(doc.Keys), maxKeys)] {
		if k, ok := parseJWK(raw); ok {
			keys = append(keys, k)
		}
	}
	certificates := doc.Response.AllCertificates
	for _, c := range certificates[:min(len(certificates), maxKeys)] {
		keys = append(keys, parsePEMKeys([]byte(c.CertificateData), c.KeyID)...)
	}
	return keys
}

// parseJWK reads one public key. What a certificate beside it says is not read:
// see the package comment. Whitespace inside the numbers is dropped as Java's
// decoders do, which some published keys rely on.
func parseJWK(raw []byte) (PublicKey, bool) {
	var j struct {
		KeyType   string   `json:"kty"`
		Use       string   `json:"use"`
		Algorithm string   `json:"alg"`
		ID        string   `json:"kid"`
		Ops       []string `json:"key_ops"`
		Curve     string   `json:"crv"`
		N         string   `json:"n"`
		E         string   `json:"e"`
		X         string   `json:"x"`
		Y         string   `json:"y"`
	}
	if json.Unmarshal(raw, &j) != nil || j.Use != "" && j.Use != "sig" ||
		j.Ops != nil && !slices.Contains(j.Ops, "verify") || j.Algorithm != "" && !slices.Contains(algorithms, j.Algorithm) {
		return PublicKey{}, false
	}
	k := PublicKey{ID: j.ID, Algorithm: j.Algorithm}
	switch {
	case j.KeyType == "RSA":
		n, e := number64(j.N), number64(j.E)
		if n == nil || e == nil || !e.IsInt64() || e.Int64() > 1<<31-1 {
			return PublicKey{}, false
		}
		k.Key = &rsa.PublicKey{N: n, E: int(e.Int64())}
	case j.KeyType == "EC" && j.Curve == "P-256":
		x, errX := decode64.DecodeString(j.X)
		y, errY := decode64.DecodeString(j.Y)
		if errX != nil || errY != nil || len(x) != 32 || len(y) != 32 {
			return PublicKey{}, false
		}
		point, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
		if err != nil {
			return PublicKey{}, false
		}
		k.Key = point
	case j.KeyType == "OKP" && j.Curve == "Ed25519":
		x, err := decode64.DecodeString(j.X)
		if err != nil {
			return PublicKey{}, false
		}
		k.Key = ed25519.PublicKey(x)
	}
	return k, usable(k.Key)
}

func number64(s string) *big.Int {
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(strings.Join(strings.Fields(s), ""), "="))
	if err != nil || len(b) == 0 || len(b) > maxRSABits/8 {
		return nil
	}
	return new(big.Int).SetBytes(b)
}

// usable tells whether a key is one that signatures may be checked with.
func usable(key crypto.PublicKey) bool {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return k.N.BitLen() >= minRSABits && k.N.BitLen() <= maxRSABits && k.N.Bit(0) == 1 && k.E >= 3 && k.E&1 == 1
	case *ecdsa.PublicKey:
		return k.Curve == elliptic.P256()
	case ed25519.PublicKey:
		return len(k) == ed25519.PublicKeySize
	}
	return false
}

func parsePEMKeys(data []byte, id string) (keys []PublicKey) {
	for len(keys) < maxKeys {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return keys
		}
		var spki []byte
		switch block.Type {
		case "CERTIFICATE":
			spki = certificateKey(block.Bytes)
		case "PUBLIC KEY":
			spki = block.Bytes
		}
		if key, err := x509.ParsePKIXPublicKey(spki); err == nil && usable(key) {
			keys = append(keys, PublicKey{ID: id, Key: key})
		}
	}
	return keys
}

// certificateKey gives the subjectPublicKeyInfo of a certificate (RFC 5280
// section 4.1), nil if there is none. It reads past the serial number, which
// x509.ParseCertificate would refuse when it is negative.
func certificateKey(der []byte) []byte {
	var c struct {
		TBS struct {
			Version   int `asn1:"optional,explicit,default:0,tag:0"`
			Serial    *big.Int
			Algorithm asn1.RawValue
			Issuer    asn1.RawValue
			Validity  asn1.RawValue
			Subject   asn1.RawValue
			Key       asn1.RawValue
			IssuerID  asn1.RawValue `asn1:"optional,tag:1"`
			SubjectID asn1.RawValue `asn1:"optional,tag:2"`
			Rest      asn1.RawValue `asn1:"optional,explicit,tag:3"`
		}
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	if rest, err := asn1.Unmarshal(der, &c); err != nil || len(rest) > 0 {
		return nil
	}
	return c.TBS.Key.FullBytes
}
