// Package access is the one gate to a person's resources in the NEHR: it decides
// who may see what of her record, filters what is read by that decision and by
// her compartment, and keeps the log of who saw it.
//
// It owns the decision ([Decide], a pure function of a request and the rules
// that hold), the reading of FHIR Consent as rules ([RulesOf]), the grants that
// she gives and takes back, break-glass, and the access log: append-only,
// hash-chained, durable before an answer leaves, and forwarded to the NEHR as
// AuditEvents in the shape of IHE BALP. A log that does not take an entry
// refuses the access.
//
// Consents live in the NEHR, where other systems see them, and are read anew
// with every answer: no decision is taken from memory.
//
// README.md has the model, the classes of data, the truth table and the shape
// of the AuditEvents. The package never imports dhis2, mapper or nehr/portal.
package access
