package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-json-experiment/json"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/phn"
	"github.com/nehrbridge/nehrbridge/nehr/phn/registry"
	nehrsandbox "github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// enrolled are women whom devices without a plugin have enrolled, and servers that
// tests stand before.
type enrolled struct {
	*testServers
	t       *testing.T
	asked   atomic.Pointer[func(r *http.Request)] // before a request reaches the record
	written atomic.Pointer[func(r *http.Request)] // before one that writes reaches DHIS2
	answer  atomic.Pointer[func()]                // after DHIS2 has carried it out
	away    atomic.Bool                           // the record
	drops   atomic.Bool                           // DHIS2 drops what writes
}

var (
	numberOfHers = dhis2.MustUID("IrUmPkFMDU5")
	nameOfHers   = dhis2.MustUID("VQl0wK3eqiw")
	bornOfHers   = dhis2.MustUID("Yie7mOY913J")
	phoneOfHers  = dhis2.MustUID("gGAQeOr1Pgu")
)

func newEnrolled(t *testing.T, env ...string) *enrolled {
	e := &enrolled{t: t, testServers: &testServers{}}
	var err error
	e.dhis2, err = dhis2sandbox.New(dhis2sandbox.Config{})
	mustDo(t, err)
	set, err := dhis2sandbox.Demo(dhis2sandbox.DemoConfig{Mothers: 1})
	mustDo(t, err)
	set.TrackedEntities = nil
	mustDo(t, e.dhis2.Load(set))
	next := e.dhis2.Handler()
	one := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			next.ServeHTTP(w, r)
			return
		}
		if f := e.written.Load(); f != nil {
			(*f)(r)
		}
		if e.drops.Load() {
			panic(http.ErrAbortHandler)
		}
		recorded := httptest.NewRecorder()
		next.ServeHTTP(recorded, r)
		if f := e.answer.Load(); f != nil {
			(*f)()
		}
		for name, values := range recorded.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(recorded.Code)
		_, _ = io.Copy(w, recorded.Body)
	}))
	t.Cleanup(one.Close)
	record, err := nehrsandbox.New(nehrsandbox.Config{})
	mustDo(t, err)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := e.asked.Load(); f != nil && strings.HasSuffix(r.URL.Path, "/_search") {
			(*f)(r)
		}
		if e.away.Load() {
			panic(http.ErrAbortHandler)
		}
		record.Handler().ServeHTTP(w, r)
	}))
	t.Cleanup(func() { other.Close(); record.Close() })
	points := filepath.Join(t.TempDir(), "points.yaml")
	mustDo(t, os.WriteFile(points, []byte("points:\n  SbxClinic01: \"1234\"\n  SbxClinic03: \"5678\"\n"), 0o600))
	e.env = append([]string{"NEHRBRIDGE_DHIS2_URL=" + one.URL, "NEHRBRIDGE_DHIS2_TOKEN=" + dhis2sandbox.DefaultToken,
		"NEHRBRIDGE_NEHR_URL=" + other.URL + "/fhir", "NEHRBRIDGE_DATA_DIR=" + t.TempDir(), "NEHRBRIDGE_PHN_POINTS=" + points}, env...)
	return e
}

// enrol is what a device does.
func (e *enrolled) enrol(i int, unit, name, born, phone, number string) dhis2.UID {
	e.t.Helper()
	uid := dhis2.MustUID(fmt.Sprintf("SbxMother%02d", i))
	te := dhis2.TrackedEntity{TrackedEntity: uid, TrackedEntityType: dhis2sandbox.ANCType, OrgUnit: dhis2.MustUID(unit),
		Enrollments: []dhis2.Enrollment{{Enrollment: dhis2.MustUID(fmt.Sprintf("SbxEnrolM%02d", i)), TrackedEntity: uid, Program: dhis2sandbox.ANCProgram,
			OrgUnit: dhis2.MustUID(unit), EnrolledAt: "2026-02-01", OccurredAt: "2026-02-01", Status: dhis2.EnrollmentActive}}}
	for a, v := range map[dhis2.UID]string{nameOfHers: name, bornOfHers: born, phoneOfHers: phone, numberOfHers: number} {
		if v != "" {
			te.Attributes = append(te.Attributes, dhis2.Attribute{Attribute: a, Value: v})
		}
	}
	mustDo(e.t, e.dhis2.Put(te))
	return uid
}

// nilmini is one woman, who does not exist.
func (e *enrolled) nilmini(i int) dhis2.UID {
	return e.enrol(i, "SbxClinic01", "Nilmini Udaharana", "1991-04-05", "0770000123", "")
}

// line is one of the work list.
type line struct {
	UID         dhis2.UID `json:"uid"`
	OrgUnit     dhis2.UID `json:"orgUnit"`
	Problem     string    `json:"problem"`
	Outcome     outcome   `json:"outcome"`
	Reason      string    `json:"reason"`
	Provisional bool      `json:"provisional"`
}

// worklist runs the command. Nothing of a woman but UIDs is in what it says.
func (e *enrolled) worklist(code int, args ...string) (lines []line) {
	e.t.Helper()
	var out, errs bytes.Buffer
	if got := run(e.t.Context(), append([]string{"phn", "worklist"}, args...), stdio{strings.NewReader(""), &out, &errs, e.env}); got != code {
		e.t.Fatalf("exit code %d, want %d\n%s%s", got, code, out.String(), errs.String())
	}
	for _, value := range []string{"Nilmini", "Udaharana", "1991-04-05", "0770000123", "770000123", "TYPED", `"1234`} {
		if strings.Contains(out.String()+errs.String(), value) {
			e.t.Errorf("%s is in\n%s%s", value, out.String(), errs.String())
		}
	}
	for text := range strings.Lines(out.String()) {
		var l line
		mustDo(e.t, json.Unmarshal([]byte(text), &l))
		lines = append(lines, l)
	}
	return lines
}

// became demands what the command says of each woman, in their order.
func (e *enrolled) became(code int, want ...line) {
	e.t.Helper()
	got := e.worklist(code, "--issue")
	for i := range got {
		got[i].OrgUnit, got[i].Problem = dhis2.UID{}, ""
	}
	if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(dhis2.UID{})); diff != "" {
		e.t.Error(diff)
	}
}

// number is that which DHIS2 holds of a woman.
func (e *enrolled) number(uid dhis2.UID) string {
	e.t.Helper()
	w, err := (&app{stdio: stdio{environ: e.env}}).newWorklist(e.t.Context(), "", "")
	mustDo(e.t, err)
	te, err := w.dhis2.TrackedEntity(e.t.Context(), uid, dhis2sandbox.ANCProgram, "trackedEntity,attributes[attribute,value]")
	mustDo(e.t, err)
	for _, a := range te.Attributes {
		if a.Attribute == numberOfHers {
			return a.Value
		}
	}
	return ""
}

// states are how many numbers the registry has in each state.
func (e *enrolled) states() map[string]int {
	e.t.Helper()
	s, err := (&app{stdio: stdio{environ: e.env}}).settings()
	mustDo(e.t, err)
	db, err := database.Open(e.t.Context(), database.Config{URL: s.Ledger.URL.Reveal(), Migrations: []database.Migrations{registry.Migrations()}})
	mustDo(e.t, err)
	defer db.Close()
	states := map[string]int{}
	mustDo(e.t, db.Read(e.t.Context(), func(tx database.Tx) error {
		return tx.Each(`SELECT state, COUNT(*) FROM phn_number GROUP BY state`, nil, func(scan func(...any) error) error {
			var state string
			var n int64
			err := scan(&state, &n)
			states[state] = int(n)
			return err
		})
	}))
	return states
}

func (e *enrolled) has(want map[string]int) {
	e.t.Helper()
	if diff := gocmp.Diff(want, e.states()); diff != "" {
		e.t.Errorf("numbers of the registry: %s", diff)
	}
}

// TestD071_Worklist: who was enrolled without a number is listed, gets one of the
// clinic's point of issue, and is carried to the national record.
func TestD071_Worklist(t *testing.T) {
	e := newEnrolled(t)
	her := e.nilmini(1)
	e.enrol(2, "SbxClinic03", "Sita Mathiri", "1993-01-02", "0770000124", "")
	e.enrol(3, "SbxClinic01", "Anoma Sample", "1990-01-02", "0770000125", "45A1DRK7HX4")
	cancelled := e.enrol(4, "SbxClinic01", "By Mistake", "1990-05-02", "0770000126", "")
	mustDo(t, e.dhis2.SetEnrollmentStatus(dhis2.MustUID("SbxEnrolM04"), dhis2.EnrollmentCancelled))

	listed := e.worklist(exitDone)
	if len(listed) != 2 || listed[0].UID != her || listed[0].OrgUnit != dhis2.MustUID("SbxClinic01") || listed[0].Problem != numberMissing {
		t.Errorf("listed %+v", listed)
	}
	if listed := e.worklist(exitDone, "--org-unit", "SbxDistrct2", "--program", dhis2sandbox.ANCProgram.String()); len(listed) != 1 || listed[0].UID == her {
		t.Errorf("below the district %+v", listed)
	}
	e.worklist(exitUsage, "--org-unit", "nonsense")
	e.worklist(exitUsage, "--program", "SbxNothing1")

	e.became(exitDone, line{UID: her, Outcome: gotNumber}, line{UID: dhis2.MustUID("SbxMother02"), Outcome: gotNumber})
	number := e.number(her)
	if _, err := phn.NDHGS2.Parse(number); err != nil || !strings.HasPrefix(number, "1234") {
		t.Errorf("her number is not of the point of issue: %v", err)
	}
	e.has(map[string]int{"issued": 2})
	if e.number(cancelled) != "" {
		t.Error("who was enrolled by mistake got a number")
	}
	if c, _ := e.sync(t); c.Written != 3 || c.DeadLetters+c.Review != 0 {
		t.Errorf("sync: %+v", c)
	}
	e.became(exitDone)
	e.has(map[string]int{"issued": 2})
}

// TestD036_WhoMayBeSomebodyElse: of two who may be one, of one whom the record holds
// and of one of whom too little is known, nothing is guessed.
func TestD036_WhoMayBeSomebodyElse(t *testing.T) {
	e := newEnrolled(t)
	first, second := e.nilmini(1), e.enrol(2, "SbxClinic03", "udaharana,  Nilmini", "1991-04-05", "0770000999", "")
	incomplete := e.enrol(3, "SbxClinic01", "Sita Mathiri", "1993-01-02", "", "")
	typed := e.enrol(4, "SbxClinic01", "Anoma Sample", "1990-01-02", "0770000125", "null")
	elsewhere := e.enrol(5, "SbxClinic02", "Dilani Demo", "1989-01-02", "0770000126", "")
	// In the record, and no more in DHIS2.
	known := e.enrol(6, "SbxClinic01", "Malini Mathiri", "1988-01-02", "0770000127", "45A1DRK7HX4")
	e.sync(t)
	mustDo(t, e.dhis2.Purge(known))
	again := e.enrol(7, "SbxClinic01", "Malini Mathiri", "1988-01-02", "0770000127", "")
	e.became(exitFound,
		line{UID: first, Outcome: forAPerson, Reason: "double"}, line{UID: second, Outcome: forAPerson, Reason: "double"},
		line{UID: incomplete, Outcome: forAPerson, Reason: "incomplete"}, line{UID: typed, Outcome: forAPerson, Reason: numberUnusable},
		line{UID: elsewhere, Outcome: cannotIssue, Reason: string(registry.CodePoint)}, line{UID: again, Outcome: forAPerson, Reason: "known"})
	e.has(map[string]int{})
	for _, uid := range []dhis2.UID{first, second, incomplete, elsewhere, again} {
		if e.number(uid) != "" {
			t.Errorf("%s got a number", uid)
		}
	}
}

// TestWorklistWithoutTheRecord: nothing is issued while nobody can be looked for, unless
// that is configured.
func TestWorklistWithoutTheRecord(t *testing.T) {
	e := newEnrolled(t)
	her := e.nilmini(1)
	e.away.Store(true)
	if got := e.worklist(exitUnreachable, "--issue"); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	e.has(map[string]int{})
	e.env = append(e.env, "NEHRBRIDGE_PHN_PROVISIONAL=true")
	e.became(exitDone, line{UID: her, Outcome: gotNumber, Provisional: true})
	e.has(map[string]int{"provisional": 1})
}

// TestTypedMeanwhile: a number that somebody typed before ours is written stays, ours is
// burnt, and the command says so.
func TestTypedMeanwhile(t *testing.T) {
	e := newEnrolled(t)
	her := e.nilmini(1)
	typing := func(*http.Request) { _ = e.dhis2.SetAttribute(her, numberOfHers, "TYPEDBYHAND") }
	e.asked.Store(&typing)
	e.became(exitDone, line{UID: her, Outcome: hadNumber})
	if e.number(her) != "TYPEDBYHAND" {
		t.Error("what was typed is replaced")
	}
	e.has(map[string]int{"burnt": 1})
	// When it turns out to be a mistake she gets another, not the burnt one.
	e.asked.Store(nil)
	mustDo(t, e.dhis2.SetAttribute(her, numberOfHers, ""))
	e.became(exitDone, line{UID: her, Outcome: gotNumber})
	e.has(map[string]int{"burnt": 1, "issued": 1})
	if _, err := phn.NDHGS2.Parse(e.number(her)); err != nil {
		t.Error(err)
	}
}

// TestDHIS2AwayWhileWriting: the number stays hers, and the next run writes it.
func TestDHIS2AwayWhileWriting(t *testing.T) {
	e := newEnrolled(t)
	her := e.nilmini(1)
	e.drops.Store(true)
	e.worklist(exitUnreachable, "--issue")
	e.has(map[string]int{"issued": 1})
	e.drops.Store(false)
	e.became(exitDone, line{UID: her, Outcome: gotNumber})
	if e.number(her) == "" {
		t.Error("her number is lost")
	}
	e.has(map[string]int{"issued": 1})
}

// TestTypedWhileAway: what was typed while an order waits stays, and the number is burnt
// by whoever runs next.
func TestTypedWhileAway(t *testing.T) {
	e := newEnrolled(t)
	her := e.nilmini(1)
	e.drops.Store(true)
	e.worklist(exitUnreachable, "--issue")
	mustDo(t, e.dhis2.SetAttribute(her, numberOfHers, "TYPEDBYHAND"))
	e.drops.Store(false)
	e.sync(t) // brings the order, and finds that it is too late
	e.became(exitDone)
	if e.number(her) != "TYPEDBYHAND" {
		t.Error("what was typed is replaced")
	}
	e.has(map[string]int{"burnt": 1})
}

// TestD071_WorklistKilled: a process that is killed between any two steps leaves no
// second number, and the next one goes on.
func TestD071_WorklistKilled(t *testing.T) {
	// The record is asked for her, then for her number; DHIS2 is written to.
	for _, moment := range []string{"before she is looked for", "before her number is looked for", "before it is written", "after it is written"} {
		t.Run(moment, func(t *testing.T) {
			e := newEnrolled(t)
			her := e.nilmini(1)
			cmd := exec.CommandContext(t.Context(), "nehrbridge", "phn", "worklist", "--issue")
			cmd.Env = append(os.Environ(), e.env...)
			started, dead := make(chan struct{}), make(chan struct{})
			var searches atomic.Int64
			kill := sync.OnceFunc(func() {
				<-started
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
				close(dead)
			})
			die := func() {
				kill()
				e.asked.Store(nil)
				e.written.Store(nil)
				e.answer.Store(nil)
			}
			abort := func(*http.Request) { die(); panic(http.ErrAbortHandler) }
			nth := func(n int64) func(*http.Request) {
				return func(r *http.Request) {
					if searches.Add(1) == n {
						abort(r)
					}
				}
			}
			switch moment {
			case "before she is looked for":
				f := nth(1)
				e.asked.Store(&f)
			case "before her number is looked for":
				f := nth(2)
				e.asked.Store(&f)
			case "before it is written":
				e.written.Store(&abort)
			case "after it is written":
				e.answer.Store(&die)
			}
			mustDo(t, cmd.Start())
			close(started)
			<-dead
			before := e.number(her)
			// The order that the dead held comes again when its lease is over: here, it
			// is given back as if it were.
			e.expire()
			e.worklist(exitDone, "--issue")
			number := e.number(her)
			if number == "" || before != "" && number != before {
				t.Error("her number is lost, or another")
			}
			e.has(map[string]int{"issued": 1})
			if c, _ := e.sync(t); c.Written != 1 {
				t.Errorf("sync: %+v", c)
			}
		})
	}
}

// expire ends the leases of the outbox.
func (e *enrolled) expire() {
	e.t.Helper()
	s, err := (&app{stdio: stdio{environ: e.env}}).settings()
	mustDo(e.t, err)
	db, err := database.Open(e.t.Context(), database.Config{URL: s.Ledger.URL.Reveal(), Migrations: agentTables()})
	mustDo(e.t, err)
	defer db.Close()
	mustDo(e.t, db.Write(e.t.Context(), func(tx database.Tx) error {
		_, err := tx.Exec(`UPDATE outbox_order SET due = 1 WHERE claim <> ''`)
		return err
	}))
}
