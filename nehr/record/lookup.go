package record

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// perQuery bounds the alternatives of one search: 50 ids are 2 KB.
const perQuery = 50

// query is one search and the items it is for.
type query struct {
	typ    string
	params url.Values
	items  []*item
	found  []*fhirjson.Value
}

// lookUp finds what stands of each item. People's identifiers travel by
// POST _search; everything else is read in one batch, because one round trip
// for ten searches costs HAPI half and this program a tenth of ten.
func (w *Writer) lookUp(ctx context.Context, items []*item) error {
	all := w.queries(items)
	var together []*query
	for _, q := range all {
		if q.typ != "Patient" && q.typ != "Practitioner" {
			together = append(together, q)
		} else if err := w.search(ctx, q); err != nil {
			return err
		}
	}
	if err := w.batch(ctx, together); err != nil {
		return err
	}
	for _, q := range all {
		if err := q.settle(); err != nil {
			return err
		}
	}
	return nil
}

// queries groups the items by type and by how they are found.
func (w *Writer) queries(items []*item) []*query {
	var all []*query
	open := map[string]*query{}
	for _, t := range items {
		if t.trusted || t.fate == keep && t.id != "" { // nothing is done with it, whatever stands
			continue
		}
		param, value := "identifier", client.Token(t.Identifier.System, t.Identifier.Value)
		if t.id != "" {
			param, value = "_id", t.id
		}
		for _, also := range t.aliases() {
			value += "," + client.Token(also.System, also.Value)
		}
		q := open[t.Type+param]
		if q == nil || len(q.items) >= perQuery {
			q = &query{typ: t.Type, params: url.Values{param: {value}}}
			open[t.Type+param] = q
			all = append(all, q)
		} else {
			q.params[param][0] += "," + value
		}
		q.items = append(q.items, t)
	}
	for _, q := range all {
		// Room for more than one match of each: that there are two must be seen.
		q.params.Set("_count", strconv.Itoa(4*len(q.items)))
	}
	return all
}

func (w *Writer) search(ctx context.Context, q *query) error {
	found, err := w.server.Search(ctx, q.typ, q.params)
	if err != nil {
		return err
	}
	q.found = found.Resources
	return nil
}

// batch runs searches in one request. It holds no resource, so there is nothing
// to validate in it. What a server answers otherwise than by one whole searchset
// is asked again alone, which pages and gives a typed error.
func (w *Writer) batch(ctx context.Context, queries []*query) error {
	var answers []*fhirjson.Value
	if len(queries) > 1 {
		entries := fhirjson.List()
		for _, q := range queries {
			target := q.typ + "?" + strings.ReplaceAll(q.params.Encode(), "+", "%20")
			entries.Append(fhirjson.Fields(fhirjson.F("request", fhirjson.Fields(
				fhirjson.F("method", fhirjson.Text("GET")),
				fhirjson.F("url", fhirjson.Text(target)),
			))))
		}
		answer, err := w.server.Transaction(ctx, fhirjson.Fields(
			fhirjson.F("resourceType", fhirjson.Text("Bundle")),
			fhirjson.F("type", fhirjson.Text("batch")),
			fhirjson.F("entry", entries),
		).Encode())
		if err != nil {
			return err
		}
		if answers = answer.Resource.Get("entry").Items(); len(answers) != len(queries) {
			answers = nil
		}
	}
	for i, q := range queries {
		if answers != nil && q.take(answers[i]) {
			continue
		}
		if err := w.search(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// take reads one entry of a batch's answer, and reports whether it was a whole
// searchset of the type that was asked for.
func (q *query) take(entry *fhirjson.Value) bool {
	set := entry.Get("resource")
	if !strings.HasPrefix(entry.Get("response", "status").Str(), "200") || set.Get("type").Str() != "searchset" {
		return false
	}
	for _, l := range set.Get("link").Items() {
		if l.Get("relation").Str() == "next" {
			return false
		}
	}
	q.found = []*fhirjson.Value{}
	for _, e := range set.Get("entry").Items() {
		if r := e.Get("resource"); r.Get("resourceType").Str() == q.typ {
			q.found = append(q.found, r)
		} else if e.Get("search", "mode").Str() == "match" {
			return false
		}
	}
	return true
}

// settle gives each item what was found for it, by content: a server that
// ignores a condition finds others, and they must not be taken for it.
func (q *query) settle() error {
	for _, t := range q.items {
		matches := q.matches(t.is)
		if len(matches) == 0 && len(t.aliases()) > 0 {
			matches = q.matches(t.wasAlias)
		}
		if len(matches) > 1 {
			review := &ReviewError{Type: t.Type, Reason: "more than one record has its identifier"}
			for _, m := range matches {
				review.IDs = append(review.IDs, m.Get("id").Str())
			}
			return review
		}
		if len(matches) == 1 {
			t.stands, t.id = matches[0], matches[0].Get("id").Str()
		}
	}
	return nil
}

// matches are the resources found for which is holds, each once.
func (q *query) matches(is func(*fhirjson.Value) bool) []*fhirjson.Value {
	var found []*fhirjson.Value
	seen := map[string]bool{}
	for _, r := range q.found {
		if id := r.Get("id").Str(); id != "" && !seen[id] && is(r) {
			seen[id] = true
			found = append(found, r)
		}
	}
	return found
}

// is tells whether a resource is the item's: by id where that is known, else by
// its identifier.
func (t *item) is(r *fhirjson.Value) bool {
	if t.id != "" {
		return r.Get("id").Str() == t.id
	}
	return holds(r, t.Identifier)
}

// aliases are identifiers of our own by which a place or a device may have been
// written before it had the one that it is found by now: a facility that gets
// its national number later is still the same. A person is never taken for
// another by them: with her number, her facts move.
func (t *item) aliases() []Identifier {
	switch t.Type {
	case "Organization", "Location", "Device":
	default:
		return nil
	}
	if t.Owned {
		return nil
	}
	var found []Identifier
	for _, i := range t.ours.Get("identifier").Items() {
		also := Identifier{i.Get("system").Str(), value(i)}
		if strings.HasPrefix(also.System, "urn:dhis2:") && !blank(also.Value) && also != t.Identifier {
			found = append(found, also)
		}
	}
	return found
}

// wasAlias tells whether a resource is the item's under an alias. One that has
// another number in the system of ours is another place.
func (t *item) wasAlias(r *fhirjson.Value) bool {
	for _, i := range r.Get("identifier").Items() {
		if i.Get("system").Str() == t.Identifier.System && value(i) != "" {
			return false
		}
	}
	return slices.ContainsFunc(t.aliases(), func(also Identifier) bool { return holds(r, also) })
}
