// Package postgrestest starts a throw-away PostgreSQL for tests, of the
// binaries that pg_config names, and makes databases in it. It listens on a
// socket in a folder of its own and nowhere else.
//
// It imports nothing of the project and is imported by tests only.
package postgrestest
