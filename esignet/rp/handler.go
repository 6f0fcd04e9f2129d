package rp

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/esignet"
)

// maxBody bounds what a form sends, in bytes; maxResponse the query string of a
// redirect in it.
const (
	maxBody     = 16 << 10
	maxResponse = 8 << 10
)

// Handler serves the calls of the contract, the key set and a sign of life.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /rp/start", call(s, "start", func(ctx context.Context, who caller, _ *http.Request, r StartRequest) (any, error) {
		return answerOf(s.start(ctx, who, r))
	}))
	mux.HandleFunc("POST /rp/complete", call(s, "complete", func(ctx context.Context, who caller, _ *http.Request, r CompleteRequest) (any, error) {
		return answerOf(s.complete(ctx, who, r))
	}))
	mux.HandleFunc("POST /rp/cancel", call(s, "cancel", func(_ context.Context, who caller, _ *http.Request, r struct {
		Transaction string `json:"transaction"`
	}) (any, error) {
		return struct{}{}, s.cancel(who, r.Transaction)
	}))
	mux.HandleFunc("GET /rp/evidence/{id}", call(s, "evidence", func(ctx context.Context, who caller, r *http.Request, _ none) (any, error) {
		e, err := s.read(ctx, who, r.PathValue("id"))
		if err != nil {
			return nil, err
		}
		return status(e), nil
	}))
	mux.HandleFunc("POST /rp/evidence/{id}/compare", call(s, "compare", func(ctx context.Context, who caller, r *http.Request, body struct {
		Values map[string]string `json:"values"`
	}) (any, error) {
		e, err := s.read(ctx, who, r.PathValue("id"))
		if err != nil {
			return nil, err
		}
		return compare(e, body.Values), nil
	}))
	mux.HandleFunc("GET /.well-known/jwks.json", func(w http.ResponseWriter, _ *http.Request) {
		set, err := s.JWKS()
		if err != nil {
			s.config.Log.Error().Err(err).Msg("the key set cannot be published")
			http.Error(w, "the key set cannot be published", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/jwk-set+json")
		w.Header().Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(set) // whoever asked has gone
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "alive\n")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		mux.ServeHTTP(w, r)
	})
}

// none is the body of a call that has none.
type none struct{}

func answerOf[T any](v *T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}

func status(e *Evidence) Status {
	st := Status{ID: e.ID, Verified: true, At: e.At, Issuer: e.Issuer, ACR: e.ACR, Program: e.Program, OrgUnit: e.OrgUnit, Attributes: []dhis2.UID{}}
	for a := range e.Digests {
		if uid, err := dhis2.ParseUID(a); err == nil {
			st.Attributes = append(st.Attributes, uid)
		}
	}
	slices.SortFunc(st.Attributes, func(a, b dhis2.UID) int { return strings.Compare(a.String(), b.String()) })
	return st
}

// call is what every call goes through: who asks, how often, and a strict body.
func call[B any](s *Service, name string, do func(context.Context, caller, *http.Request, B) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), s.config.Patience)
		defer cancel()
		answer, err := func() (any, error) {
			who, err := s.identify(r)
			if err != nil {
				return nil, err
			}
			if !s.limiter.allow(who.route, who.user, s.config.Now()) {
				return nil, refuse(CodeLimit, "too many calls")
			}
			var body B
			if _, without := any(body).(none); !without {
				if err := readBody(w, r, &body); err != nil {
					return nil, err
				}
			}
			return do(ctx, who, r, body)
		}()
		s.meter.called(name, err)
		if err != nil {
			s.refused(w, name, err)
			return
		}
		s.config.Log.Info().Str("call", name).Msg("answered")
		s.write(w, http.StatusOK, answer)
	}
}

func (s *Service) refused(w http.ResponseWriter, name string, err error) {
	status, p := problem(err)
	event := s.config.Log.Warn()
	reason := err.Error()
	if e, ok := errors.AsType[*esignet.Error](err); ok {
		reason = e.Operator()
		if event = s.config.Log.Warn(); e.Forged() {
			event = s.config.Log.Error().Bool("forged", true)
		}
	} else if r, ok := errors.AsType[*Refusal](err); ok {
		if r.Code == CodeTampered || r.Code == CodeInternal {
			event = s.config.Log.Error()
		}
		if r.Err != nil {
			reason += ": " + r.Err.Error()
		}
	} else {
		event, reason = s.config.Log.Error(), "an error without a type"
	}
	event.Str("call", name).Int("status", status).Str("code", p.Code).Str("stage", p.Stage).Str("reason", reason).Msg("refused")
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	s.write(w, status, Problem{p})
}

func (s *Service) write(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		s.config.Log.Error().Msg("an answer cannot be written")
		status, body = http.StatusInternalServerError, []byte(`{"error":{"code":"internal"}}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // whoever asked has gone
}

// username is what DHIS2 accepts as one (ValidationUtils.usernameIsValid).
var username = regexp.MustCompile(`^[-_.@a-zA-Z0-9]{2,255}$`)

// identify reads which Route calls for which user. Every secret is compared, each
// in constant time, so that neither a prefix nor the place in the list shows.
func (s *Service) identify(r *http.Request) (caller, error) {
	given := ""
	if h := r.Header.Values("Authorization"); len(h) == 1 {
		scheme, secret, _ := strings.Cut(h[0], " ")
		if strings.EqualFold(scheme, "ApiToken") || strings.EqualFold(scheme, "Bearer") {
			given = secret
		}
	}
	sum := sha256.Sum256([]byte(given))
	name := ""
	for i := range s.routes {
		if subtle.ConstantTimeCompare(sum[:], s.routes[i].secret[:]) == 1 {
			name = s.routes[i].name
		}
	}
	if given == "" || name == "" {
		return caller{}, refuse(CodeRoute, "not called through a Route that is known")
	}
	users := r.Header.Values("X-Forwarded-User")
	if len(users) != 1 || !username.MatchString(users[0]) {
		return caller{}, refuse(CodeUser, "the Route does not say which user calls")
	}
	return caller{user: users[0], route: name}, nil
}

// readBody reads JSON: no unknown member, none twice, nothing after it.
func readBody(w http.ResponseWriter, r *http.Request, v any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return refuse(CodeMalformed, "the body is not application/json")
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return refuse(CodeTooLarge, "the body is longer than 16 KiB")
	} else if err != nil {
		return refuse(CodeMalformed, "the body ends early")
	}
	// The cause is not kept: it quotes what was sent.
	if err := json.Unmarshal(data, v, json.RejectUnknownMembers(true)); err != nil {
		return refuse(CodeMalformed, "the body is not what the contract says")
	}
	return nil
}

// parseResponse reads the query string of the redirect.
func parseResponse(text string) (url.Values, error) {
	if len(text) > maxResponse {
		return nil, refuse(CodeTooLarge, "the response is longer than 8 KiB")
	}
	query, err := url.ParseQuery(strings.TrimPrefix(text, "?"))
	if err != nil {
		return nil, refuse(CodeMalformed, "the response is no query string")
	}
	return query, nil
}
