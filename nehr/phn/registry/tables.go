package registry

import "github.com/nehrbridge/nehrbridge/config/database"

// State is what is known of a number.
type State string

// The states of a number.
const (
	// StateReserved numbers are drawn and shown to nobody: the record is not asked yet.
	StateReserved State = "reserved"
	// StateIssued numbers were given to somebody, and the record did not know them.
	StateIssued State = "issued"
	// StateProvisional numbers were given while the record could not be asked.
	StateProvisional State = "provisional"
	// StateDisputed numbers were given while the record could not be asked, and it knows
	// them as somebody's: people have to look.
	StateDisputed State = "disputed"
	// StateSelected numbers are of the record, and a worker said whose they are.
	StateSelected State = "selected"
	// StateBurnt numbers were drawn and given to nobody, because the record knows them or
	// could not be asked. They are never drawn again.
	StateBurnt State = "burnt"
)

// Migrations are the tables of the registry, for database.Config. Times are seconds
// since 1970, ids are SHA-256 of secrets in hexadecimal.
func Migrations() database.Migrations {
	return database.Migrations{Owner: "nehr/phn", Steps: []database.Step{{SQL: []string{
		// One issuer for each point, one point for each issuer.
		`CREATE TABLE phn_point (
			point TEXT PRIMARY KEY,
			installation TEXT NOT NULL,
			org_unit TEXT NOT NULL,
			since BIGINT NOT NULL,
			UNIQUE (installation, org_unit))`,
		// The primary key is what makes a number unique; search, that a search gives one.
		`CREATE TABLE phn_number (
			number TEXT PRIMARY KEY,
			state TEXT NOT NULL,
			program TEXT NOT NULL,
			org_unit TEXT NOT NULL,
			actor TEXT NOT NULL,
			at BIGINT NOT NULL,
			search TEXT UNIQUE)`,
		`CREATE INDEX phn_number_open ON phn_number (state, at) WHERE state IN ('provisional', 'disputed')`,
		`CREATE TABLE phn_search (
			id TEXT PRIMARY KEY,
			actor TEXT NOT NULL,
			route TEXT NOT NULL,
			program TEXT NOT NULL,
			org_unit TEXT NOT NULL,
			until BIGINT NOT NULL,
			source TEXT NOT NULL,
			matches TEXT NOT NULL,
			chosen TEXT NOT NULL)`,
		`CREATE INDEX phn_search_until ON phn_search (until)`,
		`CREATE TABLE phn_receipt (
			id TEXT PRIMARY KEY,
			number TEXT NOT NULL,
			actor TEXT NOT NULL,
			route TEXT NOT NULL,
			program TEXT NOT NULL,
			org_unit TEXT NOT NULL,
			until BIGINT NOT NULL)`,
		`CREATE INDEX phn_receipt_until ON phn_receipt (until)`,
		`CREATE TABLE phn_tries (
			name TEXT PRIMARY KEY,
			count BIGINT NOT NULL,
			until BIGINT NOT NULL)`,
		`CREATE INDEX phn_tries_until ON phn_tries (until)`,
		`CREATE TABLE phn_claim (
			number TEXT PRIMARY KEY,
			salt BLOB NOT NULL,
			hash BLOB NOT NULL,
			wrong BIGINT NOT NULL,
			until BIGINT NOT NULL)`,
		`CREATE INDEX phn_claim_until ON phn_claim (until)`,
		`CREATE TABLE phn_audit (
			at BIGINT NOT NULL,
			actor TEXT NOT NULL,
			route TEXT NOT NULL,
			program TEXT NOT NULL,
			org_unit TEXT NOT NULL,
			did TEXT NOT NULL,
			number TEXT NOT NULL,
			detail TEXT NOT NULL)`,
		`CREATE INDEX phn_audit_at ON phn_audit (at)`,
	}}}}
}
