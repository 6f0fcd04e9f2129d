// Package authored owns what a clinician writes into a record: the draft, which only its
// author sees, the signature, and what comes after it (amending, withdrawing), as FHIR
// resources under the clinician's own authorship.
//
// A draft is kept in the database sealed, under a key of the settings, and ends after a
// time. Signing is durable before anything leaves: what was signed is brought into the
// record now, or by [Desk.Run] after a failure, once, because every id follows from the
// draft's. Each time nehr/access decides anew. A reply to DHIS2 is put in the same
// transaction of the database that says "signed", through [Reply], so that neither is
// there without the other.
//
// README.md has the states, the resources and what is kept how long. The package never
// imports dhis2, mapper or config but its database.
package authored
