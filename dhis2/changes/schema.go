package changes

import "github.com/nehrbridge/nehrbridge/config/database"

// Migrations are the tables of the ledger, for database.Config.
//
// ledger_entity has one row per tracked entity, and only what decides who
// works on it: the consumer's state and the details of a failure are large
// and lie beside it, so that a mark or a claim rewrites a hundred bytes.
//
// Three numbers say everything about a row. seq counts changes and done is
// the last one that was completed: dirty is seq > done. due is when the row
// may be claimed; a claim sets it to the end of its lease, so that a lease
// that nobody ends expires by itself. due is null for a row that is clean
// (seq = done) or set aside (seq > done: dead letter, quarantine, review).
// Times are milliseconds since 1970.
//
// ledger_consumer names the consumers beside the first, each with such tables
// of its own (ConsumerMigrations); what capture knows is there once.
func Migrations() database.Migrations {
	return database.Migrations{Owner: "dhis2/changes", Steps: []database.Step{
		{SQL: append(entityTables[:len(entityTables):len(entityTables)],
			`CREATE TABLE ledger_program (program TEXT NOT NULL, uid TEXT NOT NULL, PRIMARY KEY (program, uid))`,
			`CREATE INDEX ledger_program_uid ON ledger_program (uid)`,
			`CREATE TABLE ledger_mark (
				program TEXT PRIMARY KEY,
				low_water BIGINT NOT NULL,
				holder TEXT NOT NULL,
				held_until BIGINT NOT NULL)`,
			`CREATE TABLE ledger_pin (name TEXT PRIMARY KEY, value TEXT NOT NULL)`,
		)},
		{SQL: []string{`CREATE TABLE ledger_consumer (name TEXT PRIMARY KEY)`}},
	}}
}

// entityTables are the tables that each consumer has of its own.
var entityTables = []string{
	`CREATE TABLE ledger_entity (
		uid TEXT PRIMARY KEY,
		seq BIGINT NOT NULL,
		done BIGINT NOT NULL,
		due BIGINT,
		claim TEXT NOT NULL DEFAULT '',
		owner TEXT NOT NULL DEFAULT '',
		attempts BIGINT NOT NULL DEFAULT 0,
		force BIGINT NOT NULL DEFAULT 0,
		class TEXT NOT NULL DEFAULT '',
		hash TEXT NOT NULL DEFAULT '',
		marked_at BIGINT NOT NULL,
		done_at BIGINT NOT NULL DEFAULT 0)`,
	`CREATE INDEX ledger_queue ON ledger_entity (due) WHERE due IS NOT NULL`,
	`CREATE INDEX ledger_aside ON ledger_entity (class, uid) WHERE due IS NULL AND class <> ''`,
	`CREATE TABLE ledger_state (uid TEXT PRIMARY KEY, state BLOB NOT NULL)`,
	`CREATE TABLE ledger_failure (
		uid TEXT PRIMARY KEY,
		class TEXT NOT NULL,
		cause TEXT NOT NULL,
		message TEXT NOT NULL,
		detail BLOB,
		seq BIGINT NOT NULL,
		at BIGINT NOT NULL)`,
}
