package login

import (
	"errors"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// metadata is what the façade says of itself (OpenID Connect Discovery section 3).
// DHIS2's generic provider does not read it; people and other tools do.
func (s *Service) metadata(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer": s.cfg.URL, "authorization_endpoint": s.cfg.URL + "/authorize", "token_endpoint": s.cfg.URL + "/token",
		"userinfo_endpoint": s.cfg.URL + "/userinfo", "jwks_uri": s.cfg.URL + "/jwks.json",
		"scopes_supported": []string{"openid"}, "response_types_supported": []string{"code"}, "response_modes_supported": []string{"query"},
		"grant_types_supported": []string{"authorization_code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported":            []string{esignet.RS256},
		"token_endpoint_auth_methods_supported":            []string{"private_key_jwt"},
		"token_endpoint_auth_signing_alg_values_supported": []string{esignet.RS256},
		"code_challenge_methods_supported":                 []string{"S256"},
		"authorization_response_iss_parameter_supported":   true,
		"request_parameter_supported":                      false, "request_uri_parameter_supported": false, "claims_parameter_supported": false,
	})
}

// jwks publishes the keys of the id_tokens. Only this document may be cached.
func (s *Service) jwks(w http.ResponseWriter, _ *http.Request) {
	set, err := s.cfg.Keys.JWKS(s.cfg.Now(), esignet.UseSignature)
	if err != nil {
		s.refused("jwks", resultInternal, err)
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"error": "temporarily_unavailable"})
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Header().Set("Content-Type", "application/jwk-set+json")
	_, _ = w.Write(set)
}

// userinfo gives DHIS2 plain JSON, the one form that it reads: sub is the value of
// openId, beside it the claims that were asked for.
func (s *Service) userinfo(w http.ResponseWriter, r *http.Request) {
	token, ok := bearer(r)
	if !ok {
		s.meter.called("userinfo", resultToken)
		challenge(w, "")
		return
	}
	g, ok := s.tokens.get(token)
	if !ok {
		s.refused("userinfo", resultToken, errors.New("the access token is unknown or expired"))
		challenge(w, "invalid_token")
		return
	}
	s.meter.called("userinfo", resultDone)
	writeJSON(w, http.StatusOK, answerClaims(g.openID, g.claims))
}

// answerClaims puts what was shared beside sub, which nothing shared replaces.
func answerClaims(subject string, claims map[string]jsontext.Value) map[string]any {
	out := map[string]any{}
	for name, value := range claims {
		out[name] = value
	}
	out["sub"] = subject
	return out
}

// maxBearer bounds an access token.
const maxBearer = 8 << 10

// bearer reads the token of a request (RFC 6750 section 2.1): from the header
// alone, and once.
func bearer(r *http.Request) (string, bool) {
	all := r.Header.Values("Authorization")
	if len(all) != 1 {
		return "", false
	}
	scheme, token, ok := strings.Cut(all[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || len(token) > maxBearer || token == "" {
		return "", false
	}
	return token, !strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c > '~' })
}

// challenge is the refusal of RFC 6750 section 3.
func challenge(w http.ResponseWriter, code string) {
	value := "Bearer"
	if code != "" {
		value += ` error="` + code + `"`
	}
	w.Header().Set("WWW-Authenticate", value)
	w.WriteHeader(http.StatusUnauthorized)
}
