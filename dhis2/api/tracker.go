package api

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// AllFields is the field filter for a whole tracked entity: everything with
// enrollments, events and relationships.
const AllFields = "*"

// TrackedEntity reads one tracked entity. program decides which attributes
// stand at the tracked entity (those of the type and of the program); the zero
// UID leaves them at the enrollments. fields is a field filter, "" for
// AllFields. A deleted one is an *Error that is NotFound, in every version.
func (c *Client) TrackedEntity(ctx context.Context, uid, program dhis2.UID, fields string) (*dhis2.TrackedEntity, error) {
	if uid.IsZero() {
		return nil, errors.New("dhis2/api: tracked entity without a UID")
	}
	path := "/api/tracker/trackedEntities/" + uid.String()
	query := url.Values{"fields": {fields}}
	if fields == "" {
		query.Set("fields", AllFields)
	}
	if !program.IsZero() {
		query.Set("program", program.String())
	}
	body, err := c.get(ctx, path, query)
	if err != nil {
		return nil, err
	}
	te, err := dhis2.DecodeTrackedEntity(body)
	if err != nil {
		return nil, malformed(path, err)
	}
	if te.TrackedEntity != uid {
		return nil, malformed(path, errors.New("the answer is another tracked entity"))
	}
	return te, nil
}

// Event reads one event by its UID, in whatever program it is. One that was
// deleted is an *Error that is NotFound.
func (c *Client) Event(ctx context.Context, uid dhis2.UID, fields string) (*dhis2.Event, error) {
	ev, err := single[dhis2.Event](ctx, c, events, uid, fields)
	if err == nil && (ev.Event != uid || ev.Deleted) {
		return nil, missing(events, uid, ev.Event == uid)
	}
	return ev, err
}

// Enrollment reads one enrollment by its UID, as Event does.
func (c *Client) Enrollment(ctx context.Context, uid dhis2.UID, fields string) (*dhis2.Enrollment, error) {
	en, err := single[dhis2.Enrollment](ctx, c, enrollments, uid, fields)
	if err == nil && (en.Enrollment != uid || en.Deleted) {
		return nil, missing(enrollments, uid, en.Enrollment == uid)
	}
	return en, err
}

func single[T any](ctx context.Context, c *Client, l list, uid dhis2.UID, fields string) (*T, error) {
	if uid.IsZero() {
		return nil, errors.New("dhis2/api: one of " + l.key() + " without a UID")
	}
	if fields == "" {
		fields = AllFields
	}
	return document[T](ctx, c, "/api/tracker/"+l.key()+"/"+uid.String(), url.Values{"fields": {fields}})
}

// missing is what an answer amounts to that shows a deleted object, or another.
func missing(l list, uid dhis2.UID, deleted bool) error {
	path := "/api/tracker/" + l.key() + "/" + uid.String()
	if deleted {
		return &Error{Status: http.StatusNotFound, Method: http.MethodGet, Path: path, Message: "it was deleted"}
	}
	return malformed(path, errors.New("the answer is another object"))
}

// TrackedEntities reads one page of GET /api/tracker/trackedEntities.
func (c *Client) TrackedEntities(ctx context.Context, q Query) (*dhis2.Page[dhis2.TrackedEntity], error) {
	return page[dhis2.TrackedEntity](ctx, c, trackedEntities, q)
}

// Enrollments reads one page of GET /api/tracker/enrollments.
func (c *Client) Enrollments(ctx context.Context, q Query) (*dhis2.Page[dhis2.Enrollment], error) {
	return page[dhis2.Enrollment](ctx, c, enrollments, q)
}

// Events reads one page of GET /api/tracker/events.
func (c *Client) Events(ctx context.Context, q Query) (*dhis2.Page[dhis2.Event], error) {
	return page[dhis2.Event](ctx, c, events, q)
}

// AllTrackedEntities reads page after page; the iteration ends with the first
// error. DHIS2 pages by OFFSET: a row that moves in the order while pages are
// read may hide another one, so order by what does not change, or ask again
// with an overlap.
func (c *Client) AllTrackedEntities(ctx context.Context, q Query) iter.Seq2[*dhis2.TrackedEntity, error] {
	return all[dhis2.TrackedEntity](ctx, c, trackedEntities, q)
}

// AllEnrollments reads page after page, as AllTrackedEntities does.
func (c *Client) AllEnrollments(ctx context.Context, q Query) iter.Seq2[*dhis2.Enrollment, error] {
	return all[dhis2.Enrollment](ctx, c, enrollments, q)
}

// AllEvents reads page after page, as AllTrackedEntities does.
func (c *Client) AllEvents(ctx context.Context, q Query) iter.Seq2[*dhis2.Event, error] {
	return all[dhis2.Event](ctx, c, events, q)
}

func (c *Client) fill(q Query) Query {
	if q.Page == 0 {
		q.Page = 1
	}
	if q.PageSize == 0 {
		q.PageSize = c.cfg.PageSize
	}
	if q.Fields == "" {
		q.Fields = AllFields
	}
	return q
}

func page[T any](ctx context.Context, c *Client, l list, q Query) (*dhis2.Page[T], error) {
	if err := q.validate(l); err != nil {
		return nil, fmt.Errorf("dhis2/api: query of %s: %w", l.key(), err)
	}
	version, err := c.Version(ctx)
	if err != nil {
		return nil, err
	}
	q = c.fill(q)
	path := "/api/tracker/" + l.key()
	body, err := c.get(ctx, path, q.values(l, version))
	if err != nil {
		if e, ok := errors.AsType[*Error](err); ok && e.Status == http.StatusBadRequest {
			c.setVersion(Version{})
		}
		return nil, err
	}
	p, err := dhis2.DecodePage[T](body, l.key())
	if err != nil {
		return nil, malformed(path, err)
	}
	// 2.43 answers 200 with an empty page of size 0 when the user reaches no
	// program: taken for an empty list it would look like mass deletion.
	if len(p.Items) == 0 && (p.PageSize == 0 || (q.Page == 1 && p.PageSize != q.PageSize)) {
		return nil, &Error{Status: http.StatusOK, Method: http.MethodGet, Path: path, kind: kindBlind,
			Message: "an empty list that is not a page of the size asked for: the user reaches no program, check its sharing"}
	}
	return p, nil
}

func all[T any](ctx context.Context, c *Client, l list, q Query) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		q := c.fill(q)
		if q.Order == "" {
			q.Order = "createdAt:asc"
		}
		for ; ; q.Page++ {
			p, err := page[T](ctx, c, l, q)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range p.Items {
				if !yield(&p.Items[i], nil) {
					return
				}
			}
			// A server that gave smaller pages than asked for ends with a page
			// that is short of its own size.
			size := q.PageSize
			if p.PageSize > 0 {
				size = min(size, p.PageSize)
			}
			if len(p.Items) == 0 || !p.HasNext(size) {
				return
			}
		}
	}
}
