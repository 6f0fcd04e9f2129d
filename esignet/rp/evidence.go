package rp

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper/claims"
)

// Evidence says that a person was verified: by whom, how, when, what for, and what
// she agreed to share. It holds no value of a claim; those it can be held against
// are digests.
type Evidence struct {
	ID string `json:"id"`

	// Issuer, RelyingParty and Subject together name the person.
	Issuer       string   `json:"iss"`
	ClientID     string   `json:"client_id"`
	RelyingParty string   `json:"relying_party"`
	Subject      string   `json:"sub"`
	ACR          []string `json:"acr,omitempty"`
	// AuthTime is when she signed in, At when the service had verified it.
	AuthTime time.Time `json:"auth_time,omitzero"`
	At       time.Time `json:"at"`

	// ClaimsHash is the SHA-256 of userinfo as it was signed, base64url.
	ClaimsHash string `json:"claims_sha256"`
	// Asked and Given are names of claims: what the request asked for, which of these
	// could not be declined, and what came.
	Asked     []string `json:"asked"`
	Essential []string `json:"essential"`
	Given     []string `json:"given"`

	// User is the DHIS2 user who asked, through which Route, for which program and
	// organisation unit.
	User    string    `json:"user"`
	Route   string    `json:"route"`
	Program dhis2.UID `json:"program"`
	OrgUnit dhis2.UID `json:"orgUnit"`

	// Device is phone where she signed in on her own phone; Assisted where somebody
	// helped her, with the witness.
	Device   string    `json:"device,omitzero"`
	Assisted *Assisted `json:"assisted,omitzero"`

	// Salt and Digests tell later whether an attribute still has the value that was
	// verified: HMAC-SHA-256 of the value, base64url, by attribute.
	Salt    string            `json:"salt"`
	Digests map[string]string `json:"digests"`
}

// seal fills the digests of the values under a new salt.
func (e *Evidence) seal(values []claims.Value) {
	salt := make([]byte, 32)
	_, _ = rand.Read(salt) // never fails
	e.Salt = base64.RawURLEncoding.EncodeToString(salt)
	e.Digests = make(map[string]string, len(values))
	for _, v := range values {
		e.Digests[v.Attribute.String()] = e.digest(v.Attribute.String(), v.Value)
	}
}

func (e *Evidence) digest(attribute, value string) string {
	mac := hmac.New(sha256.New, []byte(e.Salt))
	mac.Write([]byte(attribute + "\x00" + value))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Holds reports whether an attribute has the value that was verified; known is
// false where none of the attribute was.
func (e *Evidence) Holds(attribute, value string) (same, known bool) {
	want, known := e.Digests[attribute]
	return known && hmac.Equal([]byte(want), []byte(e.digest(attribute, value))), known
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
