package sandbox

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// result is what became of one interaction.
type result struct {
	status int
	after  *standing       // the resource as it stands now, nil where there is none
	body   *fhirjson.Value // what is answered instead of the resource
	note   string          // for people, in an OperationOutcome
}

// instant is the form of meta.lastUpdated: UTC with milliseconds.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

// put writes the resource under a type and id: a create when it does not stand,
// else an update. An update that says nothing new makes no version.
func (x *session) put(typ, id string, body *fhirjson.Value, ifMatch, method string) (*result, error) {
	before, err := x.load(typ, id)
	if err != nil {
		return nil, err
	}
	if ifMatch != "" {
		if before == nil {
			return nil, refuse(http.StatusNotFound, "not-found", "%s/%s is not known, so no version of it can match", typ, id)
		}
		if etagVersion(ifMatch) != strconv.FormatInt(before.version, 10) {
			return nil, refuse(http.StatusConflict, "conflict", "%s/%s has another version than If-Match names", typ, id)
		}
	}
	after := body.Clone()
	after.SetFirst(1, "id", fhirjson.Text(id))
	stands := before != nil && !before.deleted
	x.stamp(after, before)
	if stands && fhirjson.Equal(comparable(after), comparable(before.body)) {
		return &result{status: http.StatusOK, after: echo(before, body), note: "no changes were detected"}, nil
	}
	next := &standing{typ: typ, id: id, version: 1, updated: x.now, body: after}
	if before != nil {
		next.version = before.version + 1
	}
	meta := after.Get("meta")
	meta.SetFirst(0, "lastUpdated", fhirjson.Text(instant(next.updated)))
	meta.SetFirst(0, "versionId", fhirjson.Text(strconv.FormatInt(next.version, 10)))
	if err := x.save(next, method); err != nil {
		return nil, err
	}
	status := http.StatusOK
	if !stands {
		status = http.StatusCreated
	}
	return &result{status: status, after: next}, nil
}

// echo is what the answer to an update that says nothing new shows: what
// stands, with the source that was sent, as HAPI does. The source is not kept.
func echo(stands *standing, sent *fhirjson.Value) *standing {
	source := sent.Get("meta", "source")
	if source.Str() == "" {
		return stands
	}
	shown := *stands
	shown.body = stands.body.Clone()
	shown.body.Get("meta").Set("source", source)
	return &shown
}

// stamp gives a resource the meta that the server owns: its own source where
// none is named, and the tags and labels that stand already, which an update
// adds to and never takes away (as HAPI does; $meta-delete is not offered).
func (x *session) stamp(after *fhirjson.Value, before *standing) {
	meta := fhirjson.Fields()
	if m := after.Get("meta"); m.Kind() == fhirjson.Object {
		meta = m
	}
	meta.Delete("versionId")
	meta.Delete("lastUpdated")
	if meta.Get("source").Str() == "" {
		meta.SetFirst(0, "source", fhirjson.Text("#"+rand.Text()[:16]))
	}
	if before != nil && !before.deleted {
		for _, field := range []string{"security", "tag"} {
			all := before.body.Get("meta", field).Clone()
			for _, t := range meta.Get(field).Items() {
				if all == nil {
					all = fhirjson.List()
				}
				if !slices.ContainsFunc(all.Items(), func(o *fhirjson.Value) bool { return sameCoding(o, t) }) {
					all.Append(t)
				}
			}
			meta.Set(field, all)
		}
	}
	after.SetFirst(2, "meta", meta)
}

func sameCoding(a, b *fhirjson.Value) bool {
	return a.Get("system").Str() == b.Get("system").Str() && a.Get("code").Str() == b.Get("code").Str()
}

// comparable is a resource without what the server writes by itself.
func comparable(v *fhirjson.Value) *fhirjson.Value {
	c := v.Clone()
	meta := c.Get("meta")
	for _, field := range []string{"versionId", "lastUpdated", "source"} {
		meta.Delete(field)
	}
	if len(meta.Members()) == 0 {
		c.Delete("meta")
	}
	return c
}

// remove deletes a resource. What others refer to stays, unless they go too:
// the caller looks at that with stillReferred, after all deletions.
func (x *session) remove(typ, id string) (*result, error) {
	before, err := x.load(typ, id)
	if err != nil {
		return nil, err
	}
	if before == nil {
		return &result{status: http.StatusOK, note: "no such resource, so nothing was deleted"}, nil
	}
	if before.deleted {
		return &result{status: http.StatusOK, after: before, note: "the resource was deleted already"}, nil
	}
	next := &standing{typ: typ, id: id, version: before.version + 1, updated: x.now, deleted: true}
	if err := x.save(next, http.MethodDelete); err != nil {
		return nil, err
	}
	return &result{status: http.StatusOK, after: next, note: "deleted"}, nil
}

// etagVersion reads W/"3", "3" and 3.
func etagVersion(s string) string {
	return strings.Trim(strings.TrimPrefix(strings.TrimSpace(s), "W/"), `"`)
}
