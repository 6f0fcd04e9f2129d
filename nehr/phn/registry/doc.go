// Package registry finds out which Personal Health Number a woman has, and gives
// her one if she has none: the service behind the Route nehrbridge-phn of DHIS2.
//
// A worker searches the national record first, by a number or by full demographics
// only. What is found comes back masked, all of it, and she either selects one or
// says of each why it is not hers; only then a number is issued. It is drawn at
// the point of issue of the organisation unit, reserved by a unique constraint of
// the database before anybody sees it, and asked for in the national record: one
// that is known there is never given. Where the record cannot be reached a number
// is refused, or issued provisionally and looked up later, as configured.
//
// The browser is believed in nothing but what the worker chose: searches, matches
// and receipts are secrets that live for minutes and belong to one user, and whether
// a number is verified is what the database says ([Service.Status]), never the form.
//
// A receipt buys a claim code, with which the mother claims her record at the
// portal ([ClaimCodes]).
//
// The database keeps numbers, who issued them and where, and hashes of the secrets;
// no name, no birth date, no telephone number. Nothing of a person stands in a log,
// an error or a metric.
//
// It never imports dhis2, esignet or the mapper: who calls, and what he may do,
// come as small interfaces, for the program to wire.
package registry
