// Package validate judges FHIR R4 resources by the base specification, the
// Sri Lankan national guide (lk-nehr-fhir-ips) and HL7's International Patient
// Summary 1.1.0, and says what is wrong as a FHIR OperationOutcome. No bundle
// leaves the program without it.
//
// It owns the rule table, which is generated from the definitions, the engine
// that walks a document along it, and the invariants as Go functions with their
// ids. It is pure: no I/O, no network, no clock, no settings; it imports nothing
// of the project but its own internal packages, and must not import dhis2,
// esignet, mapper or config.
//
// What is checked, what is not, and where it differs from HL7's own validator
// stands in README.md.
package validate
