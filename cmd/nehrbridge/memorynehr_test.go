package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// memoryNEHR answers as a FHIR server does and does next to nothing: what it
// costs is the price of the protocol. The zero one forgets what it is told, so
// that every entity is new to it.
type memoryNEHR struct {
	mu    sync.Mutex
	byKey map[string]*fhirjson.Value // by Type/id and by Type|system|value; nil forgets
	wait  map[string]chan struct{}   // by the value of an identifier
}

// await gives a channel that is closed when a resource with an identifier of
// that value is written.
func (m *memoryNEHR) await(identifier string) <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := make(chan struct{})
	m.wait[identifier] = c
	return c
}

func newMemoryNEHR() *memoryNEHR {
	return &memoryNEHR{byKey: map[string]*fhirjson.Value{}, wait: map[string]chan struct{}{}}
}

func (m *memoryNEHR) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	w.Header().Set("Content-Type", "application/fhir+json")
	path := strings.Trim(strings.TrimPrefix(r.URL.Path, "/fhir"), "/")
	if typ, search := strings.CutSuffix(path, "/_search"); search {
		params, _ := url.ParseQuery(string(body))
		_, _ = w.Write(m.search(typ, params).Encode())
		return
	}
	bundle, err := fhirjson.Parse(body)
	if err != nil || path != "" {
		http.Error(w, "a Bundle at the base is all that is understood", http.StatusBadRequest)
		return
	}
	answers := fhirjson.List()
	for _, e := range bundle.Get("entry").Items() {
		target := e.Get("request", "url").Str()
		if e.Get("request", "method").Str() == "GET" {
			typ, query, _ := strings.Cut(target, "?")
			params, _ := url.ParseQuery(query)
			answers.Append(fhirjson.Fields(fhirjson.F("resource", m.search(typ, params)), fhirjson.F("response", fhirjson.Fields(fhirjson.F("status", fhirjson.Text("200 OK"))))))
			continue
		}
		status, place := m.store(e, bundle)
		answers.Append(fhirjson.Fields(fhirjson.F("response", fhirjson.Fields(
			fhirjson.F("status", fhirjson.Text(status)), fhirjson.F("location", fhirjson.Text(place))))))
	}
	_, _ = w.Write(fhirjson.Fields(
		fhirjson.F("resourceType", fhirjson.Text("Bundle")),
		fhirjson.F("type", fhirjson.Text(bundle.Get("type").Str()+"-response")),
		fhirjson.F("entry", answers),
	).Encode())
}

// rewritten names the resources that were written more than once.
func (m *memoryNEHR) rewritten() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var names []string
	for key, r := range m.byKey {
		if r.Get("meta", "versionId").Str() != "1" {
			names = append(names, key)
		}
	}
	return names
}

// search goes by _id and by identifier, the two that are asked for.
func (m *memoryNEHR) search(typ string, params url.Values) *fhirjson.Value {
	found := fhirjson.List()
	seen := map[*fhirjson.Value]bool{}
	for _, form := range [][2]string{{"_id", typ + "/"}, {"identifier", typ + "|"}} {
		for value := range strings.SplitSeq(params.Get(form[0]), ",") {
			if r := m.byKey[form[1]+value]; r != nil && !seen[r] {
				seen[r] = true
				found.Append(fhirjson.Fields(fhirjson.F("resource", r), fhirjson.F("search", fhirjson.Fields(fhirjson.F("mode", fhirjson.Text("match"))))))
			}
		}
	}
	return fhirjson.Fields(fhirjson.F("resourceType", fhirjson.Text("Bundle")), fhirjson.F("type", fhirjson.Text("searchset")), fhirjson.F("entry", found))
}

// store carries out one entry of a transaction.
func (m *memoryNEHR) store(entry, bundle *fhirjson.Value) (status, place string) {
	resource := entry.Get("resource").Clone()
	typ, id, known := strings.Cut(entry.Get("request", "url").Str(), "/")
	if !known {
		id = strings.TrimPrefix(entry.Get("fullUrl").Str(), "urn:uuid:")
	}
	key := typ + "/" + id
	version := 1
	if old := m.byKey[key]; old != nil {
		version, _ = strconv.Atoi(old.Get("meta", "versionId").Str())
		version++
	}
	if m.byKey != nil {
		resource.SetFirst(1, "id", fhirjson.Text(id))
		meta := resource.Get("meta").Clone()
		meta.Set("versionId", fhirjson.Text(strconv.Itoa(version)))
		resource.Set("meta", meta)
		resource.Strings(func(field, text string) string {
			for _, e := range bundle.Get("entry").Items() {
				if field == "reference" && text == e.Get("fullUrl").Str() {
					other, otherID, known := strings.Cut(e.Get("request", "url").Str(), "/")
					if !known {
						otherID = strings.TrimPrefix(text, "urn:uuid:")
					}
					return other + "/" + otherID
				}
			}
			return text
		})
		m.byKey[key] = resource
		for _, i := range resource.Get("identifier").Items() {
			m.byKey[typ+"|"+i.Get("system").Str()+"|"+i.Get("value").Str()] = resource
			if c := m.wait[i.Get("value").Str()]; c != nil {
				close(c)
				delete(m.wait, i.Get("value").Str())
			}
		}
	}
	if status = "200 OK"; version == 1 {
		status = "201 Created"
	}
	return status, fmt.Sprintf("%s/_history/%d", key, version)
}
