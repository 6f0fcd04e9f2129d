package esignet

import (
	"net/url"
	"time"

	"github.com/go-json-experiment/json"
)

// assertionLife is how long a client assertion is good: no longer than a call
// takes.
const assertionLife = time.Minute

// audience gives the aud of client assertions: since 1.7 the issuer, which every
// endpoint takes and which nobody can redirect; before, the token endpoint as the
// metadata names it, in a string of its own.
func (c *Client) audience(m *Metadata) string {
	switch {
	case c.config.AssertionAudience != "":
		return c.config.AssertionAudience
	case traits[c.config.Generation].audienceIssuer:
		return m.Issuer
	}
	return m.tokenAudience
}

// authenticate puts client id and a fresh assertion into a form (RFC 7523
// section 2.2, private_key_jwt). There is no nbf: eSignet compares it with its
// clock and knows no leeway, while an iat ahead does no harm. jti has 128 bits;
// eSignet remembers each for a day, over all clients.
func (c *Client) authenticate(stage Stage, m *Metadata, form url.Values) error {
	now := c.config.Now()
	key, err := c.config.Keys.Active(now)
	if err != nil {
		return fail(stage, CodeConfig, "%v", err)
	}
	jti, err := c.random(stage, 16)
	if err != nil {
		return err
	}
	claims := struct {
		Issuer   string `json:"iss"`
		Subject  string `json:"sub"`
		Audience string `json:"aud"`
		IssuedAt int64  `json:"iat"`
		Expires  int64  `json:"exp"`
		ID       string `json:"jti"`
	}{c.config.ClientID, c.config.ClientID, c.audience(m), now.Unix(), now.Add(assertionLife).Unix(), jti}
	payload, err := json.Marshal(claims)
	if err != nil {
		return fail(stage, CodeConfig, "the assertion cannot be encoded")
	}
	assertion, err := key.Sign("JWT", payload)
	if err != nil {
		return fail(stage, CodeConfig, "%v", err)
	}
	form.Set("client_id", c.config.ClientID)
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	form.Set("client_assertion", assertion)
	return nil
}
