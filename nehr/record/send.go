package record

import (
	"net/url"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// request is one entry of the transaction, and what the answer said of it.
type request struct {
	*item
	method      string
	url         string
	ifMatch     string
	ifNoneExist string

	created    bool
	gotVersion string
}

// requests chooses how each changed item is written.
func (w *Writer) requests(items []*item) []*request {
	var all []*request
	for _, t := range items {
		if t.next == nil {
			continue
		}
		r := &request{item: t, method: "PUT", url: t.Type + "/" + t.id}
		merged := !t.Owned || t.fate != write || t.Type == "Task" || t.Type == "Appointment"
		switch {
		case t.stands == nil && !t.Owned:
			r.method, r.url, r.ifNoneExist = "POST", t.Type, t.condition()
		case t.Owned && w.mode == Conditional && (t.stands == nil || !merged):
			r.url = t.Type + "?" + t.condition()
			t.next.Delete("id")
		case t.stands == nil:
			t.next.SetFirst(1, "id", fhirjson.Text(t.id))
		case merged:
			r.ifMatch = `W/"` + t.version() + `"`
		}
		strip(t.next)
		all = append(all, r)
	}
	return all
}

// condition is the query by which a server finds the resource, percent-encoded.
// The identifier was checked to have a value.
func (t *item) condition() string {
	q := url.Values{"identifier": {client.Token(t.Identifier.System, t.Identifier.Value)}}
	return strings.ReplaceAll(q.Encode(), "+", "%20")
}

// encode writes the transaction. A reference to a resource that is in it is by
// fullUrl, so that it can be judged without the server; others are by Type/id.
func encode(envelope []byte, requests []*request, of int) ([]byte, error) {
	bundle := fhirjson.Fields(fhirjson.F("resourceType", fhirjson.Text("Bundle")))
	if len(envelope) > 0 {
		e, err := fhirjson.Parse(envelope)
		if err != nil {
			return nil, &EntryError{Index: -1, Type: "Bundle", Reason: err.Error()}
		}
		if meta := e.Get("meta").Clone(); meta.Kind() == fhirjson.Object {
			if len(requests) != of {
				meta.Delete("profile")
			}
			if len(meta.Members()) > 0 {
				bundle.Set("meta", meta)
			}
		}
		bundle.Set("identifier", e.Get("identifier"))
		bundle.Set("type", fhirjson.Text("transaction"))
		bundle.Set("timestamp", e.Get("timestamp"))
	}
	bundle.Set("type", fhirjson.Text("transaction"))
	inside := map[string]string{}
	for _, r := range requests {
		if r.id != "" {
			inside[r.Type+"/"+r.id] = r.FullURL
		}
	}
	entries := fhirjson.List()
	for _, r := range requests {
		replaceReferences(r.next, inside)
		how := fhirjson.Fields(
			fhirjson.F("method", fhirjson.Text(r.method)),
			fhirjson.F("url", fhirjson.Text(r.url)),
		)
		if r.ifMatch != "" {
			how.Set("ifMatch", fhirjson.Text(r.ifMatch))
		}
		if r.ifNoneExist != "" {
			how.Set("ifNoneExist", fhirjson.Text(r.ifNoneExist))
		}
		entries.Append(fhirjson.Fields(
			fhirjson.F("fullUrl", fhirjson.Text(r.FullURL)),
			fhirjson.F("resource", r.next),
			fhirjson.F("request", how),
		))
	}
	bundle.Set("entry", entries)
	return bundle.Encode(), nil
}
