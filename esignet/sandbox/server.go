package sandbox

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
)

// Name is what the header X-Sandbox and the log call the server.
const Name = "nehrbridge eSignet sandbox"

const (
	base        = "/v1/esignet"
	mockBase    = "/v1/mock-identity-system"
	signingApp  = "OIDC_SERVICE"
	userinfoApp = "MOCK_AUTHENTICATION_SERVICE"
	maxBody     = 1 << 20
	stampFormat = "2006-01-02T15:04:05.000Z"
	neverCache  = "no-cache, no-store, max-age=0, must-revalidate"
	replayTime  = 24 * time.Hour // nonces and jti are remembered for so long
	blockedTime = 600 * time.Second
)

// Server is one sandbox. It is safe for use by many goroutines.
type Server struct {
	cfg        Config
	v          Version
	mux        *http.ServeMux
	sameOrigin *http.CrossOriginProtection

	mu          sync.Mutex // guards all below
	offset      time.Duration
	wrongs      map[Misbehaviour]bool
	keys        []*signer // the newest first
	userinfoKey *signer
	clients     map[string]*client
	people      map[string]*Identity
	consents    map[consentKey]consent
	sessions    *shelf[*transaction] // by transactionId
	dialogues   *shelf[*transaction] // by transactionId; the pages know a transaction longer than the calls do
	codes       *shelf[*transaction] // by code
	tokens      *shelf[*grant]       // by access token
	pushed      *shelf[*pushedRequest]
	usedNonces  *shelf[struct{}] // of authorization requests
	usedJTIs    *shelf[struct{}] // of client assertions, all clients together
	usedProofs  *shelf[struct{}] // jti of DPoP proofs
	blocked     *shelf[struct{}] // individual ids with too many attempts
	otps        *shelf[struct{}] // one-time codes sent: transaction and person
}

// New returns a server with the configured people and no clients.
func New(cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	n := cfg.MaxSessions
	s := &Server{
		cfg: cfg, v: cfg.Version, sameOrigin: http.NewCrossOriginProtection(),
		clients: map[string]*client{}, people: map[string]*Identity{}, consents: map[consentKey]consent{},
		sessions: newShelf[*transaction](n), dialogues: newShelf[*transaction](n), codes: newShelf[*transaction](n), tokens: newShelf[*grant](n),
		pushed: newShelf[*pushedRequest](n), usedNonces: newShelf[struct{}](n), usedJTIs: newShelf[struct{}](n),
		usedProofs: newShelf[struct{}](n), blocked: newShelf[struct{}](n), otps: newShelf[struct{}](n),
	}
	now := cfg.Now()
	k, err := newSigner(signingApp, cfg.SigningKey, now, 0, cfg.Rand)
	if err != nil {
		return nil, err
	}
	s.keys = []*signer{k}
	if s.userinfoKey, err = newSigner(userinfoApp, cfg.UserinfoKey, now, 0, cfg.Rand); err != nil {
		return nil, err
	}
	for _, p := range cfg.Identities {
		if err := s.AddIdentity(p); err != nil {
			return nil, err
		}
	}
	s.routes()
	return s, nil
}

// Version is the preset that is played.
func (s *Server) Version() Version { return s.v }

// Advance moves the clock on.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += d
}

// now is the server's time; it is called under the lock.
func (s *Server) now() time.Time { return s.cfg.Now().Add(s.offset) }

// Sessions counts what is kept at the moment: transactions, codes, tokens,
// pushed requests and marks against replays.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.sweep(now)
	return s.sessions.len() + s.dialogues.len() + s.codes.len() + s.tokens.len() + s.pushed.len() +
		s.usedNonces.len() + s.usedJTIs.len() + s.usedProofs.len() + s.blocked.len() + s.otps.len()
}

// sweep drops what is over; every request does it.
func (s *Server) sweep(now time.Time) {
	s.sessions.sweep(now)
	s.dialogues.sweep(now)
	s.codes.sweep(now)
	s.tokens.sweep(now)
	s.pushed.sweep(now)
	for _, shelf := range []*shelf[struct{}]{s.usedNonces, s.usedJTIs, s.usedProofs, s.blocked, s.otps} {
		shelf.sweep(now)
	}
}

// draw gives a new identifier of 256 bits, 43 characters of base64url.
func (s *Server) draw() string {
	b := make([]byte, 32)
	if _, err := io.ReadFull(s.cfg.Rand, b); err != nil {
		panic(fmt.Errorf("esignet/sandbox: random source: %w", err))
	}
	return b64.EncodeToString(b)
}

// answer is what goes back to a program.
type answer struct {
	status int
	header map[string]string
	kind   string // Content-Type; none is sent when empty
	body   []byte
	code   string // the error code, for the log
}

// request is one call of a program, read to its end.
type request struct {
	*http.Request
	body []byte
	url  string // origin: {D}
	now  time.Time
}

// handle registers a handler, which runs under the lock. A pattern without a
// method answers other methods as the version does.
func (s *Server) handle(pattern string, h func(*request) answer) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
				s.write(w, r, pattern, springError(s.v, r, http.StatusRequestEntityTooLarge, s.cfg.Now()))
			} // else the client has gone
			return
		}
		origin := s.origin(r)
		s.mu.Lock()
		now := s.now()
		s.sweep(now)
		a := h(&request{Request: r, body: body, url: origin, now: now})
		s.mu.Unlock()
		s.write(w, r, pattern, a)
	})
}

func (s *Server) write(w http.ResponseWriter, r *http.Request, pattern string, a answer) {
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.Header()["Content-Type"] = nil // net/http shall not guess one
	if a.kind != "" {
		w.Header().Set("Content-Type", a.kind)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that has gone gets no second answer
	// Log lines name the route, never the path: identities are read by number.
	s.cfg.Log.Info().Str("sandbox", Name).Str("version", string(s.v)).Str("route", pattern).
		Str("method", r.Method).Int("status", a.status).Str("code", a.code).Msg("request")
}

// origin is {D}, the origin that endpoints and issuers are made from.
func (s *Server) origin(r *http.Request) string {
	if s.cfg.URL != "" {
		return s.cfg.URL
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (s *Server) routes() {
	s.mux = http.NewServeMux()
	s.metadataRoutes()
	s.clientRoutes()
	s.identityRoutes()
	if s.v < V20 {
		s.authorizationRoutes()
	}
	s.oauthRoutes()
	s.pageRoutes()
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.write(w, r, "/", springError(s.v, r, http.StatusNotFound, s.cfg.Now()))
	})
}

// Handler serves everything: the endpoints of the service and those that the
// user interface's host has.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Sandbox", Name+" "+string(s.v))
		w.Header().Set("X-Content-Type-Options", "nosniff")
		// Also a page of another site that rebinds its name to this machine ends
		// here.
		if !s.cfg.InsecureAllowRemote && !isLoopback(r.Host) {
			s.write(w, r, "host", answer{status: http.StatusMisdirectedRequest, kind: "text/plain; charset=utf-8",
				body: []byte("This is a sandbox: it answers for this machine alone.\n"), code: "host"})
			return
		}
		s.mux.ServeHTTP(w, r)
	})
}

// springError is the answer that Spring Boot gives where no controller does.
func springError(v Version, r *http.Request, status int, now time.Time) answer {
	if v >= V20 {
		return answer{status: status, kind: "text/plain; charset=utf-8", body: []byte(http.StatusText(status) + "\n")}
	}
	path := ""
	if v == V16 || status != http.StatusForbidden {
		path = r.URL.Path
	}
	doc := []any{"timestamp", now.UnixMilli(), "status", status, "error", http.StatusText(status)}
	if v < V18 {
		doc = append(doc, "message", "")
	}
	doc = append(doc, "path", path)
	a := answer{status: status, kind: "application/json", body: object(doc...), code: "http"}
	if !strings.HasPrefix(r.URL.Path, mockBase) {
		a.header = map[string]string{"Cache-Control": neverCache}
	}
	return a
}

// object writes a JSON object with its members in the order given.
func object(pairs ...any) []byte {
	var b strings.Builder
	b.WriteByte('{')
	for i := 0; i < len(pairs); i += 2 {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(encode(pairs[i]))
		b.WriteByte(':')
		b.Write(encode(pairs[i+1]))
	}
	b.WriteByte('}')
	return []byte(b.String())
}

// encode writes a value as compact JSON, maps in the order of their names.
func encode(v any) []byte {
	doc, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic(fmt.Errorf("esignet/sandbox: %w", err)) // only values made here come this way
	}
	return doc
}

// algorithm is what tokens are signed with: RS256 up to 1.6, PS256 since.
func (s *Server) algorithm() jose.SignatureAlgorithm {
	if s.v == V16 {
		return jose.RS256
	}
	return jose.PS256
}
