package sandbox

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
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

// matchRedirect compares a redirect URI with a registered one: equal, or
// matched by its Ant wildcards, * within a segment of the path and ** over
// segments. The pattern itself is equal to itself, so it may be used literally.
func matchRedirect(pattern, uri string) bool {
	if pattern == uri {
		return true
	}
	if !strings.Contains(pattern, "*") || len(uri) > 2048 {
		return false
	}
	return matchSegments(strings.Split(pattern, "/"), strings.Split(uri, "/"))
}

func matchSegments(pattern, segments []string) bool {
	// The usual two marks of wildcard matching keep this linear in practice and
	// quadratic at worst: no recursion for a hostile pattern to feed on.
	p, i, star, mark := 0, 0, -1, 0
	for i < len(segments) {
		switch {
		case p < len(pattern) && pattern[p] == "**":
			star, mark = p, i
			p++
		case p < len(pattern) && matchSegment(pattern[p], segments[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == "**" {
		p++
	}
	return p == len(pattern)
}

func matchSegment(pattern, text string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && pattern[p] == text[i]:
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// claimRequest is an entry of claims.userinfo; the zero value is null.
type claimRequest struct {
	Essential bool           `json:"essential"`
	Purpose   string         `json:"purpose"`
	Value     jsontext.Value `json:"value"`
	Values    jsontext.Value `json:"values"`
}

// claimsRequest is the claims parameter (OpenID Connect Core, 5.5).
type claimsRequest struct {
	userinfo map[string]claimRequest
	acr      []string
}

// readClaims reads the claims parameter by the schema of the version: 1.6.1
// wants a member id_token.
func (s *Server) readClaims(doc jsontext.Value) (claimsRequest, bool) {
	var c claimsRequest
	switch {
	case doc == nil:
		return c, true
	case len(doc) > 64<<10 || !doc.IsValid(): // a query may hold anything
		return c, false
	case doc.Kind() == 'n':
		return c, true
	}
	var parts struct {
		Userinfo map[string]jsontext.Value `json:"userinfo"`
		IDToken  jsontext.Value            `json:"id_token"`
	}
	if doc.Kind() != '{' || json.Unmarshal(doc, &parts) != nil {
		return c, false
	}
	if parts.IDToken == nil && s.v == V16 {
		return c, false
	}
	if len(parts.Userinfo) > 100 {
		return c, false
	}
	c.userinfo = map[string]claimRequest{}
	for name, raw := range parts.Userinfo {
		if name == "verified_claims" {
			continue // the mock's people have none
		}
		var entry claimRequest
		switch raw.Kind() {
		case 'n':
		case '{':
			if json.Unmarshal(raw, &entry) != nil || entry.Purpose != "" && (len(entry.Purpose) < 3 || len(entry.Purpose) > 300) {
				return c, false
			}
		default:
			return c, false
		}
		c.userinfo[name] = entry
	}
	if parts.IDToken.Kind() == '{' {
		var id struct {
			ACR struct {
				Value  string   `json:"value"`
				Values []string `json:"values"`
			} `json:"acr"`
		}
		if json.Unmarshal(parts.IDToken, &id) != nil {
			return c, false
		}
		c.acr = id.ACR.Values
		if id.ACR.Value != "" {
			c.acr = append(c.acr, id.ACR.Value)
		}
	}
	return c, true
}

// claimOrder is the order in which answers list claims: that of the map of the
// Java line.
var claimOrder = []string{"birthdate", "address", "gender", "name", "phone_number", "email", "picture", "individual_id",
	"phone_number_verified", "registration_type", "updated_at"}

// wantedClaims splits what is asked into essential and voluntary: scopes give
// voluntary claims, the claims parameter says which are essential, and what
// the client is not registered for is dropped without a word. individual_id
// comes only by the claims parameter.
func wantedClaims(c *client, scope string, asked claimsRequest) (essential, voluntary []string) {
	wanted := map[string]bool{}
	for _, sc := range strings.Fields(scope) {
		for _, claim := range scopeClaims[sc] {
			wanted[claim] = false
		}
	}
	for claim, entry := range asked.userinfo {
		wanted[claim] = entry.Essential
	}
	essential, voluntary = []string{}, []string{}
	for _, claim := range claimOrder {
		isEssential, ok := wanted[claim]
		switch {
		case !ok || !slices.Contains(c.UserClaims, claim):
		case isEssential:
			essential = append(essential, claim)
		default:
			voluntary = append(voluntary, claim)
		}
	}
	return essential, voluntary
}

// wantedACRs resolves the context references: those of the claims parameter,
// else those of acr_values, as far as registered; else all that are registered.
func wantedACRs(c *client, acrValues string, asked claimsRequest) []string {
	for _, list := range [][]string{asked.acr, strings.Fields(acrValues)} {
		var kept []string
		for _, acr := range list {
			if slices.Contains(c.ACRs, acr) && !slices.Contains(kept, acr) {
				kept = append(kept, acr)
			}
		}
		if len(kept) > 0 {
			return kept
		}
	}
	return c.ACRs
}
