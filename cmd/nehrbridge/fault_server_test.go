package main

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/dhis2"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// anotherDHIS2 is a clone of the demonstration data with another systemId, as
// a test server that was put behind the address by mistake.
func anotherDHIS2(t *testing.T, mothers int) *dhis2sandbox.Server {
	t.Helper()
	s, err := dhis2sandbox.New(dhis2sandbox.Config{SystemID: "00000000-0000-4000-8000-00000000c10e"})
	if err != nil {
		t.Fatal(err)
	}
	set, err := dhis2sandbox.Demo(dhis2sandbox.DemoConfig{Mothers: mothers, Now: time.Date(2026, 3, 10, 6, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Load(set); err != nil {
		t.Fatal(err)
	}
	return s
}

// swap puts another server behind a gate.
func (g *gate) swap(next http.Handler) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.next = next
}

// lockedBuffer can be read while a command writes to it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start runs a command until the test ends; its exit code comes by the
// channel.
func (s *testServers) start(t *testing.T, args ...string) (<-chan int, *lockedBuffer, context.CancelFunc) {
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	errs, ended := &lockedBuffer{}, make(chan int, 1)
	go func() { ended <- run(ctx, args, stdio{strings.NewReader(""), &bytes.Buffer{}, errs, s.env}) }()
	return ended, errs, stop
}

// TestAnotherDHIS2: behind the same address stands a clone in which somebody
// has tried things out. Nothing of it reaches the record, at the start and
// while the agent runs: it ends with exit code 2 and says how to go on.
func TestAnotherDHIS2(t *testing.T) {
	b := newFaultBench(t, 3)
	mustDo(t, b.db.Close())
	if code, _, errs := b.once(t); code != exitDone {
		t.Fatal(errs)
	}
	before := versions(b.held(t))
	clone := anotherDHIS2(t, 3)
	tried := &testServers{dhis2: clone, nehr: b.nehr}
	tried.correctHaemoglobin(t, b.held(t))
	refused := func(t *testing.T, code int, errs string) {
		t.Helper()
		if code != exitUsage || !strings.Contains(errs, "dhis2.systemId") || !strings.Contains(errs, "point it to the right server") {
			t.Errorf("exit code %d, want %d: %s", code, exitUsage, errs)
		}
		if diff := cmp.Diff(before, versions(b.held(t))); diff != "" {
			t.Errorf("the record changed:\n%s", diff)
		}
	}
	t.Run("at the start", func(t *testing.T) {
		b.dhis2Gate.swap(clone.Handler())
		defer b.dhis2Gate.swap(b.dhis2.Handler())
		code, _, errs := b.once(t)
		refused(t, code, errs)
		ended, log, _ := b.start(t, "sync")
		refused(t, <-ended, log.String())
	})
	t.Run("while it runs", func(t *testing.T) {
		b.env = append(b.env, "NEHRBRIDGE_DHIS2_POLL=1s")
		ended, log, _ := b.start(t, "sync")
		// At once: what is under way is not written from the clone either.
		await(t, "the watch", func() bool { return strings.Contains(log.String(), "watching DHIS2") })
		b.dhis2Gate.swap(clone.Handler())
		defer b.dhis2Gate.swap(b.dhis2.Handler())
		refused(t, <-ended, log.String())
	})
	t.Run("the right one again", func(t *testing.T) {
		if code, c, errs := b.once(t); code != exitDone || c.Written != 0 {
			t.Errorf("exit code %d, %+v: %s", code, c, errs)
		}
	})
	t.Run("and it is meant", func(t *testing.T) {
		b.dhis2Gate.swap(clone.Handler())
		if code, c, errs := b.once(t, "--accept-servers"); code != exitDone || c.Written != 1 {
			t.Errorf("exit code %d, %+v, want the one that differs written: %s", code, c, errs)
		}
		if code, _, errs := b.once(t); code != exitDone {
			t.Errorf("afterwards without the flag: exit code %d: %s", code, errs)
		}
	})
}

// once runs `sync --once`.
func (s *testServers) once(t *testing.T, flags ...string) (int, counts, string) {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), append([]string{"sync", "--once"}, flags...), stdio{strings.NewReader(""), &out, &errs, s.env})
	return code, decodeCounts(t, out.Bytes()), errs.String()
}

// markAll puts everybody on the list, as a reconcile or a new map does.
func (b *faultBench) markAll(t *testing.T, force bool) {
	t.Helper()
	if _, err := b.ledger.MarkProgram(t.Context(), b.program(t), force); err != nil {
		t.Fatal(err)
	}
}

// TestLostRightsTakeNothingBack: the user loses rights between the look for
// changes and the work on them. DHIS2 then shows less without an error, or
// answers 404. Nothing is concluded from it, and all goes on when they are
// back.
func TestLostRightsTakeNothingBack(t *testing.T) {
	admin := dhis2sandbox.User{User: dhis2.User{ID: dhis2.MustUID("SbxAdmin001"), Username: dhis2sandbox.DefaultUsername, FirstName: "Sandbox", Surname: "Administrator"},
		Password: dhis2sandbox.DefaultPassword, Tokens: []string{dhis2sandbox.DefaultToken}, Authorities: []string{"ALL"}}
	for _, test := range []struct {
		name string
		lose func(*faultBench)
	}{
		{"its organisation units", func(b *faultBench) {
			u := admin
			u.Authorities, u.Capture = nil, []dhis2.UID{}
			b.dhis2.SetUser(u)
		}},
		{"its programs", func(b *faultBench) {
			u := admin
			u.Programs = []dhis2.UID{}
			b.dhis2.SetUser(u)
		}},
		{"its token", func(b *faultBench) { b.dhis2.RevokeToken(dhis2sandbox.DefaultToken) }},
		{"the server, for a page of its proxy", func(b *faultBench) { b.dhis2Gate.set(nil, say(404, "text/html", page)) }},
		{"the server, for another", func(b *faultBench) { b.dhis2Gate.swap(emptyDHIS2(t).Handler()) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newFaultBench(t, 3)
			g := b.agent(t)
			if where, err := b.look(t, g); where != "carry" || err != nil {
				t.Fatalf("%s: %v", where, err)
			}
			before := b.all(t)
			b.markAll(t, true)
			test.lose(b)
			if err := b.carry(t, g); err == nil {
				t.Error("a lost right was not noticed")
			}
			if diff := cmp.Diff(before, b.all(t)); diff != "" {
				t.Errorf("the record changed:\n%s", diff)
			}
			for uid, e := range b.entries(t) {
				if e.wait < 0 {
					t.Errorf("%s is set aside as %s", uid, e.class)
				}
			}
			b.dhis2Gate.heal()
			b.dhis2Gate.swap(b.dhis2.Handler())
			b.dhis2.SetUser(admin)
			b.now = b.now.Add(time.Hour)
			mustLook(t, b)
			if left := b.entries(t); len(left) > 0 {
				t.Errorf("%d are left when the rights are back", len(left))
			}
			if diff := cmp.Diff(before, b.all(t)); diff != "" {
				t.Errorf("the record changed when the rights were back:\n%s", diff)
			}
		})
	}
}

// emptyDHIS2 knows the programs and nobody in them.
func emptyDHIS2(t *testing.T) *dhis2sandbox.Server {
	t.Helper()
	s := anotherDHIS2(t, 3)
	for i := range 3 {
		mustDo(t, s.Purge(dhis2.MustUID("SbxMother0"+string(rune('0'+i)))))
	}
	return s
}

// TestDHIS2RestoredFromABackup: the same server holds what it held days ago,
// without the mother and the value that came since. Its times are older than
// the low-water mark, so no look for changes shows it: the record keeps what
// it holds, and nothing breaks. A look at everybody (a reconcile) brings the
// record to what DHIS2 says now.
func TestDHIS2RestoredFromABackup(t *testing.T) {
	b := newFaultBench(t, 3)
	old, _ := startDHIS2(t, 3) // the backup
	added := dhis2.MustUID("SbxMother01")
	mustDo(t, old.Purge(added))
	event, value := b.correctHaemoglobin(t, carried(t, b))
	mustLook(t, b)
	before := b.all(t)
	if len(b.patients(t)) < 3 {
		t.Fatal("too few mothers")
	}

	b.dhis2Gate.swap(old.Handler())
	b.dhis2 = old
	mustLook(t, b)
	if diff := cmp.Diff(before, b.all(t)); diff != "" {
		t.Errorf("a look for changes concluded something:\n%s", diff)
	}
	patients := len(b.patients(t))
	b.markAll(t, false)
	mustLook(t, b)
	if got := about(b.held(t), "Observation", event+"-cw35l7X4hnV").Get("valueQuantity", "value").Scalar(); got == value {
		t.Error("the record holds a value that DHIS2 does not know any more")
	}
	if got := len(b.patients(t)); got != patients-1 {
		t.Errorf("%d mothers, want one less than %d: DHIS2 does not know her", got, patients)
	}
	if left := b.entries(t); len(left) > 0 {
		t.Errorf("%d are left", len(left))
	}
}

// TestNEHRReplacedByAnEmptyOne: the record was set up anew behind its address,
// which no pin can see. The next change of a mother writes all of her, and a
// forced look at everybody brings back the rest; nothing becomes a dead letter.
func TestNEHRReplacedByAnEmptyOne(t *testing.T) {
	b := newFaultBench(t, 3)
	mustLook(t, b)
	before := b.all(t)
	held := b.held(t)
	fresh := newFaultBench(t, 3)
	b.nehrGate.swap(fresh.nehrGate.next)
	b.nehr = fresh.nehr

	event, value := b.correctHaemoglobin(t, held)
	mustLook(t, b)
	now := b.held(t)
	if got := about(now, "Observation", event+"-cw35l7X4hnV").Get("valueQuantity", "value").Scalar(); got != value {
		t.Error("the correction did not arrive")
	}
	if len(b.patients(t)) != 1 {
		t.Errorf("%d mothers, want the one who changed", len(b.patients(t)))
	}
	b.markAll(t, true)
	mustLook(t, b)
	after := b.all(t)
	for key := range before {
		if after[key] == "" {
			t.Errorf("%s did not come back", key)
		}
	}
	changed := 0
	for key, text := range after {
		if before[key] != text {
			changed++
		}
	}
	if changed != 1 || len(after) != len(before) {
		t.Errorf("%d resources differ, of %d and %d before: want the corrected one", changed, len(after), len(before))
	}
}

// carried writes everybody and gives what the record then holds.
func carried(t *testing.T, b *faultBench) map[string]*fhirjson.Value {
	t.Helper()
	mustLook(t, b)
	return b.held(t)
}

func decodeCounts(t *testing.T, line []byte) (c counts) {
	t.Helper()
	if len(line) > 0 {
		mustDo(t, json.Unmarshal(line, &c))
	}
	return c
}
