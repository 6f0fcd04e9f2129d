package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

// syncWith runs `sync --once` as a process of its own, by way of a command
// that takes it as its last arguments, and gives exit code and stderr.
func (s *testServers) syncWith(t *testing.T, ledger string, by ...string) (int, string) {
	t.Helper()
	args := append(by, "nehrbridge", "sync", "--once")
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Env = append(append(os.Environ(), s.env...), "NEHRBRIDGE_LEDGER_URL="+ledger)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	code := cmd.ProcessState.ExitCode()
	if code != exitDone && out.Len() > 0 {
		t.Errorf("exit code %d with %q on stdout", code, out.String())
	}
	return code, errs.String()
}

// bound runs a command without the power of root to pass over the rights of
// files, where the tests have it.
func bound(t *testing.T) []string {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	if _, err := exec.LookPath("setpriv"); err != nil {
		needs(t, "setpriv (util-linux), or another user than root")
	}
	return []string{"setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all"}
}

func openDB(t *testing.T, file string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), database.Config{URL: file, Migrations: []database.Migrations{changes.Migrations()}})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func execSQL(t *testing.T, db *database.DB, sql string) {
	t.Helper()
	if err := db.Write(t.Context(), func(tx database.Tx) error { _, err := tx.Exec(sql); return err }); err != nil {
		t.Fatal(err)
	}
}

// TestLedgerThatCannotBeUsed: each is exit code 2 with place and cure, and
// what was there stays as it was, to the byte.
func TestLedgerThatCannotBeUsed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("rights and limits of Unix")
	}
	s := startServersFor(t, 3, startNEHR(t))
	made := func(t *testing.T, more string) string {
		file := filepath.Join(t.TempDir(), "ledger.db")
		db := openDB(t, file)
		execSQL(t, db, more)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		return file
	}
	const nothing = `UPDATE schema_version SET version = version`
	for _, test := range []struct {
		name string
		file func(t *testing.T) string
		by   func(t *testing.T) []string
		says []string
	}{
		{"of a newer version", func(t *testing.T) string { return made(t, `UPDATE schema_version SET version = 99`) }, nil,
			[]string{"dhis2/changes", "version 99", "use a newer program"}},
		{"not a database", func(t *testing.T) string {
			file := filepath.Join(t.TempDir(), "ledger.db")
			mustDo(t, os.WriteFile(file, bytes.Repeat([]byte("words "), 4000), 0o600))
			return file
		}, nil, []string{"damaged", "restore a backup"}},
		{"damaged", func(t *testing.T) string {
			file := made(t, nothing)
			content, err := os.ReadFile(file)
			mustDo(t, err)
			for i := 4096; i < len(content); i++ { // every page but the first
				content[i] = 0xA5
			}
			mustDo(t, os.WriteFile(file, content, 0o600))
			return file
		}, nil, []string{"damaged", "restore a backup"}},
		{"a folder", func(t *testing.T) string { return t.TempDir() }, nil, []string{"cannot be reached or opened"}},
		{"read-only file", func(t *testing.T) string {
			file := made(t, nothing)
			mustDo(t, os.Chmod(file, 0o400))
			return file
		}, bound, []string{"cannot be written", "check the rights"}},
		{"read-only folder", func(t *testing.T) string {
			file := made(t, nothing)
			mustDo(t, os.Chmod(filepath.Dir(file), 0o500))
			t.Cleanup(func() { _ = os.Chmod(filepath.Dir(file), 0o700) })
			return file
		}, bound, []string{"check the rights"}},
		{"held by another process", func(t *testing.T) string {
			file := made(t, nothing)
			db := openDB(t, file)
			held, release := make(chan struct{}), make(chan struct{})
			done := make(chan error, 1)
			go func() {
				done <- db.Write(context.Background(), func(tx database.Tx) error {
					_, err := tx.Exec(nothing)
					close(held)
					<-release
					return err
				})
			}()
			<-held
			t.Cleanup(func() { close(release); <-done; db.Close() })
			return file
		}, nil, []string{"another process holds"}},
		{"may not grow", func(t *testing.T) string { return filepath.Join(t.TempDir(), "ledger.db") },
			func(*testing.T) []string { return []string{"sh", "-c", `ulimit -f 16; exec "$@"`, "sh"} },
			[]string{"quota or a limit"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file := test.file(t)
			before := sum(t, file)
			var by []string
			if test.by != nil {
				by = test.by(t)
			}
			code, errs := s.syncWith(t, file, by...)
			if code != exitUsage {
				t.Errorf("exit code %d, want %d: %s", code, exitUsage, errs)
			}
			for _, want := range test.says {
				if !strings.Contains(errs, want) {
					t.Errorf("the message does not say %q: %s", want, errs)
				}
			}
			if strings.Contains(errs, "goroutine") {
				t.Errorf("a crash: %s", errs)
			}
			if test.name != "may not grow" && sum(t, file) != before {
				t.Error("the file was changed")
			}
		})
	}
}

func sum(t *testing.T, file string) [32]byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		return [32]byte{} // a folder, or not there yet
	}
	return sha256.Sum256(content)
}

// TestDiskFillsUp: mothers who meet a full disk wait, and arrive when there is
// space again; nothing is sent that the ledger could not note before.
func TestDiskFillsUp(t *testing.T) {
	b := newFaultBench(t, 3)
	limit := func(pages string) {
		t.Helper()
		if err := b.db.Write(t.Context(), func(tx database.Tx) error {
			return tx.Each(`PRAGMA max_page_count(`+pages+`)`, nil, func(func(...any) error) error { return nil })
		}); err != nil {
			t.Fatal(err)
		}
	}
	limit("1") // as many as there are
	where, err := b.look(t, b.agent(t))
	if kind, ok := database.KindOf(err); !ok || kind != database.Full {
		t.Fatalf("%s: got %v, want a full disk", where, err)
	}
	if held := b.all(t); len(held) > 0 {
		t.Errorf("%d resources were sent that the ledger could not note", len(held))
	}
	limit("100000")
	b.now = b.now.Add(time.Hour)
	mustLook(t, b)
	if got := len(b.patients(t)); got < 2 {
		t.Errorf("%d mothers arrived", got)
	}
}

// mustLook looks and carries, without a fault.
func mustLook(t *testing.T, b *faultBench) {
	t.Helper()
	if where, err := b.look(t, b.agent(t)); where != "carry" || err != nil {
		t.Fatalf("%s: %v", where, err)
	}
}

// TestClockOfThisMachine: a clock that is set, back or forth, by hours, while
// an entity is held by a process that has ended and another one waits, keeps
// neither, loses no change, and moves no low-water mark past a change: that is
// by the clock of DHIS2.
func TestClockOfThisMachine(t *testing.T) {
	for _, step := range []time.Duration{-5 * time.Hour, -30 * 24 * time.Hour, 5 * time.Hour, 30 * 24 * time.Hour} {
		t.Run(step.String(), func(t *testing.T) {
			b := newFaultBench(t, 3)
			mustLook(t, b)
			mothers := b.patients(t)
			if len(mothers) < 2 {
				t.Fatalf("%d mothers", len(mothers))
			}
			low, err := b.ledger.LowWater(t.Context())
			mustDo(t, err)
			var uids []dhis2.UID
			mustDo(t, b.ledger.Known(t.Context(), b.program(t), func(u dhis2.UID) error { uids = append(uids, u); return nil }))
			mustDo(t, b.ledger.MarkKnown(t.Context(), uids...))
			claims, err := b.ledger.Claim(t.Context(), len(uids))
			mustDo(t, err)
			// One backs off, the others are held by what ends now.
			mustDo(t, b.ledger.Fail(t.Context(), claims[0], changes.Failure{Class: changes.Retry, Next: b.now.Add(30 * time.Minute)}))
			mustDo(t, b.db.Close())

			b.now = b.now.Add(step)
			b.openLedger(t)
			event, value := b.correctHaemoglobin(t, b.held(t))
			mustLook(t, b)
			b.now = b.now.Add(time.Hour) // the longest that anybody waits
			mustLook(t, b)
			if left := b.entries(t); len(left) > 0 {
				t.Errorf("left after an hour: %+v", left)
			}
			if got := about(b.held(t), "Observation", event+"-cw35l7X4hnV"); got.Get("valueQuantity", "value").Scalar() != value {
				t.Error("the correction did not arrive")
			}
			after, err := b.ledger.LowWater(t.Context())
			mustDo(t, err)
			for program, at := range after {
				if at.Before(low[program]) || at.After(b.dhis2.Now().Add(time.Minute)) {
					t.Error("the low-water mark followed the clock of this machine")
				}
			}
		})
	}
}
