//go:build unix

package postgrestest

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Missing skips a test with a sentence, or fails it where REQUIRE_ALL=1.
func Missing(t testing.TB, sentence string) {
	t.Helper()
	if os.Getenv("REQUIRE_ALL") == "1" {
		t.Fatal(sentence)
	}
	t.Skip(sentence)
}

// Cluster is a running server.
type Cluster struct {
	Dir     string // of the socket
	bin     string
	line    string // of settings
	as      *syscall.Credential
	stopped bool
	made    atomic.Int64
}

// Start starts a server that lives as long as the test. Settings are added to
// its command line, such as "wal_level=logical". Without PostgreSQL the test
// is skipped.
func Start(t testing.TB, settings ...string) *Cluster {
	t.Helper()
	out, err := exec.Command("pg_config", "--bindir").Output()
	bin := strings.TrimSpace(string(out))
	if err == nil {
		_, err = os.Stat(filepath.Join(bin, "initdb"))
	}
	if err != nil {
		Missing(t, "PostgreSQL is not here: apt-get install postgresql-15 libpq-dev (pg_config has to name its binaries)")
	}
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	c := &Cluster{Dir: dir, bin: bin, as: servant(t, dir)}
	c.run(t, "initdb", "-D", c.data(), "-U", "postgres", "-A", "trust", "--no-sync", "--locale=C.UTF-8", "-E", "UTF8")
	options := []string{"listen_addresses=", "unix_socket_directories=" + dir, "fsync=off", "synchronous_commit=off", "full_page_writes=off"}
	for _, o := range append(options, settings...) {
		c.line += fmt.Sprintf(" -c '%s'", o)
	}
	c.Resume(t)
	t.Cleanup(func() {
		if !c.stopped {
			c.Stop(t)
		}
	})
	return c
}

func (c *Cluster) data() string { return filepath.Join(c.Dir, "data") }

func (c *Cluster) run(t testing.TB, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(c.bin, name), args...)
	cmd.Dir = c.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.as}
	if out, err := cmd.CombinedOutput(); err != nil {
		log, _ := os.ReadFile(filepath.Join(c.Dir, "log"))
		t.Fatalf("%s: %v\n%s\n%s", name, err, out, log)
	}
}

// Stop ends the server as a crash does, in the middle of whatever it does.
// What it has confirmed survives with the setting synchronous_commit=on.
func (c *Cluster) Stop(t testing.TB) {
	t.Helper()
	c.run(t, "pg_ctl", "-D", c.data(), "-m", "immediate", "-w", "stop")
	c.stopped = true
}

// Resume starts the server that was stopped.
func (c *Cluster) Resume(t testing.TB) {
	t.Helper()
	c.run(t, "pg_ctl", "-D", c.data(), "-w", "-l", filepath.Join(c.Dir, "log"), "-o", c.line, "start")
	c.stopped = false
}

// servant is who runs the server: it refuses to run as root.
func servant(t testing.TB, dir string) *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	Missing(t, "PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
	return nil
}

// URL is the address of a database of the server.
func (c *Cluster) URL(database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {c.Dir}, "user": {"postgres"}}.Encode()
}

// Database makes a new, empty database and returns its address.
func (c *Cluster) Database(t testing.TB) string {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	name := fmt.Sprintf("test%d", c.made.Add(1))
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return c.URL(name)
}

// Load runs a file of SQL with psql in a database, gzipped if its name says
// so. It stops at the first error.
func (c *Cluster) Load(t testing.TB, databaseURL, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(file, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(filepath.Join(c.bin, "psql"), "-q", "-v", "ON_ERROR_STOP=1", "-d", databaseURL)
	cmd.Stdin = in
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("psql: %v\n%s", err, out)
	}
}
