package rp_test

import (
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2/route"
	"github.com/nehrbridge/nehrbridge/esignet/rp"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

// TestMemoryFlat begins 5,000 sign-ins (RP_TRANSACTIONS says another number), most of
// them by users who come once and never go on, some completed: what is kept does not
// grow with their number.
func TestMemoryFlat(t *testing.T) {
	total := 5000
	if text := os.Getenv("RP_TRANSACTIONS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 2000 {
			t.Fatalf("RP_TRANSACTIONS: want a number from 2000")
		}
		total = n
	}
	wide := route.Limit{PerSecond: 1e6, Burst: 1e6}
	h := newHouse(t, sandbox.V16, setup{
		sandbox: func(c *sandbox.Config, _ *sandbox.ClientRequest) { c.MaxSessions = 100 },
		service: func(c *rp.Config) {
			c.Limits = route.Limits{User: route.Limit{PerSecond: 2, Burst: 20}, Route: wide, All: wide}
			c.Authority = everybody{}
			c.MaxTransactions = 200
		}})
	h.log.drop = true
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var before uint64
	most := 0
	for i := range total {
		if i == 1000 {
			before = heap()
		}
		user := "user." + strconv.Itoa(i)
		h.clock.advance(5 * time.Second) // 10 min hold 120 of them
		s := h.start(user)
		if i%100 == 0 {
			if r := h.complete(user, s, h.signIn(s, sandbox.Person{ID: "9900000001"})); r.status != 200 {
				t.Fatalf("%d %s", r.status, r.body)
			}
		}
		most = max(most, h.service.Open())
	}
	if most > 121 || most < 100 {
		t.Errorf("%d were open at once: those that are over are not swept", most)
	}
	after := heap()
	t.Logf("heap: %d kB after 1,000, %d kB after %d", before>>10, after>>10, total)
	// A transaction is 2 kB: 4,000 that stay would be 8 MB. The limiter remembers
	// 10,000 users at most, 200 bytes each.
	if after > before+3<<20 {
		t.Errorf("what is kept grew from %d kB to %d kB", before>>10, after>>10)
	}
}

// TestAttackFull: whoever opens sign-ins without end shuts nobody out but himself.
func TestAttackFull(t *testing.T) {
	h := newHouse(t, sandbox.V18, setup{service: func(c *rp.Config) { c.MaxTransactions, c.MaxPerUser = 6, 4 }})
	her := sandbox.Person{ID: "9900000001"}
	oldest, response := h.start(midwife), ""
	response = h.signIn(oldest, her)
	for range 5 {
		h.start(midwife)
	}
	if n := h.service.Open(); n != 4 {
		t.Errorf("one user has %d open", n)
	}
	h.complete(midwife, oldest, response).want(t, 409, "transaction")
	h.start(colleague)
	h.start(colleague)
	h.requests.reset()
	h.call(colleague, "POST", "/rp/start", rp.StartRequest{Program: ancProgram, OrgUnit: clinic}).want(t, 429, "limit")
	if asked := h.requests.reset(); len(asked) != 0 {
		t.Errorf("eSignet was asked though there is no room: %v", asked)
	}
	h.clock.advance(11 * time.Minute)
	h.start(colleague)
	if n := h.service.Open(); n != 1 {
		t.Errorf("%d are open after their time", n)
	}
}
