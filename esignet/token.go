package esignet

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// Tokens are what a code was exchanged for. The access token is opaque and stays
// in memory; the id_token is verified.
type Tokens struct {
	AccessToken string
	IDToken     *IDToken
	proof       *proofKey // the access token is bound to it; nil for a bearer token
}

// Exchange redeems the code, once, and verifies the id_token (OpenID Connect Core
// sections 3.1.3.1 to 3.1.3.8). It never repeats a call by itself but for a DPoP
// nonce: a code must not be presented twice.
func (c *Client) Exchange(ctx context.Context, a *Attempt, code string) (*Tokens, error) {
	if a.redeemed.Swap(true) {
		return nil, fail(StageToken, CodeState, "the attempt was completed already")
	}
	m, err := c.Metadata(ctx)
	if err != nil {
		return nil, err
	}
	proof, err := a.proofKey()
	if err != nil {
		return nil, err
	}
	if c.config.DPoP && proof == nil {
		return nil, fail(StageToken, CodeDPoP, "the attempt has no DPoP key")
	}
	got, err := c.proven(StageToken, proof, http.MethodPost, m.Token, "", func(dpop string) (*answer, error) {
		form := url.Values{
			"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {c.config.RedirectURI}, "code_verifier": {a.CodeVerifier},
		}
		// Each call has an assertion of its own: servers remember a jti.
		if err := c.authenticate(StageToken, m, form); err != nil {
			return nil, err
		}
		return c.calls.post(ctx, StageToken, m.Token, form, dpop)
	})
	if err != nil {
		return nil, err
	}
	access, idToken, err := readTokens(got, proof != nil)
	if err != nil {
		return nil, err
	}
	verified, err := c.verifyIDToken(ctx, a, idToken, access)
	if err != nil {
		return nil, err
	}
	return &Tokens{AccessToken: access, IDToken: verified, proof: proof}, nil
}

// readTokens reads the answer of the token endpoint (RFC 6749 section 5.1).
func readTokens(a *answer, bound bool) (access, idToken string, err error) {
	if a.status != http.StatusOK {
		return "", "", a.refusal(StageToken)
	}
	var tokens struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		IDToken     string `json:"id_token"`
	}
	malformed := &Error{Code: CodeMalformed, Stage: StageToken, Status: a.status}
	if !object(a.body, &tokens) {
		malformed.Detail = "the answer is no JSON object"
		return "", "", malformed
	}
	want := "Bearer"
	if bound {
		want = "DPoP"
	}
	switch {
	case tokens.IDToken == "":
		malformed.Detail = "the answer has no id_token"
		return "", "", malformed
	case tokens.AccessToken == "" || !printable(tokens.AccessToken):
		malformed.Detail = "the answer has no access token"
		return "", "", malformed
	case !strings.EqualFold(tokens.TokenType, want):
		malformed.Detail = "the access token is not of the type " + want
		if bound {
			malformed.Code = CodeDPoP // a bearer token is one that a thief can use
		}
		return "", "", malformed
	}
	return tokens.AccessToken, tokens.IDToken, nil
}

// oauthError is the body of a refusal (RFC 6749 section 5.2). Since 1.7 eSignet's
// own code stands in error_description, where others write prose.
type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

func (a *answer) oauthError() (e oauthError) {
	if !object(a.body, &e) {
		return oauthError{}
	}
	return oauthError{Error: namedCode(e.Error), Description: namedCode(e.Description)}
}

// refusal types a refusal of the token endpoint or of PAR, in the words of any
// generation. eSignet's own code says more than the OAuth code that 1.7 and later
// put before it.
func (a *answer) refusal(stage Stage) *Error {
	said := a.oauthError()
	if said.Error == "" {
		return a.unexpected(stage)
	}
	e := &Error{Stage: stage, Status: a.status, Server: said.Error, Code: CodeRequest, Detail: "refused"}
	for _, word := range []string{said.Description, said.Error} {
		if code, ok := refusals[word]; ok {
			e.Code, e.Server = code, word
			break
		}
	}
	switch {
	case a.status == http.StatusTooManyRequests:
		e.Code = CodeBusy
	case e.Code == CodeRequest && (strings.HasPrefix(e.Server, "mock-ida-") || strings.HasPrefix(e.Server, "IDA-") || a.status >= 500):
		// The identity system is asked inside this call.
		e.Code = CodeServer
	}
	return e
}

// refusals of the token endpoint and of PAR, by the words of eSignet up to 1.6, by
// those that later ones put into the description, and by RFC 6749's, RFC 9126's
// and RFC 9449's. What is not here is a wrong request.
var refusals = map[string]Code{
	"invalid_client": CodeClient, "invalid_client_id": CodeClient, "invalid_assertion": CodeClient, "invalid_assertion_type": CodeClient, "unauthorized_client": CodeClient,
	"invalid_grant": CodeGrant, "invalid_transaction": CodeGrant, "invalid_auth_code": CodeGrant,
	"pkce_failed": CodePKCE, "invalid_pkce_code_verifier": CodePKCE,
	"use_dpop_nonce": CodeDPoP, "invalid_dpop_proof": CodeDPoP,
	"data_exchange_failed": CodeServer, "server_error": CodeServer, "temporarily_unavailable": CodeServer, "unknown_error": CodeServer,
}
