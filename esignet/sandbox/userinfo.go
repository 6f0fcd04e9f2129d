package sandbox

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// userinfo answers with the JWS that was made for the token, or with a JWE
// around it (OpenID Connect Core, 5.3). Errors have no body.
func (s *Server) userinfo(r *request) answer {
	if r.Method != http.MethodGet {
		if s.v < V18 {
			return answer{status: http.StatusMethodNotAllowed, header: map[string]string{"Allow": "GET"}}
		}
		return answer{status: http.StatusMethodNotAllowed, header: map[string]string{"WWW-Authenticate": `error="Method Not Allowed"`}}
	}
	if !acceptsJWT(r.Header.Values("Accept")) {
		if s.v < V18 {
			return s.userinfoError("unknown_error")
		}
		return answer{status: http.StatusNotAcceptable, header: map[string]string{"WWW-Authenticate": `error="Not Acceptable"`}}
	}
	header := r.Header.Get("Authorization")
	if header == "" && s.v == V16 {
		return s.userinfoError("missing_header")
	}
	scheme, token := bearer(header)
	g, ok := s.tokens.get(token, r.now)
	if !ok || s.on(UserinfoRefused) {
		return s.userinfoError("invalid_token")
	}
	isDPoP := s.v >= V17 && strings.EqualFold(scheme, "DPoP")
	switch {
	case !isDPoP && !strings.EqualFold(scheme, "Bearer"), isDPoP != (g.jkt != ""):
		return s.userinfoError("invalid_token")
	case isDPoP:
		if a := s.userinfoProof(r, g, token); a != nil {
			return *a
		}
	}
	body := g.userinfo
	kind := "application/jwt;charset=UTF-8"
	if s.on(UserinfoPlain) {
		kind = "application/json"
	}
	if c := s.clients[g.client]; c != nil && c.additional.UserinfoType == "JWE" && s.v >= V18 {
		// Up to 1.7 the JWS comes back although encryption is configured.
		if c.encKey == nil {
			return s.userinfoError("unknown_error")
		}
		var err error
		if body, err = s.encrypt(body, c.encKey); err != nil {
			return s.userinfoError("unknown_error")
		}
	}
	return answer{status: http.StatusOK, kind: kind, body: []byte(body)}
}

// userinfoError is a refusal: 401 without a body, and, up to 1.8, a challenge
// without a scheme.
func (s *Server) userinfoError(code string) answer {
	scheme := ""
	if s.v >= V20 {
		scheme = "Bearer "
	}
	return answer{status: http.StatusUnauthorized, code: code, header: map[string]string{"WWW-Authenticate": fmt.Sprintf("%serror=%q", scheme, code)}}
}

// userinfoProof checks the DPoP proof of a call with a bound token: its hash of
// the token, its key, then its nonce, which is not the token endpoint's.
func (s *Server) userinfoProof(r *request, g *grant, token string) *answer {
	proofs := r.Header.Values("DPoP")
	if len(proofs) == 0 {
		a := s.userinfoError("invalid_token")
		return &a
	}
	refused := func(code string) *answer {
		return &answer{status: http.StatusBadRequest, code: code, header: map[string]string{"WWW-Authenticate": proofChallenge(code)}}
	}
	p, ok := s.readProof(proofs[0], http.MethodGet, s.endpoints(r.url).userinfo, r.now)
	if !ok || len(proofs) > 1 {
		return refused("invalid_dpop_proof")
	}
	sum := sha256.Sum256([]byte(token))
	if p.ath != b64.EncodeToString(sum[:]) {
		if s.v >= V20 {
			return refused("invalid_dpop_proof")
		}
		return refused("unknown_error")
	}
	if p.jkt != g.jkt {
		return refused("invalid_dpop_proof")
	}
	if !s.accepts(&g.dpopNonce, p.nonce, r.now) {
		return &answer{status: http.StatusUnauthorized, code: "use_dpop_nonce", header: map[string]string{
			"WWW-Authenticate": `DPoP error="use_dpop_nonce"`, "DPoP-Nonce": g.dpopNonce.value}}
	}
	return nil
}

// acceptsJWT tells whether a client takes application/jwt. Without an Accept
// header it takes anything.
func acceptsJWT(accept []string) bool {
	if len(accept) == 0 {
		return true
	}
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		kind, _, _ := strings.Cut(part, ";")
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case "application/jwt", "application/*", "*/*":
			return true
		}
	}
	return false
}

// encrypt nests a JWS in a JWE (RSA-OAEP-256, A256GCM) with typ and cty JWT.
// Its kid names a certificate that only the server knows.
func (s *Server) encrypt(jws string, key *jose.JSONWebKey) (string, error) {
	to := key.Key
	if s.on(UserinfoOtherEncKey) {
		f, err := forged("")
		if err != nil {
			return "", err
		}
		to = &f.key.PublicKey
	}
	sum := sha256.Sum256([]byte("internal certificate of " + thumbprint(key)))
	opts := (&jose.EncrypterOptions{}).WithContentType("JWT").WithType("JWT")
	if s.on(UserinfoCompressed) {
		opts.Compression = jose.DEFLATE
	}
	alg := jose.RSA_OAEP_256
	if s.v >= V20 && key.Algorithm == string(jose.RSA_OAEP) {
		alg = jose.RSA_OAEP
	}
	e, err := jose.NewEncrypter(jose.A256GCM, jose.Recipient{Algorithm: alg, Key: to, KeyID: b64.EncodeToString(sum[:])}, opts)
	if err != nil {
		return "", fmt.Errorf("encrypt: %w", err)
	}
	jwe, err := e.Encrypt([]byte(jws))
	if err != nil {
		return "", fmt.Errorf("encrypt: %w", err)
	}
	return jwe.CompactSerialize()
}
