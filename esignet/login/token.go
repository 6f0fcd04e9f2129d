package login

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// maxForm bounds the body of a token request.
const maxForm = 64 << 10

// tokenError is a refusal of the token endpoint (RFC 6749 section 5.2). cause is
// for the log.
type tokenError struct {
	status int
	code   string
	cause  error
}

func invalidRequest(cause string) *tokenError {
	return &tokenError{http.StatusBadRequest, "invalid_request", errors.New(cause)}
}

// token exchanges a code. First it is settled that DHIS2 asks; then the code is
// spent, whatever else is wrong.
func (s *Service) token(w http.ResponseWriter, r *http.Request) {
	answer, refusal := s.redeem(r)
	if refusal != nil {
		s.refused("token", refusal.code, refusal.cause)
		writeJSON(w, refusal.status, map[string]string{"error": refusal.code})
		return
	}
	s.meter.called("token", resultDone)
	writeJSON(w, http.StatusOK, answer)
}

// tokenAnswer is the answer (OpenID Connect Core section 3.1.3.3).
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"` // seconds
	Scope       string `json:"scope"`
	IDToken     string `json:"id_token"`
}

func (s *Service) redeem(r *http.Request) (*tokenAnswer, *tokenError) {
	form, refusal := readForm(r)
	if refusal != nil {
		return nil, refusal
	}
	if refusal := s.authenticate(r, form); refusal != nil {
		return nil, refusal
	}
	if form["grant_type"] != "authorization_code" {
		return nil, &tokenError{http.StatusBadRequest, "unsupported_grant_type", errors.New("grant_type is not authorization_code")}
	}
	g, err := s.spend(form)
	if err != nil {
		return nil, &tokenError{http.StatusBadRequest, "invalid_grant", err}
	}
	answer, err := s.issue(g, form["code"])
	if err != nil {
		return nil, &tokenError{http.StatusServiceUnavailable, "temporarily_unavailable", err}
	}
	return answer, nil
}

func readForm(r *http.Request) (map[string]string, *tokenError) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, invalidRequest("the body is no form")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
	if err != nil || len(body) > maxForm {
		return nil, invalidRequest("the body is cut or too long")
	}
	form, err := parameters(string(body))
	if err != nil {
		return nil, invalidRequest(err.Error())
	}
	return form, nil
}

// authenticate settles that DHIS2 asks, by its assertion and nothing else.
func (s *Service) authenticate(r *http.Request, form map[string]string) *tokenError {
	refuse := func(err error) *tokenError { return &tokenError{http.StatusUnauthorized, "invalid_client", err} }
	id, named := form["client_id"]
	_, secret := form["client_secret"]
	switch {
	case r.Header.Get("Authorization") != "" || secret:
		return refuse(errors.New("the client uses a secret: set client_authentication_method = private_key_jwt"))
	case named && id != s.cfg.DHIS2.ClientID:
		return refuse(errors.New("another client id"))
	case form["client_assertion_type"] != assertionType || form["client_assertion"] == "":
		return refuse(errors.New("no client assertion: set client_authentication_method = private_key_jwt"))
	}
	err := s.checkAssertion(r.Context(), form["client_assertion"])
	if e, ok := errors.AsType[*esignet.Error](err); ok && e.Stage == esignet.StageKeys {
		return &tokenError{http.StatusServiceUnavailable, "temporarily_unavailable", err}
	}
	if err != nil {
		return refuse(err)
	}
	return nil
}

// verifierForm is that of RFC 7636 section 4.1.
var verifierForm = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

// spend takes a code. A code that comes a second time takes the token of the first
// back (RFC 6749 section 4.1.2).
func (s *Service) spend(form map[string]string) (*grant, error) {
	code := form["code"]
	g, ok := s.codes.take(code, func(*grant) bool { return true })
	if !ok {
		if token, again := s.spent.get(code); again {
			s.tokens.drop(token)
			return nil, errors.New("a code was presented twice: its token is taken back")
		}
		return nil, errors.New("the code is unknown or expired")
	}
	verifier, sent := form["code_verifier"]
	switch {
	case form["redirect_uri"] != s.cfg.DHIS2.RedirectURI:
		return nil, errors.New("redirect_uri is not that of the request")
	case g.request.challenge == "" && sent:
		return nil, errors.New("a code_verifier without a challenge in the request")
	case g.request.challenge != "" && !verified(verifier, g.request.challenge):
		return nil, errors.New("code_verifier does not fit the challenge")
	}
	return g, nil
}

func verified(verifier, challenge string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return verifierForm.MatchString(verifier) && subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}

// issue makes the tokens.
func (s *Service) issue(g *grant, code string) (*tokenAnswer, error) {
	access, err := s.random()
	if err != nil {
		return nil, err
	}
	idToken, err := s.idToken(g, access)
	if err != nil {
		return nil, err
	}
	if !s.tokens.put(access, g) || !s.spent.put(code, access) {
		return nil, errors.New("no room for another token")
	}
	s.cfg.Log.Info().Str("part", "login").Msg("a user was signed in")
	return &tokenAnswer{AccessToken: access, TokenType: "Bearer", ExpiresIn: int(s.cfg.TokenFor.Seconds()), Scope: "openid", IDToken: idToken}, nil
}

// idTokenClaims are what Spring Security looks at, and what says how the person
// signed in (OpenID Connect Core section 2).
type idTokenClaims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Expires  int64  `json:"exp"`
	IssuedAt int64  `json:"iat"`
	AuthTime int64  `json:"auth_time,omitzero"`
	Nonce    string `json:"nonce"`
	ACR      string `json:"acr,omitzero"`
	Hash     string `json:"at_hash"`
}

func (s *Service) idToken(g *grant, access string) (string, error) {
	now := s.cfg.Now()
	key, err := s.cfg.Keys.Active(now)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(access))
	claims := idTokenClaims{
		Issuer: s.cfg.URL, Subject: g.openID, Audience: s.cfg.DHIS2.ClientID, Nonce: g.request.nonce, ACR: strings.Join(g.acr, " "),
		IssuedAt: now.Unix(), Expires: now.Add(s.cfg.TokenFor).Unix(), Hash: base64.RawURLEncoding.EncodeToString(sum[:16]),
	}
	if !g.authTime.IsZero() {
		claims.AuthTime = g.authTime.Unix()
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	return key.Sign("JWT", payload)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
