package sandbox

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

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
