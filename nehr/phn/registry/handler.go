package registry

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"
)

// maxBody bounds what a form sends, in bytes.
const maxBody = 16 << 10

// Handler serves POST /phn/search, select, issue, status and card. caller tells who
// calls; where it does not know, the call is refused. Whoever stands before this
// handler has compared the Route's secret and limited how often is called.
func (s *Service) Handler(caller func(*http.Request) (Caller, bool)) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /phn/search", call(s, "search", caller, s.Search))
	mux.HandleFunc("POST /phn/select", call(s, "select", caller, s.Select))
	mux.HandleFunc("POST /phn/issue", call(s, "issue", caller, s.Issue))
	mux.HandleFunc("POST /phn/status", call(s, "status", caller, s.Status))
	mux.HandleFunc("POST /phn/card", call(s, "card", caller, s.Card))
	return mux
}

func call[B, A any](s *Service, name string, caller func(*http.Request) (Caller, bool), do func(context.Context, Caller, B) (*A, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer, err := func() (*A, error) {
			who, known := caller(r)
			if !known || who.User == "" {
				return nil, refuse(CodeUser, "nobody says who calls")
			}
			var body B
			if err := readBody(w, r, &body); err != nil {
				return nil, err
			}
			return do(r.Context(), who, body)
		}()
		s.meter.called(name, err)
		if err != nil {
			s.refused(w, name, err)
			return
		}
		s.config.Log.Info().Str("call", "phn/"+name).Msg("answered")
		s.respond(w, http.StatusOK, answer)
	}
}

// Problem is the body of a refusal.
type Problem struct {
	Error ProblemError `json:"error"`
}

// ProblemError says what is wrong, for the form to branch on and to show.
type ProblemError struct {
	Code    Code    `json:"code"`
	Stage   string  `json:"stage"` // the call
	Message Message `json:"message"`
}

// Message is what the worker is told.
type Message struct {
	Key  string            `json:"key"`
	Text map[string]string `json:"text"` // by language: en, si, ta
}

func (s *Service) refused(w http.ResponseWriter, name string, err error) {
	r, ok := errors.AsType[*Refusal](err)
	if !ok {
		r = refuse(CodeInternal, "an error without a type")
	}
	a := answers[r.Code]
	event := s.config.Log.Warn()
	if r.Code == CodeInternal || r.Code == CodeAnswer {
		event = s.config.Log.Error()
	}
	event.Str("call", "phn/"+name).Int("status", a.status).Str("code", string(r.Code)).Str("reason", r.Detail).AnErr("cause", r.Err).Msg("refused")
	if r.Code == CodeLocked {
		w.Header().Set("Retry-After", strconv.Itoa(int(window.Seconds())))
	}
	s.respond(w, a.status, Problem{ProblemError{r.Code, name, Message{"phn." + a.message, texts[a.message]}}})
}

func (s *Service) respond(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		s.config.Log.Error().Msg("an answer cannot be written")
		status, body = http.StatusInternalServerError, []byte(`{"error":{"code":"internal"}}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // whoever asked has gone
}

// readBody reads JSON: no unknown member, none twice, nothing after it. Its errors
// keep no cause: that quotes what was sent.
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
	if err := json.Unmarshal(data, v, json.RejectUnknownMembers(true)); err != nil {
		return refuse(CodeMalformed, "the body is not what the contract says")
	}
	return nil
}
