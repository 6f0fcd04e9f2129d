package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// benchAgent is an agent between the servers, with a ledger of its own.
func benchAgent(b *testing.B, dhis2, nehr string, more ...string) *agent {
	b.Helper()
	s, err := config.Load("", append([]string{
		"NEHRBRIDGE_DHIS2_URL=" + dhis2, "NEHRBRIDGE_DHIS2_TOKEN=" + dhis2sandbox.DefaultToken,
		"NEHRBRIDGE_NEHR_URL=" + nehr, "NEHRBRIDGE_DATA_DIR=" + b.TempDir(),
	}, more...))
	if err != nil {
		b.Fatal(err)
	}
	g, err := newAgent(b.Context(), s, zerolog.Nop())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = g.close() })
	return g
}

// cpu is the time that this process has computed, user and system.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkAgent is the whole way of one tracked entity with 30 values in 2
// events: polling, the ledger on SQLite, fetch, map, validate, look up, send,
// verify. The servers are another process. One operation is a round of 300:
//   - new: the record holds nothing of them, everything is created;
//   - corrected: it holds all, and one value of each differs;
//   - touched: DHIS2 has written the same again, and nothing differs;
//   - unchanged: they are looked at once more, as after every change.
func BenchmarkAgent(b *testing.B) {
	const mothers = 300
	b.Cleanup(tuneMemory()) // as the program does
	written := counts{Entities: mothers, Written: mothers}
	b.Run("new", func(b *testing.B) {
		p := startPeers(b, mothers)
		perEntity(b, mothers, func() func() {
			g := benchAgent(b, p.DHIS2, p.Forgets)
			return func() { carry(b, g, written) }
		})
	})
	b.Run("corrected", func(b *testing.B) {
		p := startPeers(b, mothers)
		g := benchAgent(b, p.DHIS2, p.Holds)
		carry(b, g, written)
		value := 90
		perEntity(b, mothers, func() func() {
			value = 90 + (value-89)%40
			p.correct(fmt.Sprintf("%d.%d", value/10, value%10))
			return func() { carry(b, g, written) }
		})
	})
	b.Run("touched", func(b *testing.B) {
		p := startPeers(b, mothers)
		g := benchAgent(b, p.DHIS2, p.Holds)
		carry(b, g, written)
		perEntity(b, mothers, func() func() {
			p.correct("11.2") // as it was
			return func() { carry(b, g, counts{Entities: mothers, Unchanged: mothers}) }
		})
	})
	b.Run("unchanged", func(b *testing.B) {
		p := startPeers(b, mothers)
		g := benchAgent(b, p.DHIS2, p.Holds)
		carry(b, g, written)
		perEntity(b, mothers, func() func() {
			if _, err := g.ledger.MarkProgram(b.Context(), dhis2sandbox.ANCProgram, false); err != nil {
				b.Fatal(err)
			}
			return func() { carry(b, g, counts{Entities: mothers, Unchanged: mothers}) }
		})
	})
}

// perEntity reports the computing time of this process, and the rate, of
// rounds of n entities; prepare makes each ready unseen.
func perEntity(b *testing.B, n int, prepare func() (round func())) {
	b.Helper()
	var computed, took time.Duration
	rounds := 0
	for b.Loop() {
		b.StopTimer()
		round := prepare()
		before, began := cpu(b), time.Now()
		b.StartTimer()
		round()
		took += time.Since(began)
		computed += cpu(b) - before
		rounds++
	}
	entities := float64(rounds * n)
	b.ReportMetric(computed.Seconds()*1000/entities, "cpu-ms/entity")
	b.ReportMetric(entities/took.Seconds(), "entities/s")
}

// carry runs the agent until nothing is left.
func carry(b *testing.B, g *agent, want counts) {
	b.Helper()
	g.counts = counts{}
	got, err := g.once(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if got != want {
		b.Fatalf("got %+v, want %+v", got, want)
	}
}

// BenchmarkSync is `nehrbridge sync --once` as a process, from its start to its
// end: a first run that writes everybody. One operation is a run.
func BenchmarkSync(b *testing.B) {
	mothers := 5000
	if testing.Short() {
		mothers = 500
	}
	p := startPeers(b, mothers)
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	var computed, took time.Duration
	var peak int64
	rounds := 0
	for b.Loop() {
		cmd := &exec.Cmd{Path: self, Args: []string{"nehrbridge", "sync", "--once"}, Env: []string{
			"NEHRBRIDGE_DHIS2_URL=" + p.DHIS2, "NEHRBRIDGE_DHIS2_TOKEN=" + dhis2sandbox.DefaultToken,
			"NEHRBRIDGE_NEHR_URL=" + p.Forgets, "NEHRBRIDGE_DATA_DIR=" + b.TempDir(),
		}, Stderr: os.Stderr}
		began := time.Now()
		if out, err := cmd.Output(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		took += time.Since(began)
		computed += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		peak = max(peak, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
		rounds++
	}
	entities := float64(rounds * mothers)
	b.ReportMetric(computed.Seconds()*1000/entities, "cpu-ms/entity")
	b.ReportMetric(entities/took.Seconds(), "entities/s")
	b.ReportMetric(float64(peak)/1024, "MiB-peak")
}
