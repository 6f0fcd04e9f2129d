package sandbox

import (
	"bytes"
	"maps"
	"net/http"
	"net/http/httptest"

	"github.com/go-json-experiment/json"
)

// Rewrite plays a server that breaks a promise, which no real release is known
// to break: what depends on the promise can be shown to notice.
type Rewrite struct {
	// Request changes a request before it is served. nil changes nothing.
	Request func(r *http.Request)

	// Answer changes a JSON object that is answered, and returns its status.
	// nil changes nothing.
	Answer func(r *http.Request, status int, doc map[string]any) int
}

// Rewrite rewrites from now on, in the place of what was rewritten before. The
// zero Rewrite ends it.
func (s *Server) Rewrite(rw Rewrite) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rewrite = rw
}

// rewriting puts the rewriting before a handler.
func (s *Server) rewriting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		rw := s.rewrite
		s.mu.Unlock()
		if rw.Request != nil {
			r = r.Clone(r.Context())
			rw.Request(r)
		}
		if rw.Answer == nil {
			next.ServeHTTP(w, r)
			return
		}
		kept := httptest.NewRecorder()
		next.ServeHTTP(kept, r)
		status, body := kept.Code, kept.Body.Bytes()
		var doc map[string]any
		if json.Unmarshal(body, &doc) == nil {
			status = rw.Answer(r, status, doc)
			var b bytes.Buffer
			if err := json.MarshalWrite(&b, doc, json.Deterministic(true)); err == nil {
				body = b.Bytes()
			}
		}
		maps.Copy(w.Header(), kept.Header())
		w.WriteHeader(status)
		w.Write(body)
	})
}
