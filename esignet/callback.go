package esignet

import (
	"crypto/subtle"
	"net/url"
	"slices"
)

// maxCode bounds an authorization code; eSignet's have 43 characters.
const maxCode = 512

// Callback reads what the browser brought to the redirect URI and gives the code.
// It holds state and iss against the attempt, refuses parameters that stand
// twice, and types the errors eSignet's pages send, which are no OAuth codes. It
// passes over parameters it does not know: some versions add ui_locales or nonce.
func (c *Client) Callback(a *Attempt, query url.Values) (code string, err error) {
	for _, name := range []string{"state", "code", "iss", "error"} {
		if len(query[name]) > 1 {
			return "", fail(StageCallback, CodeMalformed, "%s stands twice", name)
		}
	}
	state := query.Get("state")
	// eSignet writes state=null where it lost it; then nothing ties the answer to
	// this attempt.
	if a.State == "" || subtle.ConstantTimeCompare([]byte(state), []byte(a.State)) != 1 {
		return "", fail(StageCallback, CodeState, "the answer belongs to another attempt")
	}
	if now := c.config.Now(); now.After(a.Began.Add(c.config.AttemptFor)) || now.Before(a.Began.Add(-c.config.Skew)) {
		return "", fail(StageCallback, CodeTimeout, "the attempt is over")
	}
	issuer, named := query["iss"]
	switch {
	case named && issuer[0] != c.config.Issuer && !slices.Contains(c.config.TokenIssuers, issuer[0]):
		return "", fail(StageCallback, CodeIssuer, "the answer comes from another issuer")
	case !named && a.ResponseIssuer && query.Get("error") == "":
		return "", fail(StageCallback, CodeIssuer, "the answer does not say which issuer it comes from, though the metadata promises it")
	}
	if refused := query.Get("error"); refused != "" {
		return "", refusedByPage(refused)
	}
	code = query.Get("code")
	if code == "" || len(code) > maxCode || !printable(code) {
		return "", fail(StageCallback, CodeMalformed, "the answer holds neither code nor error")
	}
	return code, nil
}

// refusedByPage types the error parameter of the redirect. Its description is
// not read: anybody can write one into a link.
func refusedByPage(code string) *Error {
	e := &Error{Stage: StageCallback, Code: CodeServer, Server: namedCode(code), Detail: "eSignet ended the sign-in"}
	switch code {
	case "access_denied", "consent_request_rejected", "consent_details_rejected":
		e.Code, e.Detail = CodeDenied, "the person did not consent"
	case "transaction_timeout", "invalid_transaction", "invalid_transaction_id":
		e.Code, e.Detail = CodeTimeout, "the person took too long"
	case "login_required", "interaction_required", "consent_required", "account_selection_required", "no_attempts_left", "individual_id_blocked", "auth_failed",
		"verification_incomplete":
		e.Code, e.Detail = CodeDenied, "the person did not sign in"
	case "temporarily_unavailable", "server_error":
	case "unauthorized_client", "invalid_client", "invalid_client_id":
		e.Code, e.Detail = CodeClient, "eSignet refuses the client"
	case "use_pkce", "invalid_pkce_challenge", "unsupported_pkce_challenge_method":
		e.Code, e.Detail = CodePKCE, "eSignet refuses the challenge"
	case "invalid_dpop_proof", "use_dpop_nonce":
		e.Code, e.Detail = CodeDPoP, "eSignet refuses the DPoP key"
	case "invalid_request", "invalid_input", "invalid_scope", "invalid_claim", "invalid_acr", "invalid_redirect_uri", "invalid_request_uri", "unsupported_response_type",
		"invalid_response_type", "invalid_display", "invalid_prompt", "invalid_accepted_claim", "invalid_permitted_scope", "invalid_id_token_hint",
		"request_not_supported", "request_uri_not_supported", "no_acr_registered", "acr_amr_mapping_not_found":
		e.Code, e.Detail = CodeRequest, "eSignet refuses the request"
	}
	return e
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
