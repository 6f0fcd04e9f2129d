package login

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// LinkClaim is the claim of the shim's userinfo that DHIS2 maps by: the value of
// [OpenID]. sub cannot be it, since DHIS2 holds that against eSignet's id_token.
const LinkClaim = "esignet_openid"

// ShimConfig is a userinfo shim: for a DHIS2 that is a client of an eSignet which
// signs its id_tokens by RS256 (up to 1.6).
type ShimConfig struct {
	// URL is where DHIS2 reaches the service; user_info_uri is URL + /shim/userinfo.
	URL string
	// ESignet is DHIS2's own client at eSignet: ClientID counts, which userinfo must
	// be made for, Issuer, Generation and what verifies userinfo. Its redirect URI
	// and keys stay with DHIS2 and are not used here; New asks for both all the same.
	ESignet      esignet.Config
	RelyingParty string
	Links        *Links
	Log          zerolog.Logger
}

// Shim answers in plain JSON what it has verified. It keeps nothing.
type Shim struct {
	cfg     ShimConfig
	esignet *esignet.Client
	mux     *http.ServeMux
	meter   *meter
}

// NewShim makes a shim. It talks to nobody yet.
func NewShim(cfg ShimConfig) (*Shim, error) {
	cfg.URL = strings.TrimSuffix(cfg.URL, "/")
	if !webAddress(cfg.URL) || cfg.RelyingParty == "" || cfg.Links == nil {
		return nil, errors.New("esignet/login: configuration: the shim needs URL, RelyingParty and Links")
	}
	client, err := esignet.New(cfg.ESignet)
	if err != nil {
		return nil, err
	}
	at, _ := url.Parse(cfg.URL) // it was validated
	s := &Shim{cfg: cfg, esignet: client, mux: http.NewServeMux(), meter: newMeter("shim")}
	s.mux.HandleFunc("GET "+at.Path+"/shim/userinfo", s.userinfo)
	s.mux.HandleFunc("GET "+at.Path+"/button.svg", button)
	return s, nil
}

// Handler serves URL + /shim/userinfo and the picture of the button.
func (s *Shim) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protect(w, strings.HasPrefix(s.cfg.URL, "https:"))
		s.mux.ServeHTTP(w, r)
	})
}

// Serves tells whether a request is one of the shim's.
func (s *Shim) Serves(r *http.Request) bool { return serves(s.mux, r) }

// userinfo asks eSignet with the token of the request, verifies the answer, and
// gives DHIS2 the subject and, for whom an administrator has approved, the claim
// that it maps by. Who is not approved yet becomes a request.
func (s *Shim) userinfo(w http.ResponseWriter, r *http.Request) {
	token, ok := bearer(r)
	if !ok {
		s.meter.called("shim", resultToken)
		challenge(w, "")
		return
	}
	claims, err := s.esignet.UserInfoOf(r.Context(), token)
	if err != nil {
		s.refused(resultOf(err, resultInternal), err)
		if e, ok := errors.AsType[*esignet.Error](err); ok && e.Unreachable() {
			writeJSON(w, http.StatusBadGateway, map[string]string{"error": "temporarily_unavailable"})
			return
		}
		challenge(w, "invalid_token")
		return
	}
	subject := subjectOf(claims)
	link, err := s.cfg.Links.Seen(r.Context(), s.esignet.Issuer(), s.cfg.RelyingParty, subject)
	if err != nil {
		s.refused(resultInternal, err)
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"error": "temporarily_unavailable"})
		return
	}
	answer := answerClaims(subject, nil)
	result := string(link.State)
	if link.State == Approved {
		answer[LinkClaim], result = link.OpenID, resultDone
	} else {
		s.cfg.Log.Info().Str("part", "login").Str("link", link.Code).Str("state", string(link.State)).Msg("not linked to a DHIS2 user")
	}
	s.meter.called("shim", result)
	writeJSON(w, http.StatusOK, answer)
}

func (s *Shim) refused(result string, err error) {
	s.meter.called("shim", result)
	s.cfg.Log.Warn().Str("part", "login").Str("call", "shim").Str("result", result).Err(err).Msg("sign-in refused")
}

// subjectOf gives the subject of verified claims, to the byte.
func subjectOf(claims *esignet.Claims) (subject string) {
	v, _ := claims.Value("sub")
	_ = json.Unmarshal(v, &subject) // it was read before
	return subject
}
