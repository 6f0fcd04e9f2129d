package sandbox

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// assertionLeeway is how far a client's clock may be off.
const assertionLeeway = 5 * time.Second

// checkAssertion authenticates a client by its private_key_jwt (RFC 7523,
// section 3). audiences are the values of which one must be named.
func (s *Server) checkAssertion(form url.Values, c *client, audiences []string, now time.Time) bool {
	jws, err := jose.ParseSignedCompact(form.Get("client_assertion"), algorithms(s.clientAlgs()))
	if err != nil || len(jws.Signatures) != 1 {
		return false
	}
	h := jws.Signatures[0].Protected
	if typ, ok := h.ExtraHeaders[jose.HeaderType]; ok && typ != "JWT" && s.v < V20 {
		return false
	}
	switch {
	case h.KeyID != "" && c.key.KeyID != "" && h.KeyID != c.key.KeyID, c.key.Algorithm != "" && h.Algorithm != c.key.Algorithm:
		return false
	}
	payload, err := jws.Verify(c.key.Key)
	if err != nil {
		return false
	}
	var claims struct {
		Issuer   string         `json:"iss"`
		Subject  string         `json:"sub"`
		Audience jsontext.Value `json:"aud"`
		Expiry   *float64       `json:"exp"`
		Issued   *float64       `json:"iat"`
		Before   *float64       `json:"nbf"`
		ID       string         `json:"jti"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Issuer != c.ClientID || claims.Subject != c.ClientID ||
		strings.TrimSpace(claims.ID) == "" || claims.Expiry == nil || claims.Issued == nil {
		return false
	}
	at := float64(now.UnixMilli()) / 1000
	if *claims.Expiry < at-assertionLeeway.Seconds() || claims.Before != nil && *claims.Before > at+assertionLeeway.Seconds() {
		return false
	}
	var named []string
	switch claims.Audience.Kind() {
	case '"':
		var one string
		_ = json.Unmarshal(claims.Audience, &one) // the kind says that it is a string
		named = []string{one}
	case '[':
		if s.v == V16 || json.Unmarshal(claims.Audience, &named) != nil {
			return false
		}
	}
	if !slices.ContainsFunc(named, func(aud string) bool { return slices.Contains(audiences, aud) }) {
		return false
	}
	if s.v >= V17 { // up to 1.6 the same assertion works again
		if _, used := s.usedJTIs.get(claims.ID, now); used {
			return false
		}
		s.usedJTIs.put(claims.ID, struct{}{}, now, now.Add(replayTime))
	}
	return true
}

// algorithms turns names into what the parser takes; none and HS256 are never
// among them.
func algorithms(names []string) []jose.SignatureAlgorithm {
	algs := make([]jose.SignatureAlgorithm, len(names))
	for i, name := range names {
		algs[i] = jose.SignatureAlgorithm(name)
	}
	return algs
}

// proofAlgs are the algorithms of DPoP proofs. 1.7 and 1.8 refuse ES256,
// though their error names it.
func (s *Server) proofAlgs() []string {
	if s.v >= V20 {
		return []string{"PS256", "ES256", "RS256"}
	}
	return []string{"RS256", "PS256"}
}

// proof is a DPoP proof (RFC 9449, section 4.2) that is in order by itself.
type proof struct {
	jkt   string // thumbprint of its key
	nonce string
	ath   string
	iat   float64
}

// readProof checks a DPoP proof for a call of method to address. A jti passes
// once, even if the call is then refused for another reason.
func (s *Server) readProof(text, method, address string, now time.Time) (*proof, bool) {
	jws, err := jose.ParseSignedCompact(text, algorithms(s.proofAlgs()))
	if err != nil || len(jws.Signatures) != 1 {
		return nil, false
	}
	h := jws.Signatures[0].Protected
	key := h.JSONWebKey
	if h.ExtraHeaders[jose.HeaderType] != "dpop+jwt" || key == nil || !key.IsPublic() || !key.Valid() {
		return nil, false
	}
	switch k := key.Key.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < 2048 {
			return nil, false
		}
	case *ecdsa.PublicKey:
	default:
		return nil, false
	}
	payload, err := jws.Verify(key.Key)
	if err != nil {
		return nil, false
	}
	var claims struct {
		Method  string   `json:"htm"`
		Address string   `json:"htu"`
		Issued  *float64 `json:"iat"`
		ID      string   `json:"jti"`
		Nonce   string   `json:"nonce"`
		Hash    string   `json:"ath"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Method != method || claims.Address != address ||
		claims.ID == "" || claims.Issued == nil {
		return nil, false
	}
	if age := float64(now.Unix()) - *claims.Issued; s.v >= V20 && (age > 70 || age < -70) {
		return nil, false
	}
	if _, used := s.usedProofs.get(claims.ID, now); used {
		return nil, false
	}
	s.usedProofs.put(claims.ID, struct{}{}, now, now.Add(replayTime))
	return &proof{jkt: thumbprint(key), nonce: claims.Nonce, ath: claims.Hash, iat: *claims.Issued}, true
}

// nonceLife is how long a DPoP nonce may be used, as often as wanted.
const nonceLife = 15 * time.Second

// accepts tells whether the proof carries the nonce handed out before; if not,
// there is a new one in the place of the old.
func (s *Server) accepts(n *nonceOf, given string, now time.Time) bool {
	if given != "" && given == n.value && now.Before(n.until) {
		return true
	}
	*n = nonceOf{value: s.draw(), until: now.Add(nonceLife)}
	return false
}
