package changes

import (
	"context"
	"fmt"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

// Source is what is asked; *api.Client is one.
type Source interface {
	SystemInfo(ctx context.Context) (*dhis2.SystemInfo, error)
	Me(ctx context.Context) (*api.Me, error)
	TrackedEntities(ctx context.Context, q api.Query) (*dhis2.Page[dhis2.TrackedEntity], error)
	Enrollments(ctx context.Context, q api.Query) (*dhis2.Page[dhis2.Enrollment], error)
	Events(ctx context.Context, q api.Query) (*dhis2.Page[dhis2.Event], error)
}

// object is a row of one of the three lists: enough to know that something
// changed, and whose it is.
type object struct {
	uid     dhis2.UID // of the row itself
	entity  dhis2.UID // of the tracked entity
	stamp   dhis2.Timestamp
	deleted bool
}

// feed is one of the lists. Of each row only identifiers and the time of its
// change are asked for, never a value.
type feed struct {
	name string
	page func(ctx context.Context, q api.Query) (rows []object, more bool, err error)
}

func feeds(s Source) []feed {
	return []feed{
		{"trackedEntities", func(ctx context.Context, q api.Query) ([]object, bool, error) {
			q.Fields = "trackedEntity,updatedAt,deleted"
			p, err := s.TrackedEntities(ctx, q)
			return rows(p, err, q, func(te *dhis2.TrackedEntity) object {
				return object{te.TrackedEntity, te.TrackedEntity, te.UpdatedAt, te.Deleted}
			})
		}},
		{"enrollments", func(ctx context.Context, q api.Query) ([]object, bool, error) {
			q.Fields = "enrollment,trackedEntity,updatedAt,deleted"
			p, err := s.Enrollments(ctx, q)
			return rows(p, err, q, func(en *dhis2.Enrollment) object {
				return object{en.Enrollment, en.TrackedEntity, en.UpdatedAt, en.Deleted}
			})
		}},
		{"events", func(ctx context.Context, q api.Query) ([]object, bool, error) {
			q.Fields = "event,trackedEntity,updatedAt,deleted"
			p, err := s.Events(ctx, q)
			return rows(p, err, q, func(ev *dhis2.Event) object {
				return object{ev.Event, ev.TrackedEntity, ev.UpdatedAt, ev.Deleted}
			})
		}},
	}
}

func rows[T any](p *dhis2.Page[T], err error, q api.Query, of func(*T) object) ([]object, bool, error) {
	if err != nil {
		return nil, false, err
	}
	out := make([]object, len(p.Items))
	for i := range p.Items {
		out[i] = of(&p.Items[i])
	}
	size := q.PageSize
	if p.PageSize > 0 {
		size = min(size, p.PageSize) // a server that gives less than was asked for
	}
	return out, len(out) > 0 && p.HasNext(size), nil
}

// RowError says that a list holds a row without what a sweep stands on.
// Nothing was concluded from the list.
type RowError struct{ List, Missing string }

func (e *RowError) Error() string {
	return fmt.Sprintf("dhis2/changes: a row of %s has no usable %s: the answer is not what was asked for", e.List, e.Missing)
}

// Retryable is true: the next answer may be whole.
func (e *RowError) Retryable() bool { return true }

// runPasses bounds how often a run of rows with one and the same timestamp is
// read again because rows left it meanwhile.
const runPasses = 5

// walk reads a list from a time on, in the order of change, and calls see for
// each page. DHIS2 pages by OFFSET, and a row that changes moves to the end
// and draws the rest up by one, over the edge of a page. So the next page is
// not asked for by number but by the time of the last row; the bound is
// inclusive, and rows that are seen twice do no harm. Only a run of rows with
// one timestamp that is longer than a page is paged by number, and again until
// a pass shows nothing new.
//
// It ends at what changed after until: that belongs to the next sweep, and a
// busy server would never let this one end.
func walk(ctx context.Context, f feed, q api.Query, zone *time.Location, until time.Time, see func([]object) error) error {
	q.Order = "updatedAt:asc"
	q.Page = 1
	var inRun map[dhis2.UID]bool // rows of the present run, when it is longer than a page
	fresh, pass := false, 1
	for {
		list, more, err := f.page(ctx, q)
		if err != nil {
			return err
		}
		var last time.Time
		for _, o := range list {
			at, err := o.stamp.Parse(zone)
			switch {
			case err != nil:
				return &RowError{List: f.name, Missing: "updatedAt"}
			case o.uid.IsZero() || o.entity.IsZero():
				return &RowError{List: f.name, Missing: "identifier"}
			}
			last = at.Time()
			if inRun != nil && !inRun[o.uid] && !last.After(q.UpdatedAfter) {
				inRun[o.uid], fresh = true, true
			}
		}
		if err := see(list); err != nil {
			return err
		}
		inOneRun := len(list) > 0 && !last.After(q.UpdatedAfter)
		switch {
		case more && inOneRun:
			if inRun == nil {
				inRun = make(map[dhis2.UID]bool, 2*len(list))
				for _, o := range list {
					inRun[o.uid] = true
				}
				fresh = true
			}
			q.Page++
			continue
		case inRun != nil && fresh && pass < runPasses:
			// The run is over. Did it hold still?
			fresh = false
			pass++
			q.Page = 1
			continue
		case inRun != nil && fresh:
			return fmt.Errorf("dhis2/changes: %s: rows with one timestamp kept moving while they were read", f.name)
		case !more || last.After(until):
			return nil
		}
		inRun, fresh, pass = nil, false, 1
		q.UpdatedAfter, q.Page = last, 1
	}
}
