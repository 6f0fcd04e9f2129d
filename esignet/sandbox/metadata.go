package sandbox

import (
	"net/http"
	"slices"
)

// claimsSupported are those a client may register for, in the order that
// answers list them.
var claimsSupported = []string{"name", "address", "gender", "birthdate", "picture", "email", "phone_number",
	"individual_id", "phone_number_verified", "registration_type", "updated_at"}

// acrFactors is acr_amr: the authentication factor of each context reference.
var acrFactors = map[string]string{
	"mosip:idp:acr:knowledge":      "KBI",
	"mosip:idp:acr:password":       "PWD",
	"mosip:idp:acr:static-code":    "PIN",
	"mosip:idp:acr:generated-code": "OTP",
	"mosip:idp:acr:linked-wallet":  "WLA",
	"mosip:idp:acr:biometrics":     "BIO",
}

// acrSupported lists the context references of the version.
func (s *Server) acrSupported() []string {
	all := []string{"mosip:idp:acr:knowledge", "mosip:idp:acr:password", "mosip:idp:acr:static-code",
		"mosip:idp:acr:generated-code", "mosip:idp:acr:linked-wallet", "mosip:idp:acr:biometrics"}
	if s.v >= V20 {
		return slices.DeleteFunc(all, func(acr string) bool {
			return acr == "mosip:idp:acr:static-code" || acr == "mosip:idp:acr:linked-wallet"
		})
	}
	return all
}

// endpoints are the addresses of one origin.
type endpoints struct{ authorize, token, userinfo, jwks, par string }

func (s *Server) endpoints(origin string) endpoints {
	if s.v >= V20 {
		return endpoints{origin + "/oauth2/authorize", origin + "/oauth2/token", origin + "/oauth2/userinfo",
			origin + "/oauth2/jwks", origin + "/oauth2/par"}
	}
	return endpoints{origin + "/authorize", origin + base + "/oauth/v2/token", origin + base + "/oidc/userinfo",
		origin + "/.well-known/jwks.json", origin + base + "/oauth/par"}
}

// issuer is that of the metadata and of the redirect.
func (s *Server) issuer(origin string) string {
	if s.on(DiscoveryIssuerOther) {
		return "https://other-issuer.invalid"
	}
	return origin
}

// tokenIssuer is iss in the tokens: up to 1.7 not that of the metadata.
func (s *Server) tokenIssuer(origin string) string {
	if s.v < V18 {
		return origin + base
	}
	return origin
}

// userinfoIssuer is iss in userinfo, which the mock identity system sets: up to
// 1.8 not that of the metadata.
func (s *Server) userinfoIssuer(origin string) string {
	if s.v < V20 {
		return origin + base
	}
	return origin
}

func (s *Server) metadataRoutes() {
	openid := func(r *request) answer { return documentAnswer(s.openidConfiguration(r.url)) }
	oauth := func(r *request) answer { return documentAnswer(s.oauthServer(r.url)) }
	jwks := func(r *request) answer { return documentAnswer(s.keySet()) }
	s.handle("GET /.well-known/openid-configuration", openid)
	s.handle("GET /.well-known/oauth-authorization-server", oauth)
	s.handle("GET /.well-known/jwks.json", jwks)
	if s.v >= V20 {
		s.handle("GET /oauth2/jwks", jwks)
		return
	}
	s.handle("GET "+base+"/oidc/.well-known/openid-configuration", openid)
	s.handle("GET "+base+"/oauth/.well-known/oauth-authorization-server", oauth)
	s.handle("GET "+base+"/oauth/.well-known/jwks.json", jwks)
}

// documentAnswer serves a public document, readable from every origin.
func documentAnswer(doc []byte) answer {
	return answer{status: http.StatusOK, kind: "application/json", body: doc,
		header: map[string]string{"Cache-Control": neverCache, "Access-Control-Allow-Origin": "*"}}
}

// scopes are those advertised; 1.6.1 forgets openid.
func (s *Server) scopes() []string {
	switch s.v {
	case V16:
		return []string{"profile", "email", "phone"}
	case V17:
		return []string{"openid", "profile", "email", "phone"}
	}
	return []string{"openid", "profile", "email", "phone", "address"}
}

func (s *Server) signingAlgs() []string {
	switch s.v {
	case V16:
		return []string{"RS256"}
	case V20:
		return []string{"PS256", "ES256"}
	}
	return []string{"RS256", "PS256"}
}

// clientAlgs are those that client assertions may be signed with.
func (s *Server) clientAlgs() []string {
	switch s.v {
	case V16:
		return []string{"RS256"}
	case V20:
		return []string{"PS256", "ES256", "RS256"}
	}
	return []string{"RS256", "PS256", "ES256"}
}

// openidConfiguration is the OpenID metadata (OpenID Connect Discovery 1.0,
// section 3), with the odd values that eSignet gives.
func (s *Server) openidConfiguration(origin string) []byte {
	e := s.endpoints(origin)
	doc := []any{
		"issuer", s.issuer(origin),
		"authorization_endpoint", e.authorize,
		"token_endpoint", e.token,
		"userinfo_endpoint", e.userinfo,
		"jwks_uri", e.jwks,
	}
	add := func(pairs ...any) { doc = append(doc, pairs...) }
	if s.v >= V17 {
		add("pushed_authorization_request_endpoint", e.par)
	}
	add("scopes_supported", s.scopes(),
		"response_types_supported", []string{"code"},
		"acr_values_supported", s.acrSupported(),
		"userinfo_signing_alg_values_supported", s.signingAlgs())
	if s.v >= V18 {
		add("userinfo_signed_response_alg", "PS256", "id_token_signed_response_alg", "PS256")
	}
	if s.v >= V20 {
		add("userinfo_encryption_alg_values_supported", []string{"RSA-OAEP", "RSA-OAEP-256"},
			"userinfo_encryption_enc_values_supported", []string{"A256GCM"},
			"grant_types_supported", []string{"authorization_code"})
	} else {
		add("userinfo_encryption_alg_values_supported", []string{"RSAXXXXX"},
			"userinfo_encryption_enc_values_supported", []string{"A128GCM"})
	}
	add("response_modes_supported", []string{"query"},
		"token_endpoint_auth_methods_supported", []string{"private_key_jwt"},
		"token_endpoint_auth_signing_alg_values_supported", s.clientAlgs(),
		"id_token_signing_alg_values_supported", s.signingAlgs(),
		"claim_types_supported", []string{"normal"},
		"claims_parameter_supported", true,
		"display_values_supported", []string{"page", "popup", "touch", "wap"},
		"subject_types_supported", []string{"pairwise"},
		"claims_supported", claimsSupported,
		"claims_locales_supported", []string{"en"},
		"request_parameter_supported", false,
		"ui_locales_supported", []string{"en"})
	if s.v < V20 {
		add("claims_in_verified_claims_supported", claimsSupported[:7])
	}
	if s.v >= V17 {
		add("dpop_signing_alg_values_supported", s.proofAlgs(),
			"code_challenge_methods_supported", []string{"S256"},
			"require_pushed_authorization_requests", false,
			"authorization_response_iss_parameter_supported", true)
	}
	return object(doc...)
}

// oauthServer is the metadata of RFC 8414.
func (s *Server) oauthServer(origin string) []byte {
	if s.v >= V20 {
		return s.openidConfiguration(origin)
	}
	e := s.endpoints(origin)
	doc := []any{
		"issuer", s.issuer(origin),
		"authorization_endpoint", e.authorize,
		"token_endpoint", e.token,
		"jwks_uri", e.jwks,
	}
	if s.v >= V17 {
		doc = append(doc, "pushed_authorization_request_endpoint", e.par)
	}
	doc = append(doc,
		"token_endpoint_auth_methods_supported", []string{"private_key_jwt"},
		"token_endpoint_auth_signing_alg_values_supported", s.clientAlgs(),
		"scopes_supported", s.scopes(),
		"response_modes_supported", []string{"query"},
		"grant_types_supported", []string{"authorization_code"},
		"response_types_supported", []string{"code"})
	if s.v >= V17 {
		doc = append(doc, "authorization_response_iss_parameter_supported", true)
	}
	return object(doc...)
}
