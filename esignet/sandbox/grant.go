package sandbox

import (
	"crypto/sha256"
	"crypto/sha3"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
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

// localized gives a claim that is kept in several languages, as the mock
// identity system of the version does: by name#language where several values
// fit, by name alone where one does. What none fits is left out up to 1.6, and
// empty since.
func (s *Server) localized(name string, texts []Text, locales []string, empty bool) []any {
	var fit []Text
	for _, t := range texts {
		for _, l := range locales {
			if t.Language == l {
				fit = append(fit, t)
				break
			}
		}
	}
	suffixed := len(fit) > 1
	if s.v == V16 {
		suffixed = len(locales) > 1
	}
	if len(fit) == 0 {
		if s.v > V16 && empty && len(texts) > 0 {
			return []any{name, ""}
		}
		return nil
	}
	var pairs []any
	for _, t := range fit {
		key := name
		if suffixed {
			lang := t.Language
			if s.v >= V20 {
				lang = toISO2(lang)
			}
			key += "#" + lang
		}
		pairs = append(pairs, key, t.Value)
	}
	return pairs
}

// userClaims are the accepted claims as far as the person has them.
func (s *Server) userClaims(t *transaction) []any {
	var locales []string
	for _, tag := range strings.Fields(t.request.ClaimsLocales) {
		locales = append(locales, toISO3(tag))
	}
	if len(locales) == 0 {
		locales = []string{"eng"}
	}
	p := t.person
	var doc []any
	plain := func(name, value string) {
		if value != "" {
			doc = append(doc, name, value)
		}
	}
	for _, claim := range t.accepted {
		if s.on(UserinfoNoEssential) && slices.Contains(t.essential, claim) {
			continue
		}
		switch claim {
		case "name":
			if s.on(UserinfoEmptyName) {
				doc = append(doc, "name", "")
				continue
			}
			doc = append(doc, s.localized("name", p.FullName, locales, true)...)
		case "gender":
			doc = append(doc, s.localized("gender", p.Gender, locales, true)...)
		case "birthdate":
			plain("birthdate", p.DateOfBirth)
		case "email":
			plain("email", p.Email)
		case "phone_number":
			plain("phone_number", p.Phone)
		case "picture":
			plain("picture", p.Photo)
		case "address":
			var members []any
			for _, m := range []struct {
				name  string
				texts []Text
			}{{"street_address", p.StreetAddress}, {"locality", p.Locality}, {"region", p.Region}, {"country", p.Country}} {
				members = append(members, s.localized(m.name, m.texts, locales, false)...)
			}
			if s.v == V16 && p.PostalCode != "" { // later versions lose what has no language
				members = append(members, "postal_code", p.PostalCode)
			}
			if len(members) > 0 {
				doc = append(doc, "address", jsontext.Value(object(members...)))
			}
		}
	}
	return doc
}

// signUserinfo makes the userinfo JWS. The identity system signs it, not
// eSignet, and its key is not in the key set; in 2.0 the server signs.
func (s *Server) signUserinfo(t *transaction, origin, sub string) (string, error) {
	issuer, audience := s.userinfoIssuer(origin), t.client.ClientID
	if s.on(UserinfoOtherSubject) {
		sub = subjectOf("0000000000", t.client.RelyingParty)
	}
	if s.on(UserinfoOtherAudience) {
		audience = "another-client"
	}
	if s.on(UserinfoOtherIssuer) {
		issuer = "https://other-issuer.invalid"
	}
	doc := append(s.userClaims(t), "sub", sub)
	if !s.on(UserinfoNoIssuer) {
		doc = append(doc, "iss", issuer, "aud", audience)
	}
	if s.on(UserinfoHuge) {
		doc = append(without(doc, "picture"), "picture", "data:image/jpeg;base64,"+strings.Repeat("AAAA", 3<<20))
	}
	payload := object(doc...)
	if s.on(UserinfoUnsigned) {
		return unsigned(payload), nil
	}
	if s.on(UserinfoPlain) {
		return string(payload), nil
	}
	if s.v >= V20 {
		if s.on(UserinfoOtherKey) {
			f, err := forged(s.keys[0].kid)
			if err != nil {
				return "", err
			}
			return f.sign(payload, "PS256", nil)
		}
		return s.keys[0].sign(payload, "PS256", nil)
	}
	k := s.userinfoKey
	if s.on(UserinfoOtherKey) {
		f, err := forged(k.kid)
		if err != nil {
			return "", err
		}
		k = f
	}
	return k.sign(payload, "RS256", nil)
}

// without leaves a member out of a list of pairs.
func without(pairs []any, name string) []any {
	var kept []any
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] != name {
			kept = append(kept, pairs[i], pairs[i+1])
		}
	}
	return kept
}
