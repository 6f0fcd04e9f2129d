package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// replicationStatements is what `replication sql` prints.
func replicationStatements(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(t.Context(), append([]string{"replication", "sql"}, args...), stdio{strings.NewReader(""), &out, &errs, nil}); code != exitDone {
		t.Fatalf("exit code %d\n%s", code, &errs)
	}
	return out.String()
}

// TestD082_SyncIsWokenByTheDatabase: a real database of DHIS2, set up with the
// statements of `replication sql`, wakes an agent that polls once an hour; a
// slot that is gone is an alarm, and has everything reconciled.
func TestD082_SyncIsWokenByTheDatabase(t *testing.T) {
	url, conn := realDHIS2Tables(t)
	do := func(sql string) {
		t.Helper()
		if _, err := conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	do(replicationStatements(t, "--dhis2-version", "2.42"))
	for i := range 6 {
		do(fmt.Sprintf(`INSERT INTO trackedentity (trackedentityid, uid, created, lastupdated, deleted, organisationunitid, trackedentitytypeid)
			VALUES (%d, 'SbxMother%02d', now(), now(), false, 1, 1)`, i+1, i))
	}
	s := startServersFor(t, 6, startNEHR(t))
	r := watching(t, append(s.env, "NEHRBRIDGE_DHIS2_POLL=1h", "NEHRBRIDGE_DHIS2_OVERLAP=1h",
		"NEHRBRIDGE_DHIS2_REPLICATION_URL="+strings.Replace(url, "user=postgres", "user=nehrbridge", 1))...)
	await(t, "the mothers", func() bool { return len(s.patients(t)) >= 4 })
	followed := func() bool { return count(t, conn, `SELECT count(*) FROM pg_replication_slots WHERE active`) == 1 }
	await(t, "a listener", followed)

	moves := func(mother, address string) {
		t.Helper()
		if err := s.dhis2.SetAttribute(dhis2.MustUID(mother), dhis2.MustUID("EOMGwaUTMrU"), address); err != nil {
			t.Fatal(err)
		}
	}
	lives := func(address string) func() bool {
		return func() bool {
			for _, p := range s.patients(t) {
				if strings.Contains(string(p.Encode()), address) {
					return true
				}
			}
			return false
		}
	}
	moves("SbxMother01", "first new address")
	do(`UPDATE trackedentity SET lastupdated = now() WHERE uid = 'SbxMother01'`)
	await(t, "what the database named", lives("first new address"))
	moves("SbxMother02", "second new address")
	do(`INSERT INTO enrollment (enrollmentid, uid, created, lastupdated, enrollmentdate, deleted, programid, organisationunitid, trackedentityid)
		VALUES (1, 'Enroll00001', now(), now(), now(), false, 1, 1, 2)`)
	await(t, "what the sweep found", lives("second new address"))

	await(t, "the slot in the metrics", func() bool {
		return r.metric("nehrbridge_slot_up") == "1" && r.metric("nehrbridge_slot_held_bytes") != "" &&
			r.metric("nehrbridge_slot_unconfirmed_seconds") != "" && r.metric("nehrbridge_slot_alarm") == "0"
	})
	_, page := r.get("/metrics")
	for _, m := range metricNames {
		if !services.MatchString(m.name) && !strings.Contains("\n"+page, "\n"+m.name) {
			t.Errorf("the metrics lack %s", m.name)
		}
	}

	await(t, "the end of the slot", func() bool {
		do(`SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active`)
		_, err := conn.Exec(t.Context(), `SELECT pg_drop_replication_slot('nehrbridge')`)
		return err == nil
	})
	await(t, "the alarm", func() bool {
		log := r.log.String()
		return strings.Contains(log, `"alarm":true`) && strings.Contains(log, `"message":"reconciled"`)
	})
	await(t, "a new listener", followed)
	if strings.Contains(r.log.String(), "user=") || strings.Contains(r.log.String(), "new address") {
		t.Error("the log holds an address of the database or of a person")
	}
	if code := r.stop(); code != exitDone {
		t.Errorf("exit code %d\n%s", code, r.log)
	}
}

func count(t *testing.T, conn *pgx.Conn, query string) (n int) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestD081_WithoutTheDatabasePollingGoesOn: a hint that cannot be had costs
// time only, is said once, and tells nobody the password.
func TestD081_WithoutTheDatabasePollingGoesOn(t *testing.T) {
	s := startServersFor(t, 6, startNEHR(t))
	r := watching(t, append(s.env, "NEHRBRIDGE_DHIS2_POLL=1s", "NEHRBRIDGE_DHIS2_REPLICATION_URL=postgres://agent:s3cretpassword@127.0.0.1:1/dhis2?connect_timeout=2")...)
	await(t, "the mothers", func() bool { return len(s.patients(t)) >= 4 })
	held := s.held(t)
	event, value := s.correctHaemoglobin(t, held)
	await(t, "the corrected value", func() bool {
		got := about(s.held(t), "Observation", event+"-cw35l7X4hnV")
		return got.Get("valueQuantity", "value").Scalar() == value
	})
	await(t, "a second connection that fails", func() bool { return r.metric("nehrbridge_slot_up") == "0" })
	if n := strings.Count(r.log.String(), "gives no hints"); n != 1 {
		t.Errorf("said %d times\n%s", n, r.log)
	}
	if strings.Contains(r.log.String(), "s3cretpassword") {
		t.Error("the log holds the password")
	}
}

func TestD082_SlotAlarm(t *testing.T) {
	const mib = 1 << 20
	for _, test := range []struct {
		name  string
		lag   changes.SlotLag
		alarm bool
	}{
		{"well", changes.SlotLag{Held: 16 * mib, Left: 1000 * mib, Status: "reserved", Active: true, Unconfirmed: 10 * time.Second}, false},
		{"no limit", changes.SlotLag{Held: 16 * mib, Left: -1, Status: "reserved", Active: true}, false},
		{"no slot yet", changes.SlotLag{Left: -1}, false},
		{"behind", changes.SlotLag{Held: 600 * mib, Left: 400 * mib, Status: "extended", Active: true}, false},
		{"most of what is allowed", changes.SlotLag{Held: 800 * mib, Left: 200 * mib, Status: "extended", Active: true}, true},
		{"more than a GiB, no limit", changes.SlotLag{Held: 1025 * mib, Left: -1, Status: "extended", Active: true}, true},
		{"about to be lost", changes.SlotLag{Held: 16 * mib, Left: -1, Status: "unreserved", Active: true}, true},
		{"lost", changes.SlotLag{Left: -1, Status: "lost"}, true},
		{"nobody listens", changes.SlotLag{Held: mib, Left: 1000 * mib, Status: "reserved", Unconfirmed: 6 * time.Minute}, true},
		{"another replica listens", changes.SlotLag{Held: mib, Left: 1000 * mib, Status: "reserved", Active: true, Unconfirmed: 6 * time.Hour}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := slotAlarm(test.lag); (got != "") != test.alarm {
				t.Errorf("alarm %q, want %v", got, test.alarm)
			}
		})
	}
}

// TestReplicationSQL: every release has its tables; none is guessed.
func TestReplicationSQL(t *testing.T) {
	for release, table := range map[string]string{"2.40": "trackedentityinstance", "2.42.1": "event (eventid)", "2.43": "trackerevent"} {
		sql := replicationStatements(t, "--dhis2-version", release)
		if !strings.Contains(sql, table) || !strings.Contains(sql, "max_slot_wal_keep_size") || strings.Contains(sql, "ALL TABLES") {
			t.Errorf("%s:\n%s", release, sql)
		}
	}
	for _, args := range [][]string{{"replication"}, {"replication", "sql"}, {"replication", "sql", "--dhis2-version", "new"}} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, stdio{strings.NewReader(""), &out, &errs, nil}); code != exitUsage || strings.Contains(out.String(), "CREATE") {
			t.Errorf("%v: exit code %d, stdout %q", args, code, &out)
		}
	}
	_, address := startDHIS2(t, 1)
	var out, errs bytes.Buffer
	env := []string{"NEHRBRIDGE_DHIS2_URL=" + address, "NEHRBRIDGE_DHIS2_TOKEN=" + dhis2sandbox.DefaultToken}
	if code := run(t.Context(), []string{"replication", "sql"}, stdio{strings.NewReader(""), &out, &errs, env}); code != exitDone || !strings.Contains(out.String(), "CREATE PUBLICATION") {
		t.Errorf("exit code %d, of the server's release: %s%s", code, &out, &errs)
	}
}
