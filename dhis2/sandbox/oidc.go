package sandbox

import (
	"encoding/base64"
	"errors"
	"math/big"
	"net/http"
	"net/url"
	"strings"
)

// authorizationRequest is what a session keeps of a sign-in that is under way:
// Spring Security keeps one, the last.
type authorizationRequest struct {
	provider *oidcProvider
	state    string
	nonce    string // before its hash
	verifier string // empty without enable_pkce
	redirect string
}

// startLogin is GET /oauth2/authorization/{id}: Spring Security's
// OAuth2AuthorizationRequestRedirectFilter.
func (s *Server) startLogin(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	p := s.provider(r.PathValue("id"))
	if p == nil {
		s.mu.Unlock()
		writeProblem(w, &problem{status: http.StatusInternalServerError, message: "Invalid Client Registration"})
		return
	}
	se := s.session(r)
	if se == nil {
		se = s.newSession(w, r)
	}
	request := &authorizationRequest{provider: p, state: randomText(), nonce: randomText(), redirect: p.redirectURL(contextPath(r))}
	query := url.Values{
		"response_type": {"code"}, "client_id": {p.keys["client_id"]}, "scope": {p.scopes()}, "state": {request.state},
		"redirect_uri": {request.redirect}, "nonce": {hashText(request.nonce)},
	}
	if p.keys["enable_pkce"] == "true" {
		request.verifier = randomText() + randomText()
		query.Set("code_challenge", hashText(request.verifier))
		query.Set("code_challenge_method", "S256")
	}
	for pair := range strings.SplitSeq(p.keys["extra_request_parameters"], ",") {
		if name, value, ok := strings.Cut(strings.TrimSpace(pair), " "); ok {
			query.Set(name, strings.TrimSpace(value))
		}
	}
	se.pending, se.failure = request, ""
	s.mu.Unlock()
	http.Redirect(w, r, p.keys["authorization_uri"]+"?"+query.Encode(), http.StatusFound)
}

// finishLogin is GET /oauth2/code/{id}: OAuth2LoginAuthenticationFilter, and
// DHIS2's mapping of the claim to a user.
func (s *Server) finishLogin(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	s.mu.Lock()
	se := s.session(r)
	var request *authorizationRequest
	if se != nil {
		request, se.pending = se.pending, nil
	}
	s.mu.Unlock()
	user, err := s.oidcUser(r, request, query)
	s.mu.Lock()
	if err != nil {
		if se == nil {
			se = s.newSession(w, r)
		}
		se.failure = err.Error()
		s.loginFailure = se.failure
		s.mu.Unlock()
		http.Redirect(w, r, s.loginPath()+"?oidcFailure=true", http.StatusFound)
		return
	}
	se = s.newSession(w, r)
	se.user, se.how = user.Identity(), request.provider.alias()
	s.mu.Unlock()
	http.Redirect(w, r, "/dhis-web-dashboard/", http.StatusFound)
}

// oidcUser carries the checks out, without the lock: the provider asks for our key
// while we ask for its tokens.
func (s *Server) oidcUser(r *http.Request, request *authorizationRequest, query url.Values) (*User, error) {
	switch {
	case request == nil || request.provider.id != r.PathValue("id"):
		return nil, errors.New("authorization_request_not_found")
	case query.Get("state") != request.state:
		return nil, errors.New("authorization_request_not_found")
	case query.Get("error") != "":
		return nil, errors.New("the provider answers with an error: " + printable(query.Get("error")))
	case query.Get("code") == "":
		return nil, errors.New("invalid_request")
	}
	claims, err := s.exchange(r.Context(), request, query.Get("code"))
	if err != nil {
		return nil, err
	}
	value, _ := claims[request.provider.mappingClaim()].(string)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.users {
		if u := &s.users[i]; value != "" && u.OpenID == value && u.ExternalAuth && !u.Disabled {
			return u, nil
		}
	}
	return nil, errors.New("could_not_map_oidc_user_to_dhis2_user")
}

// printable keeps what an error code may hold.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			return c
		}
		return -1
	}, s[:min(len(s), 64)])
}

// LoginFailure gives why the last sign-in at a provider failed, as DHIS2's log
// does; empty when none did.
func (s *Server) LoginFailure() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.loginFailure
}

// publicKeys is GET /api/publicKeys/{id}/jwks.json, for anybody. No release puts
// the certificate or its thumbprints in; an unknown id is a failure of the server.
func (s *Server) publicKeys(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	p := s.provider(r.PathValue("id"))
	s.mu.Unlock()
	if p == nil || p.key == nil {
		writeProblem(w, &problem{status: http.StatusInternalServerError, message: "Internal Server Error"})
		return
	}
	b64 := base64.RawURLEncoding.EncodeToString
	writeJSON(w, http.StatusOK, map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": p.keys["key_alias"],
		"n": b64(p.key.N.Bytes()), "e": b64(big.NewInt(int64(p.key.E)).Bytes()),
	}}})
}

// loginConfig is GET /api/loginConfig, which the login app draws itself from.
func (s *Server) loginConfig(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	providers := []any{}
	for _, p := range s.providers {
		providers = append(providers, map[string]any{"id": p.id, "icon": p.keys["login_image"], "iconPadding": p.keys["login_image_padding"],
			"loginText": p.alias(), "url": "/oauth2/authorization/" + p.id})
	}
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, map[string]any{"applicationTitle": Name, "uiLocale": "en", "loginPageLayout": "DEFAULT", "selfRegistrationEnabled": false, "oidcProviders": providers})
}
