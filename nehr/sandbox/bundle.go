package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// step is one entry of a batch or transaction.
type step struct {
	at                   int // place in the request
	method               string
	typ, id, query       string
	fullURL              string
	ifMatch, ifNoneExist string
	resource             *fhirjson.Value
	condition            string   // the query of a conditional write
	matched              []string // what it selected
	dropped              bool     // a second conditional write of one identity
	result               *result
	err                  error
}

// key names what a conditional write is about; two with one key are one.
func (s *step) key() string {
	switch {
	case s.method == http.MethodPost && s.ifNoneExist != "":
		return "POST " + s.typ + "?" + s.ifNoneExist
	case s.method == http.MethodPut && s.id == "":
		return "PUT " + s.typ + "?" + s.query
	}
	return ""
}

// bundle carries out a posted Bundle (http.html#transaction).
func (x *session) bundle(b *fhirjson.Value) (*fhirjson.Value, error) {
	kind := b.Get("type").Str()
	if kind != "batch" && kind != "transaction" {
		return nil, badRequest("a Bundle of type %q cannot be carried out, only batch and transaction", kind)
	}
	steps := make([]*step, 0, len(b.Get("entry").Items()))
	for i, e := range b.Get("entry").Items() {
		s, err := x.step(i, e)
		if err != nil && kind == "transaction" {
			return nil, err
		}
		s.err = err
		steps = append(steps, s)
	}
	if kind == "batch" {
		for _, s := range steps {
			if s.err == nil {
				s.err = x.alone(s)
			}
		}
	} else if err := x.transaction(steps); err != nil {
		return nil, err
	}
	entries := fhirjson.List()
	for _, s := range steps {
		if !s.dropped {
			entries.Append(x.entry(s))
		}
	}
	return fhirjson.Fields(
		fhirjson.F("resourceType", fhirjson.Text("Bundle")),
		fhirjson.F("type", fhirjson.Text(kind+"-response")),
		fhirjson.F("link", selfLink(x.base)),
		fhirjson.F("entry", entries),
	), nil
}

// step reads one entry of the request.
func (x *session) step(at int, e *fhirjson.Value) (*step, error) {
	s := &step{at: at}
	s.fullURL = e.Get("fullUrl").Str()
	r := e.Get("request")
	s.method = r.Get("method").Str()
	s.ifMatch, s.ifNoneExist = r.Get("ifMatch").Str(), strings.TrimPrefix(r.Get("ifNoneExist").Str(), "?")
	target := strings.TrimPrefix(strings.TrimPrefix(r.Get("url").Str(), x.base), "/")
	path, query, _ := strings.Cut(target, "?")
	s.query = query
	s.typ, s.id, _ = strings.Cut(path, "/")
	if !resourceTypes[s.typ] {
		return s, badRequest("entry %d: request.url names no resource type", at)
	}
	if s.id != "" && !idForm.MatchString(s.id) {
		return s, badRequest("entry %d: %q is not an id that an entry may name", at, s.id)
	}
	if _, q, ok := strings.Cut(s.ifNoneExist, "?"); ok { // Type?query, which servers accept as well
		s.ifNoneExist = q
	}
	switch s.method {
	case http.MethodPut, http.MethodPost:
		s.resource = e.Get("resource").Clone()
		if got := s.resource.Get("resourceType").Str(); got != s.typ {
			return s, badRequest("entry %d: the resource is not the %s that request.url names", at, s.typ)
		}
		if s.method == http.MethodPost && s.id != "" || s.method == http.MethodPut && s.id == "" && s.query == "" {
			return s, badRequest("entry %d: request.url does not fit the method", at)
		}
		if s.method == http.MethodPut && s.id != "" {
			if err := bodyID(s.resource, s.id); err != nil {
				return s, err
			}
		}
		if err := x.server.check(s.resource); err != nil {
			return s, err
		}
	case http.MethodDelete, http.MethodGet:
	default:
		return s, badRequest("entry %d: method %q is not supported", at, s.method)
	}
	return s, nil
}

// alone carries out one step of a batch: what fails undoes only itself.
func (x *session) alone(s *step) error {
	if s.method == http.MethodGet {
		return x.get(s)
	}
	name := "step" + strconv.Itoa(s.at)
	if _, err := x.tx.ExecContext(x.ctx, "SAVEPOINT "+name); err != nil {
		return err
	}
	err := x.transaction([]*step{s})
	end := "RELEASE " + name
	if err != nil {
		end = "ROLLBACK TO " + name + "; RELEASE " + name
	}
	if _, e := x.tx.ExecContext(x.ctx, end); e != nil {
		return fmt.Errorf("end a step of a batch: %w", e)
	}
	return err
}

// get answers a read or search inside a bundle.
func (x *session) get(s *step) error {
	if s.id != "" {
		now, err := x.read(s.typ, s.id)
		if err != nil {
			return err
		}
		s.result = &result{status: http.StatusOK, after: now, body: now.body}
		return nil
	}
	params, err := url.ParseQuery(s.query)
	if err != nil {
		return badRequest("entry %d: the query is not well encoded", s.at)
	}
	found, err := x.search(s.typ, params, x.base+"/"+s.typ+"?"+s.query)
	if err != nil {
		return err
	}
	s.result = &result{status: http.StatusOK, body: found}
	return nil
}

// entry writes what became of a step.
func (x *session) entry(s *step) *fhirjson.Value {
	if s.err != nil {
		f := asFault(s.err)
		return fhirjson.Fields(fhirjson.F("response", fhirjson.Fields(
			fhirjson.F("status", fhirjson.Text(statusLine(f.status))),
			fhirjson.F("outcome", f.outcome()),
		)))
	}
	r := s.result
	response := fhirjson.Fields(fhirjson.F("status", fhirjson.Text(statusLine(r.status))))
	if r.after != nil {
		version := strconv.FormatInt(r.after.version, 10)
		response.Set("location", fhirjson.Text(r.after.typ+"/"+r.after.id+"/_history/"+version))
		response.Set("etag", fhirjson.Text(`W/"`+version+`"`))
		response.Set("lastModified", fhirjson.Text(instant(r.after.updated)))
	}
	if r.note != "" {
		response.Set("outcome", outcome("information", "informational", r.note))
	}
	return fhirjson.Fields(fhirjson.F("resource", r.body), fhirjson.F("response", response))
}

func statusLine(status int) string { return strconv.Itoa(status) + " " + http.StatusText(status) }
