// Package database opens, migrates and backs up the one database of the
// program: a SQLite file for one process on one machine, or PostgreSQL for
// several replicas. The packages that keep something there define their own
// tables as Migrations and speak to them through Tx.
//
// SQL is written once, in the part that both databases share (upserts,
// RETURNING, partial indexes), with numbered parameters ?1, ?2, …; where they
// differ a caller asks DB.Dialect.
//
// SQLite runs with synchronous FULL in WAL mode: what Write has returned for
// survives a loss of power. One connection writes. Writes that wait for it
// share one transaction, and so one flush to the disk: that is what makes
// many small writes fast without making them less durable.
//
// The package knows no table and imports no other of the project.
package database
