package changes_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

var unit = dhis2.MustUID("OrgUnit0001")

// syncUser is a user with just the rights it needs.
func syncUser(change func(*sandbox.User)) sandbox.Dataset {
	u := sandbox.User{User: dhis2.User{ID: dhis2.MustUID("SbxAdmin001"), Username: sandbox.DefaultUsername},
		Tokens: []string{sandbox.DefaultToken}, Authorities: []string{"F_TRACKED_ENTITY_INSTANCE_SEARCH_IN_ALL_ORGUNITS", "M_dhis-web-capture"},
		Capture: []dhis2.UID{unit}, Programs: []dhis2.UID{sandbox.ANCProgram}}
	if change != nil {
		change(&u)
	}
	return sandbox.Dataset{Users: []sandbox.User{u}, OrganisationUnits: []dhis2.OrganisationUnit{{ID: unit, Name: "Root", Path: "/" + unit.String(), Level: 1}}}
}

// TestLostRightsStopTheSweep: with less rights DHIS2 shows less, without an
// error. Whatever was lost, nothing is concluded until it is back.
func TestLostRightsStopTheSweep(t *testing.T) {
	for _, test := range []struct {
		name, lost string
		change     func(*sandbox.User)
	}{
		{"program", "program " + sandbox.ANCProgram.String(), func(u *sandbox.User) { u.Programs = []dhis2.UID{} }},
		{"unit", "organisation unit " + unit.String(), func(u *sandbox.User) { u.Capture = []dhis2.UID{} }},
		{"authority", "authority F_TRACKED", func(u *sandbox.User) { u.Authorities = u.Authorities[1:] }},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, sandbox.Config{}, 0)
			w.load(syncUser(nil))
			e := entity(1, start.Add(-time.Hour), w.dhis.Now().Location())
			e.OrgUnit = unit
			w.load(sandbox.Dataset{TrackedEntities: []dhis2.TrackedEntity{e}})
			w.sweep()
			w.dirty(te(1))

			w.dhis.Advance(time.Hour)
			w.load(syncUser(test.change))
			w.must(w.dhis.SetValue(ev(1), someElement, "x"))
			for range 2 { // a restart does not forget
				_, err := w.poller.Sweep(ctx, sandbox.ANCProgram)
				p, ok := errors.AsType[*changes.PermissionError](err)
				if !ok || !strings.HasPrefix(strings.Join(p.Lost, ","), test.lost) || !p.Alarm() {
					t.Fatalf("got %v, want that %s is lost", err, test.lost)
				}
				if _, err := w.poller.Reconcile(ctx, sandbox.ANCProgram); err == nil {
					t.Fatal("reconciled without rights")
				}
				w.dhis.Advance(time.Hour)
				w.restart()
			}
			w.dirty()
			w.load(syncUser(nil))
			w.sweep()
			w.dirty(te(1))
		})
	}
}

// TestRightsLostDuringASweep: the mark must not rise over what was hidden.
func TestRightsLostDuringASweep(t *testing.T) {
	w := newWorld(t, sandbox.Config{}, 0)
	w.load(syncUser(nil))
	w.sweep()
	w.dhis.Advance(time.Hour)
	w.source.before = func(list string, _ api.Query) {
		if list == "enrollments" {
			w.load(syncUser(func(u *sandbox.User) { u.Capture = []dhis2.UID{} }))
		}
	}
	_, err := w.poller.Sweep(ctx, sandbox.ANCProgram)
	if _, ok := errors.AsType[*changes.PermissionError](err); !ok {
		t.Fatalf("got %v, want a *changes.PermissionError", err)
	}
	marks, err := w.ledger.LowWater(ctx)
	w.must(err)
	if !marks[sandbox.ANCProgram].Equal(start) {
		t.Errorf("the mark rose to %v", marks[sandbox.ANCProgram])
	}
}

func TestALossOfRightsThatIsMeant(t *testing.T) {
	w := newWorld(t, sandbox.Config{}, 0)
	w.load(syncUser(nil))
	w.sweep()
	w.load(syncUser(func(u *sandbox.User) { u.Authorities = u.Authorities[1:] }))
	w.poll.AcceptRights = true
	w.restart()
	w.sweep()
	w.poll.AcceptRights = false
	w.restart()
	w.sweep()
}

func TestMassDisappearanceIsAnAlarm(t *testing.T) {
	w := newWorld(t, sandbox.Config{}, 40)
	w.sweep()
	w.drain()
	for i := range 10 {
		w.must(w.dhis.Purge(te(i)))
	}
	r, err := w.poller.Reconcile(ctx, sandbox.ANCProgram)
	w.must(err)
	if r.Missing != 10 || r.Shown != 30 {
		t.Errorf("got %+v, want 10 missing", r)
	}
	if got := w.drain(); len(got) != 10 {
		t.Errorf("marked %d, want the 10 that are missing", len(got))
	}
	w.must(w.dhis.Purge(te(10)))
	_, err = w.poller.Reconcile(ctx, sandbox.ANCProgram)
	e, ok := errors.AsType[*changes.DisappearanceError](err)
	if !ok || e.Missing != 11 || e.Known != 40 || !e.Alarm() {
		t.Fatalf("got %v, want a *changes.DisappearanceError of 11", err)
	}
	w.dirty() // nothing was concluded
}

// TestD079_ReconcileFindsWhatPollingLost marks an entity that the ledger
// never heard of.
func TestD079_ReconcileFindsWhatPollingLost(t *testing.T) {
	everyVersion(t, func(t *testing.T, version string) {
		w := newWorld(t, sandbox.Config{Version: version}, 7)
		w.poll.PageSize = 2
		w.restart()
		w.sweep()
		w.drain()
		w.load(sandbox.Dataset{TrackedEntities: []dhis2.TrackedEntity{entity(20, start.Add(-900*time.Hour), w.dhis.Now().Location())}})
		w.dhis.Advance(time.Hour)
		w.sweep()
		w.dirty()
		r, err := w.poller.Reconcile(ctx, sandbox.ANCProgram)
		w.must(err)
		if r.New != 1 || r.Shown != 8 || r.Missing != 0 {
			t.Errorf("got %+v, want one new of 8", r)
		}
		w.dirty(te(20))
	})
}
