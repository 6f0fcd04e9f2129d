package esignet

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/go-jose/go-jose/v4"
	"software.sslmate.com/src/go-pkcs12"
)

// maxKeyFile bounds what is read as a key.
const maxKeyFile = 64 << 10

// LoadKey reads a private key from a file that only its owner can read (0600 or
// less): PEM (PKCS#1, PKCS#8, SEC 1; a certificate may follow), a private JWK, or
// a PKCS#12 store, which the password is for. Other formats take none.
func LoadKey(path, password string) (*Key, error) {
	data, err := readPrivate(path)
	if err != nil {
		return nil, err
	}
	k, err := ParseKey(data, password)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return k, nil
}

// readPrivate reads a file that nobody else may read. The rights are those of the
// file that was opened, not of a name that may point elsewhere by then.
func readPrivate(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("key file %s is no regular file", path)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("key file %s has mode %04o: others can read it. Make it 0600, and make a new key if anybody may have", path, info.Mode().Perm())
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	if len(data) > maxKeyFile {
		return nil, fmt.Errorf("key file %s is longer than a key", path)
	}
	return data, nil
}

// ParseKey reads a private key in one of the forms of [LoadKey].
func ParseKey(data []byte, password string) (*Key, error) {
	trimmed := bytes.TrimSpace(data)
	switch {
	case len(trimmed) == 0:
		return nil, errors.New("the file is empty")
	case trimmed[0] == '{':
		return parsePrivateJWK(trimmed)
	case bytes.HasPrefix(trimmed, []byte("-----BEGIN ")):
		return parsePrivatePEM(trimmed)
	case data[0] == 0x30: // a DER sequence
		return parseKeyStore(data, password)
	}
	return nil, errors.New("neither PEM, nor a JWK, nor a PKCS#12 store")
}

func parsePrivateJWK(data []byte) (*Key, error) {
	var j jose.JSONWebKey
	// Its error quotes what it read.
	if j.UnmarshalJSON(data) != nil || j.IsPublic() {
		return nil, errors.New("the JSON is no private JWK")
	}
	k, err := newKey(j.Key, j.KeyID, j.Algorithm)
	if err == nil && len(j.Certificates) > 0 {
		k.certificate = j.Certificates[0]
	}
	return k, err
}

func parsePrivatePEM(data []byte) (*Key, error) {
	var private crypto.PrivateKey
	var certificates []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		var key crypto.PrivateKey
		var err error
		switch block.Type {
		case "CERTIFICATE":
			if c, err := x509.ParseCertificate(block.Bytes); err == nil {
				certificates = append(certificates, c)
			}
			continue
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			if block.Headers["DEK-Info"] != "" {
				return nil, errors.New("the PEM key is encrypted: use a PKCS#12 store, or a plain file that only its owner can read")
			}
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		case "ENCRYPTED PRIVATE KEY":
			return nil, errors.New("the PEM key is encrypted: use a PKCS#12 store, or a plain file that only its owner can read")
		default:
			continue
		}
		if err != nil {
			return nil, errors.New("the PEM block holds no key of its type")
		}
		if private != nil {
			return nil, errors.New("more than one private key in one file")
		}
		private = key
	}
	if private == nil {
		return nil, errors.New("no private key in the PEM file")
	}
	k, err := newKey(private, "", "")
	if err != nil {
		return nil, err
	}
	return k, k.adopt(certificates)
}

func parseKeyStore(data []byte, password string) (*Key, error) {
	private, certificate, _, err := pkcs12.DecodeChain(data, password)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return nil, errors.New("the password of the PKCS#12 store is wrong")
	case err != nil:
		return nil, errors.New("the PKCS#12 store cannot be read: it must hold one key with its certificate")
	}
	k, err := newKey(private, "", "")
	if err != nil {
		return nil, err
	}
	return k, k.adopt([]*x509.Certificate{certificate})
}

// adopt takes the certificate that is of this key.
func (k *Key) adopt(certificates []*x509.Certificate) error {
	own := k.private.Public().(interface{ Equal(crypto.PublicKey) bool })
	for _, c := range certificates {
		if own.Equal(c.PublicKey) {
			k.certificate = c
			return nil
		}
	}
	if len(certificates) > 0 {
		return errors.New("the certificate beside the key is of another key")
	}
	return nil
}

// PEM gives the private key as PKCS#8 and, if there is one, its certificate.
func (k *Key) PEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return nil, fmt.Errorf("encode the key: %w", err)
	}
	out := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if k.certificate != nil {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.certificate.Raw})...)
	}
	return out, nil
}

// PrivateJWK gives the private key as JWK, with kid and algorithm, which PEM
// cannot hold.
func (k *Key) PrivateJWK() ([]byte, error) {
	j := jose.JSONWebKey{Key: k.private, KeyID: k.id, Algorithm: k.algorithm, Use: "sig"}
	if k.algorithm == rsaOAEP256 {
		j.Use = "enc"
	}
	return j.MarshalJSON()
}

// WriteKeyFile writes what [Key.PEM], [Key.PrivateJWK] or [Key.KeyStore] gives,
// readable by its owner alone. It replaces no file unless told to, and then as a
// whole or not at all.
func WriteKeyFile(path string, data []byte, replace bool) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil && replace {
		err = os.Rename(f.Name(), path)
	} else if err == nil {
		err = os.Link(f.Name(), path) // fails where a file is, unlike a rename
	}
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("key file %s is there already: a key that is replaced is lost", path)
	}
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	return nil
}
