package esignet

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// newProofKey makes the key that an attempt's tokens are bound to, by the
// cheapest algorithm of those the server takes: eSignet 1.7 and 1.8 refuse ES256
// though an error of theirs names it.
func newProofKey(m *Metadata) (jsontext.Value, error) {
	for _, a := range []string{ES256, PS256, RS256} {
		if slices.Contains(m.DPoPAlgorithms, a) {
			k, err := NewKey(a, 0)
			if err != nil {
				return nil, fail(StageAuthorize, CodeConfig, "%v", err)
			}
			return k.PrivateJWK()
		}
	}
	return nil, fail(StageDiscovery, CodeConfig, "the server offers no DPoP by ES256, PS256 or RS256")
}

// proofKey is the key of an attempt, ready to prove possession.
type proofKey struct {
	key        *Key
	thumbprint string // RFC 7638, jkt
}

// proofKey gives the attempt's key, nil without DPoP.
func (a *Attempt) proofKey() (*proofKey, error) {
	if len(bytes.TrimSpace(a.DPoPKey)) == 0 || string(a.DPoPKey) == "null" {
		return nil, nil
	}
	k, err := parsePrivateJWK(a.DPoPKey)
	if err != nil {
		return nil, fail(StageToken, CodeConfig, "the attempt's DPoP key: %v", err)
	}
	print, err := (&jose.JSONWebKey{Key: k.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, fail(StageToken, CodeConfig, "the attempt's DPoP key has no thumbprint")
	}
	return &proofKey{key: k, thumbprint: base64.RawURLEncoding.EncodeToString(print)}, nil
}

// prove makes a proof for one request (RFC 9449 section 4.2), with the nonce that
// this endpoint gave last. ath binds it to the access token it goes with.
func (c *Client) prove(stage Stage, p *proofKey, method, endpoint, accessToken string) (string, error) {
	jti, err := c.random(stage, 16)
	if err != nil {
		return "", err
	}
	claims := struct {
		Method   string `json:"htm"`
		URL      string `json:"htu"`
		IssuedAt int64  `json:"iat"`
		ID       string `json:"jti"`
		Nonce    string `json:"nonce,omitempty"`
		Hash     string `json:"ath,omitempty"`
	}{Method: method, URL: withoutQuery(endpoint), IssuedAt: c.config.Now().Unix(), ID: jti}
	if nonce, ok := c.nonces.Load(endpoint); ok {
		claims.Nonce = nonce.(string)
	}
	if accessToken != "" {
		sum := sha256.Sum256([]byte(accessToken))
		claims.Hash = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fail(stage, CodeConfig, "the proof cannot be encoded")
	}
	// The public key stands in the header, not its name.
	options := (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt")
	proof, err := p.key.sign(jose.JSONWebKey{Key: p.key.private}, options, payload)
	if err != nil {
		return "", fail(stage, CodeConfig, "%v", err)
	}
	return proof, nil
}

func withoutQuery(endpoint string) string {
	endpoint, _, _ = strings.Cut(endpoint, "?")
	return endpoint
}

// proven makes a request with a proof, and once more when the endpoint only wants
// its nonce in it (RFC 9449 sections 8, 9): token endpoint and userinfo each give
// their own, and each changes it as it likes. eSignet refuses for the nonce before
// it looks at the code.
func (c *Client) proven(stage Stage, p *proofKey, method, endpoint, accessToken string, call func(proof string) (*answer, error)) (*answer, error) {
	if p == nil {
		return call("")
	}
	for try := 0; ; try++ {
		proof, err := c.prove(stage, p, method, endpoint, accessToken)
		if err != nil {
			return nil, err
		}
		a, err := call(proof)
		if err != nil {
			return nil, err
		}
		nonce := a.header.Get("DPoP-Nonce")
		given := nonce != "" && len(nonce) <= 512 && printable(nonce)
		if given {
			c.nonces.Store(endpoint, nonce)
		}
		if !a.wantsNonce() || !given || try == 1 {
			return a, nil
		}
	}
}

// wantsNonce tells whether an answer refuses for the lack of a nonce alone: in the
// body at the token endpoint, in WWW-Authenticate at userinfo.
func (a *answer) wantsNonce() bool {
	if a.status != http.StatusBadRequest && a.status != http.StatusUnauthorized {
		return false
	}
	return strings.Contains(a.header.Get("WWW-Authenticate"), `"use_dpop_nonce"`) || a.oauthError().Error == "use_dpop_nonce"
}
