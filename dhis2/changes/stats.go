package changes

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Stats are the figures of a ledger at one moment.
type Stats struct {
	Known   int           // tracked entities
	Dirty   int           // with a change that was not carried out, those set aside among them
	Ready   int           // may be claimed
	Claimed int           // somebody works on them
	Waiting int           // back off until their time
	Aside   map[Class]int // set aside, by class
	Oldest  time.Time     // since when the longest waiting of those not set aside is dirty; zero for none
}

// Stats counts. Known reads the whole index, some 50 ms per million rows.
func (l *Ledger) Stats(ctx context.Context) (Stats, error) {
	var s Stats
	err := l.read(ctx, func(tx database.Tx, now int64) error {
		s = Stats{Aside: map[Class]int{}}
		var oldest int64
		if _, err := database.Row(tx, `SELECT
				COUNT(CASE WHEN due <= ?1 THEN 1 END),
				COUNT(CASE WHEN due > ?1 AND claim <> '' THEN 1 END),
				COUNT(CASE WHEN due > ?1 AND claim = '' THEN 1 END),
				COALESCE(MIN(marked_at), 0)
			FROM ledger_entity WHERE due IS NOT NULL`, []any{now}, &s.Ready, &s.Claimed, &s.Waiting, &oldest); err != nil {
			return err
		}
		s.Oldest = mark(oldest)
		s.Dirty = s.Ready + s.Claimed + s.Waiting
		if _, err := database.Row(tx, `SELECT COUNT(*) FROM ledger_entity`, nil, &s.Known); err != nil {
			return err
		}
		return tx.Each(`SELECT class, COUNT(*) FROM ledger_entity WHERE due IS NULL AND class <> '' GROUP BY class`, nil,
			func(scan func(...any) error) error {
				var class string
				var n int
				if err := scan(&class, &n); err != nil {
					return err
				}
				s.Aside[Class(class)] = n
				s.Dirty += n
				return nil
			})
	})
	return s, err
}

// scanUID reads a row whose first column is a UID.
func scanUID(scan func(...any) error, rest ...any) (dhis2.UID, error) {
	var text string
	if err := scan(append([]any{&text}, rest...)...); err != nil {
		return dhis2.UID{}, err
	}
	uid, err := dhis2.ParseUID(text)
	if err != nil {
		return uid, fmt.Errorf("dhis2/changes: a row of the ledger: %w", err)
	}
	return uid, nil
}

// sortRows orders arguments of a statement by a column of text.
func sortRows(rows [][]any, column int) {
	slices.SortFunc(rows, func(a, b []any) int { return cmp.Compare(a[column].(string), b[column].(string)) })
}
