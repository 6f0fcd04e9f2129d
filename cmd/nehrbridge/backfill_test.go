package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	nehrsandbox "github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// TestD079_Backfill carries the history over, says how far it is, finds nothing
// to write the second time, and keeps to what is chosen.
func TestD079_Backfill(t *testing.T) {
	s := startServersFor(t, 12, startNEHR(t))
	out := s.command(t, exitDone, "backfill")
	first := lastLine[counts](t, out)
	if first.Entities != 12 || first.Written < 10 || first.Quarantined != 1 || first.DeadLetters+first.Review > 0 {
		t.Errorf("backfill: %s", out)
	}
	if p := lines[progress](t, out[:strings.Index(out, "\n")+1])[0]; p.Total != 12 {
		t.Errorf("progress begins with %+v, want a total of 12", p)
	}
	if again := lastLine[counts](t, s.command(t, exitDone, "backfill")); again.Written != 0 || again.Entities != 12 {
		t.Errorf("a second backfill: %+v, want all 12 and nothing written", again)
	}
	if c, _ := s.sync(t); c.Written != 0 {
		t.Errorf("sync after it: %+v", c)
	}

	// By the time of the last change.
	part := lastLine[counts](t, s.command(t, exitDone, "backfill", "--updated-after", "2026-02-20", "--force"))
	none := lastLine[counts](t, s.command(t, exitDone, "backfill", "--updated-before", "2020-01-01T00:00:00Z"))
	if part.Entities == 0 || part.Entities >= 12 || part.Written != 0 || none.Entities != 0 {
		t.Errorf("windows: %+v and %+v, want some and none", part, none)
	}
	unit := lastLine[counts](t, s.command(t, exitDone, "backfill", "--org-unit", "SbxCountry1", "--program", "eozjj9UivfS"))
	if unit.Entities != 12 {
		t.Errorf("below the root: %+v, want all 12", unit)
	}
	for _, wrong := range [][]string{
		{"--updated-after", "yesterday"}, {"--updated-after", "2026-03-02", "--updated-before", "2026-03-01"},
		{"--org-unit", "x"}, {"--program", "Nonexistent"}, {"--repair"}, {"--reconcile", "--restart"},
	} {
		if out := s.command(t, exitUsage, append([]string{"backfill"}, wrong...)...); out != "" {
			t.Errorf("%v prints %q", wrong, out)
		}
	}
}

// TestD079_BackfillGoesOn where it was: stopped by a signal while the record
// hangs, and killed; --restart begins anew.
func TestD079_BackfillGoesOn(t *testing.T) {
	record := startWatchedNEHR(t)
	s := startServersFor(t, 12, record.url)
	for _, how := range []os.Signal{os.Interrupt, syscall.SIGKILL} {
		record.Break(1, nehrsandbox.Fault{Kind: nehrsandbox.Slow, Delay: 1 << 40, Match: nehrsandbox.Transactions})
		cmd := exec.Command("nehrbridge", "backfill")
		cmd.Env = append(os.Environ(), s.env...)
		var errs strings.Builder
		cmd.Stderr = &errs
		mustDo(t, cmd.Start())
		await(t, "a request that hangs", func() bool { return record.Struck()[nehrsandbox.Slow] > 0 })
		mustDo(t, cmd.Process.Signal(how))
		if how == os.Interrupt {
			mustDo(t, cmd.Process.Signal(syscall.SIGTERM)) // and do not wait for it
		}
		_ = cmd.Wait()
		if how == os.Interrupt && (cmd.ProcessState.ExitCode() != exitFound || !strings.Contains(errs.String(), "goes on from here")) {
			t.Errorf("interrupted: exit code %d\n%s", cmd.ProcessState.ExitCode(), errs.String())
		}
		record.Break(1)
	}
	g := s.agent(t)
	text, found, err := g.ledger.Pinned(t.Context(), pinBackfill)
	if err != nil || !found || !strings.Contains(text, `"listed":1`) || strings.Contains(text, `"finished":true`) {
		t.Fatalf("how far it is: %s %v", text, err)
	}
	// What the killed process held is free when its lease is over; here at once.
	mustDo(t, g.ledger.Distrust(context.Background()))
	if _, out := s.sync(t); !strings.Contains(out, "looked for changes") {
		t.Error("sync did not look")
	}
	out := s.command(t, exitDone, "backfill")
	// It begins on the very row that it had reached.
	if c := lastLine[counts](t, out); c.Entities > 1 || len(s.patients(t)) < 10 {
		t.Errorf("it has begun anew: %s, with %d Patients", out, len(s.patients(t)))
	}
	out = s.command(t, exitDone, "backfill", "--restart")
	if c := lastLine[counts](t, out); c.Entities != 12 || c.Written != 0 {
		t.Errorf("--restart: %s, want all 12 looked at", out)
	}
}

// TestD084_BackfillBesideSync: both work on one ledger at once, and each entity
// is written once.
func TestD084_BackfillBesideSync(t *testing.T) {
	s := startServersFor(t, 25, startNEHR(t))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan int, 1)
	go func() {
		var out, errs strings.Builder
		ended <- run(ctx, []string{"sync"}, stdio{strings.NewReader(""), &out, &errs, s.env})
	}()
	s.command(t, exitDone, "backfill", "--force")
	stop()
	if code := <-ended; code != exitDone {
		t.Errorf("sync ended with code %d", code)
	}
	if len(s.patients(t)) < 20 {
		t.Errorf("%d Patients", len(s.patients(t)))
	}
	for name, r := range s.held(t) {
		if v := r.Get("meta", "versionId").Str(); v != "1" {
			t.Errorf("%s has version %s: it was written twice", name, v)
		}
	}
}
