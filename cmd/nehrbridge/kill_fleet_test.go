package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// fleet is one agent, or several replicas that share a ledger.
type fleet struct {
	t      *testing.T
	agents []*process
	lives  int
	death  chan struct{} // told of each end
}

// process is one agent, now or when it lives again.
type process struct {
	name string // its bearer token at the NEHR
	env  []string
	log  string // file of stderr
	cmd  *exec.Cmd
	dead chan struct{} // closed at its end
	err  error         // of its end
	once bool          // runs `sync --once`
}

// newFleet has n agents with a data folder each. Without a ledger they keep
// one there.
func newFleet(t *testing.T, n int, dhis2, nehr, ledger string) *fleet {
	f := &fleet{t: t, death: make(chan struct{}, 1)}
	for i := range n {
		dir := t.TempDir()
		p := &process{name: fmt.Sprintf("agent-%d", i), log: filepath.Join(dir, "log")}
		p.env = []string{
			"NEHRBRIDGE_DHIS2_URL=" + dhis2, "NEHRBRIDGE_DHIS2_TOKEN=" + dhis2sandbox.DefaultToken, "NEHRBRIDGE_DHIS2_POLL=1s",
			"NEHRBRIDGE_NEHR_URL=" + nehr, "NEHRBRIDGE_NEHR_TOKEN=" + p.name, "NEHRBRIDGE_DATA_DIR=" + dir, "NEHRBRIDGE_METRICS_LISTEN=127.0.0.1:0",
		}
		if ledger != "" {
			p.env = append(p.env, "NEHRBRIDGE_LEDGER_URL="+ledger)
		}
		f.agents = append(f.agents, p)
	}
	t.Cleanup(func() {
		for _, p := range f.agents {
			p.kill()
		}
	})
	return f
}

// start brings an agent to life, if it is not.
func (f *fleet) start(p *process, once bool) {
	f.t.Helper()
	if p.alive() {
		return
	}
	args := []string{"sync"}
	if once {
		args = append(args, "--once")
	}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		f.t.Fatal(err)
	}
	defer log.Close()
	f.lives++
	fmt.Fprintf(log, "life %d\n", f.lives)
	p.cmd, p.once, p.dead = exec.CommandContext(context.WithoutCancel(f.t.Context()), "nehrbridge", args...), once, make(chan struct{})
	p.cmd.Env, p.cmd.Stderr = append(os.Environ(), p.env...), log
	if err := p.cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.dead)
		select {
		case f.death <- struct{}{}:
		default: // it is told of one already
		}
	}()
}

// kill kills the agent of a name.
func (f *fleet) kill(name string) {
	for _, p := range f.agents {
		if p.name == name {
			p.kill()
		}
	}
}

func (p *process) alive() bool {
	if p.dead == nil {
		return false
	}
	select {
	case <-p.dead:
		return false
	default:
		return true
	}
}

// kill ends it by SIGKILL and returns when it is dead.
func (p *process) kill() {
	if p.dead != nil {
		_ = p.cmd.Process.Kill()
		<-p.dead
	}
}

// ended tells what is wrong with an end that was not by SIGKILL: `sync` goes on
// until it is told to stop, and `sync --once` may end as it is documented, with
// code 2 too: a login page in the place of an answer is a refusal.
func (p *process) ended() error {
	state := p.cmd.ProcessState
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
		return nil
	}
	if p.once && state.ExitCode() >= exitDone && state.ExitCode() <= exitUnreachable {
		return nil
	}
	return fmt.Errorf("%s ended by itself: %s\n%s", p.name, state, p.tail())
}

// tail is the end of what it logged.
func (p *process) tail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-25):], "\n")
}

// logged tells whether an agent wrote a text to its log.
func (f *fleet) logged(text string) bool {
	for _, p := range f.agents {
		if log, err := os.ReadFile(p.log); err == nil && strings.Contains(string(log), text) {
			return true
		}
	}
	return false
}

// stop tells all to stop, as an operator does, and demands that each drains and
// says that all is well, unless it had hardly begun.
func (f *fleet) stop() {
	f.t.Helper()
	for _, p := range f.agents {
		if p.alive() {
			_ = p.cmd.Process.Signal(syscall.SIGTERM)
		}
	}
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for _, p := range f.agents {
		if p.dead == nil {
			continue
		}
		select {
		case <-p.dead:
		case <-limit.C:
			f.t.Fatalf("%s did not stop\n%s", p.name, p.tail())
		}
		if state := p.cmd.ProcessState; state.Exited() && state.ExitCode() != exitDone && !p.once {
			f.t.Fatalf("%s was told to stop: %s\n%s", p.name, state, p.tail())
		}
	}
}
