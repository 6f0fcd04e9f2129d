// Package claims turns what a person has agreed to share at eSignet into values
// of tracked entity attributes, by a map that an integrator writes.
//
// It says what to ask (Mapper.Requests) and what the answer fills
// (Mapper.Apply). A claim that cannot be written as the attribute wants it is
// not bent until it fits: the answer lists it with the reason, so that the form
// can say what is left to type. The package decides nothing about values that a
// form already holds; it gives what was verified, and the form compares.
//
// It is pure: no I/O, no clock. It imports dhis2 alone, never esignet; a
// Source is what it reads of a verified answer.
package claims
