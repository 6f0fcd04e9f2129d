// Package sandbox is a FHIR R4 server on one SQLite database, for
// demonstrations, evaluation and tests. It stands in for the national record
// (NEHR) where none can be had.
//
// It keeps versions, answers the searches this project makes, and carries out
// transactions with the integrity of references, as the HAPI FHIR JPA server
// does; README.md lists where the two differ on purpose. It is no server for
// people's records: there is no authorisation beyond one bearer token, no
// terminology, and the validator is optional. Every answer says so in the header
// X-Sandbox, and the CapabilityStatement in words. It can be told to fail in the
// ways that servers fail ([Server.Break]), so that clients prove what they do then.
//
// The package owns the store, the search index and the REST interface of
// FHIR R4 (http.html, search.html). It never imports dhis2, esignet or mapper.
package sandbox
