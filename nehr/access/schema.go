package access

import "github.com/nehrbridge/nehrbridge/config/database"

// Migrations are the tables of the package, for database.Config.
//
// access_log is only ever added to; entry is the canonical form that the hash is
// over, patient and at repeat what it says, for an index. access_head is the
// last entry of the chain: who appends holds its row, so that several processes
// make one chain. access_forward says how far the log was sent to the NEHR, and
// access_refused which entries it did not take. Times are microseconds since
// 1970. The words of a break-glass stand in access_emergency alone.
func Migrations() database.Migrations {
	return database.Migrations{Owner: "nehr/access", Steps: []database.Step{{SQL: []string{
		`CREATE TABLE access_log (
			seq BIGINT PRIMARY KEY,
			at BIGINT NOT NULL,
			patient TEXT NOT NULL,
			entry TEXT NOT NULL,
			hash TEXT NOT NULL)`,
		`CREATE INDEX access_log_patient ON access_log (patient, seq)`,
		`CREATE TABLE access_head (id BIGINT PRIMARY KEY, seq BIGINT NOT NULL, hash TEXT NOT NULL)`,
		`INSERT INTO access_head (id, seq, hash) VALUES (1, 0, '')`,
		`CREATE TABLE access_forward (id BIGINT PRIMARY KEY, seq BIGINT NOT NULL)`,
		`INSERT INTO access_forward (id, seq) VALUES (1, 0)`,
		`CREATE TABLE access_refused (seq BIGINT PRIMARY KEY, status BIGINT NOT NULL)`,
		`CREATE TABLE access_emergency (
			id TEXT PRIMARY KEY,
			patient TEXT NOT NULL,
			person TEXT NOT NULL,
			role TEXT NOT NULL,
			facility TEXT NOT NULL,
			code TEXT NOT NULL,
			words TEXT NOT NULL,
			at BIGINT NOT NULL,
			until BIGINT NOT NULL,
			notified BIGINT NOT NULL)`,
		`CREATE INDEX access_emergency_patient ON access_emergency (patient, person, until)`,
		`CREATE INDEX access_emergency_person ON access_emergency (person, at)`,
	}}}}
}
