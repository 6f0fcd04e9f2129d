package summary

import "github.com/nehrbridge/nehrbridge/config/database"

// Migrations are the tables of the links, for database.Config. Times are seconds since
// 1970. What a link or a ticket is called in a URL stands there as its SHA-256: a copy
// of the database opens nothing, even together with a key.
func Migrations() database.Migrations {
	return database.Migrations{Owner: "nehr/summary", Steps: []database.Step{{SQL: []string{
		`CREATE TABLE shl_link (
			id TEXT PRIMARY KEY,
			owner TEXT NOT NULL,
			label TEXT NOT NULL,
			flags TEXT NOT NULL,
			made BIGINT NOT NULL,
			until BIGINT NOT NULL,
			revoked BIGINT NOT NULL DEFAULT 0,
			refreshed BIGINT NOT NULL,
			opened BIGINT NOT NULL DEFAULT 0,
			tries BIGINT NOT NULL,
			salt BLOB,
			passcode BLOB,
			payload BLOB)`,
		`CREATE INDEX shl_link_owner ON shl_link (owner, made)`,
		`CREATE TABLE shl_opening (
			link TEXT NOT NULL,
			nth BIGINT NOT NULL,
			at BIGINT NOT NULL,
			recipient TEXT NOT NULL,
			PRIMARY KEY (link, nth))`,
		`CREATE TABLE shl_ticket (
			id TEXT PRIMARY KEY,
			link TEXT NOT NULL,
			until BIGINT NOT NULL)`,
		`CREATE INDEX shl_ticket_link ON shl_ticket (link, until)`,
	}}}}
}
