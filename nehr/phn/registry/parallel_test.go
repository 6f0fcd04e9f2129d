package registry_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/phn"
	"github.com/nehrbridge/nehrbridge/nehr/phn/registry"
)

// Environment of a process that issues numbers for TestUnique.
const (
	issuerDatabase = "NEHRBRIDGE_TEST_ISSUER"
	issuerNumbers  = "NEHRBRIDGE_TEST_ISSUER_NUMBERS"
	issuerWhole    = "NEHRBRIDGE_TEST_ISSUER_WHOLE"
	issuerCallers  = 32
)

func TestMain(m *testing.M) {
	if address := os.Getenv(issuerDatabase); address != "" {
		if err := beIssuer(address, os.Getenv(issuerNumbers), os.Getenv(issuerWhole) != ""); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// unknowing is a national record that knows nobody.
type unknowing struct{}

func (unknowing) SearchPage(context.Context, string, url.Values) (*client.Found, error) {
	return &client.Found{Total: "0"}, nil
}

// narrow draws from 24⁴ numbers instead of 24⁶, so that many are drawn twice.
type narrow struct{ phn.Scheme }

func (n narrow) New(point string, rand io.Reader) (phn.PHN, error) {
	return n.Scheme.New(point, io.MultiReader(strings.NewReader("\x00\x00"), rand))
}

// newIssuer is a registry with a record that costs nothing, and without limits.
func newIssuer(db *database.DB, whole bool) (*registry.Service, error) {
	c := registry.Config{
		DB: db, Record: unknowing{}, Authority: rights{}, Log: zerolog.Nop(), Points: map[string]string{clinic: "1234"},
		Installation: func(context.Context) (string, error) { return "the only DHIS2", nil },
	}
	if !whole {
		c.Scheme = narrow{phn.NDHGS2}
	}
	return registry.New(c)
}

// searches writes searches that found nobody, as Search would; their secrets are told.
func searches(ctx context.Context, db *database.DB, prefix string, n int) ([]string, error) {
	secrets := make([]string, n)
	until := time.Now().Add(24 * time.Hour).Unix()
	for from := 0; from < n; from += 1000 {
		var rows [][]any
		for i := from; i < min(n, from+1000); i++ {
			secrets[i] = prefix + "-" + strconv.Itoa(i)
			sum := sha256.Sum256([]byte(secrets[i]))
			rows = append(rows, []any{hex.EncodeToString(sum[:]), "worker." + strconv.Itoa(i%50), until})
		}
		err := db.Write(ctx, func(tx database.Tx) error {
			_, err := tx.ExecMany(`INSERT INTO phn_search (id, actor, route, program, org_unit, until, source, matches, chosen)
				VALUES (?1, ?2, 'route-1', '`+program+`', '`+clinic+`', ?3, 'nehr', '[]', '')`, rows)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return secrets, nil
}

// beIssuer issues numbers by many callers at once, and prints them.
func beIssuer(address, numbers string, whole bool) error {
	n, err := strconv.Atoi(numbers)
	if err != nil {
		return err
	}
	ctx := context.Background()
	db, err := database.Open(ctx, database.Config{URL: address, Migrations: []database.Migrations{registry.Migrations()}, BusyTimeout: time.Minute, Connections: 8})
	if err != nil {
		return err
	}
	defer db.Close()
	service, err := newIssuer(db, whole)
	if err != nil {
		return err
	}
	secrets, err := searches(ctx, db, strconv.Itoa(os.Getpid()), n)
	if err != nil {
		return err
	}
	var next atomic.Int64
	var all sync.WaitGroup
	failed := make(chan error, issuerCallers)
	given := make(chan string, issuerCallers)
	for range issuerCallers {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				who := registry.Caller{User: "worker." + strconv.Itoa(i%50), Route: "route-1"}
				out, err := service.Issue(ctx, who, registry.IssueRequest{Place: here, Search: secrets[i]})
				if err != nil {
					failed <- err
					return
				}
				given <- out.PHN
			}
		})
	}
	go func() { all.Wait(); close(given) }()
	out := bufio.NewWriter(os.Stdout)
	for number := range given {
		fmt.Fprintln(out, number)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	select {
	case err := <-failed:
		return err
	default:
	}
	var metrics strings.Builder
	service.WriteMetrics(&metrics)
	for line := range strings.Lines(metrics.String()) {
		if strings.HasPrefix(line, "nehrbridge_phn_collisions_total") {
			fmt.Println(strings.TrimSpace(line))
		}
	}
	return nil
}

// TestUnique has three processes issue numbers at one point on one database: none
// twice, of 6,000 that are drawn from few, or of as many as PHN_NUMBERS says, which
// are drawn from all when there are 100,000 or more.
func TestUnique(t *testing.T) {
	total := 6000
	if text := os.Getenv("PHN_NUMBERS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 3 {
			t.Fatal("PHN_NUMBERS: want a number from 3")
		}
		total = n
	}
	onBoth(t, func(t *testing.T, address string) {
		openDB(t, address) // makes the tables
		began := time.Now()
		var mu sync.Mutex
		given, twice, collisions := make(map[string]bool, total), 0, 0
		var all sync.WaitGroup
		for i := range 3 {
			share := total / 3
			if i == 0 {
				share = total - 2*(total/3)
			}
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), issuerDatabase+"="+address, issuerNumbers+"="+strconv.Itoa(share))
			if total >= 100_000 {
				cmd.Env = append(cmd.Env, issuerWhole+"=1")
			}
			cmd.Stderr = os.Stderr
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			all.Go(func() {
				for lines := bufio.NewScanner(out); lines.Scan(); {
					mu.Lock()
					if n, found := strings.CutPrefix(lines.Text(), "nehrbridge_phn_collisions_total "); found {
						drawn, _ := strconv.Atoi(n)
						collisions += drawn
					} else if given[lines.Text()] {
						twice++
					} else {
						given[lines.Text()] = true
					}
					mu.Unlock()
				}
				if err := cmd.Wait(); err != nil {
					t.Errorf("a process that issues: %v", err)
				}
			})
		}
		all.Wait()
		if len(given) != total || twice != 0 {
			t.Errorf("%d numbers for %d women, %d given twice", len(given), total, twice)
		}
		if collisions == 0 && total >= 6000 {
			t.Error("no number was drawn twice: the test shows nothing")
		}
		for number := range given {
			if _, err := phn.NDHGS2.Parse(number); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("%d numbers by three processes in %s, %d of them drawn before and drawn again", total, time.Since(began).Round(time.Second), collisions)
	})
}

// BenchmarkIssue is a number, from the call of 50 who ask at once to its being durable
// in the database, without the time of the national record. p95-ms is what 95 of 100
// wait at most.
func BenchmarkIssue(b *testing.B) {
	issue := func(b *testing.B, address string) {
		db := openDB(b, address)
		service, err := newIssuer(db, true)
		if err != nil {
			b.Fatal(err)
		}
		secrets, err := searches(b.Context(), db, "bench", b.N)
		if err != nil {
			b.Fatal(err)
		}
		took := make([]time.Duration, b.N)
		var next atomic.Int64
		b.SetParallelism((50 + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				i := int(next.Add(1)) - 1
				began := time.Now()
				if _, err := service.Issue(context.Background(), registry.Caller{User: "worker." + strconv.Itoa(i%50), Route: "route-1"},
					registry.IssueRequest{Place: here, Search: secrets[i]}); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(began)
			}
		})
		b.StopTimer()
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
		b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	}
	b.Run("SQLite", func(b *testing.B) { issue(b, b.TempDir()+"/registry.db") })
	b.Run("PostgreSQL", func(b *testing.B) {
		issue(b, postgrestest.Start(b, "fsync=on", "synchronous_commit=on", "full_page_writes=on").Database(b))
	})
}
