package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/outbox"
)

// pretended is a DHIS2 in memory, which fails as it is told.
type pretended struct {
	events  map[dhis2.UID]bool // true: deleted since
	notes   map[dhis2.UID]bool
	values  map[dhis2.UID]string // the number of each woman
	created map[dhis2.UID]int    // how often an event or note was made
	next    []failure            // of the requests to come that write
}

// failure is what becomes of a request that writes.
type failure int

const (
	sound      failure = iota
	lostBefore         // DHIS2 never saw it
	lostAfter          // carried out, and nobody heard so
)

var errLost = &api.UnreachableError{Method: "POST", Path: "/api/tracker", Err: context.DeadlineExceeded}

// write carries a request out, as far as it is not lost.
func (p *pretended) write(do func() (*api.ImportReport, error)) (*api.ImportReport, error) {
	f := sound
	if len(p.next) > 0 {
		f, p.next = p.next[0], p.next[1:]
	}
	if f == lostBefore {
		return nil, errLost
	}
	report, err := do()
	if f == lostAfter {
		return nil, errLost
	}
	return report, err
}

func (p *pretended) TrackedEntity(_ context.Context, uid, _ dhis2.UID, _ string) (*dhis2.TrackedEntity, error) {
	te := &dhis2.TrackedEntity{TrackedEntity: uid}
	if v := p.values[uid]; v != "" {
		te.Attributes = []dhis2.Attribute{{Attribute: number, Value: v}}
	}
	return te, nil
}

func (p *pretended) Enrollment(context.Context, dhis2.UID, string) (*dhis2.Enrollment, error) {
	en := &dhis2.Enrollment{}
	for uid := range p.notes {
		en.Notes = append(en.Notes, dhis2.Note{Note: uid})
	}
	return en, nil
}

func (p *pretended) Event(_ context.Context, uid dhis2.UID, _ string) (*dhis2.Event, error) {
	if deleted, there := p.events[uid]; !there || deleted {
		return nil, &api.Error{Status: 404}
	}
	return &dhis2.Event{Event: uid, Enrollment: enrollment, ProgramStage: reply().Stage}, nil
}

func (p *pretended) Import(_ context.Context, payload api.Payload, _ api.ImportOptions) (*api.ImportReport, error) {
	return p.write(func() (*api.ImportReport, error) {
		uid := payload.Events[0].Event
		if deleted, there := p.events[uid]; there {
			code := map[bool]string{false: "E1030", true: "E1082"}[deleted]
			return &api.ImportReport{Status: "ERROR", Ignored: 1, Refusals: []api.Refusal{{Code: code, UID: uid}}}, nil
		}
		p.events[uid] = false
		p.created[uid]++
		return &api.ImportReport{Status: "OK", Created: 1}, nil
	})
}

func (p *pretended) ReadsAttribute(context.Context, dhis2.UID) (bool, error) { return true, nil }

func (p *pretended) SetAttribute(_ context.Context, te, _, _ dhis2.UID, value string) (*api.ImportReport, error) {
	return p.write(func() (*api.ImportReport, error) {
		p.values[te] = value
		return &api.ImportReport{Status: "OK", Updated: 1}, nil
	})
}

func (p *pretended) AddEnrollmentNote(_ context.Context, _ dhis2.UID, n dhis2.Note) error {
	_, err := p.write(func() (*api.ImportReport, error) {
		if p.notes[n.Note] {
			return nil, &api.Error{Status: 400}
		}
		p.notes[n.Note] = true
		p.created[n.Note]++
		return nil, nil
	})
	return err
}

func (p *pretended) AddEventNote(ctx context.Context, _ dhis2.UID, n dhis2.Note) error {
	return p.AddEnrollmentNote(ctx, enrollment, n)
}

// machine compares an outbox with what it promises.
type machine struct {
	db    *database.DB
	dhis2 *pretended
	o     *outbox.Outbox
	ms    int64
	run   string
	uids  map[string]dhis2.UID // of the orders
	typed map[dhis2.UID]string // numbers that people typed before one of ours stood
	gone  map[dhis2.UID]bool   // events that people deleted
}

const women = 3

func woman(i int) dhis2.UID { return dhis2.MustUID(fmt.Sprintf("SbxMother%02d", i)) }

// restart is a process that begins, after one that may have died anywhere.
func (m *machine) restart(t *rapid.T) {
	var err error
	if m.o, err = outbox.New(context.Background(), outbox.Config{DB: m.db, Server: m.dhis2, Workers: 1,
		Now: func() time.Time { return time.UnixMilli(m.ms) }}); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) put(t *rapid.T) {
	i := rapid.IntRange(0, women-1).Draw(t, "woman")
	kind := rapid.SampledFrom([]string{"event", "note", "attribute"}).Draw(t, "kind")
	item := map[string]outbox.Item{
		"event":     &outbox.Event{TrackedEntity: woman(i), Enrollment: enrollment, Program: reply().Program, Stage: reply().Stage, OrgUnit: clinic, OccurredAt: "2026-03-01"},
		"note":      &outbox.Note{TrackedEntity: woman(i), Enrollment: enrollment, Text: "text"},
		"attribute": &outbox.Attribute{TrackedEntity: woman(i), Program: reply().Program, Attribute: number, Value: fmt.Sprint("OURS", i)},
	}[kind]
	key := fmt.Sprintf("%s/%s/%d", m.run, kind, i)
	uid, err := m.o.Put(context.Background(), outbox.Order{Key: key, Source: "test", Item: item})
	if before, known := m.uids[key]; err != nil || known && before != uid {
		t.Fatalf("put %s: %s, before %s, %v", key, uid, before, err)
	}
	m.uids[key] = uid
}

// once brings what is due; some of its requests are lost.
func (m *machine) once(t *rapid.T) {
	m.dhis2.next = rapid.SliceOfN(rapid.SampledFrom([]failure{sound, lostBefore, lostAfter}), 0, 4).Draw(t, "failures")
	if _, err := m.o.Once(context.Background()); err != nil && !errors.Is(err, errLost) {
		t.Fatal(err)
	}
	m.dhis2.next = nil
}

// typing is a person who writes a number, where she sees none.
func (m *machine) typing(t *rapid.T) {
	te := woman(rapid.IntRange(0, women-1).Draw(t, "woman"))
	if m.dhis2.values[te] == "" {
		m.dhis2.values[te], m.typed[te] = "TYPED", "TYPED"
	}
}

// deletes is a person who deletes an event.
func (m *machine) deletes(*rapid.T) {
	var first dhis2.UID
	for uid, gone := range m.dhis2.events {
		if !gone && (first.IsZero() || uid.String() < first.String()) {
			first = uid
		}
	}
	if !first.IsZero() {
		m.dhis2.events[first], m.gone[first] = true, true
	}
}

// holds is what is true at every moment.
func (m *machine) holds(t *rapid.T) {
	for uid, n := range m.dhis2.created {
		if n != 1 {
			t.Fatalf("%s was made %d times", uid, n)
		}
	}
	for te, v := range m.typed {
		if m.dhis2.values[te] != v {
			t.Fatalf("what was typed for %s is replaced", te)
		}
	}
	for uid := range m.gone {
		if !m.dhis2.events[uid] {
			t.Fatalf("%s was deleted and stands again", uid)
		}
	}
}

// settles demands that every order comes to its end when nothing fails.
func (m *machine) settles(t *rapid.T) {
	m.restart(t)
	for range 3 {
		m.ms += time.Hour.Milliseconds()
		if c, err := m.o.Once(context.Background()); err != nil || c.Dead > 0 {
			t.Fatalf("%+v, %v", c, err)
		}
	}
	m.holds(t)
	for key, uid := range m.uids {
		l, found, err := m.o.Get(context.Background(), key)
		if err != nil || !found || l.UID != uid || l.State != outbox.Ended {
			t.Fatalf("order %s: %+v, %v", key, l, err)
		}
		stands := map[string]bool{"event": m.dhis2.created[uid] == 1 && m.dhis2.events[uid] == m.gone[uid], "note": m.dhis2.notes[uid],
			"attribute": m.dhis2.values[l.Subject] != "" && (m.typed[l.Subject] == "") == l.Result.Stands()}[l.Kind]
		if !stands || (l.Result == outbox.Removed) && !m.gone[uid] {
			t.Fatalf("order %s is %s and DHIS2 does not show so", key, l.Result)
		}
	}
}

func model(t *testing.T, url string) {
	db, runs := open(t, url), 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		m := &machine{db: db, run: fmt.Sprint(runs), ms: int64(runs) * 365 * 24 * time.Hour.Milliseconds(),
			dhis2: &pretended{events: map[dhis2.UID]bool{}, notes: map[dhis2.UID]bool{}, values: map[dhis2.UID]string{}, created: map[dhis2.UID]int{}},
			uids:  map[string]dhis2.UID{}, typed: map[dhis2.UID]string{}, gone: map[dhis2.UID]bool{}}
		m.restart(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"": m.holds, "put": m.put, "once": m.once, "restart": m.restart, "typing": m.typing, "deletes": m.deletes,
			"time": func(t *rapid.T) { m.ms += rapid.Int64Range(0, time.Hour.Milliseconds()).Draw(t, "milliseconds") },
		})
		m.settles(rt)
	})
}
