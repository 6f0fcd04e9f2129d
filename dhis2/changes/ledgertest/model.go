package ledgertest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

// entity is what a row of the ledger should be, in the simplest form.
type entity struct {
	seq, done int64
	due       time.Time // zero: none
	by        int       // number of the claim that has it, 0 for none
	attempts  int
	force     bool
	class     changes.Class
	hash      string
	state     string
}

// work is a claim that is out.
type work struct {
	claim  changes.Claim
	number int
	entity dhis2.UID
	hash   string
}

// machine runs the ledger and the model side by side.
type machine struct {
	b      *bench
	rows   map[dhis2.UID]*entity
	out    []work
	number int
	base   int // UIDs are used once, so that one store serves all runs
	other  *database.DB
}

const modelEntities = 6

// runs makes the UIDs of one run differ from those of the next.
var runs int

func model(t *testing.T, b *bench) {
	other := b.open()
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		m := &machine{b: b, other: other, rows: map[dhis2.UID]*entity{}, base: runs % 10000 * modelEntities}
		rt.Repeat(map[string]func(*rapid.T){
			"mark": m.mark, "claim": m.claim, "save": m.save, "complete": m.complete, "fail": m.fail,
			"release": m.release, "wait": m.wait, "hurry": m.hurry, "retry": m.retry, "discard": m.discard, "reopen": m.reopen,
			"": m.check,
		})
		m.clear(rt)
	})
}

func (m *machine) uid(t *rapid.T) dhis2.UID {
	return uid(m.base + rapid.IntRange(0, modelEntities-1).Draw(t, "entity"))
}

func (m *machine) mark(t *rapid.T) {
	u, force := m.uid(t), rapid.Bool().Draw(t, "force")
	if err := m.b.MarkDirty(m.b.ctx, changes.Change{TrackedEntity: u, Force: force}); err != nil {
		t.Fatal(err)
	}
	r := m.rows[u]
	if r == nil {
		r = &entity{}
		m.rows[u] = r
	}
	r.seq++
	r.force = r.force || force
	if r.due.IsZero() {
		r.due = m.b.now()
	}
}

func (m *machine) claim(t *rapid.T) {
	var due []dhis2.UID
	for u, r := range m.rows {
		if !r.due.IsZero() && !r.due.After(m.b.now()) {
			due = append(due, u)
		}
	}
	claims, err := m.b.Claim(m.b.ctx, modelEntities+1)
	if err != nil {
		t.Fatal(err)
	}
	if len(claims) != len(due) {
		t.Fatalf("claimed %d, want %d", len(claims), len(due))
	}
	m.number++
	for _, c := range claims {
		r := m.rows[c.TrackedEntity]
		if r == nil || !slices.Contains(due, c.TrackedEntity) {
			t.Fatalf("%s was not due", c.TrackedEntity)
		}
		if r.by != 0 {
			r.force = true
			r.attempts++
		}
		r.by, r.due = m.number, m.b.now().Add(Lease)
		got := fmt.Sprint(c.Sequence, c.Attempts, c.Force, c.Hash, string(c.State))
		if wanted := fmt.Sprint(r.seq, r.attempts, r.force, r.hash, r.state); got != wanted {
			t.Fatalf("%s: claim %s, want %s", c.TrackedEntity, got, wanted)
		}
		m.out = append(m.out, work{claim: c, number: m.number, entity: c.TrackedEntity, hash: r.hash})
	}
}

// take picks a claim that is out and tells whether it still holds.
func (m *machine) take(t *rapid.T) (w *work, r *entity, holds bool) {
	if len(m.out) == 0 {
		t.Skip("no claim is out")
	}
	w = &m.out[rapid.IntRange(0, len(m.out)-1).Draw(t, "claim")]
	r = m.rows[w.entity]
	return w, r, r.by == w.number && r.due.After(m.b.now())
}

func (m *machine) outcome(t *rapid.T, err error, holds bool) {
	_, late := errors.AsType[*changes.LeaseError](err)
	switch {
	case holds && err != nil:
		t.Fatal(err)
	case !holds && !late:
		t.Fatalf("got error %v of a claim that was over, want a *changes.LeaseError", err)
	}
}

func (m *machine) late(r *entity) {
	r.seq++
	r.force = true
	if r.due.IsZero() {
		r.due = m.b.now()
	}
}

func (m *machine) save(t *rapid.T) {
	w, r, holds := m.take(t)
	state := rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "state")
	m.outcome(t, w.claim.Save(m.b.ctx, []byte(state)), holds)
	if holds {
		r.state, r.force, r.hash, w.hash = state, true, "", ""
	}
}

func (m *machine) complete(t *rapid.T) {
	w, r, holds := m.take(t)
	state := rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "state")
	if rapid.Bool().Draw(t, "wrote") {
		w.hash = fmt.Sprint("h", m.number)
		w.claim.Wrote(w.hash)
	}
	m.outcome(t, m.b.Complete(m.b.ctx, changes.Completion{Claim: w.claim, State: []byte(state)}), holds)
	if !holds {
		m.late(r)
		return
	}
	r.by, r.attempts, r.class, r.done, r.hash, r.state = 0, 0, "", w.claim.Sequence, w.hash, state
	r.due, r.force = time.Time{}, r.force && r.seq > w.claim.Sequence
	if r.seq > w.claim.Sequence {
		r.due = m.b.now()
	}
}

func (m *machine) fail(t *rapid.T) {
	w, r, holds := m.take(t)
	f := changes.Failure{
		Class:   rapid.SampledFrom(changes.Classes).Draw(t, "class"),
		Unknown: rapid.Bool().Draw(t, "unknown"),
		Free:    rapid.Bool().Draw(t, "free"),
		Next:    m.b.now().Add(time.Duration(rapid.IntRange(-1, 90).Draw(t, "next")) * time.Second),
	}
	m.outcome(t, m.b.Fail(m.b.ctx, w.claim, f), holds)
	if !holds {
		m.late(r)
		return
	}
	r.by, r.class, r.force = 0, f.Class, r.force || f.Unknown
	if !f.Free {
		r.attempts++
	}
	switch {
	case f.Class == changes.Retry:
		r.due = f.Next
		if f.Next.Before(m.b.now()) {
			r.due = m.b.now()
		}
	case r.seq > w.claim.Sequence:
		r.due = m.b.now()
	default:
		r.due = time.Time{}
	}
}

func (m *machine) release(t *rapid.T) {
	w, r, _ := m.take(t)
	if err := m.b.Release(m.b.ctx, w.claim); err != nil {
		t.Fatal(err)
	}
	if r.by == w.number {
		r.by, r.due = 0, m.b.now()
	}
}

func (m *machine) hurry(t *rapid.T) {
	var list []*entity
	for _, r := range m.rows {
		if r.by == 0 && r.class == changes.Retry && r.due.After(m.b.now()) {
			list = append(list, r)
		}
	}
	n, err := m.b.Hurry(m.b.ctx)
	if err != nil || n != len(list) {
		t.Fatalf("hurried %d, want %d: %v", n, len(list), err)
	}
	for _, r := range list {
		r.due = m.b.now()
	}
}

func (m *machine) wait(t *rapid.T) {
	m.b.advance(time.Duration(rapid.IntRange(1, 70).Draw(t, "seconds")) * time.Second)
}

// asides are the entities that are set aside, one class or all.
func (m *machine) asides(t *rapid.T) (changes.Filter, []*entity) {
	f := changes.Filter{Class: rapid.SampledFrom([]changes.Class{"", changes.DeadLetter, changes.ForReview}).Draw(t, "class")}
	var list []*entity
	for _, r := range m.rows {
		if r.due.IsZero() && r.class != "" && (f.Class == "" || r.class == f.Class) {
			list = append(list, r)
		}
	}
	return f, list
}

func (m *machine) retry(t *rapid.T) {
	f, list := m.asides(t)
	n, err := m.b.Retry(m.b.ctx, f)
	if err != nil || n != len(list) {
		t.Fatalf("retried %d, want %d: %v", n, len(list), err)
	}
	for _, r := range list {
		r.due, r.attempts = m.b.now(), 0
	}
}

func (m *machine) discard(t *rapid.T) {
	f, list := m.asides(t)
	n, err := m.b.Discard(m.b.ctx, f)
	if err != nil || n != len(list) {
		t.Fatalf("discarded %d, want %d: %v", n, len(list), err)
	}
	for _, r := range list {
		r.done, r.class, r.attempts = r.seq, "", 0
	}
}

// reopen goes on with another process; the claims of the first stay out.
func (m *machine) reopen(t *rapid.T) {
	l, err := changes.New(m.b.ctx, changes.Config{DB: m.other, Name: m.b.name, Lease: Lease, Now: m.b.now})
	if err != nil {
		t.Fatal(err)
	}
	m.b.Ledger = l
}

// check compares what can be seen from outside without changing anything.
func (m *machine) check(t *rapid.T) {
	s, err := m.b.Stats(m.b.ctx)
	if err != nil {
		t.Fatal(err)
	}
	var ready, claimed, waiting, aside int
	for _, r := range m.rows {
		switch {
		case r.due.IsZero() && r.seq > r.done:
			aside++
		case r.due.IsZero():
		case !r.due.After(m.b.now()):
			ready++
		case r.by != 0:
			claimed++
		default:
			waiting++
		}
		if (r.class != "" && r.due.IsZero()) != (r.due.IsZero() && r.seq > r.done) {
			t.Fatalf("the model itself lost a row: %+v", r)
		}
	}
	got := fmt.Sprint(s.Ready, s.Claimed, s.Waiting, s.Aside[changes.DeadLetter]+s.Aside[changes.Quarantine]+s.Aside[changes.ForReview], s.Dirty)
	if wanted := fmt.Sprint(ready, claimed, waiting, aside, ready+claimed+waiting+aside); got != wanted {
		t.Fatalf("ready, claimed, waiting, aside, dirty: got %s, want %s", got, wanted)
	}
}

// clear ends a run: everything is carried out, and then nothing is dirty.
func (m *machine) clear(t *rapid.T) {
	if _, err := m.b.Retry(m.b.ctx, changes.Filter{}); err != nil {
		t.Fatal(err)
	}
	m.b.advance(time.Hour)
	claims, err := m.b.Claim(m.b.ctx, 1000)
	if err != nil {
		t.Fatal(err)
	}
	dirty := 0
	for _, r := range m.rows {
		dirty += min(1, int(r.seq-r.done))
	}
	if len(claims) != dirty {
		t.Fatalf("claimed %d at the end, want %d", len(claims), dirty)
	}
	slices.SortFunc(claims, func(a, b changes.Claim) int {
		return cmp.Compare(a.TrackedEntity.String(), b.TrackedEntity.String())
	})
	for _, c := range claims {
		if err := m.b.Complete(m.b.ctx, changes.Completion{Claim: c}); err != nil {
			t.Fatal(err)
		}
	}
	m.rows, m.out = map[dhis2.UID]*entity{}, nil
	m.check(t)
}
