package sandbox

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// dataEntry is a value of /api/dataStore.
type dataEntry struct {
	id               dhis2.UID
	value            jsontext.Value
	created, updated dhis2.Timestamp
	by               dhis2.User
}

// protected are namespaces of DHIS2's own apps, and the authority that writes
// them.
var protected = map[string]string{"capture": "F_CAPTURE_DATASTORE_UPDATE"}

func noNamespace(ns string) *problem {
	return &problem{status: http.StatusNotFound, message: "Namespace not found: '" + ns + "'"}
}

func noKey(ns, key string) *problem {
	return &problem{status: http.StatusNotFound, message: "Key '" + key + "' not found in namespace '" + ns + "'"}
}

func stored(status int, message string) reply {
	return reply{status: status, body: map[string]any{"httpStatus": http.StatusText(status), "httpStatusCode": status, "status": "OK", "message": message}}
}

func (s *Server) dataNamespaces(*User, *http.Request) (any, *problem) {
	return append([]string{}, slices.Sorted(maps.Keys(s.data))...), nil
}

// dataKeys lists the keys of a namespace, or with fields= its entries.
func (s *Server) dataKeys(_ *User, r *http.Request) (any, *problem) {
	ns := r.PathValue("namespace")
	entries, ok := s.data[ns]
	if !ok {
		return nil, noNamespace(ns)
	}
	keys := slices.Sorted(maps.Keys(entries))
	q := r.URL.Query()
	if !q.Has("fields") || strings.HasSuffix(r.URL.Path, "/keys") {
		return keys, nil
	}
	page, size, p := s.pageOf(q)
	if p != nil {
		return nil, p
	}
	docs := []any{}
	for _, key := range slice(keys, page, size) {
		doc := map[string]any{"key": key}
		var members map[string]jsontext.Value
		object := json.Unmarshal(entries[key].value, &members) == nil
		for field := range strings.SplitSeq(q.Get("fields"), ",") {
			switch {
			case field == "" || field == ".":
				doc["value"] = entries[key].value
			case object && members[field] != nil:
				doc[field] = members[field]
			default:
				doc[field] = nil
			}
		}
		docs = append(docs, doc)
	}
	return map[string]any{"pager": map[string]any{"page": page, "pageSize": size}, "entries": docs}, nil
}

func (s *Server) dataEntryOf(r *http.Request) (*dataEntry, *problem) {
	ns, key := r.PathValue("namespace"), r.PathValue("key")
	if e := s.data[ns][key]; e != nil {
		return e, nil
	}
	return nil, noKey(ns, key)
}

func (s *Server) dataValue(_ *User, r *http.Request) (any, *problem) {
	e, p := s.dataEntryOf(r)
	if p != nil {
		return nil, p
	}
	return e.value, nil
}

func (s *Server) dataMetadata(_ *User, r *http.Request) (any, *problem) {
	e, p := s.dataEntryOf(r)
	if p != nil {
		return nil, p
	}
	return map[string]any{"id": e.id.String(), "namespace": r.PathValue("namespace"), "key": r.PathValue("key"),
		"created": string(e.created), "lastUpdated": string(e.updated), "lastUpdatedBy": asMap(e.by)}, nil
}

// putData writes a value. POST refuses a key that exists, PUT replaces it; the
// last writer wins.
func (s *Server) putData(u *User, r *http.Request) (any, *problem) {
	ns, key := r.PathValue("namespace"), r.PathValue("key")
	if p := mayWrite(u, ns); p != nil {
		return nil, p
	}
	if q := r.URL.Query(); q.Has("path") || q.Has("roll") {
		return nil, bad("the sandbox writes whole values only")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, dhis2.MaxDocument+1))
	if err != nil || len(body) > dhis2.MaxDocument {
		return nil, bad("the body could not be read")
	}
	value := jsontext.Value(body)
	if !value.IsValid() {
		return nil, bad("Invalid JSON value")
	}
	now := s.stamp()
	old := s.data[ns][key]
	switch {
	case old != nil && r.Method == http.MethodPost:
		return nil, conflict("", "Key '"+key+"' already exists in namespace '"+ns+"'")
	case old != nil:
		old.value, old.updated, old.by = value, now, u.snapshot()
		return stored(http.StatusOK, "Key updated: '"+key+"'"), nil
	}
	if s.data[ns] == nil {
		s.data[ns] = map[string]*dataEntry{}
	}
	s.data[ns][key] = &dataEntry{id: s.newUID(), value: value, created: now, updated: now, by: u.snapshot()}
	return stored(http.StatusCreated, "Key created: '"+key+"'"), nil
}

func (s *Server) deleteData(u *User, r *http.Request) (any, *problem) {
	ns, key := r.PathValue("namespace"), r.PathValue("key")
	if p := mayWrite(u, ns); p != nil {
		return nil, p
	}
	if key == "" {
		if s.data[ns] == nil {
			return nil, noNamespace(ns)
		}
		delete(s.data, ns)
		return stored(http.StatusOK, "Namespace deleted: '"+ns+"'"), nil
	}
	if _, p := s.dataEntryOf(r); p != nil {
		return nil, p
	}
	delete(s.data[ns], key)
	if len(s.data[ns]) == 0 {
		delete(s.data, ns) // a namespace is no more than its keys
	}
	return stored(http.StatusOK, "Key '"+key+"' deleted from namespace '"+ns+"'"), nil
}

func mayWrite(u *User, ns string) *problem {
	if authority := protected[ns]; authority != "" && !u.has(authority) {
		return forbidden("Namespace '" + ns + "' is protected, access denied")
	}
	return nil
}
