package esignet

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// Key is a private key with the name and the algorithm it is used by. It prints
// as its kid, never as what it holds.
type Key struct {
	private     crypto.Signer // *rsa.PrivateKey or *ecdsa.PrivateKey on P-256
	id          string
	algorithm   string
	certificate *x509.Certificate
}

// NewKey makes a key: RSA for RS256 and PS256, of 2048 bits when bits is 0, or
// P-256 for ES256. Its kid is the thumbprint of RFC 7638. 2048 bits is what every
// generation takes; eSignet keeps a client's JWK in 1024 characters, so more than
// 4096 does not fit. eSignet takes a key once only: make one for each client.
func NewKey(algorithm string, bits int) (*Key, error) {
	var private crypto.Signer
	var err error
	switch algorithm {
	case RS256, PS256:
		if bits == 0 {
			bits = 2048
		}
		if bits < minRSABits || bits > 4096 {
			return nil, errors.New("an RSA key has 2048 to 4096 bits")
		}
		private, err = rsa.GenerateKey(rand.Reader, bits)
	case ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		return nil, errors.New("the algorithm of a key is RS256, PS256 or ES256")
	}
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return newKey(private, "", algorithm)
}

// newKey checks a private key and names it. An empty algorithm becomes RS256 for
// RSA, ES256 for P-256; RSA-OAEP-256 marks a key that only opens JWE.
func newKey(private crypto.PrivateKey, id, algorithm string) (*Key, error) {
	k := &Key{id: id, algorithm: algorithm}
	fits := []string{RS256, PS256, rsaOAEP256}
	switch p := private.(type) {
	case *rsa.PrivateKey:
		if err := p.Validate(); err != nil || p.N.BitLen() < minRSABits || p.N.BitLen() > maxRSABits {
			return nil, errors.New("an RSA key must have at least 2048 bits and be consistent")
		}
		k.private = p
	case *ecdsa.PrivateKey:
		if p.Curve != elliptic.P256() {
			return nil, errors.New("an EC key must be on P-256")
		}
		k.private, fits = p, []string{ES256}
	default:
		return nil, errors.New("the key is neither RSA nor EC")
	}
	if k.algorithm == "" {
		k.algorithm = fits[0]
	}
	if !slices.Contains(fits, k.algorithm) {
		return nil, errors.New("the key cannot be used by the algorithm that it names")
	}
	if k.id == "" {
		print, err := (&jose.JSONWebKey{Key: k.private.Public()}).Thumbprint(crypto.SHA256)
		if err != nil {
			return nil, fmt.Errorf("name the key: %w", err)
		}
		k.id = base64.RawURLEncoding.EncodeToString(print)
	}
	return k, nil
}

// ID gives the kid.
func (k *Key) ID() string { return k.id }

// Algorithm gives what the key signs by.
func (k *Key) Algorithm() string { return k.algorithm }

// Public gives the public key.
func (k *Key) Public() crypto.PublicKey { return k.private.Public() }

// PublicKey gives it in the form that signatures are checked with.
func (k *Key) PublicKey() PublicKey {
	return PublicKey{ID: k.id, Algorithm: k.algorithm, Key: k.private.Public()}
}

// Certificate gives the certificate that came with the key or was made for it;
// nil without one.
func (k *Key) Certificate() *x509.Certificate { return k.certificate }

// String gives kid and algorithm.
func (k *Key) String() string { return k.algorithm + " key " + k.id }

// GoString is String, so that %#v shows no private key.
func (k *Key) GoString() string { return k.String() }

func (k *Key) rsa() *rsa.PrivateKey {
	p, _ := k.private.(*rsa.PrivateKey)
	return p
}

// Sign makes a JWS in compact serialization: alg, kid and, unless empty, typ in
// the header, the payload as it is.
func (k *Key) Sign(typ string, payload []byte) (string, error) {
	options := &jose.SignerOptions{}
	if typ != "" {
		options.WithType(jose.ContentType(typ))
	}
	return k.sign(jose.JSONWebKey{Key: k.private, KeyID: k.id}, options, payload)
}

func (k *Key) sign(key jose.JSONWebKey, options *jose.SignerOptions, payload []byte) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(k.algorithm), Key: key}, options)
	if err != nil {
		return "", fmt.Errorf("sign by %s: %w", k.algorithm, err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign by %s: %w", k.algorithm, err)
	}
	return signed.CompactSerialize()
}

// As gives the key under another kid or for another algorithm of its type, where
// the file it came from cannot say that, as PEM cannot. What is empty stays.
func (k *Key) As(id, algorithm string) (*Key, error) {
	if id == "" {
		id = k.id
	}
	if algorithm == "" {
		algorithm = k.algorithm
	}
	out, err := newKey(k.private, id, algorithm)
	if err == nil {
		out.certificate = k.certificate
	}
	return out, err
}
