package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// openConnections counts those of a server.
type openConnections struct {
	mu   sync.Mutex
	open map[net.Conn]bool
	all  int
}

func (c *openConnections) serve(t *testing.T, h http.Handler) string {
	s := httptest.NewUnstartedServer(h)
	s.Config.ConnState = func(conn net.Conn, state http.ConnState) {
		c.mu.Lock()
		defer c.mu.Unlock()
		switch state {
		case http.StateNew:
			c.open[conn] = true
			c.all++
		case http.StateClosed, http.StateHijacked:
			delete(c.open, conn)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

func (c *openConnections) count() (open, all int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open), c.all
}

// TestNothingLeaks: goroutines and connections are after 2,000 entities what
// they were after 200. Each is corrected in every round, so that the whole way
// is gone.
func TestNothingLeaks(t *testing.T) {
	const mothers, rounds = 200, 10
	sandbox, err := benchDHIS2(mothers, 0)
	if err != nil {
		t.Fatal(err)
	}
	connections := &openConnections{open: map[net.Conn]bool{}}
	s, err := config.Load("", []string{
		"NEHRBRIDGE_DHIS2_URL=" + connections.serve(t, sandbox.Handler()), "NEHRBRIDGE_DHIS2_TOKEN=" + dhis2sandbox.DefaultToken,
		"NEHRBRIDGE_NEHR_URL=" + connections.serve(t, newMemoryNEHR()) + "/fhir", "NEHRBRIDGE_DATA_DIR=" + t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	g, err := newAgent(t.Context(), s, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.close() })
	var goroutines, open, all int
	for round := range rounds {
		for i := range mothers {
			if err := sandbox.SetValue(benchEvent(1, i), haemoglobin, fmt.Sprintf("9.%d", round)); err != nil {
				t.Fatal(err)
			}
		}
		g.counts = counts{}
		if c, err := g.once(t.Context()); err != nil || c.Written != mothers {
			t.Fatalf("round %d: %+v, %v", round, c, err)
		}
		if round == 0 {
			goroutines = runtime.NumGoroutine()
			open, all = connections.count()
		}
	}
	// A worker more or less may have had a connection when it was counted: what
	// leaks, leaks with each of 1,800 entities.
	const some = 30
	opened, total := connections.count()
	if opened > open+some || total > all+some*rounds {
		t.Errorf("%d connections are open and %d were made; after the first %d entities %d and %d", opened, total, mothers, open, all)
	}
	if n := runtime.NumGoroutine(); n > goroutines+some {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines, after the first %d entities %d\n%s", n, mothers, goroutines, stacks[:runtime.Stack(stacks, true)])
	}
}
