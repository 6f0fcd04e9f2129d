package sandbox

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

func (s *Server) oauthRoutes() {
	if s.v >= V20 {
		s.form("/oauth2/token", func(r *request, f url.Values) answer { return s.token(r, f, "/oauth2/token", true) })
		s.form("/oauth2/par", func(r *request, f url.Values) answer { return s.pushRequest(r, f) })
		s.handle("/oauth2/userinfo", s.userinfo)
		return
	}
	s.form(base+"/oauth/v2/token", func(r *request, f url.Values) answer { return s.token(r, f, base+"/oauth/v2/token", true) })
	s.form(base+"/oauth/token", func(r *request, f url.Values) answer { return s.token(r, f, base+"/oauth/token", false) })
	if s.v >= V17 {
		s.form(base+"/oauth/par", func(r *request, f url.Values) answer { return s.pushRequest(r, f) })
	}
	s.handle(base+"/oidc/userinfo", s.userinfo)
}

// form registers a handler of an encoded form, and what other methods and
// types of content are told.
func (s *Server) form(path string, h func(*request, url.Values) answer) {
	s.handle(path, func(r *request) answer {
		if r.Method != http.MethodPost {
			if s.v < V18 {
				return answer{status: http.StatusMethodNotAllowed, header: map[string]string{"Allow": "POST", "Cache-Control": neverCache}}
			}
			a := s.oauthError(http.StatusMethodNotAllowed, "invalid_request", "Method Not Allowed")
			return a
		}
		kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if kind != "application/x-www-form-urlencoded" {
			a := answer{status: http.StatusUnsupportedMediaType, header: map[string]string{"Cache-Control": neverCache}}
			if s.v >= V18 {
				a.kind = "application/problem+json"
				a.body = object("type", "about:blank", "title", "Unsupported Media Type", "status", 415,
					"detail", fmt.Sprintf("Content-Type '%s' is not supported.", kind), "instance", path, "properties", nil)
			}
			return a
		}
		values, err := url.ParseQuery(string(r.body))
		if err != nil {
			return s.oauthError(http.StatusBadRequest, "invalid_request", "invalid_request")
		}
		for name, v := range values {
			if len(v) > 1 && name != "resource" { // RFC 6749, 3.2: no parameter twice
				return s.oauthError(http.StatusBadRequest, "invalid_request", "invalid_request")
			}
		}
		return h(r, values)
	})
}

func (s *Server) oauthError(status int, code, description string) answer {
	cache := "no-store"
	if s.v == V16 {
		cache = neverCache
	}
	return answer{status: status, kind: "application/json", code: code, header: map[string]string{"Cache-Control": cache},
		body: object("error", code, "error_description", description)}
}

// oauthFault gives an error by eSignet's own code, in the form of the version:
// up to 1.6 the code itself, some with status 500; since 1.7 one of the codes
// of RFC 6749 with status 400.
func (s *Server) oauthFault(code string) answer {
	if s.v == V16 {
		status := http.StatusBadRequest
		if code == "pkce_failed" || code == "invalid_pkce_code_verifier" {
			status = http.StatusInternalServerError
		}
		return s.oauthError(status, code, code)
	}
	public := "invalid_request"
	switch code {
	case "invalid_assertion", "invalid_assertion_type":
		public, code = "invalid_client", "invalid_client"
	case "invalid_grant_type":
		public, code = "unsupported_grant_type", "unsupported_grant_type"
	case "invalid_transaction", "invalid_auth_code":
		public, code = "invalid_grant", "invalid_grant"
	case "pkce_failed", "invalid_pkce_code_verifier":
		if s.v >= V18 {
			public, code = "invalid_grant", "invalid_grant"
		}
	}
	return s.oauthError(http.StatusBadRequest, public, code)
}

// proofError is the filter's refusal of a DPoP proof.
func proofError() answer {
	return answer{status: http.StatusBadRequest, kind: "application/json;charset=UTF-8", code: "invalid_dpop_proof",
		header: map[string]string{"Cache-Control": neverCache, "WWW-Authenticate": proofChallenge("invalid_dpop_proof")},
		body:   object("error", "invalid_dpop_proof", "error_description", "invalid_dpop_proof")}
}

// proofChallenge names algorithms that are not those accepted, as 1.7 and 1.8
// do.
func proofChallenge(code string) string {
	return fmt.Sprintf("DPoP error=%q, error_description=%q, algs=\"ES256 PS256\"", code, code)
}

// token redeems a code (RFC 6749, 4.1.3). A refused call leaves the code
// usable; the order of the checks is that of the server.
func (s *Server) token(r *request, form url.Values, path string, pkce bool) answer {
	address := r.url + path
	if s.on(TokenServerError) {
		a := s.oauthError(http.StatusInternalServerError, "unknown_error", "unknown_error")
		return a
	}
	if s.on(TokenHTML) {
		return answer{status: http.StatusBadGateway, kind: "text/html", body: []byte("<!DOCTYPE html><title>502 Bad Gateway</title>")}
	}
	var p *proof
	if s.v >= V17 && r.Header.Get("DPoP") != "" {
		var ok bool
		if p, ok = s.readProof(r.Header.Get("DPoP"), http.MethodPost, address, r.now); !ok || len(r.Header.Values("DPoP")) > 1 {
			return proofError()
		}
	}
	switch {
	case form.Get("grant_type") != "authorization_code":
		return s.oauthFault("invalid_grant_type")
	case form.Get("code") == "":
		return s.oauthFault("invalid_auth_code")
	case form.Get("redirect_uri") == "":
		return s.oauthFault("invalid_redirect_uri")
	case form.Get("client_assertion_type") != assertionType:
		return s.oauthFault("invalid_assertion_type")
	case form.Get("client_assertion") == "":
		return s.oauthFault("invalid_assertion")
	}
	t, ok := s.codes.get(form.Get("code"), r.now)
	if !ok {
		return s.oauthFault("invalid_transaction")
	}
	c := t.client
	if current := s.clients[c.ClientID]; current != nil {
		c = current // what was changed since the sign-in began
	}
	if id, given := form["client_id"]; given && id[0] != c.ClientID || !c.active() {
		return s.oauthFault("invalid_client_id")
	}
	if form.Get("redirect_uri") != t.request.RedirectURI {
		return s.oauthFault("invalid_redirect_uri")
	}
	if t.request.Challenge != "" {
		verifier := form.Get("code_verifier")
		if verifier == "" || !pkce { // the old endpoint does not read it
			return s.oauthFault("invalid_pkce_code_verifier")
		}
		sum := sha256.Sum256([]byte(verifier))
		if subtle.ConstantTimeCompare([]byte(b64.EncodeToString(sum[:])), []byte(t.request.Challenge)) != 1 {
			return s.oauthFault("pkce_failed")
		}
	}
	if a := s.boundProof(t, c, p, r.now); a != nil {
		return *a
	}
	if !s.checkAssertion(form, c, s.audiences(r.url, address), r.now) {
		return s.oauthFault("invalid_assertion")
	}
	jkt := ""
	if p != nil {
		jkt = p.jkt
	}
	g, body, err := s.redeem(t, c, r.url, jkt, r.now)
	if err != nil {
		return s.oauthError(http.StatusInternalServerError, "unknown_error", "unknown_error")
	}
	s.codes.take(t.code, r.now)
	if _, same := s.tokens.get(g.accessToken, r.now); !same || s.v >= V17 {
		// Up to 1.6 two codes of one person redeemed within a second give one
		// access token, and the first consent wins.
		s.tokens.put(g.accessToken, g, r.now, r.now.Add(tokenLife))
	}
	cache := map[string]string{"Cache-Control": neverCache}
	if s.v >= V20 {
		cache = map[string]string{"Cache-Control": "no-store", "Pragma": "no-cache"}
	}
	return answer{status: http.StatusOK, kind: "application/json", header: cache, body: body}
}

// audiences are what a client assertion for the token endpoint may name.
func (s *Server) audiences(origin, address string) []string {
	switch {
	case s.v == V16:
		return []string{s.endpoints(origin).token}
	case s.v >= V20 && s.cfg.StrictAudience:
		return []string{origin}
	}
	return []string{s.endpoints(origin).token, origin, address}
}

// boundProof checks a proof against what the code is bound to and against the
// nonce. A client that needs bound tokens must send one.
func (s *Server) boundProof(t *transaction, c *client, p *proof, now time.Time) *answer {
	if p == nil {
		if c.additional.BoundTokens || t.request.JKT != "" {
			a := s.oauthFault("invalid_request")
			return &a
		}
		return nil
	}
	if t.request.JKT != "" && t.request.JKT != p.jkt {
		a := s.oauthFault("invalid_dpop_proof")
		return &a
	}
	if !s.accepts(&t.dpopNonce, p.nonce, now) {
		a := s.oauthError(http.StatusBadRequest, "use_dpop_nonce", "Authorization server requires nonce in DPoP proof")
		a.header["DPoP-Nonce"] = t.dpopNonce.value
		return &a
	}
	return nil
}

// bearer gives the scheme and the token of the Authorization header.
func bearer(header string) (scheme, token string) {
	scheme, token, _ = strings.Cut(header, " ")
	return scheme, strings.TrimSpace(token)
}
