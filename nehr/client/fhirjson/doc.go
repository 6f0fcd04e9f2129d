// Package fhirjson holds one FHIR resource as ordered JSON, with numbers kept
// as the text they were written in.
//
// A decimal in FHIR carries its precision (R4 section 2.24.0.1: 10.50 is not
// 10.5), so a resource that is read, merged and written again must never pass
// through a floating point number. Members keep their order, because people
// read what is stored.
//
// The package owns decoding (strict: no duplicate member, valid UTF-8, bounded
// depth), a few ways to look at and change a tree, encoding, and the canonical
// form by which two resources are compared. It knows nothing of FHIR beyond
// the reserved member names, does no I/O, and imports nothing of this module.
package fhirjson
