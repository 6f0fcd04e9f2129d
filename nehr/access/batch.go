package access

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// pageSize is what a search of a record asks for at once: a server that gives
// less is asked for its further pages. Tests make it smaller.
var pageSize = 1000

// query is one read or search of a batch.
type query struct {
	typ, id string
	params  url.Values
	found   []*fhirjson.Value
}

func (q *query) target() string {
	if q.id != "" {
		return q.typ + "/" + q.id
	}
	return q.typ + "?" + strings.ReplaceAll(q.params.Encode(), "+", "%20")
}

// hersOf searches what of a type is the patient's.
func hersOf(typ, patient string, more ...string) *query {
	params := url.Values{"patient": {patient}, "_count": {strconv.Itoa(pageSize)}}
	for i := 0; i+1 < len(more); i += 2 {
		params.Set(more[i], more[i+1])
	}
	return &query{typ: typ, params: params}
}

// batch asks everything in one request, so that what is read and what decides on
// it are of one moment. What a server answers in pages is asked again alone.
func (g *Gate) batch(ctx context.Context, queries ...*query) (body []byte, err error) {
	if len(queries) == 0 {
		return nil, nil
	}
	entries := fhirjson.List()
	for _, q := range queries {
		entries.Append(fhirjson.Fields(fhirjson.F("request", fhirjson.Fields(
			fhirjson.F("method", fhirjson.Text("GET")), fhirjson.F("url", fhirjson.Text(q.target()))))))
	}
	answer, err := g.c.NEHR.Transaction(ctx, fhirjson.Fields(
		fhirjson.F("resourceType", fhirjson.Text("Bundle")),
		fhirjson.F("type", fhirjson.Text("batch")),
		fhirjson.F("entry", entries),
	).Encode())
	if err != nil {
		return nil, err
	}
	if err := g.take(answer.Resource, queries); err != nil {
		return nil, err
	}
	for _, q := range queries {
		if q.found != nil {
			g.localize(q.found)
			continue
		}
		all, err := g.c.NEHR.Search(ctx, q.typ, q.params)
		if err != nil {
			return nil, err
		}
		q.found = append([]*fhirjson.Value{}, all.Resources...)
		g.localize(q.found)
		answer.Body = nil // is not the whole answer any more
	}
	return answer.Body, nil
}

// localize writes references by an address of the NEHR as Type/id: whoever decides
// by them compares one form.
func (g *Gate) localize(resources []*fhirjson.Value) {
	base := g.c.NEHR.Base() + "/"
	for _, r := range resources {
		r.Strings(func(field, text string) string {
			if field == "reference" {
				return strings.TrimPrefix(text, base)
			}
			return text
		})
	}
}

// take divides a batch's answer among the queries. It leaves found nil where the
// server has further pages. What could not be answered is an error: a search that
// failed is no empty record.
func (g *Gate) take(answer *fhirjson.Value, queries []*query) error {
	items := answer.Get("entry").Items()
	if len(items) != len(queries) {
		return &client.UnreachableError{Operation: "batch", Reason: fmt.Sprintf("%d answers to %d questions", len(items), len(queries))}
	}
	for i, q := range queries {
		code, _, _ := strings.Cut(items[i].Get("response", "status").Str(), " ")
		status, _ := strconv.Atoi(code)
		r := items[i].Get("resource")
		switch {
		case q.id != "" && (status == 404 || status == 410):
			q.found = []*fhirjson.Value{}
		case status != 200:
			return &client.OutcomeError{Operation: "batch " + q.typ, Status: status}
		case q.id != "":
			if r.Get("resourceType").Str() != q.typ || r.Get("id").Str() != q.id {
				return &client.UnreachableError{Operation: "read " + q.typ, Reason: "the answer is another resource"}
			}
			q.found = []*fhirjson.Value{r}
		default:
			if err := q.matches(r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (q *query) matches(set *fhirjson.Value) error {
	if set.Get("resourceType").Str() != "Bundle" || set.Get("type").Str() != "searchset" {
		return &client.UnreachableError{Operation: "search " + q.typ, Reason: "the answer is not a searchset"}
	}
	for _, l := range set.Get("link").Items() {
		if l.Get("relation").Str() == "next" {
			return nil
		}
	}
	q.found = []*fhirjson.Value{}
	for _, e := range set.Get("entry").Items() {
		if mode := e.Get("search", "mode").Str(); mode != "" && mode != "match" {
			continue
		}
		if r := e.Get("resource"); r.Get("resourceType").Str() == q.typ {
			q.found = append(q.found, r)
		}
	}
	return nil
}
