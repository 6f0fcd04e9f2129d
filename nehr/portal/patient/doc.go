// Package patient is the portal of the mother: what her record says, in her language,
// for one person at a time; who looked at it; and what she allows.
//
// A page reads her record only through [Gate], which decides and logs before anything
// of it is read. Which record is hers is known by the subject of her sign-in, qualified
// by issuer and relying party, or by the code on the card of her number; the link is
// kept here by a hash. No address, no parameter names a record: what is shown follows
// from the session alone, and a form may choose only among what is hers.
//
// What she takes out (a paper, a file, a link of nehr/summary) is noted by the gate
// first. Whom she permits and what she hides or says is wrong she chooses among what her
// record and her log show.
//
// It never imports dhis2 or mapper.
package patient
