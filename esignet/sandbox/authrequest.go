package sandbox

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// authRequest is an authorization request (OpenID Connect Core, 3.1.2.1), as
// the page sends it to oauth-details. Parameters of /authorize and of the
// pushed-request endpoint are read into the same shape.
type authRequest struct {
	ClientID        string         `json:"clientId"`
	Scope           string         `json:"scope"`
	ResponseType    string         `json:"responseType"`
	RedirectURI     string         `json:"redirectUri"`
	Display         string         `json:"display"`
	Prompt          string         `json:"prompt"`
	Nonce           string         `json:"nonce"`
	State           string         `json:"state"`
	ACRValues       string         `json:"acrValues"`
	Claims          jsontext.Value `json:"claims"`
	ClaimsLocales   string         `json:"claimsLocales"`
	UILocales       string         `json:"uiLocales"`
	Challenge       string         `json:"codeChallenge"`
	ChallengeMethod string         `json:"codeChallengeMethod"`
	JKT             string         `json:"dpopJkt"`
}

// authRequestOf reads the parameters of a query or a form.
func authRequestOf(v url.Values) authRequest {
	r := authRequest{
		ClientID: v.Get("client_id"), Scope: v.Get("scope"), ResponseType: v.Get("response_type"),
		RedirectURI: v.Get("redirect_uri"), Display: v.Get("display"), Prompt: v.Get("prompt"), Nonce: v.Get("nonce"),
		State: v.Get("state"), ACRValues: v.Get("acr_values"), ClaimsLocales: v.Get("claims_locales"),
		UILocales: v.Get("ui_locales"), Challenge: v.Get("code_challenge"),
		ChallengeMethod: v.Get("code_challenge_method"), JKT: v.Get("dpop_jkt"),
	}
	if claims := v.Get("claims"); claims != "" {
		r.Claims = jsontext.Value(claims)
	}
	return r
}

// challengeText is a code challenge of S256: 43 characters of base64url.
var challengeText = regexp.MustCompile(`^[A-Za-z0-9_-]{43,128}$`)

// openidScopes are those that make sense beside openid alone.
var openidScopes = []string{"profile", "email", "phone", "address"}

// scopeClaims are the claims a scope stands for, wider than in OpenID Connect
// (mosip.esignet.openid.scope.claims).
var scopeClaims = map[string][]string{
	"profile": {"name", "address", "gender", "birthdate", "picture", "email", "phone_number",
		"phone_number_verified", "registration_type", "updated_at"},
	"email":   {"email"},
	"phone":   {"phone_number", "phone_number_verified"},
	"address": {"address"},
}

// checkShape judges the fields by themselves, before the client is looked at.
func (s *Server) checkShape(r *authRequest) *fault {
	scopes := strings.Fields(r.Scope)
	wantsClaims := r.Claims != nil && r.Claims.Kind() != 'n'
	needsOpenID := wantsClaims || slices.ContainsFunc(scopes, func(scope string) bool { return slices.Contains(openidScopes, scope) })
	switch {
	case len(scopes) == 0 || needsOpenID && !slices.Contains(scopes, "openid"):
		return wrongField("request.scope", "invalid_scope")
	case r.ResponseType != "code":
		return wrongField("request.responseType", "invalid_response_type")
	case r.RedirectURI == "":
		return wrongField("request.redirectUri", "invalid_redirect_uri")
	case r.Display != "" && !slices.Contains([]string{"page", "popup", "touch", "wap"}, r.Display):
		return wrongField("request.display", "invalid_display")
	case r.Prompt != "" && !slices.Contains([]string{"none", "login", "consent", "select_account"}, r.Prompt):
		return wrongField("request.prompt", "invalid_prompt")
	case r.ChallengeMethod != "" && r.ChallengeMethod != "S256":
		return wrongField("request.codeChallengeMethod", "unsupported_pkce_challenge_method")
	case r.Challenge != "" && (r.ChallengeMethod == "" || !challengeText.MatchString(r.Challenge)):
		return wrongField("request.codeChallenge", "invalid_pkce_challenge")
	}
	return nil
}

// checkAgainstClient judges what depends on who asks. An inactive client is
// unknown.
func (s *Server) checkAgainstClient(r *authRequest) (*client, *fault) {
	c := s.clients[r.ClientID]
	if c == nil || !c.active() {
		return nil, refuse("invalid_client_id")
	}
	if !slices.ContainsFunc(c.RedirectURIs, func(pattern string) bool { return matchRedirect(pattern, r.RedirectURI) }) {
		return nil, refuse("invalid_redirect_uri")
	}
	return c, nil
}
