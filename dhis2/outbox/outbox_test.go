package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/outbox"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

func eachKindStandsOnce(t *testing.T, url string) {
	for _, version := range []string{"2.40", "2.42", "2.44"} {
		w := newWorld(t, version)
		db := open(t, url)
		o := w.process(t, db)
		event := put(t, o, version+"/event", reply())
		text := put(t, o, version+"/note", note("invented reply"))
		put(t, o, version+"/on-enrollment", &outbox.Note{TrackedEntity: mother, Enrollment: enrollment, Text: "invented"})
		put(t, o, version+"/phn", attribute("45A1DRK7HX4"))
		c := once(t, o)
		if diff := cmp.Diff(map[outbox.Result]int{outbox.Written: 4}, c.Results); diff != "" {
			t.Error(version, diff)
		}
		te := w.stands(t)
		if events, notes := w.made(t); events != 1 || notes != 1 || w.number(t) != "45A1DRK7HX4" || len(te.Enrollments[0].Notes) != 1 {
			t.Errorf("%s: %d events, %d notes, %d on the enrollment", version, events, notes, len(te.Enrollments[0].Notes))
		}
		made, err := w.client.Event(t.Context(), event, "")
		if err != nil || made.Status != dhis2.EventCompleted || len(made.DataValues) != 1 || made.DataValues[0].Value != "61.5" {
			t.Errorf("%s: the event is %+v, %v", version, made, err)
		}
		visited, err := w.client.Event(t.Context(), visit, "")
		if err != nil || visited.Notes[0].Note != text || visited.Notes[0].Value != "invented reply" {
			t.Errorf("%s: the notes are %+v, %v", version, visited.Notes, err)
		}
		// Nothing is sent again, whoever asks for it and how often.
		writes := w.writes.Load()
		if again := put(t, o, version+"/event", reply()); again != event {
			t.Errorf("%s: the same order has another UID", version)
		}
		if c := once(t, w.process(t, db)); len(c.Results) != 0 || w.writes.Load() != writes {
			t.Errorf("%s: sent again: %+v", version, c)
		}
	}
}

// answersFindTheirPlace: who knows the event that is answered, or the enrollment alone,
// makes an event where that is.
func answersFindTheirPlace(t *testing.T, url string) {
	w, db := newWorld(t, "2.42"), open(t, url)
	o := w.process(t, db)
	for name, change := range map[string]func(*outbox.Event){
		"answers":    func(e *outbox.Event) { e.Enrollment, e.OrgUnit, e.Answers = dhis2.UID{}, dhis2.UID{}, visit },
		"enrollment": func(e *outbox.Event) { e.OrgUnit = dhis2.UID{} },
	} {
		order := reply()
		change(order)
		uid := put(t, o, name, order)
		once(t, o)
		ev, err := w.client.Event(t.Context(), uid, "event,enrollment,orgUnit")
		if err != nil || ev.Enrollment != enrollment || ev.OrgUnit != clinic {
			t.Errorf("%s: %+v, %v", name, ev, err)
		}
	}
	gone := reply()
	gone.Enrollment, gone.OrgUnit, gone.Answers = dhis2.UID{}, dhis2.UID{}, dhis2.MustUID("SbxNothing1")
	put(t, o, "gone", gone)
	if c, err := o.Once(t.Context()); err != nil || c.Dead != 1 {
		t.Errorf("once: %+v, %v", c, err)
	}
	if dead, err := o.DeadLetters(t.Context()); err != nil || len(dead) != 1 {
		t.Errorf("an answer to nothing: %+v, %v", dead, err)
	}
	if err := (&outbox.Event{TrackedEntity: mother, Program: gone.Program, Stage: gone.Stage, OccurredAt: "2026-03-01"}).Validate(); err == nil {
		t.Error("an event of no enrollment that answers nothing is taken")
	}
}

// contentIsWiped: what an order said is gone from the database when it is
// done; where it is from is not.
func contentIsWiped(t *testing.T, url string) {
	w, db := newWorld(t, "2.42"), open(t, url)
	o := w.process(t, db)
	uid := put(t, o, "phn/1", attribute("45A1DRK7HX4"))
	length := func() (n int64) {
		if err := db.Read(t.Context(), func(tx database.Tx) error {
			_, err := database.Row(tx, `SELECT length(body) FROM outbox_order`, nil, &n)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := length()
	once(t, o)
	if after := length(); before == 0 || after != 0 {
		t.Errorf("%d bytes before, %d when it is done", before, after)
	}
	l, found, err := o.Origin(t.Context(), uid)
	if err != nil || !found || l.Key != "phn/1" || l.Source != "test" || l.Subject != mother || l.State != outbox.Ended || l.Result != outbox.Written {
		t.Errorf("origin %+v, %t, %v", l, found, err)
	}
}

// TestD036_AValueStandsOnlyWhereNoneStood: what a person typed is never
// replaced, and the same value is not sent again.
func TestD036_AValueStandsOnlyWhereNoneStood(t *testing.T) {
	for _, tc := range []struct {
		name, typed string
		want        outbox.Result
	}{
		{"another", "TYPED-BY-HAND", outbox.Taken},
		{"the same", "45A1DRK7HX4", outbox.Stood},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, "2.42")
			o := w.process(t, open(t, t.TempDir()+"/outbox.db"))
			put(t, o, "phn/1", attribute("45A1DRK7HX4"))
			if err := w.dhis2.SetAttribute(mother, number, tc.typed); err != nil {
				t.Fatal(err)
			}
			once(t, o)
			if l := letter(t, o, "phn/1"); l.Result != tc.want || w.number(t) != tc.typed || w.writes.Load() != 0 {
				t.Errorf("result %s, %d writes; want %s and none", l.Result, w.writes.Load(), tc.want)
			}
		})
	}
}

// TestD036_NothingIsWrittenBlindly: a value that the user may not read is left out of
// the answer, and stands all the same.
func TestD036_NothingIsWrittenBlindly(t *testing.T) {
	w := newWorld(t, "2.43")
	o := w.process(t, open(t, t.TempDir()+"/outbox.db"))
	put(t, o, "phn/1", attribute("45A1DRK7HX4"))
	if err := w.dhis2.SetAttribute(mother, number, "TYPED-BY-HAND"); err != nil {
		t.Fatal(err)
	}
	admin := sandbox.User{User: dhis2.User{ID: dhis2.MustUID("SbxAdmin001"), Username: sandbox.DefaultUsername},
		Tokens: []string{sandbox.DefaultToken}, Authorities: []string{"ALL"}}
	blind := admin
	blind.HiddenAttributes = []dhis2.UID{number}
	w.dhis2.SetUser(blind)
	c, err := o.Once(t.Context())
	if l := letter(t, o, "phn/1"); err != nil || c.Later != 1 || l.State != outbox.Waiting || l.Cause != "blind" || w.writes.Load() != 0 {
		t.Errorf("%+v, %v; the order %+v, %d writes", c, err, l, w.writes.Load())
	}
	w.dhis2.SetUser(admin)
	w.advance(time.Hour)
	once(t, o)
	if l := letter(t, o, "phn/1"); l.Result != outbox.Taken || w.number(t) != "TYPED-BY-HAND" {
		t.Errorf("result %s", l.Result)
	}
}

// TestWrittenOverMeanwhile: somebody's value that came right after ours stays,
// and the order says that ours does not stand.
func TestWrittenOverMeanwhile(t *testing.T) {
	w := newWorld(t, "2.42")
	o := w.process(t, open(t, t.TempDir()+"/outbox.db"))
	put(t, o, "phn/1", attribute("45A1DRK7HX4"))
	w.gate.Store(&gate{after: func() { _ = w.dhis2.SetAttribute(mother, number, "TYPED-BY-HAND") }})
	once(t, o)
	if l := letter(t, o, "phn/1"); l.Result != outbox.Taken || w.number(t) != "TYPED-BY-HAND" {
		t.Errorf("result %s", l.Result)
	}
}

// TestDeletedIsNotMadeAgain: an event that somebody deletes before its order
// is known to be done stays deleted.
func TestDeletedIsNotMadeAgain(t *testing.T) {
	w := newWorld(t, "2.42")
	o := w.process(t, open(t, t.TempDir()+"/outbox.db"))
	uid := put(t, o, "reply/1", reply())
	w.gate.Store(&gate{after: func() {
		w.gate.Store(nil)
		_ = w.dhis2.DeleteEvent(uid)
	}})
	c, err := o.Once(t.Context())
	if err != nil || c.Later != 1 {
		t.Fatalf("%+v, %v", c, err)
	}
	w.advance(time.Hour)
	once(t, o)
	if events, _ := w.made(t); letter(t, o, "reply/1").Result != outbox.Removed || events != 0 {
		t.Errorf("result %s, %d events", letter(t, o, "reply/1").Result, events)
	}
}

// replicasSendOnce: several processes share the orders, and DHIS2 gets
// each once.
func replicasSendOnce(t *testing.T, url string) {
	const orders, processes = 30, 3
	w := newWorld(t, "2.42")
	first := w.process(t, open(t, url))
	for i := range orders {
		put(t, first, fmt.Sprintf("note/%d", i), note(fmt.Sprintf("reply %d", i)))
	}
	var all sync.WaitGroup
	for range processes {
		o := w.process(t, open(t, url))
		all.Go(func() {
			if c, err := o.Once(context.Background()); err != nil || c.Later+c.Dead > 0 {
				t.Errorf("%+v, %v", c, err)
			}
		})
	}
	all.Wait()
	if _, notes := w.made(t); notes != orders || w.writes.Load() != orders {
		t.Errorf("%d notes, %d requests; want %d of each", notes, w.writes.Load(), orders)
	}
	if s, err := first.Stats(t.Context()); err != nil || s != (outbox.Stats{}) {
		t.Errorf("stats %+v, %v", s, err)
	}
}

// putWithTheCallersRecord: an order is there if, and only if, what the
// caller writes in the same transaction is.
func putWithTheCallersRecord(t *testing.T, url string) {
	w, db := newWorld(t, "2.42"), open(t, url)
	o := w.process(t, db)
	undone := errors.New("undone")
	err := db.Write(t.Context(), func(tx database.Tx) error {
		if _, err := o.PutIn(tx, outbox.Order{Key: "reply/1", Source: "test", Item: reply()}); err != nil {
			return err
		}
		return undone
	})
	if _, found, _ := o.Get(t.Context(), "reply/1"); !errors.Is(err, undone) || found {
		t.Errorf("after %v the order is there: %t", err, found)
	}
}

func oneKeyOneOrder(t *testing.T, url string) {
	w := newWorld(t, "2.42")
	o := w.process(t, open(t, url))
	uid := put(t, o, "phn/1", attribute("45A1DRK7HX4"))
	if again := put(t, o, "phn/1", attribute("45A1DRK7HX4")); again != uid {
		t.Error("the same order has another UID")
	}
	if _, err := o.Put(t.Context(), outbox.Order{Key: "phn/1", Source: "test", Item: attribute("45B1DRK7HX4")}); !errors.Is(err, outbox.ErrOtherItem) {
		t.Errorf("another item under the key: %v", err)
	}
}

// putAtOnce: many who put the same order at the same time get one UID.
func putAtOnce(t *testing.T, url string) {
	w := newWorld(t, "2.42")
	var all sync.WaitGroup
	var mu sync.Mutex
	uids := map[dhis2.UID]bool{}
	for range 4 {
		o := w.process(t, open(t, url))
		all.Go(func() {
			uid, err := o.Put(context.Background(), outbox.Order{Key: "reply/1", Source: "test", Item: reply()})
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			uids[uid] = true
		})
	}
	all.Wait()
	if len(uids) != 1 {
		t.Errorf("%d UIDs for one order", len(uids))
	}
}

// ordersOfAWoman: all of a source, the newest first, and of those that ended without
// anything of theirs in DHIS2 the newest alone.
func ordersOfAWoman(t *testing.T, url string) {
	w := newWorld(t, "2.42")
	o := w.process(t, open(t, url))
	keys := func(letters []outbox.Letter, err error) (out []string) {
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range letters {
			out = append(out, l.Key)
		}
		return out
	}
	if err := w.dhis2.SetAttribute(mother, number, "TYPED-BY-HAND"); err != nil {
		t.Fatal(err)
	}
	put(t, o, "phn/1", attribute("45A1DRK7HX4"))
	once(t, o)
	w.advance(time.Minute)
	put(t, o, "phn/2", attribute("45B1DRK7HX4"))
	if diff := cmp.Diff([]string{"phn/2", "phn/1"}, keys(o.Of(t.Context(), "test", mother))); diff != "" {
		t.Error(diff)
	}
	if got := keys(o.Fallen(t.Context(), "test")); len(got) != 0 {
		t.Errorf("while a newer one waits: %v", got)
	}
	once(t, o)
	if diff := cmp.Diff([]string{"phn/2"}, keys(o.Fallen(t.Context(), "test"))); diff != "" {
		t.Error(diff)
	}
	if got := append(keys(o.Fallen(t.Context(), "another")), keys(o.Of(t.Context(), "another", mother))...); len(got) != 0 {
		t.Errorf("of another source: %v", got)
	}
}

func TestRefusesOrders(t *testing.T) {
	w := newWorld(t, "2.42")
	o := w.process(t, open(t, t.TempDir()+"/outbox.db"))
	for _, tc := range []struct {
		name  string
		order outbox.Order
		want  string // in the error
	}{
		{"no key", outbox.Order{Source: "test", Item: reply()}, "Key"},
		{"a key with a space", outbox.Order{Key: "a b", Source: "test", Item: reply()}, "Key"},
		{"no source", outbox.Order{Key: "a", Item: reply()}, "Source"},
		{"no item", outbox.Order{Key: "a", Source: "test"}, "Item"},
		{"no value", outbox.Order{Key: "a", Source: "test", Item: attribute("")}, "Value is needed"},
		{"no program", outbox.Order{Key: "a", Source: "test", Item: &outbox.Attribute{TrackedEntity: mother, Attribute: number, Value: "x"}}, "Program is needed"},
		{"no text", outbox.Order{Key: "a", Source: "test", Item: note("")}, "Text is needed"},
		{"a note on nothing", outbox.Order{Key: "a", Source: "test", Item: &outbox.Note{TrackedEntity: mother, Text: "x"}}, "Enrollment or Event is needed"},
		{"no stage", outbox.Order{Key: "a", Source: "test", Item: &outbox.Event{}}, "Stage is needed"},
		{"an empty value", outbox.Order{Key: "a", Source: "test", Item: &outbox.Event{Values: make([]outbox.Value, 1)}}, "each value"},
	} {
		if _, err := o.Put(t.Context(), tc.order); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q in it", tc.name, err, tc.want)
		}
	}
}

func TestRefusesConfig(t *testing.T) {
	_, err := outbox.New(t.Context(), outbox.Config{Workers: -1, Lease: time.Millisecond, Backoff: 2 * time.Hour})
	for _, want := range []string{"DB is needed", "Workers", "Lease", "Backoff"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: does not name %s", err, want)
		}
	}
	o, err := outbox.New(t.Context(), outbox.Config{DB: open(t, t.TempDir()+"/outbox.db")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.Once(t.Context())
	if run := o.Run(t.Context()); err == nil || run == nil {
		t.Error("works without a server")
	}
}

// clockSetBack: what waits for a time that a wrong clock has written
// is due at the next start.
func clockSetBack(t *testing.T, url string) {
	w := newWorld(t, "2.42")
	db := open(t, url)
	w.advance(48 * time.Hour)
	put(t, w.process(t, db), "reply/1", reply())
	w.advance(-48 * time.Hour)
	if c := once(t, w.process(t, db)); c.Results[outbox.Written] != 1 {
		t.Errorf("it still waits: %+v", c)
	}
}

func TestStrip(t *testing.T) {
	w, db := newWorld(t, "2.42"), open(t, t.TempDir()+"/outbox.db")
	o := w.process(t, db)
	uid := put(t, o, "reply/1", reply())
	once(t, o)
	stranger := w.process(t, open(t, t.TempDir()+"/another.db"), func(c *outbox.Config) { c.Username = as("somebody") })
	for _, tc := range []struct {
		name  string
		o     *outbox.Outbox
		taken int
	}{
		{"who has lost the orders", w.process(t, open(t, t.TempDir()+"/x.db")), 1}, // by its user
		{"who has the order", w.process(t, db, func(c *outbox.Config) { c.Username = nil }), 1},
		{"somebody else", stranger, 0},
	} {
		te := w.stands(t)
		taken, err := tc.o.Strip(t.Context(), te)
		if err != nil || taken != tc.taken || len(te.Enrollments[0].Events) != 2-tc.taken || te.Enrollments[0].Events[0].Event == uid && taken > 0 {
			t.Errorf("%s: took %d, %v; want %d", tc.name, taken, err, tc.taken)
		}
	}
	if _, found, err := stranger.Origin(t.Context(), uid); found || err != nil {
		t.Errorf("a stranger knows the order: %v", err)
	}
}

// TestMarked: what DHIS2 makes is not taken for ours.
func TestMarked(t *testing.T) {
	w := newWorld(t, "2.42")
	o := w.process(t, open(t, t.TempDir()+"/outbox.db"))
	if uid := put(t, o, "reply/1", reply()); !outbox.Marked(uid) {
		t.Errorf("%s is not marked", uid)
	}
	if outbox.Marked(dhis2.UID{}) {
		t.Error("no UID is marked")
	}
	for i := range 100_000 {
		if uid := dhis2.MustUID(fmt.Sprintf("Sbx%08d", i)); outbox.Marked(uid) {
			t.Errorf("%s is marked", uid)
		}
	}
	// The mark never changes: objects in DHIS2 carry it.
	if !outbox.Marked(dhis2.MustUID(golden)) {
		t.Errorf("%s, made by an earlier version, is not marked", golden)
	}
}

const golden = "SbxOnejNoj8"

func TestMetrics(t *testing.T) {
	w := newWorld(t, "2.42")
	o := w.process(t, open(t, t.TempDir()+"/outbox.db"))
	put(t, o, "reply/1", reply())
	once(t, o)
	put(t, o, "reply/2", reply())
	w.advance(90 * time.Second)
	var b strings.Builder
	o.WriteMetrics(&b)
	for _, want := range []string{
		`nehrbridge_outbox_tries_total{kind="event",result="written"} 1`,
		`nehrbridge_outbox_tries_total{kind="note",result="retry"} 0`,
		`nehrbridge_outbox_orders{state="waiting"} 1`,
		`nehrbridge_outbox_orders{state="dead-letter"} 0`,
		`nehrbridge_outbox_oldest_seconds 90`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s is not in\n%s", want, b.String())
		}
	}
}
