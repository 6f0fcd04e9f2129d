// Package mapper turns a DHIS2 tracked entity into the resources of a
// national electronic health record.
//
// It owns the type Map (the UID map: which attribute and data element of a
// program means what, with code and unit), the check of a map, one function
// per resource, plausibility, issues, and the provenance of each element.
// What the facts mean is written down beside each function; README.md follows
// one tracked entity through the package and says how to add a resource.
//
// Mapping is a pure function: same input, same bytes. The package does no
// I/O, reads no clock, logs nothing, keeps no state between documents, and
// must not import esignet or anything that does I/O. Maps are read from files
// by config; bundles are validated by nehr/validate and written by
// nehr/record.
package mapper
