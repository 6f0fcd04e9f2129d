package esignet

import (
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/go-jose/go-jose/v4"
	"software.sslmate.com/src/go-pkcs12"
)

// SelfSign gives the key a certificate of its own making, which Java key stores
// need and thumbprints are of. name becomes the common name; 1 to 64 characters.
func (k *Key) SelfSign(name string, from, until time.Time) error {
	if name == "" || len(name) > 64 || !until.After(from) {
		return errors.New("a certificate needs a name of 1 to 64 characters and a time to be valid")
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		return fmt.Errorf("make a certificate: %w", err)
	}
	template := &x509.Certificate{
		// Positive and not 0 (RFC 5280 section 4.1.2.2).
		SerialNumber: serial.Add(serial, big.NewInt(1)),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if k.rsa() != nil {
		template.KeyUsage |= x509.KeyUsageKeyEncipherment
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.private.Public(), k.private)
	if err != nil {
		return fmt.Errorf("make a certificate: %w", err)
	}
	if k.certificate, err = x509.ParseCertificate(der); err != nil {
		return fmt.Errorf("make a certificate: %w", err)
	}
	return nil
}

// Thumbprints gives x5t and x5t#S256 of the certificate (RFC 7517 sections 4.8,
// 4.9): base64url of SHA-1 and SHA-256 over its DER; empty without one.
func (k *Key) Thumbprints() (x5t, x5tS256 string) {
	if k.certificate == nil {
		return "", ""
	}
	one, two := sha1.Sum(k.certificate.Raw), sha256.Sum256(k.certificate.Raw)
	return base64.RawURLEncoding.EncodeToString(one[:]), base64.RawURLEncoding.EncodeToString(two[:])
}

// The uses of a published key (RFC 7517 section 4.2).
const (
	UseSignature  = "sig"
	UseEncryption = "enc"
)

// PublicJWK gives the public key for publication: kid, use, alg, and with a
// certificate x5c, x5t and x5t#S256. use is [UseSignature] or, for RSA only,
// [UseEncryption].
func (k *Key) PublicJWK(use string) ([]byte, error) {
	j, err := k.jwk(use)
	if err != nil {
		return nil, err
	}
	return j.MarshalJSON()
}

func (k *Key) jwk(use string) (jose.JSONWebKey, error) {
	j := jose.JSONWebKey{Key: k.private.Public(), KeyID: k.id, Algorithm: k.algorithm, Use: use}
	switch {
	case use == UseEncryption && k.rsa() != nil:
		j.Algorithm = rsaOAEP256
	case use != UseSignature || k.algorithm == rsaOAEP256:
		return j, fmt.Errorf("a key for %s cannot be published for %q", k.algorithm, use)
	}
	if c := k.certificate; c != nil {
		one, two := sha1.Sum(c.Raw), sha256.Sum256(c.Raw)
		j.Certificates = []*x509.Certificate{c}
		j.CertificateThumbprintSHA1, j.CertificateThumbprintSHA256 = one[:], two[:]
	}
	return j, nil
}

// KeyStoreAlias is the alias of the entry in a [Key.KeyStore]: key_alias in
// dhis.conf.
const KeyStoreAlias = "1"

// KeyStore gives a PKCS#12 store with the key and its certificate that a JDK 17
// reads, and OpenSSL 3. Its one entry has the alias [KeyStoreAlias].
func (k *Key) KeyStore(password string) ([]byte, error) {
	if k.certificate == nil {
		return nil, errors.New("a key store needs a certificate beside the key")
	}
	if len(password) < 6 {
		return nil, errors.New("Java asks for a key store password of at least 6 characters")
	}
	// Of later settings, which sign the store by PBMAC1, a JDK 17 reads nothing.
	out, err := pkcs12.Modern2023.Encode(k.private, k.certificate, nil, password)
	if err != nil {
		return nil, errors.New("encode the key store: the password must be of characters that PKCS#12 can hold")
	}
	return out, nil
}
