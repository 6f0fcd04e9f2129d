package main

import (
	"bytes"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	nehrsandbox "github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// TestKill_D078_D080_D083_D084 kills agents (kill -9) at random moments, again
// and again, while DHIS2 changes at random and both servers fail at random. In
// the end the NEHR holds exactly what mapping the final state of DHIS2 gives:
// nothing lost, nothing twice, nothing left over.
//
// KILLS says how often, SEED which history. The history's decisions follow from
// the seed; how far an agent has come at a given moment does not.
func TestKill_D078_D080_D083_D084(t *testing.T) {
	if os.Getenv("LONG") == "elsewhere" {
		t.Skip("runs without the race detector, in a part of its own (LONG=here)")
	}
	kills, seed := intFrom(t, "KILLS", 12), uint64(intFrom(t, "SEED", 1))
	for name, agents := range map[string]int{"one agent on SQLite": 1, "three replicas on PostgreSQL": 3} {
		t.Run(name, func(t *testing.T) {
			ledger := ""
			if agents > 1 {
				ledger = postgrestest.Start(t).Database(t)
			}
			w := newKillWorld(t, agents, ledger, seed)
			w.chaos(kills)
			w.calm()
			w.judge(kills)
		})
	}
}

// killWorld is the servers, the agents, and what happens to them.
type killWorld struct {
	*testing.T
	seed    uint64
	random  *rand.Rand // of what happens to agents and servers
	dhis2   *dhis2sandbox.Server
	nehr    *nehrsandbox.Server
	fhir    *client.Client
	gate    *killGate
	history *history
	fleet   *fleet
	killed  int
}

func newKillWorld(t *testing.T, agents int, ledger string, seed uint64) *killWorld {
	t.Helper()
	t.Logf("SEED=%d", seed)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the same history again: SEED=%d", seed)
		}
	})
	w := &killWorld{T: t, seed: seed, random: rand.New(rand.NewPCG(seed, 2))}
	var err error
	if w.dhis2, err = dhis2sandbox.New(dhis2sandbox.Config{Seed: seed}); err != nil {
		t.Fatal(err)
	}
	if w.history, err = newHistory(w.dhis2, seed); err != nil {
		t.Fatal(err)
	}
	if w.nehr, err = nehrsandbox.New(nehrsandbox.Config{}); err != nil {
		t.Fatal(err)
	}
	w.gate = newKillGate(w.nehr.Handler())
	d, n := httptest.NewServer(w.dhis2.Handler()), httptest.NewServer(w.gate)
	t.Cleanup(func() { d.Close(); n.Close(); w.nehr.Close() })
	if w.fhir, err = client.New(client.Config{BaseURL: n.URL + "/fhir"}); err != nil {
		t.Fatal(err)
	}
	w.fleet = newFleet(t, agents, d.URL, n.URL+"/fhir", ledger)
	return w
}

// chaos kills agents so many times.
func (w *killWorld) chaos(kills int) {
	w.Helper()
	for w.killed < kills {
		w.life()
	}
	w.fleet.stop()
}

// nehrFaults are what befalls an NEHR.
var nehrFaults = []nehrsandbox.Fault{
	{Kind: nehrsandbox.TooManyRequests},
	{Kind: nehrsandbox.FailBefore},
	{Kind: nehrsandbox.FailBefore, Status: 500},
	{Kind: nehrsandbox.FailAfter, Match: nehrsandbox.Transactions},
	{Kind: nehrsandbox.FailAfter, Match: nehrsandbox.Transactions},
	{Kind: nehrsandbox.CutBody, Match: nehrsandbox.Transactions},
	{Kind: nehrsandbox.CutBody},
	{Kind: nehrsandbox.Conflict, Match: nehrsandbox.Transactions},
	{Kind: nehrsandbox.PreconditionFailed, Match: nehrsandbox.Transactions},
	{Kind: nehrsandbox.HTML},
	{Kind: nehrsandbox.Slow, Delay: 300 * time.Millisecond},
}

// dhis2Faults are what befalls a DHIS2.
var dhis2Faults = []dhis2sandbox.Fault{
	{Kind: dhis2sandbox.FaultStatus, Status: 503},
	{Kind: dhis2sandbox.FaultStatus, Status: 500},
	{Kind: dhis2sandbox.FaultStatus, Status: 429, RetryAfter: time.Second},
	{Kind: dhis2sandbox.FaultReset},
	{Kind: dhis2sandbox.FaultCut},
	{Kind: dhis2sandbox.FaultGarbage},
	{Kind: dhis2sandbox.FaultLoginPage},
}

// fail draws what befalls the servers during a life.
func (w *killWorld) fail() {
	var list []nehrsandbox.Fault
	if w.random.IntN(3) > 0 {
		for range 1 + w.random.IntN(3) {
			f := nehrFaults[w.random.IntN(len(nehrFaults))]
			f.Probability = 0.05 + 0.25*w.random.Float64()
			list = append(list, f)
		}
	}
	w.nehr.Break(w.random.Uint64(), list...)
	w.dhis2.ClearFaults()
	if w.random.IntN(3) == 0 {
		f := dhis2Faults[w.random.IntN(len(dhis2Faults))]
		f.Path = [...]string{"/api/tracker", "/api"}[w.random.IntN(2)]
		f.Skip, f.Times = w.random.IntN(12), 1+w.random.IntN(3)
		w.dhis2.Inject(f)
	}
}

// longest is how long a life lasts whose moment does not come.
const longest = 1200 * time.Millisecond

// life lets the agents live until one is killed, or ends by itself, and has some
// of the history happen meanwhile.
func (w *killWorld) life() {
	w.Helper()
	w.fail()
	edits := &steps{history: w.history, left: 1 + w.random.IntN(8)}
	edits.do(w.random.IntN(3))
	onTransaction := w.random.IntN(2) == 0
	pace := time.Duration(5+w.random.IntN(120)) * time.Millisecond
	victim := w.fleet.agents[w.random.IntN(len(w.fleet.agents))]
	once := len(w.fleet.agents) == 1 && w.random.IntN(5) == 0
	limit := longest
	m := &moment{requests: w.random.IntN(6), transactions: w.random.IntN(2) == 0,
		ending: [...]ending{lost, committed, committed, late}[w.random.IntN(4)], kill: w.fleet.kill}
	if w.random.IntN(4) == 0 {
		m, limit = nil, time.Duration(w.random.Int64N(int64(longest)))
	}
	w.gate.arm(m)
	for _, o := range w.fleet.agents {
		w.fleet.start(o, once)
	}
	var transactions <-chan chan struct{}
	if onTransaction {
		var stop func()
		transactions, stop = w.gate.listen()
		defer stop()
	}
	end, tick := time.NewTimer(limit), time.NewTicker(pace)
	defer end.Stop()
	defer tick.Stop()
	defer w.gate.slow()() // with what the one before died with
	for all(w.fleet.agents, (*process).alive) {
		select {
		case <-w.fleet.death:
		case <-end.C:
			victim.kill()
		case <-tick.C:
			if !onTransaction {
				edits.do(1)
			}
		case answered := <-transactions:
			edits.do(1)
			close(answered)
		}
	}
	w.gate.arm(nil)
	edits.do(edits.left)
	if edits.err != nil {
		w.Fatal(edits.err)
	}
	for _, p := range w.fleet.agents {
		if p.alive() {
			continue
		}
		if err := p.ended(); err != nil {
			w.Fatal(err)
		}
		if !p.cmd.ProcessState.Exited() {
			w.killed++
		}
	}
}

func all[T any](list []T, is func(T) bool) bool {
	return !slices.ContainsFunc(list, func(v T) bool { return !is(v) })
}

// steps are those of the history that happen during one life.
type steps struct {
	history *history
	left    int
	err     error
}

func (s *steps) do(n int) {
	for ; n > 0 && s.left > 0 && s.err == nil; n-- {
		s.left--
		s.err = s.history.step()
	}
}

// calm ends the faults and brings DHIS2 to a state of which everything is
// certain, and lets an agent work until nothing is left to do.
func (w *killWorld) calm() {
	w.Helper()
	w.nehr.Break(0)
	w.dhis2.ClearFaults()
	w.gate.slow()()
	if err := w.history.settle(); err != nil {
		w.Fatal(err)
	}
	began := time.Now()
	for round := 1; ; round++ {
		c := w.once()
		left := w.ledger()
		w.Logf("round %d: %+v, then %d to do, aside %v", round, c, left.Ready+left.Waiting+left.Claimed, left.Aside)
		if left.Dirty == 0 {
			break
		}
		if time.Since(began) > 10*time.Minute {
			w.Fatalf("the agent does not come to an end: %+v", left)
		}
		// Who waited for another's number has to be told that it is free.
		w.command("dead-letters", "retry")
	}
	if c := w.once(); c.Written+c.Retracted+c.DeadLetters+c.Review > 0 {
		w.Errorf("nothing changed any more, and yet: %+v", c)
	}
}

// command runs nehrbridge in this process, as the first agent.
func (w *killWorld) command(args ...string) string {
	w.Helper()
	var out, errs bytes.Buffer
	if code := run(w.Context(), args, stdio{strings.NewReader(""), &out, &errs, w.fleet.agents[0].env}); code != exitDone && code != exitFound {
		w.Fatalf("%s: exit code %d\n%s", strings.Join(args, " "), code, errs.String())
	}
	return out.String()
}

func (w *killWorld) once() (c counts) {
	w.Helper()
	if err := json.Unmarshal([]byte(w.command("sync", "--once")), &c); err != nil {
		w.Fatal(err)
	}
	return c
}

// ledger tells what is on it.
func (w *killWorld) ledger() changes.Stats {
	w.Helper()
	db, ledger, err := openLedger(w.Context(), w.settings())
	if err != nil {
		w.Fatal(err)
	}
	defer db.Close()
	s, err := ledger.Stats(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return s
}

func (w *killWorld) settings() *config.Settings {
	w.Helper()
	s, err := config.Load("", w.fleet.agents[0].env)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// judge compares.
func (w *killWorld) judge(kills int) {
	w.Helper()
	g, err := wireAgent(w.settings(), zerolog.Nop())
	if err != nil {
		w.Fatal(err)
	}
	c, err := compare(w.Context(), w.history, g, w.nehr, w.fhir)
	if err != nil {
		w.Fatal(err)
	}
	const most = 20
	for i, wrong := range c.wrong {
		if i == most {
			w.Errorf("… and %d more", len(c.wrong)-most)
			break
		}
		w.Error(wrong)
	}
	for _, entity := range w.gate.twice {
		w.Errorf("carried by two at once: %s", entity)
	}
	for _, p := range w.fleet.agents {
		if w.gate.carried[p.name] == 0 && kills >= 30 {
			w.Errorf("%s carried nothing: the work is not shared", p.name)
		}
	}
	if kills >= 30 && !w.fleet.logged("taken over from a process") {
		w.Error("no claim of the dead was taken over")
	}
	w.Logf("%d kills in %d lives; steps %v; requests that died with an agent %v; transactions by agent %v; resources %v",
		w.killed, w.fleet.lives, w.history.steps, w.gate.ends, w.gate.carried, c.reasons)
}

func intFrom(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s: want a number from 1", name)
	}
	return n
}
