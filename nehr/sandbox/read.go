package sandbox

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"time"

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
