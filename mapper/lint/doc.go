// Package lint compares a UID map with the metadata of a DHIS2 server: what
// the map names and the server does not have, what changed its type or its
// options, and what the server asks and the map does not name, so that nobody
// believes data shared that is not (correctness.md, D-020, D-029).
//
// It is pure: it imports mapper and dhis2 only, does no I/O, and the same
// input gives the same report.
package lint
