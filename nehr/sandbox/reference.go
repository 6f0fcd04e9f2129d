package sandbox

import (
	"net/http"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

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

// stillReferred refuses a deletion that would leave a reference to nothing.
func (x *session) stillReferred(typ, id string) error {
	rows, err := x.tx.QueryContext(x.ctx, "SELECT type, id FROM reference WHERE target_type=? AND target_id=? AND NOT (type=? AND id=?) LIMIT 1", typ, id, typ, id)
	if err != nil {
		return err
	}
	defer rows.Close()
	if rows.Next() {
		var fromType, fromID string
		if err := rows.Scan(&fromType, &fromID); err != nil {
			return err
		}
		return refuse(http.StatusConflict, "conflict", "cannot delete %s/%s: %s/%s refers to it", typ, id, fromType, fromID)
	}
	return rows.Err()
}

// dangling refuses a reference to a resource that does not stand here.
func (x *session) dangling(s *standing) error {
	if s == nil || s.body == nil {
		return nil
	}
	for _, to := range localTargets(s.typ, s.body) {
		if !resourceTypes[to[0]] {
			return badRequest("%s/%s refers to %s/%s: no such resource type", s.typ, s.id, to[0], to[1])
		}
		ok, err := x.exists(to[0], to[1])
		if err != nil {
			return err
		}
		if !ok {
			return badRequest("resource %s/%s not found, which %s/%s refers to", to[0], to[1], s.typ, s.id)
		}
	}
	return nil
}

// relativise cuts this server's own base from references to its resources.
func (x *session) relativise(body *fhirjson.Value) {
	body.Strings(func(field, s string) string {
		if field != "reference" {
			return s
		}
		if rest, ok := strings.CutPrefix(s, x.base+"/"); ok && localReference.MatchString(rest) {
			return rest
		}
		return s
	})
}
