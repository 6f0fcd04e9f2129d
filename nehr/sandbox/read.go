package sandbox

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// read gives a resource that stands; 410 says that it was deleted.
func (x *session) read(typ, id string) (*standing, error) {
	now, err := x.load(typ, id)
	switch {
	case err != nil:
		return nil, err
	case now == nil:
		return nil, refuse(http.StatusNotFound, "not-found", "resource %s/%s is not known", typ, id)
	case now.deleted:
		return nil, refuse(http.StatusGone, "deleted", "resource %s/%s was deleted", typ, id)
	}
	return now, nil
}

// vread gives one version of a resource.
func (x *session) vread(typ, id, version string) (*standing, error) {
	s := &standing{typ: typ, id: id}
	var updated int64
	var body []byte
	err := x.tx.QueryRowContext(x.ctx, "SELECT version, updated, body FROM version WHERE type=? AND id=? AND version=?", typ, id, version).
		Scan(&s.version, &updated, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, refuse(http.StatusNotFound, "not-found", "version %s of %s/%s is not known", version, typ, id)
	}
	if err != nil {
		return nil, fmt.Errorf("read a version of %s/%s: %w", typ, id, err)
	}
	if body == nil {
		return nil, refuse(http.StatusGone, "deleted", "version %s of %s/%s is its deletion", version, typ, id)
	}
	s.updated = time.UnixMilli(updated).UTC()
	s.body, err = fhirjson.Parse(body)
	return s, err
}

// search answers a search with its first page.
func (x *session) search(typ string, params url.Values, self string) (*fhirjson.Value, error) {
	q, err := parseQuery(typ, params)
	if err != nil {
		return nil, err
	}
	ids, err := x.find(q)
	if err != nil {
		return nil, err
	}
	if q.summary {
		return x.envelope("searchset", len(ids), self), nil
	}
	l := list{total: q.total, count: x.server.pageSize(q.count)}
	for _, id := range ids {
		l.keys = append(l.keys, [2]string{typ, id})
	}
	return x.page(l, 0, self)
}

// list is a search result from which pages are cut. The pages of one search
// see the same ids in the same order, whatever is written in between.
type list struct {
	token string
	keys  [][2]string // type and id
	total bool
	count int
}

// page makes one page, and remembers the list when there are more. The link to
// the next page holds a random token and nothing of what was searched for.
func (x *session) page(l list, from int, self string) (*fhirjson.Value, error) {
	from = min(max(from, 0), len(l.keys))
	to := min(from+l.count, len(l.keys))
	total := -1
	if l.total {
		total = len(l.keys)
	}
	b := x.envelope("searchset", total, self)
	if l.token == "" && to < len(l.keys) {
		l.token = uuid.NewString()
		x.server.pages.put(l)
	}
	if to < len(l.keys) {
		b.Get("link").Append(link("next", x.pageURL(l, to)))
	}
	if from > 0 {
		b.Get("link").Append(link("previous", x.pageURL(l, max(0, from-l.count))))
	}
	entries := fhirjson.List()
	for _, k := range l.keys[from:to] {
		now, err := x.load(k[0], k[1])
		if err != nil {
			return nil, err
		}
		if now == nil || now.deleted { // gone since the search
			continue
		}
		entries.Append(fhirjson.Fields(
			fhirjson.F("fullUrl", fhirjson.Text(x.base+"/"+k[0]+"/"+k[1])),
			fhirjson.F("resource", now.body),
			fhirjson.F("search", fhirjson.Fields(fhirjson.F("mode", fhirjson.Text("match")))),
		))
	}
	if len(entries.Items()) > 0 {
		b.Set("entry", entries)
	}
	return b, nil
}

func (x *session) pageURL(l list, from int) string {
	return fmt.Sprintf("%s?_getpages=%s&_getpagesoffset=%d&_count=%d&_bundletype=searchset", x.base, l.token, from, l.count)
}

// history gives the versions of one resource (id set) or of a type, newest first.
func (x *session) history(typ, id string, params url.Values, self string) (*fhirjson.Value, error) {
	where, args := "type=?", []any{typ}
	if id != "" {
		where, args = "type=? AND id=?", []any{typ, id}
	}
	count := 1000
	for name, values := range params {
		value := values[len(values)-1]
		switch name {
		case "_count":
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 {
				return nil, badRequest("_count must be a positive number")
			}
			count = min(n, count)
		case "_since":
			from, _, ok := interval(value)
			if !ok {
				return nil, badRequest("_since must be an instant")
			}
			where, args = where+" AND updated >= ?", append(args, from)
		default:
			if !controls[name] {
				return nil, badRequest("parameter %q of history is not supported", name)
			}
		}
	}
	var total int
	if err := x.tx.QueryRowContext(x.ctx, "SELECT count(*) FROM version WHERE "+where, args...).Scan(&total); err != nil {
		return nil, err
	}
	if total == 0 && id != "" {
		if _, err := x.read(typ, id); err != nil {
			if f := asFault(err); f.status == http.StatusNotFound {
				return nil, f
			}
		}
	}
	rows, err := x.tx.QueryContext(x.ctx, "SELECT id, version, updated, method, body FROM version WHERE "+where+" ORDER BY seq DESC LIMIT ?", append(args, count)...)
	if err != nil {
		return nil, fmt.Errorf("read the history of %s: %w", typ, err)
	}
	defer rows.Close()
	b := x.envelope("history", total, self)
	entries := fhirjson.List()
	for rows.Next() {
		var rowID, method string
		var version, updated int64
		var body []byte
		if err := rows.Scan(&rowID, &version, &updated, &method, &body); err != nil {
			return nil, err
		}
		e, err := x.version(typ, rowID, method, version, time.UnixMilli(updated), body)
		if err != nil {
			return nil, err
		}
		entries.Append(e)
	}
	if len(entries.Items()) > 0 {
		b.Set("entry", entries)
	}
	return b, rows.Err()
}

// version is one entry of a history.
func (x *session) version(typ, id, method string, version int64, updated time.Time, body []byte) (*fhirjson.Value, error) {
	var resource *fhirjson.Value
	if body != nil {
		var err error
		if resource, err = fhirjson.Parse(body); err != nil {
			return nil, err
		}
	}
	target, status := typ+"/"+id, http.StatusOK
	switch {
	case method == http.MethodPost:
		target, status = typ, http.StatusCreated
	case method == http.MethodDelete:
		status = http.StatusNoContent
	case version == 1:
		status = http.StatusCreated
	}
	return fhirjson.Fields(
		fhirjson.F("fullUrl", fhirjson.Text(x.base+"/"+typ+"/"+id)),
		fhirjson.F("resource", resource),
		fhirjson.F("request", fhirjson.Fields(fhirjson.F("method", fhirjson.Text(method)), fhirjson.F("url", fhirjson.Text(target)))),
		fhirjson.F("response", fhirjson.Fields(
			fhirjson.F("status", fhirjson.Text(statusLine(status))),
			fhirjson.F("etag", fhirjson.Text(`W/"`+strconv.FormatInt(version, 10)+`"`)),
			fhirjson.F("lastModified", fhirjson.Text(instant(updated))),
		)),
	), nil
}

// everything gives a patient, what refers to her, and what that refers to in
// turn, except other patients (operation-patient-everything.html).
func (x *session) everything(id string, params url.Values, self string) (*fhirjson.Value, error) {
	count := -1
	for name := range params {
		if name != "_count" && !controls[name] {
			return nil, badRequest("parameter %q of $everything is not supported", name)
		}
	}
	if c := params.Get("_count"); c != "" {
		n, err := strconv.Atoi(c)
		if err != nil || n < 1 {
			return nil, badRequest("_count must be a positive number")
		}
		count = n
	}
	if _, err := x.read("Patient", id); err != nil {
		return nil, err
	}
	keys := [][2]string{{"Patient", id}}
	hers, err := x.pairs("SELECT DISTINCT r.type, r.id FROM reference f JOIN resource r ON r.type=f.type AND r.id=f.id WHERE f.target_type='Patient' AND f.target_id=? AND r.type <> 'Patient' ORDER BY r.seq", id)
	if err != nil {
		return nil, err
	}
	keys = append(keys, hers...)
	for i := 0; i < len(keys); i++ {
		next, err := x.pairs("SELECT DISTINCT f.target_type, f.target_id FROM reference f WHERE f.type=? AND f.id=? AND f.target_type <> 'Patient'", keys[i][0], keys[i][1])
		if err != nil {
			return nil, err
		}
		for _, n := range next {
			if !slices.Contains(keys, n) {
				keys = append(keys, n)
			}
		}
	}
	if count < 0 { // all at once, as HAPI does unless asked to page
		count = len(keys)
	}
	return x.page(list{keys: keys, total: true, count: x.server.pageSize(count)}, 0, self)
}

func (x *session) pairs(sql string, args ...any) ([][2]string, error) {
	rows, err := x.tx.QueryContext(x.ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found [][2]string
	for rows.Next() {
		var p [2]string
		if err := rows.Scan(&p[0], &p[1]); err != nil {
			return nil, err
		}
		found = append(found, p)
	}
	return found, rows.Err()
}

// envelope is a Bundle without entries; total -1 leaves the total out.
func (x *session) envelope(kind string, total int, self string) *fhirjson.Value {
	b := fhirjson.Fields(
		fhirjson.F("resourceType", fhirjson.Text("Bundle")),
		fhirjson.F("id", fhirjson.Text(uuid.NewString())),
		fhirjson.F("meta", fhirjson.Fields(fhirjson.F("lastUpdated", fhirjson.Text(instant(x.now))))),
		fhirjson.F("type", fhirjson.Text(kind)),
	)
	if total >= 0 {
		b.Set("total", fhirjson.Literal(strconv.Itoa(total)))
	}
	b.Set("link", selfLink(self))
	return b
}

func link(relation, url string) *fhirjson.Value {
	return fhirjson.Fields(fhirjson.F("relation", fhirjson.Text(relation)), fhirjson.F("url", fhirjson.Text(url)))
}

func selfLink(url string) *fhirjson.Value { return fhirjson.List(link("self", url)) }

// newID is the id under which a write without one will stand: the one that its
// condition matched, that of the body of a conditional update, or a new one.
func newID(s *step, matched []string) string {
	if len(matched) == 1 {
		return matched[0]
	}
	if id := s.resource.Get("id").Str(); s.method == http.MethodPut && idForm.MatchString(id) {
		return id
	}
	return uuid.NewString()
}

// bodyID demands that a body which is put to an id names that id.
func bodyID(body *fhirjson.Value, id string) error {
	switch body.Get("id").Str() {
	case id:
		return nil
	case "":
		return badRequest("cannot update: the body has no id, the URL has one")
	}
	return badRequest("cannot update: the body's id is not that of the URL")
}
