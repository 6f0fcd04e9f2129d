package client

import (
	"context"
	"net/http"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// History gives the versions of one resource, as the server orders them: newest
// first (http.html#history). A deletion has no resource, and is left out. What was
// never there is an [OutcomeError] with NotFound.
func (c *Client) History(ctx context.Context, typ, id string) ([]*fhirjson.Value, error) {
	path, err := instance(typ, id)
	if err != nil {
		return nil, err
	}
	path += "/_history"
	operation := "history of " + typ
	var versions []*fhirjson.Value
	for range maxPages {
		a, err := c.do(ctx, request{operation: operation, method: http.MethodGet, path: path, header: map[string]string{"Cache-Control": "no-cache"}})
		if err != nil {
			return nil, err
		}
		b := a.Resource
		if b.Get("resourceType").Str() != "Bundle" || b.Get("type").Str() != "history" {
			return nil, &UnreachableError{Operation: operation, Reason: "the answer is not a history"}
		}
		next := ""
		for _, e := range b.Get("entry").Items() {
			if r := e.Get("resource"); r.Get("resourceType").Str() == typ && r.Get("id").Str() == id {
				versions = append(versions, r)
			}
		}
		for _, l := range b.Get("link").Items() {
			if l.Get("relation").Str() == "next" {
				next = l.Get("url").Str()
			}
		}
		if next == "" {
			return versions, nil
		}
		var ok bool
		if path, ok = strings.CutPrefix(next, c.base); !ok {
			return nil, &UnreachableError{Operation: operation, Reason: "the next page lies outside the FHIR base"}
		}
	}
	return nil, &UnreachableError{Operation: operation, Reason: "the pages do not end"}
}
