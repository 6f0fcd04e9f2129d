package sandbox

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"slices"

	"github.com/google/uuid"
)

// authorizationRoutes are the calls behind the pages of 1.x, which let a
// program sign in as a person would.
func (s *Server) authorizationRoutes() {
	s.handle("GET "+base+"/csrf/token", s.csrfToken)
	path := base + "/authorization/"
	for generation, name := range map[int]string{1: "oauth-details", 2: "v2/oauth-details", 3: "v3/oauth-details"} {
		s.handle("POST "+path+name, s.csrf(func(r *request) answer { return s.oauthDetails(r, generation) }))
	}
	if s.v >= V17 {
		s.handle("POST "+path+"par-oauth-details", s.csrf(s.parOAuthDetails))
	}
	s.handle("POST "+path+"send-otp", s.csrf(s.callSendOTP))
	for generation, name := range map[int]string{1: "authenticate", 2: "v2/authenticate", 3: "v3/authenticate"} {
		s.handle("POST "+path+name, s.csrf(func(r *request) answer { return s.callAuthenticate(r, generation) }))
	}
	s.handle("GET "+path+"claim-details", s.claimDetails)
	s.handle("POST "+path+"auth-code", s.csrf(s.authCode))
}

var csrfText = regexp.MustCompile(`^[0-9a-f-]{36}$`)

// csrfToken hands out the token of the double submit. A browser without the
// cookie gets it; 1.8 masks the token.
func (s *Server) csrfToken(r *request) answer {
	a := answer{status: http.StatusOK, kind: "application/json", header: map[string]string{"Cache-Control": neverCache}}
	token := ""
	if c, err := r.Cookie("XSRF-TOKEN"); err == nil && csrfText.MatchString(c.Value) {
		token = c.Value
	} else {
		id, err := uuid.NewRandomFromReader(s.cfg.Rand)
		if err != nil {
			panic(fmt.Errorf("esignet/sandbox: random source: %w", err))
		}
		token = id.String()
		flags := "; Path=/; HttpOnly"
		if s.v == V16 {
			flags = "; Path=/"
		}
		a.header["Set-Cookie"] = "XSRF-TOKEN=" + token + flags
	}
	if s.v >= V18 {
		if _, known := a.header["Set-Cookie"]; !known {
			a.header["Set-Cookie"] = "XSRF-TOKEN=" + token + "; Path=/; HttpOnly"
		}
		token = s.maskCSRF(token)
	}
	a.body = object("token", token, "parameterName", "_csrf", "headerName", "X-XSRF-TOKEN")
	return a
}

// maskCSRF hides the token behind random bytes, as Spring Security 6 does.
func (s *Server) maskCSRF(token string) string {
	pad := []byte(s.draw())[:len(token)]
	masked := append([]byte(nil), pad...)
	for i := range token {
		masked = append(masked, pad[i]^token[i])
	}
	return base64.URLEncoding.EncodeToString(masked)
}

// csrf refuses calls whose header does not repeat the cookie.
func (s *Server) csrf(h func(*request) answer) func(*request) answer {
	return func(r *request) answer {
		cookie, err := r.Cookie("XSRF-TOKEN")
		token := r.Header.Get("X-XSRF-TOKEN")
		if s.v >= V18 {
			if masked, err := base64.URLEncoding.DecodeString(token); err == nil && len(masked) == 72 {
				plain := make([]byte, 36)
				for i := range plain {
					plain[i] = masked[i] ^ masked[36+i]
				}
				token = string(plain)
			}
		}
		if err != nil || token == "" || subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(token)) != 1 {
			return springError(s.v, r.Request, http.StatusForbidden, r.now)
		}
		return h(r)
	}
}

func (s *Server) oauthDetails(r *request, generation int) answer {
	var req authRequest
	if _, f := s.openEnvelope(r, &req); f != nil {
		return s.envelope(r, nil, f)
	}
	if generation == 1 { // knows no PKCE
		req.Challenge, req.ChallengeMethod = "", ""
	}
	t, f := s.begin(req, r.now, false)
	if f != nil {
		return s.envelope(r, nil, f)
	}
	return s.envelope(r, s.details(t, r.url, generation), nil)
}

// filter is what stands before the calls within a transaction: the headers
// oauth-details-key and -hash, and the count of attempts.
func (s *Server) filter(r *request, calls func(*transaction) *int, limit int, individual string) (*transaction, *filtered) {
	t, ok := s.sessions.get(r.Header.Get("oauth-details-key"), r.now)
	if !ok {
		return nil, &filtered{"invalid_transaction"}
	}
	if r.Header.Get("oauth-details-hash") != t.hash {
		return nil, &filtered{"invalid_request"}
	}
	if n := calls(t); n != nil {
		if *n >= limit {
			s.block(individual, r.now)
			return nil, &filtered{"no_attempts_left"}
		}
		*n++
	}
	return t, nil
}

func (s *Server) callSendOTP(r *request) answer {
	var req struct {
		TransactionID string   `json:"transactionId"`
		IndividualID  string   `json:"individualId"`
		Channels      []string `json:"otpChannels"`
		Captcha       *string  `json:"captchaToken"`
	}
	_, bad := s.openEnvelope(r, &req)
	t, out := s.filter(r, func(t *transaction) *int { return &t.otpCalls }, attempts, req.IndividualID)
	if out != nil {
		return s.filterError(r, out)
	}
	if bad != nil {
		return s.envelope(r, nil, bad)
	}
	for i, channel := range req.Channels {
		if channel != "email" && channel != "phone" {
			return s.envelope(r, nil, wrongField(fmt.Sprintf("request.otpChannels[%d]", i), "invalid_otp_channel"))
		}
	}
	switch {
	case len(req.Channels) == 0:
		return s.envelope(r, nil, wrongField("request.otpChannels", "invalid_otp_channel"))
	case req.IndividualID == "":
		return s.envelope(r, nil, wrongField("request.individualId", "invalid_identifier"))
	case req.TransactionID != t.id:
		return s.envelope(r, nil, refuse("invalid_transaction"))
	}
	email, phone, f := s.sendOTP(t, req.IndividualID, r.now)
	if f != nil {
		return s.envelope(r, nil, f)
	}
	if !slices.Contains(req.Channels, "email") {
		email = ""
	}
	if !slices.Contains(req.Channels, "phone") {
		phone = ""
	}
	return s.envelope(r, object("transactionId", t.id, "maskedEmail", orNull(email), "maskedMobile", orNull(phone)), nil)
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// challengeFormats are the formats that challenges must name.
var challengeFormats = map[string]string{"OTP": "alpha-numeric", "PIN": "number", "PWD": "alpha-numeric", "BIO": "encoded-json",
	"WLA": "jwt", "KBI": "base64url-encoded-json"}

func (s *Server) callAuthenticate(r *request, generation int) answer {
	var req struct {
		TransactionID string `json:"transactionId"`
		IndividualID  string `json:"individualId"`
		Challenges    []struct {
			Factor    string `json:"authFactorType"`
			Challenge string `json:"challenge"`
			Format    string `json:"format"`
		} `json:"challengeList"`
		Captcha *string `json:"captchaToken"`
	}
	_, bad := s.openEnvelope(r, &req)
	t, out := s.filter(r, func(t *transaction) *int { return &t.authCalls }, attempts, req.IndividualID)
	if out != nil {
		return s.filterError(r, out)
	}
	if bad != nil {
		return s.envelope(r, nil, bad)
	}
	if n := len(req.Challenges); n < 1 || n > 5 {
		return s.envelope(r, nil, wrongField("request.challengeList", "invalid_no_of_challenges"))
	}
	for i, c := range req.Challenges {
		field := fmt.Sprintf("request.challengeList[%d]", i)
		switch format, known := challengeFormats[c.Factor]; {
		case !known:
			return s.envelope(r, nil, wrongField(field+".authFactorType", "invalid_auth_factor_type"))
		case c.Format != format:
			return s.envelope(r, nil, wrongField(field, "invalid_challenge_format"))
		case c.Challenge == "" || (c.Factor == "OTP" || c.Factor == "PIN") && len(c.Challenge) != 6:
			return s.envelope(r, nil, wrongField(field, "invalid_challenge"))
		}
	}
	switch {
	case req.IndividualID == "":
		return s.envelope(r, nil, wrongField("request.individualId", "invalid_identifier"))
	case req.TransactionID != t.id || t.person != nil:
		return s.envelope(r, nil, refuse("invalid_transaction"))
	}
	c := req.Challenges[0]
	if f := s.authenticate(t, req.IndividualID, c.Factor, c.Challenge, r.now); f != nil {
		return s.envelope(r, nil, f)
	}
	if generation == 1 {
		return s.envelope(r, object("transactionId", t.id), nil)
	}
	return s.envelope(r, object("transactionId", t.id, "consentAction", t.consentAction()), nil)
}

func (t *transaction) consentAction() string {
	if t.capture {
		return "CAPTURE"
	}
	return "NOCAPTURE"
}

// claimDetails says of every claim that it is not available, whatever the
// person has, and may be asked once.
func (s *Server) claimDetails(r *request) answer {
	t, out := s.filter(r, func(t *transaction) *int { return &t.claimCalls }, 1, "")
	if out != nil {
		return s.filterError(r, out)
	}
	if t.person == nil {
		return s.envelope(r, nil, refuse("invalid_transaction"))
	}
	status := []map[string]any{}
	for _, claim := range claimOrder {
		if slices.Contains(t.essential, claim) || slices.Contains(t.voluntary, claim) {
			status = append(status, map[string]any{"claim": claim, "verified": false, "available": false})
		}
	}
	return s.envelope(r, object("transactionId", t.id, "consentAction", t.consentAction(),
		"profileUpdateRequired", false, "claimStatus", status), nil)
}

func (s *Server) authCode(r *request) answer {
	var req struct {
		TransactionID string   `json:"transactionId"`
		Accepted      []string `json:"acceptedClaims"`
		Scopes        []string `json:"permittedAuthorizeScopes"`
	}
	_, bad := s.openEnvelope(r, &req)
	t, out := s.filter(r, func(*transaction) *int { return nil }, 0, "")
	if out != nil {
		return s.filterError(r, out)
	}
	if bad != nil {
		return s.envelope(r, nil, bad)
	}
	if req.TransactionID != t.id {
		return s.envelope(r, nil, refuse("invalid_transaction"))
	}
	if len(req.Scopes) > 0 {
		return s.envelope(r, nil, refuse("invalid_permitted_scope"))
	}
	code, f := s.issueCode(t, req.Accepted, r.now)
	if f != nil {
		return s.envelope(r, nil, f)
	}
	return s.envelope(r, object("nonce", orNull(t.request.Nonce), "state", orNull(t.request.State), "code", code,
		"redirectUri", t.request.RedirectURI), nil)
}
