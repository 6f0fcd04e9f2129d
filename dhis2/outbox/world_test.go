package outbox_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/outbox"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// Objects of the sandbox's demo.
var (
	mother     = dhis2.MustUID("SbxMother01")
	enrollment = dhis2.MustUID("SbxEnrolM01")
	visit      = dhis2.MustUID("SbxEventM01")
	clinic     = dhis2.MustUID("SbxClinic01")
	number     = dhis2.MustUID("IrUmPkFMDU5") // the attribute of the personal health number
	weight     = dhis2.MustUID("cw35l7X4hnV")
)

// promises are what the outbox keeps to on each database.
var promises = []struct {
	name string
	test func(t *testing.T, url string)
}{
	{"EachKindStandsOnce", eachKindStandsOnce},
	{"AnswersFindTheirPlace", answersFindTheirPlace},
	{"ContentIsWiped", contentIsWiped},
	{"ReplicasSendOnce", replicasSendOnce},
	{"PutWithTheCallersRecord", putWithTheCallersRecord},
	{"OneKeyOneOrder", oneKeyOneOrder},
	{"PutAtOnce", putAtOnce},
	{"OrdersOfAWoman", ordersOfAWoman},
	{"TestD083_ClockSetBack", clockSetBack},
	{"TestD083_Killed", killed},
	{"Run", run},
	{"Model", model},
}

func TestOnSQLite(t *testing.T) {
	for _, p := range promises {
		t.Run(p.name, func(t *testing.T) { p.test(t, filepath.Join(t.TempDir(), "outbox.db")) })
	}
}

func TestOnPostgreSQL(t *testing.T) {
	cluster := postgrestest.Start(t, "max_connections=100")
	for _, p := range promises {
		t.Run(p.name, func(t *testing.T) { p.test(t, cluster.Database(t)) })
	}
}

// world is a DHIS2, and the clock of the outbox.
type world struct {
	dhis2  *sandbox.Server
	client *api.Client
	base   string
	gate   atomic.Pointer[gate]
	ms     atomic.Int64
	writes atomic.Int64 // requests that write, as the server got them
}

// gate is told of a request that writes before and after it is carried out.
type gate struct{ before, after func() }

func (w *world) now() time.Time          { return time.UnixMilli(w.ms.Load()) }
func (w *world) advance(d time.Duration) { w.ms.Add(d.Milliseconds()) }

func newWorld(t testing.TB, version string) *world {
	t.Helper()
	w := &world{}
	w.ms.Store(time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC).UnixMilli())
	var err error
	if w.dhis2, err = sandbox.New(sandbox.Config{Version: version}); err != nil {
		t.Fatal(err)
	}
	data, err := sandbox.Demo(sandbox.DemoConfig{Mothers: 1})
	if err != nil {
		t.Fatal(err)
	}
	data.TrackedEntities = []dhis2.TrackedEntity{anyMother(mother, enrollment, visit)}
	if err := w.dhis2.Load(data); err != nil {
		t.Fatal(err)
	}
	next := w.dhis2.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			next.ServeHTTP(rw, r)
			return
		}
		w.writes.Add(1)
		g := w.gate.Load()
		if g != nil && g.before != nil {
			g.before()
		}
		recorded := httptest.NewRecorder()
		next.ServeHTTP(recorded, r)
		if g != nil && g.after != nil {
			g.after()
		}
		for name, values := range recorded.Header() {
			rw.Header()[name] = values
		}
		rw.WriteHeader(recorded.Code)
		_, _ = rw.Write(recorded.Body.Bytes())
	}))
	t.Cleanup(server.Close)
	w.base = server.URL
	w.client = client(t, w.base)
	return w
}

func client(t testing.TB, base string) *api.Client {
	t.Helper()
	c, err := api.New(api.Config{BaseURL: base, Token: sandbox.DefaultToken, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func anyMother(te, en, ev dhis2.UID) dhis2.TrackedEntity {
	return dhis2.TrackedEntity{TrackedEntity: te, TrackedEntityType: sandbox.ANCType, OrgUnit: clinic,
		Enrollments: []dhis2.Enrollment{{Enrollment: en, TrackedEntity: te, Program: sandbox.ANCProgram, OrgUnit: clinic,
			EnrolledAt: "2026-02-01", OccurredAt: "2026-02-01", Status: dhis2.EnrollmentActive,
			Events: []dhis2.Event{{Event: ev, Program: sandbox.ANCProgram, ProgramStage: sandbox.ANCVisit, Enrollment: en, TrackedEntity: te,
				OrgUnit: clinic, OccurredAt: "2026-02-02", Status: dhis2.EventCompleted}}}}}
}

// open opens a database with the outbox's table.
func open(t testing.TB, url string) *database.DB {
	t.Helper()
	db, err := database.Open(context.Background(), database.Config{URL: url, Migrations: []database.Migrations{outbox.Migrations()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// as is a user that the outbox signs in as.
func as(name string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return name, nil }
}

// process is an outbox on a database, with the world's clock.
func (w *world) process(t testing.TB, db *database.DB, change ...func(*outbox.Config)) *outbox.Outbox {
	t.Helper()
	cfg := outbox.Config{DB: db, Server: w.client, Now: w.now, Username: as(sandbox.DefaultUsername)}
	for _, c := range change {
		c(&cfg)
	}
	o, err := outbox.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func put(t testing.TB, o *outbox.Outbox, key string, item outbox.Item) dhis2.UID {
	t.Helper()
	uid, err := o.Put(t.Context(), outbox.Order{Key: key, Source: "test", Item: item})
	if err != nil {
		t.Fatal(err)
	}
	return uid
}

func attribute(value string) *outbox.Attribute {
	return &outbox.Attribute{TrackedEntity: mother, Program: sandbox.ANCProgram, Attribute: number, Value: value}
}

func reply() *outbox.Event {
	return &outbox.Event{TrackedEntity: mother, Enrollment: enrollment, Program: sandbox.ANCProgram, Stage: sandbox.ANCVisit,
		OrgUnit: clinic, OccurredAt: "2026-03-01", Values: []outbox.Value{{Element: weight, Value: "61.5"}}}
}

func note(text string) *outbox.Note {
	return &outbox.Note{TrackedEntity: mother, Enrollment: enrollment, Event: visit, Text: text}
}

// stands is what DHIS2 holds of the mother.
func (w *world) stands(t testing.TB) *dhis2.TrackedEntity {
	t.Helper()
	te, err := w.client.TrackedEntity(context.Background(), mother, sandbox.ANCProgram, "")
	if err != nil {
		t.Fatal(err)
	}
	return te
}

func (w *world) number(t testing.TB) string {
	t.Helper()
	for _, a := range w.stands(t).Attributes {
		if a.Attribute == number {
			return a.Value
		}
	}
	return ""
}

// made counts the events besides the first, and the notes on that.
func (w *world) made(t testing.TB) (events, notes int) {
	t.Helper()
	for _, ev := range w.stands(t).Enrollments[0].Events {
		if ev.Event == visit {
			notes += len(ev.Notes)
		} else {
			events++
		}
	}
	return events, notes
}

// letter is the order of a key.
func letter(t testing.TB, o *outbox.Outbox, key string) outbox.Letter {
	t.Helper()
	l, found, err := o.Get(context.Background(), key)
	if err != nil || !found {
		t.Fatalf("order %s: found %t, %v", key, found, err)
	}
	return l
}

// once brings what is due and demands that nothing fails.
func once(t testing.TB, o *outbox.Outbox) outbox.Counts {
	t.Helper()
	c, err := o.Once(context.Background())
	if err != nil || c.Dead+c.Later > 0 {
		t.Fatalf("once: %+v, %v", c, err)
	}
	return c
}
