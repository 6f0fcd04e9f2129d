package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// BenchmarkLatency is the time from a change in DHIS2 until the record has it,
// with a running `nehrbridge sync`: by polling every second, and with the hint
// of logical replication while polling every minute. One operation is a change
// at a random moment.
func BenchmarkLatency(b *testing.B) {
	b.Run("poll=1s", func(b *testing.B) {
		latency(b, func(int) {}, "NEHRBRIDGE_DHIS2_POLL=1s")
	})
	b.Run("hint", func(b *testing.B) {
		url, conn := realDHIS2Database(b)
		var mu sync.Mutex
		latency(b, func(mother int) {
			mu.Lock()
			defer mu.Unlock()
			if _, err := conn.Exec(b.Context(), `UPDATE trackedentity SET lastupdated = now() WHERE trackedentityid = $1`, mother+1); err != nil {
				b.Error(err)
			}
		}, "NEHRBRIDGE_DHIS2_POLL=1m", "NEHRBRIDGE_DHIS2_REPLICATION_URL="+url)
	})
}

// latencyMothers are the entities that take turns in being changed.
const latencyMothers = 40

func latency(b *testing.B, committed func(mother int), settings ...string) {
	p := startPeers(b, latencyMothers)
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	ended := make(chan int, 1)
	var log lockedLog
	go func() {
		ended <- run(ctx, []string{"sync"}, stdio{strings.NewReader(""), io.Discard, &log, append(settings,
			"NEHRBRIDGE_DHIS2_URL="+p.DHIS2, "NEHRBRIDGE_DHIS2_TOKEN="+dhis2sandbox.DefaultToken,
			"NEHRBRIDGE_NEHR_URL="+p.Holds, "NEHRBRIDGE_DATA_DIR="+b.TempDir(), "NEHRBRIDGE_METRICS_LISTEN=off")})
	}()
	// The first change of each comes with the first look, and tells that all run.
	limited, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	change := func(i int, value string) time.Duration {
		took, err := p.change(limited, i, value, func() { committed(i) })
		if err != nil {
			b.Errorf("a change did not arrive: %v\n%s", err, log.String())
		}
		return took
	}
	var first sync.WaitGroup
	for i := range latencyMothers {
		first.Go(func() { change(i, "8.0") })
	}
	first.Wait()
	if b.Failed() {
		return
	}
	var all []time.Duration
	for b.Loop() {
		b.StopTimer()
		time.Sleep(rand.N(time.Second)) // people do not type in step with the poll
		b.StartTimer()
		limited, cancel = context.WithTimeout(ctx, time.Minute)
		value := 80 + (1+len(all))%70 // another one whenever her turn comes
		all = append(all, change(len(all)%latencyMothers, fmt.Sprintf("%d.%d", value/10, value%10)))
		cancel()
	}
	slices.Sort(all)
	b.ReportMetric(all[len(all)/2].Seconds(), "p50-s")
	b.ReportMetric(all[len(all)*95/100].Seconds(), "p95-s")
	b.ReportMetric(all[len(all)-1].Seconds(), "max-s")
	stop()
	<-ended
}

// lockedLog takes lines of several goroutines.
type lockedLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// realDHIS2Database is realDHIS2Tables with the publication and the mothers'
// rows.
func realDHIS2Database(b *testing.B) (string, *pgx.Conn) {
	b.Helper()
	url, conn := realDHIS2Tables(b)
	do := func(sql string) {
		if _, err := conn.Exec(b.Context(), sql); err != nil {
			b.Fatalf("%s: %v", sql, err)
		}
	}
	do(changes.PublicationSQL(42))
	for i := range latencyMothers {
		do(fmt.Sprintf(`INSERT INTO trackedentity (trackedentityid, uid, created, lastupdated, deleted, organisationunitid, trackedentitytypeid)
			VALUES (%d, 'T%010d', now(), now(), false, 1, 1)`, i+1, i))
	}
	return url, conn
}

// realDHIS2Tables is PostgreSQL with the tables of a DHIS2 2.42, and a
// connection that writes rows as DHIS2 does, without the units and people that
// they refer to.
func realDHIS2Tables(t testing.TB) (string, *pgx.Conn) {
	t.Helper()
	file := filepath.Join("..", "..", "..", "shared", "data", "dhis2", "who-anc-metadata-2.42.sql.gz")
	if _, err := os.Stat(file); err != nil {
		postgrestest.Missing(t, "the folder shared beside the repository does not have the database of a DHIS2 2.42")
	}
	cluster := postgrestest.Start(t, "wal_level=logical", "max_slot_wal_keep_size=256MB", "max_wal_size=32MB")
	connect := func(url string) *pgx.Conn {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
		return conn
	}
	do := func(conn *pgx.Conn, sql string) {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	do(connect(cluster.URL("postgres")), `CREATE ROLE dhis SUPERUSER LOGIN`)
	url := cluster.Database(t)
	cluster.Load(t, url, file)
	conn := connect(url)
	do(conn, `SET search_path = public`)
	do(conn, `SET session_replication_role = replica`)
	return url, conn
}
