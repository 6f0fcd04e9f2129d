package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

const fhirType = "application/fhir+json"

var (
	typeForm = regexp.MustCompile(`^[A-Z][A-Za-z]{1,63}$`)
	idForm   = regexp.MustCompile(`^[A-Za-z0-9\-.]{1,64}$`)
)

// Read gives a resource as it stands. 404 and 410 are an [OutcomeError] with
// NotFound.
func (c *Client) Read(ctx context.Context, typ, id string) (*Answer, error) {
	path, err := instance(typ, id)
	if err != nil {
		return nil, err
	}
	return c.do(ctx, request{operation: "read " + typ, method: http.MethodGet, path: path})
}

// Found is the whole result of a search.
type Found struct {
	// Total is the server's count as it wrote it, empty when it gave none.
	Total string
	// Resources are the matches of all pages, without what was included beside.
	Resources []*fhirjson.Value
	// More tells that the server has pages that were not read.
	More bool
}

// maxPages bounds a search that a server would page for ever.
const maxPages = 1000

// Search finds resources by POST Type/_search and reads every page. It tells
// the server not to answer from memory: HAPI repeats the result of an equal
// search for a minute, and a look-up that misses what was just written would
// write it twice. That there is no such search is an [UnreachableError].
func (c *Client) Search(ctx context.Context, typ string, params url.Values) (*Found, error) {
	a, err := c.search(ctx, typ, params)
	if err != nil {
		return nil, err
	}
	found := &Found{}
	for range maxPages {
		next, err := found.add(typ, a)
		if err != nil {
			return nil, err
		}
		if next == "" {
			return found, nil
		}
		path, ok := strings.CutPrefix(next, c.base)
		if !ok {
			return nil, &UnreachableError{Operation: "search " + typ, Reason: "the next page lies outside the FHIR base"}
		}
		if a, err = c.do(ctx, request{operation: "next page of " + typ, method: http.MethodGet, path: path}); err != nil {
			return nil, unserved(err)
		}
	}
	return nil, &UnreachableError{Operation: "search " + typ, Reason: "the pages do not end"}
}

// SearchPage is Search that reads the first page only, for a caller who has use
// for a few: how many there are is the server's to say by _count, and no link that
// it gives is followed.
func (c *Client) SearchPage(ctx context.Context, typ string, params url.Values) (*Found, error) {
	a, err := c.search(ctx, typ, params)
	if err != nil {
		return nil, err
	}
	found := &Found{}
	next, err := found.add(typ, a)
	if err != nil {
		return nil, err
	}
	found.More = next != ""
	return found, nil
}

// search asks for the first page.
func (c *Client) search(ctx context.Context, typ string, params url.Values) (*Answer, error) {
	if !typeForm.MatchString(typ) {
		return nil, fmt.Errorf("search: %q is not a resource type", typ)
	}
	a, err := c.do(ctx, request{
		operation: "search " + typ,
		method:    http.MethodPost,
		path:      "/" + typ + "/_search",
		header:    map[string]string{"Cache-Control": "no-cache"},
		body:      []byte(params.Encode()),
		bodyType:  "application/x-www-form-urlencoded",
	})
	if err != nil {
		return nil, unserved(err)
	}
	return a, nil
}

// unserved types the refusal of a search as not there: it says nothing about
// what was searched for, but that the server is another, or not ready, or that
// it has forgotten the pages meanwhile (HAPI answers 410 then).
func unserved(err error) error {
	if e, ok := errors.AsType[*OutcomeError](err); ok && (e.NotFound() || e.Status == http.StatusMethodNotAllowed) {
		return &UnreachableError{Operation: e.Operation, Reason: fmt.Sprintf("status %d in answer to a search: not the FHIR base, or the pages have expired", e.Status)}
	}
	return err
}

// add takes the matches of one page and gives the link to the next.
func (f *Found) add(typ string, a *Answer) (next string, err error) {
	b := a.Resource
	if b.Get("resourceType").Str() != "Bundle" || b.Get("type").Str() != "searchset" {
		return "", &UnreachableError{Operation: "search " + typ, Reason: "the answer is not a searchset"}
	}
	if f.Total == "" {
		f.Total = b.Get("total").Scalar()
	}
	for _, e := range b.Get("entry").Items() {
		if mode := e.Get("search", "mode").Str(); mode != "" && mode != "match" {
			continue
		}
		if r := e.Get("resource"); r.Get("resourceType").Str() == typ {
			f.Resources = append(f.Resources, r)
		}
	}
	for _, l := range b.Get("link").Items() {
		if l.Get("relation").Str() == "next" {
			next = l.Get("url").Str()
		}
	}
	return next, nil
}

// Transaction posts a Bundle of type transaction or batch and gives the answer
// Bundle. Whether each entry was carried out is for the caller to verify.
func (c *Client) Transaction(ctx context.Context, bundle []byte) (*Answer, error) {
	a, err := c.do(ctx, request{operation: "transaction", method: http.MethodPost, body: bundle, bodyType: fhirType,
		header: map[string]string{"Cache-Control": "no-cache"}})
	if err == nil && a.Resource.Get("resourceType").Str() != "Bundle" {
		return nil, &UnreachableError{Operation: "transaction", sent: true, Reason: "the answer is not a Bundle"}
	}
	return a, err
}

// Create posts a resource. With ifNoneExist the server creates it only when
// nothing matches, and answers 200 with what does (http.html#ccreate).
func (c *Client) Create(ctx context.Context, typ string, resource []byte, ifNoneExist url.Values) (*Answer, error) {
	if !typeForm.MatchString(typ) {
		return nil, fmt.Errorf("create: %q is not a resource type", typ)
	}
	r := request{operation: "create " + typ, method: http.MethodPost, path: "/" + typ, body: resource, bodyType: fhirType}
	if ifNoneExist != nil {
		query, err := Condition(ifNoneExist)
		if err != nil {
			return nil, fmt.Errorf("create %s: %w", typ, err)
		}
		r.header = map[string]string{"If-None-Exist": query}
	}
	return c.do(ctx, r)
}

// Update puts a resource to an id. A version in ifMatch makes the server refuse
// (409 or 412) when another version stands.
func (c *Client) Update(ctx context.Context, typ, id string, resource []byte, ifMatch string) (*Answer, error) {
	path, err := instance(typ, id)
	if err != nil {
		return nil, err
	}
	r := request{operation: "update " + typ, method: http.MethodPut, path: path, body: resource, bodyType: fhirType}
	if ifMatch != "" {
		r.header = map[string]string{"If-Match": `W/"` + ifMatch + `"`}
	}
	return c.do(ctx, r)
}

// Delete deletes a resource; one that is not there is no error to most servers.
func (c *Client) Delete(ctx context.Context, typ, id string) (*Answer, error) {
	path, err := instance(typ, id)
	if err != nil {
		return nil, err
	}
	return c.do(ctx, request{operation: "delete " + typ, method: http.MethodDelete, path: path})
}

// Capabilities gives the server's CapabilityStatement.
func (c *Client) Capabilities(ctx context.Context) (*Answer, error) {
	a, err := c.do(ctx, request{operation: "capabilities", method: http.MethodGet, path: "/metadata"})
	if err == nil && a.Resource.Get("resourceType").Str() != "CapabilityStatement" {
		return nil, &UnreachableError{Operation: "capabilities", Reason: "the answer is not a CapabilityStatement: not the FHIR base"}
	}
	return a, err
}

func instance(typ, id string) (string, error) {
	if !typeForm.MatchString(typ) || !idForm.MatchString(id) {
		return "", fmt.Errorf("%q with an id of %d characters names no FHIR resource", typ, len(id))
	}
	return "/" + typ + "/" + id, nil
}
