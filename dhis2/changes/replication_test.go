package changes_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	"github.com/nehrbridge/nehrbridge/golden/reference"
)

// realSchema is PostgreSQL with the tables of a real DHIS2 2.42.
func realSchema(t *testing.T) (*postgrestest.Cluster, string) {
	file := reference.Path(t, "data/dhis2/who-anc-metadata-2.42.sql.gz")
	cluster := postgrestest.Start(t, "wal_level=logical", "max_slot_wal_keep_size=1MB", "max_wal_size=32MB")
	admin := connect(t, cluster.URL("postgres"))
	var there bool
	if err := admin.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'postgis')`).Scan(&there); err != nil {
		t.Fatal(err)
	}
	if !there {
		postgrestest.Missing(t, "PostGIS is not here: apt-get install postgresql-15-postgis-3")
	}
	run(t, admin, `CREATE ROLE dhis SUPERUSER LOGIN`)
	url := cluster.Database(t)
	cluster.Load(t, url, file)
	return cluster, url
}

func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(ctx) })
	return conn
}

func run(t testing.TB, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(ctx, sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// dhisRows writes as DHIS2 does, without the people and units that the rows
// would refer to.
func dhisRows(t testing.TB, url string) *pgx.Conn {
	conn := connect(t, url)
	run(t, conn, `SET search_path = public`)
	run(t, conn, `SET session_replication_role = replica`)
	return conn
}

func insertEntity(i int) string {
	return fmt.Sprintf(`INSERT INTO trackedentity (trackedentityid, uid, created, lastupdated, deleted, organisationunitid, trackedentitytypeid)
		VALUES (%d, '%s', now(), now(), false, 1, 1)`, i, te(i))
}

// listening is a listener that runs.
type listening struct {
	*testing.T
	*changes.Listener
	ledger *changes.Ledger
	lost   atomic.Int64 // times that Lost was called
	refuse error        // what it answers; set before the slot is lost
	woken  chan struct{}
	broken chan error
	stop   func()
}

func listen(t *testing.T, url string, ledger *changes.Ledger, refuse error) *listening {
	t.Helper()
	n := &listening{T: t, ledger: ledger, refuse: refuse, woken: make(chan struct{}, 1000), broken: make(chan error, 1000)}
	l, err := changes.NewListener(changes.ReplicationConfig{URL: url, Ledger: ledger, Status: 50 * time.Millisecond,
		Wake: func() { n.woken <- struct{}{} }, Broken: func(err error) { n.broken <- err },
		Lost: func(context.Context) error {
			n.lost.Add(1)
			return n.refuse
		}})
	if err != nil {
		t.Fatal(err)
	}
	n.Listener = l
	running, cancel := context.WithCancel(ctx)
	done := make(chan error)
	go func() { done <- l.Run(running) }()
	stopped := false
	n.stop = func() {
		if !stopped {
			stopped = true
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(n.stop)
	return n
}

// ready waits until the slot is made and followed.
func (n *listening) ready(conn *pgx.Conn) {
	n.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		var active bool
		if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_replication_slots WHERE active AND confirmed_flush_lsn IS NOT NULL)`).Scan(&active); err != nil {
			n.Fatal(err)
		}
		if active {
			return
		}
	}
	n.Fatal("nobody follows the slot")
}

func await[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: nothing came", what)
		panic("unreachable")
	}
}

func (n *listening) claims() []string {
	n.Helper()
	claims, err := n.ledger.Claim(ctx, 100)
	if err != nil {
		n.Fatal(err)
	}
	var out []string
	for _, c := range claims {
		out = append(out, c.TrackedEntity.String())
		if err := n.ledger.Complete(ctx, changes.Completion{Claim: c}); err != nil {
			n.Fatal(err)
		}
	}
	return out
}

func TestD081_ReplicationHintsAtEveryKindOfChange(t *testing.T) {
	_, url := realSchema(t)
	conn := dhisRows(t, url)
	run(t, conn, changes.PublicationSQL(42))
	ledger := newLedger(t, nil)
	if err := ledger.MarkDirty(ctx, changes.Change{TrackedEntity: te(1)}); err != nil {
		t.Fatal(err)
	}
	n := listen(t, url, ledger, nil)
	n.ready(conn)
	n.claims()
	for _, test := range []struct {
		name, sql string
		marked    bool
	}{
		{"created", insertEntity(1), true},
		{"another, not known to us", insertEntity(2), false},
		{"updated", `UPDATE trackedentity SET lastupdated = now(), code = 'x' WHERE trackedentityid = 1`, true},
		{"enrolled", `INSERT INTO enrollment (enrollmentid, uid, created, lastupdated, enrollmentdate, deleted, programid, organisationunitid, trackedentityid) VALUES (1, 'Enroll00001', now(), now(), now(), false, 1, 1, 1)`, false},
		{"event", `INSERT INTO event (eventid, uid, created, lastupdated, enrollmentid, programstageid, attributeoptioncomboid, deleted, organisationunitid, status) VALUES (1, 'Events00001', now(), now(), 1, 1, 1, false, 1, 'ACTIVE')`, false},
		{"data value", `UPDATE event SET eventdatavalues = '{"a":{"value":"1"}}' WHERE eventid = 1`, false},
		{"the bump in a transaction of its own", `UPDATE trackedentity SET lastupdated = now() WHERE trackedentityid = 1`, true},
		{"deleted softly", `UPDATE trackedentity SET deleted = true, lastupdated = now() WHERE trackedentityid = 1`, true},
		{"event purged", `DELETE FROM event WHERE eventid = 1`, false},
		{"purged", `DELETE FROM trackedentity WHERE trackedentityid = 1`, false},
		{"all purged", `TRUNCATE enrollment CASCADE`, false},
	} {
		run(t, conn, test.sql)
		await(t, test.name, n.woken)
		got := strings.Join(n.claims(), " ")
		want := ""
		if test.marked {
			want = te(1).String()
		}
		if got != want {
			t.Errorf("%s: marked %q, want %q", test.name, got, want)
		}
	}
	// What is none of tracker's does not wake anybody.
	run(t, conn, `UPDATE organisationunit SET lastupdated = now()`)
	run(t, conn, insertEntity(3))
	await(t, "next", n.woken)
	if len(n.woken) != 0 {
		t.Errorf("%d more hints, want none", len(n.woken))
	}
}

// TestD083_ReplicationConfirmsAfterTheLedger: a hint that the ledger did not
// take comes again.
func TestD083_ReplicationConfirmsAfterTheLedger(t *testing.T) {
	_, url := realSchema(t)
	conn := dhisRows(t, url)
	run(t, conn, changes.PublicationSQL(42))
	path := filepath.Join(t.TempDir(), "ledger.db")
	db := opener(t, path)()
	ledger, err := changes.New(ctx, changes.Config{DB: db})
	if err != nil {
		t.Fatal(err)
	}
	if err := ledger.MarkDirty(ctx, changes.Change{TrackedEntity: te(1)}); err != nil {
		t.Fatal(err)
	}
	n := listen(t, url, ledger, nil)
	n.ready(conn)
	n.claims()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	run(t, conn, insertEntity(1))
	if err := await(t, "broken", n.broken); err == nil {
		t.Error("no error")
	}
	n.stop()
	if len(n.woken) != 0 {
		t.Error("somebody was woken before the ledger had it")
	}

	ledger, err = changes.New(ctx, changes.Config{DB: opener(t, path)()})
	if err != nil {
		t.Fatal(err)
	}
	n = listen(t, url, ledger, nil)
	await(t, "again", n.woken)
	if got := n.claims(); len(got) != 1 {
		t.Errorf("marked %v, want the entity of the lost hint", got)
	}
	// The slot moves on: nothing is kept for us that we have.
	for end := time.Now().Add(20 * time.Second); ; {
		var behind bool
		if err := conn.QueryRow(ctx, `SELECT bool_or(confirmed_flush_lsn < pg_current_wal_flush_lsn()) FROM pg_replication_slots`).Scan(&behind); err != nil {
			t.Fatal(err)
		}
		if !behind {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the position was not confirmed")
		}
	}
}

// TestD082_ASlotThatLostItsPlaceIsAnAlarm: whoever has to reconcile is told
// before the slot is made anew, until he knows.
func TestD082_ASlotThatLostItsPlaceIsAnAlarm(t *testing.T) {
	_, url := realSchema(t)
	conn := dhisRows(t, url)
	run(t, conn, changes.PublicationSQL(42))
	ledger := newLedger(t, nil)
	n := listen(t, url, ledger, nil)
	n.ready(conn)
	run(t, conn, insertEntity(10))
	await(t, "before", n.woken)
	n.stop()
	if n.lost.Load() != 0 {
		t.Error("something was lost in the beginning")
	}
	for i := range 6 { // the server keeps 1 MB for us
		run(t, conn, insertEntity(i))
		run(t, conn, `SELECT pg_switch_wal()`)
	}
	run(t, conn, `CHECKPOINT`)
	lag, err := n.Lag(ctx)
	if err != nil || lag.Status != "lost" || lag.Active {
		t.Errorf("lag %+v, %v: want a slot that is lost", lag, err)
	}
	deaf := errors.New("nobody can be told")
	n = listen(t, url, ledger, deaf)
	for !errors.Is(await(t, "nobody can be told", n.broken), deaf) {
	}
	n.stop()
	if lag, err := n.Lag(ctx); err != nil || lag.Status != "" {
		t.Errorf("lag %+v, %v: the slot was made although nobody could be told", lag, err)
	}
	n = listen(t, url, ledger, nil)
	for {
		if e, ok := errors.AsType[*changes.SlotError](await(t, "the alarm", n.broken)); ok {
			if !e.Alarm() || n.lost.Load() != 1 {
				t.Errorf("alarm %v, told %d times", e.Alarm(), n.lost.Load())
			}
			break
		}
	}
	n.ready(conn)
	run(t, conn, insertEntity(9))
	await(t, "after the slot was made anew", n.woken)
}

// TestD082_SlotLag: what the slot holds back is seen by the role that listens,
// which has no other right.
func TestD082_SlotLag(t *testing.T) {
	_, url := realSchema(t)
	conn := dhisRows(t, url)
	run(t, conn, changes.PublicationSQL(42))
	run(t, conn, `CREATE ROLE listener LOGIN REPLICATION`)
	t.Cleanup(func() { run(t, conn, `DROP ROLE listener`) })
	ledger := newLedger(t, nil)
	n := listen(t, strings.Replace(url, "user=postgres", "user=listener", 1), ledger, nil)
	n.ready(conn)
	run(t, conn, insertEntity(1))
	await(t, "woken", n.woken)
	for end := time.Now().Add(20 * time.Second); ; {
		lag, err := n.Lag(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if lag.Active && lag.Status == "reserved" && lag.Held > 0 && lag.Left > 0 && lag.Unconfirmed < time.Second {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("lag %+v of a slot that is followed", lag)
		}
	}
	n.stop()
	before, err := n.Lag(ctx)
	if err != nil {
		t.Fatal(err)
	}
	run(t, conn, `SELECT pg_switch_wal()`)
	run(t, conn, insertEntity(2))
	after, err := n.Lag(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if after.Active || after.Held <= before.Held || after.Unconfirmed <= before.Unconfirmed {
		t.Errorf("before %+v, after %+v: nobody listens, so more is held back", before, after)
	}
	var denied int
	role := connect(t, strings.Replace(url, "user=postgres", "user=listener", 1))
	if err := role.QueryRow(ctx, `SELECT count(*) FROM public.trackedentity`).Scan(&denied); err == nil {
		t.Error("the role reads tables")
	}
}

// TestD082_ThePublicationDoesNotBreakDHIS2 runs the statements on which a
// careless publication makes DHIS2 fail.
func TestD082_ThePublicationDoesNotBreakDHIS2(t *testing.T) {
	_, url := realSchema(t)
	conn := dhisRows(t, url)
	run(t, conn, insertEntity(1))
	run(t, conn, `INSERT INTO userrolerestrictions VALUES (1, 'x'), (2, 'y')`)
	statements := []string{
		`DELETE FROM userrolerestrictions WHERE userroleid = 1`,
		`UPDATE trackedentity SET lastupdated = now(), code = 'y' WHERE trackedentityid = 1`,
		`ALTER TABLE trackedentity DROP COLUMN storedby`,
		`DELETE FROM trackedentity WHERE trackedentityid = 1`,
	}
	works := func(publication string) (failed []int) {
		run(t, conn, publication)
		for i, sql := range statements {
			tx, err := conn.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(ctx, sql); err != nil {
				failed = append(failed, i)
			}
			if err := tx.Rollback(ctx); err != nil {
				t.Fatal(err)
			}
		}
		run(t, conn, `DROP PUBLICATION nehrbridge`)
		return failed
	}
	for _, test := range []struct{ name, publication, want string }{
		{"ours", changes.PublicationSQL(42), "[]"},
		{"all tables", `CREATE PUBLICATION nehrbridge FOR ALL TABLES`, "[0]"},
		{"no primary key", `CREATE PUBLICATION nehrbridge FOR TABLE trackedentity (uid, deleted)`, "[1 3]"},
		{"a column that goes", `CREATE PUBLICATION nehrbridge FOR TABLE trackedentity (trackedentityid, uid, storedby)`, "[2]"},
	} {
		if got := fmt.Sprint(works(test.publication)); got != test.want {
			t.Errorf("%s: statements %s fail, want %s", test.name, got, test.want)
		}
	}
}

func TestNewListenerRefuses(t *testing.T) {
	l := newLedger(t, nil)
	wake := func() {}
	for name, cfg := range map[string]changes.ReplicationConfig{
		"url":    {Ledger: l, Wake: wake},
		"ledger": {URL: "postgres:///x", Wake: wake},
		"wake":   {URL: "postgres:///x", Ledger: l},
		"slot":   {URL: "postgres:///x", Ledger: l, Wake: wake, Slot: "a b"},
	} {
		if _, err := changes.NewListener(cfg); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	for minor := 40; minor <= 44; minor++ {
		if sql := changes.PublicationSQL(minor); strings.Contains(sql, "ALL TABLES") || strings.Contains(sql, "storedby") {
			t.Errorf("2.%d: %s", minor, sql)
		}
	}
}
