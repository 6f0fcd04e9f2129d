package sandbox

import (
	"net/http"
	"net/url"
	"time"
)

// pushedRequest waits for the page that asks for it by its request_uri.
type pushedRequest struct{ request authRequest }

const requestURIPrefix = "urn:ietf:params:oauth:request_uri:"

// pushLife is how long a request_uri waits. The documentation of 2.0 says an
// hour.
func (s *Server) pushLife() time.Duration {
	if s.v >= V20 {
		return time.Hour
	}
	return 60 * time.Second
}

// pushRequest is the pushed-request endpoint (RFC 9126).
func (s *Server) pushRequest(r *request, form url.Values) answer {
	e := s.endpoints(r.url)
	var p *proof
	if r.Header.Get("DPoP") != "" {
		var ok bool
		if p, ok = s.readProof(r.Header.Get("DPoP"), http.MethodPost, e.par, r.now); !ok {
			return proofError()
		}
	}
	req := authRequestOf(form)
	if req.Claims != nil && !req.Claims.IsValid() {
		description := "Property 'claims' threw exception"
		if s.v == V17 {
			description += "; nested exception is java.lang.IllegalArgumentException: invalid_claim"
		}
		return s.oauthError(http.StatusBadRequest, "invalid_request", description)
	}
	if form.Get("request_uri") != "" {
		return s.oauthFault("invalid_request")
	}
	if form.Get("client_assertion_type") != assertionType || form.Get("client_assertion") == "" {
		return s.oauthFault("invalid_assertion")
	}
	if f := s.checkShape(&req); f != nil {
		return s.pushFault(f)
	}
	if _, ok := s.readClaims(req.Claims); !ok {
		return s.oauthFault("invalid_claim")
	}
	c, f := s.checkAgainstClient(&req)
	if f != nil {
		return s.pushFault(f)
	}
	if !s.checkAssertion(form, c, append(s.audiences(r.url, e.token), e.par), r.now) {
		return s.oauthFault("invalid_assertion")
	}
	if c.additional.RequirePKCE && req.Challenge == "" {
		return s.oauthFault("use_pkce")
	}
	if p != nil {
		if req.JKT != "" && req.JKT != p.jkt {
			return s.oauthFault("invalid_dpop_proof")
		}
		req.JKT = p.jkt
	}
	if f := s.spendNonce(req.Nonce, r.now); f != nil {
		return s.pushFault(f)
	}
	uri := requestURIPrefix + s.draw()
	s.pushed.put(uri, &pushedRequest{req}, r.now, r.now.Add(s.pushLife()))
	cache := neverCache
	if s.v >= V20 {
		cache = "no-store"
	}
	return answer{status: http.StatusCreated, kind: "application/json", header: map[string]string{"Cache-Control": cache},
		body: object("request_uri", uri, "expires_in", int(s.pushLife().Seconds()))}
}

// pushFault gives a fault of the request as an error of OAuth; invalid_scope is
// one of its own.
func (s *Server) pushFault(f *fault) answer {
	if f.code == "invalid_scope" {
		return s.oauthError(http.StatusBadRequest, "invalid_scope", "invalid_scope")
	}
	return s.oauthFault(f.code)
}

// parOAuthDetails begins a sign-in by a request_uri. Every refusal is the
// same, and an attempt with another client's id spends the request_uri, too.
func (s *Server) parOAuthDetails(r *request) answer {
	var req struct {
		ClientID   string `json:"clientId"`
		RequestURI string `json:"requestUri"`
	}
	if _, f := s.openEnvelope(r, &req); f != nil {
		return s.envelope(r, nil, f)
	}
	t, f := s.beginPushed(req.ClientID, req.RequestURI, r.now)
	if f != nil {
		return s.envelope(r, nil, f)
	}
	return s.envelope(r, s.details(t, r.url, 3), nil)
}

func (s *Server) beginPushed(clientID, requestURI string, now time.Time) (*transaction, *fault) {
	p, ok := s.pushed.take(requestURI, now)
	if !ok || p.request.ClientID != clientID {
		return nil, refuse("invalid_request")
	}
	return s.begin(p.request, now, true)
}
