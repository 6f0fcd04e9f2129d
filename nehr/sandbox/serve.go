package sandbox

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

const fhirType = "application/fhir+json; charset=utf-8"

// answer is what goes back over HTTP.
type answer struct {
	status int
	body   *fhirjson.Value
	of     *standing // gives ETag and Last-Modified
	// location says that the answer names where the resource stands.
	location bool
}

// Handler serves the FHIR base under the configured prefix, and a first page
// for people above it.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(s.config.Prefix+"/", s.suffer(s.serve))
	mux.HandleFunc(s.config.Prefix, s.suffer(s.serve))
	mux.HandleFunc("GET /{$}", s.firstPage)
	mux.HandleFunc("GET /sandbox.css", stylesheet)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.write(w, r, answer{status: http.StatusNotFound, body: outcome("error", "not-found", "the FHIR base is "+s.config.Prefix)})
	})
	return mux
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if v := recover(); v != nil {
			if v == http.ErrAbortHandler {
				panic(v)
			}
			s.write(w, r, answer{status: http.StatusInternalServerError, body: outcome("error", "exception", "the sandbox failed")})
		}
	}()
	if t := s.config.Token; t != "" && subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+t)) != 1 {
		w.Header().Set("WWW-Authenticate", `Bearer realm="NEHR sandbox"`)
		s.write(w, r, answer{status: http.StatusUnauthorized, body: outcome("error", "login", "a bearer token is needed")})
		return
	}
	if !acceptsJSON(r) {
		s.write(w, r, answer{status: http.StatusNotAcceptable, body: outcome("error", "not-supported", "only application/fhir+json is offered")})
		return
	}
	a, err := s.route(w, r)
	if err != nil {
		f := asFault(err)
		a = answer{status: f.status, body: f.outcome()}
	}
	s.write(w, r, a)
}

// route finds the interaction that a request means (http.html#summary).
func (s *Server) route(w http.ResponseWriter, r *http.Request) (a answer, err error) {
	rest := strings.Trim(strings.TrimPrefix(r.URL.Path, s.config.Prefix), "/")
	parts := strings.Split(rest, "/")
	var body []byte
	if r.Method == http.MethodPost || r.Method == http.MethodPut {
		if body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, s.config.MaxBody)); err != nil {
			if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
				return a, refuse(http.StatusRequestEntityTooLarge, "too-long", "the request is larger than %d bytes", s.config.MaxBody)
			}
			return a, badRequest("the request could not be read to its end")
		}
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return a, badRequest("the query is not well encoded")
	}
	if rest == "" || strings.HasPrefix(rest, "$") {
		return s.system(r, rest, query, body)
	}
	if rest == "metadata" {
		return answer{status: http.StatusOK, body: s.capabilities(r)}, only(r, http.MethodGet)
	}
	typ := parts[0]
	if !resourceTypes[typ] {
		return a, refuse(http.StatusNotFound, "not-found", "unknown resource type %q", typ)
	}
	err = s.with(r, func(x *session) error {
		if len(parts) == 1 || parts[1] == "_search" || parts[1] == "_history" || strings.HasPrefix(parts[1], "$") {
			a, err = x.onType(r, typ, parts[1:], query, body)
		} else {
			a, err = x.onInstance(r, typ, parts[1], parts[2:], query, body)
		}
		return err
	})
	return a, err
}

// write sends an answer. Not JSON with white space: people look at resources
// through the demonstration's pages, programs through this.
func (s *Server) write(w http.ResponseWriter, r *http.Request, a answer) {
	h := w.Header()
	h.Set("X-Sandbox", Banner)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if a.of != nil {
		version := strconv.FormatInt(a.of.version, 10)
		h.Set("ETag", `W/"`+version+`"`)
		h.Set("Last-Modified", a.of.updated.UTC().Format(http.TimeFormat))
		place := fmt.Sprintf("%s/%s/%s/_history/%s", s.base(r), a.of.typ, a.of.id, version)
		h.Set("Content-Location", place)
		if a.location {
			h.Set("Location", place)
		}
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	h.Set("Content-Type", fhirType)
	w.WriteHeader(a.status)
	// The status is sent: a client that went away gets no second one.
	_, _ = w.Write(a.body.Encode())
}
