package changes

import (
	"context"
	"fmt"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

// DisappearanceError says that more entities than could be are missing from
// what DHIS2 shows. Nothing was concluded from it.
type DisappearanceError struct {
	Program               dhis2.UID
	Known, Shown, Missing int
}

func (e *DisappearanceError) Error() string {
	return fmt.Sprintf("dhis2/changes: program %s: %d of %d known tracked entities are not shown any more: check the rights of the user and whether this is the right server; nothing was withdrawn", e.Program, e.Missing, e.Known)
}

// Alarm is true: a person has to look.
func (e *DisappearanceError) Alarm() bool { return true }

// Reconciliation is what Reconcile has found.
type Reconciliation struct {
	Program dhis2.UID
	Shown   int // tracked entities that DHIS2 shows, deleted ones too
	New     int // of them were not on the ledger, and were marked
	Missing int // were on the ledger and are not shown: purged, or moved out of reach; marked
}

// fewMissing is how many may always be missing: a small program loses a large
// share with a few purges.
const fewMissing = 10

// Reconcile compares every tracked entity of a program with the ledger and
// marks what differs, which polling cannot see: rows that were purged, and
// changes that were lost. Whether a missing entity is gone is for the consumer
// to find out, by asking for it (twice). Too many of them at once are a
// *DisappearanceError, and none is marked.
func (p *Poller) Reconcile(ctx context.Context, program dhis2.UID) (r Reconciliation, err error) {
	r.Program = program
	if _, _, err := p.begin(ctx); err != nil {
		return r, err
	}
	shown := map[dhis2.UID]bool{}
	list := feeds(p.cfg.Source)[0]
	// Creation is a time that rows keep, so they keep their places too; two
	// passes see what a purge in between has drawn over the edge of a page.
	for range 2 {
		q := api.Query{Program: program, OrgUnitMode: api.Accessible, IncludeDeleted: true, PageSize: p.cfg.PageSize, Order: "createdAt:asc", Page: 1}
		before := len(shown)
		for more := true; more; q.Page++ {
			var rows []object
			if rows, more, err = list.page(ctx, q); err != nil {
				return r, err
			}
			for _, o := range rows {
				if o.uid.IsZero() {
					return r, &RowError{List: list.name, Missing: "identifier"}
				}
				shown[o.uid] = true
			}
		}
		if len(shown) == before {
			break
		}
	}
	r.Shown = len(shown)
	var missing []Change
	known := 0
	if err := p.cfg.Ledger.Known(ctx, program, func(u dhis2.UID) error {
		known++
		if !shown[u] {
			missing = append(missing, Change{TrackedEntity: u, Program: program, Force: true})
		}
		delete(shown, u)
		return nil
	}); err != nil {
		return r, err
	}
	r.New, r.Missing = len(shown), len(missing)
	if tooMany := max(fewMissing, int(p.cfg.MaxMissing*float64(known))); r.Missing > tooMany || (r.Shown == 0 && known > 0) {
		return r, &DisappearanceError{Program: program, Known: known, Shown: r.Shown, Missing: r.Missing}
	}
	if err := p.checkRights(ctx); err != nil {
		return r, err
	}
	for u := range shown {
		missing = append(missing, Change{TrackedEntity: u, Program: program})
	}
	return r, p.cfg.Ledger.MarkDirty(ctx, missing...)
}
