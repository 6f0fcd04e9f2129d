package changes_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

var ctx = context.Background()

var start = time.Date(2026, 3, 2, 4, 30, 0, 0, time.UTC)

// world is a DHIS2 look-alike with a ledger and a poller.
type world struct {
	*testing.T
	dhis   *sandbox.Server
	client *api.Client
	ledger *changes.Ledger
	source *spy
	poll   changes.PollConfig
	poller *changes.Poller
}

// spy passes everything on, and lets a test act in between.
type spy struct {
	changes.Source
	before func(list string, q api.Query)
	asked  []string // list and fields
}

func (s *spy) note(list string, q api.Query) {
	s.asked = append(s.asked, list+" "+q.Fields)
	if s.before != nil {
		s.before(list, q)
	}
}

func (s *spy) TrackedEntities(ctx context.Context, q api.Query) (*dhis2.Page[dhis2.TrackedEntity], error) {
	s.note("trackedEntities", q)
	return s.Source.TrackedEntities(ctx, q)
}

func (s *spy) Enrollments(ctx context.Context, q api.Query) (*dhis2.Page[dhis2.Enrollment], error) {
	s.note("enrollments", q)
	return s.Source.Enrollments(ctx, q)
}

func (s *spy) Events(ctx context.Context, q api.Query) (*dhis2.Page[dhis2.Event], error) {
	s.note("events", q)
	return s.Source.Events(ctx, q)
}

func newLedger(t testing.TB, now func() time.Time) *changes.Ledger {
	t.Helper()
	l, err := changes.New(ctx, changes.Config{DB: opener(t, filepath.Join(t.TempDir(), "ledger.db"))(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// newWorld makes a server with n entities (see entity), created a day before.
func newWorld(t *testing.T, cfg sandbox.Config, n int) *world {
	t.Helper()
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return start }
	}
	dhis, err := sandbox.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, dhis: dhis}
	zone := cfg.Zone
	if zone == nil {
		zone, _ = time.LoadLocation("Asia/Colombo")
	}
	data := sandbox.Dataset{Programs: []dhis2.Program{sandbox.ANC()}}
	for i := range n {
		data.TrackedEntities = append(data.TrackedEntities, entity(i, cfg.Now().Add(-24*time.Hour+time.Duration(i)*time.Second), zone))
	}
	w.load(data)
	server := httptest.NewServer(dhis.Handler())
	t.Cleanup(server.Close)
	w.client, err = api.New(api.Config{BaseURL: server.URL, Token: sandbox.DefaultToken})
	if err != nil {
		t.Fatal(err)
	}
	w.source = &spy{Source: w.client}
	w.ledger = newLedger(t, dhis.Now)
	w.poll = changes.PollConfig{Source: w.source, Ledger: w.ledger, Programs: []dhis2.UID{sandbox.ANCProgram}, Now: dhis.Now}
	w.restart()
	return w
}

func (w *world) load(d sandbox.Dataset) {
	w.Helper()
	if err := w.dhis.Load(d); err != nil {
		w.Fatal(err)
	}
}

// restart makes a new poller, as a new process has.
func (w *world) restart() {
	w.Helper()
	p, err := changes.NewPoller(w.poll)
	if err != nil {
		w.Fatal(err)
	}
	w.poller = p
}

func te(i int) dhis2.UID { return dhis2.MustUID(fmt.Sprintf("Entity%05d", i)) }
func en(i int) dhis2.UID { return dhis2.MustUID(fmt.Sprintf("Enroll%05d", i)) }
func ev(i int) dhis2.UID { return dhis2.MustUID(fmt.Sprintf("Events%05d", i)) }

func stamp(at time.Time, zone *time.Location) dhis2.Timestamp {
	return dhis2.Timestamp(at.In(zone).Format("2006-01-02T15:04:05.000"))
}

// entity has one enrollment with one event.
func entity(i int, at time.Time, zone *time.Location) dhis2.TrackedEntity {
	s := stamp(at, zone)
	return dhis2.TrackedEntity{TrackedEntity: te(i), TrackedEntityType: sandbox.ANCType, CreatedAt: s, UpdatedAt: s,
		Enrollments: []dhis2.Enrollment{{Enrollment: en(i), Program: sandbox.ANCProgram, CreatedAt: s, UpdatedAt: s,
			Events: []dhis2.Event{{Event: ev(i), ProgramStage: dhis2.MustUID("Stage000001"), Status: dhis2.EventActive, CreatedAt: s, UpdatedAt: s}}}}}
}

func (w *world) sweep() changes.Sweep {
	w.Helper()
	s, err := w.poller.Sweep(ctx, sandbox.ANCProgram)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// drain carries everything out and returns which entities it was.
func (w *world) drain() []dhis2.UID {
	w.Helper()
	claims, err := w.ledger.Claim(ctx, 1_000_000)
	if err != nil {
		w.Fatal(err)
	}
	done := make([]changes.Completion, len(claims))
	uids := make([]dhis2.UID, len(claims))
	for i, c := range claims {
		done[i], uids[i] = changes.Completion{Claim: c}, c.TrackedEntity
	}
	if err := w.ledger.Complete(ctx, done...); err != nil {
		w.Fatal(err)
	}
	slices.SortFunc(uids, func(a, b dhis2.UID) int { return slices.Compare([]byte(a.String()), []byte(b.String())) })
	return uids
}

func (w *world) dirty(want ...dhis2.UID) {
	w.Helper()
	if got := w.drain(); !slices.Equal(got, want) {
		w.Errorf("dirty: got %v, want %v", got, want)
	}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func everyVersion(t *testing.T, f func(t *testing.T, version string)) {
	for _, version := range sandbox.Versions {
		t.Run(version, func(t *testing.T) { f(t, version) })
	}
}
