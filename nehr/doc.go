// Package nehr holds the FHIR R4 resources of the national record: their
// types, the profiles that they claim, the transaction bundle and the
// identifiers of persons.
//
// It is pure: no I/O, no clock, no state, and no import of DHIS2, eSignet or
// the mapper. What a resource must satisfy is judged by nehr/validate; what a
// server holds is the business of nehr/client and nehr/record.
//
// The types embed samply's models one level deep and put fields of their own
// over what those get wrong when they are written: choices of which every
// branch is written, enums whose zero is the first code, decimals that lose
// their digits, primitives without extensions, contained resources. The rest
// of a resource is samply's. See house-style.md for the measurements.
package nehr
