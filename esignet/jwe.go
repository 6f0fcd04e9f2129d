package esignet

import (
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// What eSignet encrypts userinfo by, and all that is opened (RFC 7518 sections
// 4.3 and 5.3).
const (
	rsaOAEP256 = "RSA-OAEP-256"
	a256GCM    = "A256GCM"
)

// decrypt opens a nested JWT (RFC 7519 section 5.2): a JWE with a JWS in it. The
// kid is that of a certificate eSignet makes for itself, so every key is tried.
// Compressed content is refused: its length would be the sender's secret.
func decrypt(stage Stage, token string, keys *KeyRing, now time.Time) (string, error) {
	first, _, _ := strings.Cut(token, ".")
	h, err := parseHeader(stage, first)
	if err != nil {
		return "", err
	}
	switch {
	case h.Zip != nil:
		return "", fail(stage, CodeHeader, "the JWE is compressed (zip)")
	case h.Algorithm != rsaOAEP256 || h.Encryption != a256GCM:
		return "", fail(stage, CodeAlgorithm, "the JWE is not by %s and %s", rsaOAEP256, a256GCM)
	case !strings.EqualFold(h.ContentType, "JWT") && !strings.EqualFold(h.ContentType, "application/jwt"):
		return "", fail(stage, CodeHeader, "the JWE's content is not said to be a JWT (cty)")
	case keys == nil:
		return "", fail(stage, CodeDecrypt, "the answer is encrypted, and no decryption key is configured")
	}
	jwe, err := jose.ParseEncryptedCompact(token, []jose.KeyAlgorithm{jose.RSA_OAEP_256}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		return "", fail(stage, CodeMalformed, "the JWE is not of its form")
	}
	for _, k := range keys.Published(now) {
		if private := k.rsa(); private != nil {
			if content, err := jwe.Decrypt(private); err == nil {
				return string(content), nil
			}
		}
	}
	return "", fail(stage, CodeDecrypt, "none of the decryption keys opens the answer")
}
