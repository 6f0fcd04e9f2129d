// Package outbox is what goes back into DHIS2: a personal health number that
// was issued for a woman who has none, a specialist's reply as a note or as an
// event. Whoever has something to say puts it, if need be in the transaction
// in which its own record of it is kept, and is done: the outbox brings it,
// whatever fails meanwhile.
//
// Each order has its UID before it is sent, and each kind of item first finds
// out what stands: so one that was sent by a process that died before it could
// note so is found, not sent again. An order is done when DHIS2, read again,
// shows it. An attribute value is written only where none is: what a person
// has typed meanwhile stays, and the order says so.
//
// What comes from here must not come back as a new fact. The UIDs that the
// outbox assigns carry a mark (see [Marked]) which survives in DHIS2 whatever
// becomes of this database; Origin tells where an object is from, and Strip
// takes the outbox's events out of a document before it is mapped.
//
// A refusal that no waiting mends makes a dead letter with DHIS2's error codes;
// everything else is tried again with growing pauses. No value of a person is
// in an error, a log or a metric, and the content of an order is wiped when it
// is done. README.md says how it is operated.
//
// The package never imports nehr, esignet or mapper.
package outbox
