package main

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkHAPI writes mothers to a HAPI FHIR server and holds the computing
// time of the agent against that of HAPI (demand: a twentieth). HAPI's is read
// from /proc, for HAPI_PID or for whoever listens at the port of HAPI_URL, and
// is of everything that HAPI does meanwhile. One operation is a round of 20
// mothers whom it has not seen.
func BenchmarkHAPI(b *testing.B) {
	address := os.Getenv("HAPI_URL")
	if address == "" {
		b.Skip("needs a HAPI FHIR server: start ../shared/oracle/hapi/run.sh and set HAPI_URL")
	}
	pid := os.Getenv("HAPI_PID")
	if pid == "" {
		u, err := url.Parse(address)
		if err != nil {
			b.Fatal(err)
		}
		if pid = listener(b, u.Port()); pid == "" {
			b.Skip("nobody on this machine listens at the port of HAPI_URL, so its computing time is not known: set HAPI_PID")
		}
	}
	const mothers = 20
	warm := benchAgent(b, startPeersFrom(b, mothers, rand.IntN(900_000_000)).DHIS2, address)
	carry(b, warm, counts{Entities: mothers, Written: mothers})
	var hapi, ours time.Duration
	rounds := 0
	for b.Loop() {
		b.StopTimer()
		g := benchAgent(b, startPeersFrom(b, mothers, rand.IntN(900_000_000)).DHIS2, address)
		theirs, own := cpuOf(b, pid), cpu(b)
		b.StartTimer()
		carry(b, g, counts{Entities: mothers, Written: mothers})
		hapi += cpuOf(b, pid) - theirs
		ours += cpu(b) - own
		rounds++
	}
	entities := float64(rounds * mothers)
	b.ReportMetric(ours.Seconds()*1000/entities, "cpu-ms/entity")
	b.ReportMetric(hapi.Seconds()*1000/entities, "hapi-cpu-ms/entity")
	b.ReportMetric(hapi.Seconds()/ours.Seconds(), "times-ours")
}

// cpuOf is the computing time of another process (proc_pid_stat(5), fields
// utime and stime, in hundredths of a second).
func cpuOf(b *testing.B, pid string) time.Duration {
	b.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var ticks int
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(f)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// listener is the process that listens at a port of this machine, "" for none.
func listener(b *testing.B, port string) string {
	b.Helper()
	n, err := strconv.Atoi(port)
	if err != nil {
		return ""
	}
	sockets := map[string]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, _ := os.ReadFile(table) // none: not Linux, or no such protocol
		for line := range strings.Lines(string(text)) {
			// local address, …, state (0A is LISTEN), …, inode
			if f := strings.Fields(line); len(f) > 9 && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", n)) && f[3] == "0A" {
				sockets["socket:["+f[9]+"]"] = true
			}
		}
	}
	files, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range files {
		if to, err := os.Readlink(f); err == nil && sockets[to] {
			return strings.Split(f, "/")[2]
		}
	}
	return ""
}
