package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// TestD081_D082_FaultsOfTheDatabaseHint: whatever becomes of the connection to
// DHIS2's database, polling goes on alone, it is said, and the hints come back
// by themselves when it is mended.
func TestD081_D082_FaultsOfTheDatabaseHint(t *testing.T) {
	url, conn := realDHIS2Tables(t)
	do := func(t *testing.T, sql string) {
		t.Helper()
		if _, err := conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	statements := replicationStatements(t, "--dhis2-version", "2.42")
	do(t, statements)
	for i := range 6 {
		do(t, fmt.Sprintf(`INSERT INTO trackedentity (trackedentityid, uid, created, lastupdated, deleted, organisationunitid, trackedentitytypeid)
			VALUES (%d, 'SbxMother%02d', now(), now(), false, 1, 1)`, i+1, i))
	}
	const kill = `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active`
	const dropSlot = `DO $$ BEGIN
		WHILE EXISTS (SELECT 1 FROM pg_replication_slots WHERE active) LOOP PERFORM pg_sleep(0.05); PERFORM pg_stat_clear_snapshot(); END LOOP;
		PERFORM pg_drop_replication_slot('nehrbridge'); END $$`
	const touched = `UPDATE trackedentity SET lastupdated = now() WHERE uid = 'SbxMother01'`
	for _, test := range []struct {
		name   string
		breaks []string
		says   string
		mends  []string
		alarm  bool // changes may have been missed: everybody is compared
	}{
		{"connection killed", []string{kill}, "SQLSTATE 57P01", nil, false},
		{"role without REPLICATION", []string{`ALTER ROLE nehrbridge NOREPLICATION`, kill}, "SQLSTATE 42501",
			[]string{`ALTER ROLE nehrbridge REPLICATION`}, false},
		{"role without LOGIN", []string{`ALTER ROLE nehrbridge NOLOGIN`, kill}, "SQLSTATE 28000",
			[]string{`ALTER ROLE nehrbridge LOGIN`}, false},
		{"publication dropped", []string{`DROP PUBLICATION nehrbridge`, touched}, "the publication is not there",
			[]string{publicationOf(statements)}, true},
		{"slot dropped", []string{`ALTER ROLE nehrbridge NOREPLICATION`, kill, dropSlot}, "SQLSTATE 42501",
			[]string{`ALTER ROLE nehrbridge REPLICATION`}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := startServersFor(t, 6, startNEHR(t))
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
			moves := func(mother, address string) {
				t.Helper()
				if err := s.dhis2.SetAttribute(dhis2.MustUID(mother), dhis2.MustUID("EOMGwaUTMrU"), address); err != nil {
					t.Fatal(err)
				}
			}
			followed := func() bool { return count(t, conn, `SELECT count(*) FROM pg_replication_slots WHERE active`) == 1 }
			r := watching(t, append(s.env, "NEHRBRIDGE_DHIS2_POLL=2s",
				"NEHRBRIDGE_DHIS2_REPLICATION_URL="+strings.Replace(url, "user=postgres", "user=nehrbridge", 1))...)
			await(t, "the mothers", func() bool { return len(s.patients(t)) >= 4 })
			await(t, "a listener", followed)

			for _, sql := range test.breaks {
				do(t, sql)
			}
			await(t, "a word of it", func() bool { return strings.Contains(r.log.String(), test.says) })
			moves("SbxMother01", "found by polling")
			await(t, "what polling found", lives("found by polling"))

			for _, sql := range test.mends {
				do(t, sql)
			}
			if test.alarm {
				await(t, "the alarm", func() bool {
					return strings.Contains(r.log.String(), `"alarm":true`) && strings.Contains(r.log.String(), `"message":"reconciled"`)
				})
			}
			await(t, "a listener again", followed)
			if code := r.stop(); code != exitDone {
				t.Errorf("exit code %d\n%s", code, r.log)
			}
		})
	}
}

// publicationOf is the statement of `replication sql` that makes the
// publication.
func publicationOf(statements string) string {
	for statement := range strings.SplitSeq(statements, ";") {
		if at := strings.Index(statement, "CREATE PUBLICATION"); at >= 0 {
			return statement[at:]
		}
	}
	return ""
}
