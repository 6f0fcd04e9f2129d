package changes_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

const (
	drainEnv      = "CHANGES_DRAIN_LEDGER"
	drainEntities = 100_000
	memoryLimit   = 64.0 // MiB
)

// BenchmarkDrain100000 has a process of its own carry out 100,000 entities
// with a state of 2 kB, which it saves before and after, with four workers;
// one operation is all of them. It reports the process's peak of resident
// memory and fails above 64 MiB.
func BenchmarkDrain100000(b *testing.B) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		b.Skip("needs Linux: the peak of memory is read from /proc")
	}
	if testing.Short() {
		b.Skip("a short run: without -short for 100,000 entities")
	}
	for range b.N {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestDrainInAProcess$", "-test.v")
		cmd.Env = append(os.Environ(), drainEnv+"="+b.TempDir()+"/ledger.db")
		out, err := cmd.CombinedOutput()
		if err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		for _, m := range regexp.MustCompile(`(?m)^\s*metric (\S+) (\S+)$`).FindAllStringSubmatch(string(out), -1) {
			v, err := strconv.ParseFloat(m[1], 64)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(v, m[2])
			if m[2] == "MiB-peak" && v > memoryLimit {
				b.Errorf("%v MiB at most, want %v", v, memoryLimit)
			}
		}
	}
}

// TestDrainInAProcess is the other process of BenchmarkDrain100000.
func TestDrainInAProcess(t *testing.T) {
	url := os.Getenv(drainEnv)
	if url == "" {
		t.Skip("is the other process of BenchmarkDrain100000: run that")
	}
	debug.SetMemoryLimit(40 << 20) // as the agent does
	l, err := changes.New(ctx, changes.Config{DB: opener(t, url)()})
	if err != nil {
		t.Fatal(err)
	}
	page := make([]changes.Change, 1000)
	for i := 0; i < drainEntities; i += len(page) {
		for j := range page {
			page[j] = changes.Change{TrackedEntity: scattered(i + j), Program: anc}
		}
		if err := l.MarkDirty(ctx, page...); err != nil {
			t.Fatal(err)
		}
	}
	r, err := changes.NewRunner(changes.RunConfig{Ledger: l, Consumer: func(ctx context.Context, c changes.Claim) ([]byte, error) {
		state := make([]byte, 2000)
		copy(state, c.TrackedEntity.String())
		if err := c.Save(ctx, state); err != nil {
			return nil, err
		}
		state = state[:1900]
		return state, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	counts, err := r.Once(ctx)
	if err != nil || counts.Done != drainEntities {
		t.Fatalf("got %+v, %v", counts, err)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	peak, err := strconv.Atoi(regexp.MustCompile(`VmHWM:\s+(\d+)`).FindStringSubmatch(string(status))[1])
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("\nmetric %.1f MiB-peak\nmetric %.0f entities/s\n", float64(peak)/1024, drainEntities/time.Since(began).Seconds())
}
