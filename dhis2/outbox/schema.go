package outbox

import "github.com/nehrbridge/nehrbridge/config/database"

// Migrations is the table of the outbox, for database.Config.
//
// due is when an order may be tried; a claim sets it to the end of its lease,
// so that a claim that nobody ends expires by itself. Where due is null the
// order is at its end: done, with a result, or a dead letter, with a cause.
// body, which may hold a person's value, is empty for what is done. Times are
// milliseconds since 1970.
func Migrations() database.Migrations {
	return database.Migrations{Owner: "dhis2/outbox", Steps: []database.Step{{SQL: []string{
		`CREATE TABLE outbox_order (
			uid TEXT PRIMARY KEY,
			key TEXT NOT NULL UNIQUE,
			source TEXT NOT NULL,
			kind TEXT NOT NULL,
			subject TEXT NOT NULL,
			body BLOB NOT NULL,
			due BIGINT,
			claim TEXT NOT NULL DEFAULT '',
			attempts BIGINT NOT NULL DEFAULT 0,
			result TEXT NOT NULL DEFAULT '',
			cause TEXT NOT NULL DEFAULT '',
			message TEXT NOT NULL DEFAULT '',
			put_at BIGINT NOT NULL,
			ended_at BIGINT NOT NULL DEFAULT 0)`,
		`CREATE INDEX outbox_queue ON outbox_order (due) WHERE due IS NOT NULL`,
		`CREATE INDEX outbox_dead ON outbox_order (ended_at) WHERE due IS NULL AND result = ''`,
	}}, {SQL: []string{
		`CREATE INDEX outbox_subject ON outbox_order (subject, source)`,
	}}}}
}
