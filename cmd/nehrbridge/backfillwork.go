package main

import (
	"context"
	"errors"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

// pinBackfill is where the ledger keeps how far a backfill is.
const pinBackfill = "backfill"

// backfillAt is how far a backfill is.
type backfillAt struct {
	Selection string    `json:"selection"`
	Force     bool      `json:"force"`
	Part      int       `json:"part"`   // those before are listed
	After     time.Time `json:"after"`  // of Part, everything that changed before is listed
	Listed    int       `json:"listed"` // tracked entities, put on the ledger's list; the last one of an interrupted run counts twice
	Total     int       `json:"total"`  // as counted in the beginning
	Finished  bool      `json:"finished"`
}

// backfill puts tracked entities on the ledger's list, page by page, as fast as
// they are carried on.
type backfill struct {
	*agent
	poller *changes.Poller
	parts  []changes.Selection
	force  bool
	at     backfillAt

	worked chan struct{} // something was carried on
	show   func(p progress, last bool)
	first  int       // carried on before this run
	began  time.Time // of this run
}

// begin takes up a backfill that was interrupted, or counts a new one.
func (b *backfill) begin(ctx context.Context, sel selection, restart bool) error {
	b.began = time.Now()
	text, found, err := b.ledger.Pinned(ctx, pinBackfill)
	if err != nil {
		return err
	}
	// What cannot be read is begun anew, which costs time only.
	if found && !restart && json.Unmarshal([]byte(text), &b.at) == nil && !b.at.Finished &&
		b.at.Selection == sel.String() && b.at.Force == b.force && b.at.Part < len(b.parts) {
		b.first = b.at.Listed
		return nil
	}
	b.at = backfillAt{Selection: sel.String(), Force: b.force}
	for _, part := range b.parts {
		n, err := b.poller.Count(ctx, part)
		if err != nil {
			return err
		}
		b.at.Total += n
	}
	return b.save(ctx)
}

func (b *backfill) save(ctx context.Context) error {
	text, err := json.Marshal(b.at)
	if err != nil {
		return err
	}
	return b.ledger.Pin(ctx, pinBackfill, string(text), true)
}

func (b *backfill) finish(ctx context.Context) error {
	b.at.Finished = true
	return b.save(ctx)
}

// list marks every tracked entity of the selection. How far it is, is kept
// after the marks: interrupted in between, a page is marked twice.
func (b *backfill) list(ctx context.Context) error {
	for ; b.at.Part < len(b.parts); b.at.Part, b.at.After = b.at.Part+1, (time.Time{}) {
		part := b.parts[b.at.Part]
		err := b.poller.List(ctx, part, b.at.After, func(uids []dhis2.UID, upTo time.Time) error {
			marks := make([]changes.Change, len(uids))
			for i, uid := range uids {
				marks[i] = changes.Change{TrackedEntity: uid, Program: part.Program, Force: b.force}
			}
			if err := b.ledger.MarkAgain(ctx, marks...); err != nil {
				return err
			}
			b.at.After = upTo
			b.at.Listed += len(uids)
			if err := b.save(ctx); err != nil {
				return err
			}
			return b.await(ctx, queueLimit)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// errNoProgress says that nothing is carried on any more.
var errNoProgress = errors.New("nothing could be carried on for a while: see the log; what is left is on the ledger's list, for sync or for the same command")

// backfillPatience is how long a backfill goes on without a success.
var backfillPatience = 5 * time.Minute

// await waits until no more than limit entities are on the ledger's list,
// whoever carries them on.
func (b *backfill) await(ctx context.Context, limit int) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	least, since := -1, time.Now()
	for {
		n, err := b.ledger.Pending(ctx)
		if err != nil {
			return err
		}
		b.report(n)
		if n <= limit {
			return ctx.Err()
		}
		if least < 0 || n < least {
			least, since = n, time.Now()
		}
		if time.Since(since) > backfillPatience {
			return errNoProgress
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-b.worked:
		case <-tick.C:
		}
	}
}

// report shows how far it is, given what is on the list.
func (b *backfill) report(pending int) {
	p := progress{Done: max(0, b.at.Listed-pending), Total: max(b.at.Total, b.at.Listed)}
	if took := time.Since(b.began).Seconds(); took > 0 {
		p.Rate = float64(max(0, p.Done-b.first)) / took
	}
	if p.Rate > 0 {
		p.Left = float64(p.Total-p.Done) / p.Rate
	}
	b.show(p, false)
}
