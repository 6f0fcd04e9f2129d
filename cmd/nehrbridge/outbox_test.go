package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/outbox"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// orders opens the outbox of the test's database.
func (s *testServers) orders(t *testing.T, do func(*outbox.Outbox)) {
	t.Helper()
	settings, err := config.Load("", s.env)
	mustDo(t, err)
	db, _, err := openLedger(t.Context(), settings)
	mustDo(t, err)
	o, err := outbox.New(t.Context(), outbox.Config{DB: db})
	mustDo(t, err)
	do(o)
	mustDo(t, db.Close())
}

// TestNoEcho: what came from the national record goes into DHIS2 and not back,
// also when the database with the orders is lost.
func TestNoEcho(t *testing.T) {
	s := startServersFor(t, 3, startNEHR(t))
	s.sync(t)
	before := versions(s.held(t))
	settings, err := config.Load("", s.env)
	mustDo(t, err)
	client, err := newDHIS2(settings)
	mustDo(t, err)
	mother := dhis2.MustUID("SbxMother01")
	te, err := client.TrackedEntity(t.Context(), mother, dhis2sandbox.ANCProgram, "")
	mustDo(t, err)
	en := te.Enrollments[0]
	var uid dhis2.UID
	s.orders(t, func(o *outbox.Outbox) {
		uid, err = o.Put(t.Context(), outbox.Order{Key: "reply/1", Source: "test", Item: &outbox.Event{TrackedEntity: mother,
			Enrollment: en.Enrollment, Program: en.Program, Stage: dhis2sandbox.ANCVisit, OrgUnit: en.OrgUnit, OccurredAt: "2026-03-09",
			Values: []outbox.Value{{Element: dhis2.MustUID("cw35l7X4hnV"), Value: "61.5"}}}})
		mustDo(t, err)
	})
	if got := s.command(t, exitDone, "outbox", "list"); !strings.Contains(got, `"state":"waiting"`) || !strings.Contains(got, uid.String()) {
		t.Errorf("waiting: %s", got)
	}
	if c, log := s.sync(t); c.DeadLetters+c.Review+c.Written > 0 || !strings.Contains(log, "brought back into DHIS2") {
		t.Errorf("counts %+v\n%s", c, log)
	}
	if _, err := client.Event(t.Context(), uid, "event"); err != nil {
		t.Errorf("DHIS2 does not hold it: %v", err)
	}
	s.sync(t)
	if diff := gocmp.Diff(before, versions(s.held(t))); diff != "" {
		t.Errorf("the reply came back: %s", diff)
	}
	// Without the orders the mark and the user remain.
	s.env = append(s.env, "NEHRBRIDGE_LEDGER_URL="+filepath.Join(t.TempDir(), "another.db"))
	s.sync(t)
	if diff := gocmp.Diff(before, versions(s.held(t))); diff != "" {
		t.Errorf("without the orders the reply came back: %s", diff)
	}
}

// TestOutboxCommands: dead letters are listed without values, tried again and
// given up.
func TestOutboxCommands(t *testing.T) {
	s := startServersFor(t, 3, startNEHR(t))
	var uid dhis2.UID
	s.orders(t, func(o *outbox.Outbox) {
		var err error
		uid, err = o.Put(context.Background(), outbox.Order{Key: "phn/1", Source: "test", Item: &outbox.Attribute{
			TrackedEntity: dhis2.MustUID("SbxNothing1"), Program: dhis2sandbox.ANCProgram, Attribute: dhis2.MustUID("IrUmPkFMDU5"), Value: "A-NUMBER"}})
		mustDo(t, err)
	})
	s.sync(t)
	got := s.command(t, exitFound, "outbox", "list")
	if !strings.Contains(got, `"state":"dead-letter"`) || !strings.Contains(got, `"cause":"404"`) || strings.Contains(got, "A-NUMBER") {
		t.Errorf("listed: %s", got)
	}
	s.command(t, exitUsage, "outbox")
	s.command(t, exitUsage, "outbox", "discard")
	s.command(t, exitUsage, "outbox", "discard", "nonsense")
	if got := s.command(t, exitDone, "outbox", "retry"); !strings.Contains(got, `"retried":1`) {
		t.Errorf("retry: %s", got)
	}
	s.sync(t)
	if got := s.command(t, exitDone, "outbox", "discard", uid.String()); !strings.Contains(got, `"discarded":1`) {
		t.Errorf("discard: %s", got)
	}
	if got := s.command(t, exitDone, "outbox", "list"); got != "" {
		t.Errorf("discarded, and listed: %s", got)
	}
}
