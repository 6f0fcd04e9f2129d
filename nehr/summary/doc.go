// Package summary makes what leaves the record in a person's own hands: the
// International Patient Summary of one patient (HL7 IPS 1.1.0), and the SMART Health
// Link (HL7 SMART Health Cards and Links 1.0.0) under which somebody else can open it.
//
//   - Document is pure: resources in, a document Bundle out, the same to the byte for
//     the same input. It reads no record: what it gets has passed the gate of
//     nehr/access. It tells "none known", which only somebody who asked can have
//     written, from "no information" and from "withheld", and leaves out what was
//     retracted.
//   - Links keeps sealed payloads in the program's database and serves them. The key
//     is in the fragment of the link and nowhere else: this system can neither read
//     what it keeps nor show a link a second time.
//
// The package never imports dhis2, esignet or mapper. README.md has what goes into
// which section, what is repaired, and the life of a link.
package summary
