// Package changes is the eventing for tracked entities that DHIS2 lacks: it
// learns which of them may have changed, keeps that in a durable ledger, and
// has a consumer carry each one on, until it is done.
//
// The ledger has one row per tracked entity. A change is one mark on that row,
// so a hundred edits of one person's record become one piece of work. A claim
// is a lease: one entity is never worked on twice at once, in one process or
// in many. A completion clears the mark only if nothing changed meanwhile.
//
// The consumer is a function. It is told the UID, reads what DHIS2 says now,
// and returns a state that the ledger keeps for it as opaque bytes; errors
// say by their behaviour (Retryable, Permanent, Review, …) what becomes of
// the entity. The package knows nothing of FHIR and is of use to others.
//
// More consumers may stand behind the same capture (Config.Name), each with a
// list of its own that is marked in the same transaction. Notifier is one that
// is ready: it tells a receiver by signed POST requests which tracked entities
// have changed (README.md says how a receiver checks them).
//
// It never imports nehr, mapper or esignet.
package changes
