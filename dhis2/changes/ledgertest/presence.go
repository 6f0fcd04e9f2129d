package ledgertest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

// takeOver has three processes: one that dies with a claim, one that lives
// with a claim, and the next one, which takes over from the former alone.
func takeOver(t *testing.T, b *bench) {
	folder := t.TempDir()
	process := func() (*changes.Presence, *changes.Ledger) {
		t.Helper()
		p, err := changes.Appear(folder)
		if err != nil {
			t.Fatal(err)
		}
		l, err := changes.New(b.ctx, changes.Config{DB: b.open(), Name: b.name, Owner: "machine", Process: p.Name(), Lease: Lease, Now: b.now})
		if err != nil {
			t.Fatal(err)
		}
		return p, l
	}
	b.mark(t, uid(1), uid(3))
	dying, dyingLedger := process()
	dead := b.claim(t, dyingLedger, 2)
	if err := dead[0].Save(b.ctx, []byte("may be written")); err != nil {
		t.Fatal(err)
	}
	b.mark(t, uid(2))
	living, livingLedger := process()
	lives := b.claim(t, livingLedger, 1)[0]
	next, nextLedger := process()
	first := b.ledgerOf(t, "", "machine") // it is the first that takes over, for all
	taken := func(want int) {
		t.Helper()
		if n, err := first.TakeOver(b.ctx, next); err != nil || n != want {
			t.Fatalf("took over %d (%v), want %d", n, err, want)
		}
	}

	taken(0)
	die(t, folder, dying)
	if b.open().Dialect() == database.PostgreSQL {
		// The folder may be a copy of another machine's, whose process lives.
		path := filepath.Join(folder, dying.Name())
		here, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sign(t, path, "another host")
		taken(0)
		sign(t, path, string(here))
	}
	taken(2)
	c := b.claim(t, nextLedger, 10)
	if len(c) != 1 || c[0].TrackedEntity != uid(3) || c[0].Attempts != 1 {
		t.Fatalf("after the death: %d claims, want at once what was not sent", len(c))
	}
	if err := nextLedger.Complete(b.ctx, changes.Completion{Claim: c[0]}); err != nil {
		t.Fatal(err)
	}
	b.advance(Lease / 4)
	c = b.claim(t, nextLedger, 10)
	if len(c) != 1 || c[0].TrackedEntity != uid(1) || !c[0].Force || string(c[0].State) != "may be written" {
		t.Fatalf("later: %d claims, want what may have been sent, by force, with what was saved", len(c))
	}
	taken(0)
	isLate(t, dead[0].Save(b.ctx, nil))
	if err := livingLedger.Complete(b.ctx, changes.Completion{Claim: lives}); err != nil {
		t.Errorf("who lives keeps the claim: %v", err)
	}
	for _, p := range []*changes.Presence{living, next} {
		if err := p.Vanish(); err != nil {
			t.Error(err)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%d signs of life are left (%v)", len(left), err)
	}
}

// die leaves the sign of life as the end of a process does: unlocked.
func die(t *testing.T, folder string, p *changes.Presence) {
	t.Helper()
	path := filepath.Join(folder, p.Name())
	host, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Vanish(); err != nil {
		t.Fatal(err)
	}
	sign(t, path, string(host))
}

func sign(t *testing.T, path, host string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(host), 0o600); err != nil {
		t.Fatal(err)
	}
}
