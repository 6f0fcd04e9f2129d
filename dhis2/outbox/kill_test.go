package outbox_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2/outbox"
)

// TestMain is the process that the kill tests kill, when they start it.
func TestMain(m *testing.M) {
	if url := os.Getenv("OUTBOX_TEST_DATABASE"); url != "" {
		if err := carry(url, os.Getenv("OUTBOX_TEST_DHIS2")); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// carry brings what is due, says so, and waits to be killed.
func carry(url, base string) error {
	db, err := database.Open(context.Background(), database.Config{URL: url, Migrations: []database.Migrations{outbox.Migrations()}})
	if err != nil {
		return err
	}
	o, err := outbox.New(context.Background(), outbox.Config{DB: db, Server: client(fatal{}, base), Lease: 30 * time.Second})
	if err != nil {
		return err
	}
	if _, err := o.Once(context.Background()); err != nil {
		return err
	}
	fmt.Println("done")
	select {}
}

// fatal is a testing.TB for the process that is no test.
type fatal struct{ testing.TB }

func (fatal) Helper()           {}
func (fatal) Fatal(args ...any) { fmt.Println(args...); os.Exit(1) }

// killed: a process is killed before it sends, after DHIS2 has what it
// sent, and after it has noted so; another goes on. DHIS2 holds each item once.
func killed(t *testing.T, url string) {
	items := map[string]func() outbox.Item{
		"event":     func() outbox.Item { return reply() },
		"note":      func() outbox.Item { return note("reply") },
		"attribute": func() outbox.Item { return attribute("45A1DRK7HX4") },
	}
	for _, moment := range []string{"before it is sent", "after it is sent", "after it is noted"} {
		for kind, item := range items {
			t.Run(kind+" "+moment, func(t *testing.T) {
				w := newWorld(t, "2.42")
				o := w.process(t, open(t, url), func(c *outbox.Config) { c.Now = nil })
				key := kind + "/" + strings.ReplaceAll(moment, " ", "-")
				put(t, o, key, item())
				w.killed(t, url, moment)
				if moment == "after it is noted" != (letter(t, o, key).State == outbox.Ended) {
					t.Fatalf("killed %s the order is %s", moment, letter(t, o, key).State)
				}
				// Another process goes on when the lease of the dead is over.
				once(t, w.process(t, open(t, url), func(c *outbox.Config) {
					c.Now = func() time.Time { return time.Now().Add(time.Minute) }
				}))
				events, notes := w.made(t)
				got := map[string]int{"event": events, "note": notes, "attribute": len(w.number(t)) / 11}
				for k := range items {
					want := 0
					if k == kind {
						want = 1
					}
					if got[k] != want {
						t.Errorf("%d of kind %s", got[k], k)
					}
				}
				want := map[string]outbox.Result{"before it is sent": outbox.Written, "after it is sent": outbox.Stood, "after it is noted": outbox.Written}[moment]
				if l := letter(t, o, key); l.Result != want {
					t.Errorf("result %s, want %s", l.Result, want)
				}
			})
		}
	}
}

// killed starts a process that brings what is due, and kills it at a moment.
func (w *world) killed(t *testing.T, url, moment string) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), "OUTBOX_TEST_DATABASE="+url, "OUTBOX_TEST_DHIS2="+w.base)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	dead := make(chan struct{})
	kill := sync.OnceFunc(func() {
		_ = child.Process.Kill()
		_ = child.Wait()
		close(dead)
	})
	die := func() {
		kill()
		w.gate.Store(nil)
	}
	switch moment {
	case "before it is sent":
		// The request has left the process and never reaches DHIS2.
		w.gate.Store(&gate{before: func() { die(); panic(http.ErrAbortHandler) }})
	case "after it is sent":
		w.gate.Store(&gate{after: die})
	default:
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil || line != "done\n" {
			t.Fatalf("the process says %q, %v", line, err)
		}
		kill()
	}
	<-dead
}
