package login

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/time/rate"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// Service is the façade. It is safe for concurrent use.
type Service struct {
	cfg      Config
	esignet  *esignet.Client
	keySet   *esignet.KeySet // of DHIS2
	attempts *shelf[*attempt]
	codes    *shelf[*grant]
	tokens   *shelf[*grant]
	spent    *shelf[string]   // access token by code
	used     *shelf[struct{}] // jti of assertions
	begins   *rate.Limiter
	path     string // of Config.URL, without a final slash
	mux      *http.ServeMux
	meter    *meter
}

// New makes a façade. It talks to nobody yet. The error names every field that is
// wrong, or is an [esignet.Error] about the client at eSignet.
func New(cfg Config) (*Service, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	client, err := esignet.New(cfg.ESignet)
	if err != nil {
		return nil, err
	}
	life := cfg.ESignet.AttemptFor
	if life == 0 {
		life = defaultAttemptFor
	}
	at, _ := url.Parse(cfg.URL) // it was validated
	s := &Service{
		cfg: cfg, esignet: client, path: at.Path,
		keySet:   esignet.NewKeySet(cfg.DHIS2.KeySetURL, 0, 0, cfg.DHIS2.Transport, cfg.Now),
		attempts: newShelf[*attempt](life, cfg.MaxAttempts, cfg.Now),
		codes:    newShelf[*grant](cfg.CodeFor, cfg.MaxAttempts, cfg.Now),
		tokens:   newShelf[*grant](cfg.TokenFor, cfg.MaxAttempts, cfg.Now),
		spent:    newShelf[string](cfg.TokenFor, cfg.MaxAttempts, cfg.Now),
		used:     newShelf[struct{}](maxAssertion+2*assertionSkew, maxAssertions, cfg.Now),
		begins:   rate.NewLimiter(rate.Limit(cfg.PerSecond), cfg.PerSecond),
	}
	s.meter = newMeter("authorize", "callback", "token", "userinfo")
	s.meter.set.NewGauge("nehrbridge_login_attempts", func() float64 { return float64(s.attempts.size()) })
	s.meter.set.NewGauge("nehrbridge_login_tokens", func() float64 { return float64(s.tokens.size()) })
	s.routes()
	return s, nil
}

// Warnings says, one sentence each, what in the settings weakens the defaults. It
// belongs into the log at start.
func (s *Service) Warnings() []string { return s.cfg.ESignet.Warnings() }

func (s *Service) routes() {
	s.mux = http.NewServeMux()
	handle := func(method, path string, h http.HandlerFunc) { s.mux.HandleFunc(method+" "+s.path+path, h) }
	handle("GET", "/.well-known/openid-configuration", s.metadata)
	handle("GET", "/jwks.json", s.jwks)
	handle("GET", "/authorize", s.authorize)
	handle("GET", "/callback", s.callback)
	handle("POST", "/token", s.token)
	handle("GET", "/userinfo", s.userinfo)
	handle("GET", "/requested", s.requestedPage)
	handle("GET", "/stopped", s.stoppedPage)
	handle("GET", "/login.css", stylesheet)
	handle("GET", "/button.svg", button)
}

// maxQuery bounds what a browser may say in an address.
const maxQuery = 16 << 10

// Handler serves the façade below the path of Config.URL.
func (s *Service) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protect(w, strings.HasPrefix(s.cfg.URL, "https:"))
		if len(r.URL.RawQuery) > maxQuery {
			http.Error(w, "the address is too long", http.StatusRequestURITooLong)
			return
		}
		s.mux.ServeHTTP(w, r)
	})
}

// Serves tells whether a request is one of the façade's, so that another service
// can answer the others of the same address.
func (s *Service) Serves(r *http.Request) bool { return serves(s.mux, r) }

func serves(mux *http.ServeMux, r *http.Request) bool {
	_, pattern := mux.Handler(r)
	return pattern != ""
}

// protect sets what every answer has: nothing is kept, framed, guessed or told on.
func protect(w http.ResponseWriter, https bool) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	if https {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// Sizes gives how many sign-ins are under way and how many tokens are good.
func (s *Service) Sizes() (attempts, tokens int) { return s.attempts.size(), s.tokens.size() }

// random gives 256 bits.
func (s *Service) random() (string, error) {
	b := make([]byte, 32)
	if _, err := io.ReadFull(s.cfg.Rand, b); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// refused logs and counts a refusal. Its errors hold no value of a person.
func (s *Service) refused(call, result string, err error) {
	s.meter.called(call, result)
	s.cfg.Log.Warn().Str("part", "login").Str("call", call).Str("result", result).Err(err).Msg("sign-in refused")
}
