// Package nehr holds the FHIR R4 resources of the national record: their
// types, the profiles that they claim, the transaction bundle, and the
// identifiers of persons.
//
// It is pure: no I/O, no clock, nothing that changes, and no import of DHIS2,
// eSignet or the mapper. What a resource must satisfy is judged by
// nehr/validate; what a server holds is the business of nehr/client and
// nehr/record.
//
//   - A constructor per profile (profile_*.go) gives a resource that claims the
//     profile and has everything that the profile fixes. Its comment says what
//     only the caller knows and has to set.
//   - What is required and not known is absent with a reason: Absent,
//     AbsentStrings, AbsentReference.
//   - Bundle.AppendJSON writes a transaction in one pass, Encode one resource.
//     Neither writes an empty node, whatever was set: such a resource is an
//     error with its place.
//   - Decode reads one resource, strictly and within bounds, and loses nothing
//     of it: members without a field of their own are in Rest.
//   - Retract withdraws a fact.
//
// The types embed samply's models one level below fields of their own. By the
// rules of embedding the upper field wins wherever both have the JSON name,
// which repairs what samply writes wrongly: choices of which every branch is
// written, enums whose zero is the first code, decimals that lose their
// digits, primitives without extensions, contained resources, a resourceType
// that is ignored on decode. Of samply's fields only primitives are left;
// tests hold that, and hold every member against R4's definitions.
//
// A resource type is added by its file here, its line in New, and its least
// valid instance in instances_test.go, which every test then takes up.
package nehr
