// Package compile turns an archive of FHIR structure definitions with snapshots
// into the rule table of nehr/validate.
//
// It owns the reading of StructureDefinitions: the tree behind the flat list of
// a snapshot, slices and what marks their members, references to the content of
// another element, bindings. It runs when the table is generated and in the
// test that generates it again, never in the program.
package compile
