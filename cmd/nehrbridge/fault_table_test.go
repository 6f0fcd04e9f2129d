package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

// What becomes of a tracked entity whose carrying on meets a fault, or of the
// look for changes. The words are those of faults.md.
const (
	goesOn = "goes on"       // is no fault to us
	again  = "asked again"   // nothing is concluded, the low-water mark stays; again after 1 s to 60 s
	later  = "later"         // comes again by itself after a growing pause; three in a row pause the work
	unsure = "later, unsure" // as later; something may have been written, so the next look trusts nothing
	alone  = "alone"         // comes again by itself after a growing pause, the others go on
	pause  = "pause"         // the work pauses at once and then tries one at a time; no attempt is counted
	pauseU = "pause, unsure" // as pause, and something may have been written
	letter = "dead letter"   // set aside until it changes, or somebody retries it
	poorer = "without names" // goes on without what DHIS2 does not show to the user
	none   = "–"             // cannot be: another request fails before
)

// faultRow is a fault and what it comes to, by what was asked.
type faultRow struct {
	name string
	do   strike // nil: nobody listens

	begin   string // DHIS2: system info, program, user, list of changes
	entity  string // DHIS2: one tracked entity
	context string // DHIS2: organisation units, users
	lookUp  string // record: what stands there
	write   string // record: transaction
	token   string // authorization server

	wait time.Duration // that the server asks for, as far as it is obeyed
}

// faultTable is what faults.md is made of.
//
// Where the design is silent: a question that DHIS2 refuses is asked again
// however it was refused, because nothing was sent and no refusal of a
// question says that a fact is wrong. A refusal counts as DHIS2's only in its
// own words (its WebMessage): a page with 404 is a proxy's, or of a server
// that is being deployed, and concludes nothing. A search that is not there
// (404, 410) is a wrong base or an expired page, never a verdict on a mother;
// what the record says of a transaction (400, 404, 410, 422) is one. 403 of
// the record may be the protection of one person, so the work does not stop
// for it at once as it does for 401. What an authorization server refuses
// concerns everybody.
var faultTable = []faultRow{
	{"refused connection", nil, again, none, none, later, none, later, 0},
	{"connection reset", reset, again, later, later, unsure, unsure, later, 0},
	{"too slow", hang, again, later, later, unsure, unsure, later, 0},
	{"answer cut in its middle", cut, again, later, later, unsure, unsure, later, 0},
	{"answer called text/plain", retyped, goesOn, goesOn, goesOn, goesOn, goesOn, later, 0},
	{"400", refuse(400), again, alone, alone, letter, letter, pause, 0},
	{"401", refuse(401), again, pause, pause, pause, pause, pause, 0},
	{"403", refuse(403), again, later, poorer, later, later, pause, 0},
	{"403 with a page", say(403, "text/html", page), again, later, later, later, later, pause, 0},
	{"404", refuse(404), again, later, poorer, later, letter, pause, 0},
	{"404 with a page", say(404, "text/html", page), again, later, later, unsure, unsure, pause, 0},
	{"409", refuse(409), again, alone, alone, alone, alone, pause, 0},
	{"410", refuse(410), again, alone, alone, later, letter, pause, 0},
	{"412", refuse(412), again, alone, alone, alone, alone, pause, 0},
	{"413 with a page", say(413, "text/html", page), again, alone, alone, letter, letter, pause, 0},
	{"422", refuse(422), again, alone, alone, letter, letter, pause, 0},
	{"429", refuse(429), again, later, later, later, later, later, 0},
	{"429, wait 2 min", refuse(429, "Retry-After", "120"), again, pause, pause, pause, pause, pause, 2 * time.Minute},
	{"429, wait for ever", refuse(429, "Retry-After", "99999999999999999999"), again, pause, pause, pause, pause, pause, 30 * time.Minute},
	{"429, wait for minus ever", refuse(429, "Retry-After", "-99999999999999999999"), again, later, later, later, later, later, 0},
	{"500", refuse(500), again, later, later, unsure, unsure, later, 0},
	{"501", refuse(501), again, alone, alone, letter, letter, later, 0},
	{"502 with a page", say(502, "text/html", page), again, later, later, unsure, unsure, later, 0},
	{"503", refuse(503), again, later, later, unsure, unsure, later, 0},
	{"503, wait until the year 2100", refuse(503, "Retry-After", time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC).Format(http.TimeFormat)), again, pause, pause, pauseU, pauseU, pause, 30 * time.Minute},
	{"503, wait until yesterday", refuse(503, "Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"), again, later, later, unsure, unsure, later, 0},
	{"200 with a login page", say(200, "text/html", page), again, pause, pause, unsure, unsure, later, 0},
	{"302 to a login page", say(302, "text/html", page, "Location", "/dhis-web-login/"), again, pause, pause, later, later, later, 0},
	{"307 to another host", say(307, "text/html", page, "Location", "http://elsewhere.example/"), again, pause, pause, later, later, later, 0},
	{"invalid JSON", say(200, "application/fhir+json", `{"resourceType":`), again, later, later, unsure, unsure, later, 0},
	{"JSON of the wrong shape", say(200, "application/fhir+json", `{"items":["`+echoed+`"]}`), again, later, later, unsure, unsure, later, 0},
	{"another resource", say(200, "application/fhir+json", `{"resourceType":"Patient","id":"x"}`), again, later, later, later, unsure, later, 0},
	{"nothing with 200", say(200, "application/fhir+json", ""), again, later, later, later, unsure, later, 0},
	{"huge answer", huge, again, alone, alone, unsure, unsure, later, 0},
	{"gzip bomb", bomb, again, alone, alone, unsure, unsure, later, 0},
}

// faultColumns are what is asked, and of whom.
var faultColumns = []struct {
	name  string
	want  func(faultRow) string
	gate  func(*faultBench) *gate
	match func(*http.Request, []byte) bool
}{
	{"system info", func(r faultRow) string { return r.begin }, toDHIS2, path("/api/system/info")},
	{"program", func(r faultRow) string { return r.begin }, toDHIS2, path("/api/programs/")},
	{"user", func(r faultRow) string { return r.begin }, toDHIS2, path("/api/me")},
	{"list", func(r faultRow) string { return r.begin }, toDHIS2, path("/api/tracker/trackedEntities")},
	{"tracked entity", func(r faultRow) string { return r.entity }, toDHIS2, path("/api/tracker/trackedEntities/")},
	{"organisation units", func(r faultRow) string { return r.context }, toDHIS2, path("/api/organisationUnits")},
	{"users", func(r faultRow) string { return r.context }, toDHIS2, path("/api/users")},
	{"look-up", func(r faultRow) string { return r.lookUp }, toNEHR, lookUp},
	{"transaction", func(r faultRow) string { return r.write }, toNEHR, transaction},
	{"token", func(r faultRow) string { return r.token }, func(b *faultBench) *gate { return b.tokenGate }, nil},
}

func toDHIS2(b *faultBench) *gate { return b.dhis2Gate }
func toNEHR(b *faultBench) *gate  { return b.nehrGate }

// TestD078_FaultTable lets every question that the agent asks go wrong in
// every way, demands what the table says, and that everything arrives when the
// fault is over.
func TestD078_FaultTable(t *testing.T) {
	sound := newFaultBench(t, 1)
	if _, err := sound.look(t, sound.agent(t)); err != nil {
		t.Fatal(err)
	}
	want := sound.all(t)
	if len(want) < 5 {
		t.Fatalf("undisturbed, the record holds %d resources", len(want))
	}
	for _, column := range faultColumns {
		for _, row := range faultTable {
			if column.want(row) == none {
				continue
			}
			t.Run(column.name+"/"+row.name, func(t *testing.T) {
				b := newFaultBench(t, 1)
				gate := column.gate(b)
				if row.do == nil {
					gate.shut()
				} else {
					gate.set(column.match, row.do)
				}
				if row.name == "too slow" {
					b.timeout = time.Second
				}
				where, err := b.look(t, b.agent(t))
				if row.do != nil && gate.strikes() == 0 {
					t.Fatal("the fault struck nothing")
				}
				if got := b.fate(t, where, row.wait, column.name == "transaction", want); got != column.want(row) {
					t.Errorf("got %q, want %q: %v", got, column.want(row), err)
				}
				noValues(t, b.log.String()+fmt.Sprint(err))

				if gate.heal(); row.do == nil {
					gate.open(t)
				}
				b.timeout = 20 * time.Second
				b.now = b.now.Add(time.Hour)
				if column.want(row) == letter {
					if n, err := b.ledger.Retry(t.Context(), changes.Filter{Class: changes.DeadLetter}); n != 1 || err != nil {
						t.Errorf("retried by hand: %d, %v", n, err)
					}
				}
				if column.want(row) == poorer { // until it changes, or is looked at again
					if _, err := b.ledger.MarkProgram(t.Context(), b.program(t), false); err != nil {
						t.Fatal(err)
					}
				}
				if where, err := b.look(t, b.agent(t)); where != "carry" || err != nil {
					t.Fatalf("after the fault: %s: %v", where, err)
				}
				if left := b.entries(t); len(left) > 0 {
					t.Errorf("after the fault %d are left", len(left))
				}
				if diff := cmp.Diff(want, b.all(t)); diff != "" {
					t.Errorf("the record is not the undisturbed one (-undisturbed +after the fault):\n%s", diff)
				}
			})
		}
	}
}

// fate reads the word of the table from ledger, tries and low-water mark. sent
// says that a transaction was on its way: what it may leave behind was stored
// before, and every next look at it is forced.
func (b *faultBench) fate(t *testing.T, where string, wait time.Duration, sent bool, whole map[string]string) string {
	t.Helper()
	entries := b.entries(t)
	if where != "carry" {
		low, err := b.ledger.LowWater(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range low {
			if !at.IsZero() {
				return "the low-water mark rose without a whole look"
			}
		}
		if len(entries) > 0 {
			return "marked without a list"
		}
		return again
	}
	if len(b.tries) != 1 {
		return fmt.Sprintf("%d tries", len(b.tries))
	}
	try := b.tries[0]
	if try.Err == nil {
		if len(entries) > 0 {
			return "done and dirty"
		}
		switch held := b.all(t); {
		case len(held) == 0:
			return "done with nothing written"
		case !cmp.Equal(held, whole):
			return poorer
		}
		return goesOn
	}
	var e entry
	for _, e = range entries {
	}
	if len(entries) != 1 {
		return fmt.Sprintf("%d dirty", len(entries))
	}
	if try.Class == changes.DeadLetter {
		if e.wait >= 0 || e.attempts != 1 || e.class != "dead-letter" {
			return fmt.Sprintf("a dead letter as %+v", e)
		}
		return letter
	}
	// The first pause is 1 s to 2 s, from the end of the try on.
	least, most := time.Second, 2*time.Second+b.took
	if wait > 0 {
		least, most = wait, wait+b.took
	}
	paused, doubt := try.Paused > 0, changes.Classify(try.Err).Unknown
	switch {
	case e.forced != (doubt || sent):
		return fmt.Sprintf("forced is %t as %+v", e.forced, e)
	case e.class != "retry" || e.wait < least || e.wait > most:
		return fmt.Sprintf("waits as %+v", e)
	case paused && e.attempts != 0 || !paused && e.attempts != 1:
		return fmt.Sprintf("counts as %+v, paused %t", e, paused)
	case paused && doubt:
		return pauseU
	case paused:
		return pause
	case doubt && try.Free:
		return unsure
	case try.Free:
		return later
	case doubt:
		return "alone, unsure"
	}
	return alone
}

// TestReadmeFaults holds faults.md to the table. UPDATE_README=1 writes it.
func TestReadmeFaults(t *testing.T) {
	const file = "faults.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const from, to = "<!-- made of faultTable, held by a test -->\n", "<!-- end of faults -->"
	before, rest, ok := strings.Cut(string(text), from)
	have, after, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatal(file + " has no marks around its table")
	}
	var want strings.Builder
	want.WriteString("| fault | DHIS2: what is asked before | one tracked entity | organisation units, users | record: look-up | transaction | token endpoint |\n|---|---|---|---|---|---|---|\n")
	for i := 0; i < len(faultTable); {
		row := faultTable[i]
		names := row.name
		for i++; i < len(faultTable) && row.same(faultTable[i]); i++ {
			names += "; " + faultTable[i].name
		}
		fmt.Fprintf(&want, "| %s | %s | %s | %s | %s | %s | %s |\n", names, row.begin, row.entity, row.context, row.lookUp, row.write, row.token)
	}
	if have == want.String() {
		return
	}
	if os.Getenv("UPDATE_README") == "1" {
		if err := os.WriteFile(file, []byte(before+from+want.String()+to+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Error(file + " is not what the test demands: UPDATE_README=1 go test -run TestReadme ./cmd/nehrbridge")
}

func (r faultRow) same(o faultRow) bool {
	return r.begin == o.begin && r.entity == o.entity && r.context == o.context && r.lookUp == o.lookUp && r.write == o.write && r.token == o.token
}
