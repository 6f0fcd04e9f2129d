package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// TestSyncWatch: `sync` carries a change over while it runs, survives a server
// that fails meanwhile, and drains when it is told to stop.
func TestSyncWatch(t *testing.T) {
	s := startServersFor(t, 6, startNEHR(t))
	s.env = append(s.env, "NEHRBRIDGE_DHIS2_POLL=1s")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out, errs bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"sync"}, stdio{strings.NewReader(""), &out, &errs, s.env})
	}()

	await(t, "the mothers", func() bool { return len(s.patients(t)) >= 4 })
	held := s.held(t)
	s.dhis2.Inject(dhis2sandbox.Fault{Kind: dhis2sandbox.FaultStatus, Status: 503, Path: "/api/tracker", Times: 2})
	event, value := s.correctHaemoglobin(t, held)
	await(t, "the corrected value", func() bool {
		got := about(s.held(t), "Observation", event+"-cw35l7X4hnV")
		return got.Get("valueQuantity", "value").Scalar() == value
	})

	stop()
	select {
	case code := <-ended:
		if code != exitDone {
			t.Errorf("exit code %d after a stop\n%s", code, errs.String())
		}
	case <-time.After(20 * time.Second):
		t.Fatal("sync did not end within 20 s of a stop")
	}
	if out.Len() > 0 {
		t.Errorf("stdout holds %q", out.String())
	}
}

// await asks until it is so, half a minute at most.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come", what)
		}
		<-tick.C
	}
}
