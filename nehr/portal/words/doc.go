// Package words says in plain English, Sinhala and Tamil what the codes of a record
// mean, and what is usual in pregnancy for the values that have a usual range. The
// tables are designations that people reviewed, not translations made while a page is
// shown: README.md of nehr/portal says what a clinician must still sign.
//
// A code that no table has gives nothing: the caller then shows what the record itself
// says, marked as the language that it is in. The package is pure and imports nothing
// of the project.
package words
