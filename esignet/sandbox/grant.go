package sandbox

import (
	"crypto/sha256"
	"crypto/sha3"
	"time"
)

// tokenLife is how long an access token is answered at userinfo; expires_in
// always says so, also where exp is earlier.
const tokenLife = time.Hour

// grant is an access token with the userinfo that was made for it at the
// moment it was issued.
type grant struct {
	accessToken string
	client      string
	userinfo    string // JWS
	jkt         string // thumbprint of the key it is bound to
	dpopNonce   nonceOf
}

// subjectOf is sub: a pseudonym per person and relying party, not per client.
func subjectOf(individualID, relyingParty string) string {
	sum := sha3.Sum256([]byte(individualID + relyingParty))
	return b64.EncodeToString(sum[:])
}

func (s *Server) subject(t *transaction) string {
	return subjectOf(t.person.ID, t.client.RelyingParty)
}

// Subject is the sub that the person has at the relying party (not at the
// client: those of one relying party share it).
func Subject(individualID, relyingParty string) string { return subjectOf(individualID, relyingParty) }

// redeem makes the tokens of a code: the answer of the token endpoint and what
// is kept for userinfo.
func (s *Server) redeem(t *transaction, c *client, origin, jkt string, now time.Time) (*grant, []byte, error) {
	sub, issued := s.subject(t), now.Unix()
	expires := now.Add(tokenLife)
	if minutes := c.additional.ConsentExpiry; minutes > 0 {
		expires = earlier(expires, now.Add(time.Duration(minutes*float64(time.Minute))))
	}
	issuer := s.tokenIssuer(origin)

	audience := c.ClientID
	if s.v >= V20 {
		audience = issuer + "/resource"
	}
	access := []any{"iss", issuer, "sub", sub, "aud", audience, "exp", expires.Unix(), "iat", issued, "client_id", c.ClientID}
	if s.v < V20 {
		access = append(access, "azp", c.ClientID)
	} else {
		access = append(access, "scope", t.request.Scope, "jti", s.draw())
	}
	tokenType := "Bearer"
	if jkt != "" {
		tokenType = "DPoP"
		access = append(access, "cnf", map[string]string{"jkt": jkt})
	}
	accessToken, err := s.keys[0].sign(object(access...), s.algorithm(), nil)
	if err != nil {
		return nil, nil, err
	}
	idToken, err := s.signIDToken(s.idClaims(t, issuer, sub, accessToken, now, expires))
	if err != nil {
		return nil, nil, err
	}
	if c.additional.IDTokenType == "JWE" && c.encKey != nil {
		if idToken, err = s.encrypt(idToken, c.encKey); err != nil {
			return nil, nil, err
		}
	}
	userinfo, err := s.signUserinfo(t, origin, sub)
	if err != nil {
		return nil, nil, err
	}
	g := &grant{accessToken: accessToken, client: c.ClientID, userinfo: userinfo, jkt: jkt}
	body := []any{"id_token", idToken, "token_type", tokenType, "access_token", accessToken, "expires_in", int(tokenLife.Seconds())}
	if s.v >= V20 {
		body = append(body, "c_nonce", s.draw(), "c_nonce_expires_in", 40)
	}
	return g, object(body...), nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// idClaims is the payload of the id_token. It never holds a claim of the
// person.
func (s *Server) idClaims(t *transaction, issuer, sub, accessToken string, now, expires time.Time) []byte {
	half := sha256.Sum256([]byte(accessToken))
	hash := b64.EncodeToString(half[:16])
	audience, acr, authTime, nonce := t.client.ClientID, t.acr, t.authTime, t.request.Nonce
	if s.on(WrongTokenHash) {
		other := sha256.Sum256([]byte(accessToken + "x"))
		hash = b64.EncodeToString(other[:16])
	}
	if s.on(WrongAudience) {
		audience = "another-client"
	}
	if s.on(WrongIssuer) {
		issuer = "https://other-issuer.invalid"
	}
	if s.on(WrongACR) {
		acr = "mosip:idp:acr:password"
	}
	if s.on(StaleSignIn) {
		authTime = authTime.Add(-24 * time.Hour)
	}
	if s.on(WrongNonce) {
		nonce = s.draw()
	}
	if s.on(ExpiredToken) {
		now, expires = now.Add(-2*time.Hour), now.Add(-time.Hour)
	}
	if s.on(FutureToken) {
		now, expires = now.Add(time.Hour), now.Add(2*time.Hour)
	}
	doc := []any{"iss", issuer, "sub", sub, "aud", audience, "exp", expires.Unix(), "iat", now.Unix(),
		"auth_time", authTime.Unix(), "acr", acr, "at_hash", hash}
	switch {
	case s.on(NoNonce):
	case nonce != "":
		doc = append(doc, "nonce", nonce)
	case s.v < V18:
		doc = append(doc, "nonce", nil)
	}
	return object(doc...)
}
