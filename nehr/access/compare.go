package access

import (
	"context"
	"encoding/hex"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// Difference is how the log and the NEHR differ in one entry.
type Difference string

// The differences.
const (
	// Missing: the entry was sent, and the NEHR does not have it.
	Missing Difference = "missing"
	// Changed: the NEHR has the entry's event, and it tells another thing than the
	// entry, or the entry cannot be read.
	Changed Difference = "changed"
	// Cut: the NEHR has an event of an entry that the log does not have: it was cut
	// off, or emptied, with its head.
	Cut Difference = "cut"
	// Rewritten: the NEHR has an event of this number by another hash: the log was
	// written anew from there or before.
	Rewritten Difference = "rewritten"
)

// Finding is one difference. Event is the id of the AuditEvent.
type Finding struct {
	Seq   int64      `json:"entry"`
	What  Difference `json:"what"`
	Event string     `json:"event"`
}

// Place is how far a comparison has come: the last entry, and the instant before
// which the NEHR's events were looked at. The zero Place is the beginning.
type Place struct {
	Seq int64
	At  time.Time
}

// Comparison is what Compare has done.
type Comparison struct {
	Entries int64 // of the log that were sent, and looked for in the NEHR
	Waiting int64 // that were not sent yet
	Refused int64 // that the NEHR did not take; the log alone has them
	Events  int64 // of this system in the NEHR, looked for in the log
	Found   int64 // differences
	// Place is where to go on when an error has ended it.
	Place Place
}

// The sizes of a comparison; tests make them smaller.
var (
	perCompare = 500 // entries in one step
	perLookup  = 100 // ids in one search
	perEvents  = 1000
)

// finestEvent is as exact as servers index an instant.
const finestEvent = time.Millisecond

// Compare holds the log against the AuditEvents that the NEHR holds of it, in both
// directions: each entry that was sent must stand there and say the same, and each
// event that this system (Config.Address, as AuditEvent.source.site) has ever sent
// must be of an entry of the log. So it finds what Verify cannot: a log that was cut
// off or written anew as a whole, together with its head.
//
// It goes on from a Place, in steps of 500 entries, and keeps no more than that in
// memory. tell is given each difference; an error of it, or of the NEHR, ends the
// comparison, and the Place that is returned is where to go on: what the step that
// was ended has told is then told again. Of two installations with one Address each
// would miss the other's entries in its log.
func (g *Gate) Compare(ctx context.Context, from Place, tell func(Finding) error) (Comparison, error) {
	c := comparing{g: g, tell: tell}
	c.done.Place = from
	for {
		more, err := c.step(ctx)
		if err != nil || !more {
			return c.done, err
		}
	}
}

type comparing struct {
	g    *Gate
	done Comparison
	tell func(Finding) error
}

// entryOf is an entry as the log holds it; err says that it cannot be read.
type entryOf struct {
	seq, at int64
	hash    string
	entry   Entry
	err     error
	refused bool
}

// step compares the next entries, and the events of the time that they span. What
// was found is counted, and the place moved on, when all of the step was told.
func (c *comparing) step(ctx context.Context) (more bool, err error) {
	place := c.done.Place
	entries, sent, err := c.entries(ctx, place.Seq)
	if err != nil {
		return false, err
	}
	next := place
	more = len(entries) == perCompare
	for _, e := range entries {
		next.Seq = e.seq
		if at := time.UnixMicro(e.at).UTC().Truncate(finestEvent).Add(finestEvent); at.After(next.At) {
			next.At = at
		}
	}
	if !more {
		next.At = time.Time{} // to the end of all time: what was cut off is later than what is left
	}
	step := Comparison{}
	var found []Finding
	for ids := range slices.Chunk(slices.DeleteFunc(slices.Clone(entries), func(e entryOf) bool {
		switch {
		case e.refused && e.err == nil:
			step.Refused++
		case e.seq > sent:
			step.Waiting++
		default:
			return false
		}
		return true
	}), perLookup) {
		differ, err := c.lookUp(ctx, ids)
		if err != nil {
			return false, err
		}
		step.Entries += int64(len(ids))
		found = append(found, differ...)
	}
	for _, f := range found {
		if err := c.tell(f); err != nil {
			return false, err
		}
	}
	step.Found = int64(len(found))
	if err := c.events(ctx, place.At, next.At, &step); err != nil {
		return false, err
	}
	c.done.Entries, c.done.Waiting, c.done.Refused = c.done.Entries+step.Entries, c.done.Waiting+step.Waiting, c.done.Refused+step.Refused
	c.done.Events, c.done.Found = c.done.Events+step.Events, c.done.Found+step.Found
	if next.At.IsZero() {
		next.At = place.At
	}
	c.done.Place = next
	return more, nil
}

// entries are the next ones, and how far the log was sent when they were read:
// what was sent before must stand in the NEHR afterwards.
func (c *comparing) entries(ctx context.Context, after int64) (list []entryOf, sent int64, err error) {
	err = c.g.c.DB.Read(ctx, func(tx database.Tx) error {
		list = nil
		if _, err := database.Row(tx, "SELECT seq FROM access_forward WHERE id = 1", nil, &sent); err != nil {
			return err
		}
		return tx.Each(`SELECT l.seq, l.at, l.entry, l.hash, CASE WHEN r.seq IS NULL THEN 0 ELSE 1 END FROM access_log l
			LEFT JOIN access_refused r ON r.seq = l.seq WHERE l.seq > ?1 ORDER BY l.seq LIMIT `+strconv.Itoa(perCompare), []any{after},
			func(scan func(...any) error) error {
				var e entryOf
				var canonical string
				var refused int64
				if err := scan(&e.seq, &e.at, &canonical, &e.hash, &refused); err != nil {
					return err
				}
				e.entry, e.err = decode(canonical, e.hash)
				e.refused = refused == 1
				list = append(list, e)
				return nil
			})
	})
	return list, sent, err
}

// lookUp reads the events of entries by their ids and compares them.
func (c *comparing) lookUp(ctx context.Context, entries []entryOf) ([]Finding, error) {
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = eventOf(e.hash)
	}
	found, err := c.g.c.NEHR.Search(ctx, "AuditEvent", url.Values{"_id": {strings.Join(ids, ",")}, "_count": {strconv.Itoa(len(ids))}})
	if err != nil {
		return nil, err
	}
	by := map[string]*fhirjson.Value{}
	for _, r := range found.Resources {
		by[r.Get("id").Str()] = r
	}
	var differ []Finding
	for i, e := range entries {
		r := by[ids[i]]
		switch {
		case r == nil && e.err == nil:
			differ = append(differ, Finding{e.seq, Missing, ids[i]})
		case e.err != nil || !c.g.tells(r, e):
			differ = append(differ, Finding{e.seq, Changed, ids[i]})
		}
	}
	return differ, nil
}

// events looks for events of a time in the log; a zero instant does not limit. It
// reads them in their order, page by page from where the last page ended, so that no
// server has to keep a search open.
func (c *comparing) events(ctx context.Context, from, to time.Time, step *Comparison) error {
	for {
		found, err := c.g.c.NEHR.SearchPage(ctx, "AuditEvent", c.between(from, to))
		if err != nil {
			return err
		}
		page := found.Resources
		if !found.More {
			return c.known(ctx, page, step)
		}
		at, ordered := recorded(page)
		if ordered && at.After(from) { // what is of the last instant comes again, whole
			page = slices.DeleteFunc(page, func(r *fhirjson.Value) bool {
				t, _ := time.Parse(time.RFC3339Nano, r.Get("recorded").Str())
				return !t.Before(at)
			})
			if err := c.known(ctx, page, step); err != nil {
				return err
			}
			from = at
			continue
		}
		until := to
		if ordered { // more of one instant than a page has
			until = at.Add(finestEvent)
		}
		all, err := c.g.c.NEHR.Search(ctx, "AuditEvent", c.between(from, until))
		if err != nil {
			return err
		}
		if err := c.known(ctx, all.Resources, step); err != nil || !ordered {
			return err
		}
		from = until
	}
}

// between are the parameters of a search for this system's events of a time.
func (c *comparing) between(from, to time.Time) url.Values {
	const exact = "2006-01-02T15:04:05.000Z"
	params := url.Values{"site": {c.g.c.Address}, "_sort": {"date"}, "_count": {strconv.Itoa(perEvents)}}
	if !from.IsZero() {
		params.Add("date", "ge"+from.UTC().Format(exact))
	}
	if !to.IsZero() {
		params.Add("date", "lt"+to.UTC().Format(exact))
	}
	return params
}

// recorded is the last instant of a page, as exact as servers index one, and tells
// whether the page is in order.
func recorded(events []*fhirjson.Value) (last time.Time, ordered bool) {
	for _, r := range events {
		at, err := time.Parse(time.RFC3339Nano, r.Get("recorded").Str())
		at = at.Truncate(finestEvent)
		if err != nil || at.Before(last) {
			return time.Time{}, false
		}
		last = at
	}
	return last, len(events) > 0
}

// known tells of events that are of no entry of the log. The log is read after the
// NEHR: what was appended and sent meanwhile stands in it.
func (c *comparing) known(ctx context.Context, events []*fhirjson.Value, step *Comparison) error {
	var differ []Finding
	looked := int64(0)
	err := c.g.c.DB.Read(ctx, func(tx database.Tx) error {
		differ, looked = nil, 0
		for _, r := range events {
			seq, hash, ours := c.g.ours(r)
			if !ours {
				continue
			}
			looked++
			kept := ""
			there, err := database.Row(tx, "SELECT hash FROM access_log WHERE seq = ?1", []any{seq}, &kept)
			switch {
			case err != nil:
				return err
			case !there:
				differ = append(differ, Finding{seq, Cut, r.Get("id").Str()})
			case kept != hash || r.Get("id").Str() != eventOf(hash):
				differ = append(differ, Finding{seq, Rewritten, r.Get("id").Str()})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	step.Events += looked
	step.Found += int64(len(differ))
	for _, f := range differ {
		if err := c.tell(f); err != nil {
			return err
		}
	}
	return nil
}

// ours reads number and hash from an event that this system has sent.
func (g *Gate) ours(r *fhirjson.Value) (seq int64, hash string, ok bool) {
	if r.Get("source", "site").Str() != g.c.Address {
		return 0, "", false
	}
	details := detailsOf(r)
	if details["hash"] == "" && details["number"] == "" {
		return 0, "", false
	}
	// What is no number is the event of no entry.
	seq, _ = strconv.ParseInt(details["number"], 10, 64)
	return seq, details["hash"], true
}

// eventOf is the id of the event of an entry with this hash.
func eventOf(hash string) string {
	sum, err := hex.DecodeString(hash)
	if err != nil || len(sum) < 20 {
		return "log-none" // of a hash that is none there is no event
	}
	return auditID(Entry{Hash: sum})
}
