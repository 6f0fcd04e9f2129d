// Package golden holds cases: what a tracked entity document becomes, to the
// byte, with the reason why it must. A case is a folder; Run compares every
// case below a directory and, on demand, writes what the mapper now gives. The
// cases beside this file are the project's own; integrators keep theirs
// elsewhere and run them with `nehrbridge map test DIR`. README.md describes
// the files of a case.
//
// All people in the cases are invented, so that a difference may show values.
//
// The package maps and compares; it does no network I/O and must not import
// esignet, dhis2/api, dhis2/changes or cmd.
package golden
