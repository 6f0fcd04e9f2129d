package sandbox

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
)

var b64 = base64.RawURLEncoding

// keyLife is how long the certificates of the recorded servers are valid.
const keyLife = 1095 * 24 * time.Hour

// signer is a private key with the certificate and the name it is published
// under.
type signer struct {
	key   *rsa.PrivateKey
	kid   string
	cert  []byte // DER
	made  time.Time
	until time.Time
}

// newSigner makes a key of the application app. Its name is made of the
// application and the day, as the key manager does: two installations of one
// day have one name for different keys. same counts the keys made before on
// that day by this installation; 0 is the first.
func newSigner(app string, key *rsa.PrivateKey, now time.Time, same int, random io.Reader) (*signer, error) {
	if key == nil {
		var err error
		if key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return nil, fmt.Errorf("make the key of %s: %w", app, err)
		}
	}
	label := app + "__" + now.UTC().Format("01-02-2006")
	if same > 0 {
		label += "__" + strconv.Itoa(same)
	}
	inner := sha1.Sum([]byte(label))
	outer := sha256.Sum256(inner[:])
	serial := make([]byte, 8)
	if _, err := io.ReadFull(random, serial); err != nil {
		return nil, fmt.Errorf("draw a serial number: %w", err)
	}
	serial[0] = serial[0]&0x3f | 0x40 // positive, always eight bytes
	s := &signer{key: key, kid: b64.EncodeToString(outer[:]), made: now.UTC().Truncate(time.Second)}
	s.until = s.made.Add(keyLife)
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial),
		Subject:      pkix.Name{Organization: []string{"nehrbridge eSignet sandbox"}, CommonName: "sandbox (" + app + ")"},
		NotBefore:    s.made,
		NotAfter:     s.until,
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	var err error
	if s.cert, err = x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key); err != nil {
		return nil, fmt.Errorf("make the certificate of %s: %w", app, err)
	}
	return s, nil
}

// sign gives the compact JWS of a payload, with kid and alg in its header and
// whatever else header says.
func (s *signer) sign(payload []byte, alg jose.SignatureAlgorithm, header map[jose.HeaderKey]any) (string, error) {
	opts := &jose.SignerOptions{ExtraHeaders: header}
	js, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: s.key, KeyID: s.kid}}, opts)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	jws, err := js.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return jws.CompactSerialize()
}

// publicKey is a member of the key set (oauth/.well-known/jwks.json): exp is a
// number up to 1.8 and a time in 2.0; alg is never there.
type publicKey struct {
	Kty string   `json:"kty"`
	X5t string   `json:"x5t#S256"`
	E   string   `json:"e"`
	Use string   `json:"use"`
	Kid string   `json:"kid"`
	X5c []string `json:"x5c"`
	Exp any      `json:"exp"`
	N   string   `json:"n"`
}

func (s *signer) public(v Version, negative bool) publicKey {
	der := s.cert
	if negative {
		der = negativeSerial(der)
	}
	sum := sha256.Sum256(der)
	k := publicKey{
		Kty: "RSA", Use: "sig", Kid: s.kid,
		E:   b64.EncodeToString(big.NewInt(int64(s.key.E)).Bytes()),
		N:   b64.EncodeToString(s.key.N.Bytes()),
		X5c: []string{base64.StdEncoding.EncodeToString(der)},
		X5t: b64.EncodeToString(sum[:]),
		Exp: s.until.Unix(),
	}
	if v >= V20 {
		k.Exp = s.until.Format(stampFormat)
	}
	return k
}

// negativeSerial gives a copy of a certificate whose serial number is below
// zero, as one in five of the recorded ones was. Its signature no longer fits,
// which nobody sees who heeds n and e alone.
func negativeSerial(der []byte) []byte {
	der = append([]byte(nil), der...)
	// Certificate, TBSCertificate, [0] version 2, INTEGER of eight bytes.
	mark := []byte{0xa0, 0x03, 0x02, 0x01, 0x02, 0x02, 0x08}
	for i := 0; i+len(mark) < len(der); i++ {
		if string(der[i:i+len(mark)]) == string(mark) {
			der[i+len(mark)] |= 0x80
			break
		}
	}
	return der
}

// keySet is the answer of the JWKS endpoint: the keys of the server, old ones
// included, and the userinfo signer's where it is published.
func (s *Server) keySet() []byte {
	negative := s.on(NegativeSerial)
	var set struct {
		Keys []any `json:"keys"`
	}
	for _, k := range s.keys {
		set.Keys = append(set.Keys, k.public(s.v, negative))
	}
	if s.cfg.PublishUserinfoKey {
		set.Keys = append(set.Keys, s.userinfoKey.public(s.v, negative))
	}
	if s.on(BrokenKeyInSet) {
		// An EC certificate comes out of the Java line like this.
		set.Keys = append([]any{map[string]any{"kty": "EC", "use": "sig", "kid": "broken", "e": nil, "n": nil}}, set.Keys...)
	}
	doc, err := json.Marshal(set, json.Deterministic(true))
	if err != nil {
		panic(err) // strings and numbers only
	}
	return doc
}

// RotateKeys makes a new signing key. The old ones stay in the key set.
func (s *Server) RotateKeys() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	same := 0
	for _, k := range s.keys {
		if k.made.Format(time.DateOnly) == now.UTC().Format(time.DateOnly) {
			same++
		}
	}
	k, err := newSigner(signingApp, nil, now, same, s.cfg.Rand)
	if err != nil {
		return err
	}
	s.keys = append([]*signer{k}, s.keys...)
	return nil
}

// ReplaceKeys makes new keys in the place of all old ones, under the names the
// old ones had, as a rebuilt installation of the same day does.
func (s *Server) ReplaceKeys() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := newSigner(signingApp, nil, s.now(), 0, s.cfg.Rand)
	if err != nil {
		return err
	}
	u, err := newSigner(userinfoApp, nil, s.now(), 0, s.cfg.Rand)
	if err != nil {
		return err
	}
	k.kid, u.kid = s.keys[len(s.keys)-1].kid, s.userinfoKey.kid
	s.keys, s.userinfoKey = []*signer{k}, u
	return nil
}

// UserinfoCertificate is the certificate (DER) whose key verifies userinfo; an
// administrator of the identity system would hand it over.
func (s *Server) UserinfoCertificate() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.userinfoKey.cert
}
