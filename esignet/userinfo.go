package esignet

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// UserInfo fetches the claims and verifies them (OpenID Connect Core section
// 5.3): opens a JWE, checks the signature by the issuer's keys or those of the
// identity system, and that sub is the id_token's. iss and aud must be right where
// they stand, and must stand where the settings say so; exp too, which eSignet
// never sends. The claims were frozen when the code was redeemed.
func (c *Client) UserInfo(ctx context.Context, t *Tokens) (*Claims, error) {
	payload, err := c.fetchUserInfo(ctx, t)
	if err != nil {
		return nil, err
	}
	return c.checkUserInfo(payload, t.IDToken.Subject)
}

// UserInfoOf is UserInfo for an access token that another program of the same
// client got, which holds sub against its id_token itself. It does all other
// checks.
func (c *Client) UserInfoOf(ctx context.Context, accessToken string) (*Claims, error) {
	payload, err := c.fetchUserInfo(ctx, &Tokens{AccessToken: accessToken})
	if err != nil {
		return nil, err
	}
	var said struct {
		Subject string `json:"sub"`
	}
	if json.Unmarshal(payload, &said) != nil {
		return nil, fail(StageUserInfo, CodeMalformed, "the claims are no JSON object with a subject")
	}
	if !subject(said.Subject) {
		return nil, fail(StageUserInfo, CodeSubject, "sub has not its form")
	}
	return c.checkUserInfo(payload, said.Subject)
}

func (c *Client) fetchUserInfo(ctx context.Context, t *Tokens) ([]byte, error) {
	m, err := c.Metadata(ctx)
	if err != nil {
		return nil, err
	}
	a, err := c.proven(StageUserInfo, t.proof, http.MethodGet, m.UserInfo, t.AccessToken, func(dpop string) (*answer, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, m.UserInfo, nil)
		if err != nil {
			return nil, fail(StageUserInfo, CodeConfig, "the address is no URL")
		}
		// Without application/jwt in it, eSignet answers 401 or 406.
		r.Header.Set("Accept", "application/jwt, */*;q=0.1")
		r.Header.Set("Authorization", "Bearer "+t.AccessToken)
		if dpop != "" {
			r.Header.Set("Authorization", "DPoP "+t.AccessToken)
			r.Header.Set("DPoP", dpop)
		}
		return c.calls.do(StageUserInfo, r, c.config.MaxUserInfo)
	})
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusOK {
		return nil, a.userInfoRefusal()
	}
	return c.verifyUserInfo(ctx, a)
}

// verifyUserInfo gives the payload of a verified answer.
func (c *Client) verifyUserInfo(ctx context.Context, a *answer) ([]byte, error) {
	body := strings.TrimSpace(string(a.body))
	switch a.mediaType() {
	case "application/jwt", "application/jose":
	case "application/json":
		if !c.config.InsecurePlainUserInfo {
			return nil, &Error{Code: CodeUnsigned, Stage: StageUserInfo, Status: a.status, Detail: "the claims are not signed"}
		}
		return a.body, nil
	default:
		return nil, &Error{Code: CodeMalformed, Stage: StageUserInfo, Status: a.status, Detail: "the answer is not of type application/jwt"}
	}
	if strings.Count(body, ".") == 4 {
		var err error
		if body, err = decrypt(StageUserInfo, body, c.config.DecryptionKeys, c.config.Now()); err != nil {
			return nil, err
		}
	}
	token, err := parseJWS(StageUserInfo, body, c.config.UserInfoAlgorithms)
	if err != nil {
		return nil, err
	}
	sets := []*KeySet{c.keys}
	if c.identity != nil {
		sets = append(sets, c.identity)
	}
	return verify(ctx, StageUserInfo, token, c.config.IdentitySystemKeys, sets...)
}

// checkUserInfo holds verified claims against the sign-in.
func (c *Client) checkUserInfo(payload []byte, subject string) (*Claims, error) {
	refuse := func(code Code, format string, args ...any) error { return fail(StageUserInfo, code, format, args...) }
	claims, err := ParseClaims(payload)
	if err != nil {
		return nil, refuse(CodeMalformed, "%v", err)
	}
	var registered jwtClaims
	if json.Unmarshal(payload, &registered) != nil {
		return nil, refuse(CodeMalformed, "the claims of the token itself are not of their form")
	}
	now, skew := c.config.Now(), c.config.Skew
	switch {
	case registered.Subject == "" || registered.Subject != subject:
		return nil, refuse(CodeSubject, "sub is not the id_token's")
	case registered.Issuer == nil && c.config.RequireUserInfoIssuer:
		return nil, refuse(CodeIssuer, "iss is missing")
	case registered.Issuer != nil && !slices.Contains(c.config.UserInfoIssuers, *registered.Issuer):
		return nil, refuse(CodeIssuer, "iss is none of this issuer's")
	case registered.Audience == nil && c.config.RequireUserInfoAudience:
		return nil, refuse(CodeAudience, "aud is missing")
	case registered.Audience != nil && !slices.Contains(registered.Audience, c.config.ClientID):
		return nil, refuse(CodeAudience, "the claims are made for another client")
	case registered.Expires != nil && !now.Before(registered.Expires.Add(skew)):
		return nil, refuse(CodeTime, "the claims have expired")
	case registered.NotBefore != nil && registered.NotBefore.After(now.Add(skew)), registered.IssuedAt != nil && registered.IssuedAt.After(now.Add(skew)):
		return nil, refuse(CodeTime, "the claims are of the future")
	}
	return claims, nil
}

// userInfoRefusal types a refusal: eSignet's has no body, its code stands in
// WWW-Authenticate, at times without a scheme.
func (a *answer) userInfoRefusal() *Error {
	e := a.unexpected(StageUserInfo)
	challenge := a.header.Get("WWW-Authenticate")
	if _, after, ok := strings.Cut(challenge, `error="`); ok {
		word, _, _ := strings.Cut(after, `"`)
		e.Server = namedCode(word)
	}
	if e.Server == "" {
		e.Server = a.oauthError().Error
	}
	switch {
	case e.Code == CodeServer || e.Code == CodeBusy:
	case e.Server == "use_dpop_nonce" || e.Server == "invalid_dpop_proof", a.status == http.StatusBadRequest && strings.HasPrefix(challenge, "DPoP"):
		e.Code, e.Detail = CodeDPoP, "the proof is refused"
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
		e.Code, e.Detail = CodeToken, "the access token is refused"
	}
	return e
}

// Identity is who signed in, verified as a whole.
type Identity struct {
	// Issuer is the configured one; it, the relying party's id at it, and Subject
	// name a person for good.
	Issuer, ClientID string
	IDToken
	Claims *Claims
}

// Complete takes what the browser brought back to its end: [Client.Callback],
// [Client.Exchange], [Client.UserInfo].
func (c *Client) Complete(ctx context.Context, a *Attempt, query url.Values) (*Identity, error) {
	code, err := c.Callback(a, query)
	if err != nil {
		return nil, err
	}
	tokens, err := c.Exchange(ctx, a, code)
	if err != nil {
		return nil, err
	}
	claims, err := c.UserInfo(ctx, tokens)
	if err != nil {
		return nil, err
	}
	return &Identity{Issuer: c.config.Issuer, ClientID: c.config.ClientID, IDToken: *tokens.IDToken, Claims: claims}, nil
}
