package sandbox

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"mime"
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

// Handler serves the FHIR base under the configured prefix.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(s.config.Prefix+"/", s.serve)
	mux.HandleFunc(s.config.Prefix, s.serve)
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

// system answers requests to the base itself.
func (s *Server) system(r *http.Request, rest string, query url.Values, body []byte) (answer, error) {
	a := answer{status: http.StatusOK}
	switch {
	case rest == "" && r.Method == http.MethodPost:
		b, err := parseBody(r, body, "Bundle")
		if err != nil {
			return a, err
		}
		err = s.with(r, func(x *session) (err error) {
			a.body, err = x.bundle(b)
			return err
		})
		return a, err
	case rest == "" && query.Has("_getpages"):
		l, ok := s.pages.get(query.Get("_getpages"))
		if !ok {
			return a, refuse(http.StatusGone, "not-found", "this page is no longer kept, search again")
		}
		offset, _ := strconv.Atoi(query.Get("_getpagesoffset"))
		if n, err := strconv.Atoi(query.Get("_count")); err == nil {
			l.count = s.pageSize(n)
		}
		err := s.with(r, func(x *session) (err error) {
			a.body, err = x.page(l, offset, s.base(r)+"?"+r.URL.RawQuery)
			return err
		})
		return a, err
	case rest == "$validate":
		return s.validate(r, "", body)
	}
	return a, refuse(http.StatusBadRequest, "not-supported", "the base takes a POST of a batch or transaction, or /metadata")
}

// onType answers requests to Type, Type/_search, Type/_history and Type/$operation.
func (x *session) onType(r *http.Request, typ string, rest []string, query url.Values, body []byte) (a answer, err error) {
	a.status = http.StatusOK
	self := x.base + r.URL.RequestURI()[len(x.server.config.Prefix):]
	sub := strings.Join(rest, "/")
	switch {
	case sub == "_search" && r.Method == http.MethodPost:
		form, err := url.ParseQuery(string(body))
		if media(r) != "application/x-www-form-urlencoded" || err != nil {
			return a, badRequest("a search by POST must be form encoded")
		}
		for name, values := range form {
			query[name] = append(query[name], values...)
		}
		a.body, err = x.search(typ, query, x.base+"/"+typ+"/_search")
		return a, err
	case sub == "_history" && r.Method == http.MethodGet:
		a.body, err = x.history(typ, "", query, self)
		return a, err
	case sub == "$validate":
		return x.server.validate(r, typ, body)
	case sub != "" && sub != "_search":
		return a, unsupported(r)
	case r.Method == http.MethodGet:
		a.body, err = x.search(typ, query, self)
		return a, err
	case r.Method == http.MethodPost:
		return x.single(r, &step{method: http.MethodPost, typ: typ, ifNoneExist: strings.TrimPrefix(r.Header.Get("If-None-Exist"), "?")}, body)
	case r.Method == http.MethodPut && r.URL.RawQuery != "":
		return x.single(r, &step{method: http.MethodPut, typ: typ, query: r.URL.RawQuery}, body)
	case r.Method == http.MethodDelete && r.URL.RawQuery != "":
		return x.delete(&step{typ: typ, query: r.URL.RawQuery})
	}
	return a, unsupported(r)
}

// onInstance answers requests to Type/id and below.
func (x *session) onInstance(r *http.Request, typ, id string, rest []string, query url.Values, body []byte) (a answer, err error) {
	a.status = http.StatusOK
	self := x.base + r.URL.RequestURI()[len(x.server.config.Prefix):]
	if !idForm.MatchString(id) {
		return a, badRequest("what follows %s is not a valid FHIR id", typ)
	}
	switch {
	case len(rest) == 0 && r.Method == http.MethodGet:
		if a.of, err = x.read(typ, id); err != nil {
			return a, err
		}
		a.body = a.of.body
		if m := r.Header.Get("If-None-Match"); m != "" && etagVersion(m) == strconv.FormatInt(a.of.version, 10) {
			a.status, a.body = http.StatusNotModified, nil
		}
		return a, nil
	case len(rest) == 0 && r.Method == http.MethodPut:
		return x.single(r, &step{method: http.MethodPut, typ: typ, id: id, ifMatch: r.Header.Get("If-Match")}, body)
	case len(rest) == 0 && r.Method == http.MethodDelete:
		return x.delete(&step{typ: typ, id: id})
	case len(rest) == 1 && rest[0] == "_history" && r.Method == http.MethodGet:
		a.body, err = x.history(typ, id, query, self)
		return a, err
	case len(rest) == 2 && rest[0] == "_history" && r.Method == http.MethodGet:
		if a.of, err = x.vread(typ, id, rest[1]); err == nil {
			a.body = a.of.body
		}
		return a, err
	case len(rest) == 1 && rest[0] == "$everything" && typ == "Patient" && r.Method == http.MethodGet:
		a.body, err = x.everything(id, query, self)
		return a, err
	case len(rest) == 1 && rest[0] == "$validate":
		return x.server.validate(r, typ, body)
	}
	return a, unsupported(r)
}

// single carries out a single write as a transaction of one entry does.
func (x *session) single(r *http.Request, s *step, body []byte) (answer, error) {
	resource, err := parseBody(r, body, s.typ)
	if err != nil {
		return answer{}, err
	}
	if s.id != "" {
		if err := bodyID(resource, s.id); err != nil {
			return answer{}, err
		}
	}
	if err := x.server.check(resource); err != nil {
		return answer{}, err
	}
	s.resource = resource
	if err := x.transaction([]*step{s}); err != nil {
		return answer{}, err
	}
	a := answer{status: s.result.status, of: s.result.after, location: true, body: s.result.after.body}
	if strings.Contains(r.Header.Get("Prefer"), "return=minimal") {
		a.body = nil
	}
	return a, nil
}

func (x *session) delete(s *step) (answer, error) {
	s.method = http.MethodDelete
	if err := x.transaction([]*step{s}); err != nil {
		return answer{}, err
	}
	note := s.result.note
	if note == "" {
		note = "nothing matched, so nothing was deleted"
	}
	return answer{status: http.StatusOK, body: outcome("information", "informational", note)}, nil
}

// validate answers $validate; a resource that is wrong is still status 200,
// the issues say so (operation-resource-validate.html).
func (s *Server) validate(r *http.Request, typ string, body []byte) (answer, error) {
	if s.config.Validate == nil {
		return answer{}, refuse(http.StatusNotImplemented, "not-supported", "this sandbox runs without a validator")
	}
	if r.Method != http.MethodPost {
		return answer{}, unsupported(r)
	}
	resource, err := parseBody(r, body, "")
	if err != nil {
		return answer{}, err
	}
	if resource.Get("resourceType").Str() == "Parameters" {
		for _, p := range resource.Get("parameter").Items() {
			if p.Get("name").Str() == "resource" {
				resource = p.Get("resource")
			}
		}
	}
	if got := resource.Get("resourceType").Str(); typ != "" && got != typ {
		return answer{}, badRequest("the body is not a %s", typ)
	}
	if err := s.check(resource); err != nil {
		return answer{status: http.StatusOK, body: asFault(err).outcome()}, nil
	}
	return answer{status: http.StatusOK, body: outcome("information", "informational", "no issues detected")}, nil
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

// parseBody decodes a request's resource, strictly.
func parseBody(r *http.Request, body []byte, typ string) (*fhirjson.Value, error) {
	switch media(r) {
	case "application/fhir+json", "application/json", "text/json":
	default:
		return nil, refuse(http.StatusUnsupportedMediaType, "not-supported", "the body must be application/fhir+json")
	}
	v, err := fhirjson.Parse(body)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "structure", "%v", err)
	}
	got := v.Get("resourceType").Str()
	if got == "" {
		return nil, refuse(http.StatusBadRequest, "structure", "the body has no resourceType")
	}
	if typ != "" && got != typ {
		return nil, refuse(http.StatusBadRequest, "structure", "the body is not a %s", typ)
	}
	return v, nil
}

func media(r *http.Request) string {
	m, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return m
}

// acceptsJSON tells whether the caller can read what the sandbox writes.
func acceptsJSON(r *http.Request) bool {
	if f := r.URL.Query().Get("_format"); f != "" {
		return strings.Contains(f, "json")
	}
	accept := r.Header.Get("Accept")
	return accept == "" || strings.Contains(accept, "json") || strings.Contains(accept, "*/*") || strings.Contains(accept, "application/*")
}

func only(r *http.Request, method string) error {
	if r.Method != method {
		return unsupported(r)
	}
	return nil
}

func unsupported(r *http.Request) error {
	return refuse(http.StatusMethodNotAllowed, "not-supported", "%s is not supported here", r.Method)
}
