// Package record makes a FHIR server hold what is desired of one entity, and
// nothing else of hers: it looks up what stands, merges, takes back what is no
// longer true, sends one transaction with what differs, and verifies the answer
// entry by entry.
//
// Two kinds of resource are told apart. What this system owns (an Encounter, an
// Observation) is put to an id that follows from its identifier, so that nothing
// has to be searched to write it and two writers cannot make two. What others
// own too (Patient, Practitioner, Organization, Location, Device) is looked up
// by its identifier, created with If-None-Exist where it is absent, and merged
// field by field under If-Match where it stands: the fields of other systems
// stay. Task and Appointment are owned, but the portals own some of their
// fields, so they are merged as well.
//
// Nothing is sent when nothing changed. Nothing is sent without an identifier,
// because a condition without a value matches anybody. Two records of one
// identity are reported, never chosen from. A transaction's answer counts only
// when each entry is found in it by type and id.
//
// What was written is a [State], which the caller keeps: with what is about to be
// written before anything is sent, and without what is gone only after a verified
// answer. So a crash at any moment leaves nothing at the server that nobody knows
// of, and whatever the state has and nobody desires is retracted.
//
// The package owns the difference and its delivery in one attempt; when to try
// again, and where the state is kept, is the ledger's. It works on JSON, with
// numbers kept as text, and never imports dhis2, esignet or mapper.
package record
