package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
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
	matched              []string // what a condition selected
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

// transaction carries out all steps or none, in the order of the specification:
// deletions, creations, updates, reads; references to entries and conditional
// references become references to what stands afterwards.
func (x *session) transaction(steps []*step) error {
	if err := unambiguous(steps); err != nil {
		return err
	}
	by := func(method string) []*step {
		return slices.DeleteFunc(slices.Clone(steps), func(s *step) bool { return s.method != method || s.dropped })
	}
	var gone []*result
	for _, s := range by(http.MethodDelete) {
		results, err := x.deleteStep(s)
		if err != nil {
			return err
		}
		gone = append(gone, results...)
	}
	places, err := x.places(steps)
	if err != nil {
		return err
	}
	writes := append(by(http.MethodPost), by(http.MethodPut)...)
	for _, s := range writes {
		x.relativise(s.resource)
		if err := x.rewrite(s.resource, places); err != nil {
			return err
		}
	}
	for _, s := range writes {
		if s.method == http.MethodPost && len(s.matched) == 1 {
			after, err := x.load(s.typ, s.id)
			if err != nil {
				return err
			}
			s.result = &result{status: http.StatusOK, after: after, note: "an existing resource matched, nothing was done"}
			continue
		}
		ifMatch := s.ifMatch
		if s.query != "" || s.method == http.MethodPost {
			ifMatch = ""
		}
		if s.result, err = x.put(s.typ, s.id, s.resource, ifMatch, s.method); err != nil {
			return err
		}
	}
	for _, s := range writes {
		if err := x.dangling(s.result.after); err != nil {
			return err
		}
	}
	for _, r := range gone {
		// What was deleted and then written again in this transaction stands.
		if now, err := x.load(r.after.typ, r.after.id); err != nil || !now.deleted {
			if err != nil {
				return err
			}
			continue
		}
		if err := x.stillReferred(r.after.typ, r.after.id); err != nil {
			return err
		}
	}
	for _, s := range by(http.MethodGet) {
		s.err = x.get(s)
	}
	return nil
}

// unambiguous refuses two entries with one fullUrl, and marks the second of two
// conditional writes of one identity, which HAPI drops without a word, provided
// that both have a fullUrl.
func unambiguous(steps []*step) error {
	urls, keys := map[string]bool{}, map[string]*step{}
	for _, s := range steps {
		if s.fullURL != "" && s.resource != nil {
			if urls[s.fullURL] {
				return badRequest("entry %d: another entry has the same fullUrl", s.at)
			}
			urls[s.fullURL] = true
		}
		if k := s.key(); k != "" {
			first := keys[k]
			if first != nil && (first.fullURL == "" || s.fullURL == "") {
				return badRequest("entry %d: another entry without a fullUrl has the same condition", s.at)
			}
			if s.dropped = first != nil; !s.dropped {
				keys[k] = s
			}
		}
	}
	return nil
}

// places decides under which id each write will stand, and gives the map from
// fullUrl and from conditional URL to Type/id.
func (x *session) places(steps []*step) (map[string]string, error) {
	places, keys := map[string]string{}, map[string]string{}
	for _, s := range steps {
		if s.resource == nil {
			continue
		}
		k := s.key()
		switch {
		case k != "" && s.dropped:
			s.id = keys[k]
		case k != "":
			query := s.query + s.ifNoneExist
			ids, err := x.match(s.typ, query)
			if err != nil {
				return nil, err
			}
			if len(ids) > 1 {
				return nil, multiple(s.typ, len(ids))
			}
			s.matched = ids
			s.id = newID(s, ids)
			keys[k] = s.id
			places[s.typ+"?"+query] = s.typ + "/" + s.id
		case s.id == "":
			s.id = newID(s, nil)
		}
		if s.fullURL != "" {
			places[s.fullURL] = s.typ + "/" + s.id
		}
	}
	return places, nil
}

// rewrite replaces references by fullUrl and by condition.
func (x *session) rewrite(body *fhirjson.Value, places map[string]string) error {
	var failed error
	body.Strings(func(field, s string) string {
		if !isLink(field) || failed != nil {
			return s
		}
		if to, ok := places[s]; ok {
			return to
		}
		if field != "reference" {
			return s
		}
		if strings.HasPrefix(s, "urn:uuid:") || strings.HasPrefix(s, "urn:oid:") {
			failed = badRequest("a reference in a %s names an entry that is not in the Bundle", body.Get("resourceType").Str())
			return s
		}
		if strings.Contains(s, "://") {
			failed = badRequest("a reference in a %s leads to another server", body.Get("resourceType").Str())
			return s
		}
		to, err := x.conditional(s)
		if err != nil {
			failed = err
		}
		return to
	})
	return failed
}

// conditional resolves a reference of the form Type?query; others it gives back.
func (x *session) conditional(s string) (string, error) {
	typ, query, ok := strings.Cut(s, "?")
	if !ok || !resourceTypes[typ] {
		return s, nil
	}
	ids, err := x.match(typ, query)
	switch {
	case err != nil:
		return s, err
	case len(ids) == 0:
		return s, refuse(http.StatusNotFound, "not-found", "a conditional reference to a %s matches nothing", typ)
	case len(ids) > 1:
		return s, multiple(typ, len(ids))
	}
	return typ + "/" + ids[0], nil
}

// isLink tells fields whose text is a link: those may name an entry's fullUrl
// (http.html#trules speaks of Reference, and of uri, url, oid, uuid).
func isLink(field string) bool {
	switch field {
	case "reference", "uri", "url", "valueUri", "valueUrl", "valueUuid", "valueOid":
		return true
	}
	return false
}

func (x *session) deleteStep(s *step) ([]*result, error) {
	ids := []string{s.id}
	if s.id == "" {
		var err error
		if ids, err = x.match(s.typ, s.query); err != nil {
			return nil, err
		}
		if len(ids) > 1 {
			return nil, multiple(s.typ, len(ids))
		}
	}
	s.result = &result{status: http.StatusNoContent}
	var gone []*result
	for _, id := range ids {
		r, err := x.remove(s.typ, id)
		if err != nil {
			return nil, err
		}
		r.status = http.StatusNoContent
		s.result = r
		if r.after != nil {
			gone = append(gone, r)
		}
	}
	return gone, nil
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
