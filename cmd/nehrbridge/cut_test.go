package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	nehrsandbox "github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// TestSecondSignalCuts: told twice to stop while the record hangs, the agent
// ends at once, in order, and the next one carries on what it held.
func TestSecondSignalCuts(t *testing.T) {
	record, err := nehrsandbox.New(nehrsandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer record.Close()
	hangs, free := make(chan struct{}, 100), make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.TrimSuffix(r.URL.Path, "/") != "/fhir" { // only batches and transactions
			record.Handler().ServeHTTP(w, r)
			return
		}
		select {
		case <-free:
		default:
			hangs <- struct{}{}
			select {
			case <-free:
			case <-r.Context().Done():
				return
			}
		}
		record.Handler().ServeHTTP(w, r)
	}))
	defer web.Close()
	s := startServersFor(t, 6, web.URL+"/fhir")

	cmd := exec.Command("nehrbridge", "sync")
	cmd.Env = append(os.Environ(), s.env...)
	var errs strings.Builder
	cmd.Stderr = &errs
	mustDo(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill() }()
	<-hangs
	mustDo(t, cmd.Process.Signal(syscall.SIGTERM))
	mustDo(t, cmd.Process.Signal(os.Interrupt))
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("it ended with %v, want an orderly end\n%s", err, errs.String())
		}
	case <-time.After(10 * time.Second): // the drain alone takes 15 s, an answer of the record 20 s
		t.Fatal("it did not end")
	}
	left, err := s.agent(t).ledger.Stats(t.Context())
	if err != nil || left.Claimed != 0 || left.Dirty == 0 {
		t.Errorf("the ledger has %+v (%v), want everything given back", left, err)
	}
	close(free)
	if c, _ := s.sync(t); c.DeadLetters > 0 || len(s.patients(t)) != 5 {
		t.Errorf("counts %+v and %d Patients, want all 5 with a number", c, len(s.patients(t)))
	}
}
