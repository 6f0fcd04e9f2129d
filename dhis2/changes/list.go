package changes

import (
	"context"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

// Selection is a part of the tracked entities of a program.
type Selection struct {
	Program  dhis2.UID
	OrgUnits []dhis2.UID // with all below them; none is all that the user reaches

	// From and To bound when DHIS2 changed the tracked entity last (updatedAt),
	// inclusive; zero is open.
	From, To time.Time
}

func (s Selection) query() api.Query {
	q := api.Query{Program: s.Program, OrgUnitMode: api.Accessible, IncludeDeleted: true, UpdatedAfter: s.From, UpdatedBefore: s.To}
	if len(s.OrgUnits) > 0 {
		q.OrgUnits, q.OrgUnitMode = s.OrgUnits, api.Descendants
	}
	return q
}

// Count asks how many tracked entities a selection has, deleted ones too; a
// server that does not say so gives 0.
func (p *Poller) Count(ctx context.Context, s Selection) (int, error) {
	q := s.query()
	q.Page, q.PageSize, q.Totals, q.Fields = 1, 1, true, "trackedEntity"
	page, err := p.cfg.Source.TrackedEntities(ctx, q)
	if err != nil {
		return 0, err
	}
	return page.Total, nil
}

// List calls see for each page of a selection, in the order of change: with the
// tracked entities that the page before had not, and the time up to which all
// were seen then. Begun once more after that time it goes on; zero is the
// beginning. A row that changes meanwhile moves to the end and is seen again,
// and so none is lost however long it takes. The errors are those of Sweep,
// and of see.
func (p *Poller) List(ctx context.Context, s Selection, after time.Time, see func(uids []dhis2.UID, upTo time.Time) error) error {
	_, zone, err := p.begin(ctx)
	if err != nil {
		return err
	}
	q := s.query()
	q.PageSize = p.cfg.PageSize
	if after.After(q.UpdatedAfter) {
		q.UpdatedAfter = after
	}
	forever := time.Unix(1<<40, 0)
	var before map[seenKey]bool
	err = walk(ctx, feeds(p.cfg.Source)[0], q, zone, forever, func(rows []object) error {
		var fresh []dhis2.UID
		var upTo time.Time
		now := make(map[seenKey]bool, len(rows))
		for _, o := range rows {
			// The page begins where the last one ended, on the same row.
			key := seenKey{string(o.stamp), o.uid}
			if now[key] = true; !before[key] {
				fresh = append(fresh, o.uid)
			}
			at, err := o.stamp.Parse(zone)
			if err != nil {
				return &RowError{List: "trackedEntities", Missing: "updatedAt"}
			}
			upTo = at.Time()
		}
		before = now
		if len(fresh) == 0 {
			return nil
		}
		return see(fresh, upTo)
	})
	if err != nil {
		return err
	}
	// Nothing may be concluded from what a user saw who lost rights meanwhile.
	return p.checkRights(ctx)
}
