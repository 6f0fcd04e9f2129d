package sandbox

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// Misbehaviour is one way in which the server answers wrongly. A relying party
// must notice those whose text says refuse, and bear the others.
type Misbehaviour string

// What can go wrong, by what carries it.
const (
	// The id_token; refuse.
	WrongAudience    Misbehaviour = "id_token for another client"
	WrongIssuer      Misbehaviour = "id_token of another issuer"
	WrongNonce       Misbehaviour = "id_token with another nonce"
	NoNonce          Misbehaviour = "id_token without a nonce"
	WrongTokenHash   Misbehaviour = "id_token with the hash of another access token"
	ExpiredToken     Misbehaviour = "id_token that expired an hour ago"
	FutureToken      Misbehaviour = "id_token issued in an hour"
	WrongACR         Misbehaviour = "id_token with a weaker way of signing in than asked"
	StaleSignIn      Misbehaviour = "id_token of a sign-in a day ago"
	UnsignedToken    Misbehaviour = "id_token with alg none"
	SymmetricToken   Misbehaviour = "id_token with HS256 and the public key as secret"
	UnknownKey       Misbehaviour = "id_token signed with an unknown key under an unknown kid"
	OtherKeySameName Misbehaviour = "id_token signed with another key under a known kid"
	EmbeddedKey      Misbehaviour = "id_token signed with the key in its own header"
	// The id_token; a matter of the relying party's list of algorithms.
	SwappedAlgorithm Misbehaviour = "id_token with RS256 for PS256, or the reverse"

	// Userinfo; refuse.
	UserinfoOtherSubject  Misbehaviour = "userinfo of another person"
	UserinfoOtherAudience Misbehaviour = "userinfo for another client"
	UserinfoOtherIssuer   Misbehaviour = "userinfo of another issuer"
	UserinfoOtherKey      Misbehaviour = "userinfo signed with an untrusted key"
	UserinfoUnsigned      Misbehaviour = "userinfo with alg none"
	UserinfoPlain         Misbehaviour = "userinfo as plain JSON"
	UserinfoRefused       Misbehaviour = "userinfo refused with 401"
	UserinfoHuge          Misbehaviour = "userinfo with a picture of 12 MiB"
	UserinfoOtherEncKey   Misbehaviour = "userinfo encrypted for another key"
	UserinfoCompressed    Misbehaviour = "userinfo encrypted with zip"
	// Userinfo; bear, or say what is missing.
	UserinfoNoIssuer    Misbehaviour = "userinfo without iss and aud"
	UserinfoEmptyName   Misbehaviour = "userinfo with an empty name"
	UserinfoNoEssential Misbehaviour = "userinfo without the essential claims"

	// The way back to the relying party; refuse.
	RedirectOtherState  Misbehaviour = "redirect with another state"
	RedirectNullState   Misbehaviour = "redirect with state=null"
	RedirectOtherIssuer Misbehaviour = "redirect with another iss"
	// The way back; bear, unless iss was announced.
	RedirectNoIssuer Misbehaviour = "redirect without iss"

	// Endpoints; refuse, with the code still good.
	TokenServerError     Misbehaviour = "token endpoint answers 500"
	TokenHTML            Misbehaviour = "token endpoint answers a page"
	DiscoveryIssuerOther Misbehaviour = "metadata of another issuer"
	// Endpoints; bear.
	NegativeSerial Misbehaviour = "certificates with a negative serial number in the key set"
	BrokenKeyInSet Misbehaviour = "key without parameters in the key set"
	ForgetNonces   Misbehaviour = "nonces of requests may be used again"
)

// Misbehaviours are all of them.
var Misbehaviours = []Misbehaviour{WrongAudience, WrongIssuer, WrongNonce, NoNonce, WrongTokenHash, ExpiredToken, FutureToken,
	WrongACR, StaleSignIn, UnsignedToken, SymmetricToken, UnknownKey, OtherKeySameName, EmbeddedKey, SwappedAlgorithm,
	UserinfoOtherSubject, UserinfoOtherAudience, UserinfoOtherIssuer, UserinfoOtherKey, UserinfoUnsigned, UserinfoPlain,
	UserinfoRefused, UserinfoHuge, UserinfoOtherEncKey, UserinfoCompressed, UserinfoNoIssuer, UserinfoEmptyName,
	UserinfoNoEssential, RedirectOtherState, RedirectNullState, RedirectOtherIssuer, RedirectNoIssuer, TokenServerError,
	TokenHTML, DiscoveryIssuerOther, NegativeSerial, BrokenKeyInSet, ForgetNonces}

// Misbehave makes the server wrong in the ways named, until the next call.
// Without any it behaves.
func (s *Server) Misbehave(ways ...Misbehaviour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrongs = map[Misbehaviour]bool{}
	for _, way := range ways {
		s.wrongs[way] = true
	}
}

// on is called under the lock.
func (s *Server) on(way Misbehaviour) bool { return s.wrongs[way] }

// forged gives a signer whose key nobody knows.
func forged(kid string) (*signer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("make a forger's key: %w", err)
	}
	return &signer{key: key, kid: kid}, nil
}

// unsigned is a JWT with alg none (RFC 7519, section 6).
func unsigned(payload []byte) string {
	return b64.EncodeToString([]byte(`{"alg":"none"}`)) + "." + b64.EncodeToString(payload) + "."
}

// symmetric is a JWT whose HS256 secret is the public key in PEM.
func (k *signer) symmetric(payload []byte) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(&k.key.PublicKey)
	if err != nil {
		return "", fmt.Errorf("write the public key: %w", err)
	}
	input := b64.EncodeToString(object("alg", "HS256", "kid", k.kid)) + "." + b64.EncodeToString(payload)
	mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	mac.Write([]byte(input))
	return input + "." + b64.EncodeToString(mac.Sum(nil)), nil
}

// signIDToken signs as the server does, or as the misbehaviour ordered.
func (s *Server) signIDToken(payload []byte) (string, error) {
	k, alg := s.keys[0], s.algorithm()
	switch {
	case s.on(UnsignedToken):
		return unsigned(payload), nil
	case s.on(SymmetricToken):
		return k.symmetric(payload)
	case s.on(UnknownKey):
		f, err := forged("unknown-key")
		if err != nil {
			return "", err
		}
		return f.sign(payload, alg, nil)
	case s.on(OtherKeySameName):
		f, err := forged(k.kid)
		if err != nil {
			return "", err
		}
		return f.sign(payload, alg, nil)
	case s.on(EmbeddedKey):
		f, err := forged(k.kid)
		if err != nil {
			return "", err
		}
		return f.sign(payload, alg, map[jose.HeaderKey]any{"jwk": jose.JSONWebKey{Key: &f.key.PublicKey}})
	case s.on(SwappedAlgorithm):
		if alg == jose.RS256 {
			return k.sign(payload, jose.PS256, nil)
		}
		return k.sign(payload, jose.RS256, nil)
	}
	return k.sign(payload, alg, nil)
}

// pemCertificate writes a certificate as PEM.
func pemCertificate(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// thumbprint is the JWK thumbprint (RFC 7638) by SHA-256.
func thumbprint(k *jose.JSONWebKey) string {
	sum, err := k.Thumbprint(crypto.SHA256)
	if err != nil {
		return "" // no key of a kind that is accepted
	}
	return b64.EncodeToString(sum)
}
