package login_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
	"github.com/nehrbridge/nehrbridge/esignet/login"
)

const linksIssuer = "https://esignet.example.org"

// linkStores gives the links of several processes that share a database, in each
// kind of database.
func linkStores(t *testing.T, n int, f func(t *testing.T, now *time.Time, stores []*login.Links)) {
	open := func(t *testing.T, url string) {
		now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		var stores []*login.Links
		for range n {
			db, err := database.Open(t.Context(), database.Config{URL: url, Migrations: []database.Migrations{login.Migrations()}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			stores = append(stores, login.NewLinks(db, func() time.Time { return now }))
		}
		f(t, &now, stores)
	}
	t.Run("SQLite", func(t *testing.T) { open(t, filepath.Join(t.TempDir(), "links.db")) })
	t.Run("PostgreSQL", func(t *testing.T) { open(t, postgrestest.Start(t).Database(t)) })
}

func seen(t *testing.T, l *login.Links, subject string) login.Link {
	t.Helper()
	link, err := l.Seen(t.Context(), linksIssuer, relyingParty, subject)
	if err != nil {
		t.Fatal(err)
	}
	return link
}

// TestLinks walks a link through its life.
func TestLinks(t *testing.T) {
	linkStores(t, 1, func(t *testing.T, now *time.Time, stores []*login.Links) {
		l, began := stores[0], *now
		first := seen(t, l, "a subject")
		want := login.Link{Code: first.Code, OpenID: login.OpenID(linksIssuer, relyingParty, "a subject"), Issuer: linksIssuer, RelyingParty: relyingParty,
			State: login.Requested, RequestedAt: began, SeenAt: began}
		if diff := cmp.Diff(want, first); diff != "" || len(first.Code) != 9 {
			t.Errorf("first seen (-want +got):\n%s", diff)
		}
		*now = began.Add(time.Minute)
		if want.SeenAt = *now; seen(t, l, "a subject") != want {
			t.Error("seen again is another request")
		}
		approved, err := l.Approve(t.Context(), "  "+first.Code[:4]+first.Code[5:]+" ", "nurse")
		if want.State, want.Username, want.DecidedAt = login.Approved, "nurse", *now; err != nil || approved != want {
			t.Errorf("approved %+v, %v", approved, err)
		}
		other := seen(t, l, "another subject")
		if _, err := l.Approve(t.Context(), other.Code, "nurse"); !errors.Is(err, login.ErrUserTaken) {
			t.Errorf("two people as one user: %v", err)
		}
		if _, err := l.Approve(t.Context(), "0000-0000", "doctor"); !errors.Is(err, login.ErrNoLink) {
			t.Errorf("an unknown code: %v", err)
		}
		if _, err := l.Approve(t.Context(), other.Code, " "); err == nil {
			t.Error("approved for nobody")
		}
		if revoked, err := l.Revoke(t.Context(), first.Code); err != nil || revoked.State != login.Revoked || revoked.Username != "nurse" {
			t.Errorf("revoked %+v, %v", revoked, err)
		}
		if got, err := l.Approve(t.Context(), other.Code, "nurse"); err != nil || got.State != login.Approved {
			t.Errorf("the user is free again: %+v, %v", got, err)
		}
		if got := seen(t, l, "a subject"); got.State != login.Revoked {
			t.Errorf("who was revoked comes back as %s", got.State)
		}
		for state, n := range map[login.State]int{"": 2, login.Requested: 0, login.Approved: 1, login.Revoked: 1} {
			if all, err := l.List(t.Context(), state); err != nil || len(all) != n {
				t.Errorf("%d links of the state %q, want %d: %v", len(all), state, n, err)
			}
		}
		if got, err := l.Find(t.Context(), other.Code); err != nil || got.Username != "nurse" {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := l.Find(t.Context(), "ZZZZ-ZZZZ"); !errors.Is(err, login.ErrNoLink) {
			t.Errorf("find: %v", err)
		}
	})
}

// TestLinks_lapse: a request that nobody decides on is forgotten, a decision is not.
func TestLinks_lapse(t *testing.T) {
	linkStores(t, 1, func(t *testing.T, now *time.Time, stores []*login.Links) {
		l := stores[0]
		seen(t, l, "waits")
		decided := seen(t, l, "decided")
		if _, err := l.Revoke(t.Context(), decided.Code); err != nil {
			t.Fatal(err)
		}
		*now = now.Add(31 * 24 * time.Hour)
		seen(t, l, "new")
		all, err := l.List(t.Context(), "")
		if err != nil || len(all) != 2 || all[0].State != login.Requested || all[1].Code != decided.Code {
			t.Errorf("%+v, %v", all, err)
		}
	})
}

// TestLinks_together: processes that share a database make one request of a person
// who signs in at both at once, and two administrators one user of two people.
func TestLinks_together(t *testing.T) {
	linkStores(t, 3, func(t *testing.T, _ *time.Time, stores []*login.Links) {
		// each runs f in every process at once and gives the errors.
		each := func(f func(i int, l *login.Links) error) (errs []error) {
			errs = make([]error, len(stores))
			var all sync.WaitGroup
			for i, l := range stores {
				all.Go(func() { errs[i] = f(i, l) })
			}
			all.Wait()
			return errs
		}
		for round := range 8 {
			codes := make([]string, len(stores))
			subject := fmt.Sprint("subject ", round)
			for _, err := range each(func(i int, l *login.Links) error {
				link, err := l.Seen(context.Background(), linksIssuer, relyingParty, subject)
				codes[i] = link.Code
				return err
			}) {
				if err != nil {
					t.Fatalf("round %d: %v", round, err)
				}
			}
			if codes[0] != codes[1] || codes[0] != codes[2] || codes[0] == "" {
				t.Fatalf("round %d: codes %v", round, codes)
			}
			links := make([]login.Link, len(stores))
			for i := range links {
				links[i] = seen(t, stores[0], fmt.Sprint("person ", round, i))
			}
			won := 0
			for i, err := range each(func(i int, l *login.Links) error {
				_, err := l.Approve(context.Background(), links[i].Code, fmt.Sprint("user ", round))
				return err
			}) {
				switch {
				case err == nil:
					won++
				case !errors.Is(err, login.ErrUserTaken):
					t.Errorf("round %d, administrator %d: %v", round, i, err)
				}
			}
			if won != 1 {
				t.Errorf("round %d: %d people are one user", round, won)
			}
		}
	})
}
