package contract

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

const proxyCure = "look for a proxy or cache that changes queries or answers; else report it with the release to this project"

// listExpectations ask how tracked entities, enrollments and events are read.
var listExpectations = []Expectation{
	{
		Name:  "pages hold each row once",
		For:   "the poll, backfill and the daily reconcile",
		Cure:  proxyCure,
		check: checkPages,
	},
	{
		Name: "a page is of the size that was asked for",
		For:  "dhis2/api, which tells the last page, and a list that is empty for want of rights, by it",
		Cure: "raise the system setting KeyTrackedEntityMaxLimit if it is below the page size",
		check: func(ctx context.Context, p *probe) error {
			page, err := p.cfg.Server.TrackedEntities(ctx, api.Query{Program: p.cfg.Program, PageSize: 3, Fields: "trackedEntity"})
			if err != nil {
				return err
			}
			if page.PageSize != 3 || len(page.Items) > 3 {
				return fmt.Errorf("asked for 3, got %d rows of a page of %d", len(page.Items), page.PageSize)
			}
			return nil
		},
	},
	{
		Name: "order=updatedAt:asc orders",
		For:  "the poll, which goes on at the last row it saw",
		Cure: proxyCure,
		check: func(ctx context.Context, p *probe) error {
			page, err := p.cfg.Server.TrackedEntities(ctx, api.Query{Program: p.cfg.Program, PageSize: 20, Order: "updatedAt:asc", Fields: "trackedEntity,updatedAt"})
			if err != nil {
				return err
			}
			if !slices.IsSortedFunc(page.Items, func(a, b dhis2.TrackedEntity) int { return compare(a.UpdatedAt, b.UpdatedAt) }) {
				return errors.New("the rows do not come by updatedAt")
			}
			return nil
		},
	},
	{
		Name:  "updatedAfter includes the very millisecond",
		For:   "the poll: rows that share a timestamp with the last one seen would be missed",
		Cure:  "raise dhis2.overlap to more than a second and tell this project the release",
		check: checkBound(func(q *api.Query, at time.Time) { q.UpdatedAfter = at }, true),
	},
	{
		Name: "updatedAfter leaves out what is older",
		For:  "the poll: without it every sweep reads the whole program",
		Cure: proxyCure,
		check: checkBound(func(q *api.Query, at time.Time) {
			q.UpdatedAfter = at.Add(time.Millisecond)
		}, false),
	},
	{
		Name:  "updatedBefore includes the very millisecond",
		For:   "backfill by window",
		Cure:  "make windows overlap by a second and tell this project the release",
		check: checkBound(func(q *api.Query, at time.Time) { q.UpdatedBefore = at }, true),
	},
	{
		Name: "updatedBefore leaves out what is newer",
		For:  "backfill by window",
		Cure: proxyCure,
		check: checkBound(func(q *api.Query, at time.Time) {
			q.UpdatedBefore = at.Add(-time.Millisecond)
		}, false),
	},
	{
		Name: "fields= leaves out what was not asked for",
		For:  "the poll, which wants no person's values",
		Cure: proxyCure,
		check: func(ctx context.Context, p *probe) error {
			rows, err := p.theRows(ctx)
			if err != nil {
				return err
			}
			for _, row := range rows {
				if len(row.Attributes) > 0 || len(row.Enrollments) > 0 {
					return fmt.Errorf("tracked entity %s: attributes or enrollments came unasked", row.TrackedEntity)
				}
			}
			return nil
		},
	},
	{
		Name: "timestamps are wall time without an offset",
		For:  "every instant in the national record",
		Cure: "tell this project the release: an offset is read, but no release is known to send one",
		check: func(ctx context.Context, p *probe) error {
			docs, err := p.theSample(ctx)
			if err != nil {
				return err
			}
			for _, te := range docs {
				for _, at := range []dhis2.Timestamp{te.CreatedAt, te.UpdatedAt} {
					if _, err := time.Parse("2006-01-02T15:04:05.000", string(at)); err != nil {
						return fmt.Errorf("tracked entity %s: a timestamp is not like 2006-01-02T15:04:05.000", te.TrackedEntity)
					}
				}
			}
			return nil
		},
	},
	{
		Name: "program= shows the program's attributes at the tracked entity",
		For:  "mapper: names and numbers of the Patient",
		Cure: "share the attributes with the user: since 2.43 values of others are left out without a word",
		check: func(ctx context.Context, p *probe) error {
			docs, err := p.theSample(ctx)
			if err != nil {
				return err
			}
			for _, te := range docs {
				if len(te.Attributes) == 0 {
					return fmt.Errorf("tracked entity %s: no attribute", te.TrackedEntity)
				}
			}
			return nil
		},
	},
	{
		Name: "fields=* shows enrollments with their events and values",
		For:  "mapper: every visit",
		Cure: "share the program and its stages with the user, data read",
		check: func(ctx context.Context, p *probe) error {
			docs, err := p.theSample(ctx)
			if err != nil {
				return err
			}
			events, values := 0, 0
			for _, te := range docs {
				if len(te.Enrollments) == 0 {
					return fmt.Errorf("tracked entity %s: no enrollment", te.TrackedEntity)
				}
				for _, en := range te.Enrollments {
					events += len(en.Events)
					for _, ev := range en.Events {
						values += len(ev.DataValues)
					}
				}
			}
			if events == 0 || values == 0 {
				return fmt.Errorf("%d tracked entities have %d events with %d values: record a visit first if that is true", len(docs), events, values)
			}
			return nil
		},
	},
	{
		Name: "a tracked entity that is not there is answered with 404",
		For:  "the agent, which takes 404 twice for a deletion and nothing else",
		Cure: proxyCure,
		check: func(ctx context.Context, p *probe) error {
			_, err := p.cfg.Server.TrackedEntity(ctx, dhis2.MustUID("NoSuchTEx01"), p.cfg.Program, "trackedEntity")
			return wantNotFound(err)
		},
	},
	{
		Name: "enrollments are listed with tracked entity and time",
		For:  "the poll: a change whose mark on the tracked entity was lost shows here only",
		Cure: "share the program with the user, data read",
		check: func(ctx context.Context, p *probe) error {
			page, err := p.cfg.Server.Enrollments(ctx, api.Query{Program: p.cfg.Program, PageSize: 5, Fields: "enrollment,trackedEntity,updatedAt"})
			if err != nil {
				return err
			}
			for _, en := range page.Items {
				if en.TrackedEntity.IsZero() || en.UpdatedAt == "" {
					return fmt.Errorf("enrollment %s: trackedEntity or updatedAt is missing", en.Enrollment)
				}
			}
			return someOf(len(page.Items), "enrollment")
		},
	},
	{
		Name: "events are listed with tracked entity and time",
		For:  "the poll: a change whose mark on the tracked entity was lost shows here only",
		Cure: "share the program and its stages with the user, data read",
		check: func(ctx context.Context, p *probe) error {
			page, err := p.cfg.Server.Events(ctx, api.Query{Program: p.cfg.Program, PageSize: 5, Fields: "event,trackedEntity,updatedAt"})
			if err != nil {
				return err
			}
			for _, ev := range page.Items {
				if ev.TrackedEntity.IsZero() || ev.UpdatedAt == "" {
					return fmt.Errorf("event %s: trackedEntity or updatedAt is missing", ev.Event)
				}
			}
			return someOf(len(page.Items), "event")
		},
	},
}

func compare(a, b dhis2.Timestamp) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func someOf(n int, what string) error {
	if n == 0 {
		return notAsked("the program has no " + what + " that the user sees")
	}
	return nil
}

func wantNotFound(err error) error {
	if err == nil {
		return errors.New("it was answered")
	}
	if e, ok := errors.AsType[*api.Error](err); ok && e.NotFound() {
		return nil
	}
	return err
}

// checkPages reads up to four small pages by what does not change.
func checkPages(ctx context.Context, p *probe) error {
	seen := map[dhis2.UID]bool{}
	for number := 1; number <= 4; number++ {
		page, err := p.cfg.Server.TrackedEntities(ctx, api.Query{Program: p.cfg.Program, Order: "createdAt:asc", Page: number,
			PageSize: 4, Fields: "trackedEntity"})
		if err != nil {
			return err
		}
		for _, te := range page.Items {
			if seen[te.TrackedEntity] {
				return fmt.Errorf("tracked entity %s came twice", te.TrackedEntity)
			}
			seen[te.TrackedEntity] = true
		}
		if !page.HasNext(4) {
			break
		}
	}
	return someOf(len(seen), "tracked entity")
}

// checkBound reads with a bound at the updatedAt of a row in the middle, and
// wants that very row to be there or not.
func checkBound(set func(*api.Query, time.Time), want bool) func(context.Context, *probe) error {
	return func(ctx context.Context, p *probe) error {
		rows, err := p.theRows(ctx)
		if err != nil {
			return err
		}
		row := rows[len(rows)/2]
		at, err := row.UpdatedAt.Parse(p.zone(ctx))
		if err != nil {
			return fmt.Errorf("tracked entity %s: updatedAt: %w", row.TrackedEntity, err)
		}
		q := api.Query{Program: p.cfg.Program, TrackedEntities: []dhis2.UID{row.TrackedEntity}, PageSize: 5, Fields: "trackedEntity,updatedAt"}
		set(&q, at.Time())
		page, err := p.cfg.Server.TrackedEntities(ctx, q)
		if err != nil {
			return err
		}
		if got := len(page.Items) == 1; got != want {
			return fmt.Errorf("tracked entity %s: %d rows", row.TrackedEntity, len(page.Items))
		}
		return nil
	}
}
