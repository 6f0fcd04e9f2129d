package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

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
