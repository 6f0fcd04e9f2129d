package esignet

import (
	"context"
	"crypto/subtle"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-json-experiment/json"
)

// maxIDToken bounds an id_token; eSignet's have about a thousand characters.
const maxIDToken = 32 << 10

// IDToken says who signed in, when and how. eSignet's holds no claim of the
// person but the subject.
type IDToken struct {
	// Issuer is iss as written, which differs from the metadata's up to 1.7.
	Issuer string
	// Subject is the person's pseudonym for the relying party's sector: up to 255
	// printable characters. It identifies somebody only together with issuer and
	// relying party id.
	Subject string
	// ACR are the ways that were used, one at least of those asked for.
	ACR      []string
	IssuedAt time.Time
	Expires  time.Time
	// AuthTime is when the person signed in; zero if not said.
	AuthTime time.Time
}

// jwtClaims are the registered claims of an id_token or of userinfo (RFC 7519
// section 4.1, OpenID Connect Core section 2).
type jwtClaims struct {
	Issuer     *string   `json:"iss"`
	Subject    string    `json:"sub"`
	Audience   audience  `json:"aud"`
	Expires    *instant  `json:"exp"`
	NotBefore  *instant  `json:"nbf"`
	IssuedAt   *instant  `json:"iat"`
	AuthTime   *instant  `json:"auth_time"`
	Nonce      *string   `json:"nonce"` // null up to 1.7 when none was sent
	ACR        string    `json:"acr"`
	Authorized *string   `json:"azp"`
	Events     *struct{} `json:"events"`
}

// audience is a string or an array of strings; nil when absent.
type audience []string

// UnmarshalJSON reads either form.
func (a *audience) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var one string
		if err := json.Unmarshal(b, &one); err != nil {
			return err
		}
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// instant is a NumericDate (RFC 7519 section 2): seconds, of any year that can
// be meant.
type instant struct{ time.Time }

// UnmarshalJSON reads seconds since 1970, with or without a fraction.
func (i *instant) UnmarshalJSON(b []byte) error {
	var seconds float64
	if err := json.Unmarshal(b, &seconds); err != nil {
		return err
	}
	if !(seconds > 0 && seconds < 1<<40) {
		return errNotATime
	}
	whole, part := math.Modf(seconds)
	i.Time = time.Unix(int64(whole), int64(part*1e9))
	return nil
}

var errNotATime = errors.New("not a time")

// verifyIDToken checks an id_token (OpenID Connect Core section 3.1.3.7): its
// signature and audience by go-oidc over the issuer's key set, the rest here,
// since issuers are several and clocks differ.
func (c *Client) verifyIDToken(ctx context.Context, a *Attempt, raw, accessToken string) (*IDToken, error) {
	if len(raw) > maxIDToken {
		return nil, fail(StageIDToken, CodeTooLarge, "the id_token is longer than %d bytes", maxIDToken)
	}
	token, err := parseJWS(StageIDToken, raw, c.config.Algorithms)
	if err != nil {
		return nil, err
	}
	keys := &issuerKeys{client: c, token: token}
	verifier := oidc.NewVerifier("", keys, &oidc.Config{
		ClientID: c.config.ClientID, SupportedSigningAlgs: c.config.Algorithms, SkipIssuerCheck: true, SkipExpiryCheck: true,
	})
	checked, err := verifier.Verify(ctx, raw)
	if keys.err != nil {
		return nil, keys.err
	}
	var claims jwtClaims
	if !object(token.payload, &claims) {
		return nil, fail(StageIDToken, CodeMalformed, "the id_token's claims are no JSON object of their form")
	}
	if err != nil {
		if !slices.Contains(claims.Audience, c.config.ClientID) {
			return nil, fail(StageIDToken, CodeAudience, "the id_token is made for another client")
		}
		return nil, fail(StageIDToken, CodeMalformed, "the id_token is not of its form")
	}
	if err := c.checkIDToken(a, claims); err != nil {
		return nil, err
	}
	if checked.Subject != claims.Subject {
		return nil, fail(StageIDToken, CodeMalformed, "the id_token can be read in two ways")
	}
	if checked.AccessTokenHash != "" && checked.VerifyAccessToken(accessToken) != nil {
		return nil, fail(StageIDToken, CodeAccessTokenHash, "at_hash is of another access token")
	}
	id := &IDToken{
		Issuer: *claims.Issuer, Subject: claims.Subject, ACR: strings.Fields(claims.ACR),
		IssuedAt: claims.IssuedAt.Time, Expires: claims.Expires.Time,
	}
	if claims.AuthTime != nil {
		id.AuthTime = claims.AuthTime.Time
	}
	return id, nil
}

// issuerKeys gives go-oidc the verification of this package and keeps its typed
// error, which go-oidc turns into text.
type issuerKeys struct {
	client *Client
	token  compact
	err    error
}

// VerifySignature is oidc.KeySet's.
func (k *issuerKeys) VerifySignature(ctx context.Context, _ string) ([]byte, error) {
	payload, err := verify(ctx, StageIDToken, k.token, nil, k.client.keys)
	k.err = err
	return payload, err
}

// checkIDToken holds the claims against what was asked for.
func (c *Client) checkIDToken(a *Attempt, claims jwtClaims) error {
	refuse := func(code Code, format string, args ...any) error { return fail(StageIDToken, code, format, args...) }
	now, skew := c.config.Now(), c.config.Skew
	switch {
	case claims.Issuer == nil || !slices.Contains(c.config.TokenIssuers, *claims.Issuer):
		return refuse(CodeIssuer, "iss is none of this issuer's")
	case !slices.Contains(claims.Audience, c.config.ClientID):
		return refuse(CodeAudience, "the id_token is made for another client")
	case len(claims.Audience) > 1 && claims.Authorized == nil, claims.Authorized != nil && *claims.Authorized != c.config.ClientID:
		return refuse(CodeAudience, "the id_token is not authorized for this client (azp)")
	case claims.Events != nil:
		return refuse(CodeHeader, "the token is an event and no id_token")
	case !subject(claims.Subject):
		return refuse(CodeSubject, "sub is missing or not of its form")
	case a.Nonce == "" || claims.Nonce == nil || subtle.ConstantTimeCompare([]byte(*claims.Nonce), []byte(a.Nonce)) != 1:
		return refuse(CodeNonce, "the nonce is not the attempt's")
	case claims.Expires == nil || claims.IssuedAt == nil:
		return refuse(CodeTime, "exp or iat is missing")
	case !now.Before(claims.Expires.Add(skew)):
		return refuse(CodeTime, "the id_token has expired")
	case claims.IssuedAt.After(now.Add(skew)):
		return refuse(CodeTime, "the id_token is issued in the future")
	case claims.NotBefore != nil && claims.NotBefore.After(now.Add(skew)):
		return refuse(CodeTime, "the id_token is not valid yet")
	case claims.IssuedAt.Before(a.Began.Add(-skew - time.Second)): // iat has no fraction
		return refuse(CodeTime, "the id_token is older than the attempt")
	case claims.AuthTime != nil && claims.AuthTime.After(now.Add(skew)):
		return refuse(CodeAuthTime, "auth_time lies in the future")
	case a.MaxAge > 0 && (claims.AuthTime == nil || claims.AuthTime.Before(now.Add(-time.Duration(a.MaxAge)*time.Second-skew))):
		return refuse(CodeAuthTime, "the person signed in longer ago than asked for")
	}
	if len(a.ACRValues) > 0 && !slices.ContainsFunc(strings.Fields(claims.ACR), func(used string) bool { return slices.Contains(a.ACRValues, used) }) {
		return refuse(CodeACR, "the person signed in by other means than asked for")
	}
	return nil
}

// subject tells whether a sub has its form (OpenID Connect Core section 2).
func subject(s string) bool { return s != "" && len(s) <= 255 && printable(s) }
