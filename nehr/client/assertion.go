package client

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Of an assertion (RFC 7523 section 3; SMART Backend Services).
const (
	assertionLife = time.Minute // SMART allows five
	jtiBytes      = 16          // 128 bits, so that no two are alike
)

// signer makes the assertions by which a client proves that it has its key.
type signer struct {
	jws      jose.Signer
	client   string
	audience string
	rand     io.Reader
}

func newSigner(o OAuth) (*signer, error) {
	file, err := os.ReadFile(o.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("read the OAuth key file: %w", err)
	}
	key, err := privateKey(file)
	if err != nil {
		return nil, fmt.Errorf("OAuth key file: %w", err)
	}
	alg, err := algorithm(key.Key)
	if err != nil {
		return nil, fmt.Errorf("OAuth key file: %w", err)
	}
	if o.KeyID != "" {
		key.KeyID = o.KeyID
	}
	if key.KeyID == "" {
		public := key.Public()
		print, err := public.Thumbprint(crypto.SHA256)
		if err != nil {
			return nil, fmt.Errorf("OAuth key file: %w", err)
		}
		key.KeyID = base64.RawURLEncoding.EncodeToString(print)
	}
	jws, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, fmt.Errorf("OAuth key file: %w", err)
	}
	s := &signer{jws: jws, client: o.ClientID, audience: o.TokenURL, rand: o.Rand}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	return s, nil
}

// errKey says which keys will do.
var errKey = errors.New("want a private key, RSA of at least 2048 bits or P-384, as PEM or JWK")

// privateKey reads PKCS#8, PKCS#1 and SEC1 in PEM, or a JWK.
func privateKey(file []byte) (jose.JSONWebKey, error) {
	block, _ := pem.Decode(file)
	if block == nil {
		var key jose.JSONWebKey
		if err := json.Unmarshal(file, &key); err != nil || !key.Valid() || key.IsPublic() {
			return key, errKey // the cause may quote the key
		}
		return key, nil
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		return jose.JSONWebKey{Key: key}, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return jose.JSONWebKey{Key: key}, nil
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return jose.JSONWebKey{Key: key}, nil
	}
	return jose.JSONWebKey{}, errKey
}

// algorithm is that of SMART Backend Services for a key: no other is offered.
func algorithm(key any) (jose.SignatureAlgorithm, error) {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() >= 2048 {
			return jose.RS384, nil
		}
	case *ecdsa.PrivateKey:
		if k.Curve == elliptic.P384() {
			return jose.ES384, nil
		}
	}
	return "", errKey
}

// assertion is a signed JWT, for one use.
func (s *signer) assertion(now time.Time) (string, error) {
	jti := make([]byte, jtiBytes)
	if _, err := io.ReadFull(s.rand, jti); err != nil {
		return "", fmt.Errorf("sign the OAuth assertion: %w", err)
	}
	signed, err := jwt.Signed(s.jws).Claims(jwt.Claims{
		Issuer:   s.client,
		Subject:  s.client,
		Audience: jwt.Audience{s.audience},
		ID:       base64.RawURLEncoding.EncodeToString(jti),
		IssuedAt: jwt.NewNumericDate(now),
		Expiry:   jwt.NewNumericDate(now.Add(assertionLife)),
	}).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign the OAuth assertion: %w", err)
	}
	return signed, nil
}
