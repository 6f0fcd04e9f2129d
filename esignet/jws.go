package esignet

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// The signature algorithms that can be allowed for an issuer (RFC 7518 section
// 3.1, RFC 8037). none and the HMAC family are not among them and never will be.
const (
	RS256 = "RS256"
	PS256 = "PS256"
	ES256 = "ES256"
	EdDSA = "EdDSA"
)

// algorithms are those that this package can verify.
var algorithms = []string{RS256, PS256, ES256, EdDSA}

// compact is a JWS in compact serialization (RFC 7515 section 3.1), taken apart
// and not verified.
type compact struct {
	header    header
	signed    string // what the signature covers
	payload   []byte
	signature []byte
}

// header are the members of a JOSE header that this package looks at. All that
// would name a key to trust is there to be refused; x5c and x5t are passed over,
// which some identity systems send, with certificates that Go does not parse.
type header struct {
	Algorithm   string         `json:"alg"`
	KeyID       string         `json:"kid"`
	Type        string         `json:"typ"`
	ContentType string         `json:"cty"`
	Encryption  string         `json:"enc"`
	Zip         jsontext.Value `json:"zip"`
	Critical    jsontext.Value `json:"crit"`
	Base64      *bool          `json:"b64"`
	JWK         jsontext.Value `json:"jwk"`
	JKU         jsontext.Value `json:"jku"`
	X5U         jsontext.Value `json:"x5u"`
}

// maxHeader bounds a JOSE header: an x5c chain of three certificates fits.
const maxHeader = 16 << 10

// decode64 is base64url without padding, and no second spelling of the same
// bytes.
var decode64 = base64.RawURLEncoding.Strict()

// parseHeader reads the first part of a token and refuses what no genuine one
// holds (RFC 8725 sections 3.1, 3.10).
func parseHeader(stage Stage, part string) (header, error) {
	h, err := readHeader(stage, part)
	if err == nil && h.JKU != nil {
		return h, fail(stage, CodeHeader, "the token says where its key is (jku)")
	}
	return h, err
}

// readHeader is parseHeader for a signer that always says where its key is
// (jku), to who knows that already and does not look there.
func readHeader(stage Stage, part string) (header, error) {
	var h header
	if len(part) > maxHeader {
		return h, fail(stage, CodeMalformed, "the token's header is longer than %d bytes", maxHeader)
	}
	raw, err := decode64.DecodeString(part)
	if err != nil || !object(raw, &h) {
		return h, fail(stage, CodeMalformed, "the token's header is no JSON object")
	}
	switch {
	case h.JWK != nil:
		return h, fail(stage, CodeHeader, "the token brings a key of its own (jwk)")
	case h.X5U != nil:
		return h, fail(stage, CodeHeader, "the token says where its certificate is (x5u)")
	case h.Critical != nil:
		return h, fail(stage, CodeHeader, "the token demands extensions (crit)")
	case h.Base64 != nil && !*h.Base64:
		return h, fail(stage, CodeHeader, "the token's payload is not encoded (b64)")
	case len(h.KeyID) > 256:
		return h, fail(stage, CodeMalformed, "the token's kid is too long")
	}
	return h, nil
}

// parseJWS takes a JWT apart whose algorithm is one of those allowed. A typ
// other than JWT is another kind of token (RFC 8725 section 3.11).
func parseJWS(stage Stage, token string, allowed []string) (compact, error) {
	return parseSigned(stage, token, allowed, parseHeader)
}

func parseSigned(stage Stage, token string, allowed []string, head func(Stage, string) (header, error)) (compact, error) {
	var c compact
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c, fail(stage, CodeMalformed, "not a signed token: %d parts instead of 3", min(len(parts), 9))
	}
	var err error
	if c.header, err = head(stage, parts[0]); err != nil {
		return c, err
	}
	if !slices.Contains(allowed, c.header.Algorithm) {
		return c, fail(stage, CodeAlgorithm, "signed by %s; allowed is %s", algorithmName(c.header.Algorithm), strings.Join(allowed, ", "))
	}
	if t := c.header.Type; t != "" && !strings.EqualFold(t, "JWT") && !strings.EqualFold(t, "application/jwt") {
		return c, fail(stage, CodeHeader, "the token's typ is not JWT")
	}
	if c.payload, err = decode64.DecodeString(parts[1]); err != nil {
		return c, fail(stage, CodeMalformed, "the token's payload is not base64url")
	}
	if c.signature, err = decode64.DecodeString(parts[2]); err != nil {
		return c, fail(stage, CodeMalformed, "the token's signature is not base64url")
	}
	c.signed = token[:len(parts[0])+1+len(parts[1])]
	return c, nil
}

// algorithmName gives what may be said about the alg of a token nobody trusts.
func algorithmName(alg string) string {
	switch alg {
	case RS256, PS256, ES256, EdDSA, "RS384", "RS512", "PS384", "PS512", "ES384", "ES512", "HS256", "HS384", "HS512", "none":
		return alg
	}
	return "an unknown algorithm"
}

// verifiedBy tells whether a key verifies the signature (RFC 7518 sections 3.3
// to 3.5, RFC 8037 section 3.1). The key's type must be the algorithm's: an RSA
// key never checks anything but RS256 and PS256. It is done here and not by a
// JOSE library, since those parse x5c while reading the header and then fail on
// the negative serial numbers that eSignet's certificates have.
func (c compact) verifiedBy(key crypto.PublicKey) bool {
	switch alg := c.header.Algorithm; k := key.(type) {
	case *rsa.PublicKey:
		sum := sha256.Sum256([]byte(c.signed))
		switch alg {
		case RS256:
			return rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], c.signature) == nil
		case PS256:
			return rsa.VerifyPSS(k, crypto.SHA256, sum[:], c.signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
	case *ecdsa.PublicKey:
		if alg != ES256 || k.Curve != elliptic.P256() || len(c.signature) != 64 {
			return false
		}
		sum := sha256.Sum256([]byte(c.signed))
		r, s := new(big.Int).SetBytes(c.signature[:32]), new(big.Int).SetBytes(c.signature[32:])
		return ecdsa.Verify(k, sum[:], r, s)
	case ed25519.PublicKey:
		return alg == EdDSA && len(k) == ed25519.PublicKeySize && ed25519.Verify(k, []byte(c.signed), c.signature)
	}
	return false
}
