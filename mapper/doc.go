// Package mapper turns a DHIS2 tracked entity into the resources of a
// national electronic health record: pure functions, one file per resource,
// driven by a Map of UIDs. Same input, same bytes.
//
// It does no I/O, reads no clock and imports nothing of esignet.
package mapper
