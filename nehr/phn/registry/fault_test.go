package registry_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/phn/registry"
)

// TestReservationLost: a database server that ends between reservation and issue may
// forget the reservation, which nobody has seen. Another number is drawn, and what is
// shown is in the database.
func TestReservationLost(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		h := newHouseIn(t, address, nil)
		found := h.searchFor(midwife, nilmini)
		asked := 0
		h.record.set(func(url.Values) (*client.Found, error) {
			if asked++; asked == 1 {
				if err := h.db.Write(t.Context(), func(tx database.Tx) error {
					if _, err := tx.Exec(`DELETE FROM phn_number`); err != nil {
						return err
					}
					_, err := tx.Exec(`UPDATE phn_search SET chosen = ''`)
					return err
				}); err != nil {
					t.Error(err)
				}
			}
			return &client.Found{Total: "0"}, nil
		})
		got := h.issueFor(midwife, found)
		if n := h.count(`SELECT count(*) FROM phn_number WHERE number = ?1 AND state = 'issued'`, got.PHN); n != 1 || asked != 2 {
			t.Errorf("the number that was given stands %d times in the database, after %d questions", n, asked)
		}
	})
}

// TestAbandoned: a number that was drawn and shown to nobody is given up, not given
// again.
func TestAbandoned(t *testing.T) {
	h := newHouse(t, nil)
	found := h.searchFor(midwife, nilmini)
	h.record.set(away)
	h.call(midwife, "issue", registry.IssueRequest{Place: here, Search: found.Search}, nil).want(t, 503, registry.CodeNEHR)
	if n := h.count(`SELECT count(*) FROM phn_number WHERE state = 'reserved'`); n != 1 {
		t.Fatalf("%d are reserved", n)
	}
	h.clock.advance(25 * time.Hour)
	if err := h.service.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := h.count(`SELECT count(*) FROM phn_number WHERE state = 'burnt' AND search IS NULL`); n != 1 {
		t.Error("a number that was drawn is forgotten")
	}
}

// stalled is a record that answers when nobody waits any more.
type stalled struct{}

func (stalled) SearchPage(ctx context.Context, _ string, _ url.Values) (*client.Found, error) {
	<-ctx.Done()
	return nil, &client.UnreachableError{Operation: "search Patient", Reason: "no answer in time", Err: ctx.Err()}
}

// TestFaults: what is away is said, and nothing is given meanwhile.
func TestFaults(t *testing.T) {
	t.Run("a slow record", func(t *testing.T) {
		h := newHouse(t, func(c *registry.Config) { c.Record, c.Patience = stalled{}, time.Millisecond })
		h.call(midwife, "search", registry.SearchRequest{Place: here, PHN: known}, nil).want(t, 503, registry.CodeNEHR)
		if n := h.count(`SELECT count(*) FROM phn_tries WHERE count > 1`); n != 0 {
			t.Error("she is blamed for it")
		}
	})
	t.Run("no database", func(t *testing.T) {
		h := newHouse(t, nil)
		found := h.searchFor(midwife, nilmini)
		if err := h.db.Close(); err != nil {
			t.Fatal(err)
		}
		for call, body := range map[string]any{
			"search": registry.SearchRequest{Place: here, PHN: known},
			"select": registry.SelectRequest{Place: here, Search: found.Search, Match: "x"},
			"issue":  registry.IssueRequest{Place: here, Search: found.Search},
			"status": registry.StatusRequest{Place: here, PHN: known},
			"card":   registry.CardRequest{Place: here, Receipt: "x"},
		} {
			h.call(midwife, call, body, nil).want(t, 503, registry.CodeUnavailable)
		}
		if err := claimCodes(t, h).Redeem(t.Context(), known, "2222-2222", "source"); err == nil {
			t.Error("a code opens without the database")
		}
		h.quiet(t)
	})
	t.Run("DHIS2 does not say who it is", func(t *testing.T) {
		h := newHouse(t, func(c *registry.Config) {
			c.Installation = func(context.Context) (string, error) { return "", context.DeadlineExceeded }
		})
		h.call(midwife, "issue", registry.IssueRequest{Place: here, Search: h.searchFor(midwife, nilmini).Search}, nil).want(t, 503, registry.CodeUnavailable)
	})
	t.Run("Run ends", func(t *testing.T) {
		h := newHouse(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- h.service.Run(ctx) }()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
