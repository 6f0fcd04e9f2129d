package changes

import (
	"context"
	"fmt"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

// Sweep is what one look at a program has found.
type Sweep struct {
	Program dhis2.UID
	Skipped bool      // another replica polls it
	From    time.Time // looked at changes since; zero for all
	Low     time.Time // the low-water mark afterwards, by the server's clock
	Rows    int       // of the three lists
	Marked  int       // rows that were news
	Took    time.Duration
}

// memory is what the last sweeps of a program have seen, so that the overlap
// does not have every change carried on ninety times. It is lost with the
// process, which costs one look at each entity of the overlap.
type memory struct{ seen map[seenKey]seen }

type seenKey struct {
	list string
	uid  dhis2.UID
}

type seen struct {
	stamp   dhis2.Timestamp
	deleted bool
	at      time.Time // of the last mark, by our clock
	settled bool      // was looked at once more
}

// news reports whether a row says something that was not marked yet.
func (m *memory) news(k seenKey, o object, now time.Time, settle time.Duration) (seen, bool) {
	old, ok := m.seen[k]
	switch {
	case !ok || old.stamp != o.stamp || old.deleted != o.deleted:
		return seen{stamp: o.stamp, deleted: o.deleted, at: now, settled: settle < 0}, true
	case !old.settled && now.Sub(old.at) >= settle:
		old.settled = true
		return old, true
	}
	return old, false
}

// Sweep looks at one program: its tracked entities, and its enrollments and
// events too, because DHIS2 writes the time of a tracked entity after the
// change below it, and loses that if it stops in between. The low-water mark
// rises to the server's time at the beginning, and only when everything is on
// the ledger and the user's rights are the same at the end.
//
// Errors are those of Source and Ledger, *PinError, *PermissionError and
// *RowError; whatever was seen before one is on the ledger.
func (p *Poller) Sweep(ctx context.Context, program dhis2.UID) (s Sweep, err error) {
	s = Sweep{Program: program}
	began := time.Now()
	defer func() { s.Took = time.Since(began) }()
	m := p.programs[program]
	if m == nil {
		return s, fmt.Errorf("dhis2/changes: program %s is not one of those to poll", program)
	}
	low, leads, err := p.cfg.Ledger.Lead(ctx, program)
	if err != nil {
		return s, err
	}
	if !leads {
		s.Skipped, s.Low = true, low
		clear(m.seen) // what the other marks meanwhile is not known here
		return s, nil
	}
	now, zone, err := p.begin(ctx)
	if err != nil {
		return s, err
	}
	distrust, _, err := p.cfg.Ledger.Pinned(ctx, pinDistrust+program.String())
	if err != nil {
		return s, err
	}
	force := distrust != ""
	s.From = since(low, now, p.cfg.Overlap, zone)
	// The next sweeps begin no earlier than this, DST aside: what is older
	// need not be remembered.
	keep := now.earliest.Add(-p.cfg.Overlap - 3*time.Hour)
	// What was written in the very millisecond of this sweep, or later, may be
	// written again without getting another time: it is not remembered.
	b := bounds{keep: keep, final: dhis2.Timestamp(now.earliest.In(zone).Format(wallLayout)), zone: zone}
	for _, f := range feeds(p.cfg.Source) {
		if s.From.IsZero() && f.name != "trackedEntities" {
			continue // the first look takes every tracked entity anyway
		}
		q := api.Query{Program: program, OrgUnitMode: api.Accessible, UpdatedAfter: s.From, IncludeDeleted: true, PageSize: p.cfg.PageSize}
		err := walk(ctx, f, q, zone, now.latest, func(list []object) error {
			s.Rows += len(list)
			n, err := p.take(ctx, m, Change{Program: program, Force: force}, f.name, list, b)
			s.Marked += n
			return err
		})
		if err != nil {
			return s, err
		}
	}
	if err := p.checkRights(ctx); err != nil {
		return s, err
	}
	for k, o := range m.seen {
		if at, err := o.stamp.Parse(zone); err != nil || at.Time().Before(keep) {
			delete(m.seen, k)
		}
	}
	s.Low = now.earliest
	if s.Low.Before(low) {
		s.Low = low
	}
	if err := p.cfg.Ledger.Advance(ctx, program, s.Low); err != nil || !force {
		return s, err
	}
	return s, p.cfg.Ledger.Pin(ctx, pinDistrust+program.String(), "", true)
}

// begin tells the server's time, after checking that it is the server that the
// ledger belongs to and that the user sees as much as before.
func (p *Poller) begin(ctx context.Context) (wallMoment, *time.Location, error) {
	info, err := p.cfg.Source.SystemInfo(ctx)
	if err != nil {
		return wallMoment{}, nil, err
	}
	now, zone, err := moment(info)
	if err != nil {
		return wallMoment{}, nil, err
	}
	if err := p.cfg.Ledger.Pin(ctx, PinSystem, info.SystemID, p.cfg.AcceptServer); err != nil {
		return wallMoment{}, nil, err
	}
	return now, zone, p.checkRights(ctx)
}

// VerifyServer makes sure that the server is the one that the ledger belongs
// to: what a consumer asks after it has read an entity and before it sends
// anything, because another server may have come behind the address since the
// last sweep. Errors are those of Source and Ledger, and *PinError. It may be
// called by many goroutines.
func (p *Poller) VerifyServer(ctx context.Context) error {
	info, err := p.cfg.Source.SystemInfo(ctx)
	if err != nil {
		return err
	}
	pinned, found, err := p.cfg.Ledger.Pinned(ctx, PinSystem)
	if err == nil && found && pinned != info.SystemID {
		err = &PinError{Name: PinSystem, Pinned: pinned, Found: info.SystemID}
	}
	return err
}

// Verify makes sure that the server is the one that the ledger belongs to, and
// that the user sees as much of it as at the last good sweep: what a consumer
// asks before it takes back a fact because DHIS2 shows it no more. Errors are
// those of Source and Ledger, *PinError and *PermissionError. It may be called
// by many goroutines.
func (p *Poller) Verify(ctx context.Context) error {
	_, _, err := p.begin(ctx)
	return err
}

func (p *Poller) checkRights(ctx context.Context) error {
	return checkRights(ctx, p.cfg.Source, p.cfg.Ledger, p.cfg.Programs, p.cfg.AcceptRights)
}

// bounds say which rows are worth remembering.
type bounds struct {
	keep  time.Time       // older ones are not shown again
	final dhis2.Timestamp // from this on the same time may come twice
	zone  *time.Location
}

func (b bounds) remember(stamp dhis2.Timestamp) bool {
	at, err := stamp.Parse(b.zone)
	return err == nil && !at.Time().Before(b.keep) && stamp < b.final
}

// take marks the rows that are news, each like as, and remembers them once they
// are safe.
func (p *Poller) take(ctx context.Context, m *memory, as Change, list string, objects []object, b bounds) (int, error) {
	now := p.cfg.Now()
	var changes []Change
	remember := map[seenKey]seen{}
	for _, o := range objects {
		k := seenKey{list, o.uid}
		s, news := m.news(k, o, now, p.cfg.Settle)
		if !news {
			continue
		}
		as.TrackedEntity = o.entity
		changes = append(changes, as)
		if b.remember(o.stamp) {
			remember[k] = s
		}
	}
	if err := p.cfg.Ledger.MarkDirty(ctx, changes...); err != nil {
		return 0, err
	}
	for k, s := range remember {
		m.seen[k] = s
	}
	return len(changes), nil
}
