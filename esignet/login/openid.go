package login

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// openIDPrefix begins every value, so that an administrator sees in DHIS2 where
// it is from.
const openIDPrefix = "esignet-"

// OpenID gives what DHIS2 compares with the field openId of its users: one value
// of 51 characters for issuer, relying party id and subject together. A subject
// alone is one person's only within the other two (two installations may give the
// same to different people), and an e-mail address is nobody's for good. It says
// nothing of the person and does not lead back to the subject.
func OpenID(issuer, relyingParty, subject string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{issuer, relyingParty, subject}, "\x00")))
	return openIDPrefix + base64.RawURLEncoding.EncodeToString(sum[:])
}
