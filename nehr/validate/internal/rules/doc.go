// Package rules is the form in which FHIR's structure definitions are kept in
// the binary: a table of elements, each written once however many profiles
// contain it, with a compact encoding of its own.
//
// It owns the table's types and their encoding. It knows neither FHIR JSON nor
// how a rule is judged, and imports nothing of the project; the generator
// writes tables with it, nehr/validate reads them.
package rules
