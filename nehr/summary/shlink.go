package summary

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
)

// payload is what a link carries (SMART Health Links, "Construct a SHLink Payload").
type payload struct {
	URL   string `json:"url"`
	Flag  string `json:"flag,omitempty"`
	Key   string `json:"key"`
	Exp   int64  `json:"exp,omitempty"`
	Label string `json:"label,omitempty"`
	V     int    `json:"v,omitempty"`
}

const scheme = "shlink:/"

// maxLink bounds what Refresh reads of a link, in bytes: a payload has 128 of URL and
// 80 characters of label at most.
const maxLink = 4096

// ErrLink is given for a text that is no link of this system's.
var ErrLink = errors.New("not a link that was made here")

// link writes a link: the payload, with the key in it, is all in the fragment where a
// viewer is named, and no server is told it.
func (p payload) link(viewer string) (string, error) {
	document, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("write a link: %w", err)
	}
	link := scheme + base64.RawURLEncoding.EncodeToString(document)
	if viewer != "" {
		link = viewer + "#" + link
	}
	return link, nil
}

// parseLink reads a link as somebody pastes or scans it, with a viewer before it or
// without.
func parseLink(link string) (p payload, err error) {
	link = strings.TrimSpace(link)
	if len(link) > maxLink {
		return p, ErrLink
	}
	if _, fragment, found := strings.Cut(link, "#"); found {
		link = fragment
	}
	body, found := strings.CutPrefix(link, scheme)
	if !found {
		return p, ErrLink
	}
	document, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil || json.Unmarshal(document, &p) != nil || p.V > 1 {
		return p, ErrLink
	}
	if key, err := base64.RawURLEncoding.Strict().DecodeString(p.Key); err != nil || len(key) != 32 {
		return p, ErrLink
	}
	return p, nil
}

// contentType is of what is sealed: the document of a summary.
const contentType = "application/fhir+json"

// header is the protected header of each file: direct encryption with AES-256 in
// Galois/Counter Mode (RFC 7518 sections 4.5 and 5.3).
const header = `{"alg":"dir","enc":"A256GCM","cty":"` + contentType + `"}`

// seal encrypts a file as a compact JWE (RFC 7516 section 7.1). Its nonce is random:
// the same key seals a file again when it is refreshed.
func seal(random io.Reader, key, content []byte) ([]byte, error) {
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, gcm.NonceSize())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fmt.Errorf("seal a file: %w", err)
	}
	protected := base64.RawURLEncoding.EncodeToString([]byte(header))
	sealed := gcm.Seal(nil, nonce, content, []byte(protected))
	body, tag := sealed[:len(sealed)-gcm.Overhead()], sealed[len(sealed)-gcm.Overhead():]
	jwe := make([]byte, 0, len(protected)+len(sealed)*4/3+32)
	jwe = append(append(jwe, protected...), '.', '.') // no encrypted key
	for i, part := range [][]byte{nonce, body, tag} {
		if i > 0 {
			jwe = append(jwe, '.')
		}
		jwe = base64.RawURLEncoding.AppendEncode(jwe, part)
	}
	return jwe, nil
}

// fits tells whether a key opens a file: Refresh must not seal with another.
func fits(key, jwe []byte) bool {
	parts := strings.Split(string(jwe), ".")
	gcm, err := newGCM(key)
	if err != nil || len(parts) != 5 {
		return false
	}
	var raw [3][]byte
	for i, part := range parts[2:] {
		if raw[i], err = base64.RawURLEncoding.DecodeString(part); err != nil {
			return false
		}
	}
	if len(raw[0]) != gcm.NonceSize() {
		return false
	}
	_, err = gcm.Open(nil, raw[0], append(raw[1], raw[2]...), []byte(parts[0]))
	return err == nil
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("seal a file: %w", err)
	}
	return cipher.NewGCM(block)
}
