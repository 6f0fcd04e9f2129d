package login

import (
	"context"
	"errors"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/nehrbridge/nehrbridge/esignet"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

const (
	// maxAssertion is how far ahead exp may lie. DHIS2 writes 60 s.
	maxAssertion = 5 * time.Minute
	// assertionSkew is how far the clocks may differ.
	assertionSkew = 60 * time.Second
	// maxAssertions bounds how many are remembered against replay. Only those that
	// DHIS2 signed are.
	maxAssertions   = 100_000
	maxAssertionLen = 16 << 10
)

// assertionClaims are the claims of a client assertion (RFC 7523 section 3).
type assertionClaims struct {
	Issuer    string         `json:"iss"`
	Subject   string         `json:"sub"`
	Audience  jsontext.Value `json:"aud"`
	ID        string         `json:"jti"`
	Expires   *float64       `json:"exp"`
	IssuedAt  *float64       `json:"iat"`
	NotBefore *float64       `json:"nbf"`
}

// checkAssertion tells whether DHIS2 made an assertion: RS256 by a key of its
// published set, for the token endpoint, alive, and not presented before. Spring
// Security, which DHIS2 is built on, writes iss, sub, aud, jti, iat and exp.
func (s *Service) checkAssertion(ctx context.Context, assertion string) error {
	if len(assertion) > maxAssertionLen {
		return errors.New("client assertion: too long")
	}
	payload, err := s.keySet.VerifyAssertion(ctx, esignet.StageToken, assertion, esignet.RS256)
	if err != nil {
		return err
	}
	var c assertionClaims
	if json.Unmarshal(payload, &c) != nil {
		return errors.New("client assertion: its claims are not of their form")
	}
	now := s.cfg.Now()
	switch {
	case c.Issuer != s.cfg.DHIS2.ClientID || c.Subject != s.cfg.DHIS2.ClientID:
		return errors.New("client assertion: iss and sub are not the client id")
	case !onlyAudience(c.Audience, s.cfg.URL+"/token"):
		return errors.New("client assertion: aud is not the token endpoint")
	case c.ID == "" || len(c.ID) > 256:
		return errors.New("client assertion: jti is missing or too long")
	case c.Expires == nil || !now.Before(instant(*c.Expires).Add(assertionSkew)):
		return errors.New("client assertion: expired, or without exp: compare the clocks of both servers")
	case instant(*c.Expires).After(now.Add(maxAssertion + assertionSkew)):
		return errors.New("client assertion: good for longer than 5 min")
	case c.NotBefore != nil && instant(*c.NotBefore).After(now.Add(assertionSkew)), c.IssuedAt != nil && instant(*c.IssuedAt).After(now.Add(assertionSkew)):
		return errors.New("client assertion: of the future: compare the clocks of both servers")
	case !s.used.put(c.ID, struct{}{}):
		return errors.New("client assertion: presented before")
	}
	return nil
}

// onlyAudience tells whether aud is one text, or a list of one, that is want: an
// assertion for others too could be used by them.
func onlyAudience(aud jsontext.Value, want string) bool {
	var one string
	if json.Unmarshal(aud, &one) == nil {
		return one == want
	}
	var list []string
	return json.Unmarshal(aud, &list) == nil && len(list) == 1 && list[0] == want
}

// instant reads a NumericDate (RFC 7519 section 2). What lies beyond any clock
// becomes year 9999 or 1970.
func instant(seconds float64) time.Time {
	const last = 253402300799
	switch {
	case !(seconds > 0): // NaN too
		return time.Unix(0, 0)
	case seconds > last:
		return time.Unix(last, 0)
	}
	return time.Unix(int64(seconds), 0)
}
