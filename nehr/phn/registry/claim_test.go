package registry_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/phn/registry"
)

// TestClaimCodes: a code opens once, for its number, while it is good.
func TestClaimCodes(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		h := newHouseIn(t, url, nil)
		codes := claimCodes(t, h)
		issue := func(number string) string {
			t.Helper()
			code, expires, err := codes.Issue(t.Context(), number)
			if err != nil || !expires.Equal(h.clock.Now().Add(30*24*time.Hour)) {
				t.Fatalf("%v, until %s", err, expires)
			}
			return code
		}
		redeem := func(number, code string) error { return codes.Redeem(t.Context(), number, code, "192.0.2.1") }
		first := issue(known)
		if err := redeem(another, first); !errors.Is(err, registry.ErrClaim) {
			t.Errorf("for another number: %v", err)
		}
		second := issue(known)
		if err := redeem(known, first); !errors.Is(err, registry.ErrClaim) {
			t.Errorf("of a card that was replaced: %v", err)
		}
		if err := redeem(known, " "+strings.ToLower(strings.ReplaceAll(second, "-", ""))+" "); err != nil {
			t.Errorf("as it is typed: %v", err)
		}
		if err := redeem(known, second); !errors.Is(err, registry.ErrClaim) {
			t.Errorf("a second time: %v", err)
		}
		third := issue(known)
		h.clock.advance(30 * 24 * time.Hour)
		if err := redeem(known, third); !errors.Is(err, registry.ErrClaim) {
			t.Errorf("after its time: %v", err)
		}
		for _, code := range []string{"", "-", strings.Repeat("A", 100_000), "ABCD-EFGH' OR 1=1"} {
			if err := redeem(another, code); err == nil {
				t.Errorf("%.20q opens", code)
			}
		}
	})
}

// TestAttackClaim: guessing is counted for the number and for the source; many at once
// use a code once.
func TestAttackClaim(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		h := newHouseIn(t, url, nil)
		codes := claimCodes(t, h)
		code, _, err := codes.Issue(t.Context(), known)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			if err := codes.Redeem(t.Context(), known, "2222-2222", fmt.Sprint("source ", i)); !errors.Is(err, registry.ErrClaim) {
				t.Fatal(err)
			}
		}
		if err := codes.Redeem(t.Context(), known, code, "hers"); !errors.Is(err, registry.ErrClaimTries) {
			t.Errorf("the sixth of an hour: %v", err)
		}
		h.clock.advance(61 * time.Minute)
		for i := range 25 {
			err := codes.Redeem(t.Context(), fmt.Sprint("number ", i), "2222-2222", "one source")
			if want := registry.ErrClaim; i < 20 && !errors.Is(err, want) || i >= 20 && !errors.Is(err, registry.ErrClaimTries) {
				t.Fatalf("number %d from one source: %v", i, err)
			}
		}
		var opened atomic.Int32
		var all sync.WaitGroup
		for i := range 5 {
			all.Go(func() {
				if err := codes.Redeem(t.Context(), known, code, fmt.Sprint("source ", i)); err == nil {
					opened.Add(1)
				}
			})
		}
		all.Wait()
		if opened.Load() != 1 {
			t.Errorf("a code opened %d times", opened.Load())
		}
	})
	t.Run("in the life of a code", func(t *testing.T) {
		h := newHouse(t, nil)
		codes := claimCodes(t, h)
		code, _, err := codes.Issue(t.Context(), known)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			if i%5 == 0 {
				h.clock.advance(61 * time.Minute)
			}
			if err := codes.Redeem(t.Context(), known, "2222-2222", "source"); !errors.Is(err, registry.ErrClaim) {
				t.Fatal(err)
			}
		}
		h.clock.advance(61 * time.Minute)
		if err := codes.Redeem(t.Context(), known, code, "hers"); !errors.Is(err, registry.ErrClaim) {
			t.Errorf("a code that was guessed at 20 times opens: %v", err)
		}
	})
}
